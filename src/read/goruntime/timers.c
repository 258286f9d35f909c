// Pending timers of all Ps, and whom they will wake: time channels, context deadlines with the contexts below them, and
// whatever an AfterFunc can reach. Source: src/runtime/time.go, src/time/sleep.go, src/context/context.go, go1.21 to go1.27.
//
// All walks are bounded: the memory may be torn. A timer is believed when it belongs to the P it was found at and is in a
// state that fires. What an AfterFunc can reach, by every word of the objects on the way, is only a possibility.
#include "read/goruntime/gor.h"

#include <stdlib.h>
#include <string.h>

enum {
	MAX_TIMERS = 4 << 20, MAX_TIMER = 256, MAX_PENDING = 1 << 20, CONTEXT_BUDGET = 1 << 20, WALK_BUDGET = 200000,
	WALK_OBJECTS = 200, WALK_DEPTH = 4, WALK_BYTES = 512, MAX_OBJECT = 8192, CHUNK = 1024,
	STATE_ZOMBIE = 4, // 1.23 on
	CTX_DONE_TYPE = 24, CTX_DONE = 32, CTX_CHILDREN = 40, CTX_TIMER = 80, CTX_SIZE = 88,
};

enum what { WHAT_OTHER, WHAT_CHANNEL, WHAT_CONTEXT, WHAT_FUNC };

struct pending { int64_t when, period; addr_t timer, arg; enum what what; };

struct wake { int64_t when, period; bool maybe; };

struct timers {
	struct rt *rt;
	VEC(struct pending) at;
	struct map *what_of; // code address -> enum what
	struct map *wakes;   // channel, or another wait object -> index into found
	VEC(struct wake) found;
	struct map *wanted;  // wait objects nobody is known to wake
	struct map *goroutines; // addresses of g
	addr_t arenas;       // mheap.arenas[0]; 0 = not known
	uint64_t context_budget, walk_budget;
};

static struct err *add_wake(struct timers *t, addr_t object, struct wake w)
{
	bool fresh;
	uint64_t *slot = map_at(t->wakes, object, &fresh);
	if (!slot)
		return &err_nomem;
	if (fresh) {
		*slot = t->found.len;
		return vec_push(&t->found, MAX_PENDING, "wake-ups", w);
	}
	struct wake *old = &t->found.at[*slot];
	if ((old->maybe && !w.maybe) || (old->maybe == w.maybe && w.when < old->when))
		*old = w;
	return NULL;
}

// ---- the heaps ----------------------------------------------------------------------------------------------------

static enum what what_is(struct timers *t, addr_t f)
{
	uint64_t code, *slot;
	struct gobin_func fn;
	bool fresh;
	if (!gor_read(t->rt, f, &code, 8) || !(slot = map_at(t->what_of, code, &fresh)))
		return WHAT_OTHER;
	if (fresh) {
		struct err *err = gobin_func_find(t->rt->g, code - t->rt->bias, &fn);
		const char *name = err ? "" : fn.name;
		*slot = !strcmp(name, "time.sendTime") ? WHAT_CHANNEL : !strcmp(name, "time.goFunc") ? WHAT_FUNC
		      : !strncmp(name, "context.", 8) ? WHAT_CONTEXT : WHAT_OTHER;
		err_free(err);
	}
	return (enum what)*slot;
}

// When it fires; 0: it does not.
static int64_t fires(const struct rt *rt, const uint8_t *t, addr_t owner)
{
	int64_t when = (int64_t)rt_get(rt, K_TIMER_WHEN, t);
	if (rt_known(rt, K_TIMER_STATE)) { // 1.23 on
		if ((rt_get(rt, K_TIMER_STATE, t) & STATE_ZOMBIE) || (rt_known(rt, K_TIMER_TS) && rt_get(rt, K_TIMER_TS, t) != owner))
			return 0;
		return when > 0 ? when : 0;
	}
	if (!rt_known(rt, K_TIMER_STATUS))
		return 0;
	switch (rt_get(rt, K_TIMER_STATUS, t)) {
	case 1: case 2: case 6: case 9: return when > 0 ? when : 0; // waiting, running, modifying, moving
	case 7: case 8: return rt_known(rt, K_TIMER_NEXTWHEN) ? (int64_t)rt_get(rt, K_TIMER_NEXTWHEN, t) : 0; // modified
	default: return 0;
	}
}

