// A group of goroutines that grows: same entry, creator and blocking place. Growth alone accuses nobody: what tells a
// leak from load is whether earlier members leave, whether they run, and what will still wake them.
#include "judge/rule.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MIN_MEMBERS = 3, MIN_DUE = 5, MIN_OUTSTAYED = 8 };

static struct growth group_growth(const struct ev_group *g)
{
	size_t n = g->points.len;
	instant_t *at = malloc((n ? n : 1) * sizeof(*at));
	double *y = malloc((n ? n : 1) * sizeof(*y));
	struct growth growth = {.shape = GROWTH_UNKNOWN, .slope = NAN};
	for (size_t i = 0; at && y && i < n; i++) {
		at[i] = g->points.at[i].at;
		y[i] = (double)g->points.at[i].count;
	}
	if (at && y && n)
		growth = growth_of(at, y, n, 0, fmax(5, 0.05 * y[0]));
	free(at);
	free(y);
	return growth;
}

static bool reason_is(const struct evidence *ev, const struct ev_group *g, const char *prefix)
{
	return !strncmp(ev_str(ev, g->wait_reason), prefix, strlen(prefix));
}

enum outcome { LIKELY, UNDECIDED, HEALTHY };

struct opinion {
	enum outcome outcome;
	double confidence;
	enum evidence_from from;
	struct say because;   // the deciding evidence
	struct say decide_by; // for UNDECIDED
	bool forecast;        // certain wake-ups: growth will level off
};

static struct opinion likely(double confidence, enum evidence_from from, struct say because)
{
	return (struct opinion){.outcome = LIKELY, .confidence = confidence, .from = from, .because = because};
}

static struct opinion healthy(double confidence, enum evidence_from from, struct say because)
{
	return (struct opinion){.outcome = HEALTHY, .confidence = confidence, .from = from, .because = because};
}

static struct opinion undecided(enum evidence_from from, struct say because, struct say decide_by)
{
	return (struct opinion){.outcome = UNDECIDED, .confidence = 0.5, .from = from, .because = because, .decide_by = decide_by};
}

static struct opinion opinion_by_due(const struct evidence *ev, const struct ev_group *g, uint64_t timed, uint64_t members)
{
	double left = g->next_due_max ? fmax((double)(g->next_due_max - ev->to) / 1e9, 0) : 0;
	if (g->due >= MIN_DUE && (double)g->due_gone >= 0.9 * (double)g->due)
		return healthy(0.9, FROM_WAKE_UPS, SAY(DUE_AND_LEFT, V_count(g->due_gone), V_count(g->due)));
	if (g->due >= MIN_DUE && g->due_stayed * 2 > g->due)
		return likely(0.85, FROM_WAKE_UPS, SAY(DUE_AND_STAYED, V_count(g->due_stayed), V_count(g->due)));
	if (g->due >= MIN_DUE)
		return undecided(FROM_WAKE_UPS, SAY(DUE_AND_RECURRING, V_count(g->due_ran), V_count(g->due)),
				 SAY(DECIDE_READ_LOOP, V_place(g->blocked_user)));
	struct opinion o = undecided(FROM_WAKE_UPS, SAY(DUE_LATER, V_count(timed), V_count(members), V_seconds(left)),
				     SAY(DECIDE_LOOK_AFTER, V_seconds(left)));
	o.forecast = true;
	return o;
}

static struct opinion opinion_without_wakeup(const struct evidence *ev, const struct ev_group *g, uint64_t members)
{
	if (reason_is(ev, g, "chan receive (nil chan)") || reason_is(ev, g, "chan send (nil chan)") ||
	    reason_is(ev, g, "select (no cases)"))
		return likely(0.95, FROM_GOROUTINES, SAY(WAITS_FOREVER, V_text(g->wait_reason)));
	if (g->ran_known && g->first_ran >= 5 && (double)g->first_ran >= 0.02 * (double)g->first_members)
		return healthy(0.8, FROM_GOROUTINES, SAY(MEMBERS_RAN, V_count(g->first_ran), V_count(g->first_members)));
	bool shared = g->shared_waits * 2 > members;
	// A channel and a mutex serve their waiters in order: the oldest still there means none was served in the window.
	bool queue = reason_is(ev, g, "chan send") || reason_is(ev, g, "sync.Mutex") || reason_is(ev, g, "sync.RWMutex");
	if (shared && !queue)
		return undecided(FROM_GOROUTINES, SAY(WAIT_TOGETHER, V_count(g->shared_waits), V_count(members)),
				 SAY(DECIDE_WHO_SIGNALS, V_place(g->blocked_user)));
	return likely(g->ran_known ? 0.85 : 0.72, FROM_WAKE_UPS,
		      shared ? SAY(QUEUE_NOT_SERVED, V_count(g->shared_waits)) : SAY(NO_WAKE_UP, V_count(members)));
}

