// Cursors over the batches of one thread, decoded a chunk at a time; a second core decodes the chunk after next.
//
// Invariants: (1) a chunk belongs to the merge unless its state is CHUNK_WANTED or CHUNK_BUSY; (2) decoding goes through
// the cursor's chunks in turn, so only one chunk of a cursor is being decoded at any time.
#pragma once
#include "base/vec.h"
#include "read/trace/wire.h"

#include <stdatomic.h>

// Records a chunk has: fewer where there are many threads, so that all of them together stay bounded.
enum { CHUNK_RECS_MAX = 1024, CHUNK_RECS_MIN = 32, CHUNK_RECS_ALL = 1 << 18 };

// An event as decoded, before its turn.
struct rec {
	int64_t t_ns;
	uint64_t args[TRACE_ARGS];
	uint32_t kind;
};

struct batch_ref {
	const uint8_t *data;
	uint32_t len, next; // next: of the same thread; UINT32_MAX at the end
	uint64_t ts;
};

enum chunk_state { CHUNK_EMPTY, CHUNK_WANTED, CHUNK_BUSY, CHUNK_READY };

struct chunk {
	_Atomic int state;
	uint32_t n;
	bool last; // nothing follows
	struct rec *recs;
};

struct cursor {
	// The decoder's side.
	struct wire w;
	int64_t t_ns;
	struct wire_clock clock;
	const struct batch_ref *batches;
	uint32_t batch; // next to open
	uint64_t bad_batches; // left in the middle: unknown kind or broken number
	// The merge's side.
	const struct rec *at, *end;
	struct chunk *now, *next;
	uint32_t m, first, last; // position of the thread; its first and last batch
	struct chunk chunks[2];
	uint32_t cap; // records of each chunk
};

struct ahead;

struct cursor *cursor_new(void); // NULL: out of memory
void cursor_free(struct cursor *c); // NULL is fine
// Decodes the first chunk; `cap` records a chunk. *ret_any = false: it has no event at all.
must_use struct err *cursor_start(struct cursor *c, struct ahead *a, const struct batch_ref *batches, uint32_t cap,
				  struct wire_clock clock, bool *ret_any);
// The next chunk. False: no event is left.
bool cursor_refill(struct cursor *c, struct ahead *a);

struct ahead *ahead_new(void); // NULL: no thread to be had; everything works without
void ahead_free(struct ahead *a); // NULL is fine
// Waits until it touches no cursor any more.
void ahead_rest(struct ahead *a);
// Fills the chunk from where the cursor stands.
void chunk_decode(struct cursor *c, struct chunk *ch);
