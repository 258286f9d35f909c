// What is made of the events, and the alignment of clocks.
#include "test.h"
#include "writer.h"

enum { M1 = 101 };

// Goroutine 1 makes 100 goroutines; every third blocks for good, the others end after 10 ticks. Two collections.
static void leak(struct strbuf *b)
{
	cleanup(strbuf_finip) struct strbuf e = {0};
	w_header(b, 26);
	w_sync(b, 1, 1000);
	W(&e, TRACE_PROC_STATUS, 1, 0, 1);
	W(&e, TRACE_GO_STATUS, 1, 1, M1, 2);
	W(&e, TRACE_PROCS_CHANGE, 1, 1, 0);
	for (uint64_t g = 10; g < 110; g++) {
		W(&e, TRACE_GO_CREATE, 100, g, 1, 1);
		W(&e, TRACE_GO_BLOCK, 1, 0, 1);
		W(&e, TRACE_GO_START, 1, g, 1);
		W(&e, TRACE_HEAP_ALLOC, 1, g << 20);
		if (g % 3 == 0)
			W(&e, TRACE_GO_BLOCK, 8, 1, 1);
		else
			W(&e, TRACE_GO_DESTROY, 8);
		W(&e, TRACE_GO_UNBLOCK, 1, 1, 2 * (g - 10) + 1, 0);
		W(&e, TRACE_GO_START, 1, 1, 2 * (g - 10) + 2);
		if (g == 40 || g == 80) {
			uint64_t seq = g == 40 ? 1 : 3;
			W(&e, TRACE_GC_BEGIN, 1, seq, 1);
			W(&e, TRACE_GC_MARK_ASSIST_BEGIN, 1, 1);
			W(&e, TRACE_GC_MARK_ASSIST_END, 20);
			W(&e, TRACE_STW_BEGIN, 10, 4, 1);
			W(&e, TRACE_HEAP_ALLOC, 1, g);
			W(&e, TRACE_STW_END, 9);
			W(&e, TRACE_GC_END, 1, seq + 1);
		}
	}
	W(&e, TRACE_USER_TASK_BEGIN, 1, 5, 0, 2, 1);
	W(&e, TRACE_USER_REGION_BEGIN, 1, 5, 3, 1);
	W(&e, TRACE_USER_LOG, 1, 5, 2, 3, 1);
	W(&e, TRACE_USER_REGION_END, 100, 5, 3, 1);
	W(&e, TRACE_USER_TASK_END, 100, 5, 1);
	w_batch(b, 1, M1, 1000, &e);
	strbuf_putc(&e, 4);
	w_string(&e, 4, "GC mark termination");
	w_batch(b, 1, TRACE_NONE, 1000, &e);
	w_tables(b, 1);
	strbuf_putc(b, 52);
}

static struct study *studied(struct strbuf *b, const struct study_options *opt)
{
	cleanup(trace_closep) struct trace *t = NULL;
	struct study *s = NULL;
	cleanup(err_freep) struct err *err = trace_open(w_view(b), NULL, &t);
	if (!err)
		err = study_trace(t, opt, &s);
	CHECK(!err, "%s", err ? err_message(err) : "");
	CHECK(!trace_gaps(t)->len, "%s", trace_gaps(t)->len ? trace_gaps(t)->at[0].detail : "");
	return s;
}

TEST(births_and_ends_are_counted_by_creation)
{
	cleanup(strbuf_finip) struct strbuf b = {0};
	leak(&b);
	cleanup(study_freep) struct study *s = studied(&b, NULL);
	const struct study_spawn *p = NULL;
	for (size_t i = 0; i < s->spawns.len; i++)
		if (s->spawns.at[i].stack)
			p = &s->spawns.at[i];
	CHECK(p && p->created == 100 && p->ended == 67 && p->alive == 33 && p->alive_blocked == 33 && p->creator == 1);
	CHECK(p && p->life_max_ns == 11 * 64, "%lld", p ? (long long)p->life_max_ns : 0);
	CHECK(s->alive == 34 && s->alive_first == 1 && s->max_alive == 35);
	size_t pos = 0, n = 0;
	while (study_alive(s, &pos))
		n++;
	CHECK(n == 34);
}

TEST(waits_know_their_place_and_who_ended_them)
{
	cleanup(strbuf_finip) struct strbuf b = {0};
	leak(&b);
	cleanup(study_freep) struct study *s = studied(&b, NULL);
	uint64_t open = 0, sched = 0, main_waits = 0;
	for (size_t i = 0; i < s->waits.len; i++) {
		const struct study_wait *w = &s->waits.at[i];
		if (w->state == TRACE_G_WAITING && !strcmp(study_str(s, w->reason), "chan send"))
			open += w->open;
		if (w->state == TRACE_G_WAITING && !*study_str(s, w->reason))
			main_waits += w->pprof_count;
		if (w->state == TRACE_G_RUNNABLE)
			sched += w->count;
	}
	CHECK(open == 33 && main_waits == 100 && sched == 200, "%llu %llu %llu", (unsigned long long)open, (unsigned long long)main_waits, (unsigned long long)sched);
}

