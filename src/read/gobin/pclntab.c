// Functions, lines, inlined calls. Layout: src/runtime/symtab.go (pcHeader, _func, pcvalue), symtabinl.go (inlinedCall),
// internal/abi/symtab.go (PCDATA, FUNCDATA); cmd/link/internal/ld/pcln.go writes them. The same in 1.20 to 1.27.
//
// Invariants after moduledata_open():
//   (1) the six tables lie inside their segments; ftab has n_funcs + 1 pairs
//   (2) nothing in them is trusted: offsets, order and varints are checked where used
// Look-ups allocate nothing but the err of a failure.
#include "read/gobin/private.h"

enum {
	HDR_QUANTUM = 6, HDR_PTR = 7, HDR_N_FUNCS = 8, HDR_NAMES = 32,
	FUNC_NAME = 4, FUNC_ARGS = 8, FUNC_PCSP = 16, FUNC_PCFILE = 20, FUNC_PCLN = 24, FUNC_N_PCDATA = 28, FUNC_CU = 32, FUNC_LINE = 36,
	FUNC_ID = 40, FUNC_FLAG = 41, FUNC_N_FUNCDATA = 43, FUNC_SIZE = 44,
	PCDATA_INLINE = 2, FUNCDATA_INLINE = 3,
	INLINED_SIZE = 16, INLINED_NAME = 4, INLINED_PARENT = 8,
	MAX_PCDATA = 4096, MAX_INLINE_DEPTH = 1024, SECTION = 24,
};

struct err *pclntab_header(struct view v, uint32_t *ret_quantum, uint64_t *ret_n_funcs, uint64_t *ret_names_off)
{
	if (!view_has(v, 0, PCLN_HEADER))
		return err_input(v.source, 0, "truncated: the header has %d bytes", PCLN_HEADER);
	uint32_t magic = load_u32(v.data), quantum = v.data[HDR_QUANTUM];
	uint64_t n = load_u64(v.data + HDR_N_FUNCS), names = load_u64(v.data + HDR_NAMES);
	if (magic != PCLN_MAGIC)
		return err_new(ERR_UNSUPPORTED, "%s: magic 0x%x is not that of Go 1.20 or later", v.source, magic);
	if (v.data[HDR_PTR] != 8 || (quantum != 1 && quantum != 4) || load_u16(v.data + 4))
		return err_new(ERR_UNSUPPORTED, "%s: pointers of %u bytes, code in steps of %u: neither amd64 nor arm64", v.source,
			       v.data[HDR_PTR], quantum);
	if (!n || n > INT32_MAX || names < PCLN_HEADER || names > v.len)
		return err_input(v.source, HDR_N_FUNCS, "%llu functions and names at 0x%llx do not fit", (unsigned long long)n,
				 (unsigned long long)names);
	*ret_quantum = quantum;
	*ret_n_funcs = n;
	*ret_names_off = names;
	return NULL;
}

// ---- text offsets and addresses -----------------------------------------------------------------------------------

// One run of text nearly always; several where the linker split it (large arm64 programs): {vaddr, end, baseaddr} each.
static addr_t text_addr(const struct pclntab *p, uint32_t off)
{
	for (uint32_t i = 0; i < p->n_sections; i++) {
		const uint8_t *s = p->sections + (size_t)i * SECTION;
		uint64_t start = load_u64(s), end = load_u64(s + 8) + (i + 1 == p->n_sections);
		if (off >= start && off < end)
			return load_u64(s + 16) + (off - start);
	}
	return p->text + off;
}

static bool text_off(const struct pclntab *p, addr_t pc, uint32_t *ret)
{
	uint64_t off = p->n_sections ? UINT64_MAX : pc - p->text; // between the pieces there is no function
	for (uint32_t i = 0; i < p->n_sections; i++) {
		const uint8_t *s = p->sections + (size_t)i * SECTION;
		uint64_t start = load_u64(s), end = load_u64(s + 8) + (i + 1 == p->n_sections), base = load_u64(s + 16);
		if (pc >= base && pc - base < end - start) {
			off = pc - base + start;
			break;
		}
	}
	*ret = (uint32_t)off;
	return off <= UINT32_MAX;
}

// ---- functions ----------------------------------------------------------------------------------------------------

static uint32_t entry_off(const struct pclntab *p, uint32_t index) { return load_u32(p->ftab.data + (size_t)index * 8); }

static const char *cstr(struct view v, uint64_t off)
{
	return off < v.len && memchr(v.data + off, 0, v.len - off) ? (const char *)v.data + off : NULL;
}

static bool find_index(const struct pclntab *p, addr_t pc, uint32_t *ret)
{
	uint32_t off, lo = 0, hi = p->n_funcs; // the answer, if any, is in [lo, hi)
	if (!hi || !text_off(p, pc, &off) || off < entry_off(p, 0) || off >= entry_off(p, hi))
		return false;
	while (hi - lo > 1) {
		uint32_t mid = lo + (hi - lo) / 2;
		if (entry_off(p, mid) <= off)
			lo = mid;
		else
			hi = mid;
	}
	*ret = lo;
	return off >= entry_off(p, lo) && off < entry_off(p, lo + 1); // an unordered table
}

