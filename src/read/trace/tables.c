// See tables.h. Layout: src/internal/trace/generation.go (addStrings, addStacks, addCPUSamples).
#include "read/trace/tables.h"

#include <stdlib.h>
#include <string.h>

enum { STRING_BYTES_MAX = 1024, STACK_FRAMES_MAX = 128, STRING_TAG = 5, STACK_TAG = 3, SAMPLE_TAG = 7 };

static bool ids_find(const struct ids *ids, uint64_t id, uint32_t *ret)
{
	uint64_t at;
	if (id < ids->dense.len) {
		*ret = ids->dense.at[id] - 1;
		return ids->dense.at[id] != 0;
	}
	if (id < TABLES_DENSE_MAX || !ids->sparse || !map_find(ids->sparse, id, &at))
		return false;
	*ret = (uint32_t)at;
	return true;
}

static struct err *ids_add(struct ids *ids, uint64_t id, uint32_t at)
{
	if (id >= TABLES_DENSE_MAX) {
		if (!ids->sparse && !(ids->sparse = map_new()))
			return &err_nomem;
		uint64_t *value = map_at(ids->sparse, id, NULL);
		if (!value)
			return &err_nomem;
		*value = at;
		return NULL;
	}
	struct err *err = vec_reserve(&ids->dense, id + 1, TABLES_DENSE_MAX, "trace ids");
	if (err)
		return err;
	if (id >= ids->dense.len) {
		memset(ids->dense.at + ids->dense.len, 0, (id + 1 - ids->dense.len) * sizeof(uint32_t));
		ids->dense.len = id + 1;
	}
	ids->dense.at[id] = at + 1;
	return NULL;
}

static void ids_clear(struct ids *ids)
{
	ids->dense.len = 0;
	map_free(take(ids->sparse));
}

void tables_clear(struct tables *t)
{
	ids_clear(&t->string_ids);
	ids_clear(&t->stack_ids);
	t->strings.len = t->stacks.len = t->frames.len = t->samples.len = 0;
	t->duplicates = 0;
}

void tables_fini(struct tables *t)
{
	tables_clear(t);
	vec_fini(&t->string_ids.dense);
	vec_fini(&t->stack_ids.dense);
	vec_fini(&t->strings);
	vec_fini(&t->stacks);
	vec_fini(&t->frames);
	vec_fini(&t->samples);
}

struct trace_str tables_string(const struct tables *t, uint64_t id)
{
	uint32_t at;
	return id && ids_find(&t->string_ids, id, &at) ? t->strings.at[at] : (struct trace_str){"", 0};
}

struct trace_stack tables_stack(const struct tables *t, uint64_t id)
{
	uint32_t at;
	if (!id || !ids_find(&t->stack_ids, id, &at))
		return (struct trace_stack){NULL, 0};
	return (struct trace_stack){t->frames.at + t->stacks.at[at].first, t->stacks.at[at].n};
}

struct err *tables_add_string(struct tables *t, uint64_t id, const void *s, size_t len)
{
	uint32_t at;
	if (ids_find(&t->string_ids, id, &at)) {
		t->duplicates++;
		return NULL;
	}
	struct err *err = vec_push(&t->strings, TABLES_STRINGS_MAX, "strings of a trace", (struct trace_str){s, len});
	return err ? err : ids_add(&t->string_ids, id, (uint32_t)(t->strings.len - 1));
}

struct err *tables_add_stack(struct tables *t, uint64_t id, size_t first)
{
	uint32_t at;
	if (ids_find(&t->stack_ids, id, &at)) {
		t->duplicates++;
		t->frames.len = first;
		return NULL;
	}
	struct tables_stack s = {(uint32_t)first, (uint32_t)(t->frames.len - first)};
	struct err *err = vec_push(&t->stacks, TABLES_STACKS_MAX, "stacks of a trace", s);
	return err ? err : ids_add(&t->stack_ids, id, (uint32_t)(t->stacks.len - 1));
}

struct err *tables_strings(struct tables *t, struct wire w, bool *ret_ok)
{
	*ret_ok = false;
	while (w.p < w.end) {
		uint64_t id, len;
		if (*w.p++ != STRING_TAG || !wire_uv(&w, &id) || !wire_uv(&w, &len) || len > STRING_BYTES_MAX ||
		    len > (uint64_t)(w.end - w.p))
			return NULL;
		struct err *err = tables_add_string(t, id, w.p, len);
		if (err)
			return err;
		w.p += len;
	}
	*ret_ok = true;
	return NULL;
}

struct err *tables_stacks(struct tables *t, struct wire w, bool *ret_ok)
{
	struct err *err;
	*ret_ok = false;
	while (w.p < w.end) {
		uint64_t id, n, line;
		size_t first = t->frames.len;
		if (*w.p++ != STACK_TAG || !wire_uv(&w, &id) || !wire_uv(&w, &n) || n > STACK_FRAMES_MAX)
			return NULL;
		for (uint64_t i = 0; i < n; i++) {
			struct trace_frame f;
			if (!wire_uv(&w, &f.pc) || !wire_uv(&w, &f.func) || !wire_uv(&w, &f.file) ||
			    !wire_uv(&w, &line)) {
				t->frames.len = first;
				return NULL;
			}
			f.line = line > UINT32_MAX ? 0 : (uint32_t)line;
			if ((err = vec_push(&t->frames, TABLES_FRAMES_MAX, "stack frames of a trace", f)))
				return err;
		}
		if ((err = tables_add_stack(t, id, first)))
			return err;
	}
	*ret_ok = true;
	return NULL;
}

struct err *tables_samples(struct tables *t, struct wire w, bool *ret_ok)
{
	*ret_ok = false;
	while (w.p < w.end) {
		struct tables_sample s = {.order = t->samples.len};
		if (*w.p++ != SAMPLE_TAG || !wire_uv(&w, &s.ts) || !wire_uv(&w, &s.m) || !wire_uv(&w, &s.p) ||
		    !wire_uv(&w, &s.g) || !wire_uv(&w, &s.stack))
			return NULL;
		if (!s.g)
			s.g = TRACE_NONE; // g0: no goroutine
		struct err *err = vec_push(&t->samples, TABLES_SAMPLES_MAX, "CPU samples of a trace", s);
		if (err)
			return err;
	}
	*ret_ok = true;
	return NULL;
}

static int by_time(const void *a, const void *b)
{
	const struct tables_sample *x = a, *y = b;
	if (x->t_ns != y->t_ns)
		return x->t_ns < y->t_ns ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

void tables_sort_samples(struct tables *t)
{
	bool sorted = true;
	for (size_t i = 1; i < t->samples.len; i++)
		sorted = sorted && t->samples.at[i - 1].t_ns <= t->samples.at[i].t_ns;
	if (!sorted)
		qsort(t->samples.at, t->samples.len, sizeof(t->samples.at[0]), by_time);
}
