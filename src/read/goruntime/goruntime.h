// goruntime: Go runtime state in a target: memory statistics, collections, allocation buckets, spans, goroutines, timers.
//   reads   struct target (live or core), struct gobin
//   gives   plain structs; addresses are the target's
//   knows   Go 1.21 to 1.27, amd64 and arm64; layouts from the target's own type descriptors, DWARF, or the table of its
//           release, each believed only after its invariants hold on the target (layouts.c says which and why)
//   costs   attach 10-100 ms; rt_poll 1 system call; a full sample of 3,600 buckets under 3 ms; 100,000 goroutines < 1 s
//   not     the object graph (read/heap), decisions; never stops or writes the target
#pragma once
#include "base/gap.h"
#include "base/vec.h"
#include "read/gobin/gobin.h"
#include "read/target/target.h"

struct rt;

// The target and gobin stay the caller's and must outlive the handle. ERR_UNSUPPORTED: not a Go program, or nothing of
// its runtime can be read. What can be read only in part is a gap.
must_use struct err *rt_attach(struct target *t, const struct gobin *g, struct rt **ret);
void rt_detach(struct rt *rt);
static inline void rt_detachp(struct rt **rt) { rt_detach(*rt); }
const struct gaps *rt_gaps(const struct rt *rt);
const struct gobin *rt_gobin(const struct rt *rt);
addr_t rt_bias(const struct rt *rt); // address in memory - link address

// For tests: as if there were no table for that release ("1.27"); NULL: all are there. Before rt_attach.
void rt_withhold_tables(const char *release);

// Where layouts came from, for the verdict's target.layout.
enum rt_layout_from { RT_FROM_TYPE_DESCRIPTORS, RT_FROM_DWARF, RT_FROM_TABLE, RT_FROM_DISASSEMBLY };
struct rt_layout { const char *structs; enum rt_layout_from from; const char *table; }; // table: "1.27", NULL if its own
size_t rt_layouts(const struct rt *rt, const struct rt_layout **ret);

// What is readable at all; false: there is a gap that says why.
bool rt_has_memstats(const struct rt *rt);
bool rt_has_buckets(const struct rt *rt);
bool rt_has_goroutines(const struct rt *rt);
bool rt_has_spans(const struct rt *rt);

// ---- memory statistics --------------------------------------------------------------------------------------------

// The cheap words. One read.
struct rt_poll {
	uint64_t total_alloc, heap_alloc; // approximate: without the Ps' unflushed caches
	uint64_t heap_live;               // gcController.heapLive
	uint32_t num_gc;
	uint32_t gc_phase;                // 0 off, 1 mark, 2 mark termination
};
must_use struct err *rt_poll(struct rt *rt, struct rt_poll *ret);

struct rt_memstats { // as runtime.ReadMemStats, to the byte at a quiescent point
	uint64_t alloc, total_alloc, sys, mallocs, frees;
	uint64_t heap_alloc, heap_sys, heap_idle, heap_inuse, heap_released, heap_objects;
	uint64_t stack_inuse, stack_sys, mspan_sys, mcache_sys, buckhash_sys, gc_sys, other_sys;
	uint64_t next_gc, last_gc_unix_ns, pause_total_ns;
	uint32_t num_gc, num_forced_gc;
	uint64_t heap_live, heap_marked; // marked: the floor, live bytes at the end of the last mark
	int64_t memory_limit;            // GOMEMLIMIT in bytes, INT64_MAX = none
	int32_t gc_percent;              // GOGC, -1 = off
	int64_t mem_profile_rate;        // -1 = not known; 0 = profiling off
	bool torn;                       // two reads did not agree: an estimate
};
must_use struct err *rt_memstats(struct rt *rt, struct rt_memstats *ret);

struct rt_gc { uint32_t cycle; int64_t pause_end_unix_ns; uint64_t pause_ns; };
// The ring of the last 256 collections, oldest first. Returns how many in *ret_n.
must_use struct err *rt_gcs(struct rt *rt, struct rt_gc ret[256], size_t *ret_n);

// ---- allocation buckets (the heap profile) --------------------------------------------------------------------------

struct rt_bucket {
	addr_t addr;
	uint64_t size;                       // object size
	const addr_t *stack; uint32_t n_stack; // return addresses in the target, leaf first; borrowed from the rt
	uint64_t allocs, frees;              // now: active and all future cycles
	uint64_t published_allocs, published_frees; // as /debug/pprof/heap would show them
};
struct rt_buckets {
	VEC(struct rt_bucket) at;
	uint32_t profile_cycle;
	bool torn; // the cycle moved while reading, twice
};
void rt_buckets_fini(struct rt_buckets *b);
// Incremental: the list is walked only for its new head; records are read in ranges. Reuses ret's memory.
must_use struct err *rt_buckets(struct rt *rt, struct rt_buckets *ret);

