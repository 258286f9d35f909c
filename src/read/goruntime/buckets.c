// The heap profile's buckets (src/runtime/mprof.go: bucket, memRecord). A bucket is never freed and its header and stack
// never change; the list grows at its head. So the list is walked once, later only its new head; the counters are then
// read in dense ranges, since buckets lie one behind the other in the runtime's persistent chunks.
//
//	bucket { next, allnext, typ, hash, size, nstk }  nstk * return address  memRecord { active, future[3] }
//
// memRecordCycle is {allocs, frees} in 1.27, followed by the same in bytes before: bytes = count * size in both.
#include "base/arena.h"
#include "read/goruntime/rt.h"

#include <string.h>

enum {
	MEM_PROFILE = 1,       // bucket.typ
	CHUNK = 256 << 10,     // most bytes of one range
	HOLE = 1024,           // buckets further apart than this begin a new range
	MAX_HEADER = 128,
	MAX_RECORD = 512,
	FIRST_FRAMES = 16,     // read together with the header
	CYCLES = 3,            // future cycles
};

struct known {
	addr_t addr;
	uint64_t size;
	const addr_t *stack;
	uint32_t n_stack;
	uint32_t record_at;    // into the bytes read
};

struct range { addr_t addr; uint32_t len, at; };

struct rt_bucket_state {
	struct arena *arena;   // stacks
	VEC(struct known) at;  // ascending by address
	VEC(struct range) ranges;
	VEC(uint8_t) bytes;
	VEC(struct mem_range) iov;
	struct map *seen;      // addresses: a list that comes back to one of them is a circle
	addr_t head;           // the newest bucket known
	uint32_t header, record;
};

void bucket_state_free(struct rt_bucket_state *s)
{
	if (!s)
		return;
	arena_free(s->arena);
	map_free(s->seen);
	vec_fini(&s->at);
	vec_fini(&s->ranges);
	vec_fini(&s->bytes);
	vec_fini(&s->iov);
	free(s);
}

void rt_buckets_fini(struct rt_buckets *b) { vec_fini(&b->at); }

static struct err *state_get(struct rt *rt, struct rt_bucket_state **ret)
{
	struct rt_bucket_state *s = rt->buckets;
	if (!s) {
		s = calloc(1, sizeof(*s));
		if (!s || !(s->arena = arena_new()) || !(s->seen = map_new()))
			return bucket_state_free(s), &err_nomem;
		s->header = rt_off(rt, K_SIZEOF_BUCKET);
		s->record = rt_off(rt, K_SIZEOF_MEMRECORD);
		rt->buckets = s;
	}
	*ret = s;
	return NULL;
}

// ---- the list -------------------------------------------------------------------------------------------------------

// One bucket, by value; the stack into the arena. *ret_next: the one behind.
static struct err *read_bucket(struct rt *rt, struct rt_bucket_state *s, addr_t addr, struct known *ret, addr_t *ret_next)
{
	uint8_t buf[MAX_HEADER + 8 * FIRST_FRAMES];
	struct mem_range r = {addr, buf, s->header + 8 * FIRST_FRAMES, 0};
	struct err *err = rt->mem->readv(rt->mem->ctx, &r, 1);
	if (err || r.got < s->header)
		return err ? err : err_new(ERR_GONE, "bucket 0x%llx is not mapped", (unsigned long long)addr);
	uint64_t typ = rt_get(rt, K_BUCKET_TYP, buf), n = rt_get(rt, K_BUCKET_NSTK, buf);
	if (typ != MEM_PROFILE || n > RT_MAX_STACK)
		return err_new(ERR_INPUT, "bucket 0x%llx: type %llu (1 was expected), %llu frames (at most %d)", (unsigned long long)addr,
			       (unsigned long long)typ, (unsigned long long)n, RT_MAX_STACK);
	addr_t *stack = arena_alloc(s->arena, (n ? n : 1) * sizeof(*stack));
	if (!stack)
		return &err_nomem;
	size_t have = (r.got - s->header) / 8;
	have = have < n ? have : n;
	memcpy(stack, buf + s->header, have * 8);
	if (have < n)
		err = mem_read(rt->mem, addr + s->header + have * 8, stack + have, (n - have) * 8);
	if (err)
		return err_while(err, "reading the stack of a bucket");
	*ret = (struct known){addr, rt_get(rt, K_BUCKET_SIZE, buf), stack, (uint32_t)n, 0};
	*ret_next = rt_get(rt, K_BUCKET_ALLNEXT, buf);
	return NULL;
}

