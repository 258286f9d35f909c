// Machine code x allocation stacks -> why each site allocates and where its value goes.
//
// A stack's innermost frames up to the first physical function are matched against the inline tree at each allocation
// call of that function: same names, same lines, is the call. A value that is returned is followed on in the caller,
// which is the next frame.
#include "facts/collect/collect.h"
#include "read/code/code.h"

#include <stdlib.h>

enum {
	MAX_SITES = 2048,  // stacks explained: the largest
	DEEP = 12,         // frames of a stack looked at
	HOPS = 4,          // callers a returned value is followed into
	MAX_STEPS = 12,
	MAX_FRAMES = 32,
	MAX_NAMED = 1 << 16,
	MAX_WHYS = 1 << 16,
};

struct named { uint32_t func, next; }; // index in pclntab; index + 1 of the next of the same name

struct explaining {
	struct evidence *ev;
	const struct gobin *g;
	struct code *code;
	struct map *wanted; // str_id of a function's printed name -> index + 1 in named
	VEC(struct named) named;
};

struct found { // a call that a run of frames ends in
	uint32_t site;   // index in the code
	uint32_t outer;  // frame that is the physical function
	addr_t function; // its entry
};

static struct err *want(struct explaining *x, place_id place)
{
	str_id name = ev_get_place(x->ev, place).function;
	return !name || map_at(x->wanted, name, NULL) ? NULL : &err_nomem;
}

// Functions of the wanted names; in 1.27 a closure's name may belong to several.
static struct err *find_functions(struct explaining *x)
{
	for (uint32_t k = 0; k < gobin_func_count(x->g); k++) {
		struct gobin_func f;
		char printed[GOBIN_NAME_MAX];
		struct err *err = gobin_func_at(x->g, k, &f);
		if (err) {
			err_free(err);
			continue;
		}
		const char *name = gobin_name(f.name, printed);
		str_id id = ev_find(x->ev, name);
		uint64_t at;
		if (!id || !map_find(x->wanted, id, &at))
			continue;
		if ((err = vec_push(&x->named, MAX_NAMED, "functions of one name", (struct named){k, (uint32_t)at})))
			return err;
		*map_at(x->wanted, id, NULL) = x->named.len;
	}
	return NULL;
}

// Do the frames at a call, innermost first, equal frames[from..]? Ends with the physical function.
static bool same_frames(struct explaining *x, addr_t call, const struct stack *s, uint32_t from, uint32_t *ret_outer)
{
	struct gobin_frame at[MAX_FRAMES];
	size_t n = gobin_frames(x->g, call, at, countof(at));
	if (!n || from + n > s->len)
		return false;
	for (size_t k = 0; k < n; k++) {
		struct place p = ev_get_place(x->ev, s->frames[from + k]);
		char printed[GOBIN_NAME_MAX];
		if (p.line != at[k].line || strcmp(ev_str(x->ev, p.function), gobin_name(at[k].function, printed)))
			return false;
	}
	*ret_outer = from + (uint32_t)n - 1;
	return true;
}

// How well a site fits an object of `bytes`: the size class is at most an eighth above, or a page's rounding.
static int fitness(const struct code_site *s, enum code_entry kind, uint64_t bytes)
{
	if (kind == CODE_GO || kind == CODE_DEFER || kind == CODE_MAPASSIGN)
		return 1; // these allocate themselves only now and then
	if (!bytes || !s->bytes)
		return 2;
	return s->bytes <= bytes && bytes - s->bytes <= 16 + s->bytes / 6 ? 3 : 0;
}

