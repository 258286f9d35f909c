// Alignment of a trace's clock with wall time, best source first.
#include "read/trace/align.h"

#include "read/trace/trace.h"

#include <math.h>
#include <stdlib.h>

enum { SERIES_MAX = 2000, LEAST_MATCHES = 3 };
// How far a file's time may lie from the trace's end for the clock to be this boot's.
static const int64_t before_end_ns = 2000000000, after_end_ns = 600000000000;
static const int64_t gc_tolerance_ns = 5000000;

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return x < y ? -1 : x > y;
}

// Of each of a the distance to the nearest of b, under an offset; pairs within the tolerance are counted.
static size_t matches(const int64_t *a, size_t n_a, const int64_t *b, size_t n_b, int64_t offset, int64_t tolerance, int64_t *diffs)
{
	size_t n = 0, j = 0;
	for (size_t i = 0; i < n_a; i++) {
		int64_t at = a[i] + offset;
		while (j + 1 < n_b && b[j + 1] <= at)
			j++;
		int64_t best = b[j] - at;
		if (j + 1 < n_b && llabs(b[j + 1] - at) < llabs(best))
			best = b[j + 1] - at;
		if (llabs(best) <= tolerance)
			diffs[n++] = best;
	}
	return n;
}

bool align_series(const int64_t *a, size_t n_a, const int64_t *b, size_t n_b, int64_t tolerance_ns, int64_t *ret_offset_ns,
		  double *ret_error_seconds)
{
	int64_t diffs[SERIES_MAX], best_offset = 0;
	size_t best = 0, second = 0;
	n_a = n_a > SERIES_MAX ? SERIES_MAX : n_a;
	// Intervals between collections differ, so the first three of a's meeting b's anywhere try every offset there is.
	for (size_t i = 0; i < n_a && i < 8; i++) {
		for (size_t j = 0; j < n_b; j++) {
			int64_t offset = b[j] - a[i];
			size_t n = matches(a, n_a, b, n_b, offset, tolerance_ns, diffs);
			bool same = best && llabs(offset - best_offset) <= 2 * tolerance_ns;
			if (n > best) {
				second = same ? second : best;
				best = n;
				best_offset = offset;
			} else if (!same && n > second) {
				second = n;
			}
		}
	}
	if (best < LEAST_MATCHES || second == best)
		return false;
	size_t n = matches(a, n_a, b, n_b, best_offset, tolerance_ns, diffs);
	qsort(diffs, n, sizeof(*diffs), by_value);
	int64_t middle = diffs[n / 2];
	for (size_t i = 0; i < n; i++)
		diffs[i] = llabs(diffs[i] - middle);
	qsort(diffs, n, sizeof(*diffs), by_value);
	*ret_offset_ns = best_offset + middle;
	*ret_error_seconds = (double)diffs[n * 9 / 10 < n ? n * 9 / 10 : n - 1] / 1e9;
	return true;
}

static struct align from_snapshots(const struct study *s)
{
	struct align a = {.from = ALIGN_SNAPSHOTS};
	const struct trace_snapshot *first = &s->snapshots.at[0], *last = &s->snapshots.at[s->snapshots.len - 1];
	a.offset_ns = last->wall_ns - last->t_ns;
	// The wall clock is slewed against the other meanwhile.
	a.error_seconds = fabs((double)(a.offset_ns - (first->wall_ns - first->t_ns))) / 1e9 + 1e-6;
	return a;
}

static bool from_gc(const struct study *s, const struct align_hints *h, struct align *ret)
{
	int64_t *ends = calloc(s->gcs.len + 1, sizeof(*ends));
	size_t n = 0;
	for (size_t i = 0; ends && i < s->gcs.len; i++)
		if (s->gcs.at[i].end_ns)
			ends[n++] = s->gcs.at[i].end_ns;
	struct align a = {.from = ALIGN_GC};
	bool ok = ends && n && h->n_gc_ends &&
		  align_series(ends, n, h->gc_ends, h->n_gc_ends > SERIES_MAX ? SERIES_MAX : h->n_gc_ends, gc_tolerance_ns, &a.offset_ns, &a.error_seconds);
	free(ends);
	if (ok)
		*ret = a;
	return ok;
}

struct align align_study(const struct trace_info *info, const struct study *s, const struct align_hints *h)
{
	struct align a = {.from = ALIGN_NONE};
	if (s->snapshots.len)
		return from_snapshots(s);
	if (info->clock == TRACE_CLOCK_MONOTONIC && h->now_monotonic_ns) {
		int64_t offset = h->now_wall_ns - h->now_monotonic_ns, end = s->last_ns + offset;
		if (s->last_ns <= h->now_monotonic_ns && (!h->modified || (h->modified >= end - before_end_ns && h->modified <= end + after_end_ns)))
			return (struct align){ALIGN_SAME_BOOT, offset, 1e-4};
	}
	if (from_gc(s, h, &a))
		return a;
	if (h->modified)
		return (struct align){ALIGN_FILE_TIME, h->modified - s->last_ns, 2};
	return a;
}
