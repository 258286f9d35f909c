// The window: the sampler runs, this thread turns its samples into facts and takes the censuses in between.
#include "run/watch/watch.h"
#include "facts/collect/collect.h"
#include "read/kernel/kernel.h"
#include "run/watch/sampler.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAX_POINTS = 4096, MAX_GCS = 65536 };

struct watch {
	struct target *t;
	struct rt *rt; // this thread's own
	struct watch_options o;
	struct evidence *ev;
	struct sampler sampler;
	struct collect_sites *sites;
	struct collect_goroutines *goroutines;
	struct collect_kernel *kernel;
	int64_t start_ns;           // our monotonic clock
	instant_t wall_minus_mono;  // wall clock - our monotonic clock
	double census_seconds;      // how long the last one took
	double next_census, next_kernel; // seconds from the start
	uint64_t heap_bytes;
	struct err *gone; // why the window ended early
};

static int64_t clock_ns(clockid_t id)
{
	struct timespec ts;
	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static double elapsed(const struct watch *w) { return (double)(clock_ns(CLOCK_MONOTONIC) - w->start_ns) / 1e9; }

static struct err *take_gcs(struct watch *w, const struct sample *s)
{
	struct evidence *ev = w->ev;
	for (size_t i = 0; i < s->n_gcs; i++) {
		if (ev->gcs.len && s->gcs[i].cycle <= ev->gcs.at[ev->gcs.len - 1].cycle)
			continue;
		bool newest = i + 1 == s->n_gcs;
		struct ev_gc gc = {.end = s->gcs[i].pause_end_unix_ns, .cycle = s->gcs[i].cycle, .pause_ns = s->gcs[i].pause_ns,
				   .live = newest ? s->stats.heap_marked : 0, .goal = newest ? s->stats.next_gc : 0, .assist_share = -1};
		struct err *err = vec_push(&ev->gcs, MAX_GCS, "collections", gc);
		if (err)
			return err;
	}
	return NULL;
}

static struct err *take_point(struct watch *w, instant_t at, const struct rt_memstats *m)
{
	w->heap_bytes = m->heap_alloc;
	struct ev_point p = {.at = at, .heap_alloc = m->heap_alloc, .heap_objects = m->heap_objects, .heap_sys = m->heap_sys,
			     .heap_idle = m->heap_idle, .heap_released = m->heap_released, .stack_inuse = m->stack_inuse,
			     .total_alloc = m->total_alloc, .gc_cycle = m->num_gc, .has_heap = true};
	struct kernel_status status;
	struct err *err = kernel_status(target_pid(w->t), &status);
	if (err)
		return err;
	p.rss = status.rss;
	p.threads = status.threads;
	p.has_rss = true;
	return vec_push(&w->ev->points, MAX_POINTS, "points", p);
}

static struct err *take_samples(struct watch *w)
{
	struct err *err = NULL;
	for (struct sample *s; !err && (s = ring_get(&w->sampler.ring)); sample_free(s)) {
		instant_t at = s->monotonic_ns + w->wall_minus_mono;
		if (s->new_gc)
			err = take_gcs(w, s);
		instant_t last = w->ev->points.len ? w->ev->points.at[w->ev->points.len - 1].at : 0;
		if (!err && at - last >= 100000000) // ten points a second are enough for the totals
			err = take_point(w, at, &s->stats);
		if (!err && s->has_buckets)
			err = collect_sites_look(w->sites, at, s->stats.num_gc, s->changed.at, s->changed.len);
	}
	return err;
}

static struct err *take_census(struct watch *w, bool last)
{
	struct rt_census census = {0};
	double began = elapsed(w);
	struct err *err = rt_goroutines(w->rt, &census);
	if (!err)
		err = collect_goroutines_look(w->goroutines, clock_ns(CLOCK_REALTIME), &census, last);
	w->census_seconds = elapsed(w) - began;
	// About fifteen looks, unevenly spaced (trackingSeq wraps at 256), and at most a tenth of the time.
	double window = w->o.seconds > 0 ? w->o.seconds : 25;
	double step = fmax(window / 15, 10 * w->census_seconds);
	w->next_census = elapsed(w) + step * (0.75 + 0.5 * (double)(clock_ns(CLOCK_MONOTONIC) / 1000 % 1000) / 1000);
	w->sampler.counts.censuses++;
	rt_census_fini(&census);
	return err;
}

static bool enough(const struct watch *w, double seconds)
{
	if (w->o.seconds > 0)
		return seconds >= w->o.seconds;
	size_t gcs = w->ev->gcs.len;
	return (seconds >= 15 && gcs >= 12) || (seconds >= 30 && gcs >= 6) || seconds >= 45;
}

static struct err *look(struct watch *w, double seconds)
{
	struct err *err = take_samples(w);
	if (!err && seconds >= w->next_census)
		err = take_census(w, false);
	if (!err && seconds >= w->next_kernel) {
		err = collect_kernel_look(w->kernel, clock_ns(CLOCK_REALTIME));
		w->next_kernel = seconds + fmax(1, (w->o.seconds > 0 ? w->o.seconds : 25) / 12);
	}
	if (w->o.progress) {
		double of = w->o.seconds > 0 ? w->o.seconds : w->ev->gcs.len >= 12 ? 15 : w->ev->gcs.len >= 6 ? 30 : 45;
		uint64_t n = w->ev->points.len ? w->ev->points.at[w->ev->points.len - 1].goroutines : 0;
		w->o.progress(w->o.progress_ctx, &(struct watch_progress){seconds, of, (uint32_t)w->ev->gcs.len, n, w->heap_bytes});
	}
	return err;
}

// The target may end, or forbid reading from now on: the window ends there and the answer says so.
static struct err *gone_is_a_gap(struct watch *w, struct err *err)
{
	if (!err || w->ev->points.len == 0 || (err_kind(err) != ERR_GONE && target_alive(w->t)))
		return err;
	gap_add_err(&w->ev->gaps, GAP_TARGET_ENDED, NULL, err);
	return NULL;
}

static struct err *loop(struct watch *w)
{
	struct err *err = take_census(w, false);
	if (!err)
		err = collect_kernel_look(w->kernel, clock_ns(CLOCK_REALTIME));
	for (double s = 0; !err && !enough(w, s = elapsed(w));) {
		if (atomic_load(&w->sampler.ended) || (w->o.interrupted && *w->o.interrupted))
			break;
		err = look(w, s);
		nanosleep(&(struct timespec){0, 20000000}, NULL);
	}
	if (!err)
		err = take_samples(w);
	bool alive = !atomic_load(&w->sampler.ended);
	if (!err && alive)
		err = take_census(w, true);
	if (!err && alive)
		err = collect_kernel_end(w->kernel, clock_ns(CLOCK_REALTIME));
	return err;
}

static struct err *run(struct watch *w, const struct gobin *g)
{
	struct err *err = rt_attach(w->t, g, &w->rt);
	if (!err)
		err = rt_attach(w->t, g, &w->sampler.rt);
	struct rt_memstats m = {.mem_profile_rate = -1};
	if (!err && rt_has_memstats(w->rt))
		err = rt_memstats(w->rt, &m);
	if (err)
		return err;
	if (!(w->sites = collect_sites_new(w->ev, w->sampler.rt, m.mem_profile_rate)) ||
	    !(w->goroutines = collect_goroutines_new(w->ev, w->rt, w->t)) || !(w->kernel = collect_kernel_new(w->ev, w->t)))
		return &err_nomem;
	w->start_ns = clock_ns(CLOCK_MONOTONIC);
	w->ev->from = clock_ns(CLOCK_REALTIME);
	w->wall_minus_mono = w->ev->from - w->start_ns;
	if ((err = sampler_start(&w->sampler)))
		return err;
	err = loop(w);
	sampler_stop(&w->sampler);
	w->ev->to = clock_ns(CLOCK_REALTIME);
	for (struct sample *s; (s = ring_get(&w->sampler.ring));)
		sample_free(s);
	if (!err)
		err = take(w->sampler.err);
	if (!err)
		err = collect_layouts(w->ev, w->rt);
	if (!err)
		err = collect_limit(w->ev, target_pid(w->t), m.memory_limit);
	if (!err)
		err = collect_account(w->ev, w->t, w->rt);
	return gone_is_a_gap(w, err);
}

struct err *watch_process(struct target *t, const struct gobin *g, const struct watch_options *options, struct evidence *ev,
			  struct watch_counts *ret_counts)
{
	struct watch *w = calloc(1, sizeof(*w));
	if (!w)
		return &err_nomem;
	w->t = t;
	w->ev = ev;
	w->o = *options;
	w->o.poll_seconds = w->o.poll_seconds > 0 ? w->o.poll_seconds : 1e-3;
	w->o.least_seconds = w->o.least_seconds > 0 ? w->o.least_seconds : 10e-3;
	w->o.total_alloc_step = w->o.total_alloc_step ? w->o.total_alloc_step : 1 << 20;
	w->o.heap_alloc_step = w->o.heap_alloc_step ? w->o.heap_alloc_step : 512 << 10;
	w->sampler.options = w->o;
	struct err *err = collect_process(ev, t, g);
	if (!err)
		err = run(w, g);
	ev->gc_cycles = (uint32_t)ev->gcs.len;
	ev->gc_cycles_missed = (uint32_t)w->sampler.counts.gc_missed;
	char n[24];
	snprintf(n, sizeof(n), "%u", ev->gc_cycles_missed);
	if (ev->gc_cycles_missed)
		gap_add(&ev->gaps, GAP_GC_CYCLES_MISSED, NULL, n);
	snprintf(n, sizeof(n), "%u", ev->gc_cycles);
	if (ev->gc_cycles < 4)
		gap_add(&ev->gaps, GAP_FEW_COLLECTIONS, NULL, n);
	*ret_counts = w->sampler.counts;
	err_free(w->sampler.err);
	collect_sites_free(w->sites);
	collect_goroutines_free(w->goroutines);
	collect_kernel_free(w->kernel);
	rt_detach(w->sampler.rt);
	rt_detach(w->rt);
	free(w);
	return err;
}
