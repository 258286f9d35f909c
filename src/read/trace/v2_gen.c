// Indexing a generation: where its batches lie, its strings, stacks, samples and clock. Nothing is decoded twice, nothing
// copied: tables come last in a generation, so its events wait until all of it has been seen.
#include "read/trace/v2.h"

#include <string.h>

enum {
	TAG_BATCH = 1, TAG_STACKS = 2, TAG_STRINGS = 4, TAG_SAMPLES = 6, TAG_FREQUENCY = 8,
	TAG_EXPERIMENT = 49, TAG_SYNC = 50, TAG_SNAPSHOT = 51, TAG_END = 52,
	HZ_USUAL = 15625000, // of every system but Windows
};

struct batch_head {
	uint8_t experiment;
	uint64_t gen, m, ts, len;
};

static bool head_read(struct wire *w, struct batch_head *h)
{
	return (w->p[-1] != TAG_EXPERIMENT || wire_u8(w, &h->experiment)) && wire_uv(w, &h->gen) && wire_uv(w, &h->m) &&
	       wire_uv(w, &h->ts) && wire_uv(w, &h->len);
}

static bool sync_read(struct v2 *v, const struct batch_head *h, struct wire w)
{
	struct trace_info *info = &v->t->info;
	uint64_t ts = 0, mono = 0, sec = 0, nsec = 0;
	bool snapshot = false;
	if (*w.p == TAG_SYNC)
		w.p++;
	while (w.p < w.end) {
		uint64_t dt;
		if (*w.p == TAG_FREQUENCY && (w.p++, wire_uv(&w, &v->hz)))
			continue;
		if (w.p == w.end || *w.p++ != TAG_SNAPSHOT || !wire_uv(&w, &dt) || !wire_uv(&w, &mono) ||
		    !wire_uv(&w, &sec) || !wire_uv(&w, &nsec))
			return false;
		ts = h->ts + dt;
		snapshot = true;
	}
	if (wire_ns(wire_clock(v->hz), ts) >= WIRE_NS_MAX || mono >= WIRE_NS_MAX || sec >= 1ull << 33 || nsec >= 1000000000u)
		return false;
	if (snapshot)
		info->snapshot = (struct trace_snapshot){h->gen, wire_ns(wire_clock(v->hz), ts), (int64_t)mono,
							 (int64_t)(sec * 1000000000u + nsec)};
	return true;
}

static struct err *cursor_of(struct v2 *v, uint64_t m, struct cursor **ret)
{
	uint32_t mi;
	struct err *err = v2_state_m(&v->s, m, &mi);
	if (err)
		return err;
	struct v2_m *ms = &v->s.ms.at[mi];
	if (!ms->cursor) {
		if (v->n_cursors == v->cursors.len) {
			struct cursor *c = cursor_new();
			if (!c)
				return &err_nomem;
			if ((err = vec_push(&v->cursors, V2_THREADS_MAX, "threads of a generation", c))) {
				cursor_free(c);
				return err;
			}
		}
		ms->cursor = v->cursors.at[v->n_cursors++];
		ms->cursor->m = mi;
		ms->cursor->first = ms->cursor->last = UINT32_MAX;
	}
	*ret = ms->cursor;
	return NULL;
}

static struct err *events_batch(struct v2 *v, const struct batch_head *h, struct wire w)
{
	struct cursor *c;
	struct err *err = cursor_of(v, h->m, &c);
	if (err || w.p == w.end)
		return err;
	struct batch_ref b = {w.p, (uint32_t)(w.end - w.p), UINT32_MAX, h->ts};
	if ((err = vec_push(&v->batches, V2_BATCHES_MAX, "batches of a generation", b)))
		return err;
	uint32_t at = (uint32_t)(v->batches.len - 1);
	if (c->first == UINT32_MAX)
		c->first = at;
	else
		v->batches.at[c->last].next = at;
	c->last = at;
	return NULL;
}

static struct err *batch_add(struct v2 *v, const struct batch_head *h, struct wire w)
{
	struct tables *tables = &v->t->tables;
	struct err *err = NULL;
	bool ok = true;
	if (!v->min_ts || h->ts < v->min_ts)
		v->min_ts = h->ts;
	uint8_t tag = w.p == w.end ? 0 : *w.p;
	uint64_t off = (uint64_t)(w.p - v->t->bytes.data);
	struct wire body = {w.p + (w.p != w.end), w.end};
	if (h->experiment)
		return NULL;
	if (tag == TAG_STRINGS)
		err = tables_strings(tables, body, &ok);
	else if (tag == TAG_STACKS)
		err = tables_stacks(tables, body, &ok);
	else if (tag == TAG_SAMPLES)
		err = tables_samples(tables, body, &ok);
	else if (tag == TAG_SYNC || tag == TAG_FREQUENCY)
		ok = sync_read(v, h, w);
	else
		err = events_batch(v, h, w);
	if (!err && !ok && !v->gen_cut)
		trace_gap_at(v->t, GAP_TRACE_DAMAGED, off, "a table is damaged");
	return err;
}

static void cut(struct v2 *v, uint64_t off, const char *why)
{
	v->ended = v->gen_cut = v->t->info.cut = true;
	trace_gap_at(v->t, GAP_TRACE_CUT, off, why);
}

