// Format v1: items, their order, exits of syscalls that are written late, and the conversion.
#include "test.h"
#include "writer.h"

#include "read/trace/v1.h"

// An item with its time: kinds of up to 3 numbers carry their count in the first byte, longer ones their length.
static void item(struct strbuf *b, const uint64_t *x, size_t n)
{
	cleanup(strbuf_finip) struct strbuf body = {0};
	for (size_t i = 1; i < n; i++)
		w_uv(&body, x[i]);
	if (n - 1 <= 3) {
		strbuf_putc(b, (char)(x[0] | (n - 2) << 6));
	} else {
		strbuf_putc(b, (char)(x[0] | 3 << 6));
		w_uv(b, body.len);
	}
	strbuf_put(b, strbuf_str(&body), body.len);
}
#define I(b, ...) item((b), (const uint64_t[]){__VA_ARGS__}, sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))

static void batch(struct strbuf *b, uint64_t p, uint64_t ts)
{
	strbuf_putc(b, V1_BATCH | 1 << 6);
	w_uv(b, p);
	w_uv(b, ts);
}

static void string(struct strbuf *b, uint64_t id, const char *s)
{
	strbuf_putc(b, V1_STRING);
	w_uv(b, id);
	w_uv(b, strlen(s));
	strbuf_puts(b, s);
}

static void footer(struct strbuf *b)
{
	batch(b, 0, 9000);
	strbuf_putc(b, V1_FREQUENCY);
	w_uv(b, 1000000000);
	string(b, 1, "key");
	string(b, 2, "main.f");
	const uint64_t stack[] = {V1_STACK, 5, 1, 0x1000, 2, 2, 7};
	item(b, stack, countof(stack));
}

// Goroutine 1 runs on processor 0, makes 2 and wakes it; 2 runs on 1, goes into a syscall that blocks and comes out at
// 1500, which is written at 1800.
static void small(struct strbuf *b)
{
	w_header(b, 21);
	batch(b, 0, 1000);
	I(b, V1_GO_CREATE, 0, 1, 0, 0);
	I(b, V1_GO_CREATE, 0, 9, 0, 0);
	I(b, V1_PROC_START, 0, 77);
	I(b, V1_GO_START, 1, 1, 1);
	I(b, V1_GOMAXPROCS, 1, 2, 0);
	I(b, V1_GO_CREATE, 8, 2, 5, 5);
	I(b, V1_GO_SYSCALL, 100, 5); // short: no end is written
	I(b, V1_HEAP_ALLOC, 400, 4096);
	strbuf_putc(b, (char)(V1_LOG | 3 << 6));
	strbuf_put(b, "\4\1\3\1\5", 5); // length 4: dt 1, task 3, key 1, stack 5
	strbuf_put(b, "\5hello", 6);
	I(b, V1_GO_SYS_EXIT, 289, 2, 2, 1500);
	batch(b, 1, 1005);
	I(b, V1_PROC_START, 0, 78);
	I(b, V1_GO_START, 1, 2, 1); // before its creation in time
	I(b, V1_GO_SYSCALL, 200, 5);
	I(b, V1_GO_SYS_BLOCK, 50);
	I(b, V1_STW_START, 500, 1);
	I(b, V1_STW_DONE, 20);
	footer(b);
}

TEST(items_come_as_events_and_late_exits_where_they_belong)
{
	cleanup(strbuf_finip) struct strbuf b = {0}, got = {0};
	cleanup(trace_closep) struct trace *t = NULL;
	small(&b);
	cleanup(err_freep) struct err *err = w_read(w_view(&b), true, &got, &t);
	const char *want = "ProcStatus@0 g-1 p0 0 1\n"
			   "GoStatus@1 g1 p0 1 -1 2\n"
			   "GoStatus@2 g-1 p-1 9 -1 1\n"
			   "ProcStatus@5 g-1 p1 1 1\n"
			   "GoCreate@10 g1 p0 2 5 5\n";
	CHECK(!err, "%s", err ? err_message(err) : "");
	CHECK(!strncmp(strbuf_str(&got), want, strlen(want)), "\n%s", strbuf_str(&got));
	CHECK(strstr(strbuf_str(&got), "GoSyscallBegin@110 g1 p0 0 5\nGoSyscallEnd@111 g1 p0\n"), "a short syscall\n%s", strbuf_str(&got));
	CHECK(strstr(strbuf_str(&got), "GoSyscallBegin@206 g2 p1 0 5\n"), "a long one\n%s", strbuf_str(&got));
	const char *alloc = strstr(strbuf_str(&got), "HeapAlloc@510"), *exit = strstr(strbuf_str(&got), "GoSyscallEndBlocked@500");
	CHECK(alloc && exit && exit < alloc, "the exit is before what was written before it\n%s", strbuf_str(&got));
	CHECK(strstr(strbuf_str(&got), "STWBegin@756"));
	CHECK(!trace_gaps(t)->len);
}

