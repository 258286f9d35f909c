// runtime.firstmoduledata: where it is, and what it says. Layout: src/runtime/symtab.go (moduledata), 1.20 to 1.27.
// Up to `types` nothing has moved since 1.20; behind it there are three forms, told apart by what must hold of their values,
// not by the version: a fork or the next release that kept the form is read, one that did not is not misread.
#include "read/gobin/private.h"

enum {
	PC_HEADER = 0, NAMES = 8, CUS = 32, FILES = 56, PCTAB = 80, FUNCS = 104, FTAB = 128, MIN_PC = 160, MAX_PC = 168, TEXT = 176,
	ETEXT = 184, NOPTRDATA = 192, TYPES = 296, LEAST = 384, // bytes that every form has
	MAX_TEXT_SECTIONS = 4096, MAX_HEADERS = 16, SLICE = 24,
};

static const struct form {
	uint16_t etypes, typedesclen, itaboffset, itabsize, rodata, gofunc, epclntab, textsectmap, typelinks, itablinks; // 0 = not there
} forms[] = {
	{312, 304, 320, 328, 336, 344, 352, 360, 0, 0},  // 1.27
	{304, 0, 0, 0, 312, 320, 328, 336, 360, 384},    // 1.26
	{304, 0, 0, 0, 312, 320, 0, 328, 352, 376},      // 1.20 to 1.25
};

// sizeof moduledata: `bad` moved next to `hasmain` in 1.23, epclntab came in 1.26, the links went in 1.27.
static size_t size_of(const struct gobin *g)
{
	struct elf_section s;
	if (elf_section_named(g, ".go.module", &s) && s.addr == g->md.addr && s.size >= LEAST && s.size <= 4096)
		return s.size;
	int minor = g->info.minor;
	return minor < 20 ? 0 : minor <= 22 ? 592 : minor <= 25 ? 584 : minor == 26 ? 592 : minor == 27 ? 568 : 0;
}

static uint64_t word(struct view md, uint64_t off) { return view_has(md, off, 8) ? load_u64(md.data + off) : 0; }

// A slice whose length is its capacity, as the linker writes them, and whose elements are in the file.
static bool slice(const struct gobin *g, struct view md, uint64_t off, uint64_t elem, uint64_t max, struct view *ret)
{
	uint64_t data = word(md, off), len = word(md, off + 8), cap = word(md, off + 16);
	if (!view_has(md, off, SLICE) || len != cap || len > max)
		return false;
	ret->data = gobin_at(g, data, len * elem);
	ret->len = len * elem;
	return ret->data || !len;
}

static bool fits(const struct gobin *g, struct view md, const struct form *f)
{
	uint64_t types = word(md, TYPES), etypes = word(md, f->etypes), gofunc = word(md, f->gofunc);
	struct view v;
	if (types >= etypes || !gobin_at(g, types, etypes - types) || !gobin_from(g, word(md, f->rodata), "").len)
		return false;
	if (!gobin_from(g, gofunc, "").len || (f->epclntab && word(md, f->epclntab) < gofunc))
		return false;
	if (!slice(g, md, f->textsectmap, SLICE, MAX_TEXT_SECTIONS, &v))
		return false;
	if (f->typelinks)
		return slice(g, md, f->typelinks, 4, (etypes - types) / 4, &v) && slice(g, md, f->itablinks, 8, UINT32_MAX, &v);
	return word(md, f->typedesclen) <= etypes - types && word(md, f->itabsize) <= etypes - types &&
	       types + word(md, f->itaboffset) + word(md, f->itabsize) == etypes;
}

static void read_tail(struct gobin *g, struct view md, const struct form *f)
{
	struct gobin_moduledata *m = &g->md;
	struct view sections;
	m->types = word(md, TYPES);
	m->etypes = word(md, f->etypes);
	m->rodata = word(md, f->rodata);
	m->gofunc = word(md, f->gofunc);
	m->epclntab = f->epclntab ? word(md, f->epclntab) : 0;
	if (f->typelinks) {
		m->typelinks = word(md, f->typelinks);
		m->n_typelinks = word(md, f->typelinks + 8);
		m->itablinks = word(md, f->itablinks);
		m->n_itablinks = word(md, f->itablinks + 8);
	} else {
		m->typedesclen = word(md, f->typedesclen);
		m->itaboffset = word(md, f->itaboffset);
		m->itabsize = word(md, f->itabsize);
	}
	if (slice(g, md, f->textsectmap, SLICE, MAX_TEXT_SECTIONS, &sections) && sections.len > SLICE) {
		g->pcln.sections = sections.data;
		g->pcln.n_sections = (uint32_t)(sections.len / SLICE);
	}
}

// ---- is it one? ---------------------------------------------------------------------------------------------------

// As runtime.moduledataverify1 asks. Fills in the six tables when it holds.
static bool verify(struct gobin *g, addr_t addr, uint64_t names_off)
{
	struct view md = gobin_from(g, addr, "moduledata");
	uint64_t header = word(md, PC_HEADER), n_funcs = 0;
	if (!view_has(md, 0, LEAST))
		return false;
	struct pclntab p = {.text = word(md, TEXT)};
	struct err *err = pclntab_header(gobin_from(g, header, "pclntab"), &p.quantum, &n_funcs, &names_off);
	if (err)
		return err_free(err), false;
	if (word(md, NAMES) != header + names_off)
		return false;
	if (!slice(g, md, NAMES, 1, UINT32_MAX, &p.names) || !slice(g, md, CUS, 4, UINT32_MAX, &p.cus) ||
	    !slice(g, md, FILES, 1, UINT32_MAX, &p.files) || !slice(g, md, PCTAB, 1, UINT32_MAX, &p.pctab) ||
	    !slice(g, md, FUNCS, 1, UINT32_MAX, &p.funcs) || !slice(g, md, FTAB, 8, UINT32_MAX, &p.ftab))
		return false;
	if (!n_funcs || p.ftab.len != (n_funcs + 1) * 8)
		return false;
	if (word(md, MIN_PC) != p.text + load_u32(p.ftab.data) || word(md, TEXT) > word(md, MIN_PC) ||
	    word(md, MIN_PC) >= word(md, ETEXT) || word(md, MAX_PC) <= word(md, MIN_PC))
		return false;
	p.n_funcs = (uint32_t)n_funcs;
	p.names.source = "pclntab names";
	p.cus.source = "pclntab units";
	p.files.source = "pclntab files";
	p.pctab.source = "pclntab values";
	p.funcs.source = "pclntab functions";
	p.ftab.source = "pclntab index";
	g->pcln = p;
	return true;
}

