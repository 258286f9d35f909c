// The handle of a v1 file: scan, merge, conversion, a block at a time.
#include "read/trace/v1.h"

#include <stdlib.h>

struct err *v1_open(struct trace *t, struct v1 **ret)
{
	struct v1 *v = calloc(1, sizeof(*v));
	if (!v)
		return &err_nomem;
	v->t = t;
	v->proc_at = map_new();
	v->timers = map_new();
	v->late_off = map_new();
	v->created_at = map_new();
	v->tasks = map_new();
	struct err *err = NULL;
	if (!v->proc_at || !v->timers || !v->late_off || !v->created_at || !v->tasks)
		err = &err_nomem;
	if (err || (err = gmap_init(&v->g_at)) || (err = v1_scan(v)) || (err = v1_convert_init(v)) || (err = v1_merge_init(v))) {
		v1_close(v);
		return err;
	}
	*ret = v;
	return NULL;
}

void v1_close(struct v1 *v)
{
	if (!v)
		return;
	for (size_t i = 0; i < v->procs.len; i++)
		vec_fini(&v->procs.at[i].batches);
	map_free(v->proc_at);
	map_free(v->timers);
	map_free(v->late_off);
	map_free(v->created_at);
	map_free(v->tasks);
	gmap_fini(&v->g_at);
	vec_fini(&v->procs);
	vec_fini(&v->heap);
	vec_fini(&v->waiting);
	vec_fini(&v->gs);
	vec_fini(&v->ring);
	vec_fini(&v->exits);
	vec_fini(&v->late);
	vec_fini(&v->created);
	vec_fini(&v->seen_procs);
	vec_fini(&v->threads);
	vec_fini(&v->task);
	free(v);
}

struct err *v1_next(struct v1 *v)
{
	struct trace *t = v->t;
	while (t->n < BLOCK_EVENTS) {
		struct v1_item it;
		bool any = true;
		struct err *err = v->pending ? NULL : v1_merge(v, &it, &any);
		if (err)
			return err;
		if (!any)
			break;
		if (v->pending)
			it = v->maxprocs;
		if ((err = v1_convert(v, &it)))
			return err;
		// The list of what was there at the beginning may be longer than a block.
		v->pending = v->initial && it.kind == V1_GOMAXPROCS;
		v->maxprocs = it;
	}
	if (!t->n && v->forced) {
		trace_gap_at(t, GAP_TRACE_ORDER, v->forced, NULL);
		v->forced = 0;
	}
	return NULL;
}
