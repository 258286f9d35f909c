#include "views/process/process.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct err *done(struct table *t, struct table **ret)
{
	struct err *err = table_check(t);
	if (err)
		table_free(t);
	else
		*ret = t;
	return err;
}

// ---- memory statistics ----------------------------------------------------------------------------------------------

static const struct { const char *key, *heading; enum cell_kind kind; size_t off; uint8_t width; } numbers[] = {
#define N(key, heading, kind) {#key, heading, kind, offsetof(struct rt_memstats, key), sizeof(((struct rt_memstats *)0)->key)}
	N(heap_alloc, "live and not yet swept objects", CELL_BYTES),
	N(heap_objects, "objects", CELL_COUNT),
	N(heap_marked, "live after the last mark", CELL_BYTES),
	N(heap_inuse, "spans in use", CELL_BYTES),
	N(heap_idle, "spans idle", CELL_BYTES),
	N(heap_released, "of these given back to the system", CELL_BYTES),
	N(heap_sys, "heap from the system", CELL_BYTES),
	N(stack_inuse, "goroutine stacks", CELL_BYTES),
	N(stack_sys, "stacks from the system", CELL_BYTES),
	N(mspan_sys, "span descriptors", CELL_BYTES),
	N(mcache_sys, "caches", CELL_BYTES),
	N(buckhash_sys, "heap profile", CELL_BYTES),
	N(gc_sys, "collector", CELL_BYTES),
	N(other_sys, "rest of the runtime", CELL_BYTES),
	N(sys, "all from the system", CELL_BYTES),
	N(total_alloc, "allocated since the start", CELL_BYTES),
	N(mallocs, "objects allocated since the start", CELL_COUNT),
	N(frees, "objects freed since the start", CELL_COUNT),
	N(heap_live, "heap as the collector counts it", CELL_BYTES),
	N(next_gc, "next collection at", CELL_BYTES),
	N(num_gc, "collections", CELL_COUNT),
	N(num_forced_gc, "of these forced", CELL_COUNT),
	N(pause_total_ns, "stopped for collections", CELL_SECONDS),
	N(last_gc_unix_ns, "last collection", CELL_INSTANT),
	N(memory_limit, "GOMEMLIMIT", CELL_BYTES),
	N(gc_percent, "GOGC", CELL_NUMBER),
	N(mem_profile_rate, "bytes between two samples of the heap profile", CELL_BYTES),
#undef N
};

static int64_t number(const struct rt_memstats *m, size_t i)
{
	int64_t v = 0;
	int32_t narrow;
	const uint8_t *at = (const uint8_t *)m + numbers[i].off;
	if (numbers[i].width == 4) {
		memcpy(&narrow, at, 4);
		return numbers[i].kind == CELL_COUNT ? (int64_t)(uint32_t)narrow : narrow;
	}
	memcpy(&v, at, 8);
	return v;
}

static void put_value(struct table *t, size_t i, int64_t v)
{
	char buf[FMT_MAX];
	switch (numbers[i].kind) {
	case CELL_BYTES:
		if (v >= 1ll << 60) // no limit; no collection ever with GOGC off
			table_text(t, "none");
		else if (v < 0)
			table_empty(t);
		else
			table_text(t, fmt_bytes(buf, (double)v));
		break;
	case CELL_COUNT:
		table_text(t, fmt_count(buf, (uint64_t)v));
		break;
	case CELL_SECONDS:
		table_text(t, fmt_seconds(buf, (double)v / 1e9));
		break;
	case CELL_INSTANT:
		table_text(t, v ? fmt_instant(buf, v) : "none yet");
		break;
	case CELL_TEXT: case CELL_PERCENT: case CELL_NUMBER: case CELL_FLAG: case CELL_BAR:
		if (v < 0)
			table_text(t, "off");
		else
			table_textf(t, "%lld", (long long)v);
		break;
	}
}

struct err *view_memstats(const struct rt_memstats *m, struct table **ret)
{
	struct table *t = table_new("memory statistics");
	if (!t)
		return &err_nomem;
	table_column(t, CELL_TEXT, "what", "what");
	table_column(t, CELL_TEXT, "value", "value");
	for (size_t i = 0; i < countof(numbers); i++) {
		table_row(t);
		table_text(t, numbers[i].heading);
		put_value(t, i, number(m, i));
	}
	if (m->torn)
		table_note(t, "the program was allocating: two readings did not agree, the sums are estimates");
	return done(t, ret);
}

