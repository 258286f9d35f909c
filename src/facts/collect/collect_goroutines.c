// Censuses over a window -> groups: same entry, creator, blocking place and reason; their counts; what became of the
// members; what will wake them (joined with the kernel's sockets).
//
// Invariants: (1) a member is followed by its id over the whole process, for members move between blocking places; (2) a
// cohort is the members of one look: the first look, and a later one for groups that were too small then; (3) every group
// has a point for each look since its first; (4) lives are measured between looks: of one that left from the middle before it
// was first seen to the middle after it was last seen, of one that stays from the look that first saw it.
#include "facts/collect/collect.h"
#include "read/kernel/kernel.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_MEMBERS = 16 << 20, MAX_POINTS = 4096, MAX_FRAMES = 128, SECOND_COHORT = 6, FEW = 3, LIVES_TO_JUDGE = 10, NO_GROUP = UINT32_MAX };

struct member {
	uint32_t group;
	uint8_t seq, cohort; // cohort 0: first look, 1: the later one, 2: none
	uint32_t first_look, last_look;
	bool ran, alive, timed;
	int64_t wake_ns;     // of a timed one, at its cohort's look
};

struct tally { // of one group, during one look
	uint64_t count, stack_bytes;
};

struct collect_goroutines {
	struct evidence *ev;
	struct rt *rt;
	struct target *t;
	struct map *group_of_stack; // hash of what a goroutine shows -> group
	struct map *member_of;      // goroutine id -> index into members
	VEC(struct member) members;
	VEC(struct tally) tallies;
	uint32_t looks;
	VEC(instant_t) look_at;
};

struct collect_goroutines *collect_goroutines_new(struct evidence *ev, struct rt *rt, struct target *t)
{
	cleanup(collect_goroutines_freep) struct collect_goroutines *c = calloc(1, sizeof(*c));
	if (!c || !(c->group_of_stack = map_new()) || !(c->member_of = map_new()))
		return NULL;
	c->ev = ev;
	c->rt = rt;
	c->t = t;
	return take(c);
}

void collect_goroutines_free(struct collect_goroutines *c)
{
	if (!c)
		return;
	map_free(c->group_of_stack);
	map_free(c->member_of);
	vec_fini(&c->members);
	vec_fini(&c->tallies);
	vec_fini(&c->look_at);
	free(c);
}

// ---- which group --------------------------------------------------------------------------------------------------

static place_id place_of(struct evidence *ev, const struct gobin_frame *f)
{
	char name[GOBIN_NAME_MAX];
	return ev_place(ev, gobin_name(f->function, name), f->file, f->line);
}

// Frames that only carry out a wait: the place that blocks is the one that calls them.
static bool is_plumbing(const char *f)
{
	static const char *const packages[] = {"internal/", "sync.", "sync/", "syscall.", "net.", "io.", "bufio.", "os.", "crypto/tls.", "time."};
	for (size_t i = 0; i < countof(packages); i++)
		if (!strncmp(f, packages[i], strlen(packages[i])))
			return true;
	return ev_is_runtime(f);
}

struct shown { place_id entry, created_by, blocked_at, blocked_user; stack_id stack; };

