// The runtime's own map of the binary: src/runtime/symtab.go (moduledata), 1.21 to 1.27.
//
// Fields up to `types` have stood still since 1.20. Behind it there are three shapes; which one is decided by what the
// fields say of each other, never by the version alone.
#include "read/gobin/private.h"

enum {
	MAGIC_120 = 0xfffffff1, // since Go 1.20
	HDR_FUNCNAMES = 32, HDR_SIZE = 72,
	MD_PCHEADER = 0, MD_FUNCNAMETAB = 8, MD_FTAB = 128, MD_MINPC = 160, MD_MAXPC = 168, MD_TEXT = 176, MD_ETEXT = 184,
	MD_NOPTRDATA = 192, MD_GCDATA = 280, MD_TYPES = 296,
	MD_READ = 400,
};

struct shape { uint16_t etypes, rodata, gofunc, epclntab, typelinks, itablinks, size; };
static const struct shape shape_121 = {304, 312, 320, 0, 352, 376, 584}, // 592 in 1.21 and 1.22: two slices moved behind
			  shape_126 = {304, 312, 320, 328, 360, 384, 592},
			  shape_127 = {312, 336, 344, 352, 0, 0, 568};

static bool is_header(const struct gobin *g, addr_t addr)
{
	uint8_t h[HDR_SIZE];
	uint32_t m;
	uint64_t nfunc;
	cleanup(err_freep) struct err *err = gobin_read(g, addr, h, sizeof(h));
	if (err)
		return false;
	memcpy(&m, h, 4);
	memcpy(&nfunc, h + 8, 8);
	return m == MAGIC_120 && !h[4] && !h[5] && h[6] == (g->arch == GOBIN_ARM64 ? 4 : 1) && h[7] == 8 && nfunc > 0 && nfunc < 10000000;
}

static addr_t find_pclntab(const struct gobin *g)
{
	static const char *const names[] = {".gopclntab", ".data.rel.ro.gopclntab"};
	addr_t addr;
	for (size_t i = 0; i < countof(names); i++) {
		const struct section *s = elf_section(g, names[i]);
		if (s && is_header(g, s->addr))
			return s->addr;
	}
	if (gobin_symbol(g, "runtime.pclntab", &addr, NULL) && is_header(g, addr))
		return addr;
	for (size_t i = 0; i < g->n_segments; i++) {
		const struct gobin_segment *s = &g->segments[i];
		uint8_t magic[6] = {0xf1, 0xff, 0xff, 0xff, 0, 0};
		const uint8_t *p = s->bytes.data, *end = p + s->bytes.len;
		for (; !s->x && (p = memmem(p, (size_t)(end - p), magic, sizeof(magic))); p++)
			if ((s->addr + (uint64_t)(p - s->bytes.data)) % 8 == 0 && is_header(g, s->addr + (uint64_t)(p - s->bytes.data)))
				return s->addr + (uint64_t)(p - s->bytes.data);
	}
	return 0;
}

// As runtime.moduledataverify1: the function table begins at minpc and ends at maxpc.
static bool verify(const struct gobin *g, addr_t addr, addr_t pclntab)
{
	uint64_t md[MD_READ / 8];
	uint32_t first, last, names;
	cleanup(err_freep) struct err *err = gobin_read(g, addr, md, sizeof(md));
	if (err || md[MD_PCHEADER / 8] != pclntab || gobin_read(g, pclntab + HDR_FUNCNAMES, &names, 4))
		return false;
	uint64_t ftab = md[MD_FTAB / 8], n = md[MD_FTAB / 8 + 1], text = md[MD_TEXT / 8], minpc = md[MD_MINPC / 8], maxpc = md[MD_MAXPC / 8];
	if (md[MD_FUNCNAMETAB / 8] != pclntab + names || n < 2 || n > 10000001 || text > minpc || minpc >= md[MD_ETEXT / 8])
		return false;
	err = gobin_read(g, ftab, &first, 4);
	if (!err)
		err = gobin_read(g, ftab + (n - 1) * 8, &last, 4);
	return !err && text + first == minpc && text + last == maxpc;
}

