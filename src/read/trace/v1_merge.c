// The merge of a v1 file's processors: src/internal/trace/internal/tracev1/{order,parser}.go (parseEventBatches). An exit
// from a syscall is written when its goroutine runs again, and belongs where it happened: events are held back for as
// long as one may still come, and those that come the latest are known from the scan.
#include "read/trace/v1.h"

enum status { DEAD, RUNNABLE, RUNNING, WAITING };
#define ANY_SEQ UINT64_MAX
#define NEXT_SEQ (UINT64_MAX - 1)

struct turn {
	bool ordered;
	uint64_t g; // TRACE_NONE: the collector
	uint64_t seq, next_seq;
	uint8_t from, to;
};

static struct turn turn_of(const struct v1_item *it)
{
	switch (it->kind) {
	case V1_GO_CREATE: return (struct turn){true, it->args[0], 0, 1, DEAD, RUNNABLE};
	case V1_GO_WAITING:
	case V1_GO_IN_SYSCALL: return (struct turn){true, it->g, 1, 2, RUNNABLE, WAITING};
	case V1_GO_START:
	case V1_GO_START_LABEL: return (struct turn){true, it->g, it->args[1], it->args[1] + 1, RUNNABLE, RUNNING};
	case V1_GO_START_LOCAL: return (struct turn){true, it->g, ANY_SEQ, NEXT_SEQ, RUNNABLE, RUNNING};
	case V1_GO_SLEEP:
	case V1_GO_BLOCK:
	case V1_GO_BLOCK_SEND:
	case V1_GO_BLOCK_RECV:
	case V1_GO_BLOCK_SELECT:
	case V1_GO_BLOCK_SYNC:
	case V1_GO_BLOCK_COND:
	case V1_GO_BLOCK_NET:
	case V1_GO_SYS_BLOCK:
	case V1_GO_BLOCK_GC: return (struct turn){true, it->g, ANY_SEQ, ANY_SEQ, RUNNING, WAITING};
	case V1_GO_SCHED:
	case V1_GO_PREEMPT: return (struct turn){true, it->g, ANY_SEQ, ANY_SEQ, RUNNING, RUNNABLE};
	case V1_GO_UNBLOCK:
	case V1_GO_SYS_EXIT: return (struct turn){true, it->args[0], it->args[1], it->args[1] + 1, WAITING, RUNNABLE};
	case V1_GO_UNBLOCK_LOCAL:
	case V1_GO_SYS_EXIT_LOCAL: return (struct turn){true, it->args[0], ANY_SEQ, NEXT_SEQ, WAITING, RUNNABLE};
	case V1_GC_START: return (struct turn){true, TRACE_NONE, it->args[0], it->args[0] + 1, DEAD, DEAD};
	default: return (struct turn){.ordered = false};
	}
}

static bool ready(struct v1 *v, const struct turn *t)
{
	uint32_t slot;
	if (!t->ordered)
		return true;
	if (t->g == TRACE_NONE)
		return t->seq == v->gc_seq;
	struct v1_g g = gmap_find(&v->g_at, t->g, &slot) ? v->gs.at[slot] : (struct v1_g){.status = DEAD};
	return (t->seq == ANY_SEQ || t->seq == g.seq) && t->from == g.status;
}

static struct err *take_turn(struct v1 *v, const struct turn *t, struct v1_item *it)
{
	uint32_t slot;
	struct err *err;
	if (!t->ordered)
		return NULL;
	if (t->g == TRACE_NONE) {
		v->gc_seq = t->next_seq;
		return NULL;
	}
	if (!gmap_find(&v->g_at, t->g, &slot)) {
		slot = (uint32_t)v->gs.len;
		if ((err = vec_push(&v->gs, UINT32_MAX, "goroutines of a trace", (struct v1_g){.status = DEAD})) ||
		    (err = gmap_put(&v->g_at, t->g, slot)))
			return err;
	}
	struct v1_g *g = &v->gs.at[slot];
	if (g->net && (it->kind == V1_GO_UNBLOCK || it->kind == V1_GO_UNBLOCK_LOCAL))
		it->p = V1_NETPOLL_P;
	g->net = it->kind == V1_GO_BLOCK_NET;
	g->status = t->to;
	if (t->next_seq != ANY_SEQ)
		g->seq = t->next_seq == NEXT_SEQ ? g->seq + 1 : t->next_seq;
	return NULL;
}

