#include "run/watch/sampler.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAX_CHANGED = 1 << 20 };

static int64_t now_ns(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

void sample_free(struct sample *s)
{
	if (s)
		vec_fini(&s->changed);
	free(s);
}

struct memory { // what the sampler remembers between samples
	struct rt_buckets buckets;
	struct map *seen; // bucket -> index into last
	VEC(struct rt_bucket) last;
};

// Keeps the buckets whose published counters moved.
static struct err *changed_buckets(struct memory *m, struct sample *to)
{
	for (size_t i = 0; i < m->buckets.at.len; i++) {
		const struct rt_bucket *b = &m->buckets.at.at[i];
		bool fresh;
		uint64_t *slot = map_at(m->seen, b->addr, &fresh);
		struct err *err = slot ? NULL : &err_nomem;
		if (!err && fresh) {
			*slot = m->last.len;
			err = vec_push(&m->last, MAX_CHANGED, "buckets", *b);
		} else if (!err) {
			struct rt_bucket *last = &m->last.at[*slot];
			if (last->published_allocs == b->published_allocs && last->published_frees == b->published_frees)
				continue;
			*last = *b;
		}
		if (!err)
			err = vec_push(&to->changed, MAX_CHANGED, "changed buckets", *b);
		if (err)
			return err;
	}
	to->has_buckets = true;
	return NULL;
}

static struct err *take_sample(struct sampler *s, struct memory *m, bool new_gc, uint32_t new_cycles, struct sample **ret)
{
	struct sample *to = calloc(1, sizeof(*to));
	struct err *err = to ? rt_memstats(s->rt, &to->stats) : &err_nomem;
	if (!err)
		to->monotonic_ns = now_ns();
	if (!err && new_gc) {
		struct rt_gc ring[256];
		size_t n = 0;
		to->new_gc = true;
		err = rt_gcs(s->rt, ring, &n);
		size_t want = new_cycles < countof(to->gcs) ? new_cycles : countof(to->gcs);
		to->n_gcs = n < want ? n : want;
		memcpy(to->gcs, ring + (n - to->n_gcs), to->n_gcs * sizeof(*ring));
		if (!err && rt_has_buckets(s->rt)) {
			s->counts.bucket_reads++;
			err = rt_buckets(s->rt, &m->buckets);
			if (!err && !m->buckets.torn)
				err = changed_buckets(m, to);
		}
	}
	s->counts.full_samples++;
	if (err)
		sample_free(to);
	else
		*ret = to;
	return err;
}

static void rest(double seconds)
{
	struct timespec ts = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
	nanosleep(&ts, NULL);
}

static uint64_t difference(uint64_t a, uint64_t b) { return a > b ? a - b : b - a; }

static struct err *sample_loop(struct sampler *s, struct memory *m)
{
	const struct watch_options *o = &s->options;
	struct rt_poll poll, last = {0};
	int64_t last_ns = 0;
	bool first = true;
	while (!atomic_load(&s->stop)) {
		struct err *err = rt_poll(s->rt, &poll);
		if (err)
			return err;
		s->counts.polls++;
		uint32_t new_cycles = poll.num_gc - last.num_gc;
		bool new_gc = first || new_cycles;
		bool moved = difference(poll.total_alloc, last.total_alloc) >= o->total_alloc_step ||
			     difference(poll.heap_alloc, last.heap_alloc) >= o->heap_alloc_step;
		if (new_gc || (moved && (double)(now_ns() - last_ns) >= o->least_seconds * 1e9)) {
			struct sample *sample = NULL;
			if ((err = take_sample(s, m, new_gc, first ? 1 : new_cycles, &sample)))
				return err;
			if (!first && new_cycles > 1)
				s->counts.gc_missed += new_cycles - 1;
			if (!ring_put(&s->ring, sample)) {
				s->counts.ring_full++;
				sample_free(sample);
			}
			last = poll;
			last_ns = now_ns();
			first = false;
		}
		rest(o->poll_seconds);
	}
	return NULL;
}

static void *run(void *arg)
{
	struct sampler *s = arg;
	struct memory m = {.seen = map_new()};
	s->err = m.seen ? sample_loop(s, &m) : &err_nomem;
	rt_buckets_fini(&m.buckets);
	map_free(m.seen);
	vec_fini(&m.last);
	atomic_store(&s->ended, true);
	return NULL;
}

struct err *sampler_start(struct sampler *s)
{
	int error = pthread_create(&s->thread, NULL, run, s);
	return error ? err_os(error, "starting the sampler thread") : NULL;
}

void sampler_stop(struct sampler *s)
{
	atomic_store(&s->stop, true);
	pthread_join(s->thread, NULL);
}
