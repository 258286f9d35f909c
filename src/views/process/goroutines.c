// Goroutines by group: the same entry, creator, state and blocking place.
#include "views/process/private.h"
#include "base/map.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_GROUPS = 1 << 20 };

struct group {
	uint32_t first;   // a member
	bool system;
	uint64_t count, stack_bytes, partial;
	uint64_t wakes[RT_WAKE_RUNNING + 1];
	int64_t soonest, latest, since; // monotonic; 0: none
};

static const char *const statuses[] = {"idle", "runnable", "running", "syscall", "waiting", "?", "dead", "?", "copystack", "preempted", "leaked"};

const char *goroutine_state(const struct rt_goroutine *g, char ret[64])
{
	bool waits = g->status == RT_WAITING || g->status == RT_LEAKED;
	if (waits && g->wait_reason[0])
		snprintf(ret, 64, "%s%s", g->wait_reason, g->status == RT_LEAKED ? " (leaked)" : "");
	else
		snprintf(ret, 64, "%s", (size_t)g->status < countof(statuses) ? statuses[g->status] : "?");
	return ret;
}

struct err *goroutine_blocked(struct frames *f, const struct rt_census *c, const struct rt_goroutine *g, const struct shown_frame **ret,
			      const struct shown_frame **ret_user)
{
	const struct shown_frame *first = NULL, *blocked = NULL, *user = NULL;
	for (uint32_t i = 0; i < g->n_stack && !user; i++) {
		const struct shown_frame *at;
		size_t n;
		struct err *err = frames_at(f, c->pcs.at[g->stack_at + i], &at, &n);
		if (err)
			return err;
		for (size_t k = 0; k < n && !user; k++) {
			first = first ? first : &at[k];
			if (!blocked && strncmp(at[k].function, "runtime.", 8))
				blocked = &at[k];
			if (!at[k].stdlib)
				user = &at[k];
		}
	}
	*ret = blocked ? blocked : first;
	*ret_user = user;
	return NULL;
}

// Same stack, entry, creator and state: the same group, found without looking up a single name.
static uint64_t shape_of(const struct rt_census *c, const struct rt_goroutine *g)
{
	uint64_t parts[] = {g->start_pc, g->go_pc, g->status, hash_bytes(g->wait_reason, strlen(g->wait_reason)),
			    hash_bytes(c->pcs.at + g->stack_at, g->n_stack * sizeof(addr_t))};
	return hash_bytes(parts, sizeof(parts));
}

struct groups {
	VEC(struct group) at;
	struct map *shapes; // hash of a shape -> group + 1
	struct interner *keys;
};

static struct err *group_of(struct groups *gs, struct frames *f, const struct rt_census *c, uint32_t i, uint64_t *ret)
{
	const struct rt_goroutine *g = &c->at.at[i];
	uint64_t *slot = map_at(gs->shapes, shape_of(c, g), NULL);
	if (!slot)
		return &err_nomem;
	if (!*slot) {
		const struct shown_frame *blocked, *user;
		char state[64];
		struct err *err = goroutine_blocked(f, c, g, &blocked, &user);
		if (err)
			return err;
		struct shown_frame at = blocked ? *blocked : (struct shown_frame){.function = "", .file = ""};
		cleanup(strbuf_finip) struct strbuf key = {0};
		strbuf_printf(&key, "%llx %llx %s %s %s:%u", (unsigned long long)g->start_pc, (unsigned long long)g->go_pc,
			      goroutine_state(g, state), at.function, at.file, at.line);
		uint32_t id = interner_id(gs->keys, strbuf_str(&key), key.len);
		if (key.failed || id == INTERN_NOMEM)
			return &err_nomem;
		if (id == gs->at.len && (err = vec_push(&gs->at, MAX_GROUPS, "groups of goroutines", (struct group){.first = i, .system = g->system})))
			return err;
		*slot = id + 1ull;
	}
	*ret = *slot - 1;
	return NULL;
}

static void add(struct group *to, const struct rt_goroutine *g)
{
	to->count++;
	to->stack_bytes += g->stack_bytes;
	to->partial += g->stack_partial;
	to->wakes[g->wake]++;
	if (g->wake_ns && (!to->soonest || g->wake_ns < to->soonest))
		to->soonest = g->wake_ns;
	if (g->wake_ns > to->latest)
		to->latest = g->wake_ns;
	if (g->wait_since_ns && (!to->since || g->wait_since_ns < to->since))
		to->since = g->wait_since_ns;
}

static int by_count(const void *a, const void *b)
{
	const struct group *x = a, *y = b;
	if (x->system != y->system)
		return x->system ? 1 : -1;
	return x->count < y->count ? 1 : x->count > y->count ? -1 : x->first < y->first ? -1 : x->first > y->first;
}

static const char *const wakes[] = {
	[RT_WAKE_UNKNOWN] = "not known", [RT_WAKE_NONE] = "nobody found", [RT_WAKE_ONCE] = "a timer", [RT_WAKE_MAYBE] = "perhaps a timer",
	[RT_WAKE_TICKER] = "a ticker", [RT_WAKE_IO] = "the network", [RT_WAKE_RUNNING] = "",
};

const char *goroutine_wake(enum rt_wake w) { return wakes[w]; }

