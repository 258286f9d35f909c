// Goroutines: who made them, what states they went through, where and why they waited.
//
// Invariants: (1) a live goroutine has a slot and a spawn; (2) its `wait` is the place of the state it is in, so that
// ending a wait needs no look-up.
#include "read/trace/study_inner.h"

#include <string.h>

enum { WAIT_VOTES_MAX = 1 << 20 };

struct study_g *study_g_find(struct study *s, uint64_t id)
{
	uint32_t slot;
	return gmap_find(&s->live->at, id, &slot) ? &s->live->gs.at[slot] : NULL;
}

static struct err *spawn_at(struct study *s, study_stack_id stack, study_stack_id entry, uint32_t *ret)
{
	bool fresh;
	uint64_t *at = map_at(s->live->spawn_at, (uint64_t)stack << 32 | entry, &fresh);
	if (!at)
		return &err_nomem;
	if (fresh && s->spawns.len >= STUDY_SPAWNS_MAX)
		fresh = false; // beyond the maximum everything is counted with the first
	if (fresh) {
		struct err *err = vec_push(&s->spawns, STUDY_SPAWNS_MAX, "creation sites", (struct study_spawn){.stack = stack, .entry = entry});
		if (err)
			return err;
		*at = s->spawns.len - 1;
	}
	*ret = (uint32_t)*at;
	return NULL;
}

static struct err *wait_at(struct study *s, uint8_t state, study_str_id reason, study_stack_id stack, uint32_t *ret)
{
	bool fresh;
	uint64_t *at = map_at(s->live->wait_at, (uint64_t)state << 60 | (uint64_t)reason << 32 | stack, &fresh);
	if (!at)
		return &err_nomem;
	if (fresh && s->waits.len >= STUDY_WAITS_MAX)
		fresh = false;
	if (fresh) {
		struct study_wait w = {.state = state, .reason = reason, .stack = stack};
		struct err *err = vec_push(&s->waits, STUDY_WAITS_MAX, "waiting places", w);
		if (err)
			return err;
		*at = s->waits.len - 1;
	}
	*ret = (uint32_t)*at;
	return NULL;
}

static struct err *g_add(struct study *s, uint64_t id, uint32_t spawn, int64_t created_ns, uint8_t status,
			 struct study_g **ret)
{
	struct study_live *l = s->live;
	struct err *err;
	struct study_g g = {.id = id, .spawn = spawn, .wait = STUDY_NO, .created_ns = created_ns,
			    .since_ns = l->now_ns, .status = status, .p = -1};
	uint32_t slot = (uint32_t)l->gs.len;
	if (l->free_gs.len) {
		slot = l->free_gs.at[--l->free_gs.len];
		l->gs.at[slot] = g;
	} else if ((err = vec_push(&l->gs, STUDY_GOROUTINES_MAX, "goroutines", g)) ||
		   (err = vec_reserve(&l->free_gs, l->gs.len, STUDY_GOROUTINES_MAX, "goroutines"))) {
		return err;
	}
	if ((err = gmap_put(&l->at, id, slot)))
		return err;
	s->alive++;
	s->max_alive = s->alive > s->max_alive ? s->alive : s->max_alive;
	*ret = &l->gs.at[slot];
	return NULL;
}

// One met for the first time that nobody created here: a flight recorder's, or a cut file's.
static struct err *g_of(struct study *s, uint64_t id, uint8_t status, struct study_g **ret)
{
	uint32_t spawn;
	if ((*ret = study_g_find(s, id)))
		return NULL;
	struct err *err = spawn_at(s, 0, 0, &spawn);
	if (err)
		return err;
	s->spawns.at[spawn].before++;
	if ((err = g_add(s, id, spawn, INT64_MIN, status, ret)))
		return err;
	(*ret)->from_start = true;
	(*ret)->since_ns = s->first_ns;
	return NULL;
}

