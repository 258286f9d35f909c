#include "read/pprof/pprof.h"
#include "test.h"

#include <string.h>

static struct pprof *read_text(const char *text, const char *refusal)
{
	struct pprof *p = NULL;
	cleanup(err_freep) struct err *err = pprof_read((struct view){(const uint8_t *)text, strlen(text), "t"}, 0, &p);
	if (refusal)
		CHECK(err && strstr(err_message(err), refusal), "%s", err ? err_message(err) : "accepted");
	else
		CHECK(!err, "%s", err ? err_message(err) : "");
	return p;
}

static const char *leaf_name(const struct pprof *p, size_t sample)
{
	if (!p->depth.at[sample])
		return "no frame";
	const struct pprof_location *l = &p->locations.at[p->frames.at[p->stack.at[sample]]];
	return l->lines ? pprof_str(p, p->functions.at[p->lines.at[l->line_start].function].name) : "no symbol";
}

TEST(heap_text_is_scaled_and_its_raw_counts_kept)
{
	cleanup(pprof_freep) struct pprof *p = read_text(
		"heap profile: 1: 1048576 [3: 3145728] @ heap/1048576\n"
		"1: 1048576 [3: 3145728] @ 0x4a0001 0x4a0101\n"
		"#\t0x4a0000\tmain.makeBig+0x10\t\t/src/a.go:12\n"
		"#\t0x4a0100\tmain.main+0x20\t/src/a.go:20\n"
		"\n\n# runtime.MemStats\n# Alloc = 5\n# Stack = 7 / 8\n# NumGC = 2\n# PauseEnd = [11 12 0]\n# MaxRSS = 99\n", NULL);
	if (!p)
		return;
	CHECK(p->period == 524288 && p->types.len == 4 && p->raw);
	CHECK(pprof_value(p, 0, 2) == 1 && pprof_value(p, 0, 3) == 1212696, "%lld", (long long)pprof_value(p, 0, 3));
	CHECK(p->counts.at[0] == 1 && p->counts.at[1] == 3);
	CHECK(p->depth.at[0] == 2 && !strcmp(leaf_name(p, 0), "main.makeBig"));
	CHECK(p->memstats.there && p->memstats.alloc == 5 && p->memstats.stack_inuse == 7 && p->memstats.stack_sys == 8);
	CHECK(p->memstats.num_gc == 2 && p->memstats.pause_end_ns[1] == 12 && p->memstats.max_rss == 99);
}

TEST(heap_text_without_symbols_keeps_addresses_and_their_mapping)
{
	cleanup(pprof_freep) struct pprof *p = read_text(
		"heap profile:   2:  200 [  2:  200] @ heap_v2/1\n"
		"  2:  200 [  2:  200] @ 0x400101 0x400201\n"
		"\nMAPPED_LIBRARIES:\n00400000-00500000 r-xp 00000000 08:01 17 /bin/server\n00500000-00600000 rw-p 0 08:01 17 /bin/server\n", NULL);
	if (!p)
		return;
	CHECK(p->types.len == 2 && p->period == 1 && p->depth.at[0] == 2);
	CHECK(p->locations.at[p->frames.at[0]].address == 0x400100);
	CHECK(p->mappings.len == 1 && p->locations.at[0].mapping == 0);
}

TEST(goroutine_text_has_labels_and_inlined_calls)
{
	cleanup(pprof_freep) struct pprof *p = read_text(
		"goroutine profile: total 7\n"
		"5 @ 0x43 0x44 0x45\n"
		"# labels: {\"room\":\"a, \\\"b\\\"}\", \"z\":\"\\u00fc\"}\n"
		"#\t0x44\tmain.inlined+0x1\t/a.go:1\n"
		"#\t0x44\tmain.outer+0x1\t/a.go:2\n"
		"\n"
		"2 @\n#\t0x0\n", NULL);
	if (!p)
		return;
	CHECK(p->samples == 2 && pprof_value(p, 0, 0) == 5 && pprof_value(p, 1, 0) == 2);
	CHECK(p->depth.at[0] == 1 && p->locations.at[p->frames.at[0]].lines == 2 && !strcmp(leaf_name(p, 0), "main.inlined"));
	const struct pprof_labels *set = &p->labels.at[p->label_set.at[0]];
	CHECK(set->len == 2 && !strcmp(pprof_str(p, p->label_rows.at[set->start].str), "a, \"b\"}"));
	CHECK(!strcmp(pprof_str(p, p->label_rows.at[set->start + 1].str), "\xc3\xbc"));
	CHECK(p->depth.at[1] == 0);
}

TEST(the_phantom_of_a_leak_profile_is_left_out_and_told)
{
	cleanup(pprof_freep) struct pprof *p = read_text("goroutineleak profile: total 2\n1 @ 0x5\n#\t0x5\tmain.w+0x1\t/a.go:3\n\n1 @\n#\t0x0\n", NULL);
	CHECK(p && p->samples == 1 && gaps_has(&p->gaps, GAP_PROFILE_PHANTOM));
}

TEST(contention_text_becomes_nanoseconds)
{
	cleanup(pprof_freep) struct pprof *p = read_text("--- mutex:\ncycles/second=2000000000\nsampling period=3\n1000 2 @ 0x11 0x12\n#\t0x10\tsync.(*Mutex).Unlock+0x3\t/m.go:9\n", NULL);
	CHECK(p && p->samples == 1 && pprof_value(p, 0, 0) == 6 && pprof_value(p, 0, 1) == 1500);
}

TEST(malformed_text_is_refused_at_its_place)
{
	static const struct { const char *text, *says; } rows[] = {
		{"", "t+0x0: empty"},
		{"hello\n", "t+0x0: not a profile"},
		{"heap profile: 1: 2 [3: 4] @ heap/x\n", "a sampling rate wanted"},
		{"heap profile: 1: 2 [3: 4] @ stack/1\n", "an unknown kind of heap profile"},
		{"heap profile: 1: 2 [3: 4] @ heap/2\n1: 2 3: 4] @ 0x1\n", "t+0x23: a sample 'N: N [N: N] @ 0x...' wanted"},
		{"heap profile: 1: 2 [3: 4] @ heap/2\n0: 2 [3: 4] @ 0x1\n", "a sample of 0 objects has bytes"},
		{"heap profile: 1: 2 [3: 4] @ heap/2\n1: 2 [3: 4] @ 0x12345678901234567\n", "an address wanted"},
		{"goroutine profile: total 1\nx @ 0x1\n", "'N @ 0x...' wanted"},
		{"goroutine profile: total 1\n1 @ 0x1\n# labels: {\"a\":\"b\n", "labels are not closed"},
		{"--- mutex:\ncycles/second=fast\n", "not a number"},
		{"--- mutex:\n1 @ 0x1\n", "'CYCLES COUNT @ 0x...' wanted"},
	};
	for (size_t i = 0; i < countof(rows); i++) {
		struct pprof *p = read_text(rows[i].text, rows[i].says);
		CHECK(!p, "row %zu", i);
		pprof_free(p);
	}
}
