// Adding rows to a profile: every row is found again by its content, so that equal ones become one.
#pragma once
#include "read/pprof/pprof.h"

// Ids by hash. A slot is hash (upper 32 bits) and id + 1 (lower); the caller compares contents.
struct idtab { uint64_t *slots; size_t cap, len; };

// Candidates one by one: start with *pos = hash. PPROF_NONE: no more.
static inline uint32_t idtab_next(const struct idtab *t, uint64_t hash, size_t *pos)
{
	for (size_t i = *pos; t->cap; i++) {
		uint64_t slot = t->slots[i & (t->cap - 1)];
		if (!slot)
			return PPROF_NONE;
		if (slot >> 32 == (hash & UINT32_MAX)) {
			*pos = i + 1;
			return (uint32_t)slot - 1;
		}
	}
	return PPROF_NONE;
}

must_use struct err *idtab_put(struct idtab *t, uint64_t hash, uint32_t id);
void idtab_fini(struct idtab *t);

// stacks: samples by their frames, so that equal stacks are stored once. samples: by stack and labels; only while
// merging, and then only if samples_in.
struct pprof_index { struct idtab functions, locations, labels, mappings, stacks, samples; bool samples_in; };

void pprof_drop_index(struct pprof *p);
must_use struct err *build_index(struct pprof *p); // makes it, with every row that is there but the samples
must_use struct err *build_string(struct pprof *p, const void *bytes, size_t len, uint32_t *ret);
must_use struct err *build_type(struct pprof *p, const char *type, const char *unit);
must_use struct err *build_function(struct pprof *p, struct pprof_function f, uint32_t *ret);
// lines: the location's, any array that is not p->lines. The mapping must be p's own.
must_use struct err *build_location(struct pprof *p, struct pprof_location l, const struct pprof_line *lines, uint32_t *ret);
must_use struct err *build_mapping(struct pprof *p, struct pprof_mapping m, uint32_t *ret);
// rows are put in order first.
must_use struct err *build_labels(struct pprof *p, struct pprof_label *rows, size_t len, uint32_t *ret);
// The stack at the end of p->frames, from `stack` on, for the next sample: where it lies if it was there before (the end
// is then free again).
must_use struct err *build_stack(struct pprof *p, size_t stack, size_t *ret);
must_use struct err *build_sample_at(struct pprof *p, size_t stack, size_t depth, const int64_t *values, uint32_t labels);
// Appends a sample whose frames are already at the end of p->frames, from `stack` on.
must_use struct err *build_sample(struct pprof *p, size_t stack, const int64_t *values, uint32_t labels);
must_use struct err *build_frame(struct pprof *p, uint32_t location);
