// Memory statistics, as runtime.ReadMemStats would give them (src/runtime/mstats.go: readmemstats_m), without stopping
// anybody: the sums over heapStats' three deltas, plus what the Ps' caches have not flushed yet.
//
// A refill moves a span's objects from "unflushed" into heapStats. So: heapStats and caches, the cached spans, then
// heapStats and caches again; what changed in between is tried again, at last given as it is and called torn.
#include "read/goruntime/rt.h"

#include <string.h>

enum {
	N_CLASSES = 68,
	N_CACHED = 136,     // mcache.alloc: one span a class, with and without pointers
	MAX_MSTATS = 16384, // what we read of memstats
	MAX_GCC = 1024,
	MAX_DELTA = 4096,
	MAX_MCACHE = 8192,
	MAX_MSPAN = 512,
};

struct rt_stats {
	uint8_t gcc[MAX_GCC];
	uint8_t mstats[MAX_MSTATS];
	uint8_t again[MAX_MSTATS]; // heapStats only
	VEC(addr_t) caches;        // p.mcache of each P
	VEC(uint8_t) mcaches, mcaches_again, spans;
	VEC(struct mem_range) ranges;
};

void stats_free(struct rt_stats *s)
{
	if (!s)
		return;
	vec_fini(&s->caches);
	vec_fini(&s->mcaches);
	vec_fini(&s->mcaches_again);
	vec_fini(&s->spans);
	vec_fini(&s->ranges);
	free(s);
}

static struct err *stats_get(struct rt *rt, struct rt_stats **ret)
{
	if (!rt->stats)
		rt->stats = calloc(1, sizeof(*rt->stats));
	*ret = rt->stats;
	return rt->stats ? NULL : &err_nomem;
}

static uint32_t field_end(const struct rt *rt, enum rt_key k) { return rt_off(rt, k) + rt_size(rt, k); }

// ---- the cheap words ------------------------------------------------------------------------------------------------

struct err *rt_poll(struct rt *rt, struct rt_poll *ret)
{
	if (!rt->has_memstats)
		return err_new(ERR_UNSUPPORTED, "memory statistics of this runtime cannot be read");
	uint64_t total[2] = {0}, live = 0;
	uint32_t num_gc = 0, phase = 0;
	addr_t gcc = rt_global(rt, G_GCCONTROLLER);
	struct mem_range r[] = {
		{gcc + rt_off(rt, K_GCCONTROLLERSTATE_TOTALALLOC), &total[0], 8, 0},
		{gcc + rt_off(rt, K_GCCONTROLLERSTATE_TOTALFREE), &total[1], 8, 0},
		{gcc + rt_off(rt, K_GCCONTROLLERSTATE_HEAPLIVE), &live, 8, 0},
		{rt_global(rt, G_MEMSTATS) + rt_off(rt, K_MSTATS_NUMGC), &num_gc, 4, 0},
		{rt_global(rt, G_GCPHASE), &phase, 4, 0},
	};
	struct err *err = rt->mem->readv(rt->mem->ctx, r, rt_global(rt, G_GCPHASE) ? 5 : 4);
	if (err)
		return err_while(err, "reading the heap's totals");
	if (!r[0].got || !r[3].got)
		return err_new(ERR_GONE, "the heap's totals are not mapped any more");
	*ret = (struct rt_poll){
		.total_alloc = total[0],
		.heap_alloc = total[0] > total[1] ? total[0] - total[1] : 0,
		.heap_live = live,
		.num_gc = num_gc,
		.gc_phase = phase,
	};
	return NULL;
}

// ---- sums -----------------------------------------------------------------------------------------------------------

struct sums {
	uint64_t total_alloc, total_free, mallocs, frees, in_stacks, work_bufs, ptr_scalar_bits;
};

// The delta of a longer field at `i`-th word.
static uint64_t word(const uint8_t *base, uint32_t off, uint32_t i)
{
	uint64_t v;
	memcpy(&v, base + off + 8 * i, 8);
	return v;
}

