// Tasks, regions and logs that the program itself writes (runtime/trace), and CPU samples.
#include "read/trace/study_inner.h"

static struct err *task_at(struct study *s, study_str_id name, bool region, uint32_t *ret)
{
	bool fresh;
	uint64_t *at = map_at(s->live->task_at, (uint64_t)name << 1 | region, &fresh);
	if (!at)
		return &err_nomem;
	if (fresh && s->tasks.len >= STUDY_TASKS_MAX)
		fresh = false;
	if (fresh) {
		struct err *err = vec_push(&s->tasks, STUDY_TASKS_MAX, "names of tasks", (struct study_task){.name = name, .region = region});
		if (err)
			return err;
		*at = s->tasks.len - 1;
	}
	*ret = (uint32_t)*at;
	return NULL;
}

static void begun(struct study_task *k, const struct trace_event *e)
{
	if (!k->begun++)
		k->first_ns = e->t_ns;
	k->last_ns = e->t_ns;
}

static void ended(struct study *s, struct study_task *k, int64_t begin_ns, int64_t t_ns, uint64_t id)
{
	int64_t ns = study_clip(s, begin_ns, t_ns);
	k->ended++;
	study_add(&k->total_ns, ns);
	k->hist[ns > 0 ? 63 - __builtin_clzll((uint64_t)ns) : 0]++;
	if (ns > k->max_ns) {
		k->max_ns = ns;
		k->max_at_ns = begin_ns;
		k->max_id = id;
	}
}

static struct err *task_begin(struct study *s, const struct trace *t, const struct trace_event *e)
{
	struct study_live *l = s->live;
	struct open_task open = {.begin_ns = e->t_ns};
	struct err *err = task_at(s, names_str(s->names, t, e->args[2]), false, &open.task);
	if (err)
		return err;
	struct study_task *k = &s->tasks.at[open.task];
	if (!k->stack)
		k->stack = names_stack(s->names, t, e->args[3]);
	begun(k, e);
	uint64_t *at = map_at(l->open_at, e->args[0], NULL);
	if (!at)
		return &err_nomem;
	if (*at) {
		l->open.at[*at - 1] = open;
	} else if (l->free_open.len) {
		*at = l->free_open.at[--l->free_open.len] + 1;
		l->open.at[*at - 1] = open;
	} else if (l->open.len < STUDY_OPEN_MAX) {
		if ((err = vec_push(&l->open, STUDY_OPEN_MAX, "open tasks", open)))
			return err;
		*at = l->open.len;
	}
	return NULL;
}

static struct err *task_end(struct study *s, const struct trace_event *e)
{
	struct study_live *l = s->live;
	uint64_t *at = map_at(l->open_at, e->args[0], NULL);
	if (!at)
		return &err_nomem;
	if (!*at)
		return NULL;
	struct open_task *open = &l->open.at[*at - 1];
	ended(s, &s->tasks.at[open->task], open->begin_ns, e->t_ns, e->args[0]);
	struct err *err = vec_push(&l->free_open, STUDY_OPEN_MAX, "open tasks", (uint32_t)(*at - 1));
	*at = 0;
	return err;
}

static struct err *region_begin(struct study *s, const struct trace *t, const struct trace_event *e)
{
	struct study_live *l = s->live;
	struct study_g *g = e->g == TRACE_NONE ? NULL : study_g_find(s, e->g);
	struct open_region open = {.begin_ns = e->t_ns};
	struct err *err = task_at(s, names_str(s->names, t, e->args[1]), true, &open.task);
	if (err)
		return err;
	struct study_task *k = &s->tasks.at[open.task];
	if (!k->stack)
		k->stack = names_stack(s->names, t, e->args[2]);
	begun(k, e);
	if (!g)
		return NULL;
	open.up = g->region;
	if (l->free_regions.len) {
		uint32_t at = l->free_regions.at[--l->free_regions.len];
		l->regions.at[at] = open;
		g->region = at + 1;
		return NULL;
	}
	if (l->regions.len >= STUDY_OPEN_MAX)
		return NULL;
	if ((err = vec_push(&l->regions, STUDY_OPEN_MAX, "open regions", open)) ||
	    (err = vec_reserve(&l->free_regions, l->regions.len, STUDY_OPEN_MAX, "open regions")))
		return err;
	g->region = (uint32_t)l->regions.len;
	return NULL;
}

// Regions nest in their goroutine; an end without a begin is of one begun before the trace.
static struct err *region_end(struct study *s, const struct trace *t, const struct trace_event *e)
{
	struct study_live *l = s->live;
	struct study_g *g = e->g == TRACE_NONE ? NULL : study_g_find(s, e->g);
	uint32_t task;
	struct err *err = task_at(s, names_str(s->names, t, e->args[1]), true, &task);
	if (err || !g || !g->region || l->regions.at[g->region - 1].task != task)
		return err;
	uint32_t at = g->region - 1;
	ended(s, &s->tasks.at[task], l->regions.at[at].begin_ns, e->t_ns, e->g);
	g->region = l->regions.at[at].up;
	l->free_regions.at[l->free_regions.len++] = at;
	return NULL;
}

static struct err *sample(struct study *s, const struct trace *t, const struct trace_event *e)
{
	bool fresh;
	study_stack_id stack = names_stack(s->names, t, e->args[0]);
	uint64_t *at = map_at(s->live->sample_at, stack, &fresh);
	if (!at)
		return &err_nomem;
	if (fresh) {
		struct err *err = vec_push(&s->samples, STUDY_STACKS_MAX + 1, "sampled stacks", (struct study_sample){.stack = stack});
		if (err)
			return err;
		*at = s->samples.len - 1;
	}
	s->samples.at[*at].count++;
	return NULL;
}

struct err *study_user_event(struct study *s, const struct trace *t, const struct trace_event *e)
{
	if (!study_inside(s, e->t_ns) && e->kind != TRACE_USER_TASK_END && e->kind != TRACE_USER_REGION_END)
		return NULL;
	switch (e->kind) {
	case TRACE_USER_TASK_BEGIN: return task_begin(s, t, e);
	case TRACE_USER_TASK_END: return task_end(s, e);
	case TRACE_USER_REGION_BEGIN: return region_begin(s, t, e);
	case TRACE_USER_REGION_END: return region_end(s, t, e);
	case TRACE_CPU_SAMPLE: return sample(s, t, e);
	case TRACE_USER_LOG:
		if (s->logs.len >= STUDY_LOGS_MAX) {
			s->logs_dropped++;
			return NULL;
		}
		return vec_push(&s->logs, STUDY_LOGS_MAX, "logs", (struct study_log){e->t_ns, e->g, e->args[0], names_str(s->names, t, e->args[1]),
						names_str(s->names, t, e->args[2]), names_stack(s->names, t, e->args[3])});
	default: return NULL;
	}
}