static int by_addr(const void *a, const void *b)
{
	addr_t x = ((const struct known *)a)->addr, y = ((const struct known *)b)->addr;
	return x < y ? -1 : x > y;
}

// Where each record will lie in s->bytes.
static struct err *plan(struct rt_bucket_state *s)
{
	uint32_t total = 0;
	s->ranges.len = 0;
	for (size_t i = 0; i < s->at.len; i++) {
		struct known *k = &s->at.at[i];
		addr_t start = k->addr + s->header + 8 * (addr_t)k->n_stack, end = start + s->record;
		struct range *r = s->ranges.len ? &s->ranges.at[s->ranges.len - 1] : NULL;
		if (!r || start < r->addr + r->len || start - (r->addr + r->len) > HOLE || end - r->addr > CHUNK) {
			struct err *err = vec_push(&s->ranges, RT_MAX_BUCKETS, "ranges of buckets", (struct range){start, 0, total});
			if (err)
				return err;
			r = &s->ranges.at[s->ranges.len - 1];
		}
		total += (uint32_t)(end - r->addr) - r->len;
		r->len = (uint32_t)(end - r->addr);
		k->record_at = r->at + (uint32_t)(start - r->addr);
	}
	struct err *err = vec_reserve(&s->bytes, total, (size_t)RT_MAX_BUCKETS * MAX_RECORD, "bytes of buckets");
	return err ? err : vec_reserve(&s->iov, s->ranges.len, RT_MAX_BUCKETS, "ranges of buckets");
}

// A walk that failed: only what was known before it is known.
static struct err *forget_since(struct rt_bucket_state *s, size_t before, struct err *why)
{
	struct map *seen = map_new();
	bool whole = seen;
	s->at.len = before;
	for (size_t i = 0; whole && i < before; i++)
		whole = map_at(seen, s->at.at[i].addr, NULL);
	if (!whole) {
		map_free(seen);
		err_free(why);
		return &err_nomem;
	}
	map_free(s->seen);
	s->seen = seen;
	return why;
}

// From the list's head to the newest bucket known.
static struct err *walk(struct rt *rt, struct rt_bucket_state *s)
{
	addr_t head, b;
	struct err *err = mem_u64(rt->mem, rt_global(rt, G_MBUCKETS), &head);
	size_t before = s->at.len;
	for (b = head; !err && b && b != s->head; ) {
		struct known k = {0};
		bool fresh;
		if (!map_at(s->seen, b, &fresh))
			err = &err_nomem;
		else if (!fresh)
			err = err_new(ERR_INPUT, "the list of buckets is a circle");
		else
			err = read_bucket(rt, s, b, &k, &b);
		if (!err)
			err = vec_push(&s->at, RT_MAX_BUCKETS, "buckets", k);
	}
	if (err)
		return forget_since(s, before, err);
	if (s->at.len == before)
		return NULL;
	s->head = head;
	qsort(s->at.at, s->at.len, sizeof(*s->at.at), by_addr);
	return plan(s);
}

// ---- the counters ---------------------------------------------------------------------------------------------------

static struct err *read_records(struct rt *rt, struct rt_bucket_state *s)
{
	for (size_t i = 0; i < s->ranges.len; i++)
		s->iov.at[i] = (struct mem_range){s->ranges.at[i].addr, s->bytes.at + s->ranges.at[i].at, s->ranges.at[i].len, 0};
	struct err *err = rt_readv(rt, s->iov.at, s->ranges.len);
	for (size_t i = 0; !err && i < s->ranges.len; i++)
		if (s->iov.at[i].got != s->iov.at[i].len)
			memset((uint8_t *)s->iov.at[i].buf + s->iov.at[i].got, 0, s->iov.at[i].len - s->iov.at[i].got);
	return err;
}