static void put_wake(struct table *t, const struct group *g, int64_t now)
{
	enum rt_wake most = RT_WAKE_UNKNOWN;
	char a[FMT_MAX], b[FMT_MAX];
	for (enum rt_wake w = 0; w <= RT_WAKE_RUNNING; w++)
		if (g->wakes[w] > g->wakes[most])
			most = w;
	if (most == RT_WAKE_RUNNING) {
		table_empty(t);
	} else if ((most == RT_WAKE_ONCE || most == RT_WAKE_MAYBE) && now && g->latest) {
		double from = (double)(g->soonest - now) / 1e9, to = (double)(g->latest - now) / 1e9;
		if (g->count == 1 || to - from < 1)
			table_textf(t, "%s in %s", wakes[most], fmt_seconds(a, to > 0 ? to : 0));
		else
			table_textf(t, "%s in %s to %s", wakes[most], fmt_seconds(a, from > 0 ? from : 0), fmt_seconds(b, to));
	} else {
		table_text(t, wakes[most]);
	}
}

static void put_frame(struct table *t, const struct shown_frame *at)
{
	if (at) {
		table_text(t, at->function);
		table_textf(t, "%s:%u", at->file, at->line);
	} else {
		table_empty(t);
		table_empty(t);
	}
}

static struct err *put(struct table *t, struct frames *f, const struct rt_census *c, const struct group *g)
{
	const struct rt_goroutine *m = &c->at.at[g->first];
	const struct shown_frame *at, *user;
	const struct rt_wait_object *o = m->n_objects ? &c->objects.at[m->objects_at] : NULL;
	char state[64];
	size_t n = 0;
	struct err *err = goroutine_blocked(f, c, m, &at, &user);
	if (err)
		return err;
	table_row(t);
	table_count(t, g->count);
	table_text(t, goroutine_state(m, state));
	put_frame(t, user ? user : at);
	put_frame(t, at);
	table_text(t, frames_entry(f, m->start_pc));
	if (m->go_pc)
		err = frames_at(f, m->go_pc, &at, &n);
	put_frame(t, n ? at : NULL);
	if (err)
		return err;
	put_wake(t, g, c->taken_monotonic_ns);
	if (o && (m->wait == RT_WAIT_CHAN_RECV || m->wait == RT_WAIT_CHAN_SEND || m->wait == RT_WAIT_SELECT))
		table_textf(t, m->n_objects > 1 ? "chan %s and %u more" : "chan %s", o->type, m->n_objects - 1);
	else if (o && o->type[0])
		table_text(t, o->type);
	else
		table_empty(t);
	if (g->since && c->taken_monotonic_ns > g->since)
		table_number(t, (double)(c->taken_monotonic_ns - g->since) / 1e9);
	else
		table_empty(t);
	table_count(t, g->stack_bytes);
	table_number(t, m->system);
	return NULL;
}

static struct err *collect(struct groups *gs, struct frames *f, const struct rt_census *c)
{
	struct err *err = NULL;
	if (!(gs->shapes = map_new()) || !(gs->keys = interner_new()))
		return &err_nomem;
	for (size_t i = 0; !err && i < c->at.len; i++) {
		uint64_t id;
		err = group_of(gs, f, c, (uint32_t)i, &id);
		if (!err)
			add(&gs->at.at[id], &c->at.at[i]);
	}
	if (!err && gs->at.len)
		qsort(gs->at.at, gs->at.len, sizeof(*gs->at.at), by_count);
	return err;
}

struct err *view_goroutine_groups(const struct rt *rt, const struct rt_census *c, size_t most, struct table **ret)
{
	cleanup(frames_freep) struct frames *f = frames_new(rt);
	struct groups gs = {0};
	struct table *t = table_new("goroutines");
	struct err *err = f && t ? collect(&gs, f, c) : &err_nomem;
	if (t) {
		table_column(t, CELL_COUNT, "goroutines", "goroutines");
		table_column(t, CELL_TEXT, "state", "state");
		table_column(t, CELL_TEXT, "user_in", "blocked in");
		table_column(t, CELL_TEXT, "user_at", "at");
		table_column(t, CELL_TEXT, "blocked_in", NULL);
		table_column(t, CELL_TEXT, "blocked_at", NULL);
		table_column(t, CELL_TEXT, "entry", "entry");
		table_column(t, CELL_TEXT, "created_by", "created by");
		table_column(t, CELL_TEXT, "created_at", NULL);
		table_column(t, CELL_TEXT, "woken_by", "woken by");
		table_column(t, CELL_TEXT, "waits_on", NULL);
		table_column(t, CELL_SECONDS, "longest_wait_s", "waits at most");
		table_column(t, CELL_BYTES, "stack_bytes", "stacks");
		table_column(t, CELL_FLAG, "system", NULL);
	}
	uint64_t hidden = 0, partial = 0, shown = 0;
	for (size_t i = 0; !err && i < gs.at.len; i++) {
		partial += gs.at.at[i].partial;
		if (most && shown == most)
			hidden++;
		else if (!(err = put(t, f, c, &gs.at.at[i])))
			shown++;
	}
	char a[FMT_MAX], b[FMT_MAX];
	if (t) {
		table_note(t, "%s goroutines in %s groups", fmt_count(a, c->at.len), fmt_count(b, gs.at.len));
		if (hidden)
			table_note(t, "%s smaller groups are not shown (--top 0 shows all)", fmt_count(a, hidden));
		if (partial)
			table_note(t, "%s were running, or their stacks could be read in part only", fmt_count(a, partial));
		if (c->torn)
			table_note(t, "%s changed under every look and are left out", fmt_count(a, c->torn));
	}
	vec_fini(&gs.at);
	map_free(gs.shapes);
	interner_free(gs.keys);
	if (!err)
		err = table_check(t);
	if (err)
		table_free(t);
	else
		*ret = t;
	return err;
}
