// What the formats' readers share: the handle, and the block of events being filled.
#pragma once
#include "read/trace/tables.h"

enum { BLOCK_EVENTS = 1024, BLOCK_SPARE = 8 };

struct trace {
	struct view bytes;
	struct trace_options opt;
	struct trace_info info;
	struct gaps gaps;
	struct tables tables;
	struct interner *kept; // strings that outlive their generation
	uint64_t gen;
	struct trace_event block[BLOCK_EVENTS + BLOCK_SPARE];
	size_t n;
	struct v1 *v1;
	struct v2 *v2;
};

// A string's id for the whole trace; the ids have this bit.
#define KEPT_BIT (1ull << 63)
// v1 writes a log's message inside its item: the id is where its length stands in the file.
#define INLINE_BIT (1ull << 62)
must_use struct err *trace_keep(struct trace *t, struct trace_str s, uint64_t *ret);
void trace_gap_at(struct trace *t, enum gap_code code, uint64_t off, const char *what);