static void add_delta(const struct rt *rt, const uint8_t *d, struct sums *s)
{
	uint64_t tiny = rt_get(rt, K_HEAPSTATSDELTA_TINYALLOCCOUNT, d);
	uint32_t allocs = rt_off(rt, K_HEAPSTATSDELTA_SMALLALLOCCOUNT), frees = rt_off(rt, K_HEAPSTATSDELTA_SMALLFREECOUNT);
	s->total_alloc += rt_get(rt, K_HEAPSTATSDELTA_LARGEALLOC, d);
	s->total_free += rt_get(rt, K_HEAPSTATSDELTA_LARGEFREE, d);
	s->mallocs += rt_get(rt, K_HEAPSTATSDELTA_LARGEALLOCCOUNT, d) + tiny;
	s->frees += rt_get(rt, K_HEAPSTATSDELTA_LARGEFREECOUNT, d) + tiny;
	for (uint32_t c = 0; c < N_CLASSES; c++) {
		uint64_t a = word(d, allocs, c), f = word(d, frees, c);
		s->total_alloc += a * rt->class_size[c];
		s->total_free += f * rt->class_size[c];
		s->mallocs += a;
		s->frees += f;
	}
	s->in_stacks += rt_get(rt, K_HEAPSTATSDELTA_INSTACKS, d);
	s->work_bufs += rt_get(rt, K_HEAPSTATSDELTA_INWORKBUFS, d);
	if (rt_known(rt, K_HEAPSTATSDELTA_INPTRSCALARBITS))
		s->ptr_scalar_bits += rt_get(rt, K_HEAPSTATSDELTA_INPTRSCALARBITS, d);
}

static void add_deltas(const struct rt *rt, const uint8_t *mstats, struct sums *s)
{
	uint32_t size = rt_off(rt, K_SIZEOF_HEAPSTATSDELTA), at = rt_off(rt, K_MSTATS_HEAPSTATS_STATS);
	for (uint32_t i = 0; i < 3; i++)
		add_delta(rt, mstats + at + i * size, s);
}

// ---- what the caches hold back --------------------------------------------------------------------------------------

static struct err *read_caches(struct rt *rt, struct rt_stats *s, uint8_t *buf)
{
	size_t n = s->caches.len, size = rt_off(rt, K_SIZEOF_MCACHE);
	struct err *err = vec_reserve(&s->ranges, n, RT_MAX_PS * N_CACHED, "ranges");
	for (size_t i = 0; !err && i < n; i++)
		s->ranges.at[i] = (struct mem_range){s->caches.at[i], buf + i * size, size, 0};
	return err ? err : rt_readv(rt, s->ranges.at, n);
}

static struct err *find_caches(struct rt *rt, struct rt_stats *s)
{
	struct err *err = rt_ps(rt);
	size_t n = rt->allp.len;
	if (!err)
		err = vec_reserve(&s->caches, n, RT_MAX_PS, "caches");
	if (!err)
		err = vec_reserve(&s->ranges, n, RT_MAX_PS * N_CACHED, "ranges");
	if (err)
		return err;
	for (size_t i = 0; i < n; i++) {
		s->caches.at[i] = 0;
		s->ranges.at[i] = (struct mem_range){rt->allp.at[i] + rt_off(rt, K_P_MCACHE), &s->caches.at[i], 8, 0};
	}
	err = rt_readv(rt, s->ranges.at, n);
	s->caches.len = 0;
	for (size_t i = 0; !err && i < n; i++)
		if (s->ranges.at[i].got == 8 && s->caches.at[i])
			s->caches.at[s->caches.len++] = s->caches.at[i];
	size_t bytes = s->caches.len * rt_off(rt, K_SIZEOF_MCACHE);
	if (!err)
		err = vec_reserve(&s->mcaches, bytes, RT_MAX_PS * MAX_MCACHE, "mcaches");
	if (!err)
		err = vec_reserve(&s->mcaches_again, bytes, RT_MAX_PS * MAX_MCACHE, "mcaches");
	return err;
}