static struct shown symbolise(struct collect_goroutines *c, const struct rt_goroutine *g, const struct rt_census *census)
{
	struct evidence *ev = c->ev;
	struct shown s = {0};
	place_id frames[MAX_FRAMES] = {0}, outside_runtime = 0;
	uint32_t n = 0;
	struct gobin_frame at[32];
	for (uint32_t i = 0; i < g->n_stack && n < MAX_FRAMES; i++) {
		size_t levels = rt_frames(c->rt, census->pcs.at[g->stack_at + i], at, countof(at));
		for (size_t k = 0; k < levels && n < MAX_FRAMES; k++) {
			if (!strcmp(at[k].function, "runtime.goexit"))
				continue;
			place_id p = place_of(ev, &at[k]);
			if (!s.blocked_user && !ev_is_stdlib(at[k].function))
				s.blocked_user = p;
			if (!outside_runtime && !ev_is_runtime(at[k].function))
				outside_runtime = p;
			if (!s.blocked_at && !is_plumbing(at[k].function))
				s.blocked_at = p;
			frames[n++] = p;
		}
	}
	s.stack = ev_stack(ev, frames, n);
	if (!s.blocked_at)
		s.blocked_at = outside_runtime ? outside_runtime : n ? frames[0] : 0;
	if (g->start_pc && rt_frames(c->rt, g->start_pc + 1, at, countof(at))) {
		size_t levels = rt_frames(c->rt, g->start_pc + 1, at, countof(at));
		s.entry = place_of(ev, &at[levels - 1]);
	}
	if (g->go_pc && rt_frames(c->rt, g->go_pc, at, countof(at)))
		s.created_by = place_of(ev, &at[0]);
	return s;
}

static const char *state_name(const struct rt_goroutine *g)
{
	switch (g->status) {
	case RT_RUNNABLE: return "runnable";
	case RT_RUNNING: return "running";
	case RT_SYSCALL: return "syscall";
	case RT_WAITING: return "waiting";
	case RT_COPYSTACK: return "copystack";
	case RT_PREEMPTED: return "preempted";
	case RT_LEAKED: return "leaked";
	case RT_IDLE: return "idle";
	case RT_DEAD: return "dead";
	}
	return "unknown";
}

static str_id waits_on(struct evidence *ev, const struct rt_goroutine *g, const struct rt_census *census)
{
	const struct rt_wait_object *o = g->n_objects ? &census->objects.at[g->objects_at] : NULL;
	if (!o || !o->type || !o->type[0])
		return 0;
	bool channel = g->wait == RT_WAIT_CHAN_RECV || g->wait == RT_WAIT_CHAN_SEND || g->wait == RT_WAIT_SELECT;
	const char *s = arena_printf(ev->arena, "%s%s%s", channel ? "chan " : "", o->type, g->n_objects > 1 ? ", ..." : "");
	return ev_cstr(ev, s);
}

static uint64_t look_hash(const struct rt_goroutine *g, const struct rt_census *census)
{
	uint64_t key[4] = {g->start_pc, g->go_pc, (uint64_t)(uintptr_t)g->wait_reason, g->status};
	return hash_bytes(key, sizeof(key)) ^ hash_bytes(census->pcs.at + g->stack_at, g->n_stack * sizeof(addr_t));
}

static struct err *group_of(struct collect_goroutines *c, const struct rt_goroutine *g, const struct rt_census *census, uint32_t *ret)
{
	bool fresh;
	uint64_t *slot = map_at(c->group_of_stack, look_hash(g, census), &fresh);
	if (!slot)
		return &err_nomem;
	if (fresh) {
		struct evidence *ev = c->ev;
		struct shown s = symbolise(c, g, census);
		const char *reason = g->wait_reason[0] ? g->wait_reason : state_name(g);
		size_t before = ev->groups.len;
		struct ev_group *to = ev_group_at(ev, s.entry, s.created_by, s.blocked_at, ev_cstr(ev, reason));
		*slot = to ? (uint64_t)(to - ev->groups.at) : NO_GROUP;
		if (to && ev->groups.len > before) {
			to->stack = s.stack;
			to->blocked_user = s.blocked_user;
			to->system = g->system;
			to->state = ev_cstr(ev, state_name(g));
			to->waits_on = waits_on(ev, g, census);
		}
	}
	*ret = (uint32_t)*slot;
	return NULL;
}

// ---- one look -----------------------------------------------------------------------------------------------------

