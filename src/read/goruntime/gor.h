// What the goroutine files share: goroutines.c (census), unwind.c (stacks), waits.c (what they wait on), timers.c.
#pragma once
#include "read/goruntime/rt.h"

enum {
	GOR_BATCH = 1024,          // goroutines read together
	GOR_STACK_READ = 32 << 10, // of a stack's used part, from its pointer up
	GOR_MAX_FRAMES = 512,      // physical frames of one stack
	GOR_MAX_OBJECTS = 64,      // channels of one select
	GOR_WAIT_REASONS = 64,
	GOR_MAX_G = 1024,          // sizeof g
};

struct pc_info { addr_t entry; int32_t delta; uint8_t flags; bool known, exact_above; }; // of the pc before the return address

struct rt_gor {
	char *reasons[GOR_WAIT_REASONS]; // Go's own strings; NULL: not read (yet)
	bool reasons_read;
	struct map *pcs;                 // pc -> index into infos
	VEC(struct pc_info) infos;
	struct map *sema_of;             // g -> semaphore address, up to 1.25; made anew for a census
	struct map *types;               // *abi.Type -> index into type_names
	VEC(char *) type_names;
	struct interner *label_text;
	struct map *labels_of;           // g.labels -> number of pairs << 32 | index into census.labels; made anew for a census
};

// One goroutine while its batch is worked on.
struct gor_item {
	addr_t addr;
	uint8_t g[GOR_MAX_G], again[GOR_MAX_G];
	uint8_t *stack;    // bytes from sp up
	addr_t sp, pc, stack_lo, stack_hi;
	size_t stack_len;
	struct rt_goroutine out;
};

// All len bytes at addr? false where they cannot be had (0, unmapped, torn away): the fact is left out, not guessed.
bool gor_read(const struct rt *rt, addr_t addr, void *buf, size_t len);
must_use struct err *gor_state(struct rt *rt); // makes rt->gor
const char *gor_reason(struct rt *rt, uint8_t index); // "" where it cannot be read
const char *gor_type_name(struct rt *rt, addr_t type); // "" where it cannot be read; lives as long as rt
// Appends return addresses to pcs; sets out.n_stack, stack_at, stack_partial.
must_use struct err *gor_unwind(struct rt *rt, struct gor_item *it, struct rt_census *c);
// What each waits on, for a whole batch: out.wait, objects, fd, wake of certain kinds.
must_use struct err *gor_waits(struct rt *rt, struct gor_item *items, size_t n, struct rt_census *c);
// Timers, deadlines and AfterFuncs that will wake waiters of a finished census: wake, wake_ns, wake_period_ns.
must_use struct err *gor_timers(struct rt *rt, struct rt_census *c);
// labels.c: out.n_labels, labels_at.
must_use struct err *gor_labels(struct rt *rt, addr_t labels, struct rt_goroutine *out, struct rt_census *c);
must_use struct err *gor_semaphores(struct rt *rt); // fills sema_of where g.waiting does not tell (up to 1.25)