// ---- spans --------------------------------------------------------------------------------------------------------

struct rt_class { uint32_t elem_bytes; uint64_t spans, slots, allocated, bytes_in_use; };
struct rt_spans {
	uint64_t spans, in_use, pages_in_use_bytes, objects, object_bytes, free_slot_bytes, stack_bytes, moving; // moving: could not be read stable
	struct rt_class classes[68]; // 0: large objects
};
must_use struct err *rt_spans(struct rt *rt, struct rt_spans *ret);
// Every span, for the resident account. state: 1 in use, 2 manual (stacks, ...).
struct rt_span { addr_t base; uint64_t pages; uint8_t state, span_class; uint32_t elem_bytes, slots, allocated, marked_live; bool unswept; };
must_use struct err *rt_each_span(struct rt *rt, bool (*fn)(void *ctx, const struct rt_span *span), void *ctx);
// Address ranges the runtime reserved for the Go heap, and those of its own structures.
struct rt_range { addr_t start, end; };
must_use struct err *rt_arenas(struct rt *rt, const struct rt_range **ret, size_t *ret_n);

// ---- goroutines ---------------------------------------------------------------------------------------------------

enum rt_status { RT_IDLE, RT_RUNNABLE, RT_RUNNING, RT_SYSCALL, RT_WAITING, RT_DEAD = 6, RT_COPYSTACK = 8, RT_PREEMPTED, RT_LEAKED };

enum rt_wait { // what a goroutine waits on
	RT_WAIT_NONE, RT_WAIT_CHAN_RECV, RT_WAIT_CHAN_SEND, RT_WAIT_SELECT, RT_WAIT_NIL_CHAN, RT_WAIT_EMPTY_SELECT,
	RT_WAIT_MUTEX, RT_WAIT_RWMUTEX, RT_WAIT_WAITGROUP, RT_WAIT_COND, RT_WAIT_SEMA, RT_WAIT_SLEEP, RT_WAIT_IO, RT_WAIT_OTHER,
};

enum rt_wake { // who will wake it: goroutines.c and timers.c; as facts/evidence groups them
	RT_WAKE_UNKNOWN, RT_WAKE_NONE, RT_WAKE_ONCE, RT_WAKE_MAYBE, RT_WAKE_TICKER, RT_WAKE_IO, RT_WAKE_RUNNING,
};

struct rt_goroutine {
	uint64_t id, parent_id;
	addr_t addr;
	enum rt_status status;
	const char *wait_reason;  // as Go prints it, "" unless waiting; borrowed from the rt
	uint8_t tracking_seq;     // goes up each time it stops running: two equal readings = it did not run
	bool system, locked;      // the runtime's own; locked to its thread
	addr_t go_pc, start_pc;   // the go statement (return address), entry of its function
	int64_t wait_since_ns;    // target's monotonic clock, an upper bound of the wait; 0 = not known
	uint64_t stack_bytes;
	uint32_t n_stack;         // return addresses, innermost first: index into census.pcs
	uint64_t stack_at;
	bool stack_partial;       // running, or could not be unwound
	enum rt_wait wait;
	uint32_t n_objects;       // what it waits on: channels of a select, else one
	uint64_t objects_at;      // index into census.objects
	int32_t fd;               // RT_WAIT_IO, else -1
	enum rt_wake wake;
	int64_t wake_ns;          // target's monotonic clock, for ONCE (MAYBE: the timer's time); 0 = none
	int64_t wake_period_ns;   // TICKER
	uint32_t n_labels; uint64_t labels_at; // pprof labels: pairs in census.labels
};

struct rt_wait_object { addr_t addr; const char *type; uint64_t len, cap; bool closed; }; // a channel's element type and fill

struct rt_census {
	VEC(struct rt_goroutine) at;
	VEC(addr_t) pcs;
	VEC(struct rt_wait_object) objects;
	VEC(const char *) labels;
	uint64_t all, dead, torn; // torn: not read stable after retries, left out of `at`
	int64_t taken_monotonic_ns;
};
void rt_census_fini(struct rt_census *c);
must_use struct err *rt_goroutines(struct rt *rt, struct rt_census *ret); // reuses ret's memory
// Frames of a return address (pc - 1, inline-expanded, bias taken off), innermost first.
size_t rt_frames(const struct rt *rt, addr_t return_pc, struct gobin_frame *ret, size_t max);