static struct err *follow(struct collect_goroutines *c, const struct rt_goroutine *g, uint32_t group)
{
	uint64_t index;
	if (map_find(c->member_of, g->id, &index)) {
		struct member *m = &c->members.at[index];
		m->ran = m->ran || m->seq != g->tracking_seq || g->status == RT_RUNNING;
		m->seq = g->tracking_seq;
		m->alive = true;
		m->last_look = c->looks;
		return NULL;
	}
	uint64_t *slot = map_at(c->member_of, g->id, NULL);
	if (!slot)
		return &err_nomem;
	*slot = c->members.len;
	bool timed = g->wake == RT_WAKE_ONCE; // what an AfterFunc may reach is no appointment
	struct member m = {.group = group, .seq = g->tracking_seq, .alive = true, .timed = timed, .wake_ns = g->wake_ns};
	m.cohort = c->looks == 0 ? 0 : c->looks == SECOND_COHORT ? 1 : 2;
	m.first_look = m.last_look = c->looks;
	return vec_push(&c->members, MAX_MEMBERS, "goroutines followed", m);
}

static struct err *count_groups(struct collect_goroutines *c, instant_t at, uint64_t total)
{
	struct evidence *ev = c->ev;
	struct err *err = NULL;
	for (size_t i = 0; !err && i < ev->groups.len; i++) {
		uint64_t count = i < c->tallies.len ? c->tallies.at[i].count : 0;
		ev->groups.at[i].stack_bytes = i < c->tallies.len ? c->tallies.at[i].stack_bytes : 0;
		err = vec_push(&ev->groups.at[i].points, MAX_POINTS, "points of a group", (struct ev_group_point){at, count});
	}
	if (!err)
		err = vec_push(&ev->points, 1 << 16, "points", (struct ev_point){.at = at, .goroutines = total, .has_goroutines = true});
	return err;
}

// ---- the last look ------------------------------------------------------------------------------------------------

static void settle_members(struct collect_goroutines *c, int64_t now_ns)
{
	struct evidence *ev = c->ev;
	bool *late = calloc(ev->groups.len + 1, sizeof(*late));
	uint64_t *first = calloc(ev->groups.len + 1, sizeof(*first));
	for (size_t i = 0; late && first && i < c->members.len; i++)
		if (c->members.at[i].group != NO_GROUP && !c->members.at[i].cohort)
			first[c->members.at[i].group]++;
	for (size_t i = 0; late && first && i < ev->groups.len; i++)
		late[i] = first[i] < FEW; // then the later cohort counts as well
	for (size_t i = 0; late && first && i < c->members.len; i++) {
		const struct member *m = &c->members.at[i];
		if (m->group == NO_GROUP || m->cohort == 2 || (m->cohort && !late[m->group]))
			continue;
		struct ev_group *g = &ev->groups.at[m->group];
		g->ran_known = true;
		g->first_members++;
		g->first_stay += m->alive;
		g->first_ran += m->alive && m->ran;
		if (!m->timed || m->wake_ns <= 0 || m->wake_ns > now_ns)
			continue;
		g->due++;
		g->due_gone += !m->alive;
		g->due_stayed += m->alive && !m->ran;
		g->due_ran += m->alive && m->ran;
	}
	free(late);
	free(first);
}

// The lives of those that came and left in the window, and who is here for longer than they were.
static void settle_lives(struct collect_goroutines *c)
{
	struct evidence *ev = c->ev;
	const instant_t *at = c->look_at.at;
	for (size_t i = 0; i < c->members.len; i++) {
		const struct member *m = &c->members.at[i];
		if (m->group == NO_GROUP || m->alive || !m->first_look)
			continue;
		struct ev_group *g = &ev->groups.at[m->group];
		instant_t came = (at[m->first_look - 1] + at[m->first_look]) / 2, went = (at[m->last_look] + at[m->last_look + 1]) / 2;
		double life = (double)(went - came) / 1e9;
		g->left++;
		if (life > g->left_within_seconds)
			g->left_within_seconds = life;
	}
	for (size_t i = 0; i < c->members.len; i++) {
		const struct member *m = &c->members.at[i];
		struct ev_group *g = m->group == NO_GROUP ? NULL : &ev->groups.at[m->group];
		if (g && m->alive && !m->ran && g->left >= LIVES_TO_JUDGE)
			g->outstayed += (double)(at[c->looks] - at[m->first_look]) / 1e9 > 1.5 * g->left_within_seconds;
	}
}