// The allocation call (callee 0) or the call of `callee` that frames[from..] come from.
static struct err *find_call(struct explaining *x, const struct stack *s, uint32_t from, addr_t callee, uint64_t bytes, struct found *ret, bool *ret_found)
{
	int best = -1;
	*ret_found = false;
	for (uint32_t j = from; j < s->len && j < from + DEEP; j++) {
		uint64_t at = 0;
		map_find(x->wanted, ev_get_place(x->ev, s->frames[j]).function, &at);
		for (; at; at = x->named.at[at - 1].next) {
			struct gobin_func f;
			uint32_t first, n;
			struct err *err = gobin_func_at(x->g, x->named.at[at - 1].func, &f);
			if (!err)
				err = code_follow(x->code, f.entry, callee, &first, &n);
			if (err)
				return err;
			const struct code_site *sites;
			code_sites(x->code, &sites);
			for (uint32_t k = first; k < first + n; k++) {
				uint32_t outer;
				enum code_entry kind = code_entry_kind(x->code, &sites[k]);
				int fit = callee ? 2 : fitness(&sites[k], kind, bytes);
				if ((callee != 0) != (kind == CODE_CALL) || fit <= best || !same_frames(x, sites[k].call, s, from, &outer))
					continue;
				best = fit;
				*ret = (struct found){k, outer, f.entry};
				*ret_found = true;
			}
		}
		if (*ret_found)
			return NULL;
	}
	return NULL;
}

static str_id text_of(struct evidence *ev, struct strbuf *b)
{
	str_id id = ev_string(ev, strbuf_str(b), b->len);
	b->len = 0;
	return id;
}

// The steps inside one function, in terms; target becomes the name they end in. *ret_last: the last sink, NULL none.
static struct err *add_steps(struct explaining *x, struct ev_why *w, const struct code_site *s, const struct code_sink **ret_last)
{
	struct code_hop hops[HOPS];
	size_t n = code_flow(x->code, s, hops, countof(hops));
	cleanup(strbuf_finip) struct strbuf b = {0};
	*ret_last = n ? hops[n - 1].sink : NULL;
	for (size_t k = 0; k < n && w->flow.len < MAX_STEPS; k++) {
		code_step_text(x->code, hops[k].site, hops[k].sink, &b);
		struct err *err = vec_push(&w->flow, MAX_STEPS, "steps of a flow", text_of(x->ev, &b));
		if (err)
			return err;
		code_sink_text(x->code, hops[k].site, hops[k].sink, &b);
		w->target = b.len ? text_of(x->ev, &b) : w->target;
	}
	return NULL;
}

static bool is_returned(const struct code_sink *k) { return k && (k->kind == CODE_RETURNED || k->kind == CODE_MAYBE_RETURNED); }

static struct err *add_why(struct explaining *x, place_id place, struct ev_why *w)
{
	if (ev_why_find(x->ev, place)) {
		vec_fini(&w->flow);
		return NULL;
	}
	struct ev_why copy = *w;
	copy.place = place;
	struct err *err = vec_push(&x->ev->whys, MAX_WHYS, "explained places", copy);
	if (err)
		vec_fini(&w->flow);
	else
		w->flow.at = NULL, w->flow.len = w->flow.cap = 0;
	return err;
}

static void describe(struct explaining *x, const struct code_site *s, struct ev_why *w)
{
	cleanup(strbuf_finip) struct strbuf b = {0};
	w->source = EV_WHY_BINARY;
	w->construct = (enum ev_construct)s->construct;
	code_type_text(x->code, s, &b);
	w->type = w->subject = b.len ? text_of(x->ev, &b) : 0;
	code_instruction_text(x->code, s, &b);
	w->instruction = text_of(x->ev, &b);
}

