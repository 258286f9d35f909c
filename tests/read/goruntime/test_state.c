// Statistics, collections, buckets and spans of a runtime laid out by hand, in every release's layout.
#include "image.h"
#include "test.h"

#include <string.h>

static const struct { int minor, patch; const char *experiments; } releases[] = {
	{21, 0, ""}, {21, 13, ""}, {22, 12, ""}, {22, 3, "noallocheaders"}, {23, 0, ""}, {23, 5, ""}, {23, 12, ""}, {24, 5, ""},
	{24, 13, ""}, {25, 14, ""}, {25, 2, "greenteagc"}, {26, 11, ""}, {26, 1, "nogreenteagc"}, {27, 4, ""}, {27, 4, "simd,nogreenteagc"},
};

static struct rt *attach(struct image *im)
{
	struct rt *rt = NULL;
	struct err *err = rt_attach(image_target(im), image_gobin(im), &rt);
	CHECK(!err, "%s", err ? err_message(err) : "");
	err_free(err);
	for (size_t i = 0; rt && i < rt->gaps.len; i++)
		CHECK(false, "1.%d.%d %s: gap %s: %s", im->minor, im->patch, im->experiments, rt->gaps.at[i].subject, rt->gaps.at[i].detail);
	return rt;
}

static bool ok(struct err *err)
{
	if (err)
		printf("# %s\n", err_message(err));
	err_free(err);
	return !err;
}

TEST(adds_what_the_caches_hold_back_to_the_sums_of_every_release)
{
	for (size_t i = 0; i < countof(releases); i++) {
		cleanup(image_freep) struct image *im = image_new(releases[i].minor, releases[i].patch, releases[i].experiments);
		image_fill(im);
		cleanup(rt_detachp) struct rt *rt = attach(im);
		struct rt_memstats m;
		struct rt_poll p;
		if (!rt || !rt_has_memstats(rt) || !ok(rt_memstats(rt, &m)) || !ok(rt_poll(rt, &p))) {
			CHECK(false, "1.%d.%d", releases[i].minor, releases[i].patch);
			continue;
		}
		uint64_t live = 100 * 48 + 64 * 128 + 81920;
		CHECK(m.heap_alloc == live && m.total_alloc == live && m.alloc == live, "%llu", (unsigned long long)m.heap_alloc);
		CHECK(m.heap_objects == 165 && m.mallocs == 165 + 7 + 3 && m.frees == 10, "%llu %llu", (unsigned long long)m.mallocs,
		      (unsigned long long)m.frees);
		CHECK(m.heap_inuse == 12 * 8192 && m.heap_idle == 16384 + 65536 && m.heap_released == 65536 && m.stack_inuse == 4 * 8192);
		CHECK(m.heap_sys == m.heap_inuse + m.heap_idle && m.num_gc == 3 && m.last_gc_unix_ns == 5000002 && !m.torn);
		CHECK(m.next_gc == 4 << 20 && m.memory_limit == INT64_MAX && m.gc_percent == 100 && m.mem_profile_rate == 524288);
		CHECK(p.total_alloc == live - 10 * 48 && p.heap_alloc == p.total_alloc && p.num_gc == 3);
	}
}

TEST(the_ring_of_collections_is_in_order_and_knows_its_cycles)
{
	cleanup(image_freep) struct image *im = image_new(27, 4, "");
	image_fill(im);
	cleanup(rt_detachp) struct rt *rt = attach(im);
	struct rt_gc gcs[256];
	size_t n = 0;
	CHECK(ok(rt_gcs(rt, gcs, &n)) && n == 3);
	CHECK(gcs[0].cycle == 1 && gcs[2].cycle == 3 && gcs[2].pause_ns == 1002 && gcs[2].pause_end_unix_ns == 5000002);
	addr_t m = image_global(G_MEMSTATS);
	for (uint64_t i = 0; i < 256; i++) // 300 cycles: slot (c + 255) % 256 holds cycle c
		image_put(im, m + im->off[K_MSTATS_PAUSE_NS] + 8 * ((45 + i + 255) % 256), 45 + i, 8);
	image_put(im, m + im->off[K_MSTATS_NUMGC], 300, 4);
	CHECK(ok(rt_gcs(rt, gcs, &n)) && n == 256);
	for (size_t i = 0; i < n; i++)
		CHECK(gcs[i].cycle == 45 + i && gcs[i].pause_ns == 45 + i);
}

