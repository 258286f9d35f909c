// Rules are tested with facts written by hand: each row is one picture and what must be said of it.
#include "judge/judge.h"
#include "test.h"

#include <math.h>
#include <string.h>

enum { T0 = 1000, N = 16 }; // seconds

static const instant_t second = 1000000000;

static struct evidence *world(void)
{
	struct evidence *ev = evidence_new();
	ev->from = T0 * second;
	ev->to = (T0 + 25) * second;
	ev->limit.bytes = 1 << 30;
	ev->limit.available = 1 << 29;
	return ev;
}

struct picture {
	const char *what, *reason;
	double first, last;                  // members
	double stay, ran;                    // share of the first members
	struct { enum ev_wake wake; double share; } wakes;
	double shared, unread, alone;        // share of members
	double due, due_gone, due_stayed, due_ran; // share of the first members
	double outstayed;                    // share of members
	const char *want_class;              // NULL: no finding
	const char *want_cleared;            // part of nothing: whether it must be cleared
};

static void add_group(struct evidence *ev, const struct picture *p, const char *name)
{
	char blocked[64], entry[64];
	snprintf(blocked, sizeof(blocked), "main.%s", name);
	snprintf(entry, sizeof(entry), "main.%s.func1", name);
	char creator[64];
	snprintf(creator, sizeof(creator), "main.start_%s", name);
	place_id at = ev_place(ev, blocked, "/src/a.go", 10);
	struct ev_group *g = ev_group_at(ev, ev_place(ev, entry, "/src/a.go", 9), ev_place(ev, creator, "/src/a.go", 3), at, ev_cstr(ev, p->reason));
	g->blocked_user = at;
	g->stack = ev_stack(ev, &at, 1);
	for (int i = 0; i < N; i++) {
		struct ev_group_point point = {ev->from + (ev->to - ev->from) * i / (N - 1), (uint64_t)(p->first + (p->last - p->first) * i / (N - 1))};
		err_free(vec_push(&g->points, 1000, "points", point));
	}
	g->stack_bytes = (uint64_t)p->last * 2048;
	g->first_members = (uint64_t)p->first;
	g->first_stay = (uint64_t)(p->stay * p->first);
	g->first_ran = (uint64_t)(p->ran * p->first);
	g->ran_known = true;
	g->wakes[p->wakes.wake] = (uint64_t)(p->wakes.share * p->last);
	g->wakes[EV_WAKE_NONE] += (uint64_t)p->last - g->wakes[p->wakes.wake];
	g->shared_waits = (uint64_t)(p->shared * p->last);
	g->sockets_unread = (uint64_t)(p->unread * p->last);
	g->ticker_alone = (uint64_t)(p->alone * p->last);
	g->due = (uint64_t)(p->due * p->first);
	g->due_gone = (uint64_t)(p->due_gone * p->first);
	g->due_stayed = (uint64_t)(p->due_stayed * p->first);
	g->due_ran = (uint64_t)(p->due_ran * p->first);
	g->outstayed = (uint64_t)(p->outstayed * p->last);
	g->next_due_min = ev->to + 20 * second;
	g->next_due_max = ev->to + 40 * second;
}