static bool func_at(const struct pclntab *p, uint32_t index, struct gobin_func *ret)
{
	uint64_t off = load_u32(p->ftab.data + (size_t)index * 8 + 4);
	if (!view_has(p->funcs, off, FUNC_SIZE))
		return false;
	const uint8_t *f = p->funcs.data + off;
	const char *name = cstr(p->names, load_u32(f + FUNC_NAME));
	uint32_t start = entry_off(p, index), end = entry_off(p, index + 1);
	if (!name || start >= end)
		return false;
	*ret = (struct gobin_func){
		.name = name, .entry = text_addr(p, start), .start_line = load_u32(f + FUNC_LINE), .flags = f[FUNC_FLAG],
		.args_bytes = (int32_t)load_u32(f + FUNC_ARGS), .func_id = f[FUNC_ID], .n_funcdata = f[FUNC_N_FUNCDATA], .index = index, .off = off,
	};
	ret->end = ret->entry + (end - start);
	return true;
}

uint32_t gobin_func_count(const struct gobin *g) { return g->pcln.n_funcs; }

struct err *gobin_func_at(const struct gobin *g, uint32_t index, struct gobin_func *ret)
{
	if (index >= g->pcln.n_funcs)
		return err_new(ERR_INPUT, "function %u of %u", index, g->pcln.n_funcs);
	if (!func_at(&g->pcln, index, ret))
		return err_input(g->pcln.ftab.source, (uint64_t)index * 8, "function %u is damaged", index);
	return NULL;
}

struct err *gobin_func_find(const struct gobin *g, addr_t pc, struct gobin_func *ret)
{
	uint32_t index;
	if (!find_index(&g->pcln, pc, &index))
		return err_new(ERR_INPUT, "address 0x%llx belongs to no function", (unsigned long long)pc);
	return gobin_func_at(g, index, ret);
}

static struct map *build_names(const struct gobin *g)
{
	struct map *m = map_new();
	struct gobin_func f;
	for (uint32_t i = 0; m && i < g->pcln.n_funcs; i++) {
		bool fresh;
		if (!func_at(&g->pcln, i, &f))
			continue;
		uint64_t *at = map_at(m, hash_bytes(f.name, strlen(f.name)), &fresh);
		if (!at) {
			map_free(m);
			return NULL;
		}
		if (fresh)
			*at = i;
	}
	return m;
}

bool gobin_func_named(const struct gobin *g, const char *name, struct gobin_func *ret)
{
	struct gobin_lazy *l = g->lazy;
	uint64_t index;
	pthread_mutex_lock(&l->lock);
	if (!l->funcs_tried)
		l->funcs = build_names(g);
	l->funcs_tried = true;
	pthread_mutex_unlock(&l->lock);
	return l->funcs && map_find(l->funcs, hash_bytes(name, strlen(name)), &index) && func_at(&g->pcln, (uint32_t)index, ret) &&
	       !strcmp(ret->name, name);
}

// ---- values by pc -------------------------------------------------------------------------------------------------

static bool varint32(const uint8_t **at, const uint8_t *end, uint32_t *ret)
{
	uint32_t x = 0;
	for (unsigned shift = 0; *at < end && shift < 35; shift += 7) {
		uint8_t b = *(*at)++;
		x |= (uint32_t)(b & 0x7f) << shift;
		if (b < 0x80) {
			*ret = x;
			return true;
		}
	}
	return false;
}

// Pairs of (zigzag value step, pc step); the value holds while pc lies below the running pc. false: damaged, or pc is behind.
static bool value_at(const struct pclntab *p, uint32_t table, uint64_t pc_off, int32_t *ret)
{
	uint32_t dv, dpc, value = UINT32_MAX; // -1
	uint64_t reached = 0;
	if (!table || table >= p->pctab.len)
		return false;
	const uint8_t *at = p->pctab.data + table, *end = p->pctab.data + p->pctab.len;
	for (bool first = true; varint32(&at, end, &dv) && (dv || first) && varint32(&at, end, &dpc); first = false) {
		value += dv & 1 ? ~(dv >> 1) : dv >> 1;
		reached += (uint64_t)dpc * p->quantum;
		if (pc_off < reached) {
			*ret = (int32_t)value;
			return true;
		}
	}
	return false;
}

static int32_t pcdata_at(const struct pclntab *p, uint64_t off, uint32_t table, uint64_t pc_off)
{
	int32_t v = -1;
	if (table >= load_u32(p->funcs.data + off + FUNC_N_PCDATA) || table >= MAX_PCDATA ||
	    !view_has(p->funcs, off + FUNC_SIZE + 4 * (uint64_t)table, 4))
		return -1;
	return value_at(p, load_u32(p->funcs.data + off + FUNC_SIZE + 4 * (size_t)table), pc_off, &v) ? v : -1;
}