TEST(strings_reasons_and_messages_are_found)
{
	cleanup(strbuf_finip) struct strbuf b = {0};
	cleanup(trace_closep) struct trace *t = NULL;
	const struct trace_event *ev;
	size_t n = 0, seen = 0;
	small(&b);
	cleanup(err_freep) struct err *err = trace_open(w_view(&b), NULL, &t);
	CHECK(!err && !trace_next(t, &ev, &n));
	for (size_t i = 0; i < n; i++) {
		struct trace_str a = trace_string(t, ev[i].args[0]), m = trace_string(t, ev[i].args[2]);
		if (ev[i].kind == TRACE_STW_BEGIN)
			seen += a.len == 19 && !memcmp(a.s, "GC mark termination", 19);
		if (ev[i].kind == TRACE_USER_LOG)
			seen += m.len == 5 && !memcmp(m.s, "hello", 5);
	}
	CHECK(seen == 2, "%zu", seen);
	CHECK(trace_stack(t, 5).n == 1 && trace_info(t)->clock == TRACE_CLOCK_TICKS);
}

TEST(without_its_end_the_clock_is_a_guess)
{
	cleanup(strbuf_finip) struct strbuf b = {0}, got = {0};
	cleanup(trace_closep) struct trace *t = NULL;
	small(&b);
	struct view v = {(const uint8_t *)strbuf_str(&b), 60, "cut"};
	cleanup(err_freep) struct err *err = w_read(v, true, &got, &t);
	CHECK(!err && gaps_has(trace_gaps(t), GAP_TRACE_NO_CLOCK) && got.len);
}

TEST(cut_anywhere_it_ends)
{
	cleanup(strbuf_finip) struct strbuf b = {0};
	small(&b);
	for (size_t len = 16; len < b.len; len++) {
		cleanup(strbuf_finip) struct strbuf got = {0};
		cleanup(trace_closep) struct trace *t = NULL;
		cleanup(err_freep) struct err *err = w_read((struct view){(const uint8_t *)strbuf_str(&b), len, "cut"}, true, &got, &t);
		CHECK(!err, "at %zu: %s", len, err ? err_message(err) : "");
	}
}

// More exits than the scan keeps, each written 40 ticks late: the window has to hold them back.
TEST(many_late_exits_pass_through_the_window)
{
	cleanup(strbuf_finip) struct strbuf b = {0};
	cleanup(trace_closep) struct trace *t = NULL;
	const struct trace_event *ev;
	size_t n = 0;
	w_header(&b, 21);
	batch(&b, 0, 1000);
	I(&b, V1_GO_CREATE, 0, 1, 0, 0);
	I(&b, V1_GOMAXPROCS, 1, 1, 0);
	uint64_t ts = 1001, seq = 1;
	for (unsigned i = 0; i < V1_LATE_MAX + 5000; i++) {
		I(&b, V1_GO_START, 1, 1, seq);
		I(&b, V1_GO_SYSCALL, 1, 0);
		I(&b, V1_GO_SYS_BLOCK, 1);
		I(&b, V1_HEAP_ALLOC, 50, i + 1);
		ts += 63;
		I(&b, V1_GO_SYS_EXIT, 10, 1, seq + 1, ts - 40 - i % 7);
		seq += 2;
	}
	footer(&b);
	cleanup(err_freep) struct err *err = trace_open(w_view(&b), NULL, &t);
	uint64_t early = 0, all = 0, last = 0;
	while (!err && !(err = trace_next(t, &ev, &n)) && n)
		for (size_t i = 0; i < n; i++) {
			if (ev[i].kind == TRACE_HEAP_ALLOC)
				last = ev[i].args[0];
			if (ev[i].kind == TRACE_GO_SYSCALL_END_BLOCKED) {
				all++;
				early += last == all - 1; // before the HeapAlloc that was written before it
			}
		}
	CHECK(!err && all == V1_LATE_MAX + 5000 && early == all, "%llu of %llu", (unsigned long long)early, (unsigned long long)all);
}