static struct err *read_timers(struct timers *t, const addr_t *addrs, size_t n, addr_t owner)
{
	struct rt *rt = t->rt;
	uint32_t size = rt_off(rt, K_SIZEOF_TIMER);
	uint8_t *bytes = calloc(n, size);
	struct mem_range *ranges = calloc(n, sizeof(*ranges));
	struct err *err = bytes && ranges ? NULL : &err_nomem;
	for (size_t i = 0; !err && i < n; i++)
		ranges[i] = (struct mem_range){addrs[i], bytes + i * size, size, 0};
	if (!err)
		err = rt_readv(rt, ranges, n);
	for (size_t i = 0; !err && i < n; i++) {
		const uint8_t *b = bytes + i * size;
		int64_t when = ranges[i].got == size ? fires(rt, b, owner) : 0;
		if (when <= 0)
			continue;
		struct pending p = {when, (int64_t)rt_get(rt, K_TIMER_PERIOD, b), addrs[i], 0, what_is(t, rt_get(rt, K_TIMER_F, b))};
		memcpy(&p.arg, b + rt_off(rt, K_TIMER_ARG) + 8, 8); // an interface: type, data
		if (p.what != WHAT_OTHER)
			err = vec_push(&t->at, MAX_TIMERS, "timers", p);
	}
	free(bytes);
	free(ranges);
	return err;
}

// The array may be replaced while it is read: rt_slice reads its header until two readings agree; entries that do not
// belong to this P any more are dropped by fires().
static struct err *heap_of(struct timers *t, addr_t p)
{
	struct rt *rt = t->rt;
	bool entries = rt_known(rt, K_TIMERS_HEAP); // 1.23 on: pairs of timer and time
	uint32_t stride = entries ? 16 : 8;
	addr_t owner = p + rt_off(rt, K_P_TIMERS), data;
	uint64_t len;
	struct err *err = rt_slice(rt, owner + (entries ? rt_off(rt, K_TIMERS_HEAP) : 0), stride, MAX_TIMERS, "timers", &data, &len);
	if (err) {
		err_free(err); // torn: these wake-ups stay unknown
		return NULL;
	}
	addr_t addrs[CHUNK];
	uint64_t words[CHUNK * 2];
	for (uint64_t i = 0; i < len; i += CHUNK) {
		size_t n = len - i < CHUNK ? len - i : CHUNK;
		if (!gor_read(rt, data + i * stride, words, n * stride))
			break;
		for (size_t k = 0; k < n; k++)
			addrs[k] = words[k * stride / 8];
		if ((err = read_timers(t, addrs, n, owner)))
			return err;
	}
	return NULL;
}

// ---- contexts -----------------------------------------------------------------------------------------------------

struct context_queue { VEC(addr_t) at; };

static struct err *enqueue_key(struct context_queue *q, const uint8_t *key) // an interface: itab, data
{
	addr_t child;
	memcpy(&child, key + 8, 8);
	return child ? vec_push(&q->at, CONTEXT_BUDGET, "contexts", child) : NULL;
}

static struct err *swiss_group(struct timers *t, addr_t group, struct context_queue *q)
{
	uint8_t g[8 + 8 * 24];
	uint32_t stride = strstr(gobin_buildinfo(t->rt->g)->experiments, "mapsplitgroup") ? 16 : 24;
	struct err *err = NULL;
	if (!gor_read(t->rt, group, g, sizeof(g)))
		return NULL;
	for (unsigned i = 0; !err && i < 8; i++)
		if (!(g[i] & 0x80)) // full
			err = enqueue_key(q, g + 8 + i * stride);
	return err;
}

static struct err *swiss_map(struct timers *t, addr_t map, struct context_queue *q)
{
	uint64_t m[6], table[4], last = 0;
	if (!gor_read(t->rt, map, m, sizeof(m)) || !m[0])
		return NULL;
	if (!m[3])
		return swiss_group(t, m[2], q);
	for (uint64_t i = 0; i < m[3] && i < 1 << 16; i++) {
		uint64_t at;
		if (!gor_read(t->rt, m[2] + 8 * i, &at, 8) || at == last || !gor_read(t->rt, at, table, sizeof(table)))
			continue;
		last = at;
		for (uint64_t k = 0; k <= table[3] && k < 1 << 16 && t->context_budget; k++, t->context_budget--) {
			struct err *err = swiss_group(t, table[2] + k * (8 + 8 * 24), q);
			if (err)
				return err;
		}
	}
	return NULL;
}

