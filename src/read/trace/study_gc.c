// Collections, stops of the world, mark assists, sweeping, and the heap's curve.
#include "read/trace/study_inner.h"

#include <stdlib.h>
#include <string.h>

enum { GCS_MAX = 1 << 20, PAUSE_KINDS_MAX = 256, FIRST_BIN_NS = 1000000 };

// The curve has a fixed number of bins; when time runs over the last, two become one.
static struct study_bin *bin_at(struct study *s, int64_t t_ns)
{
	if (!s->bin_ns)
		s->bin_ns = FIRST_BIN_NS;
	int64_t off = t_ns - s->first_ns;
	if (off < 0)
		off = 0;
	while (off / s->bin_ns >= STUDY_HEAP_BINS) {
		for (size_t i = 0; i < STUDY_HEAP_BINS; i++) {
			struct study_bin a = {0}, b = {0};
			if (2 * i + 1 < STUDY_HEAP_BINS)
				a = s->heap[2 * i], b = s->heap[2 * i + 1];
			if (a.max && b.max)
				a = (struct study_bin){min_u64(a.min, b.min), max_u64(a.max, b.max), b.last, b.goal};
			else if (b.max || b.goal)
				a = b;
			s->heap[i] = a;
		}
		s->bin_ns *= 2;
	}
	return &s->heap[off / s->bin_ns];
}

void study_heap(struct study *s, int64_t t_ns, uint64_t bytes, bool goal)
{
	if (!study_inside(s, t_ns))
		return;
	struct study_bin *b = bin_at(s, t_ns);
	if (goal) {
		s->goal_last = b->goal = bytes;
		return;
	}
	b->min = b->max ? min_u64(b->min, bytes) : bytes;
	b->max = max_u64(b->max, bytes);
	b->last = bytes;
	if (!s->heap_first)
		s->heap_first = bytes;
	s->heap_last = bytes;
	s->heap_max = max_u64(s->heap_max, bytes);
}

static struct study_gc *open_gc(struct study *s)
{
	return s->gcs.len && !s->gcs.at[s->gcs.len - 1].end_ns ? &s->gcs.at[s->gcs.len - 1] : NULL;
}

static bool stack_has(struct study *s, study_stack_id id, const char *func)
{
	uint32_t n;
	const struct study_frame *f = study_stack(s, id, &n);
	for (uint32_t i = 0; i < n; i++)
		if (!strcmp(study_str(s, f[i].func), func))
			return true;
	return false;
}

static struct err *gc_begin(struct study *s, int64_t t_ns, study_stack_id stack)
{
	struct study_gc gc = {.begin_ns = t_ns, .goal = s->goal_last, .peak = s->heap_last};
	gc.leak_profile = stack_has(s, stack, "runtime/pprof.runtime_goroutineLeakGC");
	gc.forced = gc.leak_profile || stack_has(s, stack, "runtime.GC") || stack_has(s, stack, "runtime/debug.freeOSMemory");
	if (s->gcs.len >= GCS_MAX)
		return NULL;
	return vec_push(&s->gcs, GCS_MAX, "collections", gc);
}

static struct err *stw_kind(struct study *s, study_str_id kind, int64_t ns)
{
	size_t i = 0;
	while (i < s->pause_kinds.len && s->pause_kinds.at[i].kind != kind)
		i++;
	if (i == s->pause_kinds.len) {
		if (i >= PAUSE_KINDS_MAX)
			return NULL;
		struct err *err = vec_push(&s->pause_kinds, PAUSE_KINDS_MAX, "kinds of pauses", (struct study_pause_kind){.kind = kind});
		if (err)
			return err;
	}
	struct study_pause_kind *k = &s->pause_kinds.at[i];
	k->count++;
	study_add(&k->total_ns, ns);
	k->max_ns = ns > k->max_ns ? ns : k->max_ns;
	return NULL;
}

