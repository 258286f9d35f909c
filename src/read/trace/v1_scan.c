// The scan of a v1 file: where each processor's batches lie, strings, stacks, the clock, CPU samples, and how late exits
// of syscalls are written.
#include "read/trace/v1.h"

#include <stdlib.h>

enum { STACK_FRAMES_MAX = 1000, HZ_GUESS = 40000000 };

static struct err *proc_of(struct v1 *v, uint64_t id, uint32_t *ret)
{
	bool fresh;
	uint64_t *at = map_at(v->proc_at, id, &fresh);
	if (!at)
		return &err_nomem;
	if (fresh) {
		struct v1_proc p = {.p = id == TRACE_NONE ? -1 : (int32_t)id};
		*at = v->procs.len;
		struct err *err = vec_push(&v->procs, V1_PROCS_MAX, "processors of a trace", p);
		if (err)
			return err;
	}
	*ret = (uint32_t)*at;
	return NULL;
}

struct scan {
	struct v1 *v;
	uint32_t proc; // of the batch at hand
	uint64_t ts, g;
	bool any, ok;
};

static struct err *batch_begin(struct scan *s, const uint8_t *at, struct wire *w)
{
	struct v1 *v = s->v;
	uint64_t p, off = (uint64_t)(at - v->t->bytes.data);
	if (!wire_uv(w, &p) || !wire_uv(w, &s->ts) || (p != TRACE_NONE && p > INT32_MAX)) {
		s->ok = false;
		return NULL;
	}
	if (s->any)
		v->procs.at[s->proc].batches.at[v->procs.at[s->proc].batches.len - 1].end = off;
	struct err *err = proc_of(v, p, &s->proc);
	if (err)
		return err;
	s->any = true;
	v->t->info.batches++;
	struct v1_batch b = {(uint64_t)(w->p - v->t->bytes.data), s->ts, v->t->bytes.len};
	return vec_push(&v->procs.at[s->proc].batches, V1_BATCHES_MAX, "batches of a trace", b);
}

static struct err *string_read(struct scan *s, struct wire *w)
{
	uint64_t id, len;
	s->ok = wire_uv(w, &id) && wire_uv(w, &len) && len <= V1_STRING_BYTES_MAX && len <= (uint64_t)(w->end - w->p);
	if (!s->ok)
		return NULL;
	struct err *err = tables_add_string(&s->v->t->tables, id, w->p, len);
	w->p += len;
	if (id > s->v->first_builtin && id < TABLES_DENSE_MAX)
		s->v->first_builtin = id;
	return err;
}

// A stack's values: its id, the number of frames, four numbers a frame.
static struct err *stack_read(struct scan *s, unsigned kind_byte, struct wire *w)
{
	struct tables *t = &s->v->t->tables;
	struct wire body = *w;
	uint64_t len, id, n, line;
	size_t first = t->frames.len;
	s->ok = false;
	if (kind_byte >> 6 == 3) {
		if (!wire_uv(w, &len) || len > (uint64_t)(w->end - w->p))
			return NULL;
		body = (struct wire){w->p, w->p + len};
		w->p += len;
	}
	if (!wire_uv(&body, &id) || !wire_uv(&body, &n) || n > STACK_FRAMES_MAX)
		return NULL;
	for (uint64_t i = 0; i < n; i++) {
		struct trace_frame f;
		if (!wire_uv(&body, &f.pc) || !wire_uv(&body, &f.func) || !wire_uv(&body, &f.file) || !wire_uv(&body, &line)) {
			t->frames.len = first;
			return NULL;
		}
		f.line = line > UINT32_MAX ? 0 : (uint32_t)line;
		struct err *err = vec_push(&t->frames, TABLES_FRAMES_MAX, "stack frames of a trace", f);
		if (err)
			return err;
	}
	if (kind_byte >> 6 != 3)
		w->p = body.p;
	s->ok = true;
	return id && n ? tables_add_stack(t, id & UINT32_MAX, first) : NULL;
}

static void late_swap(struct v1_late *a, struct v1_late *b)
{
	struct v1_late c = *a;
	*a = *b;
	*b = c;
}

static uint64_t lateness(const struct v1_late *l) { return l->ts - l->real_ts; }