// A site: its own line, and the user's line further out where that is another function.
static struct err *explain_site(struct explaining *x, struct ev_site *site)
{
	struct stack s = ev_get_stack(x->ev, site->stack);
	struct found at;
	bool found;
	struct err *err = find_call(x, &s, 0, 0, site->object_bytes, &at, &found);
	if (err || !found)
		return err;
	const struct code_site *sites;
	code_sites(x->code, &sites);
	struct ev_why w = {0};
	const struct code_sink *last;
	describe(x, &sites[at.site], &w);
	if (!site->type)
		site->type = w.type;
	err = add_steps(x, &w, &sites[at.site], &last);
	// followed on where it is returned, until it stays somewhere
	for (int hop = 0; hop < HOPS && !err && is_returned(last) && at.outer + 1 < s.len; hop++) {
		struct found next;
		err = find_call(x, &s, at.outer + 1, at.function, 0, &next, &found);
		if (!err && !found) // not called by name
			err = find_call(x, &s, at.outer + 1, CODE_ANY_INDIRECT, 0, &next, &found);
		if (err || !found)
			break;
		at = next;
		code_sites(x->code, &sites);
		err = add_steps(x, &w, &sites[at.site], &last);
		if (!err && last && !is_returned(last) && w.construct == EV_RETURN_OF_ADDRESS && s.frames[0] != site->site)
			w.construct = (enum ev_construct)sites[at.site].construct;
	}
	if (err) {
		vec_fini(&w.flow);
		return err;
	}
	return add_why(x, site->site, &w);
}

// A go statement: what it starts and what its closure takes along.
static struct err *explain_group(struct explaining *x, const struct ev_group *group)
{
	struct stack s = {&group->created_by, 1};
	struct found at;
	bool found;
	struct err *err = group->created_by ? find_call(x, &s, 0, 0, 0, &at, &found) : NULL;
	if (err || !group->created_by || !found)
		return err;
	const struct code_site *sites;
	code_sites(x->code, &sites);
	struct ev_why w = {0};
	const struct code_sink *last;
	describe(x, &sites[at.site], &w);
	err = add_steps(x, &w, &sites[at.site], &last);
	if (err) {
		vec_fini(&w.flow);
		return err;
	}
	return add_why(x, group->created_by, &w);
}

static uint64_t size_of(const struct ev_site *s)
{
	return s->points.len ? s->points.at[s->points.len - 1].live_bytes : 0;
}

static int larger_first(const void *a, const void *b, void *ctx)
{
	const struct evidence *ev = ctx;
	uint64_t x = size_of(&ev->sites.at[*(const uint32_t *)a]), y = size_of(&ev->sites.at[*(const uint32_t *)b]);
	return x < y ? 1 : x > y ? -1 : 0;
}

static struct err *explain_all(struct explaining *x, uint32_t *order, size_t n)
{
	struct evidence *ev = x->ev;
	struct err *err = NULL;
	for (size_t k = 0; k < n && !err; k++) {
		struct stack s = ev_get_stack(ev, ev->sites.at[order[k]].stack);
		for (uint32_t i = 0; i < s.len && i < HOPS * DEEP && !err; i++)
			err = want(x, s.frames[i]);
	}
	for (size_t k = 0; k < ev->groups.len && !err; k++)
		err = want(x, ev->groups.at[k].created_by);
	if (!err)
		err = find_functions(x);
	for (size_t k = 0; k < n && !err; k++)
		err = explain_site(x, &ev->sites.at[order[k]]);
	for (size_t k = 0; k < ev->groups.len && !err; k++)
		err = explain_group(x, &ev->groups.at[k]);
	return err;
}

struct err *collect_code(struct evidence *ev, const struct gobin *g)
{
	struct explaining x = {.ev = ev, .g = g};
	uint32_t *order = calloc(ev->sites.len + 1, sizeof(*order));
	struct err *err = order && (x.wanted = map_new()) ? code_open(g, &x.code) : &err_nomem;
	size_t n = ev->sites.len;
	for (size_t k = 0; !err && k < n; k++)
		order[k] = (uint32_t)k;
	if (!err) {
		qsort_r(order, n, sizeof(*order), larger_first, ev);
		err = explain_all(&x, order, n < MAX_SITES ? n : MAX_SITES);
	}
	free(order);
	map_free(x.wanted);
	vec_fini(&x.named);
	code_close(x.code);
	return err ? err_while(err, "explaining allocations by the machine code") : evidence_check(ev);
}