static struct err *old_map(struct timers *t, addr_t map, struct context_queue *q)
{
	uint8_t h[48], b[144];
	uint64_t buckets[2];
	if (!gor_read(t->rt, map, h, sizeof(h)) || h[9] > 20)
		return NULL;
	memcpy(buckets, h + 16, 16); // and the old ones, while it grows
	for (unsigned which = 0; which < 2 && buckets[which]; which++)
		for (uint64_t i = 0; i < 1ull << (h[9] - (which && h[9])) && t->context_budget; i++) {
			addr_t at = buckets[which] + i * sizeof(b);
			for (unsigned chain = 0; at && chain < 64 && t->context_budget-- && gor_read(t->rt, at, b, sizeof(b)); chain++) {
				for (unsigned k = 0; k < 8; k++) {
					struct err *err = b[k] >= 5 ? enqueue_key(q, b + 8 + 16 * k) : NULL;
					if (err)
						return err;
				}
				memcpy(&at, b + 136, 8);
			}
		}
	return NULL;
}

// The deadline cancels c and every context below it: whoever waits on their done channels is woken.
static struct err *cancel_tree(struct timers *t, addr_t c, int64_t when)
{
	struct context_queue q = {0};
	bool swiss = t->rt->minor >= 24 && !strstr(gobin_buildinfo(t->rt->g)->experiments, "noswissmap");
	struct err *err = vec_push(&q.at, CONTEXT_BUDGET, "contexts", c);
	for (size_t i = 0; !err && i < q.at.len && t->context_budget; i++, t->context_budget--) {
		uint64_t done, children;
		if (!gor_read(t->rt, q.at.at[i] + CTX_DONE, &done, 8) || !gor_read(t->rt, q.at.at[i] + CTX_CHILDREN, &children, 8))
			continue;
		if (done)
			err = add_wake(t, done, (struct wake){when, 0, false});
		if (!err && children)
			err = swiss ? swiss_map(t, children, &q) : old_map(t, children, &q);
	}
	vec_fini(&q.at);
	return err;
}

// The timer's closure captured the context whose timer it is.
static bool context_of(const struct timers *t, const struct pending *p, addr_t *ret)
{
	uint64_t closure[4], timer;
	if (!gor_read(t->rt, p->arg, closure, sizeof(closure)))
		return false;
	for (unsigned i = 1; i < 4; i++)
		if (closure[i] && closure[i] % 8 == 0 && gor_read(t->rt, closure[i] + CTX_TIMER, &timer, 8) &&
		    (timer + 8 == p->timer || timer + 16 == p->timer)) {
			*ret = closure[i];
			return true;
		}
	return false;
}

// ---- AfterFunc ----------------------------------------------------------------------------------------------------

struct object { addr_t base; uint64_t size; };

// The allocated slot that p points into, through the arena's table of spans.
static bool object_at(struct timers *t, addr_t p, struct object *ret)
{
	struct rt *rt = t->rt;
	uint64_t arena, span, start, size;
	uint8_t state;
	uint64_t index = (p + (rt->arch == GOBIN_AMD64 ? 1ull << 47 : 0)) >> 26;
	if (p < 1 << 16 || p >> 47 || index >= 1 << 22 || !t->arenas || !gor_read(rt, t->arenas + 8 * index, &arena, 8) || !arena ||
	    !gor_read(rt, arena + rt_off(rt, K_HEAPARENA_SPANS) + 8 * ((p >> 13) & 8191), &span, 8) || !span ||
	    !gor_read(rt, span + rt_off(rt, K_MSPAN_STATE), &state, 1) || state != 1 ||
	    !gor_read(rt, span + rt_off(rt, K_MSPAN_STARTADDR), &start, 8) || !gor_read(rt, span + rt_off(rt, K_MSPAN_ELEMSIZE), &size, 8))
		return false;
	if (!size || p < start)
		return false;
	*ret = (struct object){start + (p - start) / size * size, size};
	return true;
}

// Breadth first from the closure. Goroutines and large objects are not entered: through them everything reaches everything.
static struct err *walk_closure(struct timers *t, const struct pending *p)
{
	struct { struct object o; unsigned depth; } queue[WALK_OBJECTS] = {0};
	size_t n = object_at(t, p->arg, &queue[0].o) ? 1 : 0;
	for (size_t i = 0; i < n && t->walk_budget; i++, t->walk_budget--) {
		uint64_t words[WALK_BYTES / 8];
		struct mem_range r = {queue[i].o.base, words, queue[i].o.size < sizeof(words) ? queue[i].o.size : sizeof(words), 0};
		err_free(t->rt->mem->readv(t->rt->mem->ctx, &r, 1));
		for (size_t k = 0; k < r.got / 8; k++) {
			struct object o;
			bool wanted = map_find(t->wanted, words[k], NULL);
			struct err *err = wanted ? add_wake(t, words[k], (struct wake){p->when, p->period, true}) : NULL;
			if (err)
				return err;
			if (wanted || queue[i].depth + 1 >= WALK_DEPTH || n == WALK_OBJECTS || !object_at(t, words[k], &o) || o.size > MAX_OBJECT ||
			    map_find(t->goroutines, o.base, NULL))
				continue;
			bool seen = false;
			for (size_t j = 0; !seen && j < n; j++)
				seen = queue[j].o.base == o.base;
			if (!seen) {
				queue[n].o = o;
				queue[n++].depth = queue[i].depth + 1;
			}
		}
	}
	return NULL;
}