// The processor's next item that counts in the order.
static bool read_item(struct v1 *v, struct v1_proc *p, struct v1_item *ret)
{
	for (;;) {
		while (p->w.p == p->w.end) {
			if (p->batch == p->batches.len)
				return false;
			const struct v1_batch *b = &p->batches.at[p->batch++];
			p->w = (struct wire){v->t->bytes.data + b->off, v->t->bytes.data + b->end};
			p->ts = b->ts;
		}
		const uint8_t *at = p->w.p;
		unsigned byte = *p->w.p++, kind = byte & 63;
		bool is_timed;
		uint64_t skip, len;
		if (v1_item_read(&p->w, byte, ret, &is_timed)) {
			if (kind == V1_CPU_SAMPLE)
				continue;
			v1_item_apply(ret, &p->ts, &p->g);
			ret->p = p->p;
			ret->off = (uint64_t)(at - v->t->bytes.data);
			ret->blocks = false;
			if (kind == V1_LOG)
				ret->args[2] = INLINE_BIT | (uint64_t)((const uint8_t *)(uintptr_t)ret->args[2] - v->t->bytes.data);
			return true;
		}
		// Tables: the scan has read and checked them.
		bool ok = !is_timed && wire_uv(&p->w, &skip);
		if (ok && kind == V1_STRING)
			ok = wire_uv(&p->w, &skip);
		if (ok && (kind == V1_STRING || (kind == V1_STACK && byte >> 6 == 3)) && (ok = skip <= (uint64_t)(p->w.end - p->w.p)))
			p->w.p += skip;
		else if (ok && kind == V1_STACK)
			for (ok = wire_uv(&p->w, &len); ok && len; len--)
				ok = wire_uv(&p->w, &skip) && wire_uv(&p->w, &skip) && wire_uv(&p->w, &skip) && wire_uv(&p->w, &skip);
		if (!ok)
			p->w.p = p->w.end;
	}
}

static bool next_item(struct v1 *v, struct v1_proc *p)
{
	p->has = p->has_peek || read_item(v, p, &p->now);
	if (p->has_peek)
		p->now = p->peek;
	p->has_peek = false;
	// A syscall that blocks says so with its goroutine's next item.
	if (p->has && p->now.kind == V1_GO_SYSCALL) {
		p->has_peek = read_item(v, p, &p->peek);
		p->now.blocks = p->has_peek && p->peek.kind == V1_GO_SYS_BLOCK && p->peek.g == p->now.g;
		p->now.args[3] = p->has_peek ? p->peek.ts : 0;
	}
	return p->has;
}

static bool less(const struct v1_heap_entry *a, const struct v1_heap_entry *b)
{
	return a->ts < b->ts || (a->ts == b->ts && a->proc < b->proc);
}

static void heap_push(struct v1 *v, uint32_t proc)
{
	struct v1_heap_entry e = {v->procs.at[proc].now.ts, proc};
	size_t i = v->heap.len++;
	for (; i && less(&e, &v->heap.at[(i - 1) / 2]); i = (i - 1) / 2)
		v->heap.at[i] = v->heap.at[(i - 1) / 2];
	v->heap.at[i] = e;
}

static uint32_t heap_pop(struct v1 *v)
{
	uint32_t proc = v->heap.at[0].proc;
	struct v1_heap_entry e = v->heap.at[--v->heap.len];
	size_t i = 0;
	for (size_t c; (c = 2 * i + 1) < v->heap.len; i = c) {
		if (c + 1 < v->heap.len && less(&v->heap.at[c + 1], &v->heap.at[c]))
			c++;
		if (!less(&v->heap.at[c], &e))
			break;
		v->heap.at[i] = v->heap.at[c];
	}
	v->heap.at[i] = e;
	return proc;
}

// The next item by turn, before exits of syscalls are put where they belong.
static struct err *merge_one(struct v1 *v, struct v1_item *ret, bool *ret_any)
{
	struct err *err;
	for (size_t i = 0; i < v->waiting.len;) {
		struct turn turn = turn_of(&v->procs.at[v->waiting.at[i]].now);
		if (!ready(v, &turn)) {
			i++;
			continue;
		}
		heap_push(v, v->waiting.at[i]);
		v->waiting.at[i] = v->waiting.at[--v->waiting.len];
	}
	const struct tables *tables = &v->t->tables;
	const struct tables_sample *s = v->sample < tables->samples.len ? &tables->samples.at[v->sample] : NULL;
	if (s && (!v->heap.len || s->ts < v->heap.at[0].ts)) {
		v->sample++;
		*ret = (struct v1_item){.ts = s->ts, .kind = V1_CPU_SAMPLE, .g = s->g, .stack = (uint32_t)s->stack,
					.p = s->p < V1_PROCS_MAX ? (int32_t)s->p : -1};
		*ret_any = true;
		return NULL;
	}
	if (!v->heap.len && v->waiting.len) { // nobody's turn: the earliest comes in all the same
		v->forced++;
		size_t least = 0;
		for (size_t i = 1; i < v->waiting.len; i++)
			if (v->procs.at[v->waiting.at[i]].now.ts < v->procs.at[v->waiting.at[least]].now.ts)
				least = i;
		heap_push(v, v->waiting.at[least]);
		v->waiting.at[least] = v->waiting.at[--v->waiting.len];
	}
	*ret_any = v->heap.len != 0;
	if (!*ret_any)
		return NULL;
	uint32_t proc = heap_pop(v);
	struct v1_proc *p = &v->procs.at[proc];
	*ret = p->now;
	struct turn turn = turn_of(ret);
	if ((err = take_turn(v, &turn, ret)))
		return err;
	if (next_item(v, p))
		v->waiting.at[v->waiting.len++] = proc;
	return NULL;
}