// The batch at v->off. *ret_over: the generation is complete, and v->off stands behind it.
static struct err *batch_next(struct v2 *v, bool *any, bool *ret_over)
{
	struct trace *t = v->t;
	struct wire w = {t->bytes.data + v->off, t->bytes.data + t->bytes.len};
	uint8_t tag = *w.p++;
	*ret_over = false;
	if (tag == TAG_END) {
		v->off++;
		*ret_over = *any;
		return NULL;
	}
	struct batch_head h = {0};
	if (tag != TAG_BATCH && tag != TAG_EXPERIMENT) {
		cut(v, v->off, "no batch begins here");
		return NULL;
	}
	if (!head_read(&w, &h)) {
		cut(v, v->off, "the file ends inside a batch's head");
		return NULL;
	}
	if (!h.gen || h.len > V2_BATCH_BYTES_MAX) {
		cut(v, v->off, h.gen ? "a batch is longer than 65536 bytes" : "a batch has no generation");
		return NULL;
	}
	if (*any && h.gen != v->s.gen) {
		if (t->info.version >= 26 || h.gen != v->s.gen + 1)
			trace_gap_at(t, GAP_TRACE_DAMAGED, v->off, "a generation has no end");
		*ret_over = true;
		return NULL;
	}
	*any = true;
	v->s.gen = h.gen;
	if (h.len > (uint64_t)(w.end - w.p)) {
		cut(v, v->off, "the file ends inside a batch");
		h.len = (uint64_t)(w.end - w.p);
	}
	w.end = w.p + h.len;
	v->off = (uint64_t)(w.end - t->bytes.data);
	t->info.batches++;
	return batch_add(v, &h, w);
}

// Where it began is told by the string of the first stop of the world.
static bool has_start(const struct trace *t)
{
	for (size_t i = 0; i < t->tables.strings.len; i++)
		if (t->tables.strings.at[i].len == 11 && !memcmp(t->tables.strings.at[i].s, "start trace", 11))
			return true;
	return false;
}

static void heap_push(struct v2 *v, struct cursor *c)
{
	size_t i = v->heap.len++;
	while (i && v->heap.at[(i - 1) / 2].t_ns > c->at->t_ns) {
		v->heap.at[i] = v->heap.at[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	v->heap.at[i] = (struct heap_entry){c->at->t_ns, c};
}

static struct err *begin(struct v2 *v)
{
	struct trace *t = v->t;
	struct wire_clock clock = wire_clock(v->hz);
	struct err *err = vec_reserve(&v->heap, v->n_cursors + 1, V2_THREADS_MAX + 1, "threads of a generation");
	if (err)
		return err;
	size_t cap = CHUNK_RECS_ALL / (v->n_cursors + 1);
	cap = cap > CHUNK_RECS_MAX ? CHUNK_RECS_MAX : cap < CHUNK_RECS_MIN ? CHUNK_RECS_MIN : cap;
	for (size_t i = 0; i < v->n_cursors; i++) {
		bool any = false;
		if ((err = cursor_start(v->cursors.at[i], v->ahead, v->batches.at, (uint32_t)cap, clock, &any)))
			return err;
		if (any)
			heap_push(v, v->cursors.at[i]);
	}
	for (size_t i = 0; i < t->tables.samples.len; i++)
		t->tables.samples.at[i].t_ns = wire_ns(clock, t->tables.samples.at[i].ts);
	tables_sort_samples(&t->tables);
	v->sample = 0;
	// Go's reader puts a Sync event here, and times grow strictly.
	v->last_ns = wire_after(v->last_ns, wire_ns(clock, v->min_ts));
	v->active = true;
	return NULL;
}

struct err *v2_index(struct v2 *v)
{
	struct trace *t = v->t;
	struct err *err;
	bool any = false, over = false;
	tables_clear(&t->tables);
	for (size_t i = 0; i < v->n_cursors; i++)
		v->s.ms.at[v->cursors.at[i]->m].cursor = NULL;
	v->n_cursors = 0;
	v->batches.len = v->heap.len = 0;
	v->min_ts = 0;
	uint64_t hz = v->hz;
	v->hz = 0;
	while (!over && !v->ended) {
		if (v->off >= t->bytes.len) {
			if (any && t->info.version >= 26)
				cut(v, v->off, "the last generation has no end");
			v->ended = true;
			break;
		}
		if ((err = batch_next(v, &any, &over)))
			return err;
	}
	if (!any)
		return NULL;
	if (!v->hz) {
		v->hz = hz ? hz : HZ_USUAL;
		trace_gap_at(t, GAP_TRACE_DAMAGED, v->off, "a generation does not say its clock's frequency");
	}
	if (!v->s.first_gen) {
		v->s.first_gen = v->s.gen;
		t->info.flight_recorder = v->s.gen > 1 && !has_start(t);
	}
	if (t->tables.duplicates)
		trace_gap_at(t, GAP_TRACE_DAMAGED, v->off, "a string or a stack is given twice");
	t->gen = v->s.gen;
	t->info.generations++;
	t->info.bytes = v->off;
	return begin(v);
}
