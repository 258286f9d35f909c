// Which functions call an allocation entry: every CALL rel32 whose target is one. A byte E8 inside another instruction
// may look like one; decoding the function tells.
#include "read/code/parts.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_FUNCTIONS = 1 << 22 };

static struct err *callee_add(struct code *c, addr_t addr, enum special what, uint64_t index)
{
	uint64_t *slot = map_at(c->callees, addr, NULL);
	if (!slot)
		return &err_nomem;
	*slot = (uint64_t)what | index << 8;
	return NULL;
}

static const struct { const char *name; bool prefix; enum special what; } specials[] = {
	{"gcWriteBarrier", true, SPECIAL_BARRIER}, {"runtime.gcWriteBarrier", true, SPECIAL_BARRIER},
	{"runtime.wbZero", false, SPECIAL_PLAIN}, {"runtime.wbMove", false, SPECIAL_COPY},
	{"runtime.typedmemmove", false, SPECIAL_COPY}, {"runtime.chansend1", false, SPECIAL_SEND},
	{"runtime.selectnbsend", false, SPECIAL_SEND}, {"runtime.selectgo", false, SPECIAL_SELECT},
	{"runtime.chanrecv", true, SPECIAL_PLAIN}, {"runtime.mapaccess", true, SPECIAL_PLAIN},
	{"runtime.mapdelete", true, SPECIAL_PLAIN}, {"runtime.memequal", true, SPECIAL_PLAIN},
	{"runtime.memmove", false, SPECIAL_PLAIN}, {"runtime.memclr", true, SPECIAL_PLAIN},
	{"runtime.print", true, SPECIAL_PLAIN}, {"runtime.efaceeq", false, SPECIAL_PLAIN},
	{"runtime.ifaceeq", false, SPECIAL_PLAIN}, {"runtime.assertE2I", true, SPECIAL_PLAIN},
	{"runtime.typeAssert", false, SPECIAL_PLAIN}, {"runtime.interfaceSwitch", false, SPECIAL_PLAIN},
	{"runtime.panic", true, SPECIAL_PLAIN}, {"runtime.goPanic", true, SPECIAL_PLAIN},
	{"runtime.duff", true, SPECIAL_DUFF},
	{"runtime.cmpstring", false, SPECIAL_PLAIN}, {"runtime.mapIter", true, SPECIAL_PLAIN},
	{"runtime.mapiter", true, SPECIAL_PLAIN}, {"runtime.deferreturn", false, SPECIAL_PLAIN},
	{"runtime.unlock", true, SPECIAL_PLAIN}, {"runtime.morestack", true, SPECIAL_PLAIN},
};

static const char *const packages[] = {"runtime.", "reflect.", "internal/", "maps.", "gcWriteBarrier"};

// Names of one function: is it something with a meaning for us?
static struct err *classify(struct code *c, const struct gobin_func *f)
{
	bool near = false;
	for (size_t k = 0; k < countof(packages) && !near; k++)
		near = !strncmp(f->name, packages[k], strlen(packages[k]));
	if (!near) {
		return strstr(f->name, "[go.shape.") ? callee_add(c, f->entry, SPECIAL_GENERIC, 0) : NULL;
	}
	const struct entry *row = entry_find(f->name);
	if (row) {
		struct err *err = callee_add(c, f->entry, SPECIAL_ENTRY, c->entries.len);
		return err ? err : vec_push(&c->entries, UINT16_MAX, "allocation entries", (struct entry_found){f->entry, f->name, row});
	}
	for (size_t k = 0; k < countof(specials); k++)
		if (specials[k].prefix ? !strncmp(f->name, specials[k].name, strlen(specials[k].name))
				       : !strcmp(f->name, specials[k].name)) {
			struct err *err = callee_add(c, f->entry, specials[k].what, 0);
			// duffzero and duffcopy are entered in the middle
			for (addr_t a = f->entry + 1; !err && specials[k].what == SPECIAL_DUFF && a < f->end && a < f->entry + 4096; a++)
				err = callee_add(c, a, SPECIAL_DUFF, 0);
			return err;
		}
	return strstr(f->name, "[go.shape.") ? callee_add(c, f->entry, SPECIAL_GENERIC, 0) : NULL;
}

