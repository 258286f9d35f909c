// Layouts are believed only after the target confirms them. What must hold, by struct:
//   A  the target's own descriptors equal the table of its release (layouts.c): else it is a changed release, and what
//      comes from the table needs one of the following or is refused
//   B  mheap: its fixallocs know the sizes of mspan, mcache, specialprofile (mheap, mspan, mcache, special)
//   D  allp[i].id == i and its cache is mapped (p); allgs[0].goid == 1, states in range, stacks the right way up (g)
//   E  spans: addresses on page bounds, slots fit their pages, sizes are those of the class, arenas[..].spans leads back
//      (mspan, mheap, heapArena); heapStats: inHeap == heapInUse, released == heapReleased, the total of allocations ==
//      totalAlloc (mstats, heapStatsDelta, gcControllerState)
//   F  buckets: type, frames, sizes, frees <= allocs, none reaches into the next (bucket, memRecord)
// A target at work may break an equality between two words for a moment: every check tries a few times.
#include "read/goruntime/rt.h"

#include <stdio.h>
#include <string.h>

enum { TRIES = 40, SAMPLE = 64, PAGE = 8192, MAX_STRUCT = 2 << 20, MAX_DELTA = 4096, MAX_MSTATS = 16384, MAX_GCC = 1024 };

#define KEYS(...) (enum rt_key[]){__VA_ARGS__}, countof(((enum rt_key[]){__VA_ARGS__}))
#define GLOBALS(...) (enum rt_global[]){__VA_ARGS__}, countof(((enum rt_global[]){__VA_ARGS__}))

// Every field lies inside its struct: whatever the source, before anything is read by it.
static void check_extent(struct rt *rt)
{
	uint32_t sizes[S_COUNT] = {0};
	for (enum rt_key k = 0; k < K_COUNT; k++)
		if (!layout_field_name(k)[0] && rt_known(rt, k))
			sizes[layout_struct_of(k)] = rt_off(rt, k);
	for (enum rt_key k = 0; k < K_COUNT; k++) {
		enum rt_struct s = layout_struct_of(k);
		if (!layout_field_name(k)[0] || s == S_CONST || !rt_known(rt, k))
			continue;
		uint64_t end = (uint64_t)rt_off(rt, k) + rt_size(rt, k);
		if (end > (sizes[s] ? sizes[s] : MAX_STRUCT) || sizes[s] > MAX_STRUCT)
			layout_refuse(rt, s, "%s lies outside of it", layout_field_name(k));
	}
}

// ---- B --------------------------------------------------------------------------------------------------------------

static bool fixalloc_is(struct rt *rt, enum rt_key alloc, enum rt_key size)
{
	uint64_t v;
	if (!rt_known(rt, alloc) || !rt_known(rt, size))
		return true;
	struct err *err = mem_u64(rt->mem, rt_global(rt, G_MHEAP) + rt_off(rt, alloc), &v); // fixalloc.size comes first
	if (err)
		return err_free(err), false;
	if (v == rt_off(rt, size))
		return true;
	layout_refuse(rt, S_MHEAP, "%s allocates objects of %llu bytes, %s has %u", layout_field_name(alloc), (unsigned long long)v,
		      layout_struct_name(layout_struct_of(size)), rt_off(rt, size));
	return false;
}

static void check_mheap(struct rt *rt)
{
	if (!rt_global(rt, G_MHEAP) || !rt_known(rt, K_SIZEOF_MHEAP))
		return;
	if (fixalloc_is(rt, K_MHEAP_SPANALLOC, K_SIZEOF_MSPAN) && fixalloc_is(rt, K_MHEAP_CACHEALLOC, K_SIZEOF_MCACHE))
		(void)fixalloc_is(rt, K_MHEAP_SPECIALPROFILEALLOC, K_SIZEOF_SPECIALPROFILE);
}

// ---- D --------------------------------------------------------------------------------------------------------------

