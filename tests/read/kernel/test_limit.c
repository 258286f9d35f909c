// Limits: cgroup trees laid out in a folder, with the mount tables of the usual set-ups.
#include "read/kernel/private.h"
#include "test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char top[] = "/tmp/whyheap-cgroup-XXXXXX";

static void put(const char *path, const char *text)
{
	char full[512];
	snprintf(full, sizeof(full), "%s%s", top, path);
	for (char *p = full + strlen(top) + 1; (p = strchr(p, '/')); p++) {
		*p = 0;
		mkdir(full, 0755);
		*p = '/';
	}
	int fd = open(full, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text), "%s", full);
	close(fd);
}

static void lay_out(void)
{
	CHECK(mkdtemp(top));
	put("/cg/memory.stat", "anon 1\n"); // the root has no limit files
	put("/cg/app/memory.max", "max\n");
	put("/cg/app/memory.high", "6000\n");
	put("/cg/app/memory.current", "4500\n");
	put("/cg/app/memory.stat", "anon 100\ninactive_file 500\n");
	put("/cg/app/pod/memory.max", "8000\n");
	put("/cg/app/pod/memory.high", "max\n");
	put("/cg/app/pod/memory.current", "4000\n");
	put("/cg/app/pod/memory.stat", "inactive_file 0\n");
	put("/cg/app/free/memory.max", "max\n");
	put("/cg/app/free/memory.current", "1\n");
	put("/one/game/memory.limit_in_bytes", "9000\n");
	put("/one/game/memory.usage_in_bytes", "5000\n");
	put("/one/game/memory.stat", "inactive_file 1\ntotal_inactive_file 1000\n");
	put("/one/memory.limit_in_bytes", "9223372036854771712\n");
	put("/one/memory.usage_in_bytes", "5000\n");
	put("/a b/memory.max", "100\n");
	put("/a b/memory.current", "200\n");
}

TEST(the_cgroup_that_leaves_least_counts)
{
	lay_out();
	static const char two[] = "24 30 0:22 / /proc rw - proc proc rw\n31 23 0:27 / /cg rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";
	static const char one[] = "40 30 0:30 / /one rw - cgroup cgroup rw,memory\n41 30 0:31 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n";
	static const char inner[] = "40 30 0:30 /docker/7 /one/game ro - cgroup cgroup rw,memory\n";
	static const char space[] = "31 23 0:27 / /a\\040b rw - cgroup2 cgroup2 rw\n";
	static const struct { const char *what, *cgroup, *mounts; bool found; struct kernel_limit want; } rows[] = {
		{"v2: the parent's high is nearer", "0::/app/pod\n", two, true, {6000, 4000, 2000, KERNEL_LIMIT_CGROUP, true, "/cg/app"}},
		{"v2: one without limits of its own", "0::/app/free\n", two, true, {6000, 4000, 2000, KERNEL_LIMIT_CGROUP, true, "/cg/app"}},
		{"v2: the root", "0::/\n", two, true, {0}},
		{"v2: not there", "0::/nowhere\n", two, false, {0}},
		{"v2: another namespace", "0::/../other\n", two, false, {0}},
		{"v1", "5:cpu,cpuacct:/x\n4:memory:/game\n", one, true, {9000, 4000, 5000, KERNEL_LIMIT_CGROUP, false, "/one/game"}},
		{"v1 in a container whose mount has a root", "4:memory:/docker/7\n", inner, true, {9000, 4000, 5000, KERNEL_LIMIT_CGROUP, false, "/one/game"}},
		{"v1: another's root", "4:memory:/docker/77\n", inner, false, {0}},
		{"the mount itself", NULL, inner, true, {9000, 4000, 5000, KERNEL_LIMIT_CGROUP, false, "/one/game"}},
		{"v1 without a memory hierarchy", "5:cpu:/x\n", one, false, {0}},
		{"over its limit, a space in the path", "0::/\n", space, true, {100, 200, 0, KERNEL_LIMIT_CGROUP, false, "/a b"}},
		{"nothing mounted", "0::/app/pod\n", "", false, {0}},
		{"nothing to be read", "", two, false, {0}},
	};
	for (size_t i = 0; i < countof(rows); i++) {
		struct kernel_limit got = {0};
		bool found = cgroup_limit(&(struct cgroup_view){rows[i].cgroup, rows[i].mounts, top}, &got);
		const struct kernel_limit *w = &rows[i].want;
		CHECK(found == rows[i].found && got.bytes == w->bytes && got.used == w->used && got.available == w->available &&
		      got.from == w->from && got.soft == w->soft && !strcmp(got.path, w->path), "%s: %llu %llu %llu %s", rows[i].what,
		      (unsigned long long)got.bytes, (unsigned long long)got.used, (unsigned long long)got.available, got.path);
	}
	char command[64];
	snprintf(command, sizeof(command), "rm -r %s", top);
	CHECK(!system(command));
}

TEST(the_machine_counts_where_it_has_less)
{
	static const char meminfo[] = "MemTotal:       1000 kB\nMemFree: 10 kB\nMemAvailable:    400 kB\nSwapFree:       100 kB\n";
	struct kernel_limit a = {0}, b = {9000, 8999, 1, KERNEL_LIMIT_CGROUP, false, "/x"}, c = {1 << 30, 0, 1 << 30, KERNEL_LIMIT_CGROUP, false, "/x"};
	machine_limit(meminfo, &a);
	CHECK(a.from == KERNEL_LIMIT_MACHINE && a.bytes == 1024000 && a.used == 614400 && a.available == 512000);
	machine_limit(meminfo, &b);
	CHECK(b.from == KERNEL_LIMIT_CGROUP && b.available == 1);
	machine_limit(meminfo, &c);
	CHECK(c.from == KERNEL_LIMIT_MACHINE && !*c.path);
	struct kernel_limit d = {0};
	machine_limit("MemTotal: 1 kB\n", &d);
	CHECK(d.from == KERNEL_LIMIT_NONE);
}

TEST(this_process_has_a_limit)
{
	struct kernel_limit l;
	cleanup(err_freep) struct err *err = kernel_limit(getpid(), &l);
	CHECK(!err && l.from != KERNEL_LIMIT_NONE && l.bytes > 0 && l.available <= l.bytes + (1ull << 40));
	cleanup(err_freep) struct err *none = kernel_limit(INT32_MAX, &l);
	CHECK(none && err_kind(none) == ERR_GONE, "%s", none ? err_message(none) : "");
}
