// One pass over the events: each goes to the file that knows its kind.
#include "read/trace/study_inner.h"

#include <stdlib.h>

// Clocks' snapshots: one a generation, the first and the newest 4095.
enum { SNAPSHOTS_MAX = 4096 };

struct err *study_new(const struct study_options *opt, struct study **ret)
{
	cleanup(study_freep) struct study *s = calloc(1, sizeof(*s));
	if (!s || !(s->live = calloc(1, sizeof(*s->live))))
		return &err_nomem;
	struct study_live *l = s->live;
	struct err *err = names_new(&s->names);
	if (err || (err = gmap_init(&l->at)))
		return err;
	l->spawn_at = map_new();
	l->wait_at = map_new();
	l->task_at = map_new();
	l->sample_at = map_new();
	l->open_at = map_new();
	l->sweeps = map_new();
	if (!l->spawn_at || !l->wait_at || !l->task_at || !l->sample_at || !l->open_at || !l->sweeps)
		return &err_nomem;
	if (opt)
		l->opt = *opt;
	*ret = take(s);
	return NULL;
}

void study_window(struct study *s, const struct study_options *opt) { s->live->opt = *opt; }

void study_free(struct study *s)
{
	if (!s)
		return;
	if (s->live) {
		struct study_live *l = s->live;
		gmap_fini(&l->at);
		vec_fini(&l->gs);
		vec_fini(&l->free_gs);
		map_free(l->spawn_at);
		map_free(l->wait_at);
		map_free(l->task_at);
		map_free(l->sample_at);
		map_free(l->open_at);
		map_free(l->sweeps);
		vec_fini(&l->regions);
		vec_fini(&l->free_regions);
		vec_fini(&l->open);
		vec_fini(&l->free_open);
		free(l);
	}
	names_free(s->names);
	vec_fini(&s->spawns);
	vec_fini(&s->waits);
	vec_fini(&s->gcs);
	vec_fini(&s->pauses);
	vec_fini(&s->pause_kinds);
	vec_fini(&s->tasks);
	vec_fini(&s->logs);
	vec_fini(&s->samples);
	vec_fini(&s->ps);
	vec_fini(&s->snapshots);
	free(s);
}

enum { OTHER, GO, GC, USER, PROCS };

static const uint8_t family[TRACE_KIND_MAX + 1] = {
	[TRACE_CPU_SAMPLE] = USER, [TRACE_PROCS_CHANGE] = PROCS,
	[TRACE_GO_CREATE ... TRACE_GO_STATUS] = GO, [TRACE_GO_LABEL] = GO,
	[TRACE_GO_SWITCH ... TRACE_GO_STATUS_STACK] = GO,
	[TRACE_STW_BEGIN ... TRACE_HEAP_GOAL] = GC,
	[TRACE_USER_TASK_BEGIN ... TRACE_USER_LOG] = USER,
};

struct err *study_block(struct study *s, const struct trace *t, const struct trace_event *ev, size_t n)
{
	const struct study_options *o = &s->live->opt;
	const struct trace_snapshot *snap = &trace_info(t)->snapshot;
	struct err *err = NULL;
	names_generation(s->names, trace_generation(t));
	if (snap->wall_ns && (!s->snapshots.len || s->snapshots.at[s->snapshots.len - 1].gen != snap->gen)) {
		if (s->snapshots.len == SNAPSHOTS_MAX)
			s->snapshots.len--;
		if ((err = vec_push(&s->snapshots, SNAPSHOTS_MAX, "clock snapshots", *snap)))
			return err;
	}
	for (size_t i = 0; i < n && !err; i++) {
		const struct trace_event *e = &ev[i];
		s->live->now_ns = e->t_ns;
		if (study_inside(s, e->t_ns)) {
			if (!s->events++)
				s->first_ns = e->t_ns;
			s->last_ns = e->t_ns;
			s->kinds[e->kind]++;
		} else if (o->to_ns && e->t_ns > o->to_ns) {
			break;
		} else {
			s->first_ns = e->t_ns;
		}
		switch (family[e->kind]) {
		case GO: err = study_go_event(s, t, e); break;
		case GC: err = study_gc_event(s, t, e); break;
		case USER: err = study_user_event(s, t, e); break;
		case PROCS: s->procs = (uint32_t)e->args[0]; break;
		default: break;
		}
	}
	return err;
}

struct err *study_end(struct study *s, const struct trace *t)
{
	(void)t;
	return study_go_end(s);
}

struct err *study_trace(struct trace *t, const struct study_options *opt, struct study **ret)
{
	cleanup(study_freep) struct study *s = NULL;
	const struct trace_event *ev;
	size_t n = 0;
	struct err *err = study_new(opt, &s);
	while (!err && !(err = trace_next(t, &ev, &n)) && n) {
		err = study_block(s, t, ev, n);
		if (s->live->opt.to_ns && s->live->now_ns > s->live->opt.to_ns)
			break;
	}
	if (err || (err = study_end(s, t)))
		return err;
	*ret = take(s);
	return NULL;
}