TEST(a_memory_limit_pulls_the_next_collection_down)
{
	cleanup(image_freep) struct image *im = image_new(27, 4, "");
	image_fill(im);
	cleanup(rt_detachp) struct rt *rt = attach(im);
	addr_t c = image_global(G_GCCONTROLLER);
	struct rt_memstats m;
	uint64_t live = 100 * 48 + 64 * 128 + 81920;
	static const struct { uint64_t limit, ready, triggered, sweep, want; } rows[] = {
		{INT64_MAX, 2 << 20, UINT64_MAX, 0, 4 << 20},
		{INT64_MAX, 2 << 20, 4 << 20, 0, (4 << 20) + 65536},     // triggered: at least a runway more
		{INT64_MAX, 2 << 20, UINT64_MAX, 5 << 20, 5 << 20},      // the sweep distance pushes it up
		{1 << 20, 2 << 20, UINT64_MAX, 0, 90000},                // beyond the limit: what was marked
		{4 << 20, 2 << 20, UINT64_MAX, 0, 0},                    // worked out below
	};
	for (size_t i = 0; i < countof(rows); i++) {
		image_put(im, c + im->off[K_GCCONTROLLERSTATE_MEMORYLIMIT], rows[i].limit, 8);
		image_put(im, c + im->off[K_GCCONTROLLERSTATE_MAPPEDREADY], rows[i].ready, 8);
		image_put(im, c + im->off[K_GCCONTROLLERSTATE_TRIGGERED], rows[i].triggered, 8);
		image_put(im, c + im->off[K_GCCONTROLLERSTATE_SWEEPDISTMINTRIGGER], rows[i].sweep, 8);
		uint64_t want = rows[i].want;
		if (!want) // limit - what is not heap - 1 MiB of headroom
			want = rows[i].limit - (rows[i].ready - 16384 - live) - (1 << 20);
		CHECK(ok(rt_memstats(rt, &m)) && m.next_gc == want, "row %zu: %llu, not %llu", i, (unsigned long long)m.next_gc,
		      (unsigned long long)want);
	}
}

static void refill(struct image *im) // another span in the cache at each look
{
	image_put(im, AT_MCACHE + im->off[K_MCACHE_ALLOC], AT_MSPAN + (im->reads % 2) * im->off[K_SIZEOF_MSPAN], 8);
}

TEST(says_when_the_sums_are_an_estimate)
{
	cleanup(image_freep) struct image *im = image_new(26, 11, "");
	image_fill(im);
	cleanup(rt_detachp) struct rt *rt = attach(im);
	struct rt_memstats m;
	im->on_read = refill;
	CHECK(ok(rt_memstats(rt, &m)) && m.torn);
	im->on_read = NULL;
	CHECK(ok(rt_memstats(rt, &m)) && !m.torn);
}

TEST(profiling_switched_off_is_rate_zero)
{
	cleanup(image_freep) struct image *im = image_new(26, 11, "");
	image_fill(im);
	cleanup(rt_detachp) struct rt *rt = attach(im);
	struct rt_memstats m;
	image_put(im, image_global(G_DISABLE_MEMORY_PROFILING), 1, 1);
	CHECK(ok(rt_memstats(rt, &m)) && m.mem_profile_rate == 0);
}

// ---- buckets --------------------------------------------------------------------------------------------------------

