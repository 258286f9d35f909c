// Allocation buckets, look by look -> series of sites.
//
// Invariants: (1) ev->looks ascends in time; (2) a site's points ascend in time, and each lies at a look that is or was
// kept; (3) at most KEEP looks: when full, every second one but the newest goes, and the least distance doubles.
#include "facts/collect/collect.h"

#include <stdlib.h>
#include <string.h>

enum { KEEP = 64, MAX_DEPTH = 128, MAX_BUCKETS = 1 << 20 };

struct collect_sites {
	struct evidence *ev;
	const struct rt *rt;
	uint64_t rate;
	struct map *site_of; // bucket address -> index in ev->sites
	int64_t least_ns;    // between two looks that are kept
	VEC(struct rt_bucket) last; // newest counters by bucket
	struct map *last_of;    // bucket address -> index in last
};

struct collect_sites *collect_sites_new(struct evidence *ev, const struct rt *rt, int64_t rate)
{
	cleanup(collect_sites_freep) struct collect_sites *c = calloc(1, sizeof(*c));
	if (!c || !(c->site_of = map_new()) || !(c->last_of = map_new()))
		return NULL;
	c->ev = ev;
	c->rt = rt;
	c->rate = rate > 0 ? (uint64_t)rate : rate == 0 ? 0 : 512 * 1024;
	return take(c);
}

void collect_sites_free(struct collect_sites *c)
{
	if (!c)
		return;
	map_free(c->site_of);
	map_free(c->last_of);
	vec_fini(&c->last);
	free(c);
}

// The profiler's own frames at the leaf (mallocgc, newobject, makeslice, ...) go, as pprof drops them.
static stack_id stack_of(struct collect_sites *c, const struct rt_bucket *b)
{
	place_id frames[MAX_DEPTH];
	uint32_t n = 0;
	for (uint32_t i = 0; i < b->n_stack && n < MAX_DEPTH; i++) {
		struct gobin_frame at[32];
		size_t levels = rt_frames(c->rt, b->stack[i], at, countof(at));
		for (size_t k = 0; k < levels && n < MAX_DEPTH; k++) {
			if (!n && !strncmp(at[k].function, "runtime.", 8) && (i + 1 < b->n_stack || k + 1 < levels))
				continue;
			if (n && !strcmp(at[k].function, "runtime.goexit"))
				continue;
			char name[GOBIN_NAME_MAX];
			frames[n++] = ev_place(c->ev, gobin_name(at[k].function, name), at[k].file, at[k].line);
		}
	}
	return ev_stack(c->ev, frames, n);
}

static struct ev_site *site_of(struct collect_sites *c, const struct rt_bucket *b)
{
	bool fresh;
	uint64_t *slot = map_at(c->site_of, b->addr, &fresh);
	if (!slot)
		return NULL;
	if (!fresh)
		return *slot == UINT64_MAX ? NULL : &c->ev->sites.at[*slot];
	struct ev_site *s = ev_site_at(c->ev, stack_of(c, b), b->size);
	*slot = s ? (uint64_t)(s - c->ev->sites.at) : UINT64_MAX;
	if (s)
		s->rate = c->rate;
	return s;
}

// Several buckets may share a site (specialised allocators leave different leaf frames): what one adds is its change.
static struct err *add_point(struct ev_site *s, instant_t at, uint32_t cycle, const struct rt_bucket *now, const struct rt_bucket *before)
{
	struct ev_site_point p = s->points.len ? s->points.at[s->points.len - 1] : (struct ev_site_point){0};
	p.at = at;
	p.gc_cycle = cycle;
	p.alloc_objects += now->published_allocs - before->published_allocs;
	p.alloc_bytes = p.alloc_objects * now->size;
	p.live_objects += (now->published_allocs - now->published_frees) - (before->published_allocs - before->published_frees);
	p.live_bytes = p.live_objects * now->size;
	if (s->points.len && s->points.at[s->points.len - 1].at == at) {
		s->points.at[s->points.len - 1] = p;
		return NULL;
	}
	return vec_push(&s->points, KEEP * 2, "points of a site", p);
}

// Every second look goes, the newest stays; points go with their looks where the next one covers them.
static void thin(struct collect_sites *c)
{
	struct evidence *ev = c->ev;
	size_t n = 0;
	for (size_t i = 0; i < ev->looks.len; i++)
		if ((ev->looks.len - 1 - i) % 2 == 0)
			ev->looks.at[n++] = ev->looks.at[i];
	ev->looks.len = n;
	for (size_t i = 0; i < ev->sites.len; i++) {
		struct ev_site *s = &ev->sites.at[i];
		size_t kept = 0, look = 0;
		for (size_t k = 0; k < s->points.len; k++) {
			// keep the last point at or before each kept look
			while (look < n && ev->looks.at[look].at < s->points.at[k].at)
				look++;
			bool covered = k + 1 < s->points.len && (look == n || s->points.at[k + 1].at <= ev->looks.at[look].at);
			if (!covered)
				s->points.at[kept++] = s->points.at[k];
		}
		s->points.len = kept;
	}
	int64_t span = ev->looks.at[n - 1].at - ev->looks.at[0].at;
	c->least_ns = span / (int64_t)n;
}

struct err *collect_sites_look(struct collect_sites *c, instant_t at, uint32_t gc_cycle, const struct rt_bucket *changed, size_t n)
{
	struct evidence *ev = c->ev;
	bool keep = !ev->looks.len || at - ev->looks.at[ev->looks.len - 1].at >= c->least_ns;
	struct err *err = NULL;
	if (keep)
		err = vec_push(&ev->looks, KEEP + 1, "looks", (struct ev_look){at, gc_cycle});
	for (size_t i = 0; !err && i < n; i++) {
		bool fresh;
		uint64_t *slot = map_at(c->last_of, changed[i].addr, &fresh);
		if (!slot)
			return &err_nomem;
		struct rt_bucket before = {0};
		if (fresh) {
			*slot = c->last.len;
			err = vec_push(&c->last, MAX_BUCKETS, "buckets", changed[i]);
		} else {
			before = c->last.at[*slot];
			c->last.at[*slot] = changed[i];
		}
		struct ev_site *s = err ? NULL : site_of(c, &changed[i]);
		if (s)
			err = add_point(s, at, gc_cycle, &changed[i], &before);
		// Between two kept looks only the newest point stays.
		if (!err && s && !keep && s->points.len >= 2 && ev->looks.len && s->points.at[s->points.len - 2].at > ev->looks.at[ev->looks.len - 1].at) {
			s->points.at[s->points.len - 2] = s->points.at[s->points.len - 1];
			s->points.len--;
		}
	}
	if (!err && ev->looks.len > KEEP)
		thin(c);
	return err ? err : evidence_check(ev);
}
