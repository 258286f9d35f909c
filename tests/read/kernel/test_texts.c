// The kernel's texts, as captured from real ones and shortened.
#include "read/kernel/private.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>

TEST(status_gives_sizes_in_bytes)
{
	struct kernel_status s;
	status_parse("Name:\tgame server\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t9\nPPid:\t7\nUid:\t1000\t1000\t1000\t1000\nVmSize:\t  200 kB\n"
		"VmRSS:\t  100 kB\nRssAnon:\t  60 kB\nRssFile:\t  30 kB\nRssShmem:\t  10 kB\nVmPTE:\t 4 kB\nVmSwap:\t 8 kB\nThreads:\t11\n", "", &s);
	CHECK(!strcmp(s.name, "game server") && s.ppid == 7 && s.uid == 1000 && s.vm_size == 204800 && s.rss == 102400);
	CHECK(s.rss_anon == 61440 && s.rss_file == 30720 && s.rss_shmem == 10240 && s.vm_swap == 8192 && s.page_tables == 4096);
	CHECK(s.threads == 11 && !s.ended && !s.started);
	status_parse("Name:\tx\nState:\tZ (zombie)\n", "9 (x) Z", &s);
	CHECK(s.ended && s.rss == 0 && s.uid == -1);
}

static struct kernel_maps read_smaps(const char *text)
{
	struct kernel_maps out = {0};
	struct smaps s = {&out, NULL};
	char *copy = strdup(text);
	for (char *line = copy, *next; line && *line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = 0;
		smaps_line(&s, line);
	}
	CHECK(!s.err);
	free(copy);
	return out;
}

TEST(smaps_are_mappings_with_their_sizes)
{
	struct kernel_maps m = read_smaps(
		"c000000000-c000400000 rw-p 00000000 00:00 0                              [anon: Go: heap]\n"
		"Size:               4096 kB\nRss:                3000 kB\nPss:                3000 kB\nAnonymous:          2900 kB\n"
		"AnonHugePages:      2048 kB\nSwap:                 12 kB\nSwapPss:               9 kB\nVmFlags: rd wr mr mw me ac sd hg\n"
		"7ff000000000-7ff000021000 rw-p 00000000 00:00 0                          [stack]\n"
		"Rss:                  16 kB\nVmFlags: rd wr mr mw me gd ac\n"
		"7ff000000000-7ff000022000 rw-p 00000000 00:00 0\nRss: 99 kB\n"); // seen twice: ends where the next was
	CHECK(m.at.len == 2);
	const struct kernel_map *a = m.at.at;
	CHECK(a[0].start == 0xc000000000 && a[0].rss == 3072000 && a[0].anonymous == 2969600 && a[0].anon_huge == 2097152 && a[0].swap == 12288);
	CHECK(!strcmp(a[0].path, "[anon: Go: heap]") && a[0].w && !a[0].grows_down && a[1].grows_down);
	kernel_maps_fini(&m);
	char line[400];
	snprintf(line, sizeof(line), "1000-2000 r--p 00000000 08:01 7  /%0300d/end\n", 0);
	m = read_smaps(line);
	CHECK(m.at.len == 1 && strlen(m.at.at[0].path) == 127 && !strcmp(m.at.at[0].path + 123, "/end"));
	kernel_maps_fini(&m);
	m = read_smaps("Rss: 4 kB\nnonsense\n");
	CHECK(m.at.len == 0);
	kernel_maps_fini(&m);
}

TEST(descriptors_say_what_they_are)
{
	static const struct { const char *link; enum kernel_fd_kind kind; uint64_t inode; const char *what; } rows[] = {
		{"socket:[12345]", KERNEL_FD_SOCKET, 12345, "socket"},
		{"pipe:[77]", KERNEL_FD_PIPE, 77, "pipe"},
		{"anon_inode:[eventpoll]", KERNEL_FD_ANON, 0, "eventpoll"},
		{"anon_inode:inotify", KERNEL_FD_ANON, 0, "inotify"},
		{"/var/log/x.log (deleted)", KERNEL_FD_FILE, 0, "/var/log/x.log (deleted)"},
		{"/a/very/long/path/that/does/not/fit/into/the/room/there/is/server.log", KERNEL_FD_FILE, 0,
		 &"t/does/not/fit/into/the/room/there/is/server.log"[1]},
		{"net:[4026531840]", KERNEL_FD_OTHER, 0, "net:[4026531840]"},
		{"anon_inode:[", KERNEL_FD_ANON, 0, "["},
		{"", KERNEL_FD_OTHER, 0, ""},
	};
	for (size_t i = 0; i < countof(rows); i++) {
		struct kernel_fd fd = {0};
		fd_describe(rows[i].link, &fd);
		CHECK(fd.kind == rows[i].kind && fd.inode == rows[i].inode && !strcmp(fd.what, rows[i].what), "%s: \"%s\"", rows[i].link, fd.what);
	}
}

TEST(the_stack_pointer_is_the_word_before_the_last)
{
	static const struct { const char *text; bool ok; addr_t sp; } rows[] = {
		{"202 0x52ae68 0x80 0x0 0x0 0x0 0x0 0x7ffd11a0 0x46f2a3\n", true, 0x7ffd11a0},
		{"-1 0x7ffd11a0 0x46f2a3\n", true, 0x7ffd11a0},
		{"running\n", false, 0}, {"", false, 0}, {"-1 0x0 0x0\n", false, 0}, {"1 2 3 4 5 6 7 8 9 10", false, 0},
	};
	for (size_t i = 0; i < countof(rows); i++) {
		addr_t sp = 0;
		CHECK(syscall_sp(rows[i].text, &sp) == rows[i].ok && sp == rows[i].sp, "%s", rows[i].text);
	}
}
