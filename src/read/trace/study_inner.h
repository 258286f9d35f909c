// What the files of the study share.
#pragma once
#include "read/trace/gmap.h"
#include "read/trace/study.h"

enum {
	STUDY_SPAWNS_MAX = 1 << 18,
	STUDY_WAITS_MAX = 1 << 20,
	STUDY_TASKS_MAX = 1 << 14, // names
	STUDY_OPEN_MAX = 1 << 22,  // open tasks, open regions
	STUDY_STACKS_MAX = 1 << 20,
	STUDY_STRINGS_MAX = 1 << 20,
	STUDY_GOROUTINES_MAX = 1 << 26,
	STUDY_NO = UINT32_MAX,
};

struct id_cache { // a vec of this generation's: the trace's id -> ours + 1, 0 = not asked yet
	uint32_t *at;
	size_t len, cap;
};

struct study_names {
	struct interner *strings, *stacks; // ids + 1
	uint64_t gen;
	bool any_gen;
	struct id_cache string_at, stack_at;
	VEC(struct study_frame) scratch;
};

struct open_region {
	int64_t begin_ns;
	uint32_t task, up; // position of its name; the one around it + 1
};

struct open_task {
	int64_t begin_ns;
	uint32_t task;
};

struct study_live {
	struct study_options opt;
	int64_t now_ns;
	struct gmap at; // goroutine -> slot
	VEC(struct study_g) gs;
	VEC(uint32_t) free_gs;
	struct map *spawn_at, *wait_at, *task_at, *sample_at, *open_at; // hashed keys -> position + 1
	VEC(struct open_region) regions;
	VEC(uint32_t) free_regions;
	VEC(struct open_task) open;
	VEC(uint32_t) free_open;
	int64_t stw_ns; // of the stop the world is in; 0 = none
	study_str_id stw_kind;
	study_stack_id stw_stack;
	uint64_t stw_g;
	bool marking_ended; // in the stop of mark termination: the next HeapAlloc is what was marked
	study_str_id worker[4]; // names of the collector's workers' labels
	uint32_t n_worker;
	struct map *sweeps; // processor -> begin
};

// study_names.c. Past the maxima: 0.
must_use struct err *names_new(struct study_names **ret);
void names_free(struct study_names *n);
void names_generation(struct study_names *n, uint64_t gen);
study_str_id names_str(struct study_names *n, const struct trace *t, uint64_t id);
study_stack_id names_stack(struct study_names *n, const struct trace *t, uint64_t id);
study_stack_id names_root(struct study_names *n, study_stack_id id); // the outermost frame as a stack of its own

// Sums of a file that lies stay at the maximum.
static inline void study_add(int64_t *sum, int64_t ns)
{
	if (__builtin_add_overflow(*sum, ns, sum))
		*sum = INT64_MAX;
}

// The part of [a, b] inside the window.
static inline int64_t study_clip(const struct study *s, int64_t a, int64_t b)
{
	const struct study_options *o = &s->live->opt;
	if (o->to_ns) {
		a = a < o->from_ns ? o->from_ns : a;
		b = b > o->to_ns ? o->to_ns : b;
	}
	return b > a ? b - a : 0;
}

static inline bool study_inside(const struct study *s, int64_t t)
{
	return !s->live->opt.to_ns || (t >= s->live->opt.from_ns && t <= s->live->opt.to_ns);
}

// study_g.c
must_use struct err *study_go_event(struct study *s, const struct trace *t, const struct trace_event *e);
must_use struct err *study_go_end(struct study *s);
struct study_g *study_g_find(struct study *s, uint64_t id);
// study_gc.c
must_use struct err *study_gc_event(struct study *s, const struct trace *t, const struct trace_event *e);
void study_heap(struct study *s, int64_t t_ns, uint64_t bytes, bool goal);
// study_user.c
must_use struct err *study_user_event(struct study *s, const struct trace *t, const struct trace_event *e);
