// Types that shared generic code reads from its dictionary: MOVQ disp(dict), reg before the call. Direct callers pass
// a constant dictionary, or hand on a word of their own one; following those gives the dictionaries a function can get.
#include "read/code/parts.h"

enum { ROUNDS = 6, DICTS_MAX = 1 << 20 };

struct known { addr_t function; uint8_t reg; addr_t dict; };

struct table {
	VEC(struct known) at;
	struct map *seen; // key -> 1
	struct map *first; // (function, reg) -> index + 1 of the newest; `next` chains
	VEC(uint32_t) next;
};

static uint64_t key_of(addr_t function, uint8_t reg, addr_t dict)
{
	uint64_t k[3] = {function, reg, dict};
	return hash_bytes(k, sizeof(k));
}

static struct err *add(struct table *t, addr_t function, uint8_t reg, addr_t dict)
{
	bool fresh;
	if (!map_at(t->seen, key_of(function, reg, dict), &fresh))
		return &err_nomem;
	if (!fresh)
		return NULL;
	uint64_t *first = map_at(t->first, key_of(function, reg, 0), NULL);
	if (!first)
		return &err_nomem;
	struct err *err = vec_push(&t->at, DICTS_MAX, "dictionaries", (struct known){function, reg, dict});
	if (!err)
		err = vec_push(&t->next, DICTS_MAX, "dictionaries", (uint32_t)*first);
	if (!err)
		*first = t->at.len;
	return err;
}

static struct err *fill(const struct code *c, struct table *t)
{
	struct err *err = NULL;
	for (int round = 0; round < ROUNDS && !err; round++) {
		size_t before = t->at.len;
		for (size_t k = 0; k < c->dict_passes.len && !err; k++) {
			const struct dict_pass *p = &c->dict_passes.at[k];
			uint64_t at;
			if (p->value) {
				err = round ? NULL : add(t, p->callee, p->reg, val_addr(p->value));
				continue;
			}
			if (!map_find(t->first, key_of(p->caller, p->from_reg, 0), &at))
				continue;
			for (; at && !err; at = t->next.at[at - 1]) {
				uint64_t sub = 0;
				err_free(gobin_read(c->g, t->at.at[at - 1].dict + (uint64_t)(int64_t)p->from_off, &sub, sizeof(sub)));
				if (sub)
					err = add(t, p->callee, p->reg, sub);
			}
		}
		if (t->at.len == before)
			break;
	}
	return err;
}

struct err *dict_resolve(struct code *c)
{
	if (!c->dict_uses.len)
		return NULL;
	struct table t = {.seen = map_new(), .first = map_new()};
	struct err *err = t.seen && t.first ? fill(c, &t) : &err_nomem;
	for (size_t k = 0; k < c->dict_uses.len && !err; k++) {
		const struct dict_use *u = &c->dict_uses.at[k];
		struct code_site *s = &c->sites.at[u->site];
		uint64_t at;
		if (s->type_from != CODE_TYPE_UNKNOWN || !map_find(t.first, key_of(s->function, u->reg, 0), &at))
			continue;
		for (; at; at = t.next.at[at - 1]) {
			uint64_t word = 0;
			err_free(gobin_read(c->g, t.at.at[at - 1].dict + (uint64_t)(int64_t)u->off, &word, sizeof(word)));
			addr_t type = type_of_word(c, word);
			if (!type || type == s->type)
				continue;
			s->type_from = s->type ? CODE_TYPE_DICTS : CODE_TYPE_DICT;
			s->type = type;
		}
	}
	map_free(t.seen);
	map_free(t.first);
	vec_fini(&t.at);
	vec_fini(&t.next);
	return err;
}
