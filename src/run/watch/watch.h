// watch: the observing loop: when to look, how hard, what to keep.
//   reads   a live Go process through goruntime and kernel; never stops it, writes nothing
//   gives   evidence over a window of time
//   knows   the cheap words are polled; full samples only when something moved; every collection is looked at, a missed
//           one is counted
//   costs   a sampler thread (one system call a millisecond) and an analysing one; a ring between them that never blocks
//   not     decisions (judge), words (show)
#pragma once
#include "facts/evidence/evidence.h"
#include "read/goruntime/goruntime.h"
#include "read/target/target.h"

struct watch_progress { double seconds, of_seconds; uint32_t gc_cycles; uint64_t goroutines, heap_bytes; };

struct watch_options {
	double seconds;             // > 0: exactly so long; 0: as long as the evidence needs, 10 to 45
	double poll_seconds;        // the cheap words; 0: 1 ms
	uint64_t total_alloc_step;  // a full sample when TotalAlloc moved by so much; 0: 1 MiB
	uint64_t heap_alloc_step;   // ... HeapAlloc; 0: 512 KiB
	double least_seconds;       // and at most so long after the last one: 0: 10 ms since, for what did move
	void (*progress)(void *ctx, const struct watch_progress *p); // called from watch_process's thread; may be NULL
	void *progress_ctx;
	const volatile int *interrupted; // ends early when not 0; may be NULL
};

struct watch_counts { uint64_t polls, full_samples, bucket_reads, censuses, ring_full, gc_missed; };

// ERR_GONE: it ended before the first sample; later the window just ends there, with a gap.
must_use struct err *watch_process(struct target *t, const struct gobin *g, const struct watch_options *options,
				   struct evidence *ev, struct watch_counts *ret_counts);
// One look at what does not go on living (a core): everything but growth, and a gap that says so.
must_use struct err *watch_once(struct target *t, const struct gobin *g, struct evidence *ev);
