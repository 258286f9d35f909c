// Format v2: order, context, tables, and what becomes of damage.
#include "test.h"
#include "writer.h"

enum { M1 = 101, M2 = 102 };

static void head(struct strbuf *b)
{
	w_header(b, 26);
	w_sync(b, 1, 1000);
}

// Thread 1 runs goroutine 1 on processor 0, makes 2, sees it blocked elsewhere, wakes it; thread 2 runs it.
static void two_threads(struct strbuf *b)
{
	cleanup(strbuf_finip) struct strbuf e = {0};
	head(b);
	W(&e, TRACE_PROC_STATUS, 1, 0, 1);
	W(&e, TRACE_GO_STATUS, 1, 1, M1, 2);
	W(&e, TRACE_GO_CREATE, 1, 2, 1, 1);
	W(&e, TRACE_GO_UNBLOCK, 50, 2, 2, 1); // in time before the block that it must follow
	W(&e, TRACE_GO_BLOCK, 1, 1, 1);
	w_batch(b, 1, M1, 1000, &e);
	W(&e, TRACE_PROC_STATUS, 1, 1, 1);
	W(&e, TRACE_GO_START, 1, 2, 1);
	W(&e, TRACE_GO_BLOCK, 90, 1, 1);
	W(&e, TRACE_GO_START, 5, 2, 3);
	W(&e, TRACE_HEAP_ALLOC, 5, 4096);
	w_batch(b, 1, M2, 1000, &e);
	w_tables(b, 1);
	strbuf_putc(b, 52);
}

TEST(sequence_numbers_win_over_times)
{
	cleanup(strbuf_finip) struct strbuf b = {0}, got = {0};
	cleanup(trace_closep) struct trace *t = NULL;
	two_threads(&b);
	cleanup(err_freep) struct err *err = w_read(w_view(&b), true, &got, &t);
	const char *want = "ProcStatus@64064 g-1 p-1 0 1\n"
			   "ProcStatus@64065 g-1 p-1 1 1\n"
			   "GoStatus@64128 g-1 p0 1 101 2\n"
			   "GoCreate@64192 g1 p0 2 1 1\n"
			   "GoStart@64193 g-1 p1 2 1\n"
			   "GoBlock@69888 g2 p1 1 1\n"
			   "GoUnblock@69889 g1 p0 2 2 1\n"
			   "GoBlock@69890 g1 p0 1 1\n"
			   "GoStart@70208 g-1 p1 2 3\n"
			   "HeapAlloc@70528 g2 p1 4096\n";
	CHECK(!err, "%s", err ? err_message(err) : "");
	CHECK(!strcmp(strbuf_str(&got), want), "\n%s", strbuf_str(&got));
	CHECK(!trace_gaps(t)->len);
}

TEST(strings_stacks_and_the_clock_hold_for_the_block)
{
	cleanup(strbuf_finip) struct strbuf b = {0};
	cleanup(trace_closep) struct trace *t = NULL;
	const struct trace_event *ev;
	size_t n = 0;
	two_threads(&b);
	cleanup(err_freep) struct err *err = trace_open(w_view(&b), NULL, &t);
	CHECK(!err && !trace_next(t, &ev, &n) && n == 10);
	struct trace_str reason = trace_string(t, 1), none = trace_string(t, 99);
	struct trace_stack stack = trace_stack(t, 1);
	CHECK(reason.len == 9 && !memcmp(reason.s, "chan send", 9));
	CHECK(none.len == 0 && trace_stack(t, 5).n == 0);
	CHECK(stack.n == 1 && stack.frames[0].line == 7 && stack.frames[0].pc == 0x1000 && trace_string(t, stack.frames[0].func).len == 6);
	CHECK(trace_info(t)->snapshot.mono_ns == 64005 && trace_info(t)->snapshot.t_ns == 64000 &&
	      trace_info(t)->snapshot.wall_ns == 1700000000000000042);
	CHECK(trace_info(t)->version == 26 && trace_info(t)->generations == 1 && !trace_info(t)->cut);
}

TEST(two_threads_decode_to_the_same)
{
	cleanup(strbuf_finip) struct strbuf b = {0}, e = {0}, one = {0}, two = {0};
	cleanup(trace_closep) struct trace *t1 = NULL, *t2 = NULL;
	head(&b);
	for (uint64_t m = 0; m < 3; m++) {
		W(&e, TRACE_PROC_STATUS, 1, m, 1);
		for (unsigned i = 0; i < 9000; i++)
			W(&e, TRACE_HEAP_ALLOC, 1 + i % (3 + m), i);
		w_batch(&b, 1, 100 + m, 1000 + m, &e);
	}
	strbuf_putc(&b, 52);
	cleanup(err_freep) struct err *err = w_read(w_view(&b), true, &one, &t1);
	cleanup(err_freep) struct err *err2 = w_read(w_view(&b), false, &two, &t2);
	CHECK(!err && !err2 && one.len > 27000 && !strcmp(strbuf_str(&one), strbuf_str(&two)));
}

