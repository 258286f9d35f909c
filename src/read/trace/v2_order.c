// Whose turn it is: the partial order of v2, after src/internal/trace/order.go. Sequence numbers of goroutines, processors
// and collections decide; where a file does not keep them (cut, damaged) `force` lets an event in and adopts what it says.
#include "read/trace/v2.h"

struct ctx {
	uint64_t g, m;
	int32_t p;
};

static inline struct trace_event *put(struct v2 *v, const struct rec *r, struct ctx c)
{
	struct trace_event *e = &v->t->block[v->t->n++];
	v->last_ns = wire_after(v->last_ns, r->t_ns);
	e->t_ns = v->last_ns;
	for (unsigned i = 0; i < TRACE_ARGS; i++)
		e->args[i] = r->args[i];
	e->g = c.g;
	e->m = c.m;
	e->p = c.p;
	e->kind = (uint8_t)r->kind;
	e->from = 0;
	return e;
}

static inline void put_made(struct v2 *v, const struct rec *like, enum trace_kind kind, uint64_t a0, uint64_t a1,
			    struct ctx c)
{
	struct rec r = {.t_ns = like->t_ns, .args = {a0, a1}, .kind = kind};
	put(v, &r, c);
}

static inline bool fits(uint64_t gen, uint64_t seq, uint64_t now, uint64_t arg) { return gen == now && arg == seq + 1; }

// NULL: not known, or no processor's number.
static struct v2_p *proc(struct v2_state *s, uint64_t id)
{
	return id < s->ps.len && s->ps.at[id].status ? &s->ps.at[id] : NULL;
}

static struct v2_p *proc_make(struct v2_state *s, uint64_t id, struct err **ret_err)
{
	if (id >= V2_PROCS_MAX)
		return NULL;
	if ((*ret_err = vec_reserve(&s->ps, id + 1, V2_PROCS_MAX, "processors of a trace")))
		return NULL;
	while (s->ps.len <= id)
		s->ps.at[s->ps.len++] = (struct v2_p){0};
	return &s->ps.at[id];
}

static void set_m_p(struct v2_m *m, int32_t p)
{
	if (m->id != TRACE_NONE)
		m->p = p;
}

static void set_m_g(struct v2_m *m, uint64_t g, uint32_t slot)
{
	if (m->id == TRACE_NONE)
		return;
	m->g = g;
	m->slot = slot;
}

// Only 1 and 3 as written bind: an abandoned one that counts as a syscall's stays with the thread it sits on.
static enum v2_turn proc_status(struct v2 *v, struct rec r, struct v2_m *m, struct ctx c, bool force,
				struct err **ret_err)
{
	struct v2_state *s = &v->s;
	uint64_t id = r.args[0], status = r.args[1];
	if (id >= V2_PROCS_MAX || !status || status > V2_P_ABANDONED)
		return force ? V2_DONE : V2_WRONG;
	struct v2_p *p = proc(s, id);
	if (p && status == V2_P_ABANDONED && p->status == V2_P_SYSCALL) {
		for (size_t i = 0; i < s->ms.len; i++)
			if (s->ms.at[i].p == (int32_t)id)
				c = (struct ctx){s->ms.at[i].g, s->ms.at[i].id, (int32_t)id};
		r.args[1] = V2_P_SYSCALL;
	} else if (p && p->status != status) {
		if (!force)
			return V2_WRONG;
		p->status = (uint8_t)status;
	} else if (!p) {
		if (!(p = proc_make(s, id, ret_err)))
			return V2_WRONG;
		p->status = (uint8_t)status;
	}
	p->seq = 0;
	p->gen = s->gen;
	put(v, &r, c);
	if (status == V2_P_RUNNING || status == V2_P_SYSCALL)
		set_m_p(m, (int32_t)id);
	return V2_DONE;
}

