// One look, for what does not go on living: a core. Counts, sites and groups at one instant; growth it cannot know.
#include "facts/collect/collect.h"
#include "run/watch/watch.h"

#include <stdlib.h>
#include <string.h>

static struct err *look_at_memory(struct rt *rt, struct evidence *ev, instant_t at)
{
	struct rt_memstats m;
	struct err *err = rt_has_memstats(rt) ? rt_memstats(rt, &m) : NULL;
	if (err || !rt_has_memstats(rt))
		return err;
	struct ev_point p = {.at = at, .heap_alloc = m.heap_alloc, .heap_objects = m.heap_objects, .heap_sys = m.heap_sys,
			     .heap_idle = m.heap_idle, .heap_released = m.heap_released, .stack_inuse = m.stack_inuse,
			     .total_alloc = m.total_alloc, .gc_cycle = m.num_gc, .has_heap = true};
	if ((err = vec_push(&ev->points, 1, "points", p)))
		return err;
	struct rt_gc gcs[256];
	size_t n = 0;
	err = rt_gcs(rt, gcs, &n);
	for (size_t i = 0; !err && i < n; i++)
		err = vec_push(&ev->gcs, countof(gcs), "collections",
			       (struct ev_gc){.end = gcs[i].pause_end_unix_ns, .cycle = gcs[i].cycle, .pause_ns = gcs[i].pause_ns,
					      .live = i + 1 == n ? m.heap_marked : 0, .assist_share = -1});
	if (err || !rt_has_buckets(rt))
		return err;
	cleanup(collect_sites_freep) struct collect_sites *sites = collect_sites_new(ev, rt, m.mem_profile_rate);
	struct rt_buckets buckets = {0};
	err = sites ? rt_buckets(rt, &buckets) : &err_nomem;
	if (!err)
		err = collect_sites_look(sites, at, m.num_gc, buckets.at.at, buckets.at.len);
	rt_buckets_fini(&buckets);
	return err;
}

struct err *watch_once(struct target *t, const struct gobin *g, struct evidence *ev)
{
	cleanup(rt_detachp) struct rt *rt = NULL;
	struct target_clock clock = {0};
	struct err *err = collect_process(ev, t, g);
	if (!err)
		err = rt_attach(t, g, &rt);
	if (!err)
		err = target_clock(t, &clock);
	if (err)
		return err;
	ev->from = ev->to = clock.wall;
	gap_add(&ev->gaps, GAP_ONE_INSTANT, NULL, NULL);
	err = look_at_memory(rt, ev, clock.wall);
	cleanup(collect_goroutines_freep) struct collect_goroutines *goroutines = collect_goroutines_new(ev, rt, t);
	struct rt_census census = {0};
	if (!err)
		err = goroutines ? rt_goroutines(rt, &census) : &err_nomem;
	if (!err)
		err = collect_goroutines_look(goroutines, clock.wall, &census, true);
	rt_census_fini(&census);
	return err ? err : collect_layouts(ev, rt);
}