static void read_head(struct gobin *g, addr_t addr)
{
	struct view md = gobin_from(g, addr, "moduledata");
	struct gobin_moduledata *m = &g->md;
	addr_t *const edges[] = {&m->noptrdata, &m->enoptrdata, &m->data, &m->edata, &m->bss, &m->ebss, &m->noptrbss, &m->enoptrbss,
				 NULL, NULL, &m->end, &m->gcdata, &m->gcbss}; // NULL: coverage counters
	m->addr = addr;
	m->pc_header = word(md, PC_HEADER);
	m->min_pc = word(md, MIN_PC);
	m->max_pc = word(md, MAX_PC);
	m->text = word(md, TEXT);
	m->etext = word(md, ETEXT);
	for (size_t i = 0; i < countof(edges); i++)
		if (edges[i])
			*edges[i] = word(md, NOPTRDATA + 8 * i);
	g->has_md = true;
}

// ---- where is it? -------------------------------------------------------------------------------------------------

// A word that points to the header, with one behind it that points to the names: nothing else looks like that.
static bool scan_moduledata(struct gobin *g, addr_t header, uint64_t names_off, addr_t *ret)
{
	for (int writable = 1; writable >= 0; writable--)
		for (size_t i = 0; i < g->segments.len; i++) {
			const struct gobin_segment *s = &g->segments.at[i];
			if (s->w != writable)
				continue;
			for (uint64_t off = -s->addr & 7; view_has(s->bytes, off, LEAST); off += 8)
				if (load_u64(s->bytes.data + off) == header && load_u64(s->bytes.data + off + 8) == header + names_off &&
				    verify(g, s->addr + off, names_off)) {
					*ret = s->addr + off;
					return true;
				}
		}
	return false;
}

static bool header_leads(struct gobin *g, addr_t header, addr_t *ret)
{
	uint32_t quantum;
	uint64_t n, names_off;
	struct err *err = pclntab_header(gobin_from(g, header, "pclntab"), &quantum, &n, &names_off);
	if (err)
		return err_free(err), false;
	return scan_moduledata(g, header, names_off, ret);
}

static bool scan(struct gobin *g, addr_t *ret)
{
	unsigned tried = 0;
	for (int exec = 0; exec <= 1; exec++)
		for (size_t i = 0; i < g->segments.len; i++) {
			const struct gobin_segment *seg = &g->segments.at[i];
			if (seg->x != exec)
				continue;
			for (uint64_t off = -seg->addr & 7; view_has(seg->bytes, off, PCLN_HEADER); off += 8) {
				if (load_u32(seg->bytes.data + off) != PCLN_MAGIC || load_u16(seg->bytes.data + off + 4))
					continue;
				if (tried++ < MAX_HEADERS && header_leads(g, seg->addr + off, ret))
					return true;
			}
		}
	return false;
}

// Cheapest first: the symbol table is read only where no section helps.
static bool find(struct gobin *g, addr_t *ret)
{
	struct elf_section s;
	uint64_t size;
	if (elf_section_named(g, ".go.module", &s) && verify(g, s.addr, 0))
		return *ret = s.addr, true;
	if ((elf_section_named(g, ".gopclntab", &s) || elf_section_named(g, ".data.rel.ro.gopclntab", &s)) &&
	    header_leads(g, s.addr, ret))
		return true;
	if (gobin_symbol(g, "runtime.firstmoduledata", ret, &size) && verify(g, *ret, 0))
		return true;
	return scan(g, ret);
}

struct err *moduledata_open(struct gobin *g)
{
	addr_t addr;
	if (!find(g, &addr)) {
		if (!*g->info.go_version)
			return err_new(ERR_UNSUPPORTED, "%s: not a Go program: neither build information nor function tables", g->elf.source);
		if (g->info.minor >= 0 && g->info.minor < 20)
			return err_new(ERR_UNSUPPORTED, "%s: built with %s, only Go 1.20 and later is read", g->elf.source, g->info.go_version);
		return err_new(ERR_INPUT, "%s: built with %s, but its function tables (pclntab, moduledata) were not found: packed or damaged",
			       g->elf.source, g->info.go_version);
	}
	read_head(g, addr);
	g->md.size = size_of(g);
	struct view md = gobin_from(g, addr, "moduledata");
	for (size_t i = 0; i < countof(forms); i++)
		if (fits(g, md, &forms[i])) {
			read_tail(g, md, &forms[i]);
			g->pcln.gofunc = g->md.gofunc;
			return NULL;
		}
	gap_add(&g->gaps, GAP_LAYOUT_UNKNOWN, "runtime.moduledata", "behind its field `types` it has none of the forms of Go 1.20 to 1.27: no types, no inlined calls");
	return NULL;
}

const struct gobin_moduledata *gobin_moduledata(const struct gobin *g) { return g->has_md ? &g->md : NULL; }