static enum v2_turn proc_start(struct v2 *v, const struct rec *r, struct v2_m *m, struct ctx c, bool force,
			       struct err **ret_err)
{
	struct v2_state *s = &v->s;
	struct v2_p *p = proc(s, r->args[0]);
	if (!p || p->status != V2_P_IDLE || !fits(p->gen, p->seq, s->gen, r->args[1]) || m->p >= 0) {
		if (!force)
			return V2_WAIT;
		if (!(p = proc_make(s, r->args[0], ret_err)))
			return *ret_err ? V2_WRONG : V2_DONE;
		p->gen = s->gen;
	}
	p->status = V2_P_RUNNING;
	p->seq = r->args[1];
	put(v, r, c);
	set_m_p(m, (int32_t)r->args[0]);
	return V2_DONE;
}

static enum v2_turn proc_steal(struct v2 *v, const struct rec *r, struct ctx c, bool force, struct err **ret_err)
{
	struct v2_state *s = &v->s;
	struct v2_p *p = proc(s, r->args[0]);
	uint64_t at;
	struct v2_m *from = map_find(s->m_at, r->args[2], &at) ? &s->ms.at[at] : NULL;
	if (!p || (p->status != V2_P_SYSCALL && p->status != V2_P_ABANDONED) ||
	    !fits(p->gen, p->seq, s->gen, r->args[1])) {
		if (!force)
			return V2_WAIT;
		if (!(p = proc_make(s, r->args[0], ret_err)))
			return *ret_err ? V2_WRONG : V2_DONE;
		p->gen = s->gen;
		p->status = from && from->p == (int32_t)r->args[0] ? V2_P_SYSCALL : V2_P_ABANDONED;
	}
	if (p->status == V2_P_SYSCALL) {
		if ((!from || from->p != (int32_t)r->args[0]) && !force)
			return V2_WRONG;
		if (from && from->p == (int32_t)r->args[0])
			set_m_p(from, -1);
	}
	p->status = V2_P_IDLE;
	p->seq = r->args[1];
	put(v, r, c);
	return V2_DONE;
}

static enum v2_turn go_status(struct v2 *v, const struct rec *r, uint32_t mi, struct ctx c, bool force,
			      struct err **ret_err)
{
	struct v2_state *s = &v->s;
	uint64_t id = r->args[0], on = r->args[1], status = r->args[2];
	if (id == TRACE_NONE || !status || status > TRACE_G_WAITING || (status == TRACE_G_SYSCALL && on == TRACE_NONE))
		return force ? V2_DONE : V2_WRONG;
	uint32_t slot = v2_state_g_find(s, id);
	uint8_t from = (uint8_t)status;
	if (slot == V2_NO) {
		if (s->gen != s->first_gen && !force)
			return V2_WRONG;
		from = TRACE_G_NONE;
	} else if (s->gs.at[slot].status != status && !force) {
		return V2_WRONG;
	}
	uint32_t bind = mi;
	if (status == TRACE_G_SYSCALL && on != c.m) {
		uint64_t at;
		if (map_find(s->m_at, on, &at)) {
			if (s->ms.at[at].g != id && !force)
				return V2_WRONG;
			c.g = s->ms.at[at].g;
		}
		if ((*ret_err = v2_state_m(s, on, &bind)))
			return V2_WRONG;
		c.m = on;
	} else if (status == TRACE_G_SYSCALL && s->gen != s->first_gen && c.g != id && !force) {
		return V2_WRONG;
	}
	if ((*ret_err = v2_state_g(s, id, &slot)))
		return V2_WRONG;
	struct v2_g *g = &s->gs.at[slot];
	g->status = (uint8_t)status;
	g->seq = 0;
	g->gen = s->gen;
	put(v, r, c)->from = from;
	if (status == TRACE_G_RUNNING || status == TRACE_G_SYSCALL)
		set_m_g(&s->ms.at[bind], id, slot);
	return V2_DONE;
}