static struct opinion opinion_by_network(const struct ev_group *g, uint64_t io, uint64_t dead_ends, uint64_t members)
{
	uint64_t gone = g->wakes[EV_WAKE_IO_GONE], mutual = g->wakes[EV_WAKE_IO_MUTUAL];
	if (g->sockets_unread * 2 > members)
		return likely(0.88, FROM_SOCKETS, SAY(UNREAD_BYTES, V_count(g->sockets_unread)));
	if (dead_ends * 2 > members)
		return likely(0.85, FROM_SOCKETS, gone > mutual ? SAY(PEER_GONE, V_count(gone)) : SAY(BOTH_ENDS_WAIT, V_count(mutual)));
	return undecided(FROM_SOCKETS, SAY(PEER_ALIVE, V_count(io)), SAY(DECIDE_DEADLINE, V_place(g->blocked_user)));
}

static struct opinion opinion_of(const struct evidence *ev, const struct ev_group *g)
{
	uint64_t members = 0;
	for (size_t i = 0; i < EV_WAKES; i++)
		members += g->wakes[i];
	if (!members)
		members = g->points.at[g->points.len - 1].count;
	uint64_t timed = g->wakes[EV_WAKE_ONCE] + g->wakes[EV_WAKE_MAYBE], ticker = g->wakes[EV_WAKE_TICKER];
	uint64_t dead_ends = g->wakes[EV_WAKE_IO_MUTUAL] + g->wakes[EV_WAKE_IO_GONE];
	uint64_t io = g->wakes[EV_WAKE_IO] + dead_ends;
	if (g->first_members < MIN_MEMBERS)
		return undecided(FROM_GOROUTINES, SAY(NO_EARLIER_MEMBERS), SAY(DECIDE_LOOK_AGAIN));
	bool leaving = (double)g->first_stay < 0.9 * (double)g->first_members;
	uint64_t asleep = g->first_stay - g->first_ran;
	// Some leave, and most are dead ends all the same: two kinds share a place, those served and those forgotten.
	if (leaving && dead_ends * 2 > members && asleep >= MIN_MEMBERS && (double)asleep >= 0.3 * (double)g->first_members)
		return opinion_by_network(g, io, dead_ends, members);
	double grew = (double)g->points.at[g->points.len - 1].count - (double)g->points.at[0].count;
	bool two_kinds = g->outstayed >= MIN_OUTSTAYED && (double)g->outstayed >= 0.2 * grew;
	if (leaving && !two_kinds)
		return healthy(0.85, FROM_GOROUTINES, SAY(MEMBERS_LEAVE, V_count(g->first_members - g->first_stay), V_count(g->first_members)));
	if (io * 2 > members || g->sockets_unread * 2 > members)
		return opinion_by_network(g, io, dead_ends, members);
	if (timed * 2 > members)
		return opinion_by_due(ev, g, timed, members);
	if (ticker * 2 > members && g->ticker_alone * 10 >= ticker * 9)
		return likely(0.8, FROM_WAKE_UPS, SAY(TICKER_ALONE, V_count(g->ticker_alone)));
	if (ticker * 2 > members)
		return undecided(FROM_WAKE_UPS, SAY(TICKER_AND_MORE, V_count(ticker)), SAY(DECIDE_WHO_STOPS, V_place(g->blocked_user)));
	if (g->wakes[EV_WAKE_UNKNOWN] * 2 > members)
		return undecided(FROM_GOROUTINES, SAY(WAKE_UNKNOWN, V_count(g->wakes[EV_WAKE_UNKNOWN])), SAY(DECIDE_WHO_SIGNALS, V_place(g->blocked_user)));
	if (g->wakes[EV_WAKE_RUNNING] * 2 > members)
		return undecided(FROM_GOROUTINES, SAY(MEMBERS_RUN), SAY(DECIDE_LOOK_AGAIN));
	return opinion_without_wakeup(ev, g, members);
}

static void since_when(const struct evidence *ev, const struct growth *growth, struct finding *f)
{
	f->onset = growth->onset;
	f->onset_uncertainty_seconds = growth->onset_uncertainty_seconds;
	if (f->onset || !(growth->slope > 0))
		return;
	// Before the window: at this rate, the members that were there at its start took so long to gather.
	double back = growth->first / growth->slope;
	f->onset = ev->from - (instant_t)(back * 1e9);
	f->onset_uncertainty_seconds = fmax(1, 0.25 * back);
	if (ev->target.started && f->onset < ev->target.started)
		f->onset = ev->target.started;
}