static void p_leave(struct study *s, struct study_g *g)
{
	struct study_p *p = g->p >= 0 && (size_t)g->p < s->ps.len ? &s->ps.at[g->p] : NULL;
	g->p = -1;
	if (!p || !p->since_ns || p->g != g->id)
		return;
	int64_t ns = study_clip(s, p->since_ns, s->live->now_ns);
	study_add(&p->busy_ns, ns);
	if (p->gc)
		study_add(&p->gc_ns, ns);
	p->since_ns = 0;
}

static struct err *p_enter(struct study *s, struct study_g *g, int32_t p)
{
	if (p < 0)
		return NULL;
	struct err *err = vec_reserve(&s->ps, (size_t)p + 1, 1 << 20, "processors");
	if (err)
		return err;
	while (s->ps.len <= (size_t)p)
		s->ps.at[s->ps.len++] = (struct study_p){0};
	struct study_p *at = &s->ps.at[p];
	at->since_ns = s->live->now_ns;
	at->g = g->id;
	at->gc = g->labelled;
	at->starts++;
	g->p = p;
	return NULL;
}

// Out of the state it is in, at now_ns. `waker` ends a wait.
static void g_leave(struct study *s, struct study_g *g, study_stack_id waker)
{
	int64_t now = s->live->now_ns, ns = study_clip(s, g->since_ns, now);
	struct study_spawn *sp = &s->spawns.at[g->spawn];
	study_add(&sp->state_ns[g->status], ns);
	if (g->status == TRACE_G_RUNNING)
		p_leave(s, g);
	if (g->wait == STUDY_NO)
		return;
	struct study_wait *w = &s->waits.at[g->wait];
	g->wait = STUDY_NO;
	if (!ns && s->live->opt.to_ns)
		return;
	w->count++;
	w->last_end_ns = now;
	study_add(&w->total_ns, ns);
	if (ns > w->max_ns) {
		w->max_ns = ns;
		w->max_at_ns = g->since_ns;
		w->max_g = g->id;
	}
	if (g->started) {
		w->pprof_count++;
		study_add(&w->pprof_ns, ns);
	}
	if (!waker)
		return;
	if (w->waker == waker)
		w->votes += w->votes < WAIT_VOTES_MAX;
	else if (w->votes)
		w->votes--;
	else
		w->waker = waker, w->votes = 1;
}

// Of one that was there before only its own stack tells what it runs.
static struct err *g_entry(struct study *s, struct study_g *g, study_stack_id stack)
{
	uint32_t spawn;
	struct err *err = spawn_at(s, 0, names_root(s->names, stack), &spawn);
	if (err || spawn == g->spawn)
		return err;
	s->spawns.at[g->spawn].before--;
	s->spawns.at[spawn].before++;
	g->spawn = spawn;
	return NULL;
}

static struct err *g_enter(struct study *s, struct study_g *g, uint8_t status, study_str_id reason, study_stack_id stack)
{
	struct err *err;
	if (g->from_start && stack && status != TRACE_G_RUNNABLE && !s->spawns.at[g->spawn].entry &&
	    (err = g_entry(s, g, stack)))
		return err;
	g->status = status;
	g->since_ns = s->live->now_ns;
	if (status == TRACE_G_RUNNING) {
		g->started = true;
		return NULL;
	}
	return wait_at(s, status, reason, stack, &g->wait);
}

static void g_close(struct study *s, struct study_g *g)
{
	struct study_live *l = s->live;
	struct study_spawn *sp = &s->spawns.at[g->spawn];
	if (study_inside(s, l->now_ns)) {
		if (!sp->ended++)
			sp->first_end_ns = l->now_ns;
		sp->last_end_ns = l->now_ns;
	}
	if (!g->from_start) {
		int64_t life = l->now_ns - g->created_ns;
		study_add(&sp->life_ns, life);
		sp->life_squares += (double)life / 1e9 * ((double)life / 1e9);
		sp->life_max_ns = life > sp->life_max_ns ? life : sp->life_max_ns;
	}
	while (g->region) {
		uint32_t at = g->region - 1;
		g->region = l->regions.at[at].up;
		l->free_regions.at[l->free_regions.len++] = at;
	}
	gmap_remove(&l->at, g->id);
	l->free_gs.at[l->free_gs.len++] = (uint32_t)(g - l->gs.at);
	g->id = TRACE_NONE;
	s->alive--;
}

