// trace: Go execution traces, as one stream of events in order.
//   reads   bytes (struct view) of a whole file; never a path, never a process
//   gives   blocks of events in the order that Go's own reader gives them, with the strings and stacks of their generation
//   knows   v2 (Go 1.22 to 1.27) and v1 (Go 1.11 to 1.21), cut files, flight recorder files
//   costs   one pass; memory for one generation's tables, a few decoded batches and the live goroutines
//   not     what events mean for memory (see read/trace/study.h, included below), evidence, words
#pragma once
#include "base/gap.h"
#include "base/view.h"

// Kinds are the numbers of v2 on the wire; v1 events are given as the v2 event that says the same.
enum trace_kind {
	TRACE_CPU_SAMPLE = 7, // args: stack
	TRACE_PROCS_CHANGE = 9,
	TRACE_PROC_START,
	TRACE_PROC_STOP,
	TRACE_PROC_STEAL,
	TRACE_PROC_STATUS,
	TRACE_GO_CREATE,
	TRACE_GO_CREATE_SYSCALL,
	TRACE_GO_START,
	TRACE_GO_DESTROY,
	TRACE_GO_DESTROY_SYSCALL,
	TRACE_GO_STOP,
	TRACE_GO_BLOCK,
	TRACE_GO_UNBLOCK,
	TRACE_GO_SYSCALL_BEGIN,
	TRACE_GO_SYSCALL_END,
	TRACE_GO_SYSCALL_END_BLOCKED,
	TRACE_GO_STATUS,
	TRACE_STW_BEGIN,
	TRACE_STW_END,
	TRACE_GC_ACTIVE,
	TRACE_GC_BEGIN,
	TRACE_GC_END,
	TRACE_GC_SWEEP_ACTIVE,
	TRACE_GC_SWEEP_BEGIN,
	TRACE_GC_SWEEP_END,
	TRACE_GC_MARK_ASSIST_ACTIVE,
	TRACE_GC_MARK_ASSIST_BEGIN,
	TRACE_GC_MARK_ASSIST_END,
	TRACE_HEAP_ALLOC,
	TRACE_HEAP_GOAL,
	TRACE_GO_LABEL,
	TRACE_USER_TASK_BEGIN,
	TRACE_USER_TASK_END, // args: task, stack; then parent and name as they were at its begin
	TRACE_USER_REGION_BEGIN,
	TRACE_USER_REGION_END,
	TRACE_USER_LOG,
	TRACE_GO_SWITCH,
	TRACE_GO_SWITCH_DESTROY,
	TRACE_GO_CREATE_BLOCKED,
	TRACE_GO_STATUS_STACK,
	TRACE_SPAN = 128, // 128..136: GODEBUG=traceallocfree=1
	TRACE_KIND_MAX = 136,
};

enum { TRACE_ARGS = 4 };
#define TRACE_NONE UINT64_MAX // no goroutine, no thread, no task

enum trace_g_status { TRACE_G_NONE, TRACE_G_RUNNABLE, TRACE_G_RUNNING, TRACE_G_SYSCALL, TRACE_G_WAITING };

struct trace_event {
	int64_t t_ns; // of the trace's clock; grows strictly over the whole trace
	uint64_t args[TRACE_ARGS];
	uint64_t g, m; // who: goroutine and thread before the event; TRACE_NONE if none
	int32_t p;     // processor; -1 if none
	uint8_t kind;  // enum trace_kind
	uint8_t from;  // status events: what was known before (enum trace_g_status), 0 = nothing
};

// What the values of a kind are. A name of NULL: no such kind.
struct trace_spec {
	const char *name;
	uint8_t n;       // values behind the time
	uint8_t strings; // bit i: value i is the id of a string
	uint8_t stacks;  // bit i: value i is the id of a stack
};
const struct trace_spec *trace_spec(unsigned kind); // NULL if there is no such kind

struct trace_str {
	const char *s; // not terminated; borrowed from the view or the trace
	size_t len;
};

struct trace_frame {
	uint64_t pc, func, file; // func, file: ids of strings
	uint32_t line;
};

struct trace_stack {
	const struct trace_frame *frames; // leaf first, inlined calls expanded
	uint32_t n;
};

enum trace_clock {
	TRACE_CLOCK_MONOTONIC, // CLOCK_MONOTONIC of the machine that wrote it, cut to 64 ns
	TRACE_CLOCK_TICKS,     // starts anywhere; only differences mean something
};

// A pair of clocks at one point, written by Go 1.25 and later once a generation.
struct trace_snapshot {
	uint64_t gen;
	int64_t t_ns, mono_ns, wall_ns; // the trace's clock, CLOCK_MONOTONIC, nanoseconds since 1970
};

struct trace_info {
	unsigned version; // NN of `go 1.NN trace` (27 writes 26, 24 writes 23)
	enum trace_clock clock;
	uint64_t generations, batches, bytes; // read so far
	bool flight_recorder;                 // begins after the process' first generation, without `start trace`
	bool cut;                             // ends inside a generation
	struct trace_snapshot snapshot;       // the newest; wall_ns 0 = none so far
};

struct trace_options {
	bool one_thread; // decode in the caller's thread only
};

struct trace;

must_use struct err *trace_open(struct view bytes, const struct trace_options *opt, struct trace **ret);
void trace_close(struct trace *t); // NULL is fine
static inline void trace_closep(struct trace **t) { trace_close(*t); }

// The next events, all of one generation; *ret_n = 0 at the end. Valid until the next call. Damage that leaves an
// answer is a gap; an err only when there is nothing at all (or no memory).
must_use struct err *trace_next(struct trace *t, const struct trace_event **ret, size_t *ret_n);
const struct trace_info *trace_info(const struct trace *t);
const struct gaps *trace_gaps(const struct trace *t);
uint64_t trace_generation(const struct trace *t); // of the block given last; ids of strings and stacks hold within it

// Of the block given last. An id that is not there: an empty string, an empty stack.
struct trace_str trace_string(const struct trace *t, uint64_t id);
struct trace_stack trace_stack(const struct trace *t, uint64_t id);

#include "read/trace/align.h"
#include "read/trace/study.h"