TEST(collections_have_live_bytes_stops_and_assists)
{
	cleanup(strbuf_finip) struct strbuf b = {0};
	leak(&b);
	cleanup(study_freep) struct study *s = studied(&b, NULL);
	CHECK(s->gcs.len == 2);
	const struct study_gc *g = &s->gcs.at[0];
	CHECK(g->live == 40 && g->peak == 40u << 20 && g->stops == 1 && g->pause_ns == 640 && g->assist_ns == 1280 && g->end_ns > g->begin_ns);
	CHECK(s->pauses.len == 2 && !strcmp(study_str(s, s->pauses.at[0].kind), "GC mark termination"));
	CHECK(s->heap_max == 109u << 20 && s->heap_first == 10u << 20);
	CHECK(s->ps.len == 1 && s->ps.at[0].busy_ns > 0);
}

TEST(tasks_regions_and_logs)
{
	cleanup(strbuf_finip) struct strbuf b = {0};
	leak(&b);
	cleanup(study_freep) struct study *s = studied(&b, NULL);
	CHECK(s->tasks.len == 2 && s->tasks.at[0].ended == 1 && s->tasks.at[0].max_ns == 202 * 64 && !s->tasks.at[0].region);
	CHECK(s->tasks.at[1].region && s->tasks.at[1].max_ns == 101 * 64);
	CHECK(s->logs.len == 1 && s->logs.at[0].task == 5 && !strcmp(study_str(s, s->logs.at[0].value), "main.go"));
}

TEST(a_window_counts_what_is_inside)
{
	cleanup(strbuf_finip) struct strbuf b = {0};
	leak(&b);
	struct study_options opt = {64000 + 64 * 1000, 64000 + 64 * 3000};
	cleanup(study_freep) struct study *s = studied(&b, &opt);
	uint64_t created = 0;
	for (size_t i = 0; i < s->spawns.len; i++)
		created += s->spawns.at[i].created;
	CHECK(created > 10 && created < 30, "%llu", (unsigned long long)created);
	CHECK(s->first_ns >= opt.from_ns - 64000 && s->last_ns <= opt.to_ns);
}

struct series { int64_t a[6], b[8]; size_t n_a, n_b; bool found; int64_t offset; };

TEST(series_of_instants_meet_under_one_offset)
{
	const struct series rows[] = {
		{{100, 350, 400, 900}, {1100, 1350, 1400, 1900}, 4, 4, true, 1000},
		{{100, 350, 400, 900}, {700, 1102, 1351, 1399, 1900, 2500}, 4, 6, true, 1000}, // more on the other side, and noise
		{{100, 200, 300, 400}, {1100, 1200, 1300, 1400, 1500, 1600}, 4, 6, false, 0},  // periodic: any shift is as good
		{{100, 350}, {1100, 1350}, 2, 2, false, 0},                                    // too few
		{{100, 350, 400}, {1, 2, 3}, 3, 3, false, 0},
	};
	for (size_t i = 0; i < countof(rows); i++) {
		int64_t offset = 0;
		double error = -1;
		bool found = align_series(rows[i].a, rows[i].n_a, rows[i].b, rows[i].n_b, 5, &offset, &error);
		CHECK(found == rows[i].found && (!found || (llabs(offset - rows[i].offset) <= 2 && error >= 0)), "row %zu: %d %lld", i, found, (long long)offset);
	}
}

TEST(the_clock_is_the_files_own_then_this_boots_then_the_file_time)
{
	struct study s = {.first_ns = 1000000000, .last_ns = 5000000000};
	struct trace_info info = {.clock = TRACE_CLOCK_MONOTONIC};
	struct align_hints h = {.now_monotonic_ns = 100000000000, .now_wall_ns = 1100000000000, .modified = 1006000000000};
	struct align a = align_study(&info, &s, &h);
	CHECK(a.from == ALIGN_SAME_BOOT && align_wall(&a, 5000000000) == 1005000000000);
	h.modified = 900000000000; // the file is older than its events would be: another boot's
	a = align_study(&info, &s, &h);
	CHECK(a.from == ALIGN_FILE_TIME && align_wall(&a, 5000000000) == 900000000000 && a.error_seconds >= 1);
	h.modified = 0;
	h.now_monotonic_ns = 0;
	a = align_study(&info, &s, &h);
	CHECK(a.from == ALIGN_NONE && align_wall(&a, 5000000000) == 0);
	struct trace_snapshot snap = {1, 1000000000, 1000000005, 777000000000};
	s.snapshots.at = &snap;
	s.snapshots.len = 1;
	a = align_study(&info, &s, &h);
	CHECK(a.from == ALIGN_SNAPSHOTS && align_wall(&a, 2000000000) == 778000000000 && a.error_seconds < 1e-3);
}