// Returns whether there is anything in any `active`: nothing before the first collection.
static bool count(const struct rt *rt, const struct rt_bucket_state *s, uint32_t cycle, struct rt_buckets *ret)
{
	uint32_t active = rt_off(rt, K_MEMRECORD_ACTIVE), future = rt_off(rt, K_MEMRECORD_FUTURE);
	uint32_t size = rt_off(rt, K_SIZEOF_MEMRECORDCYCLE);
	bool any = false;
	for (size_t i = 0; i < s->at.len; i++) {
		const struct known *k = &s->at.at[i];
		const uint8_t *rec = s->bytes.at + k->record_at;
		struct rt_bucket b = {.addr = k->addr, .size = k->size, .stack = k->stack, .n_stack = k->n_stack};
		b.allocs = rt_get(rt, K_MEMRECORDCYCLE_ALLOCS, rec + active);
		b.frees = rt_get(rt, K_MEMRECORDCYCLE_FREES, rec + active);
		any |= b.allocs || b.frees;
		b.published_allocs = b.allocs;
		b.published_frees = b.frees;
		for (uint32_t c = 0; c < CYCLES; c++) {
			const uint8_t *f = rec + future + c * size;
			uint64_t a = rt_get(rt, K_MEMRECORDCYCLE_ALLOCS, f), d = rt_get(rt, K_MEMRECORDCYCLE_FREES, f);
			b.allocs += a;
			b.frees += d;
			if (c == cycle % CYCLES) {
				b.published_allocs += a;
				b.published_frees += d;
			}
		}
		ret->at.at[i] = b;
	}
	return any;
}

struct err *rt_buckets(struct rt *rt, struct rt_buckets *ret)
{
	struct rt_bucket_state *s;
	uint32_t before = 0, after = 1;
	if (!rt->has_buckets)
		return err_new(ERR_UNSUPPORTED, "the heap profile of this runtime cannot be read");
	struct err *err = state_get(rt, &s);
	for (int i = 0; !err && i < 2 && before != after; i++) {
		err = mem_u32(rt->mem, rt_global(rt, G_MPROFCYCLE), &before);
		if (!err)
			err = walk(rt, s);
		if (!err)
			err = read_records(rt, s);
		if (!err)
			err = mem_u32(rt->mem, rt_global(rt, G_MPROFCYCLE), &after);
	}
	if (!err)
		err = vec_reserve(&ret->at, s->at.len, RT_MAX_BUCKETS, "buckets");
	if (err)
		return err_while(err, "reading the heap profile");
	ret->at.len = s->at.len;
	ret->profile_cycle = after >> 1;
	ret->torn = before != after;
	if (!count(rt, s, ret->profile_cycle, ret)) // no collection yet: the profile shows everything
		for (size_t i = 0; i < ret->at.len; i++) {
			ret->at.at[i].published_allocs = ret->at.at[i].allocs;
			ret->at.at[i].published_frees = ret->at.at[i].frees;
		}
	return NULL;
}

// ---- does it look like one? -----------------------------------------------------------------------------------------

// For invariants.c. NULL: holds (or there is none yet: *ret_n 0). The record's size is checked by its neighbours: buckets
// are laid one behind the other, so none reaches into the next, and some end exactly where the next begins.
struct err *buckets_check(struct rt *rt, size_t *ret_n)
{
	struct rt_bucket_state *s;
	struct rt_buckets all = {0};
	rt->has_buckets = true;
	struct err *err = rt_buckets(rt, &all);
	size_t touching = 0;
	if (!err)
		err = state_get(rt, &s);
	for (size_t i = 0; !err && i < all.at.len; i++) {
		const struct rt_bucket *b = &all.at.at[i];
		addr_t end = b->addr + s->header + 8 * (addr_t)b->n_stack + s->record;
		if (!b->size || b->size > 1ull << 47)
			err = err_new(ERR_INPUT, "bucket 0x%llx: objects of %llu bytes", (unsigned long long)b->addr, (unsigned long long)b->size);
		else if (b->published_frees > b->published_allocs)
			err = err_new(ERR_INPUT, "bucket 0x%llx: more freed than allocated", (unsigned long long)b->addr);
		else if (b->n_stack && !rt_in_text(rt, b->stack[0]))
			err = err_new(ERR_INPUT, "bucket 0x%llx: its stack does not begin in the program's text", (unsigned long long)b->addr);
		else if (i + 1 < all.at.len && end > b[1].addr)
			err = err_new(ERR_INPUT, "bucket 0x%llx reaches into the next", (unsigned long long)b->addr);
		touching += i + 1 < all.at.len && end == b[1].addr;
	}
	if (!err && all.at.len >= 16 && !touching)
		err = err_new(ERR_INPUT, "no bucket ends where the next begins: the record's size is not %u", s->record);
	*ret_n = all.at.len;
	rt_buckets_fini(&all);
	rt->has_buckets = !err;
	return err;
}