static struct err *check_func(const struct gobin *g, const struct gobin_func *f, addr_t pc)
{
	assert(view_has(g->pcln.funcs, f->off, FUNC_SIZE)); // only gobin_func_* make them
	if (pc < f->entry || pc >= f->end)
		return err_new(ERR_INPUT, "address 0x%llx is not in %s", (unsigned long long)pc, f->name);
	return NULL;
}

struct err *gobin_pcsp(const struct gobin *g, const struct gobin_func *f, addr_t pc, int32_t *ret)
{
	struct err *err = check_func(g, f, pc);
	if (!err && !value_at(&g->pcln, load_u32(g->pcln.funcs.data + f->off + FUNC_PCSP), pc - f->entry, ret))
		err = err_input(g->pcln.pctab.source, load_u32(g->pcln.funcs.data + f->off + FUNC_PCSP),
				"no stack depth for 0x%llx in %s", (unsigned long long)pc, f->name);
	return err;
}

struct err *gobin_pcdata(const struct gobin *g, const struct gobin_func *f, uint32_t table, addr_t pc, int32_t *ret)
{
	struct err *err = check_func(g, f, pc);
	if (!err)
		*ret = pcdata_at(&g->pcln, f->off, table, pc - f->entry);
	return err;
}

static addr_t funcdata_at(const struct pclntab *p, uint64_t off, uint32_t n_funcdata, uint32_t i)
{
	uint64_t n_pcdata = load_u32(p->funcs.data + off + FUNC_N_PCDATA);
	if (i >= n_funcdata || n_pcdata > MAX_PCDATA || !p->gofunc || !view_has(p->funcs, off + FUNC_SIZE + 4 * (n_pcdata + i), 4))
		return 0;
	uint32_t at = load_u32(p->funcs.data + off + FUNC_SIZE + 4 * (n_pcdata + i));
	return at == UINT32_MAX ? 0 : p->gofunc + at;
}

addr_t gobin_funcdata(const struct gobin *g, const struct gobin_func *f, uint32_t i)
{
	assert(view_has(g->pcln.funcs, f->off, FUNC_SIZE));
	return funcdata_at(&g->pcln, f->off, f->n_funcdata, i);
}

// ---- frames -------------------------------------------------------------------------------------------------------

static void place(const struct pclntab *p, uint64_t off, uint64_t pc_off, struct gobin_frame *ret)
{
	const uint8_t *f = p->funcs.data + off;
	int32_t file = -1, line = -1;
	ret->file = NULL;
	if (value_at(p, load_u32(f + FUNC_PCFILE), pc_off, &file) && file >= 0) {
		uint64_t at = ((uint64_t)load_u32(f + FUNC_CU) + (uint32_t)file) * 4;
		uint32_t name = view_has(p->cus, at, 4) ? load_u32(p->cus.data + at) : UINT32_MAX;
		ret->file = name == UINT32_MAX ? NULL : cstr(p->files, name);
	}
	if (!ret->file)
		ret->file = "?"; // as Go says
	ret->line = value_at(p, load_u32(f + FUNC_PCLN), pc_off, &line) && line > 0 ? (uint32_t)line : 0;
}

size_t gobin_frames(const struct gobin *g, addr_t pc, struct gobin_frame *ret, size_t max)
{
	const struct pclntab *p = &g->pcln;
	struct gobin_func f;
	uint32_t index;
	size_t n = 0;
	if (!find_index(p, pc, &index) || !func_at(p, index, &f))
		return 0;
	addr_t tree = funcdata_at(p, f.off, f.n_funcdata, FUNCDATA_INLINE);
	uint64_t pc_off = pc - f.entry;
	for (unsigned depth = 0; tree && depth < MAX_INLINE_DEPTH && n + 1 < max; depth++) {
		int32_t ix = pcdata_at(p, f.off, PCDATA_INLINE, pc_off);
		const uint8_t *call = ix < 0 ? NULL : gobin_at(g, tree + (uint64_t)(uint32_t)ix * INLINED_SIZE, INLINED_SIZE);
		const char *name = call ? cstr(p->names, load_u32(call + INLINED_NAME)) : NULL;
		uint32_t parent = call ? load_u32(call + INLINED_PARENT) : 0;
		if (!name || parent >= f.end - f.entry)
			break;
		place(p, f.off, pc_off, &ret[n]);
		ret[n].function = name;
		ret[n].entry = f.entry;
		ret[n].func_id = call[0];
		ret[n++].inlined = true;
		if (pc_off == parent)
			break; // a tree that leads to itself
		pc_off = parent;
	}
	if (n < max) {
		place(p, f.off, pc_off, &ret[n]);
		ret[n].function = f.name;
		ret[n].entry = f.entry;
		ret[n].func_id = f.func_id;
		ret[n++].inlined = false;
	}
	return n;
}