static bool exit_less(const struct v1_item *a, const struct v1_item *b)
{
	return a->ts < b->ts || (a->ts == b->ts && a->order < b->order);
}

static struct err *exit_push(struct v1 *v, const struct v1_item *it)
{
	size_t i = v->exits.len;
	struct err *err = vec_push(&v->exits, 1u << 24, "exits of syscalls", *it);
	for (; !err && i && exit_less(it, &v->exits.at[(i - 1) / 2]); i = (i - 1) / 2) {
		v->exits.at[i] = v->exits.at[(i - 1) / 2];
		v->exits.at[(i - 1) / 2] = *it;
	}
	return err;
}

static void exit_pop(struct v1 *v, struct v1_item *ret)
{
	*ret = v->exits.at[0];
	struct v1_item e = v->exits.at[--v->exits.len];
	size_t i = 0;
	for (size_t c; (c = 2 * i + 1) < v->exits.len; i = c) {
		if (c + 1 < v->exits.len && exit_less(&v->exits.at[c + 1], &v->exits.at[c]))
			c++;
		if (!exit_less(&v->exits.at[c], &e))
			break;
		v->exits.at[i] = v->exits.at[c];
	}
	v->exits.at[i] = e;
}

static struct err *hold(struct v1 *v, struct v1_item *it)
{
	it->order = v->order++;
	if (it->ts < v->now_ts)
		it->ts = v->now_ts; // the order of turns wins over clocks that differ
	v->now_ts = it->ts;
	if (it->kind == V1_GO_SYS_EXIT && it->args[2] && it->args[2] < it->ts) {
		if (map_find(v->late_off, it->off, NULL))
			return NULL; // given already
		it->ts = it->args[2];
		return exit_push(v, it);
	}
	if (v->held == v->ring.cap) {
		size_t old = v->ring.cap;
		struct err *err = vec_reserve(&v->ring, old ? 2 * old : 1024, 4u * V1_WINDOW_MAX, "events held back");
		if (err)
			return err;
		// vec_reserve may give more than asked for: the ring's size is kept in len.
		for (size_t i = 0; old && i < v->head; i++)
			v->ring.at[old + i] = v->ring.at[i];
		v->ring.cap = old ? 2 * old : 1024;
	}
	v->ring.at[(v->head + v->held++) & (v->ring.cap - 1)] = *it;
	return NULL;
}

struct err *v1_merge(struct v1 *v, struct v1_item *ret, bool *ret_any)
{
	struct err *err;
	*ret_any = true;
	for (;;) {
		const struct v1_item *head = v->held ? &v->ring.at[v->head] : NULL;
		const struct v1_item *exit = v->exits.len ? &v->exits.at[0] : NULL;
		const struct v1_late *late = v->next_late < v->late.len ? &v->late.at[v->next_late] : NULL;
		bool settled = v->merged || v->held >= V1_WINDOW_MAX ||
			       (head && head->ts + v->window_ticks <= v->now_ts && head->ts < v->now_ts);
		if (settled && (head || exit || late)) {
			bool take_exit = exit && (!head || exit_less(exit, head));
			uint64_t ts = take_exit ? exit->ts : head ? head->ts : UINT64_MAX;
			if (late && late->real_ts < ts) {
				*ret = (struct v1_item){.ts = late->real_ts, .kind = V1_GO_SYS_EXIT, .g = late->g, .args = {late->g}};
				v->next_late++;
			} else if (take_exit) {
				exit_pop(v, ret);
			} else {
				*ret = *head;
				v->head = (v->head + 1) & (v->ring.cap - 1);
				v->held--;
			}
			return NULL;
		}
		if (v->merged) {
			*ret_any = false;
			return NULL;
		}
		struct v1_item it;
		bool any;
		if ((err = merge_one(v, &it, &any)) || (any && (err = hold(v, &it))))
			return err;
		v->merged = !any;
	}
}

struct err *v1_merge_init(struct v1 *v)
{
	struct err *err;
	if ((err = vec_reserve(&v->heap, v->procs.len + 1, V1_PROCS_MAX + 1, "processors of a trace")) ||
	    (err = vec_reserve(&v->waiting, v->procs.len + 1, V1_PROCS_MAX + 1, "processors of a trace")))
		return err;
	for (uint32_t i = 0; i < v->procs.len; i++)
		if (next_item(v, &v->procs.at[i]))
			v->waiting.at[v->waiting.len++] = i;
	return NULL;
}
