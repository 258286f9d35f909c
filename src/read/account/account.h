// account: where every resident byte of a process is. The kernel's mappings and resident pages, joined with the Go
// runtime's spans. Parts are counted in pages that are resident, a page that several parts share is split by bytes.
//   reads   read/kernel (smaps, pagemap, threads), read/goruntime (arenas, spans), memory of the target
//   gives   bytes by part, which add up to the resident set; gaps for what could not be told
//   knows   both sides; glibc's marks in what it maps
//   costs   one smaps, one scan of the arenas' page tables, one pass over the spans: 0.1 s a GiB, never in a loop
//   not     who holds the memory, growth
#pragma once
#include "base/gap.h"
#include "read/goruntime/goruntime.h"
#include "read/kernel/kernel.h"
#include "read/target/target.h"

enum account_part { // as the contract of verdicts names them
	ACCOUNT_HEAP_LIVE,       // marked at the last collection or allocated since
	ACCOUNT_HEAP_GARBAGE,    // unmarked and not yet swept
	ACCOUNT_HEAP_FREE_SLOTS, // free slots in spans in use, and what does not fit a slot at their ends
	ACCOUNT_HEAP_IDLE,       // in the arenas, in no span, not given back
	ACCOUNT_STACKS,          // goroutine stacks
	ACCOUNT_RUNTIME,         // the runtime's own structures
	ACCOUNT_GLOBALS,         // data and bss of the program
	ACCOUNT_CODE,            // its text and read-only data
	ACCOUNT_C_HEAP,          // brk, and anonymous mappings that Go does not own
	ACCOUNT_THREAD_STACKS,
	ACCOUNT_MAPPED_FILES,    // other files' pages, shared memory
	ACCOUNT_OTHER,
	ACCOUNT_PARTS,
};
extern const char *const account_names[ACCOUNT_PARTS]; // "heap_live"

struct account {
	uint64_t rss, parts[ACCOUNT_PARTS]; // bytes; the parts add up to rss
	uint64_t status_rss;                // what the kernel's own counter said just before
	uint64_t swap, anon_huge;           // swapped out; in transparent huge pages
	struct gaps gaps;
};

void account_fini(struct account *a);
static inline void account_finip(struct account *a) { account_fini(a); }
// rt NULL: not a Go program, or nothing of its runtime can be read. A core has no resident set: ERR_UNSUPPORTED.
must_use struct err *account_take(const struct target *t, struct rt *rt, struct account *ret);
