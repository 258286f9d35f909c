// Functions, lines, inlining, stack deltas. Source: src/runtime/symtab.go, symtabinl.go; src/internal/abi/symtab.go.
//
// Invariants after pclntab_open(): (1) the function table, n_funcs + 1 pairs of u32, lies inside `functab`; (2) nothing
// else is trusted: name, file and table offsets are checked where used. Lookups neither allocate nor recurse.
#include "read/gobin/private.h"

#include <stdlib.h>

enum {
	HDR_NFUNC = 8, HDR_FUNCNAMES = 32, HDR_CU = 40, HDR_FILES = 48, HDR_PCTAB = 56, HDR_FUNCTAB = 64,
	PAIR = 8, FUNC_SIZE = 44,
	FUNC_NAME = 4, FUNC_ARGS = 8, FUNC_PCSP = 16, FUNC_PCFILE = 20, FUNC_PCLN = 24, FUNC_NPCDATA = 28, FUNC_CU = 32, FUNC_LINE = 36,
	FUNC_ID = 40, FUNC_FLAG = 41, FUNC_NFUNCDATA = 43,
	PCDATA_INLTREE = 2, FUNCDATA_INLTREE = 3, INLINED_CALL = 16, MAX_INLINE = 64, NO_FILE = -1,
};

static struct view part(struct view from, uint64_t off)
{
	return off <= from.len ? (struct view){from.data + off, from.len - off, "pclntab"} : (struct view){NULL, 0, "pclntab"};
}

struct err *pclntab_open(struct gobin *g)
{
	struct view v = gobin_view_at(g, g->pclntab_addr);
	v.source = "pclntab";
	uint64_t n, off[5];
	struct err *err = view_u64(v, HDR_NFUNC, &n);
	for (size_t i = 0; !err && i < countof(off); i++)
		err = view_u64(v, HDR_FUNCNAMES + 8 * i, &off[i]);
	if (err)
		return err_while(err, "reading the pclntab header");
	struct pclntab *p = &g->pcln;
	p->names = part(v, off[0]);
	p->cutab = part(v, off[1]);
	p->files = part(v, off[2]);
	p->pctab = part(v, off[3]);
	p->functab = part(v, off[4]);
	if (n >= UINT32_MAX || (n + 1) * PAIR > p->functab.len)
		return err_input("pclntab", HDR_NFUNC, "%llu functions do not fit", (unsigned long long)n);
	p->n_funcs = (uint32_t)n;
	p->quantum = g->arch == GOBIN_ARM64 ? 4 : 1;
	p->text = g->md.text;
	p->ok = true;
	return NULL;
}

static uint32_t word(struct view v, uint64_t off) // inside by the invariant or by a check just made
{
	uint32_t x;
	memcpy(&x, v.data + off, 4);
	return x;
}

uint32_t gobin_func_count(const struct gobin *g) { return g->pcln.n_funcs; }

struct err *gobin_func_at(const struct gobin *g, uint32_t i, struct gobin_func *ret)
{
	const struct pclntab *p = &g->pcln;
	if (i >= p->n_funcs)
		return err_new(ERR_INPUT, "pclntab: function %u of %u", i, p->n_funcs);
	uint32_t start = word(p->functab, (uint64_t)i * PAIR), off = word(p->functab, (uint64_t)i * PAIR + 4), name;
	uint32_t end = word(p->functab, (uint64_t)(i + 1) * PAIR);
	struct gobin_func f = {.entry = p->text + start, .end = p->text + end, .index = i, .off = off};
	if (end <= start)
		return err_input("pclntab", (uint64_t)i * PAIR, "function %u is empty or out of order", i);
	if (!view_has(p->functab, off, FUNC_SIZE))
		return err_input("pclntab", off, "function %u lies outside", i);
	name = word(p->functab, off + FUNC_NAME);
	struct err *err = view_cstr(p->names, name, &f.name);
	if (err)
		return err_while(err, "naming the function at text+0x%x", start);
	f.args_bytes = (int32_t)word(p->functab, off + FUNC_ARGS);
	f.start_line = word(p->functab, off + FUNC_LINE);
	f.func_id = p->functab.data[off + FUNC_ID];
	f.flags = p->functab.data[off + FUNC_FLAG];
	f.n_funcdata = p->functab.data[off + FUNC_NFUNCDATA];
	*ret = f;
	return NULL;
}

