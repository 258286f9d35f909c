#include "base/map.h"
#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

uint64_t hash_u64(uint64_t x)
{
	x ^= x >> 32;
	x *= 0x9fb21c651e98df25u;
	x ^= x >> 28;
	return x;
}

uint64_t hash_bytes(const void *bytes, size_t len)
{
	const uint8_t *p = bytes;
	uint64_t h = 0x9e3779b97f4a7c15u ^ len, w;
	for (; len >= 8; len -= 8, p += 8) {
		memcpy(&w, p, 8);
		h = (h ^ hash_u64(w)) * 0xff51afd7ed558ccdu;
	}
	w = 0;
	if (len)
		memcpy(&w, p, len);
	return hash_u64((h ^ w) * 0xff51afd7ed558ccdu);
}

struct slot { uint64_t key, value; };

struct map {
	struct slot *slots;
	uint8_t *used;
	size_t cap, len; // cap is a power of two, at most half full
};

struct map *map_new(void) { return calloc(1, sizeof(struct map)); }

void map_free(struct map *m)
{
	if (!m)
		return;
	free(m->slots);
	free(m->used);
	free(m);
}

static size_t map_probe(const struct map *m, uint64_t key)
{
	size_t i = hash_u64(key) & (m->cap - 1);
	while (m->used[i] && m->slots[i].key != key)
		i = (i + 1) & (m->cap - 1);
	return i;
}

static bool map_grow(struct map *m)
{
	struct map bigger = {.cap = m->cap ? m->cap * 2 : 64};
	bigger.slots = calloc(bigger.cap, sizeof(*bigger.slots));
	bigger.used = calloc(bigger.cap, 1);
	if (!bigger.slots || !bigger.used) {
		free(bigger.slots);
		free(bigger.used);
		return false;
	}
	for (size_t i = 0; i < m->cap; i++) {
		if (!m->used[i])
			continue;
		size_t to = map_probe(&bigger, m->slots[i].key);
		bigger.used[to] = 1;
		bigger.slots[to] = m->slots[i];
	}
	bigger.len = m->len;
	free(m->slots);
	free(m->used);
	*m = bigger;
	return true;
}

uint64_t *map_at(struct map *m, uint64_t key, bool *ret_fresh)
{
	if (m->len * 2 >= m->cap && !map_grow(m))
		return NULL;
	size_t i = map_probe(m, key);
	if (ret_fresh)
		*ret_fresh = !m->used[i];
	if (!m->used[i]) {
		m->used[i] = 1;
		m->slots[i] = (struct slot){key, 0};
		m->len++;
	}
	return &m->slots[i].value;
}

bool map_find(const struct map *m, uint64_t key, uint64_t *ret)
{
	if (!m->cap)
		return false;
	size_t i = map_probe(m, key);
	if (m->used[i] && ret)
		*ret = m->slots[i].value;
	return m->used[i];
}

size_t map_len(const struct map *m) { return m->len; }

bool map_next(const struct map *m, size_t *pos, uint64_t *ret_key, uint64_t *ret_value)
{
	for (; *pos < m->cap; ++*pos)
		if (m->used[*pos]) {
			*ret_key = m->slots[*pos].key;
			*ret_value = m->slots[*pos].value;
			++*pos;
			return true;
		}
	return false;
}

struct string { const char *s; size_t len; uint64_t hash; };

struct interner {
	struct arena *arena;
	struct string *strings;
	uint32_t *slots; // id + 1, 0 = empty
	uint32_t len, cap_strings;
	size_t cap;
};

struct interner *interner_new(void)
{
	struct interner *in = calloc(1, sizeof(*in));
	if (in && !(in->arena = arena_new())) {
		free(in);
		return NULL;
	}
	return in;
}

void interner_free(struct interner *in)
{
	if (!in)
		return;
	arena_free(in->arena);
	free(in->strings);
	free(in->slots);
	free(in);
}

static size_t interner_probe(const struct interner *in, const void *bytes, size_t len, uint64_t hash)
{
	size_t i = hash & (in->cap - 1);
	for (; in->slots[i]; i = (i + 1) & (in->cap - 1)) {
		const struct string *s = &in->strings[in->slots[i] - 1];
		if (s->hash == hash && s->len == len && !memcmp(s->s, bytes, len))
			break;
	}
	return i;
}

static bool interner_grow(struct interner *in)
{
	size_t cap = in->cap ? in->cap * 2 : 256;
	uint32_t *slots = calloc(cap, sizeof(*slots));
	if (!slots)
		return false;
	for (uint32_t id = 0; id < in->len; id++) {
		size_t i = in->strings[id].hash & (cap - 1);
		while (slots[i])
			i = (i + 1) & (cap - 1);
		slots[i] = id + 1;
	}
	free(in->slots);
	in->slots = slots;
	in->cap = cap;
	return true;
}

uint32_t interner_id(struct interner *in, const void *bytes, size_t len)
{
	if ((size_t)in->len * 2 >= in->cap && !interner_grow(in))
		return INTERN_NOMEM;
	uint64_t hash = hash_bytes(bytes, len);
	size_t i = interner_probe(in, bytes, len, hash);
	if (in->slots[i])
		return in->slots[i] - 1;
	if (in->len == in->cap_strings) {
		uint32_t cap = in->cap_strings ? in->cap_strings * 2 : 128;
		struct string *grown = cap > in->cap_strings ? realloc(in->strings, cap * sizeof(*grown)) : NULL;
		if (!grown)
			return INTERN_NOMEM;
		in->strings = grown;
		in->cap_strings = cap;
	}
	const char *copy = arena_strndup(in->arena, bytes, len);
	if (!copy)
		return INTERN_NOMEM;
	in->strings[in->len] = (struct string){copy, len, hash};
	in->slots[i] = ++in->len;
	return in->len - 1;
}

bool interner_find(const struct interner *in, const void *bytes, size_t len, uint32_t *ret)
{
	if (!in->cap)
		return false;
	size_t i = interner_probe(in, bytes, len, hash_bytes(bytes, len));
	if (in->slots[i])
		*ret = in->slots[i] - 1;
	return in->slots[i] != 0;
}

const char *interner_str(const struct interner *in, uint32_t id, size_t *ret_len)
{
	assert(id < in->len);
	if (ret_len)
		*ret_len = in->strings[id].len;
	return in->strings[id].s;
}

uint32_t interner_len(const struct interner *in) { return in->len; }
