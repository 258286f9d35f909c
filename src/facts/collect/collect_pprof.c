// Profiles and goroutine dumps -> sites, groups, collections. Looks come in time order; what cannot be compared with the
// looks before it (another build, another sampling rate, counters that fell: a restart) starts the series anew.
#include "facts/collect/collect.h"
#include "read/pprof/pprof.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_DEPTH = 256, MAX_LOOKS = 10000 };

struct collect_pprof {
	struct evidence *ev;
	int64_t rate;
	char *build;       // of the profiles so far
	double allocated;  // bytes, of the last heap look
	size_t heap_looks, group_looks;
};

struct collect_pprof *collect_pprof_new(struct evidence *ev)
{
	struct collect_pprof *c = calloc(1, sizeof(*c));
	if (c)
		c->ev = ev;
	return c;
}

void collect_pprof_free(struct collect_pprof *c)
{
	if (!c)
		return;
	free(c->build);
	free(c);
}

// ---- stacks -------------------------------------------------------------------------------------------------------

static place_id place_of(struct evidence *ev, const struct pprof *p, const struct pprof_line *line)
{
	const struct pprof_function *f = &p->functions.at[line->function];
	return ev_place(ev, pprof_str(p, f->name), pprof_str(p, f->file), line->line > 0 && line->line <= UINT32_MAX ? (uint32_t)line->line : 0);
}

// Leaf first, inlined calls expanded; the allocator's own frames at the leaf go, so that a site that was met while the
// collector marked and one that was not are the same (Go 1.27 leaves different runtime frames there).
static uint32_t frames_of(struct evidence *ev, const struct pprof *p, size_t sample, bool drop_runtime, place_id to[MAX_DEPTH])
{
	uint32_t n = 0;
	for (uint32_t f = 0; f < p->depth.at[sample]; f++) {
		const struct pprof_location *l = &p->locations.at[p->frames.at[p->stack.at[sample] + f]];
		for (uint32_t i = 0; i < l->lines && n < MAX_DEPTH; i++) {
			const struct pprof_line *line = &p->lines.at[l->line_start + i];
			bool last = f + 1 == p->depth.at[sample] && i + 1 == l->lines;
			if (!n && drop_runtime && !last && ev_is_runtime(pprof_str(p, p->functions.at[line->function].name)))
				continue;
			to[n++] = place_of(ev, p, line);
		}
	}
	return n;
}

// ---- heap ---------------------------------------------------------------------------------------------------------

struct columns { size_t alloc, live; bool has_alloc; };

static size_t type_row(const struct pprof *p, const char *name)
{
	for (size_t i = 0; i < p->types.len; i++)
		if (!strcmp(pprof_str(p, p->types.at[i].type), name))
			return i;
	return SIZE_MAX;
}

static bool heap_columns(const struct pprof *p, struct columns *c)
{
	c->live = type_row(p, "inuse_objects");
	if (c->live == SIZE_MAX)
		c->live = type_row(p, "objects");
	c->alloc = type_row(p, "alloc_objects");
	c->has_alloc = c->alloc != SIZE_MAX;
	return c->live != SIZE_MAX;
}

static int64_t object_size(const struct pprof *p, size_t sample)
{
	const struct pprof_labels *set = &p->labels.at[p->label_set.at[sample]];
	for (uint32_t i = set->start; i < set->start + set->len; i++)
		if (p->label_rows.at[i].is_num && !strcmp(pprof_str(p, p->label_rows.at[i].key), "bytes"))
			return p->label_rows.at[i].num;
	return 0;
}

// Samples the runtime took: kept beside the values in text, won back from the scaled ones in a proto.
static uint64_t raw_count(const struct pprof *p, size_t sample, size_t type, bool live, int64_t size)
{
	int64_t v = p->raw ? p->counts.at[sample * 2 + !live] : pprof_value(p, sample, type);
	if (v <= 0)
		return 0;
	return p->raw ? (uint64_t)v : (uint64_t)llround((double)v / pprof_heap_scale(size, p->period));
}

static void restart_series(struct collect_pprof *c)
{
	for (size_t i = 0; i < c->ev->sites.len; i++)
		c->ev->sites.at[i].points.len = 0;
	c->ev->looks.len = 0;
	c->heap_looks = 0;
}

// Whether this profile continues the ones before it.
static void check_series(struct collect_pprof *c, const struct pprof *p, const struct columns *columns, const char *name)
{
	const char *build = p->mappings.len ? pprof_str(p, p->mappings.at[0].build_id) : "";
	const char *why = NULL;
	double allocated = 0;
	for (size_t i = 0; columns->has_alloc && i < p->samples; i++)
		allocated += (double)pprof_value(p, i, columns->alloc) * (double)object_size(p, i);
	if (c->heap_looks && c->build && *c->build && *build && strcmp(c->build, build))
		why = "another build";
	else if (c->heap_looks && c->rate != p->period)
		why = "another sampling rate";
	else if (c->heap_looks && columns->has_alloc && allocated < 0.9 * c->allocated)
		why = "the process was started again";
	if (why) {
		gap_add(&c->ev->gaps, GAP_PROFILE_SERIES, name, why);
		restart_series(c);
	}
	if (*build || !c->build) {
		free(c->build);
		c->build = strdup(build);
	}
	c->rate = p->period;
	c->allocated = allocated;
}