// ---- all together -------------------------------------------------------------------------------------------------

static struct err *resolve(struct timers *t)
{
	for (size_t i = 0; i < t->at.len; i++) {
		const struct pending *p = &t->at.at[i];
		addr_t c;
		struct err *err = NULL;
		if (p->what == WHAT_CHANNEL)
			err = add_wake(t, p->arg, (struct wake){p->when, p->period, false});
		else if (context_of(t, p, &c))
			err = cancel_tree(t, c, p->when);
		else if (map_len(t->wanted) && t->walk_budget)
			err = walk_closure(t, p);
		if (err)
			return err;
	}
	return NULL;
}

static bool waits_for_somebody(const struct rt_goroutine *g)
{
	return g->n_objects && (g->wake == RT_WAKE_NONE || g->wake == RT_WAKE_UNKNOWN);
}

static void apply(const struct timers *t, struct rt_census *c)
{
	for (size_t i = 0; i < c->at.len; i++) {
		struct rt_goroutine *g = &c->at.at[i];
		for (uint32_t k = 0; k < g->n_objects && g->wake != RT_WAKE_ONCE; k++) {
			uint64_t index;
			if (!map_find(t->wakes, c->objects.at[g->objects_at + k].addr, &index))
				continue;
			const struct wake *w = &t->found.at[index];
			if (w->maybe && g->wake != RT_WAKE_NONE && g->wake != RT_WAKE_UNKNOWN)
				continue;
			g->wake = w->maybe ? RT_WAKE_MAYBE : w->period > 0 ? RT_WAKE_TICKER : RT_WAKE_ONCE;
			g->wake_ns = w->when;
			g->wake_period_ns = w->period;
		}
	}
}

struct err *gor_timers(struct rt *rt, struct rt_census *c)
{
	static const enum rt_key keys[] = {K_SIZEOF_TIMER, K_TIMER_WHEN, K_TIMER_PERIOD, K_TIMER_F, K_TIMER_ARG, K_P_TIMERS};
	for (size_t i = 0; i < countof(keys); i++)
		if (!rt_known(rt, keys[i])) {
			gap_add(&rt->gaps, GAP_LAYOUT_UNKNOWN, "timers", layout_field_name(keys[i]));
			return NULL;
		}
	struct timers t = {.rt = rt, .what_of = map_new(), .wakes = map_new(), .wanted = map_new(), .goroutines = map_new(), .context_budget = CONTEXT_BUDGET, .walk_budget = WALK_BUDGET};
	struct err *err = t.what_of && t.wakes && t.wanted && t.goroutines ? rt_ps(rt) : &err_nomem;
	for (size_t i = 0; !err && i < rt->allp.len; i++)
		err = heap_of(&t, rt->allp.at[i]);
	static const enum rt_key heap[] = {K_MHEAP_ARENAS, K_HEAPARENA_SPANS, K_MSPAN_STATE, K_MSPAN_STARTADDR, K_MSPAN_ELEMSIZE};
	bool known = rt_global(rt, G_MHEAP) != 0;
	for (size_t i = 0; i < countof(heap); i++)
		known = known && rt_known(rt, heap[i]);
	if (!known || !gor_read(rt, rt_global(rt, G_MHEAP) + rt_off(rt, K_MHEAP_ARENAS), &t.arenas, 8))
		t.arenas = 0;
	for (size_t i = 0; !err && t.at.len && i < c->at.len; i++)
		if (!map_at(t.goroutines, c->at.at[i].addr, NULL))
			err = &err_nomem;
	for (size_t i = 0; !err && t.at.len && i < c->at.len; i++)
		for (uint32_t k = 0; !err && waits_for_somebody(&c->at.at[i]) && k < c->at.at[i].n_objects; k++)
			if (!map_at(t.wanted, c->objects.at[c->at.at[i].objects_at + k].addr, NULL))
				err = &err_nomem;
	if (!err)
		err = resolve(&t);
	if (!err)
		apply(&t, c);
	map_free(t.what_of);
	map_free(t.wakes);
	map_free(t.wanted);
	map_free(t.goroutines);
	vec_fini(&t.at);
	vec_fini(&t.found);
	return err_while(err, "reading the timers");
}