static struct err *go_create(struct study *s, const struct trace *t, const struct trace_event *e, uint8_t status)
{
	bool named = e->kind != TRACE_GO_CREATE_SYSCALL;
	study_stack_id entry = named ? names_stack(s->names, t, e->args[1]) : 0;
	study_stack_id stack = named ? names_stack(s->names, t, e->args[2]) : 0;
	uint32_t spawn;
	struct err *err = spawn_at(s, stack, entry, &spawn);
	if (err)
		return err;
	struct study_g *g = study_g_find(s, e->args[0]);
	if (g)
		g_close(s, g); // a file that lies: the number is used twice
	struct study_spawn *sp = &s->spawns.at[spawn];
	if (study_inside(s, e->t_ns)) {
		if (!sp->created++) {
			sp->first_ns = e->t_ns;
			sp->creator = e->g;
		}
		sp->last_ns = e->t_ns;
	}
	if ((err = g_add(s, e->args[0], spawn, e->t_ns, status, &g)))
		return err;
	return g_enter(s, g, status, 0, stack);
}

// The status at a generation's begin: news of one that was there before, or the stack of one that sleeps.
static struct err *go_status(struct study *s, const struct trace *t, const struct trace_event *e)
{
	uint8_t status = (uint8_t)e->args[2];
	study_stack_id stack = e->kind == TRACE_GO_STATUS_STACK ? names_stack(s->names, t, e->args[3]) : 0;
	struct study_g *g;
	bool known = study_g_find(s, e->args[0]) != NULL;
	struct err *err = g_of(s, e->args[0], status, &g);
	if (err)
		return err;
	if (known && e->kind == TRACE_GO_STATUS_STACK && g->asleep < UINT16_MAX)
		g->asleep++;
	if (known && g->status == status) {
		// `go tool trace` begins to count here too, but the stack comes later: it says where from now on.
		if (g->from_start && stack && !s->spawns.at[g->spawn].entry && (err = g_entry(s, g, stack)))
			return err;
		if (g->wait != STUDY_NO && stack && !s->waits.at[g->wait].stack)
			return wait_at(s, status, s->waits.at[g->wait].reason, stack, &g->wait);
		return NULL;
	}
	if (known)
		g_leave(s, g, 0);
	int64_t since = g->since_ns;
	if ((err = g_enter(s, g, status, 0, stack)))
		return err;
	if (!known)
		g->since_ns = since;
	return status == TRACE_G_RUNNING && !known ? p_enter(s, g, e->p) : NULL;
}

static struct err *move(struct study *s, uint64_t id, uint8_t from, uint8_t to, study_str_id reason,
			study_stack_id stack, study_stack_id waker, int32_t p)
{
	struct study_g *g;
	if (id == TRACE_NONE)
		return NULL;
	struct err *err = g_of(s, id, from, &g);
	if (err)
		return err;
	g_leave(s, g, waker);
	if ((err = g_enter(s, g, to, reason, stack)))
		return err;
	return to == TRACE_G_RUNNING ? p_enter(s, g, p) : NULL;
}