static addr_t scan(const struct gobin *g, addr_t pclntab)
{
	size_t pos = 0;
	uint64_t at, value;
	while (g->relocs && map_next(g->relocs, &pos, &at, &value))
		if (value == pclntab && verify(g, at, pclntab))
			return at;
	for (size_t i = 0; i < g->n_segments; i++) {
		const struct gobin_segment *s = &g->segments[i];
		const uint8_t *p = s->bytes.data, *end = p + s->bytes.len;
		for (; !s->x && (p = memmem(p, (size_t)(end - p), &pclntab, 8)); p++) {
			addr_t addr = s->addr + (uint64_t)(p - s->bytes.data);
			if (addr % 8 == 0 && verify(g, addr, pclntab))
				return addr;
		}
	}
	return 0;
}

static addr_t find_moduledata(const struct gobin *g, addr_t pclntab)
{
	addr_t addr;
	const struct section *s = elf_section(g, ".go.module");
	if (s && verify(g, s->addr, pclntab))
		return s->addr;
	if (gobin_symbol(g, "runtime.firstmoduledata", &addr, NULL) && verify(g, addr, pclntab))
		return addr;
	return scan(g, pclntab);
}

static const struct shape *shape_of(const uint64_t md[MD_READ / 8], addr_t pclntab)
{
	uint64_t types = md[MD_TYPES / 8];
	uint64_t len = md[304 / 8], etypes = md[312 / 8], itabs = md[320 / 8], size = md[328 / 8];
	if (etypes > types && len < etypes - types && itabs <= etypes - types && types + itabs + size == etypes)
		return &shape_127;
	uint64_t gofunc = md[320 / 8], epclntab = md[328 / 8];
	if (md[304 / 8] <= types)
		return NULL;
	return gofunc > pclntab && gofunc < epclntab ? &shape_126 : &shape_121;
}

struct err *moduledata_open(struct gobin *g)
{
	struct gobin_moduledata *m = &g->md;
	uint64_t md[MD_READ / 8];
	if (!(g->pclntab_addr = find_pclntab(g)))
		return err_new(ERR_UNSUPPORTED, "%s: no function table of Go 1.20 or later", g->file.source ? g->file.source : "memory");
	if (!(m->addr = find_moduledata(g, g->pclntab_addr)))
		return err_new(ERR_UNSUPPORTED, "%s: no moduledata that fits the function table", g->file.source ? g->file.source : "memory");
	struct err *err = gobin_read(g, m->addr, md, sizeof(md));
	if (err)
		return err_while(err, "reading moduledata");
	m->pc_header = g->pclntab_addr;
	m->min_pc = md[MD_MINPC / 8];
	m->max_pc = md[MD_MAXPC / 8];
	m->text = md[MD_TEXT / 8];
	m->etext = md[MD_ETEXT / 8];
	addr_t *bounds[] = {&m->noptrdata, &m->enoptrdata, &m->data, &m->edata, &m->bss, &m->ebss, &m->noptrbss, &m->enoptrbss};
	for (size_t i = 0; i < countof(bounds); i++)
		*bounds[i] = md[MD_NOPTRDATA / 8 + i];
	m->end = md[272 / 8];
	m->gcdata = md[MD_GCDATA / 8];
	m->gcbss = md[MD_GCDATA / 8 + 1];
	m->types = md[MD_TYPES / 8];
	const struct shape *s = shape_of(md, g->pclntab_addr);
	if (!s)
		return NULL; // types stay unknown; functions are read all the same
	m->etypes = md[s->etypes / 8];
	m->rodata = md[s->rodata / 8];
	m->gofunc = md[s->gofunc / 8];
	m->epclntab = s->epclntab ? md[s->epclntab / 8] : 0;
	m->size = s->size;
	if (s == &shape_127) {
		m->typedesclen = md[304 / 8];
		m->itaboffset = md[320 / 8];
		m->itabsize = md[328 / 8];
	} else {
		m->typelinks = md[s->typelinks / 8];
		m->n_typelinks = md[s->typelinks / 8 + 1];
		m->itablinks = md[s->itablinks / 8];
		m->n_itablinks = s->itablinks + 8 < MD_READ ? md[s->itablinks / 8 + 1] : 0;
	}
	return NULL;
}

const struct gobin_moduledata *gobin_moduledata(const struct gobin *g) { return &g->md; }
