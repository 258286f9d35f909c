#include "read/escape/escape.h"
#include "read/escape/parts.h"

const char *escape_kind_name(enum escape_kind k)
{
	static const char *const names[ESCAPE_KINDS] = {
		"escapes", "moved", "stays", "leaks", "captures", "inlines", "can_inline", "cannot_inline",
		"devirtualizes", "zero_copy", "other",
	};
	assert(k < ESCAPE_KINDS);
	return names[k];
}

struct err *escape_new(struct escape **ret)
{
	struct escape *e = calloc(1, sizeof(*e));
	if (!e)
		return &err_nomem;
	e->arena = arena_new();
	e->names = interner_new();
	if (!e->arena || !e->names) {
		escape_free(e);
		return &err_nomem;
	}
	*ret = e;
	return NULL;
}

void escape_free(struct escape *e)
{
	if (!e)
		return;
	vec_fini(&e->items);
	vec_fini(&e->edges);
	vec_fini(&e->steps);
	vec_fini(&e->inner);
	vec_fini(&e->calls);
	interner_free(e->names);
	arena_free(e->arena);
	free(e);
}

static bool looks_like_asm(struct view text)
{
	struct span head = {(const char *)text.data, text.len < 1 << 20 ? text.len : 1 << 20};
	return span_find(head, " STEXT ") > 0;
}

struct err *escape_add(struct escape *e, struct view text)
{
	uint64_t understood = 0, before = e->ignored;
	struct err *err;
	if (text.len && text.data[0] == '{')
		err = escape_add_json(e, text, &understood);
	else if (looks_like_asm(text))
		err = escape_add_asm(e, text, &understood);
	else
		err = escape_add_text(e, text, &understood);
	if (!err && e->failed)
		err = &err_nomem;
	if (!err && !understood && e->ignored > before)
		err = err_input(text.source, 0, "not compiler output: none of %llu lines has the form of -m, -m=2, "
				"-json=0 or -S", (unsigned long long)(e->ignored - before));
	return err;
}

static uint64_t item_key(const struct escape_item *i)
{
	// names are interned: equal files are equal pointers
	uint64_t key[3] = {(uint64_t)(uintptr_t)i->pos.file, ((uint64_t)i->pos.line << 32) | i->pos.col,
			   hash_bytes(i->subject, strlen(i->subject))};
	return hash_bytes(key, sizeof(key));
}

// -m says just "append escapes to heap", its block the whole expression.
static uint64_t verdict_key(const struct escape_item *i)
{
	if (strncmp(i->subject, "append(", strlen("append(")))
		return item_key(i);
	struct escape_item cut = *i;
	cut.subject = "append";
	return item_key(&cut);
}

// Explanations come before the verdicts they explain, each verdict takes the first that is not yet taken; what is
// left over with a verdict of its name is one more path of it.
static struct err *join_blocks(struct escape *e)
{
	cleanup(map_freep) struct map *first = map_new();
	uint32_t *next = calloc(e->items.len ? e->items.len : 1, sizeof(*next));
	bool *gone = calloc(e->items.len ? e->items.len : 1, sizeof(*gone));
	struct err *err = first && next && gone ? NULL : &err_nomem;
	for (size_t k = e->items.len; !err && k-- > 0;) { // chains in order of appearance
		struct escape_item *i = &e->items.at[k];
		if (!i->explained || i->kind != ESCAPE_HEAP || i->n_inner)
			continue;
		uint64_t *at = map_at(first, verdict_key(i), NULL);
		if (!at) {
			err = &err_nomem;
			break;
		}
		next[k] = (uint32_t)*at;
		*at = k + 1;
	}
	for (size_t k = 0; !err && k < e->items.len; k++) {
		struct escape_item *i = &e->items.at[k];
		uint64_t at;
		if (i->explained || (i->kind != ESCAPE_HEAP && i->kind != ESCAPE_MOVED) || !map_find(first, item_key(i), &at))
			continue;
		uint64_t block = at;
		while (block && gone[block - 1] && next[block - 1])
			block = next[block - 1];
		if (!block || block - 1 > k)
			continue;
		struct escape_item *b = &e->items.at[block - 1];
		if (gone[block - 1]) { // more verdicts than blocks: the same explanation again
			i->first_edge = b->first_edge, i->n_edges = b->n_edges, i->function = b->function;
			continue;
		}
		gone[block - 1] = true;
		i->first_edge = b->first_edge, i->n_edges = b->n_edges, i->function = b->function;
		if (!strcmp(i->subject, "append"))
			i->subject = b->subject;
		i->explained = true;
		for (uint64_t rest = next[block - 1]; rest; rest = next[rest - 1])
			if (!gone[rest - 1])
				e->items.at[rest - 1].another_path = true;
	}
	size_t to = 0;
	for (size_t k = 0; !err && k < e->items.len; k++)
		if (!gone[k])
			e->items.at[to++] = e->items.at[k];
	if (!err)
		e->items.len = to;
	free(next);
	free(gone);
	return err;
}

