// The merge of a generation's threads: the earliest event that has its turn comes next. The heap is kept exactly as
// src/internal/trace/reader.go keeps its own, so that events of equal times come in the same order.
#include "read/trace/v2.h"

#include <stdlib.h>

struct err *v2_open(struct trace *t, struct v2 **ret)
{
	struct v2 *v = calloc(1, sizeof(*v));
	if (!v)
		return &err_nomem;
	v->t = t;
	v->off = 16;
	struct err *err = v2_state_init(&v->s);
	if (err) {
		v2_close(v);
		return err;
	}
	v->ahead = t->opt.one_thread ? NULL : ahead_new();
	*ret = v;
	return NULL;
}

void v2_close(struct v2 *v)
{
	if (!v)
		return;
	ahead_free(v->ahead);
	for (size_t i = 0; i < v->cursors.len; i++)
		cursor_free(v->cursors.at[i]);
	vec_fini(&v->cursors);
	vec_fini(&v->batches);
	vec_fini(&v->heap);
	v2_state_fini(&v->s);
	free(v);
}

static size_t sift_up(struct heap_entry *h, size_t i)
{
	struct heap_entry e = h[i];
	for (; i && h[(i - 1) / 2].t_ns > e.t_ns; i = (i - 1) / 2)
		h[i] = h[(i - 1) / 2];
	h[i] = e;
	return i;
}

static void sift_down(struct heap_entry *h, size_t n, size_t i)
{
	struct heap_entry e = h[i];
	for (;;) {
		size_t l = 2 * i + 1, r = l + 1, least = i;
		int64_t t_ns = e.t_ns;
		if (l < n && h[l].t_ns < t_ns) {
			t_ns = h[l].t_ns;
			least = l;
		}
		if (r < n && h[r].t_ns < t_ns)
			least = r;
		if (least == i)
			break;
		h[i] = h[least];
		i = least;
	}
	h[i] = e;
}

// Behind the event at i that was just put out.
static void step(struct v2 *v, size_t i)
{
	struct heap_entry *h = v->heap.at;
	struct cursor *c = h[i].c;
	if (++c->at != c->end || cursor_refill(c, v->ahead)) {
		h[i].t_ns = c->at->t_ns;
		if (!i || sift_up(h, i) == i)
			sift_down(h, v->heap.len, i);
		return;
	}
	if (c->bad_batches)
		trace_gap_at(v->t, GAP_TRACE_DAMAGED, v->off, "a batch of events is damaged");
	for (; i; i = (i - 1) / 2) {
		struct heap_entry e = h[i];
		h[i] = h[(i - 1) / 2];
		h[(i - 1) / 2] = e;
	}
	h[0] = h[--v->heap.len];
	if (v->heap.len)
		sift_down(h, v->heap.len, 0);
}

static int by_time(const void *a, const void *b)
{
	const struct heap_entry *x = a, *y = b;
	if (x->t_ns != y->t_ns)
		return x->t_ns < y->t_ns ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

// The earliest event has to wait: another's turn it is, in order of time. Rare in real files, and every other time in a
// hostile one: what the search costs is bounded by what the file holds.
static struct err *find_turn(struct v2 *v, size_t *ret_i)
{
	struct heap_entry *h = v->heap.at;
	struct err *err = NULL;
	*ret_i = 0;
	if (v->search_left > v->heap.len) {
		v->search_left -= v->heap.len;
		for (size_t i = 0; i < v->heap.len; i++)
			h[i].order = (uint32_t)i;
		qsort(h, v->heap.len, sizeof(*h), by_time);
		for (size_t i = 1; i < v->heap.len; i++) {
			if (v2_advance(v, h[i].c->at, h[i].c->m, false, &err) == V2_DONE) {
				*ret_i = i;
				return NULL;
			}
			if (err)
				return err;
		}
	}
	v->forced++;
	v2_advance(v, h[0].c->at, h[0].c->m, true, &err);
	return err;
}

static void put_sample(struct v2 *v)
{
	const struct tables_sample *s = &v->t->tables.samples.at[v->sample++];
	struct trace_event *e = &v->t->block[v->t->n++];
	v->last_ns = wire_after(v->last_ns, s->t_ns);
	*e = (struct trace_event){.t_ns = v->last_ns, .args = {s->stack}, .g = s->g, .m = s->m, .kind = TRACE_CPU_SAMPLE,
				  .p = s->p <= V2_PROCS_MAX ? (int32_t)s->p : -1};
}

static struct err *fill(struct v2 *v)
{
	struct trace *t = v->t;
	struct err *err = NULL;
	while (t->n < BLOCK_EVENTS) {
		struct heap_entry *top = v->heap.at;
		if (v->sample < t->tables.samples.len &&
		    (!v->heap.len || t->tables.samples.at[v->sample].t_ns < top->t_ns)) {
			put_sample(v);
			continue;
		}
		if (!v->heap.len) {
			v->active = false;
			break;
		}
		size_t i = 0;
		enum v2_turn turn = v2_advance(v, top->c->at, top->c->m, false, &err);
		if (turn == V2_WAIT) {
			err = find_turn(v, &i);
		} else if (turn == V2_WRONG && !err) {
			v->forced++;
			v2_advance(v, top->c->at, top->c->m, true, &err);
		}
		if (err)
			return err;
		step(v, i);
	}
	return NULL;
}

struct err *v2_next(struct v2 *v)
{
	struct trace *t = v->t;
	while (!t->n) {
		struct err *err;
		if (!v->active) {
			ahead_rest(v->ahead);
			if (v->ended) {
				if (v->forced)
					trace_gap_at(t, GAP_TRACE_ORDER, v->forced, NULL);
				v->forced = 0;
				return NULL;
			}
			v->search_left = 1u << 24;
			if ((err = v2_index(v)))
				return err;
		}
		if (v->active && (err = fill(v)))
			return err;
	}
	return NULL;
}
