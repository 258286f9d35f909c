// Which table a release gets, and what is known, absent and unknown in it.
#include "image.h"
#include "test.h"

#include <string.h>

enum { ABSENT = -1, UNKNOWN = -2 };

TEST(every_release_patch_and_experiment_gets_its_own_offsets)
{
	static const struct { int minor, patch; const char *experiments; enum gobin_arch arch; enum rt_key key; int64_t want; } rows[] = {
		{21, 13, "", GOBIN_AMD64, K_MSPAN_NELEMS, 56}, {22, 0, "", GOBIN_AMD64, K_MSPAN_NELEMS, 50},
		{23, 2, "", GOBIN_AMD64, K_SIZEOF_TIMER, 80}, {23, 3, "", GOBIN_AMD64, K_SIZEOF_TIMER, 88},
		{23, 11, "", GOBIN_AMD64, K_M_ALLLINK, 328}, {23, 12, "", GOBIN_AMD64, K_M_ALLLINK, 352},
		{24, 5, "", GOBIN_AMD64, K_M_ALLLINK, 328}, {24, 6, "", GOBIN_AMD64, K_M_ALLLINK, 352},
		{24, 99, "", GOBIN_AMD64, K_M_ALLLINK, 352},
		{22, 12, "", GOBIN_AMD64, K_HEAPARENA_SPANS, 0}, {22, 12, "noallocheaders", GOBIN_AMD64, K_HEAPARENA_SPANS, 1064960},
		{25, 0, "", GOBIN_AMD64, K_SIZEOF_P, 9512}, {25, 0, "greenteagc", GOBIN_AMD64, K_SIZEOF_P, 13744},
		{27, 4, "", GOBIN_AMD64, K_SIZEOF_P, 15920}, {27, 4, "nogreenteagc", GOBIN_AMD64, K_SIZEOF_P, 11664},
		{27, 4, "simd,nogreenteagc,arenas", GOBIN_AMD64, K_SIZEOF_P, 11664},
		{27, 4, "nogreenteagc", GOBIN_AMD64, K_SIZEOF_SPANINLINEMARKBITS, ABSENT},
		{27, 4, "nogreenteagc", GOBIN_ARM64, K_SIZEOF_P, UNKNOWN}, {27, 4, "", GOBIN_ARM64, K_SIZEOF_P, 14320},
		{27, 4, "", GOBIN_ARM64, K_MHEAP_ARENAS, 66072}, {27, 4, "", GOBIN_AMD64, K_MHEAP_ARENAS, 66008},
		{21, 1, "", GOBIN_ARM64, K_MHEAP_ARENAS, 65944}, {23, 1, "", GOBIN_ARM64, K_SIZEOF_TIMER, 80},
		{23, 1, "", GOBIN_ARM64, K_SIZEOF_SEMTABLE, 251 * 128}, {23, 1, "", GOBIN_AMD64, K_SIZEOF_SEMTABLE, 251 * 64},
		{26, 11, "", GOBIN_AMD64, K_SIZEOF_MEMRECORD, 128}, {27, 0, "", GOBIN_AMD64, K_SIZEOF_MEMRECORD, 64},
		{22, 12, "", GOBIN_AMD64, K_G_SLEEPWHEN, ABSENT}, {23, 0, "", GOBIN_AMD64, K_G_SLEEPWHEN, 368},
		{24, 0, "", GOBIN_AMD64, K_MHEAP_ALLARENAS, 66096}, {25, 0, "", GOBIN_AMD64, K_MHEAP_ALLARENAS, ABSENT},
		{28, 0, "", GOBIN_AMD64, K_SIZEOF_MEMRECORD, UNKNOWN}, {-1, -1, "", GOBIN_AMD64, K_G_GOID, UNKNOWN},
		{20, 3, "", GOBIN_AMD64, K_G_GOID, UNKNOWN},
	};
	for (size_t i = 0; i < countof(rows); i++) {
		struct image im = {.minor = rows[i].minor, .patch = rows[i].patch, .experiments = rows[i].experiments, .arch = rows[i].arch};
		struct rt rt = {.g = image_gobin(&im), .minor = im.minor, .patch = im.patch, .arch = im.arch};
		struct err *err = layout_load(&rt);
		CHECK(!err);
		struct rt_place p = rt.lay.at[rows[i].key];
		int64_t got = p.state == RT_KNOWN ? (int64_t)p.off : p.state == RT_ABSENT ? ABSENT : UNKNOWN;
		CHECK(got == rows[i].want, "row %zu: %lld, not %lld", i, (long long)got, (long long)rows[i].want);
		CHECK(rows[i].want == UNKNOWN || p.from == RT_FROM_TABLE);
	}
}

