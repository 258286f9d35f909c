// evidence: the common tongue. Facts of every reader under five keys, and the interning that makes equal keys equal ids.
//   reads   nothing; collectors (facts/collect) put facts in
//   gives   tables of facts that rules (judge) read; ids of places, stacks and strings join them
//   knows   place (function, file, line), type (as reflect prints it), goroutine (id, group), instant (wall clock ns, GC
//           cycle), object (container by global or Type.field, connection by inode)
//   costs   memory proportional to distinct places, stacks and series points; maxima in evidence.c
//   not     a reader's structs, a decision, a sentence a person reads
#pragma once
#include "base/arena.h"
#include "base/gap.h"
#include "base/map.h"
#include "base/vec.h"

typedef uint32_t str_id;   // 0 = the empty string
typedef uint32_t place_id; // 0 = not known
typedef uint32_t stack_id; // 0 = empty

struct place {
	str_id function; // as the toolchain names it: main.(*Pool).Get
	str_id file;
	uint32_t line; // 1-based, 0 = not known
};

struct stack {
	const place_id *frames; // leaf first, inlined calls expanded; borrowed from the evidence
	uint32_t len;
};

// ---- who the target is --------------------------------------------------------------------------------------------

enum ev_target_kind { EV_PROCESS, EV_CORE, EV_URL, EV_FILES, EV_STORE };
enum ev_layout_from { EV_FROM_TYPE_DESCRIPTORS, EV_FROM_DWARF, EV_FROM_TABLE, EV_FROM_DISASSEMBLY };

struct ev_layout {
	str_id structs; // "g m p", space-separated
	enum ev_layout_from from;
	str_id table; // release whose table fitted, 0 where not the target's own
};

struct ev_target {
	enum ev_target_kind kind;
	int64_t pid; // 0 = none
	str_id exe, build_id, module, module_version, go_version, arch;
	int stripped; // 1, 0, -1 not known
	instant_t started;
	VEC(struct ev_layout) layouts;
	VEC(str_id) inputs;
};

// ---- memory as a whole --------------------------------------------------------------------------------------------

enum ev_part {
	EV_HEAP_LIVE, EV_HEAP_GARBAGE, EV_HEAP_FREE_SLOTS, EV_HEAP_IDLE, EV_STACKS, EV_RUNTIME, EV_GLOBALS, EV_CODE,
	EV_C_HEAP, EV_THREAD_STACKS, EV_MAPPED_FILES, EV_OTHER, EV_PARTS,
};
extern const char *const ev_part_names[EV_PARTS]; // as the contract spells them

struct ev_account {
	bool known;
	uint64_t rss, parts[EV_PARTS]; // resident bytes; the parts add up to rss
};

enum ev_limit_from { EV_LIMIT_NONE, EV_LIMIT_CGROUP, EV_LIMIT_GOMEMLIMIT, EV_LIMIT_MACHINE };

struct ev_limit {
	uint64_t bytes;     // the smallest that counts; 0 = not known
	uint64_t available; // bytes left until it, now
	enum ev_limit_from from;
};

// One look at the whole process.
struct ev_point {
	instant_t at;
	uint64_t rss, heap_alloc, heap_objects, heap_sys, heap_idle, heap_released, stack_inuse, goroutines, threads, fds;
	uint64_t total_alloc; // ever allocated, bytes
	uint32_t gc_cycle;
	bool has_rss, has_heap, has_goroutines, has_fds;
};

// One garbage collection.
struct ev_gc {
	instant_t end;
	uint32_t cycle;
	uint64_t live;     // the floor: bytes marked, or HeapAlloc as near the end as it was seen; 0 = not known
	uint64_t goal;     // 0 = not known
	uint64_t pause_ns; // both stops together
	double assist_share; // of CPU in the cycle, < 0 not known
};

// ---- who allocates ------------------------------------------------------------------------------------------------

// A look at all allocation sites. Sites keep a point only where they changed: between two the last one stands.
struct ev_look {
	instant_t at;
	uint32_t gc_cycle; // the collection the counters are exact for; 0 = not known
};

// Counters of one allocation site as Go's sampler has them (raw samples, not scaled), at one instant.
struct ev_site_point {
	instant_t at;
	uint32_t gc_cycle; // the cycle the counters are exact for; 0 = not known
	uint64_t alloc_objects, alloc_bytes; // sampled, cumulative
	uint64_t live_objects, live_bytes;   // sampled, in use
};