static const char *p_wrong(struct rt *rt)
{
	struct err *err = rt_ps(rt);
	if (err)
		return err_free(err), "allp is no list";
	if (!rt->allp.len)
		return "allp is empty";
	for (size_t i = 0; i < rt->allp.len; i++) {
		uint32_t id;
		uint64_t cache;
		uint8_t first;
		err = mem_u32(rt->mem, rt->allp.at[i] + rt_off(rt, K_P_ID), &id);
		if (!err)
			err = mem_u64(rt->mem, rt->allp.at[i] + rt_off(rt, K_P_MCACHE), &cache);
		if (!err && cache)
			err = mem_read(rt->mem, cache, &first, 1);
		if (err)
			return err_free(err), "a P or its cache is not mapped";
		if (id != i)
			return "allp[i].id is not i";
	}
	return NULL;
}

static void check_p(struct rt *rt)
{
	if (!rt_global(rt, G_ALLP) || !rt_known(rt, K_P_ID) || !rt_known(rt, K_P_MCACHE))
		return;
	const char *wrong = NULL;
	for (int i = 0; i < RT_RETRIES; i++)
		if (!(wrong = p_wrong(rt)))
			return;
	layout_refuse(rt, S_P, "%s", wrong);
}

static const char *g_wrong(struct rt *rt)
{
	addr_t data = 0, g;
	uint64_t n = 0, size = rt_off(rt, K_SIZEOF_G);
	uint8_t buf[4096];
	struct err *err = rt_slice(rt, rt_global(rt, G_ALLGS), 8, RT_MAX_GS, "allgs", &data, &n);
	if (err)
		return err_free(err), "allgs is no list";
	if (!n || size > sizeof(buf))
		return "allgs is empty";
	for (uint64_t i = 0; i < n && i < SAMPLE; i++) {
		err = mem_u64(rt->mem, data + 8 * i, &g);
		if (!err)
			err = mem_read(rt->mem, g, buf, size);
		if (err)
			return err_free(err), "a goroutine is not mapped";
		uint64_t status = rt_get(rt, K_G_ATOMICSTATUS, buf) & ~0x1000ull;
		uint64_t lo = rt_get(rt, K_G_STACK_LO, buf), hi = rt_get(rt, K_G_STACK_HI, buf), sp = rt_get(rt, K_G_SCHED_SP, buf);
		if (!i && rt_get(rt, K_G_GOID, buf) != 1)
			return "the first goroutine's id is not 1";
		if (status > 11)
			return "a goroutine's state is none that Go has";
		if (lo > hi || hi - lo > 1ull << 32)
			return "a goroutine's stack ends before it begins";
		if (status == 4 && (sp < lo || sp > hi))
			return "a waiting goroutine's stack pointer is not in its stack";
	}
	return NULL;
}

static void check_g(struct rt *rt)
{
	if (!rt_global(rt, G_ALLGS) || !rt_known(rt, K_SIZEOF_G) || !rt_known(rt, K_G_GOID) || !rt_known(rt, K_G_ATOMICSTATUS) ||
	    !rt_known(rt, K_G_STACK_LO) || !rt_known(rt, K_G_STACK_HI) || !rt_known(rt, K_G_SCHED_SP))
		return;
	const char *wrong = NULL;
	for (int i = 0; i < TRIES; i++)
		if (!(wrong = g_wrong(rt)))
			return;
	layout_refuse(rt, S_G, "%s", wrong);
}

// ---- E: statistics --------------------------------------------------------------------------------------------------