TEST(an_experiment_that_nobody_measured_makes_the_table_doubtful)
{
	static const struct { const char *experiments; bool doubt; } rows[] = {
		{"", false}, {"arenas, simd", false}, {"nogreenteagc", false}, {"staticlockranking", true}, {"arenas,brandnew", true},
	};
	for (size_t i = 0; i < countof(rows); i++) {
		struct image im = {.minor = 27, .patch = 4, .experiments = rows[i].experiments};
		struct rt rt = {.g = image_gobin(&im), .minor = 27, .patch = 4};
		struct err *err = layout_load(&rt);
		CHECK(!err && !!rt.lay.doubt == rows[i].doubt, "'%s'", rows[i].experiments);
	}
}

TEST(a_doubtful_table_is_used_only_where_the_target_confirms_it)
{
	cleanup(image_freep) struct image *im = image_new(27, 4, "brandnew");
	image_fill(im);
	struct rt *rt = NULL;
	struct err *err = rt_attach(image_target(im), image_gobin(im), &rt);
	CHECK(!err);
	if (!rt)
		return;
	CHECK(rt_known(rt, K_SIZEOF_BUCKET) && rt_known(rt, K_MHEAP_ALLSPANS) && !rt_known(rt, K_SEMAROOT_TREAP) && !rt_known(rt, K_G_GOID));
	CHECK(gaps_has(rt_gaps(rt), GAP_LAYOUT_UNKNOWN) && !rt_has_goroutines(rt));
	rt_detach(rt);
}

TEST(says_which_table_it_took)
{
	static const struct { int minor, patch; const char *want; } rows[] = {
		{27, 4, "1.27"}, {23, 7, "1.23.4-1.23.11"}, {23, 12, "1.23.12"}, {28, 0, ""}, {-1, 0, ""},
	};
	for (size_t i = 0; i < countof(rows); i++) {
		struct image im = {.minor = rows[i].minor, .patch = rows[i].patch, .experiments = ""};
		struct rt rt = {.g = image_gobin(&im), .minor = im.minor, .patch = im.patch};
		struct err *err = layout_load(&rt);
		CHECK(!err && !strcmp(rt.lay.table, rows[i].want), "'%s'", rt.lay.table);
	}
}

TEST(a_withheld_table_is_not_there_and_its_neighbours_references_vote)
{
	struct image im = {.minor = 27, .patch = 4, .experiments = ""};
	struct rt rt = {.g = image_gobin(&im), .minor = 27, .patch = 4};
	bool exact = false;
	int own = layout_refs_set(&rt, &exact);
	CHECK(own >= 0 && exact);
	rt_withhold_tables("1.27");
	struct err *err = layout_load(&rt);
	CHECK(!err && !rt.lay.table[0] && !rt_known(&rt, K_G_GOID));
	int other = layout_refs_set(&rt, &exact);
	CHECK(other >= 0 && other != own && !exact);
	rt_withhold_tables(NULL);
	CHECK(layout_refs_set(&rt, &exact) == own && exact);
}

// ---- the target's own words -----------------------------------------------------------------------------------------

static enum rt_layout_from source(const struct rt *rt, const char *name)
{
	const struct rt_layout *l;
	size_t n = rt_layouts(rt, &l);
	for (size_t i = 0; i < n; i++)
		if (!strcmp(l[i].structs, name))
			return l[i].from;
	return RT_FROM_DISASSEMBLY;
}