struct err *gobin_func_find(const struct gobin *g, addr_t pc, struct gobin_func *ret)
{
	const struct pclntab *p = &g->pcln;
	uint32_t lo = 0, hi = p->n_funcs; // the answer, if any, is in [lo, hi)
	addr_t off = pc - p->text;
	if (!p->ok || pc < p->text || off > UINT32_MAX || !hi)
		return err_new(ERR_INPUT, "pclntab: 0x%llx belongs to no function", (unsigned long long)pc);
	while (hi - lo > 1) {
		uint32_t mid = lo + (hi - lo) / 2;
		if (word(p->functab, (uint64_t)mid * PAIR) <= off)
			lo = mid;
		else
			hi = mid;
	}
	struct err *err = gobin_func_at(g, lo, ret);
	if (!err && (pc < ret->entry || pc >= ret->end))
		return err_new(ERR_INPUT, "pclntab: 0x%llx belongs to no function", (unsigned long long)pc);
	return err;
}

// Pairs of varints: value delta (zigzag), pc delta. The value holds while pc is below the running pc.
static bool pcvalue(const struct pclntab *p, uint32_t table, addr_t entry, addr_t pc, int32_t *ret)
{
	uint64_t off = table;
	addr_t at = entry;
	int32_t value = -1;
	if (!table || table >= p->pctab.len)
		return false;
	const uint8_t *d = p->pctab.data, *end = d + p->pctab.len;
	for (const uint8_t *q = d + off; q < end;) {
		uint64_t delta = 0, step = 0;
		unsigned shift = 0;
		for (; q < end && shift < 35; shift += 7) {
			delta |= (uint64_t)(*q & 0x7f) << shift;
			if (!(*q++ & 0x80))
				break;
		}
		if (!delta && at != entry)
			return false; // the end
		for (shift = 0; q < end && shift < 35; shift += 7) {
			step |= (uint64_t)(*q & 0x7f) << shift;
			if (!(*q++ & 0x80))
				break;
		}
		value = (int32_t)((uint32_t)value + (uint32_t)((delta & 1) ? ~(delta >> 1) : delta >> 1));
		if (!step)
			return false;
		at += step * p->quantum;
		if (pc < at) {
			*ret = value;
			return true;
		}
	}
	return false;
}

static bool func_value(const struct gobin *g, const struct gobin_func *f, uint32_t field, addr_t pc, int32_t *ret)
{
	return pcvalue(&g->pcln, word(g->pcln.functab, f->off + field), f->entry, pc, ret);
}

struct err *gobin_pcsp(const struct gobin *g, const struct gobin_func *f, addr_t pc, int32_t *ret)
{
	return func_value(g, f, FUNC_PCSP, pc, ret) ? NULL : err_input("pclntab", f->off, "no stack delta at 0x%llx of %s", (unsigned long long)pc, f->name);
}

static bool pcdata(const struct gobin *g, const struct gobin_func *f, uint32_t table, addr_t pc, int32_t *ret)
{
	uint64_t at = f->off + FUNC_SIZE + 4 * (uint64_t)table;
	if (table >= word(g->pcln.functab, f->off + FUNC_NPCDATA) || !view_has(g->pcln.functab, at, 4))
		return false;
	return pcvalue(&g->pcln, word(g->pcln.functab, at), f->entry, pc, ret);
}

struct err *gobin_pcdata(const struct gobin *g, const struct gobin_func *f, uint32_t table, addr_t pc, int32_t *ret)
{
	if (!pcdata(g, f, table, pc, ret))
		*ret = -1; // as the runtime: a missing table is -1
	return NULL;
}