// The latest V1_LATE_MAX of them are kept, in a heap with the least late on top; what is not kept sets the window.
static struct err *late_add(struct v1 *v, struct v1_late l)
{
	size_t i = v->late.len;
	if (i == V1_LATE_MAX) {
		uint64_t least = lateness(&v->late.at[0]);
		v->window_ticks = max_u64(v->window_ticks, min_u64(least, lateness(&l)));
		if (lateness(&l) <= least)
			return NULL;
		v->late.at[0] = l;
		for (i = 0;;) {
			size_t c = 2 * i + 1;
			if (c + 1 < V1_LATE_MAX && lateness(&v->late.at[c + 1]) < lateness(&v->late.at[c]))
				c++;
			if (c >= V1_LATE_MAX || lateness(&v->late.at[c]) >= lateness(&v->late.at[i]))
				return NULL;
			late_swap(&v->late.at[c], &v->late.at[i]);
			i = c;
		}
	}
	struct err *err = vec_push(&v->late, V1_LATE_MAX, "late exits", l);
	for (; !err && i && lateness(&v->late.at[(i - 1) / 2]) > lateness(&v->late.at[i]); i = (i - 1) / 2)
		late_swap(&v->late.at[(i - 1) / 2], &v->late.at[i]);
	return err;
}

static struct err *timed(struct scan *s, const uint8_t *at, unsigned kind_byte, struct wire *w)
{
	struct v1 *v = s->v;
	struct v1_item it;
	bool is_timed;
	s->ok = s->any && v1_item_read(w, kind_byte, &it, &is_timed);
	if (!s->ok)
		return NULL;
	if (it.kind == V1_CPU_SAMPLE) { // its time is its own: that of the signal
		struct tables_sample c = {.order = v->t->tables.samples.len, .ts = it.args[0], .t_ns = (int64_t)(it.args[0] >> 1),
					  .m = TRACE_NONE, .p = it.args[1], .g = it.args[2], .stack = it.stack};
		return vec_push(&v->t->tables.samples, TABLES_SAMPLES_MAX, "CPU samples of a trace", c);
	}
	v1_item_apply(&it, &s->ts, &s->g);
	if (it.kind == V1_GO_SYS_EXIT && it.args[2] && it.args[2] < it.ts)
		return late_add(v, (struct v1_late){it.args[2], it.ts, (uint64_t)(at - v->t->bytes.data), it.args[0]});
	return NULL;
}

static struct err *scan_one(struct scan *s, struct wire *w)
{
	const uint8_t *at = w->p;
	unsigned b = *w->p++, kind = b & 63;
	uint64_t x;
	switch (kind) {
	case V1_BATCH: return batch_begin(s, at, w);
	case V1_STRING: return string_read(s, w);
	case V1_STACK: return stack_read(s, b, w);
	case V1_FREQUENCY:
		s->ok = wire_uv(w, &x);
		if (s->ok)
			s->v->hz = x;
		return NULL;
	case V1_TIMER_GOROUTINE: {
		s->ok = wire_uv(w, &x);
		uint64_t *p = s->ok ? map_at(s->v->timers, x, NULL) : NULL;
		if (s->ok && !p)
			return &err_nomem;
		return NULL;
	}
	default: return timed(s, at, b, w);
	}
}

static int by_real_ts(const void *a, const void *b)
{
	const struct v1_late *x = a, *y = b;
	if (x->real_ts != y->real_ts)
		return x->real_ts < y->real_ts ? -1 : 1;
	return x->ts < y->ts ? -1 : x->ts > y->ts;
}

struct err *v1_scan(struct v1 *v)
{
	struct trace *t = v->t;
	struct scan s = {.v = v, .ok = true};
	struct wire w = {t->bytes.data + 16, t->bytes.data + t->bytes.len};
	const uint8_t *at = w.p;
	while (w.p < w.end && s.ok) {
		at = w.p;
		struct err *err = scan_one(&s, &w);
		if (err)
			return err;
	}
	uint64_t off = (uint64_t)(at - t->bytes.data);
	if (!s.ok) {
		t->info.cut = true;
		trace_gap_at(t, GAP_TRACE_CUT, off, "no whole item begins here");
		for (size_t i = 0; i < v->procs.len; i++)
			if (v->procs.at[i].batches.len && v->procs.at[i].batches.at[v->procs.at[i].batches.len - 1].end > off)
				v->procs.at[i].batches.at[v->procs.at[i].batches.len - 1].end = off;
	}
	t->info.bytes = s.ok ? t->bytes.len : off;
	t->info.generations = 1;
	if (!v->hz) {
		v->hz = HZ_GUESS;
		gap_add(&t->gaps, GAP_TRACE_NO_CLOCK, t->bytes.source, NULL);
	}
	v->ns_per_tick = 1e9 / (double)v->hz;
	if (v->late.len)
		qsort(v->late.at, v->late.len, sizeof(v->late.at[0]), by_real_ts);
	for (size_t i = 0; i < v->late.len; i++)
		if (!map_at(v->late_off, v->late.at[i].off, NULL))
			return &err_nomem;
	tables_sort_samples(&t->tables);
	return NULL;
}
