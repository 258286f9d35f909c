// study: what a trace says, gathered in one pass: goroutines by creation, waits by place, collections, tasks, logs.
//   reads   the blocks of trace.h
//   gives   tables of plain structs; places and strings under ids that hold for the whole trace
//   knows   state intervals as `go tool trace` counts them; times are the trace's clock in ns
//   costs   memory by distinct stacks and live goroutines, never by events
//   not     evidence, opinions, words
#pragma once
#include "base/map.h"
#include "base/vec.h"
#include "read/trace/trace.h"

enum { STUDY_HEAP_BINS = 512, STUDY_PAUSES_MAX = 64, STUDY_HIST_BINS = 64, STUDY_LOGS_MAX = 1 << 16 };

struct study_frame {
	uint64_t pc;
	uint32_t func, file, line, zero; // func, file: study_str
};

// A stack's id, a string's id: 0 = none.
typedef uint32_t study_stack_id;
typedef uint32_t study_str_id;

// Goroutines of one go statement and function. stack 0: they were there when the trace began, or a timer made them.
struct study_spawn {
	study_stack_id stack;  // of the go statement
	study_stack_id entry;  // one frame: the function started; 0 = not known
	uint64_t before;       // there when the trace began
	uint64_t created, ended;
	int64_t first_ns, last_ns; // creations
	int64_t life_ns, life_max_ns; // of those that were both created and ended here
	double life_squares; // sum of their squares, s^2
	int64_t first_end_ns, last_end_ns;
	int64_t state_ns[5];   // by enum trace_g_status, of all
	uint64_t creator;      // goroutine of the first creation
	// Made at the end: members alive then.
	uint64_t alive, alive_blocked, alive_runnable;
	int64_t oldest_ns;      // creation of the oldest one alive made here
};

// Time spent in one state at one place, for one reason.
struct study_wait {
	uint8_t state; // enum trace_g_status
	study_str_id reason;
	study_stack_id stack; // where it began to wait; runnable: who made it so
	uint64_t count;       // ended waits
	int64_t total_ns, max_ns, max_at_ns;
	uint64_t max_g;
	// As `go tool trace -pprof` counts them: only of goroutines that had run before.
	uint64_t pprof_count;
	int64_t pprof_ns;
	study_stack_id waker; // who ended most of them (by vote)
	uint32_t votes;
	int64_t last_end_ns; // of the newest ended wait
	// Made at the end.
	uint64_t open;      // goroutines still in it
	int64_t oldest_ns;  // since when the first of them
};

struct study_g { // alive
	uint64_t id;
	uint32_t spawn, wait; // positions; wait UINT32_MAX = running, or not known
	int64_t created_ns;   // INT64_MIN: before the trace
	int64_t since_ns;     // in this state; the trace's beginning if longer
	uint32_t region;      // innermost open one + 1
	uint16_t asleep;      // generations in which it did nothing
	uint8_t status;
	bool started, from_start, labelled; // labelled: a collector's worker
	int32_t p;
	int64_t assist_ns;    // begin of the assist it is in; 0 = none
};

struct study_gc {
	int64_t begin_ns, end_ns; // end 0: not seen
	uint64_t live, goal;      // bytes marked; the goal in force at its begin
	uint64_t peak;            // HeapAlloc at its begin
	int64_t pause_ns, assist_ns, assist_max_ns;
	uint32_t stops;
	bool forced, leak_profile; // runtime.GC; a goroutineleak profile's
};

struct study_pause {
	int64_t begin_ns, ns;
	study_str_id kind;
	study_stack_id stack;
	uint64_t g;
};

struct study_pause_kind {
	study_str_id kind;
	uint64_t count;
	int64_t total_ns, max_ns;
};

struct study_task { // or region, by name
	study_str_id name;
	bool region;
	uint64_t begun, ended;
	int64_t total_ns, max_ns, max_at_ns, first_ns, last_ns;
	uint64_t max_id; // task, or goroutine
	uint32_t hist[STUDY_HIST_BINS]; // by log2 of the ns
	study_stack_id stack;
};

struct study_log {
	int64_t t_ns;
	uint64_t g, task;
	study_str_id key, value;
	study_stack_id stack;
};

struct study_sample {
	study_stack_id stack;
	uint64_t count;
};

struct study_p {
	int64_t busy_ns, gc_ns; // running goroutines; of them the collector's workers
	uint64_t starts;
	int64_t since_ns; // 0 = idle
	uint64_t g;
	bool gc;
};

struct study_bin {
	uint64_t min, max, last; // HeapAlloc; max 0: nothing in it
	uint64_t goal;
};

struct study_options {
	int64_t from_ns, to_ns; // a window; 0, 0 = all
};

struct study {
	int64_t first_ns, last_ns; // of the events counted
	uint64_t events, kinds[TRACE_KIND_MAX + 1];
	uint32_t procs; // GOMAXPROCS
	VEC(struct study_spawn) spawns;
	VEC(struct study_wait) waits;
	VEC(struct study_gc) gcs;
	VEC(struct study_pause) pauses; // the longest, longest first
	VEC(struct study_pause_kind) pause_kinds;
	VEC(struct study_task) tasks;
	VEC(struct study_log) logs;
	uint64_t logs_dropped;
	VEC(struct study_sample) samples;
	VEC(struct study_p) ps;
	VEC(struct trace_snapshot) snapshots;
	struct study_bin heap[STUDY_HEAP_BINS];
	int64_t bin_ns; // width of a bin; they begin at first_ns
	uint64_t heap_first, heap_last, heap_max, goal_last;
	int64_t assist_ns, sweep_ns;
	uint64_t assists, swept, reclaimed;
	uint64_t max_alive, alive, alive_first;
	struct study_names *names;
	struct study_live *live;
};

must_use struct err *study_new(const struct study_options *opt, struct study **ret);
void study_window(struct study *s, const struct study_options *opt); // before the first block
void study_free(struct study *s); // NULL is fine
static inline void study_freep(struct study **s) { study_free(*s); }
must_use struct err *study_block(struct study *s, const struct trace *t, const struct trace_event *ev, size_t n);
must_use struct err *study_end(struct study *s, const struct trace *t);
// All of it: reads the trace to its end.
must_use struct err *study_trace(struct trace *t, const struct study_options *opt, struct study **ret);

const char *study_str(const struct study *s, study_str_id id); // "" for 0
// Leaf first. The frames' memory is the study's.
const struct study_frame *study_stack(const struct study *s, study_stack_id id, uint32_t *ret_n);
// Goroutines alive at the end, in no order: start with *pos = 0.
const struct study_g *study_alive(const struct study *s, size_t *pos);
