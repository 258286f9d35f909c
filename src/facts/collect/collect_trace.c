// An execution trace's study -> facts: collections, the heap's curve, goroutines by who created them, what happened when.
#include "facts/collect/collect.h"
#include "read/trace/trace.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
	SPAWNS_MAX = 4096, EVENTS_MAX = 20000, GCS_MAX = 1 << 20, POINTS_MAX = 1 << 20,
	SPAWN_POINTS = 48, LOGS_ALL = 500, LEAST_ALIVE = 3, LEAST_ENDS = 5,
};
static const int64_t near_ns = 1000000000;   // what else happened around an onset
static const int64_t same_gc_ns = 50000000;  // two sources' word of one collection
static const int64_t least_age_ns = 200000000; // a goroutine younger than this is merely at work

struct collecting {
	struct evidence *ev;
	const struct study *s;
	const struct align *clock;
};

static instant_t wall(const struct collecting *c, int64_t t_ns) { return align_wall(c->clock, t_ns); }

static place_id place_of(const struct collecting *c, const struct study_frame *f)
{
	return ev_place(c->ev, study_str(c->s, f->func), study_str(c->s, f->file), f->line);
}

static stack_id stack_of(const struct collecting *c, study_stack_id id)
{
	place_id places[256];
	uint32_t n;
	const struct study_frame *f = study_stack(c->s, id, &n);
	n = n > countof(places) ? countof(places) : n;
	for (uint32_t i = 0; i < n; i++)
		places[i] = place_of(c, &f[i]);
	return ev_stack(c->ev, places, n);
}

static place_id root_of(const struct collecting *c, study_stack_id id)
{
	uint32_t n;
	const struct study_frame *f = study_stack(c->s, id, &n);
	return n ? place_of(c, &f[n - 1]) : 0;
}

// ---- collections and the heap -------------------------------------------------------------------------------------

static int by_end(const void *a, const void *b)
{
	const struct ev_gc *x = a, *y = b;
	return x->end < y->end ? -1 : x->end > y->end;
}

static struct ev_gc *known_gc(struct evidence *ev, size_t n, instant_t end)
{
	for (size_t i = 0; i < n; i++)
		if (llabs(ev->gcs.at[i].end - end) <= same_gc_ns)
			return &ev->gcs.at[i];
	return NULL;
}

static struct err *collections(const struct collecting *c)
{
	struct evidence *ev = c->ev;
	size_t before = ev->gcs.len;
	for (size_t i = 0; i < c->s->gcs.len; i++) {
		const struct study_gc *g = &c->s->gcs.at[i];
		if (!g->end_ns)
			continue;
		double took = (double)(g->end_ns - g->begin_ns) * (c->s->procs ? c->s->procs : 1);
		struct ev_gc gc = {.end = wall(c, g->end_ns), .live = g->live, .goal = g->goal, .pause_ns = (uint64_t)g->pause_ns,
				   .assist_share = took > 0 ? (double)g->assist_ns / took : -1};
		struct ev_gc *known = known_gc(ev, before, gc.end);
		if (known) { // the trace knows stops and assists; the other its number
			known->pause_ns = gc.pause_ns;
			known->assist_share = gc.assist_share;
			known->live = known->live ? known->live : gc.live;
			known->goal = known->goal ? known->goal : gc.goal;
			continue;
		}
		struct err *err = vec_push(&ev->gcs, GCS_MAX, "collections", gc);
		if (err)
			return err;
		ev->gc_cycles++;
	}
	if (ev->gcs.len)
		qsort(ev->gcs.at, ev->gcs.len, sizeof(ev->gcs.at[0]), by_end);
	return NULL;
}

// Two points a bin, its highest and its last, where nobody else looked at the heap.
static struct err *curve(const struct collecting *c)
{
	for (size_t i = 0; i < c->ev->points.len; i++)
		if (c->ev->points.at[i].has_heap)
			return NULL;
	for (size_t i = 0; i < STUDY_HEAP_BINS; i++) {
		const struct study_bin *b = &c->s->heap[i];
		if (!b->max)
			continue;
		int64_t at = c->s->first_ns + c->s->bin_ns * (int64_t)i;
		struct ev_point high = {.at = wall(c, at), .heap_alloc = b->max, .has_heap = true};
		struct ev_point last = {.at = wall(c, at + c->s->bin_ns - 1), .heap_alloc = b->last, .has_heap = true};
		struct err *err = vec_push(&c->ev->points, POINTS_MAX, "looks", high);
		if (err || (err = vec_push(&c->ev->points, POINTS_MAX, "looks", last)))
			return err;
	}
	return NULL;
}

// ---- goroutines by creation ---------------------------------------------------------------------------------------

struct member {
	uint32_t spawn, wait;
	int64_t created_ns, since_ns;
};