// The spans in s->mcaches: objects allocated since they were cached.
static struct err *add_unflushed(struct rt *rt, struct rt_stats *s, struct sums *sums)
{
	uint32_t mcache = rt_off(rt, K_SIZEOF_MCACHE), alloc = rt_off(rt, K_MCACHE_ALLOC), size = rt_off(rt, K_SIZEOF_MSPAN);
	addr_t empty = rt_global(rt, G_EMPTYMSPAN);
	size_t n = 0, most = s->caches.len * N_CACHED;
	struct err *err = vec_reserve(&s->ranges, most, RT_MAX_PS * N_CACHED, "ranges");
	if (!err)
		err = vec_reserve(&s->spans, most * size, (size_t)RT_MAX_PS * N_CACHED * MAX_MSPAN, "cached spans");
	if (err)
		return err;
	for (size_t i = 0; i < s->caches.len; i++) {
		const uint8_t *c = s->mcaches.at + i * mcache;
		uint64_t tiny = rt_get(rt, K_MCACHE_TINYALLOCS, c);
		sums->mallocs += tiny;
		sums->frees += tiny;
		for (uint32_t k = 0; k < N_CACHED; k++) {
			addr_t span = word(c, alloc, k);
			if (!span || span == empty)
				continue;
			s->ranges.at[n] = (struct mem_range){span, s->spans.at + n * size, size, 0};
			n++;
		}
	}
	err = rt_readv(rt, s->ranges.at, n);
	for (size_t i = 0; !err && i < n; i++) {
		const uint8_t *span = s->spans.at + i * size;
		if (s->ranges.at[i].got != size)
			continue;
		uint64_t all = rt_get(rt, K_MSPAN_ALLOCCOUNT, span), before = rt_get(rt, K_MSPAN_ALLOCCOUNTBEFORECACHE, span);
		if (all <= before)
			continue;
		sums->mallocs += all - before;
		sums->total_alloc += (all - before) * rt_get(rt, K_MSPAN_ELEMSIZE, span);
	}
	return err;
}

// The spans cached, and what was counted, are those of before.
static bool same(const struct rt *rt, const struct rt_stats *s)
{
	uint32_t mcache = rt_off(rt, K_SIZEOF_MCACHE), alloc = rt_off(rt, K_MCACHE_ALLOC);
	for (size_t i = 0; i < s->caches.len; i++)
		if (memcmp(s->mcaches.at + i * mcache + alloc, s->mcaches_again.at + i * mcache + alloc, N_CACHED * 8))
			return false;
	uint32_t at = rt_off(rt, K_MSTATS_HEAPSTATS_STATS);
	return !memcmp(s->mstats + at, s->again + at, field_end(rt, K_MSTATS_HEAPSTATS_GEN) - at);
}

// ---- the next collection --------------------------------------------------------------------------------------------

// src/runtime/mgcpacer.go: memoryLimitHeapGoal
static uint64_t limit_goal(const struct rt *rt, const uint8_t *c, const struct sums *s)
{
	uint64_t limit = rt_get(rt, K_GCCONTROLLERSTATE_MEMORYLIMIT, c), ready = rt_get(rt, K_GCCONTROLLERSTATE_MAPPEDREADY, c);
	uint64_t used = rt_get(rt, K_GCCONTROLLERSTATE_HEAPFREE, c) + s->total_alloc - s->total_free;
	uint64_t marked = rt_get(rt, K_GCCONTROLLERSTATE_HEAPMARKED, c);
	if (used > ready)
		return UINT64_MAX;
	uint64_t other = ready - used, over = ready > limit ? ready - limit : 0;
	if (other + over >= limit)
		return marked;
	uint64_t goal = limit - (other + over), room = max_u64(goal / 100 * 3, 1 << 20);
	goal = goal < room || goal - room < room ? room : goal - room;
	return max_u64(goal, marked);
}