struct sockets { // of the target, by descriptor
	struct kernel_fds fds;
	struct kernel_sockets at;
	struct map *row_of;  // descriptor -> row
	struct map *waiting; // descriptors somebody waits for without a deadline -> who, in the census
	bool known;
};

static struct err *read_sockets(struct collect_goroutines *c, const struct rt_census *census, struct sockets *s)
{
	if (target_kind(c->t) != TARGET_PROCESS)
		return NULL;
	if (!(s->row_of = map_new()) || !(s->waiting = map_new()))
		return &err_nomem;
	bool any = false;
	for (size_t i = 0; i < census->at.len; i++) {
		const struct rt_goroutine *g = &census->at.at[i];
		any = any || g->fd >= 0;
		uint64_t *slot = g->fd >= 0 && g->wake == RT_WAKE_IO ? map_at(s->waiting, (uint64_t)g->fd, NULL) : NULL;
		if (slot)
			*slot = i;
	}
	struct err *err = any ? kernel_fds(target_pid(c->t), &s->fds) : NULL;
	if (!err && any)
		err = kernel_sockets(target_pid(c->t), &s->fds, &s->at);
	for (size_t i = 0; !err && i < s->at.at.len; i++) {
		uint64_t *slot = s->at.at.at[i].fd >= 0 ? map_at(s->row_of, (uint64_t)s->at.at.at[i].fd, NULL) : NULL;
		if (slot)
			*slot = i;
	}
	s->known = any && !err;
	err_free(err); // sockets that cannot be read cost the join, not the answer
	return NULL;
}

static enum ev_wake network_wake(const struct sockets *s, const struct rt_goroutine *g, const uint32_t *groups, struct ev_group *to)
{
	uint64_t row;
	if (!s->known || g->fd < 0 || !map_find(s->row_of, (uint64_t)g->fd, &row))
		return EV_WAKE_IO;
	const struct kernel_socket *k = &s->at.at.at[row];
	to->accepted_side = to->accepted_side || k->accepted;
	if (k->state == 10) // a listener: new connections may always come
		return EV_WAKE_IO;
	if (k->peer < 0)
		return k->same_machine ? EV_WAKE_IO_GONE : EV_WAKE_IO;
	const struct kernel_socket *p = &s->at.at.at[k->peer];
	bool quiet = !k->rx_queue && !p->rx_queue && !k->tx_queue && !p->tx_queue;
	uint64_t other;
	if (!quiet || p->fd < 0 || !map_find(s->waiting, (uint64_t)p->fd, &other))
		return EV_WAKE_IO;
	if (groups[other] != NO_GROUP)
		to->peer_group = groups[other] + 1;
	return EV_WAKE_IO_MUTUAL;
}

static enum ev_wake wake_of(const struct sockets *s, const struct rt_goroutine *g, const uint32_t *groups, struct ev_group *to)
{
	switch (g->wake) {
	case RT_WAKE_UNKNOWN: return EV_WAKE_UNKNOWN;
	case RT_WAKE_NONE: return EV_WAKE_NONE;
	case RT_WAKE_ONCE: return EV_WAKE_ONCE;
	case RT_WAKE_MAYBE: return EV_WAKE_MAYBE;
	case RT_WAKE_TICKER: return EV_WAKE_TICKER;
	case RT_WAKE_IO: return network_wake(s, g, groups, to);
	case RT_WAKE_RUNNING: return EV_WAKE_RUNNING;
	}
	return EV_WAKE_UNKNOWN;
}