// A closure that goes straight to the heap belongs to a go statement, or to a defer in a loop: the compiler prints
// no step for either. The wrapper's name or the reason why the function cannot be inlined tells which.
static struct err *name_go_and_defer(struct escape *e)
{
	enum { GO = 1, DEFER = 2 };
	cleanup(map_freep) struct map *at_pos = map_new();
	cleanup(map_freep) struct map *in_function = map_new();
	if (!at_pos || !in_function)
		return &err_nomem;
	for (size_t k = 0; k < e->items.len; k++) {
		const struct escape_item *i = &e->items.at[k];
		uint64_t *slot = NULL;
		if (i->kind == ESCAPE_CAN_INLINE && (strstr(i->function, ".gowrap") || strstr(i->function, ".deferwrap"))) {
			struct escape_item here = {.pos = i->pos, .subject = ""};
			if (!(slot = map_at(at_pos, item_key(&here), NULL)))
				return &err_nomem;
			*slot = strstr(i->function, ".gowrap") ? GO : DEFER;
		} else if (i->kind == ESCAPE_CANNOT_INLINE && !strncmp(i->detail, "unhandled op ", strlen("unhandled op "))) {
			if (!(slot = map_at(in_function, (uint64_t)(uintptr_t)i->function, NULL)))
				return &err_nomem;
			*slot = !strcmp(i->detail, "unhandled op DEFER") ? DEFER : GO;
		}
	}
	for (size_t k = 0; k < e->items.len; k++) {
		struct escape_item *i = &e->items.at[k];
		if (i->kind != ESCAPE_HEAP || i->expr != ESCAPE_EXPR_CLOSURE || i->n_edges != 1)
			continue;
		const struct escape_edge *edge = &e->edges.at[i->first_edge];
		if (strcmp(edge->to, "{heap}") || edge->n_steps != 1 || strcmp(e->steps.at[edge->first_step].why, "spill"))
			continue;
		struct escape_item here = {.pos = i->pos, .subject = ""};
		uint64_t which = GO;
		if (!map_find(at_pos, item_key(&here), &which))
			map_find(in_function, (uint64_t)(uintptr_t)i->function, &which);
		i->construct = which == DEFER ? CONSTRUCT_DEFER : CONSTRUCT_GO_STATEMENT;
	}
	return NULL;
}

// `m[k] = &v` says only "assign": on a line where a key goes into a map, it is that map's value.
static struct err *name_map_values(struct escape *e)
{
	cleanup(map_freep) struct map *lines = map_new();
	if (!lines)
		return &err_nomem;
	for (size_t k = 0; k < e->steps.len; k++) {
		const struct escape_step *s = &e->steps.at[k];
		uint64_t key[2] = {(uint64_t)(uintptr_t)s->pos.file, s->pos.line};
		if (!strcmp(s->why, "key of map put") && !map_at(lines, hash_bytes(key, sizeof(key)), NULL))
			return &err_nomem;
	}
	for (size_t k = 0; k < e->items.len; k++) {
		struct escape_item *i = &e->items.at[k];
		if (i->construct != CONSTRUCT_STORED_IN_HEAP || !i->n_edges)
			continue;
		const struct escape_edge *edge = &e->edges.at[i->first_edge + i->n_edges - 1];
		if (!edge->n_steps)
			continue;
		const struct escape_step *s = &e->steps.at[edge->first_step + edge->n_steps - 1];
		const char *index = strstr(s->expr, "] = ");
		uint64_t key[2] = {(uint64_t)(uintptr_t)s->pos.file, s->pos.line}, at;
		if (!strcmp(s->why, "assign") && index &&
		    (map_find(lines, hash_bytes(key, sizeof(key)), &at) || (index > s->expr && index[-1] == '"')))
			i->construct = CONSTRUCT_MAP_INSERT;
	}
	return NULL;
}