struct err *view_memstats_row(const struct rt_memstats *m, struct table **ret)
{
	struct table *t = table_new("memory statistics");
	if (!t)
		return &err_nomem;
	for (size_t i = 0; i < countof(numbers); i++)
		table_column(t, numbers[i].kind == CELL_NUMBER ? CELL_NUMBER : CELL_COUNT, numbers[i].key, NULL);
	table_column(t, CELL_FLAG, "torn", NULL);
	table_row(t);
	for (size_t i = 0; i < countof(numbers); i++) {
		int64_t v = number(m, i);
		if (numbers[i].kind == CELL_NUMBER)
			table_number(t, (double)v);
		else if (v < 0 || v == INT64_MAX) // no limit, not known
			table_empty(t);
		else
			table_count(t, (uint64_t)v);
	}
	table_number(t, m->torn);
	return done(t, ret);
}

struct err *view_collections(const struct rt_gc *gcs, size_t n, struct table **ret)
{
	struct table *t = table_new("collections");
	if (!t)
		return &err_nomem;
	table_column(t, CELL_COUNT, "cycle", "cycle");
	table_column(t, CELL_INSTANT, "ended", "ended");
	table_column(t, CELL_SECONDS, "pause_s", "stopped");
	for (size_t i = 0; i < n; i++) {
		table_row(t);
		table_count(t, gcs[i].cycle);
		table_number(t, (double)gcs[i].pause_end_unix_ns);
		table_number(t, (double)gcs[i].pause_ns / 1e9);
	}
	return done(t, ret);
}

// ---- allocation buckets ---------------------------------------------------------------------------------------------

// What one sampled object of `size` bytes stands for, at a mean of `rate` bytes between two samples.
static double scale(uint64_t size, int64_t rate)
{
	return rate > 1 && size ? 1 / (1 - exp(-(double)size / (double)rate)) : 1;
}

static double live_objects(const struct rt_bucket *b, int64_t rate)
{
	return b->allocs > b->frees ? (double)(b->allocs - b->frees) * scale(b->size, rate) : 0;
}

struct weighed { const struct rt_bucket *b; double live; };

static int by_live_bytes(const void *a, const void *b)
{
	const struct weighed *x = a, *y = b;
	return x->live < y->live ? 1 : x->live > y->live ? -1 : x->b->addr < y->b->addr ? -1 : x->b->addr > y->b->addr;
}

// The first frame that is not the runtime's own; else the first.
static bool site(const struct rt *rt, const struct rt_bucket *b, struct gobin_frame *ret)
{
	struct gobin_frame f[32];
	bool found = false;
	for (uint32_t i = 0; i < b->n_stack; i++) {
		size_t n = rt_frames(rt, b->stack[i], f, countof(f));
		for (size_t k = 0; k < n; k++) {
			bool own = !strncmp(f[k].function, "runtime.", 8);
			if (!own || !found) {
				*ret = f[k];
				found = true;
			}
			if (!own)
				return true;
		}
	}
	return found;
}

static void put_bucket(struct table *t, const struct rt *rt, const struct rt_bucket *b, int64_t rate)
{
	struct gobin_frame f;
	char name[GOBIN_NAME_MAX];
	double live = live_objects(b, rate);
	table_row(t);
	table_number(t, round(live * (double)b->size));
	table_number(t, round(live));
	table_number(t, round((double)b->allocs * scale(b->size, rate) * (double)b->size));
	table_count(t, b->size);
	table_count(t, b->allocs);
	table_count(t, b->frees);
	table_count(t, b->published_allocs);
	table_count(t, b->published_frees);
	if (site(rt, b, &f)) {
		table_text(t, gobin_name(f.function, name));
		table_textf(t, "%s:%u", f.file, f.line);
	} else {
		table_empty(t);
		table_empty(t);
	}
	cleanup(strbuf_finip) struct strbuf stack = {0};
	for (uint32_t i = 0; i < b->n_stack; i++)
		strbuf_printf(&stack, "%s0x%llx", i ? " " : "", (unsigned long long)b->stack[i]);
	table_text(t, strbuf_str(&stack));
}