TEST(a_switch_is_three_events_and_a_callback_gives_its_processor_up)
{
	cleanup(strbuf_finip) struct strbuf b = {0}, e = {0}, got = {0};
	cleanup(trace_closep) struct trace *t = NULL;
	head(&b);
	W(&e, TRACE_PROC_STATUS, 1, 0, 1);
	W(&e, TRACE_GO_STATUS, 1, 1, M1, 2);
	W(&e, TRACE_GO_CREATE_BLOCKED, 1, 2, 1, 1);
	W(&e, TRACE_GO_SWITCH, 1, 2, 1);
	W(&e, TRACE_GO_SWITCH_DESTROY, 1, 1, 1);
	W(&e, TRACE_GO_DESTROY, 1);
	W(&e, TRACE_GO_CREATE_SYSCALL, 1, 3);
	W(&e, TRACE_GO_SYSCALL_END_BLOCKED, 1);
	w_batch(&b, 1, M1, 1000, &e);
	strbuf_putc(&b, 52);
	cleanup(err_freep) struct err *err = w_read(w_view(&b), true, &got, &t);
	const char *want = "GoSwitch@64256 g1 p0 2 1\nGoBlock@64257 g1 p0 0 0\nGoStart@64258 g-1 p0 2 1\n"
			   "GoSwitchDestroy@64320 g2 p0 1 1\nGoDestroy@64321 g2 p0\nGoStart@64322 g-1 p0 1 1\n"
			   "GoDestroy@64384 g1 p0\nGoCreateSyscall@64448 g-1 p0 3\nGoSyscallEndBlocked@64512 g3 p0\n";
	CHECK(!err && strstr(strbuf_str(&got), want), "\n%s", strbuf_str(&got));
}

TEST(an_abandoned_status_binds_nothing)
{
	cleanup(strbuf_finip) struct strbuf b = {0}, e = {0}, got = {0};
	cleanup(trace_closep) struct trace *t = NULL;
	head(&b);
	W(&e, TRACE_PROC_STATUS, 1, 0, 1);
	W(&e, TRACE_GO_STATUS, 1, 1, M1, 2);
	W(&e, TRACE_GO_SYSCALL_BEGIN, 1, 1, 0);
	w_batch(&b, 1, M1, 1000, &e);
	W(&e, TRACE_PROC_STATUS, 20, 0, 4); // by another thread, which is about to take it
	W(&e, TRACE_PROC_STEAL, 1, 0, 1, M1);
	w_batch(&b, 1, M2, 1000, &e);
	strbuf_putc(&b, 52);
	cleanup(err_freep) struct err *err = w_read(w_view(&b), true, &got, &t);
	CHECK(!err && strstr(strbuf_str(&got), "ProcStatus@65280 g1 p0 0 3\nProcSteal@65344 g-1 p-1 0 1 101\n"), "\n%s", strbuf_str(&got));
	CHECK(!trace_gaps(t)->len);
}

static bool gap_with(const struct trace *t, enum gap_code code, const char *part)
{
	for (size_t i = 0; i < trace_gaps(t)->len; i++)
		if (trace_gaps(t)->at[i].code == code && strstr(trace_gaps(t)->at[i].detail, part))
			return true;
	return false;
}

TEST(what_never_gets_its_turn_comes_in_by_time_and_is_told)
{
	cleanup(strbuf_finip) struct strbuf b = {0}, e = {0}, got = {0};
	cleanup(trace_closep) struct trace *t = NULL;
	head(&b);
	W(&e, TRACE_PROC_STATUS, 1, 0, 1);
	W(&e, TRACE_GO_START, 1, 7, 1000000);
	W(&e, TRACE_PROC_STEAL, 1, 9, 77, 5);
	W(&e, TRACE_GO_BLOCK, 1, 0, 0);
	w_batch(&b, 1, M1, 1000, &e);
	strbuf_putc(&b, 52);
	cleanup(err_freep) struct err *err = w_read(w_view(&b), true, &got, &t);
	CHECK(!err && strstr(strbuf_str(&got), "GoStart@64128 g-1 p0 7 1000000\n") && strstr(strbuf_str(&got), "GoBlock@64256 g7 p0"), "\n%s", strbuf_str(&got));
	CHECK(gap_with(t, GAP_TRACE_ORDER, "2"));
}

struct damage {
	size_t off;     // from the end of the header
	int byte;       // written there; -1: the file ends there
	enum gap_code code;
	const char *says;
};