TEST(buckets_of_every_release_are_counted_now_and_as_published)
{
	for (size_t i = 0; i < countof(releases); i++) {
		cleanup(image_freep) struct image *im = image_new(releases[i].minor, releases[i].patch, releases[i].experiments);
		image_fill(im);
		cleanup(rt_detachp) struct rt *rt = attach(im);
		struct rt_buckets b = {0};
		CHECK(rt && ok(rt_buckets(rt, &b)) && b.at.len == IMAGE_BUCKETS && b.profile_cycle == 7 && !b.torn);
		for (size_t k = 0; k < b.at.len; k++) {
			CHECK(b.at.at[k].addr == im->buckets[k] && b.at.at[k].size == 16 * (k + 1) && b.at.at[k].n_stack == IMAGE_FRAMES);
			CHECK(b.at.at[k].stack[1] == AT_TEXT + 0x20);
			CHECK(b.at.at[k].allocs == 16 && b.at.at[k].frees == 5, "%llu", (unsigned long long)b.at.at[k].allocs);
			CHECK(b.at.at[k].published_allocs == 12 && b.at.at[k].published_frees == 4);
		}
		rt_buckets_fini(&b);
	}
}

TEST(new_buckets_are_found_at_the_head_and_old_ones_keep_their_stacks)
{
	cleanup(image_freep) struct image *im = image_new(27, 4, "");
	image_fill(im);
	cleanup(rt_detachp) struct rt *rt = attach(im);
	struct rt_buckets b = {0};
	CHECK(ok(rt_buckets(rt, &b)));
	const addr_t *stack = b.at.at[3].stack;
	static const uint64_t record[8] = {0, 0, 1, 0, 0, 0, 0, 0};
	image_bucket(im, AT_BUCKET + 0x8000, 4096, 200, record); // a deep stack, far from the others
	unsigned before = im->reads;
	CHECK(ok(rt_buckets(rt, &b)) && b.at.len == IMAGE_BUCKETS + 1);
	CHECK(im->reads - before < 8, "%u reads", im->reads - before);
	CHECK(b.at.at[3].stack == stack);
	CHECK(b.at.at[IMAGE_BUCKETS].n_stack == 200 && b.at.at[IMAGE_BUCKETS].stack[199] == AT_TEXT + 0x10 * 200);
	CHECK(b.at.at[IMAGE_BUCKETS].allocs == 1 && b.at.at[IMAGE_BUCKETS].published_allocs == 0);
	rt_buckets_fini(&b);
}

TEST(before_the_first_collection_everything_is_published)
{
	cleanup(image_freep) struct image *im = image_new(26, 11, "");
	image_fill(im);
	image_put(im, image_global(G_MBUCKETS), 0, 8);
	static const uint64_t record[8] = {0, 0, 3, 1, 2, 0, 0, 0};
	image_bucket(im, AT_BUCKET, 64, 2, record);
	cleanup(rt_detachp) struct rt *rt = attach(im);
	struct rt_buckets b = {0};
	CHECK(ok(rt_buckets(rt, &b)) && b.at.len == 1 && b.at.at[0].published_allocs == 5 && b.at.at[0].published_frees == 1);
	rt_buckets_fini(&b);
}

static void next_cycle(struct image *im) { image_put(im, image_global(G_MPROFCYCLE), im->reads << 1, 4); }

TEST(a_profile_that_is_flushed_at_each_look_is_called_torn)
{
	cleanup(image_freep) struct image *im = image_new(26, 11, "");
	image_fill(im);
	cleanup(rt_detachp) struct rt *rt = attach(im);
	struct rt_buckets b = {0};
	im->on_read = next_cycle;
	CHECK(ok(rt_buckets(rt, &b)) && b.torn && b.at.len == IMAGE_BUCKETS);
	rt_buckets_fini(&b);
}

