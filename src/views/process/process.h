// process views: what a process or a core says about itself, as tables for people who want to look.
//   reads   read/goruntime (statistics, collections, buckets, spans, layouts)
//   gives   tables (show/show.h)
//   knows   headings, what is worth a row
//   costs   linear in what is shown
//   not     decisions: whether something grows or leaks is the judge's
#pragma once
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
