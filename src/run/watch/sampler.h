// The sampler thread: polls the cheap words, takes full samples when something moved, hands them over through the ring.
#pragma once
#include "read/goruntime/goruntime.h"
#include "run/watch/ring.h"
#include "run/watch/watch.h"

#include <pthread.h>

// One full sample. Owned by whoever took it from the ring.
struct sample {
	int64_t monotonic_ns; // our own clock
	struct rt_memstats stats;
	bool new_gc;          // first sample of a new collection
	struct rt_gc gcs[8];  // the newest collections, oldest first (new_gc only)
	size_t n_gcs;
	VEC(struct rt_bucket) changed; // since the last sample that carried buckets; stacks borrow from the sampler's rt
	bool has_buckets;
};
void sample_free(struct sample *s);

struct sampler {
	struct rt *rt; // its own: nobody else uses it while it runs
	struct watch_options options;
	struct ring ring;
	struct watch_counts counts; // read after the thread has ended
	_Atomic bool stop, ended;
	struct err *err;            // why it ended by itself; read after `ended`
	pthread_t thread;
};

must_use struct err *sampler_start(struct sampler *s);
void sampler_stop(struct sampler *s); // joins; samples left in the ring are the caller's