static bool totals_fit(const struct rt *rt, const uint8_t *m, const uint8_t *c, const char **ret_wrong)
{
	uint32_t size = rt_off(rt, K_SIZEOF_HEAPSTATSDELTA), at = rt_off(rt, K_MSTATS_HEAPSTATS_STATS);
	uint64_t in_heap = 0, released = 0, allocated = 0, last, end;
	for (uint32_t i = 0; i < 3; i++) {
		const uint8_t *d = m + at + i * size;
		in_heap += rt_get(rt, K_HEAPSTATSDELTA_INHEAP, d);
		released += rt_get(rt, K_HEAPSTATSDELTA_RELEASED, d);
		allocated += rt_get(rt, K_HEAPSTATSDELTA_LARGEALLOC, d);
		for (uint32_t k = 0; k < countof(rt->class_size); k++) {
			uint64_t count;
			memcpy(&count, d + rt_off(rt, K_HEAPSTATSDELTA_SMALLALLOCCOUNT) + 8 * k, 8);
			allocated += count * rt->class_size[k];
		}
	}
	uint32_t cycles = (uint32_t)rt_get(rt, K_MSTATS_NUMGC, m);
	memcpy(&end, m + rt_off(rt, K_MSTATS_PAUSE_END) + 8 * ((cycles + 255) % 256), 8);
	last = rt_get(rt, K_MSTATS_LAST_GC_UNIX, m);
	*ret_wrong = in_heap != rt_get(rt, K_GCCONTROLLERSTATE_HEAPINUSE, c) ? "its sum of heap bytes is not gcController.heapInUse" :
		released != rt_get(rt, K_GCCONTROLLERSTATE_HEAPRELEASED, c) ? "its sum of released bytes is not gcController.heapReleased" :
		allocated != rt_get(rt, K_GCCONTROLLERSTATE_TOTALALLOC, c) ? "its sum of allocations is not gcController.totalAlloc" :
		(cycles ? end != last : last != 0) ? "the last collection is not the last of the ring" : NULL;
	return !*ret_wrong;
}

static bool stats_needed(struct rt *rt)
{
	return rt_needs_globals(rt, "memory statistics", GLOBALS(G_MEMSTATS, G_GCCONTROLLER, G_ALLP)) &&
		rt_needs(rt, "memory statistics", KEYS(K_MSTATS_HEAPSTATS_STATS, K_MSTATS_HEAPSTATS_GEN, K_MSTATS_STACKS_SYS,
			K_MSTATS_MSPAN_SYS, K_MSTATS_MCACHE_SYS, K_MSTATS_BUCKHASH_SYS, K_MSTATS_GCMISCSYS, K_MSTATS_OTHER_SYS,
			K_MSTATS_LAST_GC_UNIX, K_MSTATS_PAUSE_TOTAL_NS, K_MSTATS_PAUSE_NS, K_MSTATS_PAUSE_END, K_MSTATS_NUMGC,
			K_MSTATS_NUMFORCEDGC, K_MSTATS_LAST_GC_NANOTIME)) &&
		rt_needs(rt, "memory statistics", KEYS(K_SIZEOF_HEAPSTATSDELTA, K_HEAPSTATSDELTA_RELEASED, K_HEAPSTATSDELTA_INHEAP,
			K_HEAPSTATSDELTA_INSTACKS, K_HEAPSTATSDELTA_INWORKBUFS, K_HEAPSTATSDELTA_TINYALLOCCOUNT,
			K_HEAPSTATSDELTA_LARGEALLOC, K_HEAPSTATSDELTA_LARGEALLOCCOUNT, K_HEAPSTATSDELTA_SMALLALLOCCOUNT,
			K_HEAPSTATSDELTA_LARGEFREE, K_HEAPSTATSDELTA_LARGEFREECOUNT, K_HEAPSTATSDELTA_SMALLFREECOUNT)) &&
		rt_needs(rt, "memory statistics", KEYS(K_GCCONTROLLERSTATE_GCPERCENT, K_GCCONTROLLERSTATE_MEMORYLIMIT,
			K_GCCONTROLLERSTATE_GCPERCENTHEAPGOAL, K_GCCONTROLLERSTATE_SWEEPDISTMINTRIGGER, K_GCCONTROLLERSTATE_TRIGGERED,
			K_GCCONTROLLERSTATE_HEAPLIVE, K_GCCONTROLLERSTATE_HEAPMARKED, K_GCCONTROLLERSTATE_HEAPINUSE,
			K_GCCONTROLLERSTATE_HEAPRELEASED, K_GCCONTROLLERSTATE_HEAPFREE, K_GCCONTROLLERSTATE_TOTALALLOC,
			K_GCCONTROLLERSTATE_TOTALFREE, K_GCCONTROLLERSTATE_MAPPEDREADY)) &&
		rt_needs(rt, "memory statistics", KEYS(K_P_ID, K_P_MCACHE, K_SIZEOF_MCACHE, K_MCACHE_ALLOC, K_MCACHE_TINYALLOCS,
			K_SIZEOF_MSPAN, K_MSPAN_ALLOCCOUNT, K_MSPAN_ALLOCCOUNTBEFORECACHE, K_MSPAN_ELEMSIZE));
}

