// Inside of the account: the heap's part, the other mappings' part.
#pragma once
#include "read/account/account.h"

enum { ACCOUNT_PAGE = 4096 };

struct go_heap { // what the runtime says of its heap
	VEC(struct rt_span) spans;   // in use and manual, ascending by base
	VEC(struct kernel_run) arenas; // ascending, joined
	double stack_share;          // of the manual spans' bytes, those of stacks
	uint64_t runtime_sys;        // what the runtime took from the system for its own structures; 0 = not known
	bool known;                  // false: spans could not be read
};
void go_heap_fini(struct go_heap *h);
must_use struct err *go_heap_read(struct rt *rt, struct go_heap *ret, struct gaps *gaps);
// Adds what is resident in [run) of the arenas to the parts.
void go_heap_add(const struct go_heap *h, struct kernel_run run, double parts[ACCOUNT_PARTS]);

struct outside { // what tells the other mappings apart
	const struct target *t;
	const struct kernel_maps *maps;
	struct kernel_threads threads;
	const char *exe;
	bool foreign;                // C code is in the process: anonymous mappings may be its own
	VEC(addr_t) globals;         // words of the program's data that point out of it, ascending
	uint64_t stack_bytes[8];     // sizes of thread stacks, with guard, that a stack pointer proved
	size_t n_stack_bytes;
};
void outside_fini(struct outside *o);
must_use struct err *outside_read(const struct target *t, const struct kernel_maps *maps, struct outside *ret);
// The part of mapping i, which is not an arena; bytes are its resident ones.
void outside_add(struct outside *o, size_t i, uint64_t bytes, double parts[ACCOUNT_PARTS]);
