// pprof: profiles in every form that Go writes (and the C++ heap text that pprof reads too) -> one model.
//   reads   bytes (struct view): profile.proto plain or gzip; heap, count and contention text (debug=1);
//           goroutine dumps (debug=2, panic, SIGQUIT) of Go 1.21 to 1.27
//   gives   struct pprof: arrays and ids, no pointers between them; it owns everything, the view may go
//   knows   the formats' quirks (docs/formats/pprof.md); sampled values are scaled as `go tool pprof` scales them
//   costs   a profile of 100 MB inflated: 0.2 s and its size again while reading, about 0.9 times its size afterwards
//   not     files, URLs or processes (read/target), tables (views/profile), what a leak is (judge)
#pragma once
#include "base/gap.h"
#include "base/map.h"
#include "base/vec.h"
#include "base/view.h"

enum { PPROF_NONE = UINT32_MAX }; // an index that points nowhere
enum {
	PPROF_INFLATED_MAX = 1 << 30,   // bytes; what a compressed profile may become
	PPROF_SAMPLES_MAX = 1 << 28,
	PPROF_FRAMES_MAX = 0x7fffffff,  // locations in all stacks together
	PPROF_TABLE_MAX = 1 << 28,      // rows in each of the other tables
	PPROF_TYPES_MAX = 64,           // values of one sample
};

enum pprof_form {
	PPROF_FORM_UNKNOWN,
	PPROF_FORM_PROTO,      // profile.proto
	PPROF_FORM_HEAP,       // "heap profile: ..."
	PPROF_FORM_COUNT,      // "goroutine profile: total N", threadcreate, goroutineleak, custom ones
	PPROF_FORM_CONTENTION, // "--- mutex:", "--- contention:", "--- contentionz"
	PPROF_FORM_DUMP,       // "goroutine 1 [running]:", one by one
};

// Strings are ids of p->strings; 0 is "". Rows of other tables are indexes.
struct pprof_value_type { uint32_t type, unit; };
struct pprof_mapping { uint64_t start, limit, offset; uint32_t file, build_id; bool has_functions, has_files, has_lines, has_inlines; };
struct pprof_function { int64_t start_line; uint32_t name, system_name, file; };
struct pprof_line { int64_t line, column; uint32_t function; };
struct pprof_location {
	uint64_t address;              // of the call instruction, not of the return
	uint32_t mapping;              // or PPROF_NONE
	uint32_t line_start, lines;    // rows of p->lines: innermost inlined call first, the function itself last; may be 0
	bool folded;
};

struct pprof_label { int64_t num; uint32_t key, str, unit; bool is_num; };
struct pprof_labels { uint32_t start, len; }; // rows of p->label_rows, by key; rows of one key in the sample's order

// What a dump (debug=2) knows of the goroutine behind the sample with the same index.
struct pprof_goroutine {
	uint64_t id, creator, bubble;  // 0: not said
	uint32_t status;               // "chan receive", "running": string id, without the marks below
	uint32_t minutes;              // waiting at least so long
	uint32_t created_by;           // location, or PPROF_NONE
	uint32_t elided;               // frames that Go left out of the middle
	bool leaked, scan, durable, locked, unavailable; // unavailable: ran on another thread, Go wrote no stack
};

struct pprof_ancestor { uint64_t id; uint32_t sample, stack, depth; }; // its stack lies in p->frames too

// The `# runtime.MemStats` block of heap text. Bytes unless the name says otherwise.
struct pprof_memstats {
	bool there;
	uint64_t alloc, total_alloc, sys, mallocs, frees;
	uint64_t heap_alloc, heap_sys, heap_idle, heap_inuse, heap_released, heap_objects;
	uint64_t stack_inuse, stack_sys, next_gc, num_gc, num_forced_gc, max_rss;
	uint64_t last_gc_ns;               // wall clock
	uint64_t pause_ns[256], pause_end_ns[256]; // circular: the newest at (num_gc + 255) % 256
};

struct pprof {
	enum pprof_form form;
	struct interner *strings;
	VEC(struct pprof_value_type) types;
	struct pprof_value_type period_type;
	uint32_t default_type, doc_url, drop_frames, keep_frames; // string ids
	int64_t period, duration_ns;
	instant_t time_ns;
	VEC(uint32_t) comments;