struct err *study_go_event(struct study *s, const struct trace *t, const struct trace_event *e)
{
	study_stack_id stack;
	struct study_g *g;
	switch (e->kind) {
	case TRACE_GO_CREATE: return go_create(s, t, e, TRACE_G_RUNNABLE);
	case TRACE_GO_CREATE_BLOCKED: return go_create(s, t, e, TRACE_G_WAITING);
	case TRACE_GO_CREATE_SYSCALL: return go_create(s, t, e, TRACE_G_SYSCALL);
	case TRACE_GO_STATUS:
	case TRACE_GO_STATUS_STACK: return go_status(s, t, e);
	case TRACE_GO_START: return move(s, e->args[0], TRACE_G_RUNNABLE, TRACE_G_RUNNING, 0, 0, 0, e->p);
	case TRACE_GO_STOP:
	case TRACE_GO_BLOCK:
		return move(s, e->g, TRACE_G_RUNNING, e->kind == TRACE_GO_STOP ? TRACE_G_RUNNABLE : TRACE_G_WAITING,
			    names_str(s->names, t, e->args[0]), names_stack(s->names, t, e->args[1]), 0, -1);
	case TRACE_GO_UNBLOCK:
		stack = names_stack(s->names, t, e->args[2]);
		return move(s, e->args[0], TRACE_G_WAITING, TRACE_G_RUNNABLE, 0, stack, stack, -1);
	case TRACE_GO_SWITCH: // the others of its three events follow
	case TRACE_GO_SWITCH_DESTROY: return move(s, e->args[0], TRACE_G_WAITING, TRACE_G_RUNNABLE, 0, 0, 0, -1);
	case TRACE_GO_SYSCALL_BEGIN:
		return move(s, e->g, TRACE_G_RUNNING, TRACE_G_SYSCALL, 0, names_stack(s->names, t, e->args[1]), 0, -1);
	case TRACE_GO_SYSCALL_END: return move(s, e->g, TRACE_G_SYSCALL, TRACE_G_RUNNING, 0, 0, 0, e->p);
	case TRACE_GO_SYSCALL_END_BLOCKED: return move(s, e->g, TRACE_G_SYSCALL, TRACE_G_RUNNABLE, 0, 0, 0, -1);
	case TRACE_GO_DESTROY:
	case TRACE_GO_DESTROY_SYSCALL:
		if (e->g != TRACE_NONE && (g = study_g_find(s, e->g))) {
			g_leave(s, g, 0);
			g_close(s, g);
		}
		return NULL;
	case TRACE_GO_LABEL:
		if ((g = e->g == TRACE_NONE ? NULL : study_g_find(s, e->g)))
			g->labelled = !strncmp(study_str(s, names_str(s->names, t, e->args[0])), "GC (", 4);
		if (g && g->p >= 0)
			s->ps.at[g->p].gc = g->labelled;
		return NULL;
	default: return NULL;
	}
}

struct err *study_go_end(struct study *s)
{
	struct study_live *l = s->live;
	for (size_t i = 0; i < s->spawns.len; i++)
		s->alive_first += s->spawns.at[i].before;
	int64_t end = l->opt.to_ns && l->opt.to_ns < s->last_ns ? l->opt.to_ns : s->last_ns;
	for (size_t i = 0; i < l->gs.len; i++) {
		struct study_g *g = &l->gs.at[i];
		if (g->id == TRACE_NONE)
			continue;
		struct study_spawn *sp = &s->spawns.at[g->spawn];
		study_add(&sp->state_ns[g->status], study_clip(s, g->since_ns, end));
		sp->alive++;
		sp->alive_blocked += g->status == TRACE_G_WAITING;
		sp->alive_runnable += g->status == TRACE_G_RUNNABLE || g->status == TRACE_G_RUNNING;
		if (!g->from_start && (!sp->oldest_ns || g->created_ns < sp->oldest_ns))
			sp->oldest_ns = g->created_ns;
		if (g->wait != STUDY_NO) {
			struct study_wait *w = &s->waits.at[g->wait];
			if (!w->open++ || g->since_ns < w->oldest_ns)
				w->oldest_ns = g->since_ns;
		}
		if (g->status == TRACE_G_RUNNING) {
			l->now_ns = end;
			p_leave(s, g);
		}
	}
	return NULL;
}

const struct study_g *study_alive(const struct study *s, size_t *pos)
{
	for (; *pos < s->live->gs.len; ++*pos)
		if (s->live->gs.at[*pos].id != TRACE_NONE)
			return &s->live->gs.at[(*pos)++];
	return NULL;
}