TEST(goroutine_groups_are_judged_by_what_becomes_of_their_members)
{
	static const struct picture rows[] = {
		{.what = "stuck on a channel nobody has", .reason = "chan receive", .first = 300, .last = 434, .stay = 1, .want_class = "likely"},
		{.what = "level", .reason = "chan receive", .first = 300, .last = 300, .stay = 1},
		{.what = "a few stuck", .reason = "chan send", .first = 4, .last = 20, .stay = 1, .want_class = "likely"},
		{.what = "the old ones leave", .reason = "chan receive", .first = 300, .last = 400, .stay = 0.4, .want_cleared = "left"},
		{.what = "workers in use", .reason = "chan receive", .first = 300, .last = 400, .stay = 1, .ran = 0.5, .want_cleared = "ran"},
		{.what = "long polls with deadlines to come", .reason = "select", .first = 300, .last = 434, .stay = 1,
		 .wakes = {EV_WAKE_ONCE, 1}, .want_class = "undecided"},
		{.what = "deadlines that came and were kept", .reason = "select", .first = 300, .last = 330, .stay = 0.95,
		 .wakes = {EV_WAKE_ONCE, 1}, .due = 0.3, .due_gone = 0.29, .want_cleared = "due"},
		{.what = "timers that fired and changed nothing", .reason = "select", .first = 300, .last = 434, .stay = 1,
		 .wakes = {EV_WAKE_MAYBE, 0.9}, .due = 0.4, .due_stayed = 0.4, .want_class = "likely"},
		{.what = "heartbeats", .reason = "sleep", .first = 300, .last = 434, .stay = 1, .ran = 1, .wakes = {EV_WAKE_ONCE, 1}, .due = 1,
		 .due_ran = 1, .want_class = "undecided"},
		{.what = "a lone ticker", .reason = "chan receive", .first = 300, .last = 434, .stay = 1, .ran = 1, .wakes = {EV_WAKE_TICKER, 1},
		 .alone = 1, .want_class = "likely"},
		{.what = "a ticker and a stop channel", .reason = "select", .first = 300, .last = 434, .stay = 1, .ran = 1,
		 .wakes = {EV_WAKE_TICKER, 1}, .want_class = "undecided"},
		{.what = "connections with living peers", .reason = "IO wait", .first = 300, .last = 434, .stay = 1, .wakes = {EV_WAKE_IO, 1},
		 .want_class = "undecided"},
		{.what = "both ends wait", .reason = "IO wait", .first = 300, .last = 434, .stay = 1, .wakes = {EV_WAKE_IO_MUTUAL, 1},
		 .want_class = "likely"},
		{.what = "served and forgotten connections at one place", .reason = "IO wait", .first = 100, .last = 240, .stay = 0.5,
		 .wakes = {EV_WAKE_IO_MUTUAL, 0.8}, .want_class = "likely"},
		{.what = "most of the old ones leave, some of the new ones never", .reason = "sync.WaitGroup.Wait", .first = 60, .last = 240,
		 .stay = 0.1, .outstayed = 0.4, .want_class = "likely"},
		{.what = "a few long ones among those that come and go", .reason = "sync.WaitGroup.Wait", .first = 60, .last = 240, .stay = 0.1,
		 .outstayed = 0.05, .want_cleared = "left"},
		{.what = "a load of connections that come and go", .reason = "IO wait", .first = 100, .last = 240, .stay = 0.5,
		 .wakes = {EV_WAKE_IO, 1}, .want_cleared = "left"},
		{.what = "unread bodies", .reason = "select", .first = 150, .last = 220, .stay = 1, .wakes = {EV_WAKE_MAYBE, 0.99}, .unread = 0.9,
		 .want_class = "likely"},
		{.what = "parked workers behind one channel", .reason = "chan receive", .first = 300, .last = 434, .stay = 1, .shared = 1,
		 .want_class = "undecided"},
		{.what = "senders to one channel that nobody drains", .reason = "chan send", .first = 300, .last = 434, .stay = 1, .shared = 1,
		 .want_class = "likely"},
		{.what = "waits that could not be read", .reason = "waiting", .first = 300, .last = 434, .stay = 1, .wakes = {EV_WAKE_UNKNOWN, 1},
		 .want_class = "undecided"},
		{.what = "nil channel", .reason = "chan receive (nil chan)", .first = 10, .last = 40, .stay = 1, .want_class = "likely"},
		{.what = "new within the window", .reason = "chan receive", .first = 0, .last = 1500, .want_class = "undecided"},
	};
	for (size_t i = 0; i < countof(rows); i++) {
		cleanup(evidence_freep) struct evidence *ev = world();
		cleanup(verdict_freep) struct verdict *v = NULL;
		add_group(ev, &rows[i], "wait");
		cleanup(err_freep) struct err *err = judge_evidence(ev, &v);
		CHECK(!err && v, "%s", rows[i].what);
		if (!v)
			continue;
		const struct finding *f = v->findings.len ? v->findings.at : NULL;
		CHECK((f != NULL) == (rows[i].want_class != NULL), "%s: %zu findings", rows[i].what, v->findings.len);
		CHECK(!f || !rows[i].want_class || !strcmp(finding_class_names[f->class], rows[i].want_class), "%s: %s", rows[i].what,
		      f ? finding_class_names[f->class] : "");
		CHECK((v->cleared.len > 0) == (rows[i].want_cleared != NULL), "%s: %zu cleared", rows[i].what, v->cleared.len);
		CHECK(!f || (f->class == CLASS_UNDECIDED) == (f->severity < 4), "%s: severity %g", rows[i].what, f ? f->severity : 0);
		CHECK(!f || f->class != CLASS_UNDECIDED || f->decide_by.key, "%s: undecided must say what decides", rows[i].what);
		CHECK(!f || f->evidence.len, "%s: no evidence", rows[i].what);
	}
}

