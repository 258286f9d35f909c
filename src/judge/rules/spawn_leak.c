// Goroutines of one go statement that do not end, as an execution trace saw each of them: created, blocked, and still
// there long after the others of their kind had ended. A trace knows every birth and end, so growth is counted and not
// estimated; what it does not know is what could still wake them, so network, select and sleep stay undecided.
#include "judge/rule.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LEAST_STUCK = 10, LEAST_ENDS = 5, MANY = 1000 };
static const double near_seconds = 0.5;

static struct growth spawn_growth(const struct ev_spawn *s)
{
	size_t n = s->points.len;
	instant_t *at = calloc(n + 1, sizeof(*at));
	double *y = calloc(n + 1, sizeof(*y));
	struct growth g = {.shape = GROWTH_UNKNOWN, .slope = NAN};
	for (size_t i = 0; at && y && i < n; i++) {
		at[i] = s->points.at[i].at;
		y[i] = (double)s->points.at[i].count;
	}
	if (at && y && n)
		g = growth_of(at, y, n, 0, 5);
	free(at);
	free(y);
	return g;
}

// Reasons for which somebody else in the program has to act: nothing outside and no clock ends such a wait.
static bool inner_wait(const char *reason)
{
	static const char *const inner[] = {"chan send", "chan receive", "sync", "sync.(*Cond).Wait", "forever"};
	for (size_t i = 0; i < countof(inner); i++)
		if (!strcmp(reason, inner[i]))
			return true;
	return false;
}

// The last log line, task or first spawn within half a second of the onset, before it rather than after.
static const struct ev_event *trigger_of(const struct evidence *ev, const struct ev_spawn *s)
{
	const struct ev_event *best = NULL;
	double best_distance = near_seconds;
	for (size_t i = 0; i < ev->events.len; i++) {
		const struct ev_event *e = &ev->events.at[i];
		double d = (double)(s->onset - e->at) / 1e9;
		bool own = !strcmp(ev_str(ev, e->kind), "spawn") && e->place == s->created_by;
		if (own || d < -0.05)
			continue;
		d = fabs(d) + (strcmp(ev_str(ev, e->kind), "log") ? 0.1 : 0); // what the program says itself comes first
		if (d < best_distance) {
			best_distance = d;
			best = e;
		}
	}
	return best;
}

static struct finding *finding_of_same(struct evidence *ev, struct verdict *v, const struct ev_spawn *s)
{
	str_id entry = ev_get_place(ev, s->entry).function;
	for (size_t i = 0; i < v->findings.len; i++) {
		struct finding *f = &v->findings.at[i];
		if (f->group && f->kind == KIND_GOROUTINE_LEAK && entry && ev_get_place(ev, f->group->entry).function == entry)
			return f;
	}
	return NULL;
}

static void tell(const struct evidence *ev, struct finding *f, const struct ev_spawn *s)
{
	const struct ev_event *e = trigger_of(ev, s);
	f->onset = s->onset;
	f->onset_uncertainty_seconds = s->onset_uncertainty_seconds + fmax(ev->clock_error_seconds, 0);
	if (e)
		f->trigger = SAY(TRIGGER_EVENT, V_text(e->kind), V_text(e->text), V_instant(e->at));
	finding_says(f, FROM_TRACE, SAY(SPAWNED_AND_STUCK, V_count(s->created), V_count(s->ended), V_count(s->stuck), V_place(s->created_by)));
	if (s->ended)
		finding_says(f, FROM_TRACE, SAY(STUCK_BEYOND_LIFE, V_count(s->stuck), V_seconds(s->life_max_seconds)));
	if (!s->left || s->last_left <= s->onset + (instant_t)(near_seconds * 1e9))
		finding_says(f, FROM_TRACE, SAY(NOBODY_LEFT_SINCE, V_place(s->blocked_at)));
	else
		finding_says(f, FROM_TRACE, SAY(SOME_LEFT, V_count(s->left), V_place(s->woken_by)));
}

static const struct ev_group *group_of(struct evidence *ev, const struct ev_spawn *s)
{
	for (size_t i = 0; i < ev->groups.len; i++) {
		const struct ev_group *g = &ev->groups.at[i];
		if (g->entry == s->entry && g->created_by == s->created_by)
			return g;
	}
	return NULL;
}

static void accuse(struct evidence *ev, struct verdict *v, const struct ev_spawn *s, const struct growth *g)
{
	bool inner = inner_wait(ev_str(ev, s->wait_reason));
	bool left_since = s->left && s->last_left > s->onset + (instant_t)(near_seconds * 1e9);
	bool sure = inner && (s->ended >= LEAST_ENDS || (s->stuck >= MANY && !left_since));
	struct finding *f = finding_of_same(ev, v, s);
	if (f) {
		if (sure && f->class == CLASS_UNDECIDED)
			finding_class(f, CLASS_LIKELY, 0.8);
		tell(ev, f, s);
		return;
	}
	if (!(f = finding_add(v, RULE_SPAWN_LEAK, KIND_GOROUTINE_LEAK)))
		return;
	f->group = group_of(ev, s);
	f->count = s->stuck;
	f->site = s->blocked_at ? s->blocked_at : s->created_by;
	f->stack = s->blocked_stack;
	f->fix_place = s->created_by;
	f->rate_objects = f->weight = g->slope;
	finding_class(f, sure ? CLASS_LIKELY : CLASS_UNDECIDED, sure ? (s->ended >= LEAST_ENDS ? 0.85 : 0.75) : 0.5);
	f->title = SAY(TITLE_GOROUTINES, V_count(s->stuck), V_function(f->site), V_number(g->slope));
	f->reason = SAY(REASON_SPAWN, V_text(s->wait_reason));
	if (!sure)
		f->decide_by = inner ? SAY(DECIDE_WHO_SIGNALS, V_place(s->blocked_at)) : SAY(DECIDE_WAKE_UPS);
	f->advice = !strcmp(ev_str(ev, s->wait_reason), "chan send")      ? SAY(ADVICE_CHAN_SEND, V_function(f->site))
		    : !strcmp(ev_str(ev, s->wait_reason), "chan receive") ? SAY(ADVICE_CHAN_RECEIVE, V_function(f->site), V_function(s->created_by))
									  : SAY(ADVICE_GOROUTINE, V_function(f->site), V_function(s->created_by));
	tell(ev, f, s);
	finding_severity(ev, f);
}

struct err *rule_spawn_leak(struct evidence *ev, struct verdict *v)
{
	for (size_t i = 0; i < ev->spawns.len; i++) {
		const struct ev_spawn *s = &ev->spawns.at[i];
		struct say_value subject = V_place(s->created_by);
		if (s->system || s->stuck < LEAST_STUCK)
			continue;
		struct growth g = spawn_growth(s);
		struct say what = SAY(WHAT_GOROUTINES, V_count(s->stuck), V_place(s->blocked_at));
		switch (g.shape) {
		case GROWTH_UNKNOWN:
		case GROWTH_NONE: verdict_note(v, RULE_SPAWN_LEAK, subject, SAY(NOTE_LEVEL, V_number(g.first), V_number(g.last))); break;
		case GROWTH_TRANSIENT: verdict_clear(v, what, SAY(ROSE_AND_FELL, V_number(g.peak), V_number(g.last))); break;
		case GROWTH_LEVELLING: verdict_clear(v, what, SAY(STOPPED_GROWING, V_number(g.first), V_number(g.last))); break;
		case GROWTH_STEADY: accuse(ev, v, s, &g); break;
		}
	}
	return NULL;
}