static struct err *add_to_site(struct ev_site *s, struct ev_site_point add)
{
	struct ev_site_point *last = s->points.len ? &s->points.at[s->points.len - 1] : NULL;
	if (!last || last->at != add.at)
		return vec_push(&s->points, MAX_LOOKS, "looks at a site", add);
	last->alloc_objects += add.alloc_objects;
	last->alloc_bytes += add.alloc_bytes;
	last->live_objects += add.live_objects;
	last->live_bytes += add.live_bytes;
	return NULL;
}

static struct err *add_sample(struct collect_pprof *c, const struct pprof *p, size_t i, const struct columns *columns, instant_t at, uint32_t cycle)
{
	struct evidence *ev = c->ev;
	place_id frames[MAX_DEPTH];
	int64_t size = object_size(p, i);
	struct ev_site_point point = {.at = at, .gc_cycle = cycle};
	point.live_objects = raw_count(p, i, columns->live, true, size);
	point.alloc_objects = columns->has_alloc ? raw_count(p, i, columns->alloc, false, size) : 0;
	if (size <= 0 || (!point.live_objects && !point.alloc_objects))
		return NULL;
	point.live_bytes = point.live_objects * (uint64_t)size;
	point.alloc_bytes = point.alloc_objects * (uint64_t)size;
	struct ev_site *s = ev_site_at(ev, ev_stack(ev, frames, frames_of(ev, p, i, true, frames)), (uint64_t)size);
	if (!s)
		return NULL; // past the maximum: evidence_check says so
	s->rate = p->period > 0 ? (uint64_t)p->period : 0;
	return add_to_site(s, point);
}

// A site that a look no longer names holds nothing any more.
static struct err *close_gone(struct evidence *ev, instant_t at, uint32_t cycle)
{
	struct err *err = NULL;
	for (size_t i = 0; !err && i < ev->sites.len; i++) {
		struct ev_site *s = &ev->sites.at[i];
		if (!s->points.len || s->points.at[s->points.len - 1].at == at)
			continue;
		struct ev_site_point p = s->points.at[s->points.len - 1];
		p.at = at;
		p.gc_cycle = cycle;
		p.live_objects = p.live_bytes = 0;
		err = vec_push(&s->points, MAX_LOOKS, "looks at a site", p);
	}
	return err;
}

static struct err *add_collections(struct evidence *ev, const struct pprof_memstats *m, instant_t at)
{
	struct err *err = NULL;
	uint64_t n = min_u64(m->num_gc, 256);
	struct ev_point point = {.at = at, .heap_alloc = m->heap_alloc, .heap_objects = m->heap_objects, .heap_sys = m->heap_sys, .heap_idle = m->heap_idle,
				 .heap_released = m->heap_released, .stack_inuse = m->stack_inuse, .total_alloc = m->total_alloc, .gc_cycle = (uint32_t)m->num_gc, .has_heap = true};
	for (uint64_t k = n; !err && k > 0; k--) {
		uint64_t cycle = m->num_gc - k + 1, slot = (cycle + 255) % 256;
		struct ev_gc gc = {.end = (instant_t)m->pause_end_ns[slot], .cycle = (uint32_t)cycle, .pause_ns = m->pause_ns[slot], .assist_share = -1};
		if (!ev->gcs.len || ev->gcs.at[ev->gcs.len - 1].cycle < gc.cycle)
			err = vec_push(&ev->gcs, 1 << 20, "collections", gc);
	}
	return err ? err : vec_push(&ev->points, 1 << 20, "looks", point);
}

static struct err *add_heap(struct collect_pprof *c, const struct pprof *p, const struct columns *columns, const char *name, instant_t at)
{
	struct evidence *ev = c->ev;
	uint32_t cycle = p->memstats.there ? (uint32_t)p->memstats.num_gc : 0;
	struct err *err = NULL;
	check_series(c, p, columns, name);
	for (size_t i = 0; !err && i < p->samples; i++)
		err = add_sample(c, p, i, columns, at, cycle);
	if (!err)
		err = close_gone(ev, at, cycle);
	if (!err)
		err = vec_push(&ev->looks, MAX_LOOKS, "looks", (struct ev_look){at, cycle});
	if (!err && p->memstats.there)
		err = add_collections(ev, &p->memstats, at);
	c->heap_looks++;
	return err;
}

// ---- goroutines ---------------------------------------------------------------------------------------------------

static place_id first_outside_runtime(const struct evidence *ev, const place_id *frames, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (!ev_is_runtime(ev_str(ev, ev_get_place(ev, frames[i]).function)))
			return frames[i];
	return n ? frames[0] : 0;
}

static place_id created_by(struct evidence *ev, const struct pprof *p, const struct pprof_goroutine *g)
{
	if (!g || g->created_by == PPROF_NONE)
		return 0;
	const struct pprof_location *l = &p->locations.at[g->created_by];
	return l->lines ? place_of(ev, p, &p->lines.at[l->line_start]) : 0;
}