TEST(groups_that_grow_in_step_and_belong_together_are_one_cause)
{
	static const struct picture reader = {.reason = "select", .first = 300, .last = 434, .stay = 1},
				    own = {.reason = "chan send", .first = 300, .last = 436, .stay = 1},
				    other = {.reason = "chan send", .first = 30, .last = 90, .stay = 1};
	cleanup(evidence_freep) struct evidence *ev = world();
	cleanup(verdict_freep) struct verdict *v = NULL;
	add_group(ev, &reader, "reader");
	add_group(ev, &own, "own");
	add_group(ev, &other, "other");
	CHECK(ev->groups.len == 3);
	ev->groups.at[0].peer_group = 2; // the reader's connections end at `own`
	cleanup(err_freep) struct err *err = judge_evidence(ev, &v);
	CHECK(!err && v && v->findings.len == 2, "%zu findings", v ? v->findings.len : 0);
}

// A site with one sample per 512 KiB; live objects by look.
static void add_site(struct evidence *ev, const char *function, double first, double last, double shape)
{
	place_id at = ev_place(ev, function, "/src/b.go", 20);
	stack_id stack = ev_stack(ev, &at, 1);
	struct ev_site *s = ev_site_at(ev, stack, 65536);
	s->rate = 512 * 1024;
	for (int i = 0; i < N; i++) {
		double x = pow((double)i / (N - 1), shape);
		uint64_t live = (uint64_t)(first + (last - first) * x);
		struct ev_site_point p = {ev->from + (ev->to - ev->from) * i / (N - 1), (uint32_t)i + 1, live, live * 65536, live, live * 65536};
		err_free(vec_push(&s->points, 1000, "points", p));
		if (ev->looks.len < N)
			err_free(vec_push(&ev->looks, N, "looks", (struct ev_look){p.at, p.gc_cycle}));
	}
}

TEST(growing_sites_are_undecided_and_level_ones_are_silent)
{
	cleanup(evidence_freep) struct evidence *ev = world();
	cleanup(verdict_freep) struct verdict *v = NULL;
	add_site(ev, "main.leak", 20, 200, 1);
	add_site(ev, "main.level", 100, 101, 1);
	add_site(ev, "main.filled", 20, 200, 0.1);
	cleanup(err_freep) struct err *err = judge_evidence(ev, &v);
	CHECK(!err && v && v->findings.len == 1, "%zu findings", v ? v->findings.len : 0);
	if (!v || !v->findings.len)
		return;
	const struct finding *f = v->findings.at;
	CHECK(!strcmp(ev_str(ev, ev_get_place(ev, f->site).function), "main.leak"));
	CHECK(f->class == CLASS_UNDECIDED && f->severity < 4 && f->decide_by.key);
	// 180 samples of 65,536 bytes, each standing for 8.5: 1.0e8 bytes in 25 s
	CHECK(f->rate_bytes > 3.5e6 && f->rate_bytes < 4.6e6, "%g", f->rate_bytes);
	CHECK(f->exhaustion > ev->to);
}

TEST(an_empty_world_is_clean)
{
	cleanup(evidence_freep) struct evidence *ev = world();
	cleanup(verdict_freep) struct verdict *v = NULL;
	cleanup(err_freep) struct err *err = judge_evidence(ev, &v);
	CHECK(!err && v && !v->findings.len && verdict_severity(v) == 0);
}
