// Which wall time a trace's clock shows. Included by trace.h; see there.
#pragma once
#include "base/base.h"

enum align_from {
	ALIGN_NONE,      // not known: wall_of gives 0
	ALIGN_SNAPSHOTS, // the file's own pairs of clocks (Go 1.25 and later)
	ALIGN_SAME_BOOT, // CLOCK_MONOTONIC of this machine since its start
	ALIGN_GC,        // the ends of collections that both sides saw
	ALIGN_FILE_TIME, // the file was closed when the trace ended
};

struct align {
	enum align_from from;
	int64_t offset_ns; // wall minus the trace's clock
	double error_seconds;
};

static inline instant_t align_wall(const struct align *a, int64_t t_ns) { return a->from ? t_ns + a->offset_ns : 0; }

// What is known of the machine and the file where the trace itself does not say.
struct align_hints {
	int64_t now_monotonic_ns, now_wall_ns; // of this machine; 0, 0 = not to be used
	instant_t modified;                    // the file's time; 0 = not known
	const instant_t *gc_ends;              // of the same process, by wall clock, ascending
	size_t n_gc_ends;
};
struct study;
struct trace_info;
struct align align_study(const struct trace_info *info, const struct study *s, const struct align_hints *h);
// The offset under which most of a's instants meet one of b's (both ascending). False: fewer than 3 meet, or two offsets
// are as good.
bool align_series(const int64_t *a, size_t n_a, const int64_t *b, size_t n_b, int64_t tolerance_ns, int64_t *ret_offset_ns,
		  double *ret_error_seconds);