static bool is_system(const struct evidence *ev, place_id entry)
{
	const char *name = ev_str(ev, ev_get_place(ev, entry).function);
	return ev_is_runtime(name) && strcmp(name, "runtime.main") && strcmp(name, "runtime.goexit");
}

static struct err *add_group_point(struct ev_group *g, instant_t at, uint64_t count)
{
	struct ev_group_point *last = g->points.len ? &g->points.at[g->points.len - 1] : NULL;
	if (!last || last->at != at)
		return vec_push(&g->points, MAX_LOOKS, "looks at a group", (struct ev_group_point){at, count});
	last->count += count;
	return NULL;
}

static struct err *add_goroutines_of(struct collect_pprof *c, const struct pprof *p, size_t i, bool leaked, instant_t at)
{
	struct evidence *ev = c->ev;
	place_id frames[MAX_DEPTH];
	const struct pprof_goroutine *g = p->goroutines.len ? &p->goroutines.at[i] : NULL;
	uint32_t n = frames_of(ev, p, i, false, frames);
	int64_t count = pprof_value(p, i, 0);
	if (count <= 0 || !n)
		return NULL;
	place_id entry = frames[n - 1];
	if (n > 1 && !strcmp(ev_str(ev, ev_get_place(ev, entry).function), "runtime.goexit"))
		entry = frames[n - 2];
	str_id state = g ? ev_cstr(ev, pprof_str(p, g->status)) : 0;
	struct ev_group *group = ev_group_at(ev, entry, created_by(ev, p, g), first_outside_runtime(ev, frames, n), state);
	if (!group)
		return NULL;
	bool new_look = !group->points.len || group->points.at[group->points.len - 1].at != at;
	group->state = state;
	group->stack = ev_stack(ev, frames, n);
	group->blocked_user = ev_user_frame(ev, group->stack);
	group->system = is_system(ev, entry);
	if (new_look) {
		group->wakes[EV_WAKE_UNKNOWN] = 0;
		group->marked_leaked = 0;
	}
	group->wakes[EV_WAKE_UNKNOWN] += (uint64_t)count;
	if (leaked || (g && g->leaked))
		group->marked_leaked += (uint64_t)count;
	return add_group_point(group, at, (uint64_t)count);
}

static struct err *add_goroutines(struct collect_pprof *c, const struct pprof *p, bool leaked, instant_t at)
{
	struct evidence *ev = c->ev;
	struct err *err = NULL;
	uint64_t all = 0;
	for (size_t i = 0; !err && i < p->samples; i++) {
		err = add_goroutines_of(c, p, i, leaked, at);
		all += pprof_value(p, i, 0) > 0 ? (uint64_t)pprof_value(p, i, 0) : 0;
	}
	for (size_t i = 0; !err && !leaked && i < ev->groups.len; i++)
		err = add_group_point(&ev->groups.at[i], at, 0); // no more of them: an explicit zero; adds nothing where there are
	if (!err && !leaked)
		err = vec_push(&ev->points, 1 << 20, "looks", (struct ev_point){.at = at, .goroutines = all, .has_goroutines = true});
	c->group_looks++;
	return err;
}

// ---- one profile --------------------------------------------------------------------------------------------------

static void add_target(struct evidence *ev, const struct pprof *p)
{
	if (!p->mappings.len)
		return;
	const char *file = pprof_str(p, p->mappings.at[0].file), *build = pprof_str(p, p->mappings.at[0].build_id);
	if (!ev->target.exe && *file)
		ev->target.exe = ev_cstr(ev, file);
	if (!ev->target.build_id && *build)
		ev->target.build_id = ev_cstr(ev, build);
}

instant_t collect_pprof_time(const struct pprof *p, instant_t otherwise)
{
	if (p->time_ns > 0)
		return p->time_ns;
	// Heap text has no time of its own; it cannot be older than its last collection.
	if (p->memstats.there && p->memstats.last_gc_ns && otherwise < (instant_t)p->memstats.last_gc_ns)
		return (instant_t)p->memstats.last_gc_ns;
	return otherwise;
}

struct err *collect_pprof_add(struct collect_pprof *c, const struct pprof *p, const char *name, instant_t otherwise)
{
	struct evidence *ev = c->ev;
	struct columns columns;
	const char *type = p->types.len ? pprof_str(p, p->types.at[0].type) : "";
	instant_t at = collect_pprof_time(p, otherwise);
	struct err *err = NULL;
	add_target(ev, p);
	gaps_join(&ev->gaps, &p->gaps);
	if (!ev->from || at < ev->from)
		ev->from = at;
	if (at > ev->to)
		ev->to = at;
	if (heap_columns(p, &columns))
		err = add_heap(c, p, &columns, name, at);
	else if (!strcmp(type, "goroutine") || !strcmp(type, "goroutineleak"))
		err = add_goroutines(c, p, !strcmp(type, "goroutineleak"), at);
	else
		gap_add(&ev->gaps, GAP_PROFILE_KIND, name, type);
	return err ? err : evidence_check(ev);
}
