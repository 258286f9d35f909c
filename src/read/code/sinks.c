// Where pointers of allocations went: notes while a function is followed, then each site's sinks, strongest first.
#include "read/code/parts.h"

#include <stdlib.h>

void val_each_site(const struct function *f, val v, void (*fn)(const struct function *f, uint32_t site, void *ctx), void *ctx)
{
	if (val_kind(v) == V_SITE)
		fn(f, val_id(v), ctx);
	if (val_kind(v) != V_SET || val_id(v) == SET_MANY)
		return;
	const struct set *s = &f->sets.at[val_id(v)];
	for (unsigned k = 0; k < s->n; k++)
		fn(f, s->site[k], ctx);
}

struct noting { struct function *f; uint32_t insn; struct code_sink sink; struct err *err; };

static void note_one(const struct function *unused, uint32_t site, void *ctx)
{
	(void)unused;
	struct noting *n = ctx;
	struct function *f = n->f;
	if (n->err)
		return;
	if ((n->sink.kind == CODE_TO_OBJECT || n->sink.kind == CODE_TO_CLOSURE) && n->sink.other == f->first_site + site)
		return; // into itself
	n->sink.at = f->info.entry + f->insns.at[n->insn].off;
	for (size_t k = f->notes.len; k-- > 0;)
		if (f->notes.at[k].site == site && f->notes.at[k].insn == n->insn) {
			f->notes.at[k].sink = n->sink;
			return;
		}
	n->err = vec_push(&f->notes, NOTES_MAX, "places a function's values go", (struct sink_note){site, n->insn, n->sink});
}

struct err *sink_note(struct function *f, val v, uint32_t insn, struct code_sink sink)
{
	struct noting n = {f, insn, sink, NULL};
	val_each_site(f, v, note_one, &n);
	return n.err;
}

// How the pointer that is stored through was reached: from a parameter, a global or an object made here, by loads.
static void path_of(const struct function *f, val v, struct code_sink *sink)
{
	while (val_kind(v) == V_LOAD) {
		const struct load *l = &f->loads.at[val_id(v)];
		if (sink->n_path == countof(sink->path))
			return; // too far away to be named
		sink->path[sink->n_path++] = l->off;
		v = l->base;
	}
	if (val_kind(v) == V_PARAM) {
		sink->from = CODE_FROM_PARAMETER;
		sink->reg = (uint8_t)val_id(v);
	} else if (val_kind(v) == V_ADDR) {
		sink->from = CODE_FROM_GLOBAL;
		sink->addr = val_addr(v);
	} else if (val_kind(v) == V_SITE) {
		sink->from = CODE_FROM_OBJECT;
		sink->other = f->first_site + val_id(v);
		sink->base_type = f->code->sites.at[sink->other].type;
	}
}

static bool is_slice(const struct function *f, uint32_t site)
{
	enum code_entry kind = f->code->entries.at[f->code->sites.at[site].entry].row->kind;
	return kind == CODE_MAKESLICE || kind == CODE_GROWSLICE || kind == CODE_MOVESLICE;
}

struct err *sink_store(struct function *f, val place, val v, uint32_t insn)
{
	struct code_sink sink = {.kind = CODE_TO_MEMORY};
	switch (val_kind(place)) {
	case V_BARRIER:
		return NULL;
	case V_ADDR:
		sink.kind = CODE_TO_GLOBAL;
		sink.addr = val_addr(place);
		break;
	case V_SITE: {
		const struct code_site *other = &f->code->sites.at[f->first_site + val_id(place)];
		sink.kind = type_is_closure(f->code, other->type) ? CODE_TO_CLOSURE : CODE_TO_OBJECT;
		sink.other = f->first_site + val_id(place);
		sink.base_type = other->type;
		sink.off = is_slice(f, sink.other) ? -1 : val_off(place); // of an element: its index is not known
		break;
	}
	case V_SET: {
		const struct set *set = val_id(place) == SET_MANY ? NULL : &f->sets.at[val_id(place)];
		sink.kind = CODE_TO_OBJECT;
		sink.other = f->first_site + (set ? set->site[0] : 0);
		break;
	}
	case V_SLOT:
		sink.kind = CODE_TO_MAP;
		sink.base_type = f->code->sites.at[f->first_site + val_id(place)].type;
		break;
	case V_PARAM:
	case V_LOAD:
		path_of(f, place, &sink);
		sink.off = val_off(place);
		break;
	case V_NONE:
	case V_CONST:
	case V_STACK:
		break;
	}
	return sink_note(f, v, insn, sink);
}

// Stronger first: what forces a value to the heap by itself, then what only may.
static const uint8_t rank[CODE_SINKS] = {
	[CODE_TO_CLOSURE] = 0, [CODE_TO_CHANNEL] = 1, [CODE_TO_MAP] = 2, [CODE_TO_GO] = 3, [CODE_TO_DEFER] = 4,
	[CODE_RETURNED] = 5, [CODE_TO_GLOBAL] = 6, [CODE_TO_MEMORY] = 7, [CODE_TO_OBJECT] = 8, [CODE_TO_INTERFACE] = 9,
	[CODE_MAYBE_RETURNED] = 10, [CODE_TO_CALL] = 11,
};

static int by_site(const void *a, const void *b)
{
	const struct sink_note *x = a, *y = b;
	if (x->site != y->site)
		return x->site < y->site ? -1 : 1;
	int dx = rank[x->sink.kind], dy = rank[y->sink.kind];
	return dx != dy ? dx - dy : x->insn < y->insn ? -1 : x->insn > y->insn;
}

struct err *sinks_take(struct function *f)
{
	if (f->notes.len)
		qsort(f->notes.at, f->notes.len, sizeof(f->notes.at[0]), by_site);
	struct err *err = NULL;
	for (size_t k = 0; k < f->notes.len && !err; k++) {
		const struct sink_note *n = &f->notes.at[k];
		struct code_site *s = &f->code->sites.at[f->first_site + n->site];
		if (!s->n_sinks)
			s->first_sink = (uint32_t)f->code->sinks.len;
		if (s->n_sinks == SINKS_OF_SITE)
			continue;
		err = vec_push(&f->code->sinks, SINKS_MAX, "places values go", n->sink);
		s->n_sinks += !err;
	}
	f->notes.len = 0;
	return err;
}

const char *code_sink_name(enum code_sink_kind k)
{
	static const char *const names[CODE_SINKS] = {
		"returned", "global", "memory", "object", "closure", "map", "channel", "go", "defer", "interface", "call",
		"maybe_returned",
	};
	assert(k < CODE_SINKS);
	return names[k];
}
