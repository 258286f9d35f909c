// The Go heap's part: resident runs of pages against spans.
#include "read/account/private.h"

#include <stdlib.h>
#include <string.h>

enum { SPANS_MAX = 1 << 26, ARENAS_MAX = 1 << 22, GO_PAGE = 8192, IN_USE = 1, MANUAL = 2 };

void go_heap_fini(struct go_heap *h)
{
	vec_fini(&h->spans);
	vec_fini(&h->arenas);
}

struct reading { struct go_heap *h; struct err *err; };

static bool keep_span(void *ctx, const struct rt_span *s)
{
	struct reading *r = ctx;
	if (s->state == IN_USE || s->state == MANUAL)
		r->err = vec_push(&r->h->spans, SPANS_MAX, "spans", *s);
	return !r->err;
}

static int by_base(const void *a, const void *b)
{
	const struct rt_span *x = a, *y = b;
	return (x->base > y->base) - (x->base < y->base);
}

static int by_start(const void *a, const void *b)
{
	const struct kernel_run *x = a, *y = b;
	return (x->start > y->start) - (x->start < y->start);
}

static struct err *read_arenas(struct rt *rt, struct go_heap *h)
{
	const struct rt_range *r;
	size_t n, k = 0;
	struct err *err = rt_arenas(rt, &r, &n);
	for (size_t i = 0; !err && i < n; i++)
		err = vec_push(&h->arenas, ARENAS_MAX, "arenas", (struct kernel_run){r[i].start, r[i].end});
	if (err || !h->arenas.len)
		return err;
	qsort(h->arenas.at, h->arenas.len, sizeof(*h->arenas.at), by_start);
	for (size_t i = 1; i < h->arenas.len; i++) {
		if (h->arenas.at[i].start <= h->arenas.at[k].end)
			h->arenas.at[k].end = max_u64(h->arenas.at[k].end, h->arenas.at[i].end);
		else
			h->arenas.at[++k] = h->arenas.at[i];
	}
	h->arenas.len = k + 1;
	return NULL;
}

// Manual spans are stacks, and the collector's work buffers: the statistics know how much of them are stacks.
static struct err *read_statistics(struct rt *rt, struct go_heap *h)
{
	struct rt_memstats m;
	double manual = 0;
	h->stack_share = 1;
	for (size_t i = 0; i < h->spans.len; i++)
		if (h->spans.at[i].state == MANUAL)
			manual += (double)h->spans.at[i].pages * GO_PAGE;
	if (!rt_has_memstats(rt))
		return NULL;
	struct err *err = rt_memstats(rt, &m);
	if (err)
		return err;
	if ((double)m.stack_inuse < manual)
		h->stack_share = (double)m.stack_inuse / manual;
	h->runtime_sys = m.mspan_sys + m.mcache_sys + m.buckhash_sys + m.gc_sys + m.other_sys;
	return NULL;
}

struct err *go_heap_read(struct rt *rt, struct go_heap *ret, struct gaps *gaps)
{
	struct reading r = {ret, NULL};
	if (!rt || !rt_has_spans(rt))
		return NULL; // the runtime's own gaps say why
	struct err *err = read_arenas(rt, ret);
	if (!err)
		err = rt_each_span(rt, keep_span, &r);
	if (!err)
		err = r.err;
	if (!err)
		err = read_statistics(rt, ret);
	if (err && (err_kind(err) == ERR_UNSUPPORTED || err_kind(err) == ERR_INPUT)) {
		gap_add_err(gaps, GAP_ACCOUNT_HEAP, NULL, err);
		ret->spans.len = 0;
		return NULL;
	}
	if (err)
		return err;
	if (ret->spans.len)
		qsort(ret->spans.at, ret->spans.len, sizeof(*ret->spans.at), by_base);
	ret->known = true;
	return NULL;
}

static addr_t span_end(const struct rt_span *s) { return s->base + s->pages * GO_PAGE; }

// `bytes` resident ones of a span, by what its slots hold.
static void add_span(const struct go_heap *h, const struct rt_span *s, double bytes, double parts[ACCOUNT_PARTS])
{
	if (s->state == MANUAL) {
		parts[ACCOUNT_STACKS] += bytes * h->stack_share;
		parts[ACCOUNT_RUNTIME] += bytes * (1 - h->stack_share);
		return;
	}
	double whole = (double)s->pages * GO_PAGE, elem = s->elem_bytes;
	if (s->slots == 1) // a large object: its size may not fit 32 bits
		elem = whole;
	uint32_t allocated = s->allocated < s->slots ? s->allocated : s->slots;
	uint32_t live = s->unswept && s->marked_live < allocated ? s->marked_live : allocated;
	double live_part = (double)live * elem / whole, garbage = (double)(allocated - live) * elem / whole;
	live_part = live_part < 1 ? live_part : 1;
	garbage = garbage < 1 - live_part ? garbage : 1 - live_part;
	parts[ACCOUNT_HEAP_LIVE] += bytes * live_part;
	parts[ACCOUNT_HEAP_GARBAGE] += bytes * garbage;
	parts[ACCOUNT_HEAP_FREE_SLOTS] += bytes * (1 - live_part - garbage);
}

// The first span that ends above addr.
static size_t first_span(const struct go_heap *h, addr_t addr)
{
	size_t lo = 0, hi = h->spans.len;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (span_end(&h->spans.at[mid]) <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

void go_heap_add(const struct go_heap *h, struct kernel_run run, double parts[ACCOUNT_PARTS])
{
	enum account_part between = h->known ? ACCOUNT_HEAP_IDLE : ACCOUNT_OTHER;
	addr_t at = run.start;
	for (size_t i = first_span(h, at); at < run.end && i < h->spans.len; i++) {
		const struct rt_span *s = &h->spans.at[i];
		addr_t start = max_u64(s->base, at), end = min_u64(span_end(s), run.end);
		if (start >= run.end)
			break;
		if (start >= end) // two spans over one place: read while they changed
			continue;
		parts[between] += (double)(start - at);
		add_span(h, s, (double)(end - start), parts);
		at = end;
	}
	parts[between] += (double)(run.end - at);
}