struct ev_site {
	stack_id stack;
	place_id site; // first frame outside the runtime and the standard library, else the leaf
	uint64_t rate; // MemProfileRate; 0 = not known, 1 = every object counted
	uint64_t object_bytes; // size of one object where all are equal, else 0
	str_id type;
	VEC(struct ev_site_point) points; // in time order
};

// Bytes or objects that a raw sampled figure stands for, and one standard deviation of it.
double ev_unsample(uint64_t sampled_objects, uint64_t sampled_bytes, uint64_t rate, double *ret_objects);

// ---- goroutines ---------------------------------------------------------------------------------------------------

enum ev_wake {
	EV_WAKE_NONE,      // looked for, nothing found that could wake it
	EV_WAKE_ONCE,      // certain, at a known time: sleep, time channel, deadline, context deadline
	EV_WAKE_MAYBE,     // an AfterFunc that can reach what it waits on
	EV_WAKE_TICKER,    // a periodic timer
	EV_WAKE_IO,        // network or pipe, peer alive or not known
	EV_WAKE_IO_MUTUAL, // network, and the other end in this process waits for this one as well
	EV_WAKE_IO_GONE,   // network, peer gone
	EV_WAKE_RUNNING,   // runs or can run
	EV_WAKE_UNKNOWN,   // could not be looked for
	EV_WAKES,
};

struct ev_group_point {
	instant_t at;
	uint64_t count;
};

// Goroutines with the same entry, creator and blocking place.
struct ev_group {
	place_id entry, created_by, blocked_at; // blocked_at: first frame outside the runtime
	place_id blocked_user;                  // first frame outside the runtime and the standard library
	stack_id stack;                         // of one member
	str_id state, wait_reason;
	str_id waits_on;                        // "chan struct {}", "sync.WaitGroup", "tcp 127.0.0.1:80 ESTABLISHED"; 0 = not known
	VEC(struct ev_group_point) points;
	uint64_t stack_bytes;                   // of all members, at the last look
	uint64_t marked_leaked;                 // members that Go's own leak detection marked, at the last look
	// Turnover between the first look at which the group had members and the last one.
	uint64_t first_members, first_stay, first_ran; // members then; of those still in the process at the end; of those that ran
	bool ran_known;
	// Some leave and some stay: how long those that left had been here at most, and who is here for half as long again
	// without having run. Those are not of the same kind.
	uint64_t left;                       // that came after the first look and left before the last
	double left_within_seconds;
	uint64_t outstayed;
	// Wake-ups of the members at the last look.
	uint64_t wakes[EV_WAKES];
	uint64_t ticker_alone;               // EV_WAKE_TICKER members that wait on nothing but their ticker
	uint64_t due, due_gone, due_stayed;  // members whose certain or possible wake-up fell into the window: left, stayed without running
	uint64_t due_ran;                    // stayed, but ran
	instant_t next_due_min, next_due_max; // of EV_WAKE_ONCE and EV_WAKE_MAYBE members; 0 = none
	double oldest_wait_seconds;          // upper bound; < 0 not known
	uint64_t shared_waits;               // members waiting on one and the same object (a worker pool's channel)
	bool system;                         // the runtime's own
	bool partial;                        // stacks of some members could not be read
	// Sockets of members that wait for the network.
	uint64_t sockets_unread;             // the other end holds bytes nobody reads, the same at both looks
	bool accepted_side;                  // local port is one this process listens on
	uint32_t peer_group;                 // EV_WAKE_IO_MUTUAL: index + 1 of the group at the other ends; 0 = none
};

// ---- resources ----------------------------------------------------------------------------------------------------

struct ev_resource_point { instant_t at; uint64_t count; };

// Descriptors and mappings by kind: "socket tcp CLOSE_WAIT", "file", "pipe", "eventfd", "timer", "anonymous memory"
struct ev_resource {
	str_id kind, state;
	VEC(struct ev_resource_point) points;
	uint64_t unread_stale; // sockets with the same unread bytes at both looks and no reader
	bool accepted_side;
};

// ---- why it is on the heap ----------------------------------------------------------------------------------------

enum ev_construct { // as the contract spells them, in its order
	EV_RETURN_OF_ADDRESS, EV_CLOSURE_CAPTURE, EV_INTERFACE_CONVERSION, EV_REFLECTION, EV_SLICE_GROWTH, EV_MAKE_SIZE_UNKNOWN,
	EV_TOO_LARGE, EV_MAP_INSERT, EV_STORED_IN_HEAP, EV_SENT_ON_CHANNEL, EV_GO_STATEMENT, EV_DEFER, EV_STRING_CONVERSION,
	EV_CONSTRUCT_OTHER, EV_CONSTRUCTS,
};
extern const char *const ev_construct_names[EV_CONSTRUCTS];
enum ev_why_source { EV_WHY_COMPILER, EV_WHY_BINARY };