static enum v2_turn go_create(struct v2 *v, const struct rec *r, struct v2_m *m, struct ctx c, uint8_t status,
			      bool force, struct err **ret_err)
{
	struct v2_state *s = &v->s;
	uint32_t slot = r->args[0] == TRACE_NONE ? V2_NO : v2_state_g_find(s, r->args[0]);
	if (r->args[0] == TRACE_NONE)
		return force ? V2_DONE : V2_WRONG;
	if (slot != V2_NO && !force)
		return V2_WRONG;
	if ((*ret_err = v2_state_g(s, r->args[0], &slot)))
		return V2_WRONG;
	struct v2_g *g = &s->gs.at[slot];
	g->status = status;
	g->seq = 0;
	g->gen = s->gen;
	put(v, r, c);
	if (status == TRACE_G_SYSCALL)
		set_m_g(m, r->args[0], slot);
	return V2_DONE;
}

// The goroutine an event names, if it is in that state and the event is its next; adopted when forced. NULL: wait.
static struct v2_g *named_g(struct v2_state *s, const struct rec *r, uint8_t status, bool force, uint32_t *ret_slot,
			    struct err **ret_err)
{
	*ret_slot = v2_state_g_find(s, r->args[0]);
	struct v2_g *g = *ret_slot == V2_NO ? NULL : &s->gs.at[*ret_slot];
	if (g && g->status == status && fits(g->gen, g->seq, s->gen, r->args[1]))
		return g;
	if (!force || r->args[0] == TRACE_NONE)
		return NULL;
	if ((*ret_err = v2_state_g(s, r->args[0], ret_slot)))
		return NULL;
	g = &s->gs.at[*ret_slot];
	g->gen = s->gen;
	return g;
}

static enum v2_turn go_switch(struct v2 *v, const struct rec *r, struct v2_m *m, struct v2_g *cur, struct ctx c,
			      bool force, struct err **ret_err)
{
	struct v2_state *s = &v->s;
	if (!cur || cur->status != TRACE_G_RUNNING) {
		if (!force)
			return V2_WRONG;
		cur = NULL;
	}
	uint32_t cur_slot = cur ? (uint32_t)(cur - s->gs.at) : V2_NO, slot;
	struct v2_g *g = named_g(s, r, TRACE_G_WAITING, force, &slot, ret_err);
	if (!g)
		return *ret_err ? V2_WRONG : force ? V2_DONE : V2_WAIT;
	put(v, r, c);
	if (r->kind == TRACE_GO_SWITCH) {
		if (cur_slot != V2_NO)
			s->gs.at[cur_slot].status = TRACE_G_WAITING;
		put_made(v, r, TRACE_GO_BLOCK, 0, 0, c);
	} else {
		if (cur_slot != V2_NO && cur_slot != slot)
			v2_state_g_end(s, cur_slot);
		put_made(v, r, TRACE_GO_DESTROY, 0, 0, c);
	}
	g = &s->gs.at[slot];
	g->status = TRACE_G_RUNNING;
	g->seq = r->args[1];
	c.g = TRACE_NONE;
	put_made(v, r, TRACE_GO_START, r->args[0], r->args[1], c);
	set_m_g(m, r->args[0], slot);
	return V2_DONE;
}

static enum v2_turn gc_turn(struct v2 *v, const struct rec *r, struct ctx c, bool force)
{
	struct v2_state *s = &v->s;
	bool first = r->kind == TRACE_GC_ACTIVE ? s->gen == s->first_gen
						: r->kind == TRACE_GC_BEGIN && s->gc == V2_GC_UNKNOWN;
	if (!first && r->args[0] != s->gc_seq + 1 && !force)
		return V2_WAIT;
	s->gc_seq = r->args[0];
	s->gc = r->kind == TRACE_GC_END ? V2_GC_OFF : V2_GC_ON;
	put(v, r, c);
	return V2_DONE;
}

