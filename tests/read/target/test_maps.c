#include "read/target/private.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>

static const char sample[] =
	"00400000-00452000 r-xp 00001000 08:02 173521                             /usr/bin/x y\n"
	"c000000000-c000400000 rw-p 00000000 00:00 0 \n"
	"c000400000-c004000000 ---p 00000000 00:00 0 \n"
	"7f0000000000-7f0000021000 rw-s 00000000 00:05 42                         /dev/zero (deleted)\n"
	"ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]\n";

TEST(mappings_are_read_as_the_kernel_prints_them)
{
	struct target_maps m;
	cleanup(err_freep) struct err *err = target_maps_parse(strdup(sample), &m);
	CHECK(!err, "%s", err ? err_message(err) : "");
	if (err)
		return;
	CHECK(m.at.len == 5);
	struct target_map *a = m.at.at;
	CHECK(a[0].start == 0x400000 && a[0].end == 0x452000 && a[0].off == 0x1000 && a[0].inode == 173521);
	CHECK(a[0].r && !a[0].w && a[0].x && !a[0].shared && !strcmp(a[0].path, "/usr/bin/x y"));
	CHECK(a[1].inode == 0 && !strcmp(a[1].path, "") && a[1].w);
	CHECK(!a[2].r && a[3].shared && !strcmp(a[3].path, "/dev/zero (deleted)"));
	CHECK(a[4].start == 0xffffffffff600000 && !strcmp(a[4].path, "[vsyscall]"));
	static const struct { addr_t addr; int want; } rows[] = {
		{0, -1}, {0x3fffff, -1}, {0x400000, 0}, {0x451fff, 0}, {0x452000, -1}, {0xc000000000, 1}, {0xc0003fffff, 1},
		{0xc000400000, 2}, {0x7f0000020fff, 3}, {0xffffffffff600fff, 4}, {0xffffffffff601000, -1}, {UINT64_MAX, -1},
	};
	for (size_t i = 0; i < countof(rows); i++) {
		const struct target_map *found = target_maps_find(a, m.at.len, rows[i].addr);
		CHECK((found ? found - a : -1) == rows[i].want, "0x%llx", (unsigned long long)rows[i].addr);
	}
	target_maps_fini(&m);
}

TEST(what_is_no_mapping_is_refused_with_its_line)
{
	static const struct { const char *text, *want; } rows[] = {
		{"hello\n", "maps+0x0: not a mapping above 0x0: \"hello\""},
		{"1000-2000 r-xp 0 0:0 0\n1000-2000 r-xp 0 0:0 0\n", "maps+0x17: not a mapping above 0x2000: \"1000-2000 r-xp 0 0:0 0\""},
		{"2000-1000 r-xp 0 0:0 0\n", "maps+0x0: not a mapping above 0x0: \"2000-1000 r-xp 0 0:0 0\""},
		{"1000-2000 r-x", "maps+0x0: not a mapping above 0x0: \"1000-2000 r-x\""},
		{"1000-2000 r-xp 0 0:0 99999999999999999999999", "maps+0x0: not a mapping above 0x0: \"1000-2000 r-xp 0 0:0 99999999999999999999999\""},
		{"11112222333344445-2000 r-xp 0 0:0 0", "maps+0x0: not a mapping above 0x0: \"11112222333344445-2000 r-xp 0 0:0 0\""},
	};
	for (size_t i = 0; i < countof(rows); i++) {
		struct target_maps m = {0};
		cleanup(err_freep) struct err *err = target_maps_parse(strdup(rows[i].text), &m);
		CHECK(err && err_kind(err) == ERR_INPUT && !strcmp(err_message(err), rows[i].want), "%s", err ? err_message(err) : "none");
		target_maps_fini(&m);
	}
}

TEST(a_text_cut_anywhere_gives_whole_lines_or_is_refused)
{
	for (size_t len = 0; len < sizeof(sample); len++) {
		struct target_maps m = {0};
		cleanup(err_freep) struct err *err = target_maps_parse(strndup(sample, len), &m);
		for (size_t i = 1; !err && i < m.at.len; i++)
			CHECK(m.at.at[i].start >= m.at.at[i - 1].end);
		target_maps_fini(&m);
	}
}

TEST(fields_of_proc_texts_are_found_by_name)
{
	static const char text[] = "Name:\tx\nVmRSS:\t  12 kB\nVmRSSx:\t 9 kB\nThreads:\t7\nBad:\t99999999999999999999\nHuge: 18446744073709551615 kB\n";
	static const struct { const char *name; bool found; uint64_t want; } rows[] = {
		{"VmRSS", true, 12288}, {"Threads", true, 7}, {"Name", false, 0}, {"Rss", false, 0}, {"Bad", false, 0}, {"Huge", false, 0},
	};
	for (size_t i = 0; i < countof(rows); i++) {
		uint64_t x = 0;
		CHECK(procfs_field(text, rows[i].name, &x) == rows[i].found && x == rows[i].want, "%s", rows[i].name);
	}
}

TEST(time_offsets_carry_their_sign_in_the_seconds)
{
	static const struct { const char *text; bool ok; int64_t want; } rows[] = {
		{"monotonic           0         0\nboottime            0         0\n", true, 0},
		{"monotonic       50000         5\nboottime            0         0\n", true, 50000000000005},
		{"monotonic          -2 500000000\n", true, -1500000000},
		{"monotonic          -2 1500000000\n", false, 0},
		{"monotonic 99999999999999999 0\n", false, 0},
		{"boottime 0 0\n", false, 0},
	};
	for (size_t i = 0; i < countof(rows); i++) {
		int64_t ns = 0;
		CHECK(timens_parse(rows[i].text, &ns) == rows[i].ok && ns == rows[i].want, "%zu: %lld", i, (long long)ns);
	}
}