static uint64_t next_gc(const struct rt *rt, const uint8_t *c, const struct sums *s)
{
	uint64_t goal = rt_get(rt, K_GCCONTROLLERSTATE_GCPERCENTHEAPGOAL, c), limited = limit_goal(rt, c, s);
	if (limited < goal)
		return limited;
	goal = max_u64(goal, rt_get(rt, K_GCCONTROLLERSTATE_SWEEPDISTMINTRIGGER, c));
	uint64_t triggered = rt_get(rt, K_GCCONTROLLERSTATE_TRIGGERED, c);
	return triggered != UINT64_MAX ? max_u64(goal, triggered + (64 << 10)) : goal;
}

// ---- one sample -----------------------------------------------------------------------------------------------------

static void fill(const struct rt *rt, const struct rt_stats *s, const struct sums *sum, struct rt_memstats *ret)
{
	const uint8_t *c = s->gcc, *m = s->mstats;
	uint64_t inuse = rt_get(rt, K_GCCONTROLLERSTATE_HEAPINUSE, c), idle = rt_get(rt, K_GCCONTROLLERSTATE_HEAPFREE, c);
	uint64_t released = rt_get(rt, K_GCCONTROLLERSTATE_HEAPRELEASED, c);
	uint64_t sys = rt_get(rt, K_MSTATS_STACKS_SYS, m) + rt_get(rt, K_MSTATS_MSPAN_SYS, m) + rt_get(rt, K_MSTATS_MCACHE_SYS, m) +
		rt_get(rt, K_MSTATS_BUCKHASH_SYS, m) + rt_get(rt, K_MSTATS_GCMISCSYS, m) + rt_get(rt, K_MSTATS_OTHER_SYS, m);
	uint64_t live = sum->total_alloc > sum->total_free ? sum->total_alloc - sum->total_free : 0;
	*ret = (struct rt_memstats){
		.alloc = live,
		.total_alloc = sum->total_alloc,
		.sys = inuse + idle + released + sys + sum->in_stacks + sum->work_bufs + sum->ptr_scalar_bits,
		.mallocs = sum->mallocs,
		.frees = sum->frees,
		.heap_alloc = live,
		.heap_sys = inuse + idle + released,
		.heap_idle = idle + released,
		.heap_inuse = inuse,
		.heap_released = released,
		.heap_objects = sum->mallocs > sum->frees ? sum->mallocs - sum->frees : 0,
		.stack_inuse = sum->in_stacks,
		.stack_sys = sum->in_stacks + rt_get(rt, K_MSTATS_STACKS_SYS, m),
		.mspan_sys = rt_get(rt, K_MSTATS_MSPAN_SYS, m),
		.mcache_sys = rt_get(rt, K_MSTATS_MCACHE_SYS, m),
		.buckhash_sys = rt_get(rt, K_MSTATS_BUCKHASH_SYS, m),
		.gc_sys = rt_get(rt, K_MSTATS_GCMISCSYS, m) + sum->work_bufs + sum->ptr_scalar_bits,
		.other_sys = rt_get(rt, K_MSTATS_OTHER_SYS, m),
		.next_gc = next_gc(rt, c, sum),
		.last_gc_unix_ns = rt_get(rt, K_MSTATS_LAST_GC_UNIX, m),
		.pause_total_ns = rt_get(rt, K_MSTATS_PAUSE_TOTAL_NS, m),
		.num_gc = (uint32_t)rt_get(rt, K_MSTATS_NUMGC, m),
		.num_forced_gc = (uint32_t)rt_get(rt, K_MSTATS_NUMFORCEDGC, m),
		.heap_live = rt_get(rt, K_GCCONTROLLERSTATE_HEAPLIVE, c),
		.heap_marked = rt_get(rt, K_GCCONTROLLERSTATE_HEAPMARKED, c),
		.memory_limit = (int64_t)rt_get(rt, K_GCCONTROLLERSTATE_MEMORYLIMIT, c),
		.gc_percent = (int32_t)rt_get(rt, K_GCCONTROLLERSTATE_GCPERCENT, c),
	};
}