// Members of a group that wait on one and the same object: the most common one.
static struct err *count_shared(struct collect_goroutines *c, struct map *together, const struct rt_goroutine *g, uint32_t group, const struct rt_census *census)
{
	if (g->n_objects != 1)
		return NULL;
	uint64_t key[2] = {group, census->objects.at[g->objects_at].addr};
	uint64_t *n = map_at(together, hash_bytes(key, sizeof(key)), NULL);
	if (!n)
		return &err_nomem;
	++*n;
	struct ev_group *to = &c->ev->groups.at[group];
	if (*n > 1 && *n > to->shared_waits)
		to->shared_waits = *n;
	return NULL;
}

static struct err *settle_wakes(struct collect_goroutines *c, instant_t at, const struct rt_census *census, const uint32_t *groups)
{
	struct sockets s = {0};
	cleanup(map_freep) struct map *together = map_new();
	struct err *err = together ? read_sockets(c, census, &s) : &err_nomem;
	for (size_t i = 0; !err && i < census->at.len; i++) {
		const struct rt_goroutine *g = &census->at.at[i];
		if (groups[i] == NO_GROUP)
			continue;
		struct ev_group *to = &c->ev->groups.at[groups[i]];
		to->wakes[wake_of(&s, g, groups, to)]++;
		to->ticker_alone += g->wake == RT_WAKE_TICKER && g->n_objects == 1;
		to->partial = to->partial || g->stack_partial;
		if ((g->wake == RT_WAKE_ONCE || g->wake == RT_WAKE_MAYBE) && g->wake_ns > 0) {
			instant_t due = at + (g->wake_ns - census->taken_monotonic_ns);
			if (!to->next_due_min || due < to->next_due_min)
				to->next_due_min = due;
			if (due > to->next_due_max)
				to->next_due_max = due;
		}
		if (g->wait_since_ns > 0 && census->taken_monotonic_ns > g->wait_since_ns) {
			double waited = (double)(census->taken_monotonic_ns - g->wait_since_ns) / 1e9;
			if (waited > to->oldest_wait_seconds)
				to->oldest_wait_seconds = waited;
		}
		err = count_shared(c, together, g, groups[i], census);
	}
	kernel_fds_fini(&s.fds);
	kernel_sockets_fini(&s.at);
	map_free(s.row_of);
	map_free(s.waiting);
	return err;
}

struct err *collect_goroutines_look(struct collect_goroutines *c, instant_t at, const struct rt_census *census, bool last)
{
	uint32_t *groups = malloc((census->at.len + 1) * sizeof(*groups));
	struct err *err = groups ? vec_push(&c->look_at, MAX_POINTS, "looks", at) : &err_nomem;
	for (size_t i = 0; i < c->tallies.len; i++)
		c->tallies.at[i] = (struct tally){0};
	for (size_t i = 0; i < c->members.len; i++)
		c->members.at[i].alive = false;
	for (size_t i = 0; !err && i < census->at.len; i++) {
		const struct rt_goroutine *g = &census->at.at[i];
		err = group_of(c, g, census, &groups[i]);
		while (!err && groups[i] != NO_GROUP && c->tallies.len <= groups[i])
			err = vec_push(&c->tallies, 1 << 20, "groups", (struct tally){0});
		if (err || groups[i] == NO_GROUP)
			continue;
		c->tallies.at[groups[i]].count++;
		c->tallies.at[groups[i]].stack_bytes += g->stack_bytes;
		err = follow(c, g, groups[i]);
	}
	if (!err)
		err = count_groups(c, at, census->at.len);
	if (!err && last) {
		settle_members(c, census->taken_monotonic_ns);
		settle_lives(c);
		err = settle_wakes(c, at, census, groups);
		if (census->torn) {
			char n[24];
			snprintf(n, sizeof(n), "%llu", (unsigned long long)census->torn);
			gap_add(&c->ev->gaps, GAP_STACK_UNREADABLE, n, "they moved while they were read");
		}
	}
	c->looks++;
	free(groups);
	return err ? err : evidence_check(c->ev);
}