static struct say advice(const struct evidence *ev, const struct ev_group *g, const struct finding *f, enum evidence_from from)
{
	struct say_value at = V_function(f->site), by = V_function(g->created_by);
	if (g->wakes[EV_WAKE_TICKER] * 2 > f->count)
		return SAY(ADVICE_TICKER, at);
	if (from == FROM_SOCKETS)
		return SAY(ADVICE_CLOSE_CONNECTION, at);
	if (reason_is(ev, g, "chan send"))
		return SAY(ADVICE_CHAN_SEND, at);
	if (reason_is(ev, g, "chan receive") || reason_is(ev, g, "select"))
		return SAY(ADVICE_CHAN_RECEIVE, at, by);
	if (reason_is(ev, g, "sync.WaitGroup") || reason_is(ev, g, "semacquire"))
		return SAY(ADVICE_WAITGROUP, at);
	return reason_is(ev, g, "sync.") ? SAY(ADVICE_MUTEX, at) : SAY(ADVICE_GOROUTINE, at, by);
}

static void accuse(struct evidence *ev, struct verdict *v, const struct ev_group *g, const struct growth *growth, struct opinion o)
{
	struct finding *f = finding_add(v, RULE_GOROUTINE_BLOCKED, KIND_GOROUTINE_LEAK);
	if (!f)
		return;
	f->group = g;
	f->count = g->points.at[g->points.len - 1].count;
	f->bytes = g->stack_bytes;
	f->site = g->blocked_user ? g->blocked_user : g->created_by ? g->created_by : g->entry;
	f->stack = g->stack;
	f->fix_place = f->site;
	finding_class(f, o.outcome == LIKELY ? CLASS_LIKELY : CLASS_UNDECIDED, o.confidence);
	f->title = SAY(TITLE_GOROUTINES, V_count(f->count), V_function(f->site), V_number(growth->slope));
	f->rate_objects = growth->slope;
	double each = f->count ? (double)g->stack_bytes / (double)f->count : 0;
	f->rate_bytes = each * growth->slope;
	f->rate_bytes_range[0] = each * fmax(growth->low, 0);
	f->rate_bytes_range[1] = each * growth->high;
	f->weight = growth->slope;
	f->decide_by = o.decide_by;
	f->reason = o.because;
	since_when(ev, growth, f);
	finding_says(f, FROM_GOROUTINES, SAY(GROUP_GREW, V_number(growth->first), V_number(growth->last), V_count(growth->points)));
	if (g->first_members)
		finding_says(f, FROM_GOROUTINES, SAY(MEMBERS_STAY, V_count(g->first_stay), V_count(g->first_members)));
	if (g->ran_known && g->first_ran < g->first_stay)
		finding_says(f, FROM_GOROUTINES, SAY(MEMBERS_STAYED_ASLEEP, V_count(g->first_stay - g->first_ran), V_count(g->first_stay)));
	if (g->outstayed >= MIN_OUTSTAYED)
		finding_says(f, FROM_GOROUTINES, SAY(OUTSTAYED, V_count(g->left), V_seconds(g->left_within_seconds), V_count(g->outstayed)));
	finding_says(f, o.from, o.because);
	if (o.forecast && g->next_due_max && growth->slope > 0) {
		double left = fmax((double)(g->next_due_max - ev->to) / 1e9, 0);
		f->levels_off_at = g->next_due_min;
		f->levels_off_count = (uint64_t)(growth->slope * left);
		f->levels_off_because = SAY(LEVEL_BY_WAKE_UPS, V_count(f->levels_off_count), V_seconds(left));
	}
	f->advice = advice(ev, g, f, o.from);
	finding_severity(ev, f);
}

struct err *rule_goroutine_blocked(struct evidence *ev, struct verdict *v)
{
	for (size_t i = 0; i < ev->groups.len; i++) {
		const struct ev_group *g = &ev->groups.at[i];
		if (g->system || g->points.len < 2)
			continue;
		struct growth growth = group_growth(g);
		struct say_value subject = V_place(g->blocked_at);
		struct say what = SAY(WHAT_GOROUTINES, V_count(g->points.at[g->points.len - 1].count),
				      V_place(g->blocked_user ? g->blocked_user : g->blocked_at));
		struct opinion o;
		switch (growth.shape) {
		case GROWTH_UNKNOWN:
		case GROWTH_NONE:
			verdict_note(v, RULE_GOROUTINE_BLOCKED, subject, SAY(NOTE_LEVEL, V_number(growth.first), V_number(growth.last)));
			break;
		case GROWTH_TRANSIENT:
			verdict_clear(v, what, SAY(ROSE_AND_FELL, V_number(growth.peak), V_number(growth.last)));
			break;
		case GROWTH_LEVELLING:
			verdict_clear(v, what, SAY(STOPPED_GROWING, V_number(growth.first), V_number(growth.last)));
			break;
		case GROWTH_STEADY:
			o = opinion_of(ev, g);
			verdict_note(v, RULE_GOROUTINE_BLOCKED, subject, o.because);
			if (o.outcome == HEALTHY)
				verdict_clear(v, what, o.because);
			else
				accuse(ev, v, g, &growth, o);
			break;
		}
	}
	return NULL;
}
