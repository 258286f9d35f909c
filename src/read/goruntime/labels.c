// pprof labels of goroutines. Source: src/runtime/pprof/label.go, internal/runtime/pprof/label; go1.21 to go1.27.
//
// g.labels points, from 1.24, to a slice of {key, value string}; before, to a map[string]string (runtime/map.go: hmap).
// Goroutines that share labels share the pointer: each set is read once a census.
#include "read/goruntime/gor.h"

#include <stdlib.h>
#include <string.h>

enum {
	MAX_LABELS = 64, MAX_TEXT = 256, MAX_ALL = 1 << 20, PAIR = 32,
	HMAP = 48, HMAP_COUNT = 0, HMAP_B = 9, HMAP_BUCKETS = 16, HMAP_OLD = 24,
	SLOTS = 8, BUCKET = 8 + SLOTS * PAIR + 8, BUCKET_ELEMS = 8 + SLOTS * 16, BUCKET_OVERFLOW = 8 + SLOTS * PAIR,
	TOPHASH_FULL = 5, MAX_BUCKETS = 64,
};

struct header { uint64_t data, len; };

static struct err *text(struct rt *rt, struct header h, const char **ret)
{
	char buf[MAX_TEXT + 1];
	size_t len = h.len < MAX_TEXT ? h.len : MAX_TEXT, at;
	struct err *err = mem_read(rt->mem, h.data, buf, len);
	if (err)
		return err;
	for (at = 0; at < len && buf[at]; at++)
		;
	uint32_t id = interner_id(rt->gor->label_text, buf, at);
	if (id == INTERN_NOMEM)
		return &err_nomem;
	*ret = interner_str(rt->gor->label_text, id, NULL);
	return NULL;
}

static struct err *put(struct rt *rt, struct header key, struct header value, struct rt_census *c, uint32_t *n)
{
	const char *k, *v;
	if (key.len > 1 << 20 || value.len > 1 << 20 || *n >= MAX_LABELS)
		return NULL; // torn
	struct err *err = text(rt, key, &k);
	if (!err)
		err = text(rt, value, &v);
	if (!err)
		err = vec_push(&c->labels, MAX_ALL, "labels", k);
	if (!err)
		err = vec_push(&c->labels, MAX_ALL, "labels", v);
	*n += !err;
	return err;
}

static struct err *from_list(struct rt *rt, addr_t at, struct rt_census *c, uint32_t *n)
{
	struct header pairs[MAX_LABELS][2], list;
	struct err *err = mem_read(rt->mem, at, &list, sizeof(list));
	uint64_t len = err || list.len > MAX_LABELS ? 0 : list.len;
	if (len)
		err = mem_read(rt->mem, list.data, pairs, len * PAIR);
	for (uint64_t i = 0; !err && i < len; i++)
		err = put(rt, pairs[i][0], pairs[i][1], c, n);
	return err;
}

static struct err *from_bucket(struct rt *rt, addr_t at, struct rt_census *c, uint32_t *n, unsigned *budget)
{
	uint8_t b[BUCKET];
	struct err *err = NULL;
	while (!err && at && *budget && --*budget && !(err = mem_read(rt->mem, at, b, sizeof(b)))) {
		for (int i = 0; !err && i < SLOTS; i++) {
			struct header key, value;
			memcpy(&key, b + 8 + i * 16, sizeof(key));
			memcpy(&value, b + BUCKET_ELEMS + i * 16, sizeof(value));
			if (b[i] >= TOPHASH_FULL)
				err = put(rt, key, value, c, n);
		}
		memcpy(&at, b + BUCKET_OVERFLOW, 8);
	}
	return err;
}

static struct err *from_map(struct rt *rt, addr_t at, struct rt_census *c, uint32_t *n)
{
	uint8_t h[HMAP];
	uint64_t map, count, arrays[2];
	unsigned budget = MAX_BUCKETS;
	struct err *err = mem_u64(rt->mem, at, &map);
	if (!err && map)
		err = mem_read(rt->mem, map, h, sizeof(h));
	if (err || !map)
		return err;
	memcpy(&count, h + HMAP_COUNT, 8);
	memcpy(arrays, h + HMAP_BUCKETS, sizeof(arrays));
	uint8_t log2 = h[HMAP_B];
	for (int old = 0; !err && old < 2; old++) {
		uint8_t bits = old && log2 ? (uint8_t)(log2 - 1) : log2;
		for (uint64_t i = 0; !err && arrays[old] && bits < 6 && count <= MAX_LABELS && i < 1ull << bits; i++)
			err = from_bucket(rt, arrays[old] + i * BUCKET, c, n, &budget);
	}
	return err;
}

static int by_key(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

struct err *gor_labels(struct rt *rt, addr_t labels, struct rt_goroutine *o, struct rt_census *c)
{
	bool fresh;
	uint64_t *slot = labels ? map_at(rt->gor->labels_of, labels, &fresh) : NULL;
	if (!labels || rt->minor < 0)
		return NULL;
	if (!slot)
		return &err_nomem;
	if (fresh) {
		uint32_t n = 0;
		size_t at = c->labels.len;
		struct err *err = rt->minor >= 24 ? from_list(rt, labels, c, &n) : from_map(rt, labels, c, &n);
		if (err && err_kind(err) == ERR_NOMEM)
			return err;
		err_free(err); // moved on meanwhile: without labels
		if (n > 1 && rt->minor < 24)
			qsort(c->labels.at + at, n, 2 * sizeof(*c->labels.at), by_key);
		c->labels.len = at + 2ull * n;
		*slot = (uint64_t)n << 32 | at;
	}
	o->n_labels = (uint32_t)(*slot >> 32);
	o->labels_at = (uint32_t)*slot;
	return NULL;
}