struct err *code_open(const struct gobin *g, struct code **ret)
{
	if (gobin_arch(g) != GOBIN_AMD64)
		return err_new(ERR_UNSUPPORTED, "machine code of arm64 is not followed, only of amd64");
	const struct gobin_moduledata *m = gobin_moduledata(g);
	cleanup(code_closep) struct code *c = calloc(1, sizeof(*c));
	if (!c)
		return &err_nomem;
	c->g = g;
	c->callees = map_new();
	c->closures = map_new();
	c->decoder = decoder_new();
	if (!c->callees || !c->closures || !c->decoder)
		return &err_nomem;
	c->types = m->types;
	c->etypes = m->itaboffset ? m->types + m->itaboffset : m->etypes ? m->etypes : m->rodata;
	c->text = m->text;
	c->etext = m->etext;
	c->stats.functions = gobin_func_count(g);
	struct err *err = vec_push(&c->entries, UINT16_MAX, "allocation entries", (struct entry_found){0, "", &call_entry});
	if (err)
		return err;
	for (uint32_t k = 0; k < c->stats.functions; k++) {
		struct gobin_func f;
		if ((err = gobin_func_at(g, k, &f))) {
			err_free(err); // one entry that cannot be read costs that function
			continue;
		}
		if ((err = classify(c, &f)))
			return err;
	}
	if (c->entries.len < 2)
		return err_new(ERR_UNSUPPORTED, "no allocation entry of the runtime among %u functions", c->stats.functions);
	*ret = take(c);
	return NULL;
}

// The text that holds an address, as far as the segment goes.
struct view code_bytes(const struct gobin *g, addr_t addr, uint64_t len)
{
	const struct gobin_segment *segments;
	size_t n = gobin_segments(g, &segments);
	for (size_t k = 0; k < n; k++) {
		struct view v = segments[k].bytes;
		if (!segments[k].x || addr < segments[k].addr || addr - segments[k].addr >= v.len)
			continue;
		uint64_t off = addr - segments[k].addr;
		return (struct view){v.data + off, (size_t)min_u64(len, v.len - off), "text"};
	}
	return (struct view){NULL, 0, "text"};
}

static struct err *function_at(struct code *c, const struct gobin_func *info)
{
	if (info->end <= info->entry)
		return NULL;
	if (info->end - info->entry > MAX_FUNCTION) {
		c->stats.cut_states++;
		return NULL;
	}
	return code_function(c, info, code_bytes(c->g, info->entry, info->end - info->entry));
}

// Hits of one executable segment, in address order: each function once.
static struct err *scan_segment(struct code *c, const struct gobin_segment *seg)
{
	addr_t lo = UINT64_MAX, hi = 0, done = 0;
	size_t pos = 0;
	uint64_t addr, what;
	while (map_next(c->callees, &pos, &addr, &what)) {
		lo = min_u64(lo, addr);
		hi = max_u64(hi, addr);
	}
	const uint8_t *p = seg->bytes.data, *end = p + seg->bytes.len;
	while (end - p >= 5 && (p = memchr(p, 0xe8, (size_t)(end - p) - 4))) {
		addr_t pc = seg->addr + (uint64_t)(p - seg->bytes.data);
		int32_t rel;
		memcpy(&rel, p + 1, sizeof(rel));
		p++;
		addr_t to = pc + 5 + (uint64_t)(int64_t)rel;
		if (to < lo || to > hi || pc < done || !map_find(c->callees, to, &what))
			continue;
		if ((what & 0xff) != SPECIAL_ENTRY && (what & 0xff) != SPECIAL_GENERIC)
			continue;
		struct gobin_func info;
		struct err *err = gobin_func_find(c->g, pc, &info);
		if (err) { // padding, data in the text, C code
			err_free(err);
			continue;
		}
		c->stats.candidates++;
		if ((err = function_at(c, &info)))
			return err;
		done = max_u64(done, info.end);
		size_t skip = done - seg->addr;
		if (skip <= seg->bytes.len)
			p = seg->bytes.data + skip;
	}
	return NULL;
}