TEST(what_describes_itself_is_taken_from_there_then_dwarf_then_the_table)
{
	cleanup(image_freep) struct image *im = image_new(27, 4, "");
	image_fill(im);
	im->described = true;
	struct rt *rt = NULL;
	struct err *err = rt_attach(image_target(im), image_gobin(im), &rt);
	CHECK(!err && !rt->lay.changed[0] && rt_gaps(rt)->len == 0, "%s", err ? err_message(err) : rt->lay.changed);
	CHECK(source(rt, "runtime.g") == RT_FROM_TYPE_DESCRIPTORS && source(rt, "runtime.bucket") == RT_FROM_TABLE);
	CHECK(rt_off(rt, K_G_SCHED_PC) == im->off[K_G_SCHED_PC] && rt_off(rt, K_HCHAN_RECVQ_LAST) == im->off[K_HCHAN_RECVQ_LAST]);
	rt_detach(rt);
	im->dwarf = true;
	err = rt_attach(image_target(im), image_gobin(im), &rt);
	CHECK(!err && source(rt, "runtime.g") == RT_FROM_TYPE_DESCRIPTORS && source(rt, "runtime.bucket") == RT_FROM_DWARF);
	CHECK(rt_has_buckets(rt) && rt_has_memstats(rt) && rt_has_spans(rt) && rt_has_goroutines(rt));
	rt_detach(rt);
}

TEST(a_struct_that_differs_from_its_table_makes_the_unchecked_ones_doubtful)
{
	cleanup(image_freep) struct image *im = image_new(27, 4, "");
	image_fill(im);
	im->described = true;
	im->off[K_SUDOG_TICKET] += 8;
	struct rt *rt = NULL;
	struct err *err = rt_attach(image_target(im), image_gobin(im), &rt);
	CHECK(!err && !strcmp(rt->lay.changed, "runtime.sudog.ticket"), "%s", err ? err_message(err) : rt->lay.changed);
	CHECK(rt_off(rt, K_SUDOG_TICKET) == im->off[K_SUDOG_TICKET]);
	CHECK(rt_known(rt, K_BUCKET_TYP) && !rt_known(rt, K_SEMAROOT_TREAP) && !rt_known(rt, K_SCHEDT_NGSYS));
	const struct gap *gap = rt_gaps(rt)->at;
	CHECK(rt_gaps(rt)->len == 1 && strstr(gap->subject, "semaRoot") && strstr(gap->detail, "sudog.ticket"), "%zu: %s: %s", rt_gaps(rt)->len,
	      gap->subject, gap->detail);
	rt_detach(rt);
}

TEST(a_field_outside_of_its_struct_refuses_it)
{
	cleanup(image_freep) struct image *im = image_new(27, 4, "");
	image_fill(im);
	im->dwarf = true;
	im->off[K_BUCKET_NSTK] = 4096;
	struct rt *rt = NULL;
	struct err *err = rt_attach(image_target(im), image_gobin(im), &rt);
	CHECK(!err && !rt_has_buckets(rt) && rt_has_memstats(rt) && gaps_has(rt_gaps(rt), GAP_LAYOUT_UNKNOWN));
	rt_detach(rt);
}

TEST(an_unknown_release_with_dwarf_is_read)
{
	cleanup(image_freep) struct image *im = image_new(27, 4, "");
	image_fill(im);
	im->minor = 28;
	im->described = im->dwarf = true;
	struct rt *rt = NULL;
	struct err *err = rt_attach(image_target(im), image_gobin(im), &rt);
	CHECK(!err && rt_has_buckets(rt) && rt_has_memstats(rt) && rt_has_spans(rt) && rt_has_goroutines(rt));
	rt_detach(rt);
}

TEST(a_struct_refused_last_takes_along_what_stands_on_it)
{
	cleanup(image_freep) struct image *im = image_new(27, 4, "");
	image_fill(im);
	im->described = im->dwarf = true;
	for (int i = 0; i < IMAGE_SPANS; i++) // the statistics hold, the spans do not
		image_put(im, AT_MSPAN + i * im->off[K_SIZEOF_MSPAN] + im->off[K_MSPAN_STATE], 77, 1);
	struct rt *rt = NULL;
	struct rt_memstats m;
	struct err *err = rt_attach(image_target(im), image_gobin(im), &rt);
	CHECK(!err && !rt_has_spans(rt) && !rt_known(rt, K_SIZEOF_MSPAN) && !rt_has_memstats(rt));
	err = rt_memstats(rt, &m);
	CHECK(err && err_kind(err) == ERR_UNSUPPORTED);
	err_free(err);
	rt_detach(rt);
}