TEST(damage_is_told_where_it_is)
{
	cleanup(strbuf_finip) struct strbuf whole = {0};
	two_threads(&whole);
	const struct damage rows[] = {
		{0, 77, GAP_TRACE_CUT, "no batch begins here"},
		{1, 0, GAP_TRACE_CUT, "a batch has no generation"},
		{2, -1, GAP_TRACE_CUT, "the file ends inside a batch's head"},
		{whole.len - 17, -1, GAP_TRACE_CUT, "the last generation has no end"},
		{whole.len - 20, -1, GAP_TRACE_CUT, "the file ends inside a batch"},
	};
	for (size_t i = 0; i < countof(rows); i++) {
		cleanup(strbuf_finip) struct strbuf b = {0}, got = {0};
		cleanup(trace_closep) struct trace *t = NULL;
		strbuf_put(&b, strbuf_str(&whole), whole.len);
		if (rows[i].byte >= 0)
			b.s[16 + rows[i].off] = (char)rows[i].byte;
		else
			b.len = 16 + rows[i].off;
		cleanup(err_freep) struct err *err = w_read(w_view(&b), true, &got, &t);
		CHECK(!err && gap_with(t, rows[i].code, rows[i].says), "row %zu: %s", i,
		      t && trace_gaps(t)->len ? trace_gaps(t)->at[0].detail : "no gap");
	}
}

struct refusal { const char *bytes; size_t len; enum err_kind kind; const char *says; };

TEST(what_is_no_trace_is_refused)
{
	const struct refusal rows[] = {
		{"", 0, ERR_INPUT, "truncated"},
		{"go 1.26 trace\0\0", 15, ERR_INPUT, "truncated"},
		{"not a trace at all", 18, ERR_INPUT, "'go 1.NN trace' wanted"},
		{"go 1.26 trace\0\1\0", 16, ERR_INPUT, "'go 1.NN trace' wanted"},
		{"go 1.5 trace\0\0\0\0", 16, ERR_UNSUPPORTED, "Go 1.5 are not read"},
		{"go 1.27 trace\0\0\0", 16, ERR_UNSUPPORTED, "'go 1.27' is not known"},
	};
	for (size_t i = 0; i < countof(rows); i++) {
		struct trace *t = NULL;
		cleanup(err_freep) struct err *err = trace_open((struct view){(const uint8_t *)rows[i].bytes, rows[i].len, "x"}, NULL, &t);
		CHECK(err && err_kind(err) == rows[i].kind && strstr(err_message(err), rows[i].says), "row %zu: %s", i, err ? err_message(err) : "opened");
	}
}

TEST(cut_anywhere_it_gives_a_beginning_and_says_so)
{
	cleanup(strbuf_finip) struct strbuf b = {0}, whole = {0};
	cleanup(trace_closep) struct trace *all = NULL;
	two_threads(&b);
	cleanup(err_freep) struct err *err = w_read(w_view(&b), true, &whole, &all);
	CHECK(!err);
	for (size_t len = 16; len < b.len; len++) {
		cleanup(strbuf_finip) struct strbuf got = {0};
		cleanup(trace_closep) struct trace *t = NULL;
		struct view v = {(const uint8_t *)strbuf_str(&b), len, "cut"};
		cleanup(err_freep) struct err *cut = w_read(v, true, &got, &t);
		CHECK(!cut && got.len <= whole.len, "at %zu", len);
		CHECK(len == 16 || trace_info(t)->cut || trace_gaps(t)->len, "at %zu nothing is said", len);
	}
}

TEST(a_later_generation_goes_on_where_the_first_ended)
{
	cleanup(strbuf_finip) struct strbuf b = {0}, e = {0}, got = {0};
	cleanup(trace_closep) struct trace *t = NULL;
	two_threads(&b);
	w_sync(&b, 2, 2000);
	W(&e, TRACE_PROC_STATUS, 1, 1, 1);
	W(&e, TRACE_GO_STATUS, 1, 2, M2, 2);
	W(&e, TRACE_GO_DESTROY, 1);
	w_batch(&b, 2, M2, 2000, &e);
	W(&e, TRACE_GO_STATUS_STACK, 9, 1, TRACE_NONE, 4, 1);
	w_batch(&b, 2, TRACE_NONE, 2000, &e);
	w_tables(&b, 2);
	strbuf_putc(&b, 52);
	cleanup(err_freep) struct err *err = w_read(w_view(&b), true, &got, &t);
	CHECK(!err && strstr(strbuf_str(&got), "GoDestroy@128192 g2 p1\nGoStatusStack@128576 g-1 p-1 1 -1 4 1\n"), "\n%s", strbuf_str(&got));
	CHECK(!trace_gaps(t)->len && trace_info(t)->generations == 2);
}