struct err *view_buckets(const struct rt *rt, const struct rt_buckets *b, int64_t rate, size_t most, struct table **ret)
{
	size_t n = b->at.len;
	struct weighed *order = calloc(n ? n : 1, sizeof(*order));
	struct table *t = table_new("allocation sites");
	if (!t || !order) {
		table_free(t);
		free(order);
		return &err_nomem;
	}
	table_column(t, CELL_BYTES, "live_bytes", "live");
	table_column(t, CELL_COUNT, "live_objects", "objects");
	table_column(t, CELL_BYTES, "alloc_bytes", "since start");
	table_column(t, CELL_BYTES, "object_bytes", "each");
	table_column(t, CELL_COUNT, "sampled_allocs", NULL);
	table_column(t, CELL_COUNT, "sampled_frees", NULL);
	table_column(t, CELL_COUNT, "published_allocs", NULL);
	table_column(t, CELL_COUNT, "published_frees", NULL);
	table_column(t, CELL_TEXT, "function", "function");
	table_column(t, CELL_TEXT, "at", "at");
	table_column(t, CELL_TEXT, "stack", NULL);
	for (size_t i = 0; i < n; i++)
		order[i] = (struct weighed){&b->at.at[i], live_objects(&b->at.at[i], rate) * (double)b->at.at[i].size};
	qsort(order, n, sizeof(*order), by_live_bytes);
	for (size_t i = 0; i < n && (!most || i < most); i++)
		put_bucket(t, rt, order[i].b, rate);
	free(order);
	if (rate > 1)
		table_note(t, "live, objects and since start are scaled up from one sample every %lld bytes", (long long)rate);
	if (b->torn)
		table_note(t, "a collection passed while it was read, twice: single sites may be off by one cycle");
	return done(t, ret);
}

// ---- spans, layouts -------------------------------------------------------------------------------------------------

struct err *view_spans(const struct rt_spans *s, struct table **ret)
{
	struct table *t = table_new("size classes");
	if (!t)
		return &err_nomem;
	table_column(t, CELL_COUNT, "class", "class");
	table_column(t, CELL_BYTES, "object_bytes", "each");
	table_column(t, CELL_COUNT, "spans", "spans");
	table_column(t, CELL_COUNT, "slots", "slots");
	table_column(t, CELL_COUNT, "allocated", "allocated");
	table_column(t, CELL_BYTES, "allocated_bytes", "bytes");
	for (size_t c = 0; c < countof(s->classes); c++) {
		const struct rt_class *k = &s->classes[c];
		if (!k->spans)
			continue;
		table_row(t);
		table_count(t, c);
		if (k->elem_bytes)
			table_count(t, k->elem_bytes);
		else
			table_empty(t); // large objects: every size
		table_count(t, k->spans);
		table_count(t, k->slots);
		table_count(t, k->allocated);
		table_count(t, k->bytes_in_use);
	}
	char a[FMT_MAX], b[FMT_MAX], c[FMT_MAX];
	table_note(t, "%s objects in %s spans in use of %s", fmt_count(a, s->objects), fmt_count(b, s->in_use), fmt_count(c, s->spans));
	if (s->moving)
		table_note(t, "%s spans were changing and are left out", fmt_count(a, s->moving));
	return done(t, ret);
}

static const char *source_name(enum rt_layout_from from)
{
	switch (from) {
	case RT_FROM_TYPE_DESCRIPTORS: return "type descriptors";
	case RT_FROM_DWARF: return "dwarf";
	case RT_FROM_TABLE: return "table";
	case RT_FROM_DISASSEMBLY: return "disassembly";
	}
	return "";
}

struct err *view_layouts(const struct rt *rt, struct table **ret)
{
	const struct rt_layout *l;
	size_t n = rt_layouts(rt, &l);
	struct table *t = table_new("layouts");
	if (!t)
		return &err_nomem;
	table_column(t, CELL_TEXT, "struct", "struct");
	table_column(t, CELL_TEXT, "from", "from");
	table_column(t, CELL_TEXT, "table", "of release");
	for (size_t i = 0; i < n; i++) {
		table_row(t);
		table_text(t, l[i].structs);
		table_text(t, source_name(l[i].from));
		if (l[i].table)
			table_text(t, l[i].table);
	}
	return done(t, ret);
}