struct ev_why {
	place_id place;           // the allocation's line
	enum ev_construct construct;
	enum ev_why_source source;
	str_id type;
	str_id subject;           // what flows: "&p", "make([]byte, n)"; words are put together by show
	str_id target;            // where it goes: "World.players", "main.cache"; 0 = not known
	str_id instruction;       // "call runtime.newobject", with the type operand
	VEC(str_id) flow;         // steps, nearest first; the compiler's own terms or "store field Pool.conns"
};

// ---- traces -------------------------------------------------------------------------------------------------------

// Goroutines created by one go statement, as a trace saw them.
struct ev_spawn {
	place_id created_by, entry; // the go statement; the function started
	stack_id stack;             // of the creation
	uint64_t created, ended, alive_blocked; // within the window; alive at its end and blocked to the end
	instant_t first, onset;     // first creation; when alive ones began to pile up (0 = not known)
	place_id blocked_at;        // where most of the alive ones are blocked; 0 = not known
	str_id wait_reason;
	stack_id blocked_stack;
	uint64_t stuck;             // of the alive blocked: those at that place for longer than any ended one lived
	uint64_t left;              // waits at that place that ended within the window
	instant_t last_left;        // the newest of those; 0 = none
	double onset_uncertainty_seconds;
	place_id woken_by;          // who ended most of those; 0 = nobody
	double life_max_seconds;    // of those created and ended within the window
	bool system;                // the runtime's own
	VEC(struct ev_group_point) points; // how many of the stuck had been created by then
};

// Something that happened once and may be the trigger: a log line, task or region begin, first spawn of a site.
struct ev_event {
	instant_t at;
	str_id kind, text;
	place_id place;
	uint64_t goroutine;
};

// ---- all of it ----------------------------------------------------------------------------------------------------

struct evidence {
	struct arena *arena; // strings, places, stacks
	struct ev_target target;
	instant_t from, to;
	uint32_t gc_cycles, gc_cycles_missed;
	double clock_error_seconds; // < 0: one clock only
	struct ev_account account;
	struct ev_limit limit;
	VEC(struct ev_point) points;
	VEC(struct ev_gc) gcs;
	VEC(struct ev_look) looks;
	VEC(struct ev_site) sites;
	VEC(struct ev_group) groups;
	VEC(struct ev_resource) resources;
	VEC(struct ev_why) whys;
	VEC(struct ev_spawn) spawns;
	VEC(struct ev_event) events;
	struct gaps gaps;
	struct ev_interning *interning; // evidence.c's own
};

struct evidence *evidence_new(void); // NULL: out of memory
void evidence_free(struct evidence *ev);
static inline void evidence_freep(struct evidence **ev) { evidence_free(*ev); }

// Interning. Out of memory or past the maximum: id 0, and evidence_check says so once at the end.
str_id ev_string(struct evidence *ev, const char *s, size_t len);
str_id ev_cstr(struct evidence *ev, const char *s);
str_id ev_find(const struct evidence *ev, const char *s); // 0: not there (or empty); adds nothing
place_id ev_place(struct evidence *ev, const char *function, const char *file, uint32_t line);
stack_id ev_stack(struct evidence *ev, const place_id *frames, uint32_t len);
must_use struct err *evidence_check(const struct evidence *ev);

const char *ev_str(const struct evidence *ev, str_id id); // "" for 0
struct place ev_get_place(const struct evidence *ev, place_id id);
struct stack ev_get_stack(const struct evidence *ev, stack_id id);

// The runtime's own and the standard library's functions, by name ("vendor/" counts as standard library).
bool ev_is_runtime(const char *function);
bool ev_is_stdlib(const char *function); // true for the runtime too
// First frame outside runtime and standard library; the first outside the runtime if there is none; else the leaf.
place_id ev_user_frame(const struct evidence *ev, stack_id id);

// Find-or-add by key. NULL: past the maximum or out of memory.
struct ev_site *ev_site_at(struct evidence *ev, stack_id stack, uint64_t object_bytes);
struct ev_group *ev_group_at(struct evidence *ev, place_id entry, place_id created_by, place_id blocked_at, str_id wait_reason);
struct ev_resource *ev_resource_at(struct evidence *ev, str_id kind, str_id state);
// The why of a place: same function and line. NULL if none.
const struct ev_why *ev_why_find(const struct evidence *ev, place_id place);
