// Format v2 inside: one generation at a time is indexed (batches by thread, tables), then its threads are merged.
#pragma once
#include "read/trace/ahead.h"
#include "read/trace/inner.h"

enum {
	V2_BATCHES_MAX = 1 << 22, // of one generation
	V2_THREADS_MAX = 1 << 20,
	V2_PROCS_MAX = 1 << 16,
	V2_GOROUTINES_MAX = 1 << 26, // alive at once
	V2_BATCH_BYTES_MAX = 65536,
};

#define V2_NO UINT32_MAX

struct v2_g {
	uint64_t id; // TRACE_NONE = free slot
	uint64_t seq, gen;
	uint64_t stw; // kind of the stop it is in: id of a string
	uint8_t status; // enum trace_g_status
};

enum v2_p_status { V2_P_UNKNOWN, V2_P_RUNNING, V2_P_IDLE, V2_P_SYSCALL, V2_P_ABANDONED };

struct v2_p {
	uint64_t seq, gen;
	uint8_t status;
};

struct v2_m {
	uint64_t id, g; // g: TRACE_NONE if none
	uint32_t slot;  // of g; stale unless the slot's id is g
	int32_t p;
	struct cursor *cursor; // this generation's; NULL if it wrote nothing
};

enum v2_gc { V2_GC_UNKNOWN, V2_GC_OFF, V2_GC_ON };

struct v2_task {
	uint64_t id, parent, name; // name: id of a string kept for the whole trace
};

// What is known of the scheduler, carried from generation to generation.
struct v2_state {
	uint64_t gen, first_gen;
	VEC(struct v2_g) gs;
	VEC(uint32_t) free_gs;
	struct gmap *g_at; // id -> slot
	VEC(struct v2_p) ps;
	VEC(struct v2_m) ms;
	struct map *m_at, *tasks; // id -> position
	VEC(struct v2_task) task;
	VEC(uint32_t) free_tasks;
	uint64_t gc_seq;
	enum v2_gc gc;
};

struct heap_entry {
	int64_t t_ns;
	struct cursor *c;
	uint32_t order; // while sorting
};

struct v2 {
	struct trace *t;
	uint64_t off; // of the next batch in the view
	bool ended;   // no generation follows
	// The generation at hand.
	bool active, gen_cut;
	uint64_t min_ts, hz;
	size_t sample;
	VEC(struct cursor *) cursors; // all that were ever made; the first n_cursors are in use
	size_t n_cursors;
	VEC(struct batch_ref) batches;
	VEC(struct heap_entry) heap;
	struct v2_state s;
	struct ahead *ahead; // NULL: one thread
	int64_t last_ns;
	uint64_t forced;      // events that came in although their turn had not come
	uint64_t search_left; // what looking for another turn may still cost in this generation
};

must_use struct err *v2_open(struct trace *t, struct v2 **ret);
void v2_close(struct v2 *v);
must_use struct err *v2_next(struct v2 *v);

// v2_gen.c: indexes the next generation, sets active; ended at the end of the file.
must_use struct err *v2_index(struct v2 *v);

// v2_state.c
must_use struct err *v2_state_init(struct v2_state *s);
void v2_state_fini(struct v2_state *s);
must_use struct err *v2_state_m(struct v2_state *s, uint64_t id, uint32_t *ret);
must_use struct err *v2_state_g(struct v2_state *s, uint64_t id, uint32_t *ret_slot); // finds or makes
uint32_t v2_state_g_find(const struct v2_state *s, uint64_t id);                      // V2_NO if none
void v2_state_g_end(struct v2_state *s, uint32_t slot);

// v2_order.c: whether the event of thread `mi` has its turn; if so it is put out and the state moves on.
enum v2_turn { V2_DONE, V2_WAIT, V2_WRONG };
enum v2_turn v2_advance(struct v2 *v, const struct rec *r, uint32_t mi, bool force, struct err **ret_err);