static enum v2_turn user_task(struct v2 *v, struct rec r, struct ctx c, struct err **ret_err)
{
	struct v2_state *s = &v->s;
	uint64_t at = 0, *place;
	bool known = map_find(s->tasks, r.args[0], &at) && at;
	if (r.kind == TRACE_USER_TASK_END) {
		r.args[2] = known ? s->task.at[at - 1].parent : TRACE_NONE;
		r.args[3] = known ? s->task.at[at - 1].name : 0;
		if (known) {
			if ((*ret_err = vec_push(&s->free_tasks, UINT32_MAX, "tasks of a trace", (uint32_t)at)))
				return V2_WRONG;
			*map_at(s->tasks, r.args[0], NULL) = 0;
		}
		put(v, &r, c);
		return V2_DONE;
	}
	if (!r.args[1])
		r.args[1] = TRACE_NONE; // 0 is no parent, not the background task
	struct v2_task task = {.id = r.args[0], .parent = r.args[1]};
	if ((*ret_err = trace_keep(v->t, tables_string(&v->t->tables, r.args[2]), &task.name)))
		return V2_WRONG;
	if (!known && s->free_tasks.len) {
		at = s->free_tasks.at[--s->free_tasks.len];
	} else if (!known) {
		if ((*ret_err = vec_push(&s->task, V2_GOROUTINES_MAX, "tasks of a trace", task)))
			return V2_WRONG;
		at = s->task.len;
	}
	s->task.at[at - 1] = task;
	if (!(place = map_at(s->tasks, r.args[0], NULL))) {
		*ret_err = &err_nomem;
		return V2_WRONG;
	}
	*place = at;
	put(v, &r, c);
	return V2_DONE;
}

// A cgo callback's goroutine ends; the thread's id may be used again, so its processor is given up too.
static enum v2_turn destroy_syscall(struct v2 *v, const struct rec *r, struct v2_m *m, struct v2_g *cur, struct ctx c,
				    bool force)
{
	if ((!cur || cur->status != TRACE_G_SYSCALL) && !force)
		return V2_WRONG;
	if (cur)
		v2_state_g_end(&v->s, (uint32_t)(cur - v->s.gs.at));
	struct v2_p *p = m->p >= 0 ? proc(&v->s, (uint64_t)m->p) : NULL;
	if (p) {
		p->status = V2_P_ABANDONED;
		set_m_p(m, -1);
		put_made(v, r, TRACE_PROC_STEAL, (uint64_t)c.p, 0, c);
	}
	put(v, r, c);
	set_m_g(m, TRACE_NONE, V2_NO);
	return V2_DONE;
}

enum v2_turn v2_advance(struct v2 *v, const struct rec *r, uint32_t mi, bool force, struct err **ret_err)
{
	struct v2_state *s = &v->s;
	struct v2_m *m = &s->ms.at[mi];
	struct ctx c = {m->g, m->id, m->p};
	struct v2_g *cur = m->slot != V2_NO && s->gs.at[m->slot].id == m->g ? &s->gs.at[m->slot] : NULL;
	struct v2_p *p;
	struct v2_g *g;
	uint32_t slot;