addr_t gobin_funcdata(const struct gobin *g, const struct gobin_func *f, uint32_t i)
{
	uint64_t at = f->off + FUNC_SIZE + 4 * ((uint64_t)word(g->pcln.functab, f->off + FUNC_NPCDATA) + i);
	if (i >= f->n_funcdata || !view_has(g->pcln.functab, at, 4) || !g->md.gofunc)
		return 0;
	uint32_t off = word(g->pcln.functab, at);
	return off == UINT32_MAX ? 0 : g->md.gofunc + off;
}

static const char *file_of(const struct gobin *g, const struct gobin_func *f, addr_t pc)
{
	const struct pclntab *p = &g->pcln;
	int32_t index;
	const char *name = "?";
	uint32_t cu = word(p->functab, f->off + FUNC_CU), off;
	if (!func_value(g, f, FUNC_PCFILE, pc, &index) || index < 0 || cu == UINT32_MAX)
		return name;
	struct err *err = view_u32(p->cutab, ((uint64_t)cu + (uint32_t)index) * 4, &off);
	if (!err && off != UINT32_MAX)
		err = view_cstr(p->files, off, &name);
	err_free(err);
	return name;
}

size_t gobin_frames(const struct gobin *g, addr_t pc, struct gobin_frame *ret, size_t max)
{
	struct gobin_func f;
	struct err *err = gobin_func_find(g, pc, &f);
	if (err) {
		err_free(err);
		return 0;
	}
	addr_t tree = gobin_funcdata(g, &f, FUNCDATA_INLTREE);
	struct view calls = tree ? gobin_view_at(g, tree) : (struct view){0};
	size_t n = 0;
	for (addr_t at = pc; n < max; n++) {
		int32_t line = 0, index = -1;
		if (!func_value(g, &f, FUNC_PCLN, at, &line) || line < 0)
			line = 0;
		ret[n] = (struct gobin_frame){f.name, file_of(g, &f, at), (uint32_t)line, f.entry, false};
		bool inlined = tree && n < MAX_INLINE && pcdata(g, &f, PCDATA_INLTREE, at, &index) && index >= 0 &&
			       view_has(calls, (uint64_t)(uint32_t)index * INLINED_CALL, INLINED_CALL);
		uint64_t call = (uint64_t)(uint32_t)index * INLINED_CALL;
		const char *name;
		if (inlined && (err = view_cstr(g->pcln.names, word(calls, call + 4), &name)))
			inlined = false;
		if (!inlined) {
			err_free(err);
			return n + 1;
		}
		ret[n].function = name;
		ret[n].inlined = true;
		addr_t parent = f.entry + word(calls, call + 8);
		if (parent < f.entry || parent >= f.end || parent == at)
			return n + 1;
		at = parent;
	}
	return n;
}

bool gobin_func_named(const struct gobin *cg, const char *name, struct gobin_func *ret)
{
	struct gobin *g = (struct gobin *)(uintptr_t)cg; // the index is a cache
	uint32_t id;
	if (!g->func_names) {
		g->func_names = interner_new();
		g->func_of_name = calloc(g->pcln.n_funcs + 1u, sizeof(*g->func_of_name));
		for (uint32_t i = 0; g->func_names && g->func_of_name && i < g->pcln.n_funcs; i++) {
			struct gobin_func f;
			struct err *err = gobin_func_at(g, i, &f);
			uint32_t before = interner_len(g->func_names);
			if (!err && (id = interner_id(g->func_names, f.name, strlen(f.name))) == before)
				g->func_of_name[id] = i;
			err_free(err);
		}
	}
	if (!g->func_names || !g->func_of_name || !interner_find(g->func_names, name, strlen(name), &id))
		return false;
	struct err *err = gobin_func_at(g, g->func_of_name[id], ret);
	bool found = !err;
	err_free(err);
	return found;
}