TEST(a_list_that_comes_back_to_itself_ends)
{
	cleanup(image_freep) struct image *im = image_new(26, 11, "");
	image_fill(im);
	cleanup(rt_detachp) struct rt *rt = attach(im);
	struct rt_buckets b = {0};
	CHECK(ok(rt_buckets(rt, &b)));
	static const uint64_t record[8] = {0};
	image_bucket(im, AT_BUCKET + 0x8000, 64, 2, record);
	image_put(im, AT_BUCKET + 0x8000 + im->off[K_BUCKET_ALLNEXT], AT_BUCKET + 0x8000, 8);
	struct err *err = rt_buckets(rt, &b);
	CHECK(err && strstr(err_message(err), "circle"), "%s", err ? err_message(err) : "no error");
	err_free(err);
	image_put(im, image_global(G_MBUCKETS), im->buckets[IMAGE_BUCKETS - 1], 8);
	CHECK(ok(rt_buckets(rt, &b)) && b.at.len == IMAGE_BUCKETS);
	rt_buckets_fini(&b);
}

// ---- spans ----------------------------------------------------------------------------------------------------------

static bool second(void *ctx, const struct rt_span *s)
{
	if (s->base == AT_HEAP + 8192)
		*(struct rt_span *)ctx = *s;
	return true;
}

static bool stop(void *ctx, const struct rt_span *s) { return ++*(int *)ctx < 2 && s; }

TEST(spans_of_every_release_add_up)
{
	for (size_t i = 0; i < countof(releases); i++) {
		cleanup(image_freep) struct image *im = image_new(releases[i].minor, releases[i].patch, releases[i].experiments);
		image_fill(im);
		cleanup(rt_detachp) struct rt *rt = attach(im);
		struct rt_spans s = {0};
		CHECK(rt && ok(rt_spans(rt, &s)));
		CHECK(s.spans == IMAGE_SPANS && s.in_use == 3 && s.objects == 165 && s.moving == 0);
		CHECK(s.object_bytes == 100 * 48 + 64 * 128 + 81920 && s.pages_in_use_bytes == 12 * 8192 && s.stack_bytes == 4 * 8192);
		CHECK(s.free_slot_bytes == 70 * 48 && s.classes[5].allocated == 100 && s.classes[10].slots == 64);
		struct rt_span got = {0};
		CHECK(ok(rt_each_span(rt, second, &got)) && got.unswept);
		bool tea = rt_known(rt, K_SIZEOF_SPANINLINEMARKBITS);
		CHECK(got.marked_live == (tea ? 30 : 20), "%u of %s", got.marked_live, releases[i].experiments);
		int seen = 0;
		CHECK(ok(rt_each_span(rt, stop, &seen)) && seen == 2);
		const struct rt_range *r;
		size_t n = 0;
		CHECK(ok(rt_arenas(rt, &r, &n)) && n == 1 && r[0].start == AT_HEAP && r[0].end == AT_HEAP + (64 << 20));
	}
}

TEST(a_span_caught_in_a_change_is_counted_and_left_out)
{
	cleanup(image_freep) struct image *im = image_new(27, 4, "");
	image_fill(im);
	cleanup(rt_detachp) struct rt *rt = attach(im);
	addr_t s = AT_MSPAN;
	static const struct { enum rt_key field; uint64_t value; size_t bytes; } rows[] = {
		{K_MSPAN_STARTADDR, AT_HEAP + 8, 8}, {K_MSPAN_NPAGES, 0, 8}, {K_MSPAN_STATE, 9, 1}, {K_MSPAN_ELEMSIZE, 40, 8},
		{K_MSPAN_NELEMS, 1025, 2}, {K_MSPAN_ALLOCCOUNT, 171, 2}, {K_MSPAN_FREEINDEX, 171, 2}, {K_MSPAN_SPANCLASS, 68 << 1, 1},
		{K_MSPAN_ELEMSIZE, 1ull << 40, 8},
	};
	for (size_t i = 0; i < countof(rows); i++) {
		struct rt_spans all = {0};
		addr_t at = s + im->off[rows[i].field];
		uint64_t was = image_get(im, at, rows[i].bytes);
		image_put(im, at, rows[i].value, rows[i].bytes);
		CHECK(ok(rt_spans(rt, &all)) && all.moving == 1 && all.in_use == 2, "row %zu: %llu moving", i, (unsigned long long)all.moving);
		image_put(im, at, was, rows[i].bytes);
	}
}
