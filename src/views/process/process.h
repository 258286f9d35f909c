// process views: what a process or a core says about itself, as tables for people who want to look.
//   reads   read/goruntime (statistics, collections, buckets, spans, layouts, goroutines), read/account, read/kernel
//   gives   tables (show/show.h)
//   knows   headings, what is worth a row
//   costs   linear in what is shown
//   not     decisions: whether something grows or leaks is the judge's
#pragma once
#include "read/account/account.h"
#include "read/goruntime/goruntime.h"
#include "show/show.h"

// Every number of a sample: for people a line each (what, value), for programs one row with a column each.
must_use struct err *view_memstats(const struct rt_memstats *m, struct table **ret);
must_use struct err *view_memstats_row(const struct rt_memstats *m, struct table **ret);
// The last collections, oldest first.
must_use struct err *view_collections(const struct rt_gc *gcs, size_t n, struct table **ret);
// Allocation sites, the most live bytes first; at most `most` (0: all). sampled: as recorded; live and since start: scaled
// up from the sampling rate.
must_use struct err *view_buckets(const struct rt *rt, const struct rt_buckets *b, int64_t rate, size_t most, struct table **ret);
// Size classes that have spans.
must_use struct err *view_spans(const struct rt_spans *s, struct table **ret);
// Which struct of the runtime was read by which source's layout.
must_use struct err *view_layouts(const struct rt *rt, struct table **ret);

// ---- ps.c: who is there -------------------------------------------------------------------------------------------

struct process_row { // what is not known: NULL, "", 0; all strings borrowed
	int64_t pid;
	const char *program, *module, *module_version, *go_version;
	uint64_t rss, limit, heap_live, goroutines; // heap_live: marked by the last collection
	const char *limit_from;                     // "cgroup", "machine"
	double growth_per_second;                   // of the resident memory
	bool has_growth;
	instant_t started;
	int stripped; // -1 not known
	bool readable, pprof_linked;
	const char *because; // why it is not readable
	const char *listens; // "127.0.0.1:6060, [::]:80"
};
// growth: with that column.
must_use struct err *view_processes(const struct process_row *rows, size_t n, instant_t now, bool growth, struct table **ret);

// ---- account.c: where every resident byte is ------------------------------------------------------------------------

must_use struct err *view_account(const struct account *a, const struct kernel_limit *limit, struct table **ret); // limit may be NULL
// For programs: {"pid", "rss", "limit", ..., "parts": [...] and no closing brace.
must_use struct err *view_account_json(const struct account *a, const struct kernel_limit *limit, int64_t pid, struct strbuf *out);

// ---- goroutines.c, goroutines_all.c ------------------------------------------------------------------------------------

// Goroutines by group, the largest first; at most `most` (0: all).
must_use struct err *view_goroutine_groups(const struct rt *rt, const struct rt_census *c, size_t most, struct table **ret);
// Every goroutine by itself, as Go's own dump prints it (the runtime's own left out) or as a JSON array with all that is
// known (they are in it). Handed out piece by piece.
must_use struct err *view_goroutines_all(const struct rt *rt, const struct rt_census *c, bool json,
					 void (*put)(void *ctx, const char *s, size_t n), void *ctx);
