// Nothing is believed that the target does not confirm: one thing broken at a time, and who refuses it.
#include "image.h"
#include "test.h"

#include <string.h>

static struct rt *attach(struct image *im)
{
	struct rt *rt = NULL;
	struct err *err = rt_attach(image_target(im), image_gobin(im), &rt);
	CHECK(!err, "%s", err ? err_message(err) : "");
	err_free(err);
	return rt;
}

static const char *gap_of(const struct rt *rt, const char *subject)
{
	const struct gaps *g = rt_gaps(rt);
	for (size_t i = 0; i < g->len; i++)
		if (g->at[i].code == GAP_LAYOUT_UNKNOWN && !strcmp(g->at[i].subject, subject))
			return g->at[i].detail;
	return NULL;
}

enum { STATS = 1, BUCKETS = 2, SPANS = 4, GOROUTINES = 8, ALL = 15 };

static unsigned has(const struct rt *rt)
{
	return (rt_has_memstats(rt) ? STATS : 0) | (rt_has_buckets(rt) ? BUCKETS : 0) | (rt_has_spans(rt) ? SPANS : 0) |
		(rt_has_goroutines(rt) ? GOROUTINES : 0);
}

TEST(one_thing_that_does_not_hold_refuses_its_struct_by_name)
{
	static const struct { enum rt_global base; addr_t at; enum rt_key field; uint64_t add, value; size_t bytes; const char *refused;
			      unsigned left; } rows[] = {
		{G_MHEAP, 0, K_MHEAP_SPANALLOC, 0, 168, 8, "mheap", ALL & ~SPANS},
		{G_MHEAP, 0, K_MHEAP_CACHEALLOC, 0, 0, 8, "mheap", ALL & ~SPANS},
		{G_MHEAP, 0, K_MHEAP_SPECIALPROFILEALLOC, 0, 48, 8, "mheap", ALL & ~SPANS},
		{G_MHEAP, 0, K_MHEAP_ALLSPANS, 8, 9999999, 8, "mheap", ALL & ~SPANS},
		{G_MHEAP, 0, K_MHEAP_ARENAS, 0, AT_ALLSPANS, 8, "mheap", ALL & ~SPANS},
		{G_COUNT, AT_MSPAN, K_MSPAN_ELEMSIZE, 0, 56, 8, "mheap", ALL & ~SPANS},
		{G_COUNT, AT_P + P_STRIDE, K_P_ID, 0, 7, 4, "p", ALL & ~STATS},
		{G_COUNT, AT_P, K_P_MCACHE, 0, 12345, 8, "p", ALL & ~STATS},
		{G_COUNT, AT_G, K_G_GOID, 0, 17, 8, "g", ALL & ~GOROUTINES},
		{G_COUNT, AT_G, K_G_ATOMICSTATUS, 0, 77, 4, "g", ALL & ~GOROUTINES},
		{G_COUNT, AT_G, K_G_STACK_LO, 0, 1ull << 47, 8, "g", ALL & ~GOROUTINES},
		{G_COUNT, AT_G, K_G_SCHED_SP, 0, 0x1234, 8, "g", ALL & ~GOROUTINES},
		{G_MEMSTATS, 0, K_MSTATS_LAST_GC_UNIX, 0, 42, 8, "mstats", ALL & ~STATS},
		{G_GCCONTROLLER, 0, K_GCCONTROLLERSTATE_HEAPINUSE, 0, 42, 8, "mstats", ALL & ~STATS},
		{G_GCCONTROLLER, 0, K_GCCONTROLLERSTATE_HEAPRELEASED, 0, 42, 8, "mstats", ALL & ~STATS},
		{G_GCCONTROLLER, 0, K_GCCONTROLLERSTATE_TOTALALLOC, 0, 42, 8, "mstats", ALL & ~STATS},
		{G_COUNT, AT_BUCKET, K_BUCKET_TYP, 0, 2, 8, "bucket", ALL & ~BUCKETS},
		{G_COUNT, AT_BUCKET, K_BUCKET_NSTK, 0, 5000, 8, "bucket", ALL & ~BUCKETS},
		{G_COUNT, AT_BUCKET, K_BUCKET_NSTK, 0, IMAGE_FRAMES + 1, 8, "bucket", ALL & ~BUCKETS},
		{G_COUNT, AT_BUCKET, K_BUCKET_SIZE, 0, 0, 8, "bucket", ALL & ~BUCKETS},
		{G_COUNT, AT_BUCKET, K_SIZEOF_BUCKET, 0, 0x1234, 8, "bucket", ALL & ~BUCKETS},       // its first frame
		{G_COUNT, AT_BUCKET, K_SIZEOF_BUCKET, 8 * IMAGE_FRAMES + 8, 99, 8, "bucket", ALL & ~BUCKETS}, // freed
	};
	for (size_t i = 0; i < countof(rows); i++) {
		cleanup(image_freep) struct image *im = image_new(27, 4, "");
		image_fill(im);
		addr_t base = rows[i].base == G_COUNT ? rows[i].at : image_global(rows[i].base);
		image_put(im, base + im->off[rows[i].field] + rows[i].add, rows[i].value, rows[i].bytes);
		cleanup(rt_detachp) struct rt *rt = attach(im);
		if (!rt)
			continue;
		CHECK(gap_of(rt, rows[i].refused), "row %zu: %s is not refused", i, rows[i].refused);
		CHECK(has(rt) == rows[i].left, "row %zu: %u left, not %u", i, has(rt), rows[i].left);
	}
}

