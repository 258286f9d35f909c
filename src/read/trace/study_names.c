// One id for the same stack in every generation. Ids of a generation are looked up once each.
#include "read/trace/study_inner.h"

#include <stdlib.h>
#include <string.h>

enum { CACHED_IDS = 1 << 20 };

struct err *names_new(struct study_names **ret)
{
	struct study_names *n = calloc(1, sizeof(*n));
	if (!n)
		return &err_nomem;
	n->strings = interner_new();
	n->stacks = interner_new();
	if (!n->strings || !n->stacks || interner_id(n->strings, "", 0) || interner_id(n->stacks, "", 0)) {
		names_free(n);
		return &err_nomem;
	}
	*ret = n;
	return NULL;
}

void names_free(struct study_names *n)
{
	if (!n)
		return;
	interner_free(n->strings);
	interner_free(n->stacks);
	vec_fini(&n->string_at);
	vec_fini(&n->stack_at);
	vec_fini(&n->scratch);
	free(n);
}

void names_generation(struct study_names *n, uint64_t gen)
{
	if (n->any_gen && n->gen == gen)
		return;
	n->gen = gen;
	n->any_gen = true;
	n->string_at.len = n->stack_at.len = 0;
}

// Where id's answer is kept, or NULL.
static uint32_t *cached(struct id_cache *v, uint64_t id)
{
	if (id >= CACHED_IDS)
		return NULL;
	if (id >= v->len) {
		struct err *err = vec_reserve(v, id + 1, CACHED_IDS, "ids");
		if (err) {
			err_free(err);
			return NULL;
		}
		memset(v->at + v->len, 0, (id + 1 - v->len) * sizeof(uint32_t));
		v->len = id + 1;
	}
	return &v->at[id];
}

static uint32_t intern(struct interner *in, const void *bytes, size_t len, uint32_t max)
{
	uint32_t id;
	if (interner_len(in) >= max)
		return interner_find(in, bytes, len, &id) ? id : 0;
	id = interner_id(in, bytes, len);
	return id == INTERN_NOMEM ? 0 : id;
}

study_str_id names_str(struct study_names *n, const struct trace *t, uint64_t id)
{
	if (!id)
		return 0;
	uint32_t *keep = cached(&n->string_at, id);
	if (keep && *keep)
		return *keep - 1;
	struct trace_str str = trace_string(t, id);
	uint32_t got = intern(n->strings, str.s, str.len, STUDY_STRINGS_MAX);
	if (keep)
		*keep = got + 1;
	return got;
}

study_stack_id names_stack(struct study_names *n, const struct trace *t, uint64_t id)
{
	if (!id)
		return 0;
	uint32_t *keep = id < n->stack_at.len ? &n->stack_at.at[id] : NULL;
	if (keep && *keep)
		return *keep - 1;
	struct trace_stack stack = trace_stack(t, id);
	n->scratch.len = 0;
	for (uint32_t i = 0; i < stack.n; i++) {
		const struct trace_frame *f = &stack.frames[i];
		struct study_frame out = {f->pc, names_str(n, t, f->func), names_str(n, t, f->file), f->line, 0};
		struct err *err = vec_push(&n->scratch, 1u << 20, "frames", out);
		if (err) {
			err_free(err);
			return 0;
		}
	}
	uint32_t got = stack.n ? intern(n->stacks, n->scratch.at, n->scratch.len * sizeof(struct study_frame), STUDY_STACKS_MAX) : 0;
	if ((keep = cached(&n->stack_at, id)))
		*keep = got + 1;
	return got;
}

study_stack_id names_root(struct study_names *n, study_stack_id id)
{
	size_t len = 0;
	const char *at = id ? interner_str(n->stacks, id, &len) : NULL;
	struct study_frame f;
	if (len < sizeof(f))
		return 0;
	memcpy(&f, at + len - sizeof(f), sizeof(f));
	f.pc = f.line = 0; // they differ from look to look
	return intern(n->stacks, &f, sizeof(f), STUDY_STACKS_MAX);
}

const char *study_str(const struct study *s, study_str_id id)
{
	return id < interner_len(s->names->strings) ? interner_str(s->names->strings, id, NULL) : "";
}

const struct study_frame *study_stack(const struct study *s, study_stack_id id, uint32_t *ret_n)
{
	size_t len = 0;
	const void *at = id && id < interner_len(s->names->stacks) ? interner_str(s->names->stacks, id, &len) : NULL;
	*ret_n = (uint32_t)(len / sizeof(struct study_frame));
	return at;
}
