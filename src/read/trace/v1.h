// Format v1 (Go 1.11 to 1.21) inside. Its tables and its clock's frequency come last and batches carry no length, so the
// file is scanned once for them; then the processors' batches are merged, and each event is given as the v2 event that
// says the same.
#pragma once
#include "base/map.h"
#include "read/trace/gmap.h"
#include "read/trace/inner.h"

enum v1_kind {
	V1_BATCH = 1, V1_FREQUENCY, V1_STACK, V1_GOMAXPROCS, V1_PROC_START, V1_PROC_STOP, V1_GC_START, V1_GC_DONE,
	V1_STW_START, V1_STW_DONE, V1_SWEEP_START, V1_SWEEP_DONE, V1_GO_CREATE, V1_GO_START, V1_GO_END, V1_GO_STOP,
	V1_GO_SCHED, V1_GO_PREEMPT, V1_GO_SLEEP, V1_GO_BLOCK, V1_GO_UNBLOCK, V1_GO_BLOCK_SEND, V1_GO_BLOCK_RECV,
	V1_GO_BLOCK_SELECT, V1_GO_BLOCK_SYNC, V1_GO_BLOCK_COND, V1_GO_BLOCK_NET, V1_GO_SYSCALL, V1_GO_SYS_EXIT,
	V1_GO_SYS_BLOCK, V1_GO_WAITING, V1_GO_IN_SYSCALL, V1_HEAP_ALLOC, V1_HEAP_GOAL, V1_TIMER_GOROUTINE,
	V1_FUTILE_WAKEUP, V1_STRING, V1_GO_START_LOCAL, V1_GO_UNBLOCK_LOCAL, V1_GO_SYS_EXIT_LOCAL, V1_GO_START_LABEL,
	V1_GO_BLOCK_GC, V1_ASSIST_START, V1_ASSIST_DONE, V1_TASK_CREATE, V1_TASK_END, V1_REGION, V1_LOG, V1_CPU_SAMPLE,
	V1_KINDS,
};

// Processors that Go's reader makes up.
enum { V1_TIMER_P = 1000001, V1_NETPOLL_P, V1_SYSCALL_P, V1_GC_P };

enum {
	V1_PROCS_MAX = 1 << 16,
	V1_BATCHES_MAX = 1 << 22,
	V1_LATE_MAX = 1 << 16,   // exits of syscalls that come the latest, kept from the scan
	V1_WINDOW_MAX = 1 << 20, // events held back for an exit that may still come
	V1_ARGS = 4,
	V1_STRING_BYTES_MAX = 1000000,
	V1_ITEM_BYTES_MAX = 2048,
};

struct v1_item {
	uint64_t ts; // ticks
	uint64_t args[V1_ARGS];
	uint64_t g, order; // order: of the merge
	uint64_t off;      // in the file
	uint32_t stack;
	int32_t p;
	uint8_t kind;
	bool blocks; // a syscall: the goroutine lost its processor in it
};

struct v1_batch {
	uint64_t off, ts; // of its first item
	uint64_t end;
};

struct v1_proc {
	int32_t p;
	VEC(struct v1_batch) batches;
	size_t batch;
	struct wire w;
	uint64_t ts, g;
	struct v1_item now, peek;
	bool has, has_peek, in_heap;
};

struct v1_heap_entry {
	uint64_t ts;
	uint32_t proc;
};

struct v1_late {
	uint64_t real_ts, ts, off, g;
};

struct v1_g { uint64_t seq; uint8_t status; bool net; }; // net: waits for the network

struct v1_task { uint64_t parent, name; };

struct v1 {
	struct trace *t;
	uint64_t hz;
	double ns_per_tick;
	VEC(struct v1_proc) procs;
	struct map *proc_at, *timers; // timers: goroutines
	// The merge.
	VEC(struct v1_heap_entry) heap;
	VEC(uint32_t) waiting; // processors whose item was not ready
	struct gmap g_at;
	VEC(struct v1_g) gs;
	uint64_t gc_seq, order, forced;
	size_t sample;
	bool merged;
	// Held back: exits of syscalls are written late and belong earlier.
	uint64_t window_ticks, now_ts, out_ts;
	VEC(struct v1_item) ring; // power of two
	size_t head, held;
	VEC(struct v1_item) exits; // heap by (ts, order)
	VEC(struct v1_late) late;  // by real_ts after the scan
	size_t next_late;
	struct map *late_off;
	// The conversion.
	bool started, initial, pending; // pending: maxprocs is to be converted again
	struct v1_item maxprocs;
	uint64_t min_ts, stw, first_builtin;
	int64_t last_ns;
	VEC(uint64_t) created; // before the first Gomaxprocs, not heard of since
	struct map *created_at;
	VEC(uint8_t) seen_procs;
	VEC(uint64_t) threads; // of a processor, + 1
	struct map *tasks;
	VEC(struct v1_task) task;
};

must_use struct err *v1_open(struct trace *t, struct v1 **ret);
void v1_close(struct v1 *v);
must_use struct err *v1_next(struct v1 *v);

// v1_item.c. False: damaged or at the end. Parses one item; `ts` and `g` are the processor's running values.
bool v1_item_read(struct wire *w, unsigned kind_byte, struct v1_item *it, bool *ret_timed);
bool v1_kind_known(unsigned kind);
bool v1_kind_stack(unsigned kind); // its last value is a stack
unsigned v1_kind_args(unsigned kind);
// Moves the processor's goroutine and time; sets the item's.
void v1_item_apply(struct v1_item *it, uint64_t *ts, uint64_t *g);
// v1_scan.c
must_use struct err *v1_scan(struct v1 *v);
// v1_merge.c: the next item in order; false at the end.
must_use struct err *v1_merge_init(struct v1 *v);
must_use struct err *v1_merge(struct v1 *v, struct v1_item *ret, bool *ret_any);
// v1_convert.c
must_use struct err *v1_convert_init(struct v1 *v);
must_use struct err *v1_convert(struct v1 *v, const struct v1_item *it);