static struct err *read_totals(struct rt *rt, struct rt_stats *s)
{
	uint32_t m = field_end(rt, K_MSTATS_LAST_GC_NANOTIME), c = field_end(rt, K_GCCONTROLLERSTATE_MAPPEDREADY);
	struct mem_range r[] = {
		{rt_global(rt, G_MEMSTATS), s->mstats, m, 0},
		{rt_global(rt, G_GCCONTROLLER), s->gcc, c, 0},
	};
	struct err *err = rt_readv(rt, r, 2);
	if (!err && (r[0].got != m || r[1].got != c))
		err = err_new(ERR_GONE, "the runtime's statistics are not mapped any more");
	return err;
}

static int64_t profile_rate(struct rt *rt)
{
	int64_t rate = -1;
	uint8_t off = 0;
	struct mem_range r[2] = {{rt_global(rt, G_MEMPROFILERATE), &rate, 8, 0},
				 {rt_global(rt, G_DISABLE_MEMORY_PROFILING), &off, 1, 0}};
	struct err *err = r[0].addr ? rt_readv(rt, r, r[1].addr ? 2 : 1) : NULL;
	err_free(err);
	return off ? 0 : rate;
}

struct err *rt_memstats(struct rt *rt, struct rt_memstats *ret)
{
	struct rt_stats *s;
	if (!rt->has_memstats)
		return err_new(ERR_UNSUPPORTED, "memory statistics of this runtime cannot be read");
	struct err *err = stats_get(rt, &s);
	if (!err)
		err = find_caches(rt, s);
	uint32_t at = err ? 0 : rt_off(rt, K_MSTATS_HEAPSTATS_STATS);
	uint32_t len = err ? 0 : field_end(rt, K_MSTATS_HEAPSTATS_GEN) - at;
	bool stable = false;
	struct sums sum = {0};
	for (int i = 0; !err && !stable && i < RT_RETRIES; i++) {
		sum = (struct sums){0};
		err = read_totals(rt, s);
		if (!err)
			err = read_caches(rt, s, s->mcaches.at);
		if (!err)
			err = add_unflushed(rt, s, &sum);
		if (!err)
			err = mem_read(rt->mem, rt_global(rt, G_MEMSTATS) + at, s->again + at, len);
		if (!err)
			err = read_caches(rt, s, s->mcaches_again.at);
		if (!err)
			stable = same(rt, s);
	}
	if (err)
		return err_while(err, "reading the memory statistics");
	add_deltas(rt, s->mstats, &sum);
	fill(rt, s, &sum, ret);
	ret->mem_profile_rate = profile_rate(rt);
	ret->torn = !stable;
	return NULL;
}

// ---- collections ----------------------------------------------------------------------------------------------------

struct err *rt_gcs(struct rt *rt, struct rt_gc ret[256], size_t *ret_n)
{
	uint64_t pause[256], end[256];
	uint32_t before = 0, after = 1;
	addr_t m = rt_global(rt, G_MEMSTATS);
	if (!rt->has_memstats)
		return err_new(ERR_UNSUPPORTED, "memory statistics of this runtime cannot be read");
	for (int i = 0; i < RT_RETRIES && before != after; i++) {
		struct err *err = mem_u32(rt->mem, m + rt_off(rt, K_MSTATS_NUMGC), &before);
		if (!err)
			err = mem_read(rt->mem, m + rt_off(rt, K_MSTATS_PAUSE_NS), pause, sizeof(pause));
		if (!err)
			err = mem_read(rt->mem, m + rt_off(rt, K_MSTATS_PAUSE_END), end, sizeof(end));
		if (!err)
			err = mem_u32(rt->mem, m + rt_off(rt, K_MSTATS_NUMGC), &after);
		if (err)
			return err_while(err, "reading the ring of collections");
	}
	uint32_t n = after < 256 ? after : 256;
	*ret_n = 0;
	// The oldest slot of a full ring may be half overwritten if a collection ended meanwhile: left out then.
	for (uint32_t i = n; i > 0; i--) {
		uint32_t cycle = after - i + 1, at = (cycle + 255) % 256;
		if (before != after && i == n && n == 256)
			continue;
		ret[(*ret_n)++] = (struct rt_gc){cycle, (int64_t)end[at], pause[at]};
	}
	return NULL;
}