// The sizes that memstats.c copies into fixed buffers.
static bool stats_bounded(const struct rt *rt)
{
	uint32_t stats = rt_off(rt, K_MSTATS_HEAPSTATS_STATS), delta = rt_off(rt, K_SIZEOF_HEAPSTATSDELTA);
	uint32_t m = rt_off(rt, K_MSTATS_LAST_GC_NANOTIME) + 8;
	return m <= MAX_MSTATS && delta <= MAX_DELTA && stats + 3 * delta <= m &&
		rt_off(rt, K_GCCONTROLLERSTATE_MAPPEDREADY) + 8 <= MAX_GCC && rt_off(rt, K_MSTATS_NUMFORCEDGC) + 4 <= m &&
		rt_off(rt, K_MSTATS_PAUSE_END) + 2048 <= m && rt_off(rt, K_MSTATS_HEAPSTATS_GEN) + 4 <= m &&
		rt_off(rt, K_MSTATS_HEAPSTATS_GEN) >= stats && rt_off(rt, K_GCCONTROLLERSTATE_TOTALFREE) + 8 <= MAX_GCC &&
		rt_size(rt, K_HEAPSTATSDELTA_SMALLALLOCCOUNT) == sizeof(uint64_t) * countof(rt->class_size) &&
		rt_size(rt, K_HEAPSTATSDELTA_SMALLFREECOUNT) == sizeof(uint64_t) * countof(rt->class_size) &&
		rt_size(rt, K_MCACHE_ALLOC) == 136 * 8 && rt_off(rt, K_SIZEOF_MCACHE) <= 8192 && rt_off(rt, K_SIZEOF_MSPAN) <= 512;
}

static void check_stats(struct rt *rt)
{
	if (!stats_needed(rt))
		return;
	if (!stats_bounded(rt)) {
		layout_refuse(rt, S_MSTATS, "its parts are larger than in any release known");
		return;
	}
	uint8_t m[MAX_MSTATS], c[MAX_GCC];
	const char *wrong = "it is not mapped";
	for (int i = 0; i < TRIES; i++) {
		struct mem_range r[] = {
			{rt_global(rt, G_MEMSTATS), m, rt_off(rt, K_MSTATS_LAST_GC_NANOTIME) + 8, 0},
			{rt_global(rt, G_GCCONTROLLER), c, rt_off(rt, K_GCCONTROLLERSTATE_MAPPEDREADY) + 8, 0},
		};
		struct err *err = rt_readv(rt, r, 2);
		bool read = !err && r[0].got == r[0].len && r[1].got == r[1].len;
		err_free(err);
		if (read && totals_fit(rt, m, c, &wrong)) {
			rt->has_memstats = true;
			return;
		}
	}
	layout_refuse(rt, S_MSTATS, "%s", wrong);
	gap_add(&rt->gaps, GAP_RUNTIME_PART_UNREADABLE, "memory statistics", wrong);
}

