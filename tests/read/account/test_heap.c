// Resident runs against spans: what a page is worth to each part, and that nothing is lost or counted twice.
#include "read/account/private.h"
#include "test.h"

#include <math.h>

enum { GO_PAGE = 8192, AT = 0xc00000 };

static struct rt_span spans[] = { // ascending; a hole of one Go page behind the third
	{.base = AT, .pages = 1, .state = 1, .elem_bytes = 1024, .slots = 8, .allocated = 6, .marked_live = 6},
	{.base = AT + GO_PAGE, .pages = 1, .state = 1, .elem_bytes = 2048, .slots = 4, .allocated = 4, .marked_live = 1, .unswept = true},
	{.base = AT + 2 * GO_PAGE, .pages = 2, .state = 2},
	{.base = AT + 5 * GO_PAGE, .pages = 4, .state = 1, .elem_bytes = 4 * GO_PAGE, .slots = 1, .allocated = 1, .marked_live = 1},
	{.base = AT + 9 * GO_PAGE, .pages = 1, .state = 1, .elem_bytes = 3072, .slots = 2, .allocated = 2, .marked_live = 2},
};

static struct go_heap heap(void)
{
	return (struct go_heap){.spans = {spans, countof(spans), countof(spans)}, .stack_share = 0.75, .known = true};
}

TEST(each_page_goes_to_the_parts_that_share_it)
{
	static const struct { const char *what; uint64_t from, to; double live, garbage, free_slots, idle, stacks, runtime; } rows[] = {
		{"slots of 1 KiB, six of eight in use", 0, GO_PAGE, 6144, 0, 2048, 0, 0, 0},
		{"half of that span resident", 0, GO_PAGE / 2, 3072, 0, 1024, 0, 0, 0},
		{"unswept: what is not marked is garbage", GO_PAGE, 2 * GO_PAGE, 2048, 6144, 0, 0, 0, 0},
		{"stacks, and the collector's buffers among them", 2 * GO_PAGE, 4 * GO_PAGE, 0, 0, 0, 0, 12288, 4096},
		{"no span: idle", 4 * GO_PAGE, 5 * GO_PAGE, 0, 0, 0, 8192, 0, 0},
		{"a large object, in part", 6 * GO_PAGE, 7 * GO_PAGE, 8192, 0, 0, 0, 0, 0},
		{"the end of a span that fits no slot", 9 * GO_PAGE, 10 * GO_PAGE, 6144, 0, 2048, 0, 0, 0},
		{"behind everything", 10 * GO_PAGE, 12 * GO_PAGE, 0, 0, 0, 16384, 0, 0},
		{"from idle into the object", 4 * GO_PAGE, 6 * GO_PAGE, 8192, 0, 0, 8192, 0, 0},
	};
	struct go_heap h = heap();
	for (size_t i = 0; i < countof(rows); i++) {
		double p[ACCOUNT_PARTS] = {0};
		go_heap_add(&h, (struct kernel_run){AT + rows[i].from, AT + rows[i].to}, p);
		const double want[] = {rows[i].live, rows[i].garbage, rows[i].free_slots, rows[i].idle, rows[i].stacks, rows[i].runtime};
		for (size_t k = 0; k < countof(want); k++)
			CHECK(fabs(p[k] - want[k]) < 1, "%s: %s is %.0f, not %.0f", rows[i].what, account_names[k], p[k], want[k]);
	}
}

TEST(whatever_runs_are_asked_for_every_byte_is_counted_once)
{
	struct go_heap h = heap();
	for (uint64_t from = 0; from < 12 * GO_PAGE; from += 4096)
		for (uint64_t to = from + 4096; to <= 12 * GO_PAGE; to += 4096) {
			double p[ACCOUNT_PARTS] = {0}, sum = 0;
			go_heap_add(&h, (struct kernel_run){AT + from, AT + to}, p);
			for (size_t k = 0; k < ACCOUNT_PARTS; k++) {
				CHECK(p[k] >= 0);
				sum += p[k];
			}
			CHECK(fabs(sum - (double)(to - from)) < 1, "%llu to %llu: %.0f", (unsigned long long)from, (unsigned long long)to, sum);
		}
}

TEST(what_makes_no_sense_in_a_span_does_not_break_the_sum)
{
	static struct rt_span odd[] = {
		{.base = AT, .pages = 1, .state = 1, .elem_bytes = 8192, .slots = 8, .allocated = 8}, // more than the span holds
		{.base = AT, .pages = 1, .state = 1, .elem_bytes = 16, .slots = 8, .allocated = 90, .marked_live = 200, .unswept = true},
		{.base = AT + 4096, .pages = 1, .state = 1, .elem_bytes = 8192, .slots = 1, .allocated = 1}, // over the ones before
	};
	struct go_heap h = {.spans = {odd, countof(odd), countof(odd)}, .stack_share = 1, .known = true};
	double p[ACCOUNT_PARTS] = {0}, sum = 0;
	go_heap_add(&h, (struct kernel_run){AT - 4096, AT + 4 * GO_PAGE}, p);
	for (size_t k = 0; k < ACCOUNT_PARTS; k++) {
		CHECK(p[k] >= 0, "%s", account_names[k]);
		sum += p[k];
	}
	CHECK(fabs(sum - (4 * GO_PAGE + 4096)) < 1, "%.0f", sum);
}

TEST(without_spans_the_heap_is_other)
{
	struct go_heap h = {0};
	double p[ACCOUNT_PARTS] = {0};
	go_heap_add(&h, (struct kernel_run){AT, AT + 4096}, p);
	CHECK(p[ACCOUNT_OTHER] > 4095 && p[ACCOUNT_HEAP_IDLE] < 1);
}