TEST(a_record_of_another_size_is_noticed_by_its_neighbours)
{
	cleanup(image_freep) struct image *im = image_new(27, 4, "");
	static const uint64_t record[8] = {5, 1, 0, 0, 0, 0, 0, 0};
	image_fill(im);
	image_put(im, image_global(G_MBUCKETS), 0, 8);
	addr_t at = AT_BUCKET;
	for (int i = 0; i < IMAGE_BUCKETS; i++) // as if each record had eight bytes more
		at = image_bucket(im, at, 64, 3, record) + 8;
	cleanup(rt_detachp) struct rt *rt = attach(im);
	CHECK(rt && has(rt) == (ALL & ~BUCKETS) && gap_of(rt, "bucket"));
}

TEST(a_global_that_was_not_found_costs_what_needs_it)
{
	cleanup(image_freep) struct image *im = image_new(27, 4, "");
	image_fill(im);
	im->stripped = true; // and no function to vote
	cleanup(rt_detachp) struct rt *rt = attach(im);
	CHECK(rt && has(rt) == 0 && gaps_has(rt_gaps(rt), GAP_RUNTIME_PART_UNREADABLE));
	struct rt_memstats m;
	struct rt_poll p;
	struct rt_gc gcs[256];
	struct rt_buckets b = {0};
	struct rt_spans s;
	const struct rt_range *r;
	size_t n;
	struct err *errs[] = {rt_memstats(rt, &m), rt_poll(rt, &p), rt_gcs(rt, gcs, &n), rt_buckets(rt, &b), rt_spans(rt, &s), rt_arenas(rt, &r, &n)};
	for (size_t i = 0; i < countof(errs); i++) {
		CHECK(errs[i] && err_kind(errs[i]) == ERR_UNSUPPORTED, "%zu", i);
		err_free(errs[i]);
	}
}

TEST(an_unknown_release_is_told_and_nothing_is_misread)
{
	cleanup(image_freep) struct image *im = image_new(27, 4, "");
	image_fill(im);
	im->minor = 28;
	cleanup(rt_detachp) struct rt *rt = attach(im);
	const struct rt_layout *l;
	CHECK(rt && has(rt) == 0 && rt_layouts(rt, &l) == 0 && gap_of(rt, "bucket") && gap_of(rt, "mstats"));
}

TEST(a_program_that_is_not_in_this_memory_is_refused)
{
	cleanup(image_freep) struct image *im = image_new(27, 4, "");
	image_fill(im);
	image_put(im, AT_MODULEDATA, 1, 8);
	struct rt *rt = NULL;
	struct err *err = rt_attach(image_target(im), image_gobin(im), &rt);
	CHECK(err && err_kind(err) == ERR_UNSUPPORTED && strstr(err_message(err), "does not belong"));
	err_free(err);
}

TEST(whichever_read_fails_there_is_an_answer_or_an_error)
{
	cleanup(image_freep) struct image *im = image_new(26, 11, "");
	image_fill(im);
	for (unsigned n = 1; n < 2000; n++) {
		struct rt *rt = NULL;
		struct rt_memstats m;
		struct rt_buckets b = {0};
		struct rt_spans s;
		const struct rt_range *r;
		struct rt_gc gcs[256];
		size_t k;
		im->reads = 0;
		im->fail_at = n;
		struct err *err = rt_attach(image_target(im), image_gobin(im), &rt);
		if (!err) {
			struct err *all[] = {rt_memstats(rt, &m), rt_buckets(rt, &b), rt_spans(rt, &s), rt_arenas(rt, &r, &k), rt_gcs(rt, gcs, &k)};
			for (size_t i = 0; i < countof(all); i++)
				err_free(all[i]);
		}
		bool over = im->reads < n;
		rt_buckets_fini(&b);
		rt_detach(rt);
		err_free(err);
		if (over)
			return;
	}
	CHECK(false, "it never came to an end");
}