	VEC(struct pprof_mapping) mappings;
	VEC(struct pprof_function) functions;
	VEC(struct pprof_line) lines;
	VEC(struct pprof_location) locations;
	VEC(struct pprof_label) label_rows;
	VEC(struct pprof_labels) labels; // the sets; 0 is the empty one

	// Samples, a struct of arrays. Sample i: frames.at[stack.at[i]] ... leaf first, depth.at[i] of them;
	// values.at[i * types.len + t]; labels.at[label_set.at[i]]. Samples may share their frames: those are never changed in place.
	size_t samples;
	VEC(uint32_t) stack, depth, label_set;
	VEC(int64_t) values;
	VEC(uint32_t) frames;

	VEC(struct pprof_goroutine) goroutines; // of a dump, as many as samples; else none
	VEC(struct pprof_ancestor) ancestors;   // with GODEBUG=tracebackancestors: rows of one sample in order, nearest first
	bool raw;            // heap text: values are scaled, the samples behind each are in `counts` (in use, allocated)
	VEC(int64_t) counts; // 2 per sample when raw
	struct pprof_memstats memstats;
	struct gaps gaps;    // truncated dump, phantom row, ...

	struct pprof_index *index; // by content, for whoever adds rows; made when first needed
};

// By content, without reading all of it; gzip is looked into. PPROF_FORM_UNKNOWN: not a profile.
enum pprof_form pprof_form_of(struct view bytes);

// inflated_max: 0 for PPROF_INFLATED_MAX.
must_use struct err *pprof_read(struct view bytes, uint64_t inflated_max, struct pprof **ret);
// The same; done(ctx) is called once the bytes are not needed any more, before the memory for the profile itself is.
must_use struct err *pprof_read_once(struct view bytes, uint64_t inflated_max, void (*done)(void *ctx), void *ctx, struct pprof **ret);
void pprof_free(struct pprof *p); // NULL is fine
static inline void pprof_freep(struct pprof **p) { pprof_free(*p); }

static inline const char *pprof_str(const struct pprof *p, uint32_t id) { return interner_str(p->strings, id, NULL); }
static inline int64_t pprof_value(const struct pprof *p, size_t sample, size_t type) { return p->values.at[sample * p->types.len + type]; }

// "" picks the default, a number the nth, a name the one of that type ("inuse_space" finds "space" too).
must_use struct err *pprof_type_find(const struct pprof *p, const char *name, size_t *ret);

// A string's id. A location that is only a name and a file (a label's value as a frame).
must_use struct err *pprof_intern(struct pprof *p, const void *bytes, size_t len, uint32_t *ret);
must_use struct err *pprof_place(struct pprof *p, const char *function, const char *file, uint32_t *ret);

// Adds src to dst, which began empty (pprof_new): same stack and labels become one sample. src is used up: the first one
// is taken over, and all can only be freed afterwards. pprof_drop_zero once all are in.
must_use struct err *pprof_new(struct pprof **ret);
must_use struct err *pprof_merge(struct pprof *dst, struct pprof *src);
void pprof_drop_zero(struct pprof *p);
// Keeps the samples for which keep() says so, in their order.
void pprof_drop(struct pprof *p, bool (*keep)(const struct pprof *p, size_t sample, void *ctx), void *ctx);
// Before merging profiles whose value types differ: keeps what all have, in the first one's order.
must_use struct err *pprof_match_types(struct pprof *const *profiles, size_t n);
void pprof_scale(struct pprof *p, const double *ratios); // one ratio a type; samples that become all zero are dropped
must_use struct err *pprof_label_all(struct pprof *p, const char *key, const char *value);

// Runtime samples behind a value of a heap profile, and the scale that was applied: value = samples * scale.
// size: bytes of one object; rate: p->period. 1 and exact where everything was sampled.
double pprof_heap_scale(int64_t size, int64_t rate);
double pprof_heap_scale_mean(int64_t objects, int64_t bytes, int64_t rate); // size = bytes / objects