	switch (r->kind) {
	case TRACE_PROC_STATUS: return proc_status(v, *r, m, c, force, ret_err);
	case TRACE_PROC_START: return proc_start(v, r, m, c, force, ret_err);
	case TRACE_PROC_STEAL: return proc_steal(v, r, c, force, ret_err);
	case TRACE_PROC_STOP:
		p = m->p >= 0 ? proc(s, (uint64_t)m->p) : NULL;
		if (!p && !force)
			return V2_WRONG;
		if (p)
			p->status = V2_P_IDLE;
		put(v, r, c);
		set_m_p(m, -1);
		return V2_DONE;
	case TRACE_GO_STATUS:
	case TRACE_GO_STATUS_STACK: return go_status(v, r, mi, c, force, ret_err);
	case TRACE_GO_CREATE: return go_create(v, r, m, c, TRACE_G_RUNNABLE, force, ret_err);
	case TRACE_GO_CREATE_BLOCKED: return go_create(v, r, m, c, TRACE_G_WAITING, force, ret_err);
	case TRACE_GO_CREATE_SYSCALL: return go_create(v, r, m, c, TRACE_G_SYSCALL, force, ret_err);
	case TRACE_GO_START:
		if (!(g = named_g(s, r, TRACE_G_RUNNABLE, force, &slot, ret_err)))
			return *ret_err ? V2_WRONG : force ? V2_DONE : V2_WAIT;
		g->status = TRACE_G_RUNNING;
		g->seq = r->args[1];
		put(v, r, c);
		set_m_g(m, r->args[0], slot);
		return V2_DONE;
	case TRACE_GO_UNBLOCK:
		if (!(g = named_g(s, r, TRACE_G_WAITING, force, &slot, ret_err)))
			return *ret_err ? V2_WRONG : force ? V2_DONE : V2_WAIT;
		g->status = TRACE_G_RUNNABLE;
		g->seq = r->args[1];
		put(v, r, c);
		return V2_DONE;
	case TRACE_GO_STOP:
	case TRACE_GO_BLOCK:
	case TRACE_GO_DESTROY:
		if ((!cur || cur->status != TRACE_G_RUNNING) && !force)
			return V2_WRONG;
		if (cur && r->kind == TRACE_GO_DESTROY)
			v2_state_g_end(s, m->slot);
		else if (cur)
			cur->status = r->kind == TRACE_GO_STOP ? TRACE_G_RUNNABLE : TRACE_G_WAITING;
		put(v, r, c);
		set_m_g(m, TRACE_NONE, V2_NO);
		return V2_DONE;
	case TRACE_GO_SWITCH:
	case TRACE_GO_SWITCH_DESTROY: return go_switch(v, r, m, cur, c, force, ret_err);
	case TRACE_GO_SYSCALL_BEGIN:
		p = m->p >= 0 ? proc(s, (uint64_t)m->p) : NULL;
		if ((!cur || cur->status != TRACE_G_RUNNING || !p || !fits(p->gen, p->seq, s->gen, r->args[0])) && !force)
			return V2_WRONG;
		if (cur)
			cur->status = TRACE_G_SYSCALL;
		if (p) {
			p->status = V2_P_SYSCALL;
			p->seq = r->args[0];
			p->gen = s->gen;
		}
		put(v, r, c);
		return V2_DONE;
	case TRACE_GO_SYSCALL_END:
		p = m->p >= 0 ? proc(s, (uint64_t)m->p) : NULL;
		if ((!cur || cur->status != TRACE_G_SYSCALL || !p || p->status != V2_P_SYSCALL) && !force)
			return V2_WRONG;
		if (cur)
			cur->status = TRACE_G_RUNNING;
		if (p)
			p->status = V2_P_RUNNING;
		put(v, r, c);
		return V2_DONE;
	case TRACE_GO_SYSCALL_END_BLOCKED:
		p = m->p >= 0 ? proc(s, (uint64_t)m->p) : NULL;
		if (p && p->status == V2_P_SYSCALL && !force)
			return V2_WAIT;
		if ((!cur || cur->status != TRACE_G_SYSCALL) && !force)
			return V2_WRONG;
		if (cur)
			cur->status = TRACE_G_RUNNABLE;
		put(v, r, c);
		set_m_g(m, TRACE_NONE, V2_NO);
		return V2_DONE;
	case TRACE_GO_DESTROY_SYSCALL: return destroy_syscall(v, r, m, cur, c, force);
	case TRACE_GC_ACTIVE:
	case TRACE_GC_BEGIN:
	case TRACE_GC_END: return gc_turn(v, r, c, force);
	case TRACE_STW_BEGIN:
		if (cur)
			cur->stw = r->args[0];
		put(v, r, c);
		return V2_DONE;
	case TRACE_STW_END:
		put(v, r, c)->args[0] = cur ? cur->stw : 0;
		return V2_DONE;
	case TRACE_USER_TASK_BEGIN:
	case TRACE_USER_TASK_END: return user_task(v, *r, c, ret_err);
	default: // metrics, ranges and annotations: always
		put(v, r, c);
		return V2_DONE;
	}
}