// A flow that ends in a named variable which is not itself on the heap ends in a named result.
static struct err *name_results(struct escape *e)
{
	cleanup(map_freep) struct map *moved = map_new();
	if (!moved)
		return &err_nomem;
	for (size_t k = 0; k < e->items.len; k++) {
		const struct escape_item *i = &e->items.at[k];
		uint64_t key[2] = {(uint64_t)(uintptr_t)i->pos.file, hash_bytes(i->subject, strlen(i->subject))};
		if (i->kind == ESCAPE_MOVED && !map_at(moved, hash_bytes(key, sizeof(key)), NULL))
			return &err_nomem;
	}
	for (size_t k = 0; k < e->items.len; k++) {
		struct escape_item *i = &e->items.at[k];
		const char *to = escape_target(e, i);
		uint64_t key[2] = {(uint64_t)(uintptr_t)i->pos.file, hash_bytes(to, strlen(to))}, at;
		if (i->construct == CONSTRUCT_STORED_IN_HEAP && to[0] && to[0] != '{' &&
		    !map_find(moved, hash_bytes(key, sizeof(key)), &at))
			i->construct = CONSTRUCT_RETURN_OF_ADDRESS;
	}
	return NULL;
}

// Only -m says "moved to heap": in the log, and in an explanation by itself, a variable is told by its flow starting
// at the variable, not at {storage for EXPR}.
static bool is_variable(const struct escape *e, const struct escape_item *i)
{
	return i->n_edges && !strcmp(e->edges.at[i->first_edge].from, i->subject);
}

struct err *escape_finish(struct escape *e)
{
	struct err *err = e->failed ? &err_nomem : join_blocks(e);
	for (size_t k = 0; !err && k < e->items.len; k++) {
		struct escape_item *i = &e->items.at[k];
		if (i->kind != ESCAPE_HEAP && i->kind != ESCAPE_MOVED) {
			i->construct = CONSTRUCT_OTHER;
			continue;
		}
		if (is_variable(e, i))
			i->kind = ESCAPE_MOVED;
		i->expr = i->kind == ESCAPE_MOVED ? ESCAPE_EXPR_VARIABLE : expr_of(i->subject);
		i->construct = construct_of(e, i);
	}
	if (!err)
		err = name_go_and_defer(e);
	if (!err)
		err = name_map_values(e);
	return err ? err : name_results(e);
}

size_t escape_items(const struct escape *e, const struct escape_item **ret)
{
	*ret = e->items.at;
	return e->items.len;
}

size_t escape_calls(const struct escape *e, const struct escape_call **ret)
{
	*ret = e->calls.at;
	return e->calls.len;
}

const struct escape_edge *escape_edge_at(const struct escape *e, uint32_t index)
{
	assert(index < e->edges.len);
	return &e->edges.at[index];
}

const struct escape_step *escape_step_at(const struct escape *e, uint32_t index)
{
	assert(index < e->steps.len);
	return &e->steps.at[index];
}

const struct escape_pos *escape_inner_at(const struct escape *e, uint32_t index)
{
	assert(index < e->inner.len);
	return &e->inner.at[index];
}

uint64_t escape_lines_ignored(const struct escape *e) { return e->ignored; }

const char *escape_target(const struct escape *e, const struct escape_item *item)
{
	return item->n_edges ? e->edges.at[item->first_edge + item->n_edges - 1].to : "";
}