static void count(struct code *c)
{
	for (size_t k = 0; k < c->sites.len; k++) {
		enum code_type_from from = c->sites.at[k].type_from;
		c->stats.type_unknown += from == CODE_TYPE_UNKNOWN;
		c->stats.typed += from != CODE_TYPE_UNKNOWN && from != CODE_TYPE_NONE;
		c->stats.type_wanted += from != CODE_TYPE_NONE;
	}
}

struct err *code_scan(const struct gobin *g, struct code **ret)
{
	cleanup(code_closep) struct code *c = NULL;
	struct err *err = code_open(g, &c);
	const struct gobin_segment *segments;
	size_t n = gobin_segments(g, &segments);
	for (size_t k = 0; k < n && !err; k++)
		if (segments[k].x)
			err = scan_segment(c, &segments[k]);
	if (!err)
		err = dict_resolve(c);
	if (err)
		return err;
	count(c);
	*ret = take(c);
	return NULL;
}

struct err *code_follow(struct code *c, addr_t pc, addr_t callee, uint32_t *ret_first, uint32_t *ret_n)
{
	struct gobin_func info;
	struct err *err = gobin_func_find(c->g, pc, &info);
	if (err)
		return err;
	if (!c->followed && !(c->followed = map_new()))
		return &err_nomem;
	bool fresh;
	uint64_t *slot = map_at(c->followed, hash_u64(info.entry) ^ callee, &fresh);
	if (!slot)
		return &err_nomem;
	if (fresh) {
		uint32_t first = (uint32_t)c->sites.len;
		c->asked = callee;
		err = function_at(c, &info);
		c->asked = 0;
		if (err)
			return err;
		slot = map_at(c->followed, hash_u64(info.entry) ^ callee, NULL);
		*slot = (uint64_t)first << 32 | (uint32_t)(c->sites.len - first);
	}
	*ret_first = (uint32_t)(*slot >> 32);
	*ret_n = (uint32_t)*slot;
	return NULL;
}

void code_close(struct code *c)
{
	if (!c)
		return;
	vec_fini(&c->sites);
	vec_fini(&c->sinks);
	vec_fini(&c->entries);
	vec_fini(&c->dict_uses);
	vec_fini(&c->dict_passes);
	vec_fini(&c->f.insns);
	vec_fini(&c->f.blocks.at);
	vec_fini(&c->f.blocks.targets);
	vec_fini(&c->f.blocks.of_off);
	vec_fini(&c->f.saved);
	vec_fini(&c->f.sets);
	vec_fini(&c->f.loads);
	vec_fini(&c->f.site_of);
	vec_fini(&c->f.notes);
	arena_free(c->f.slots);
	map_free(c->callees);
	map_free(c->closures);
	map_free(c->followed);
	decoder_free(c->decoder);
	free(c);
}

size_t code_sites(const struct code *c, const struct code_site **ret)
{
	*ret = c->sites.at;
	return c->sites.len;
}

const struct code_site *code_site_find(const struct code *c, addr_t pc)
{
	size_t lo = 0, hi = c->sites.len;
	while (lo < hi) { // the last site that starts before pc
		size_t mid = (lo + hi) / 2;
		if (c->sites.at[mid].call < pc)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo < c->sites.len && c->sites.at[lo].call == pc)
		return &c->sites.at[lo];
	return lo && pc - c->sites.at[lo - 1].call <= 5 ? &c->sites.at[lo - 1] : NULL;
}

const struct code_sink *code_sink_at(const struct code *c, uint32_t index)
{
	assert(index < c->sinks.len);
	return &c->sinks.at[index];
}

enum code_entry code_entry_kind(const struct code *c, const struct code_site *s) { return c->entries.at[s->entry].row->kind; }
const char *code_entry_name(const struct code *c, const struct code_site *s) { return c->entries.at[s->entry].name; }
const struct code_stats *code_stats(const struct code *c) { return &c->stats; }