// ---- E: spans -------------------------------------------------------------------------------------------------------

struct span_check { struct rt *rt; uint64_t seen, back; bool arenas; addr_t l2; };

// arenas[..].spans[page] of a span in use leads back to a span of that base.
static bool leads_back(struct span_check *c, const struct rt_span *s)
{
	struct rt *rt = c->rt;
	addr_t index = (s->base + (rt->arch == GOBIN_AMD64 ? 1ull << 47 : 0)) >> 26, arena, span, base;
	struct err *err = mem_u64(rt->mem, c->l2 + 8 * index, &arena);
	if (!err)
		err = mem_u64(rt->mem, arena + rt_off(rt, K_HEAPARENA_SPANS) + 8 * (s->base / PAGE % 8192), &span);
	if (!err)
		err = mem_u64(rt->mem, span + rt_off(rt, K_MSPAN_STARTADDR), &base);
	if (err)
		return err_free(err), false;
	return base == s->base;
}

static bool sample_span(void *ctx, const struct rt_span *s)
{
	struct span_check *c = ctx;
	if (s->state == 1) {
		c->seen++;
		c->back += c->arenas && leads_back(c, s);
	}
	return c->seen < SAMPLE;
}

static bool spans_needed(struct rt *rt)
{
	return rt_needs_globals(rt, "spans", GLOBALS(G_MHEAP)) &&
		rt_needs(rt, "spans", KEYS(K_SIZEOF_MSPAN, K_MSPAN_STARTADDR, K_MSPAN_NPAGES, K_MSPAN_FREEINDEX, K_MSPAN_NELEMS,
			K_MSPAN_SWEEPGEN, K_MSPAN_ALLOCCOUNT, K_MSPAN_SPANCLASS, K_MSPAN_STATE, K_MSPAN_ELEMSIZE)) &&
		rt_needs(rt, "spans", KEYS(K_SIZEOF_MHEAP, K_MHEAP_SWEEPGEN, K_MHEAP_ALLSPANS));
}

static void check_spans(struct rt *rt)
{
	if (!rt_global(rt, G_MHEAP))
		layout_refuse(rt, S_MHEAP, "runtime.mheap_ was not found");
	if (!spans_needed(rt))
		return;
	if (rt_off(rt, K_SIZEOF_MSPAN) > 512) {
		layout_refuse(rt, S_MSPAN, "it is larger than in any release known");
		return;
	}
	struct span_check c = {.rt = rt, .arenas = rt_known(rt, K_MHEAP_ARENAS) && rt_known(rt, K_HEAPARENA_SPANS)};
	struct rt_spans all = {0};
	rt->has_spans = true;
	struct err *err = c.arenas ? mem_u64(rt->mem, rt_global(rt, G_MHEAP) + rt_off(rt, K_MHEAP_ARENAS), &c.l2) : NULL;
	if (!err)
		err = rt_spans(rt, &all);
	if (!err)
		err = rt_each_span(rt, sample_span, &c);
	const char *wrong = err ? err_message(err) :
		all.moving * 16 > all.spans ? "more than one in sixteen spans make no sense" :
		!c.seen ? "none is in use" :
		c.arenas && c.back * 8 < c.seen * 7 ? "the arenas do not lead back to them" : NULL;
	if (wrong) {
		rt->has_spans = false;
		gap_add(&rt->gaps, GAP_RUNTIME_PART_UNREADABLE, "spans", wrong);
		layout_refuse(rt, layout_from_table(rt, S_MHEAP) ? S_MHEAP : S_MSPAN, "%s", wrong);
	}
	err_free(err);
}

// ---- F --------------------------------------------------------------------------------------------------------------