static int by_spawn(const void *a, const void *b)
{
	const struct member *x = a, *y = b;
	if (x->spawn != y->spawn)
		return x->spawn < y->spawn ? -1 : 1;
	if (x->wait != y->wait)
		return x->wait < y->wait ? -1 : 1;
	return x->created_ns < y->created_ns ? -1 : x->created_ns > y->created_ns;
}

// Those made here that are blocked now.
static struct member *members_of(const struct study *s, size_t *ret_n)
{
	struct member *m = calloc(s->alive + 1, sizeof(*m));
	const struct study_g *g;
	size_t pos = 0, n = 0;
	while (m && n < s->alive && (g = study_alive(s, &pos)))
		if (g->status == TRACE_G_WAITING && !g->from_start && g->wait != UINT32_MAX)
			m[n++] = (struct member){g->spawn, g->wait, g->created_ns, g->since_ns};
	if (m)
		qsort(m, n, sizeof(*m), by_spawn);
	*ret_n = n;
	return m;
}

// When they began to gather. Where ends have stopped, that is when: who should have ended then is still there, whenever it
// was made. Else the creation of the first that is stuck, by as much later as such a one usually lives.
static int64_t onset_of(const struct study *s, const struct study_spawn *sp, const struct member *m, size_t n, double *ret_seconds)
{
	uint64_t lived = sp->ended;
	double mean = lived ? (double)sp->life_ns / 1e9 / (double)lived : 0;
	double sd = lived ? sqrt(fmax(sp->life_squares / (double)lived - mean * mean, 0)) : 0;
	double life = fmin(mean + 1.7 * sd, (double)sp->life_max_ns / 1e9);
	*ret_seconds = 0.02 + sd;
	if (lived >= LEAST_ENDS) {
		int64_t gap = (sp->last_end_ns - sp->first_end_ns) / (int64_t)(lived - 1);
		if (s->last_ns - sp->last_end_ns > 20 * gap + least_age_ns) {
			*ret_seconds = (double)gap / 1e9 + 0.02;
			return sp->last_end_ns;
		}
	}
	// A handful of long-lived ones, far apart from the rest, are none of them.
	size_t first = 0, part = n / 8;
	int64_t step = n > part ? (m[n - 1].created_ns - m[part].created_ns) / (int64_t)(n - part) : 0;
	for (size_t i = 1; i <= part; i++)
		if (m[i].created_ns - m[i - 1].created_ns > 20 * step + 100000000)
			first = i;
	return m[first].created_ns + (int64_t)(life * 1e9);
}

static struct err *gathering(const struct collecting *c, struct ev_spawn *e, const struct study_spawn *sp, const struct member *m, size_t n)
{
	// The place where most of them are.
	size_t at = 0, most = 0;
	for (size_t i = 0, j; i < n; i = j) {
		for (j = i; j < n && m[j].wait == m[i].wait; j++)
			;
		if (j - i > most) {
			most = j - i;
			at = i;
		}
	}
	if (!most)
		return NULL;
	const struct study_wait *w = &c->s->waits.at[m[at].wait];
	e->blocked_stack = stack_of(c, w->stack);
	e->blocked_at = ev_user_frame(c->ev, e->blocked_stack);
	e->wait_reason = ev_cstr(c->ev, study_str(c->s, w->reason));
	e->left = w->count;
	e->last_left = w->count ? wall(c, w->last_end_ns) : 0;
	e->woken_by = ev_user_frame(c->ev, stack_of(c, w->waker));
	int64_t age = sp->life_max_ns + sp->life_max_ns / 2 + least_age_ns;
	m += at;
	while (e->stuck < most && c->s->last_ns - m[e->stuck].created_ns > age)
		e->stuck++;
	if (!e->stuck)
		return NULL;
	int64_t end_ns = c->s->last_ns - age;
	struct ev_group *g = ev_group_at(c->ev, e->entry, e->created_by, e->blocked_at, e->wait_reason);
	if (g && !g->stack) {
		g->stack = e->blocked_stack;
		g->blocked_user = e->blocked_at;
		g->state = ev_cstr(c->ev, "waiting");
		g->oldest_wait_seconds = (double)(c->s->last_ns - w->oldest_ns) / 1e9;
	}
	e->onset = wall(c, onset_of(c->s, sp, m, e->stuck, &e->onset_uncertainty_seconds));
	for (size_t i = 0, k = 0; i <= SPAWN_POINTS; i++) {
		int64_t t = c->s->first_ns + (int64_t)((double)(end_ns - c->s->first_ns) * (double)i / SPAWN_POINTS);
		while (k < e->stuck && m[k].created_ns <= t)
			k++;
		struct err *err = vec_push(&e->points, SPAWN_POINTS + 1, "points of a creation site", (struct ev_group_point){wall(c, t), k});
		if (err)
			return err;
	}
	return NULL;
}

