// The Go processes of the machine, opened as far as that is permitted, and looked at again and again.
#pragma once
#include "read/goruntime/goruntime.h"
#include "read/kernel/kernel.h"
#include "read/target/target.h"
#include "views/process/process.h"

struct process {
	int64_t pid;
	instant_t started; // tells a process from a later one with its number
	struct kernel_status status;
	struct kernel_limit limit;
	struct target *target; // NULL: not to be read, because says why
	struct gobin *bin;
	struct rt *rt; // NULL: nothing of its runtime can be read
	char *because, *program, *listens;
	uint64_t heap_live, goroutines;
	bool pprof_linked, seen;
	uint64_t first_rss; // and when: for growth
	instant_t first_at, last_at;
};

struct processes {
	VEC(struct process) at;
	struct map *not_go; // inodes of executables that were looked at in vain
};

void processes_fini(struct processes *p);
static inline void processes_finip(struct processes *p) { processes_fini(p); }
// New ones are opened, ended ones closed, what changes is read again. What one process refuses is in its row.
must_use struct err *processes_look(struct processes *p);
void processes_sort(struct processes *p, bool by_growth); // else by resident memory; most first
struct process_row processes_row(const struct process *p); // borrows from p