static void check_buckets(struct rt *rt)
{
	if (!rt_needs_globals(rt, "heap profile", GLOBALS(G_MBUCKETS, G_MPROFCYCLE)) ||
	    !rt_needs(rt, "heap profile", KEYS(K_SIZEOF_BUCKET, K_BUCKET_ALLNEXT, K_BUCKET_TYP, K_BUCKET_SIZE, K_BUCKET_NSTK,
		K_SIZEOF_MEMRECORD, K_MEMRECORD_ACTIVE, K_MEMRECORD_FUTURE, K_SIZEOF_MEMRECORDCYCLE, K_MEMRECORDCYCLE_ALLOCS,
		K_MEMRECORDCYCLE_FREES)))
		return;
	size_t n = 0;
	uint32_t cycle = rt_off(rt, K_SIZEOF_MEMRECORDCYCLE);
	struct err *err = NULL;
	if (rt_off(rt, K_SIZEOF_BUCKET) > 128 || rt_off(rt, K_SIZEOF_MEMRECORD) > 512 ||
	    rt_off(rt, K_MEMRECORD_FUTURE) + 3 * cycle > rt_off(rt, K_SIZEOF_MEMRECORD))
		err = err_new(ERR_INPUT, "it is larger than in any release known");
	for (int i = 0; !err && i < RT_RETRIES; i++) {
		err = buckets_check(rt, &n);
		if (!err || i + 1 == RT_RETRIES)
			break;
		err_free(take(err));
		bucket_state_free(take(rt->buckets));
	}
	if (err) {
		rt->has_buckets = false;
		layout_refuse(rt, S_BUCKET, "%s", err_message(err));
		gap_add_err(&rt->gaps, GAP_RUNTIME_PART_UNREADABLE, "heap profile", err);
	}
}

// ---- all of it ------------------------------------------------------------------------------------------------------

// A changed release: what came from the table and has no check of its own.
static void refuse_unchecked(struct rt *rt)
{
	static const enum rt_struct checked[] = {S_MHEAP, S_MSTATS, S_HEAPSTATSDELTA, S_GCCONTROLLERSTATE, S_BUCKET, S_MEMRECORD,
						 S_MEMRECORDCYCLE, S_HEAPARENA, S_FIXALLOC, S_CONST};
	char names[512] = "", why[256];
	if (!rt->lay.changed[0] && !rt->lay.doubt)
		return;
	for (enum rt_struct s = 0; s < S_COUNT; s++) {
		bool has_check = false;
		for (size_t i = 0; i < countof(checked); i++)
			has_check |= checked[i] == s;
		if (!layout_from_table(rt, s) || has_check)
			continue;
		size_t n = strlen(names);
		snprintf(names + n, sizeof(names) - n, "%s%s", n ? ", " : "", layout_short_name(s));
		layout_forget(rt, s);
	}
	snprintf(why, sizeof(why), "%s%s, and they do not describe themselves", rt->lay.changed[0] ? "this Go differs from its release in " : "",
		 rt->lay.changed[0] ? rt->lay.changed : rt->lay.doubt);
	if (names[0])
		gap_add(&rt->gaps, GAP_LAYOUT_UNKNOWN, names, why);
}

void rt_check(struct rt *rt)
{
	check_extent(rt);
	refuse_unchecked(rt);
	check_mheap(rt);
	check_p(rt);
	check_g(rt);
	check_stats(rt);
	check_spans(rt);
	check_buckets(rt);
	// A later check may have refused what an earlier part stands on.
	rt->has_memstats = rt->has_memstats && stats_needed(rt);
	rt->has_spans = rt->has_spans && spans_needed(rt);
	rt->has_goroutines = rt_needs_globals(rt, "goroutines", GLOBALS(G_ALLGS)) &&
		rt_needs(rt, "goroutines", KEYS(K_SIZEOF_G, K_G_GOID, K_G_ATOMICSTATUS, K_G_STACK_LO, K_G_STACK_HI, K_G_SCHED_SP,
			K_G_SCHED_PC, K_G_GOPC, K_G_STARTPC));
}
