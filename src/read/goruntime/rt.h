// struct rt, for the files of this room. Whoever adds state of a subject (buckets, spans, goroutines) hangs it on a pointer
// of its own, made when first asked for and freed through the function beside it.
#pragma once
#include "base/map.h"
#include "read/goruntime/layout.h"

enum {
	RT_MAX_PS = 1 << 14,          // GOMAXPROCS
	RT_MAX_GS = 64 << 20,
	RT_MAX_SPANS = 256 << 20,
	RT_MAX_BUCKETS = 4 << 20,
	RT_MAX_STACK = 1024,          // frames of a bucket
	RT_RETRIES = 4,
	RT_IOV = 1024,                // ranges of one read
};

struct rt {
	struct target *target;
	const struct mem *mem;
	const struct gobin *g;
	addr_t bias;
	enum gobin_arch arch;
	int minor, patch;             // -1: not of the form go1.N.P
	struct gaps gaps;
	struct rt_layout_set lay;
	bool has_memstats, has_buckets, has_goroutines, has_spans;
	uint32_t class_size[68];      // bytes of each size class; [0] unused
	VEC(addr_t) allp;             // refreshed by rt_ps()
	struct rt_stats *stats;       // memstats.c
	struct rt_bucket_state *buckets; // buckets.c
	struct rt_span_state *spans;  // spans.c
	struct rt_gor *gor;           // goroutines.c
	void (*gor_free)(struct rt_gor *);
};

static inline bool rt_known(const struct rt *rt, enum rt_key k) { return rt->lay.at[k].state == RT_KNOWN; }
static inline bool rt_absent(const struct rt *rt, enum rt_key k) { return rt->lay.at[k].state == RT_ABSENT; }
static inline uint32_t rt_off(const struct rt *rt, enum rt_key k)
{
	assert(rt_known(rt, k));
	return rt->lay.at[k].off;
}
static inline uint32_t rt_size(const struct rt *rt, enum rt_key k) // of a field, in bytes
{
	assert(rt_known(rt, k));
	return rt->lay.at[k].size;
}
static inline addr_t rt_global(const struct rt *rt, enum rt_global g) { return rt->lay.globals[g]; }

// The field of a struct copied to `base` (its whole size must have been copied). Fields up to 8 bytes, zero-extended;
// a longer one (a slice, an interface): its first word.
static inline uint64_t rt_get(const struct rt *rt, enum rt_key k, const void *base)
{
	struct rt_place p = rt->lay.at[k];
	uint64_t v = 0;
	assert(p.state == RT_KNOWN);
	__builtin_memcpy(&v, (const uint8_t *)base + p.off, p.size > 8 ? 8 : p.size);
	return v;
}

// All known? If not, layout_unknown with `subject` and the first missing field is added to the gaps.
bool rt_needs(struct rt *rt, const char *subject, const enum rt_key *keys, size_t n);
bool rt_needs_globals(struct rt *rt, const char *subject, const enum rt_global *globals, size_t n);

// A slice header at addr, read until two readings agree and len <= cap, len <= max; its last element can be read, so that
// a length made of garbage reserves no memory. ERR_INPUT otherwise. elem: bytes of an element.
must_use struct err *rt_slice(struct rt *rt, addr_t addr, uint32_t elem, uint64_t max, const char *what, addr_t *ret_data,
			      uint64_t *ret_len);
// rt->allp anew.
must_use struct err *rt_ps(struct rt *rt);
// Many ranges, RT_IOV at a time.
must_use struct err *rt_readv(struct rt *rt, struct mem_range *ranges, size_t n);
// In the loaded image's text?
bool rt_in_text(const struct rt *rt, addr_t pc);

void rt_check(struct rt *rt); // invariants.c: refuses what does not hold, sets has_*
must_use struct err *refs_vote(struct rt *rt); // refs.c: fills the globals that are still 0

struct err *buckets_check(struct rt *rt, size_t *ret_n); // buckets.c: NULL: they look like buckets, ret_n of them

void stats_free(struct rt_stats *s);
void bucket_state_free(struct rt_bucket_state *s);
void span_state_free(struct rt_span_state *s);