static struct err *stw_end(struct study *s, const struct trace_event *e)
{
	struct study_live *l = s->live;
	if (!l->stw_ns)
		return NULL;
	struct study_pause p = {l->stw_ns, e->t_ns - l->stw_ns, l->stw_kind, l->stw_stack, l->stw_g};
	l->stw_ns = 0;
	l->marking_ended = false;
	if (!study_inside(s, e->t_ns))
		return NULL;
	struct study_gc *gc = s->gcs.len ? &s->gcs.at[s->gcs.len - 1] : NULL;
	if (gc && !strncmp(study_str(s, p.kind), "GC ", 3)) {
		study_add(&gc->pause_ns, p.ns);
		gc->stops++;
	}
	struct err *err = stw_kind(s, p.kind, p.ns);
	if (err || (s->pauses.len == STUDY_PAUSES_MAX && s->pauses.at[s->pauses.len - 1].ns >= p.ns))
		return err;
	if (s->pauses.len < STUDY_PAUSES_MAX && (err = vec_push(&s->pauses, STUDY_PAUSES_MAX, "pauses", p)))
		return err;
	size_t i = s->pauses.len - 1;
	for (; i && s->pauses.at[i - 1].ns < p.ns; i--)
		s->pauses.at[i] = s->pauses.at[i - 1];
	s->pauses.at[i] = p;
	return NULL;
}

static void assist_end(struct study *s, struct study_g *g, int64_t t_ns)
{
	if (!g || !g->assist_ns)
		return;
	int64_t ns = study_clip(s, g->assist_ns, t_ns);
	struct study_gc *gc = s->gcs.len ? &s->gcs.at[s->gcs.len - 1] : NULL;
	g->assist_ns = 0;
	study_add(&s->assist_ns, ns);
	s->assists++;
	if (gc) {
		study_add(&gc->assist_ns, ns);
		gc->assist_max_ns = ns > gc->assist_max_ns ? ns : gc->assist_max_ns;
	}
}

static struct err *sweep(struct study *s, const struct trace_event *e)
{
	uint64_t p = e->kind == TRACE_GC_SWEEP_ACTIVE ? e->args[0] : (uint64_t)(uint32_t)e->p;
	uint64_t *begin = map_at(s->live->sweeps, p, NULL);
	if (!begin)
		return &err_nomem;
	if (e->kind == TRACE_GC_SWEEP_END) {
		if (*begin)
			study_add(&s->sweep_ns, study_clip(s, (int64_t)*begin, e->t_ns));
		*begin = 0;
		s->swept += e->args[0];
		s->reclaimed += e->args[1];
	} else if (!*begin) {
		*begin = (uint64_t)e->t_ns;
	}
	return NULL;
}

struct err *study_gc_event(struct study *s, const struct trace *t, const struct trace_event *e)
{
	struct study_live *l = s->live;
	struct study_gc *gc = open_gc(s);
	struct study_g *g;
	switch (e->kind) {
	case TRACE_GC_ACTIVE: return gc ? NULL : gc_begin(s, e->t_ns, 0);
	case TRACE_GC_BEGIN: return gc_begin(s, e->t_ns, names_stack(s->names, t, e->args[1]));
	case TRACE_GC_END:
		if (gc)
			gc->end_ns = e->t_ns;
		return NULL;
	case TRACE_STW_BEGIN:
		l->stw_ns = e->t_ns;
		l->stw_kind = names_str(s->names, t, e->args[0]);
		l->stw_stack = names_stack(s->names, t, e->args[1]);
		l->stw_g = e->g;
		l->marking_ended = !strcmp(study_str(s, l->stw_kind), "GC mark termination");
		return NULL;
	case TRACE_STW_END: return stw_end(s, e);
	case TRACE_HEAP_ALLOC:
		if (l->marking_ended && gc)
			gc->live = e->args[0]; // under the stop heapLive is set to what was marked
		study_heap(s, e->t_ns, e->args[0], false);
		return NULL;
	case TRACE_HEAP_GOAL:
		study_heap(s, e->t_ns, e->args[0], true);
		return NULL;
	case TRACE_GC_MARK_ASSIST_ACTIVE:
		if ((g = e->args[0] == TRACE_NONE ? NULL : study_g_find(s, e->args[0])) && !g->assist_ns)
			g->assist_ns = e->t_ns;
		return NULL;
	case TRACE_GC_MARK_ASSIST_BEGIN:
		if ((g = e->g == TRACE_NONE ? NULL : study_g_find(s, e->g)))
			g->assist_ns = e->t_ns;
		return NULL;
	case TRACE_GC_MARK_ASSIST_END:
		assist_end(s, e->g == TRACE_NONE ? NULL : study_g_find(s, e->g), e->t_ns);
		return NULL;
	case TRACE_GC_SWEEP_ACTIVE:
	case TRACE_GC_SWEEP_BEGIN:
	case TRACE_GC_SWEEP_END: return sweep(s, e);
	default: return NULL;
	}
}