static struct err *event(const struct collecting *c, int64_t t_ns, const char *kind, const char *text, place_id place, uint64_t g)
{
	if (c->ev->events.len >= EVENTS_MAX)
		return NULL;
	struct ev_event e = {wall(c, t_ns), ev_cstr(c->ev, kind), ev_cstr(c->ev, text), place, g};
	return vec_push(&c->ev->events, EVENTS_MAX, "events", e);
}

static struct err *spawns(const struct collecting *c)
{
	size_t n, from = 0;
	struct member *m = members_of(c->s, &n);
	struct err *err = m ? NULL : &err_nomem;
	for (uint32_t i = 0; !err && i < c->s->spawns.len && c->ev->spawns.len < SPAWNS_MAX; i++) {
		const struct study_spawn *sp = &c->s->spawns.at[i];
		size_t begin = from;
		while (from < n && m[from].spawn == i)
			from++;
		if (!sp->created)
			continue;
		struct ev_spawn e = {.created = sp->created, .ended = sp->ended, .alive_blocked = from - begin,
				     .first = wall(c, sp->first_ns), .life_max_seconds = (double)sp->life_max_ns / 1e9};
		e.stack = stack_of(c, sp->stack);
		e.created_by = ev_user_frame(c->ev, e.stack);
		e.entry = root_of(c, sp->entry);
		e.system = e.entry && ev_is_runtime(ev_str(c->ev, ev_get_place(c->ev, e.entry).function));
		if (from - begin >= LEAST_ALIVE)
			err = gathering(c, &e, sp, m + begin, from - begin);
		if (!err)
			err = vec_push(&c->ev->spawns, SPAWNS_MAX, "creation sites", e);
		if (err)
			vec_fini(&e.points);
		else if (!e.system)
			err = event(c, sp->first_ns, "spawn", ev_str(c->ev, ev_get_place(c->ev, e.entry).function), e.created_by, sp->creator);
	}
	free(m);
	return err;
}

// ---- what happened when -------------------------------------------------------------------------------------------

static bool near_an_onset(const struct collecting *c, instant_t at)
{
	for (size_t i = 0; i < c->ev->spawns.len; i++) {
		instant_t onset = c->ev->spawns.at[i].onset;
		if (onset && llabs(onset - at) <= near_ns)
			return true;
	}
	return false;
}

static int by_instant(const void *a, const void *b)
{
	const struct ev_event *x = a, *y = b;
	return x->at < y->at ? -1 : x->at > y->at;
}

static struct err *happenings(const struct collecting *c)
{
	struct err *err = NULL;
	for (size_t i = 0; !err && i < c->s->tasks.len; i++) {
		const struct study_task *k = &c->s->tasks.at[i];
		if (k->begun)
			err = event(c, k->first_ns, k->region ? "region" : "task", study_str(c->s, k->name), ev_user_frame(c->ev, stack_of(c, k->stack)), 0);
	}
	for (size_t i = 0; !err && i < c->s->logs.len; i++) {
		const struct study_log *l = &c->s->logs.at[i];
		if (c->s->logs.len <= LOGS_ALL || near_an_onset(c, wall(c, l->t_ns)))
			err = event(c, l->t_ns, "log", study_str(c->s, l->value), ev_user_frame(c->ev, stack_of(c, l->stack)), l->g);
	}
	if (c->ev->events.len)
		qsort(c->ev->events.at, c->ev->events.len, sizeof(c->ev->events.at[0]), by_instant);
	return err;
}

struct err *collect_trace(struct evidence *ev, const struct trace *t, const struct study *s, const struct align *clock)
{
	struct collecting c = {ev, s, clock};
	instant_t from = wall(&c, s->first_ns), to = wall(&c, s->last_ns);
	gaps_join(&ev->gaps, trace_gaps(t));
	if (clock->from == ALIGN_NONE)
		gap_add(&ev->gaps, GAP_TRACE_NOT_ALIGNED, NULL, NULL);
	if (clock->from == ALIGN_FILE_TIME)
		gap_add(&ev->gaps, GAP_TRACE_FILE_TIME, NULL, NULL);
	if (s->logs_dropped)
		gap_add(&ev->gaps, GAP_TRACE_LOGS, NULL, NULL);
	ev->from = !ev->from || (from && from < ev->from) ? from : ev->from;
	ev->to = to > ev->to ? to : ev->to;
	if (clock->from && clock->error_seconds > ev->clock_error_seconds)
		ev->clock_error_seconds = clock->error_seconds;
	struct err *err;
	if ((err = collections(&c)) || (err = curve(&c)) || (err = spawns(&c)))
		return err;
	return happenings(&c);
}
