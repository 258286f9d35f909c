// Strings, stacks and CPU samples of a generation (v2) or of a whole file (v1), by the ids the file gives them.
#pragma once
#include "base/map.h"
#include "base/vec.h"
#include "read/trace/wire.h"

enum {
	TABLES_STRINGS_MAX = 1 << 22,
	TABLES_STACKS_MAX = 1 << 22,
	TABLES_FRAMES_MAX = 1 << 24,
	TABLES_SAMPLES_MAX = 1 << 23,
	TABLES_DENSE_MAX = 1 << 20, // ids below it are looked up in an array, others in a map
};

// id -> position. Ids are counted by the runtime from 1, so an array does; a file that lies is met by the map.
struct ids {
	VEC(uint32_t) dense; // position + 1, 0 = not there
	struct map *sparse;
};

struct tables_stack {
	uint32_t first, n; // in frames
};

struct tables_sample {
	uint64_t ts; // ticks
	int64_t t_ns;
	uint64_t m, p, g, stack;
	size_t order; // as the file has them
};

struct tables {
	struct ids string_ids, stack_ids;
	VEC(struct trace_str) strings;
	VEC(struct tables_stack) stacks;
	VEC(struct trace_frame) frames;
	VEC(struct tables_sample) samples;
	uint64_t duplicates; // ids given twice: the first counts
};

void tables_clear(struct tables *t); // keeps the memory
void tables_fini(struct tables *t);
struct trace_str tables_string(const struct tables *t, uint64_t id);
struct trace_stack tables_stack(const struct tables *t, uint64_t id);
must_use struct err *tables_add_string(struct tables *t, uint64_t id, const void *s, size_t len);
// The stack's frames are those pushed to t->frames since `first`.
must_use struct err *tables_add_stack(struct tables *t, uint64_t id, size_t first);
// Bodies of v2 batches, behind their first byte. *ret_ok = false: damaged, what was before it is kept.
must_use struct err *tables_strings(struct tables *t, struct wire w, bool *ret_ok);
must_use struct err *tables_stacks(struct tables *t, struct wire w, bool *ret_ok);
must_use struct err *tables_samples(struct tables *t, struct wire w, bool *ret_ok);
// By time; those of one time stay as they came.
void tables_sort_samples(struct tables *t);
