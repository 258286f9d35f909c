// A live process: this one, and children made for the purpose.
#include "read/target/private.h"
#include "test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096 };

// Three pages, the middle one not there.
static char *with_hole(void)
{
	char *p = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (size_t i = 0; i < 3 * PAGE; i++)
		p[i] = (char)(i * 7 + i / PAGE);
	munmap(p + PAGE, PAGE);
	return p;
}

static struct target *self(void)
{
	struct target *t = NULL;
	struct err *err = target_open_pid(getpid(), &t);
	CHECK(!err, "%s", err ? err_message(err) : "");
	err_free(err);
	return t;
}

static void reads_go_as_far_as_they_can(struct target *t)
{
	char *p = with_hole();
	static char buf[8][3 * PAGE];
	addr_t a = (addr_t)(uintptr_t)p;
	struct { addr_t addr; size_t len, got; } rows[] = {
		{a, PAGE, PAGE}, {a, 3 * PAGE, PAGE}, {a + PAGE, 8, 0}, {a + 2 * PAGE - 8, 16, 0}, {a + 2 * PAGE, PAGE, PAGE},
		{a + 17, 2 * PAGE, PAGE - 17}, {a + PAGE - 8, 8, 8}, {0, 8, 0},
	};
	struct mem_range r[countof(rows)];
	for (size_t i = 0; i < countof(rows); i++)
		r[i] = (struct mem_range){rows[i].addr, buf[i], rows[i].len, 99};
	const struct mem *m = target_mem(t);
	cleanup(err_freep) struct err *err = m->readv(m->ctx, r, countof(r));
	CHECK(!err, "%s", err ? err_message(err) : "");
	for (size_t i = 0; i < countof(rows); i++) {
		CHECK(r[i].got == rows[i].got, "range %zu: %zu", i, r[i].got);
		CHECK(!r[i].got || !memcmp(buf[i], p + (rows[i].addr - a), r[i].got), "range %zu", i);
	}
	uint64_t word;
	cleanup(err_freep) struct err *hole = mem_u64(m, a + 2 * PAGE - 4, &word);
	CHECK(hole && err_kind(hole) == ERR_GONE && strstr(err_message(hole), "0 of 8 bytes can be read"));
	munmap(p, PAGE);
	munmap(p + 2 * PAGE, PAGE);
}

TEST(reads_stop_at_holes_and_go_on_behind_them)
{
	cleanup(target_closep) struct target *t = self();
	if (t)
		reads_go_as_far_as_they_can(t);
}

TEST(the_memory_file_gives_the_same)
{
	cleanup(target_closep) struct target *t = self();
	if (!t)
		return;
	t->mem_fd = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	reads_go_as_far_as_they_can(t);
}

TEST(more_ranges_than_one_call_takes)
{
	enum { N = 5000 };
	static uint64_t from[N], to[N];
	static struct mem_range r[N];
	for (size_t i = 0; i < N; i++) {
		from[i] = i * 0x9e3779b97f4a7c15;
		r[i] = (struct mem_range){i % 100 == 99 ? 64 : (addr_t)(uintptr_t)&from[i], &to[i], 8, 0};
	}
	cleanup(target_closep) struct target *t = self();
	if (!t)
		return;
	const struct mem *m = target_mem(t);
	cleanup(err_freep) struct err *err = m->readv(m->ctx, r, N);
	CHECK(!err);
	size_t wrong = 0;
	for (size_t i = 0; i < N; i++)
		wrong += i % 100 == 99 ? r[i].got != 0 : r[i].got != 8 || to[i] != from[i];
	CHECK(wrong == 0, "%zu", wrong);
	err = m->readv(m->ctx, r, 0);
	CHECK(!err);
}

TEST(mappings_executable_clock_and_start)
{
	cleanup(target_closep) struct target *t = self();
	if (!t)
		return;
	const struct target_map *m = target_map_at(t, (addr_t)(uintptr_t)&test_bad);
	CHECK(m && m->r && m->w);
	CHECK(target_pid(t) == getpid() && target_kind(t) == TARGET_PROCESS && target_alive(t));
	struct view exe = target_exe(t);
	CHECK(exe.len > 64 && !memcmp(exe.data, "\177ELF", 4));
	CHECK(strstr(target_exe_path(t), "test_target_pid") && !target_exe_deleted(t), "%s", target_exe_path(t));
	struct target_clock c;
	cleanup(err_freep) struct err *err = target_clock(t, &c);
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	int64_t now = ts.tv_sec * 1000000000ll + ts.tv_nsec;
	CHECK(!err && c.monotonic_ns <= now && now - c.monotonic_ns < 60000000000);
	CHECK(target_started(t) <= c.wall && c.wall - target_started(t) < 600000000000);
	void *fresh = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	err = target_refresh(t);
	CHECK(!err && target_map_at(t, (addr_t)(uintptr_t)fresh));
	munmap(fresh, PAGE);
	cleanup(file_closep) struct file *f = NULL;
	err = target_file(t, "/proc/version", &f);
	CHECK(!err && f && file_view(f).len > 5 && !memcmp(file_view(f).data, "Linux", 5));
}

static pid_t child(void (*does)(void))
{
	int p[2];
	if (pipe(p))
		return -1;
	pid_t pid = fork();
	if (!pid) {
		does();
		close(p[0]);
		if (write(p[1], "x", 1) == 1)
			pause();
		_exit(0);
	}
	char c;
	close(p[1]);
	if (read(p[0], &c, 1) != 1)
		CHECK(0, "child did not start");
	close(p[0]);
	return pid;
}

static void nothing(void) {}

TEST(a_process_that_ends_is_gone_while_open_and_afterwards)
{
	pid_t pid = child(nothing);
	cleanup(target_closep) struct target *t = NULL;
	cleanup(err_freep) struct err *err = target_open_pid(pid, &t);
	CHECK(!err, "%s", err ? err_message(err) : "");
	if (!t)
		return;
	kill(pid, SIGKILL);
	siginfo_t si;
	waitid(P_PID, (id_t)pid, &si, WEXITED | WNOWAIT); // a zombie now
	CHECK(!target_alive(t));
	uint64_t word;
	cleanup(err_freep) struct err *read = mem_u64(target_mem(t), (addr_t)(uintptr_t)&word, &word);
	CHECK(read && err_kind(read) == ERR_GONE && strstr(err_message(read), "has ended"), "%s", read ? err_message(read) : "");
	struct target *again = NULL;
	cleanup(err_freep) struct err *open = target_open_pid(pid, &again);
	CHECK(open && err_kind(open) == ERR_GONE, "%s", open ? err_message(open) : "");
	waitpid(pid, NULL, 0);
	CHECK(!target_alive(t));
	cleanup(err_freep) struct err *refresh = target_refresh(t);
	CHECK(refresh && err_kind(refresh) == ERR_GONE, "%s", refresh ? err_message(refresh) : "");
	cleanup(err_freep) struct err *gone = target_open_pid(pid, &again);
	CHECK(gone && err_kind(gone) == ERR_GONE && strstr(err_message(gone), "no process"), "%s", gone ? err_message(gone) : "");
	cleanup(err_freep) struct err *mapped = mem_u64(target_mem(t), 64, &word);
	CHECK(mapped && err_kind(mapped) == ERR_GONE);
}

TEST(what_is_no_process_is_refused)
{
	static const struct { int64_t pid; enum err_kind kind; const char *says; } rows[] = {
		{0, ERR_GONE, "no process 0"}, {-1, ERR_GONE, "no process -1"}, {INT64_MAX, ERR_GONE, "no process 9223372036854775807"},
	};
	for (size_t i = 0; i < countof(rows); i++) {
		struct target *t = NULL;
		cleanup(err_freep) struct err *err = target_open_pid(rows[i].pid, &t);
		CHECK(err && err_kind(err) == rows[i].kind && strstr(err_message(err), rows[i].says) && !t, "%s", err ? err_message(err) : "");
	}
}

TEST(files_are_bytes_with_their_name)
{
	char path[] = "/tmp/whyheap-test-XXXXXX";
	int fd = mkstemp(path);
	CHECK(fd >= 0 && write(fd, "hello", 5) == 5);
	cleanup(file_closep) struct file *f = NULL;
	cleanup(err_freep) struct err *err = file_open(path, &f);
	CHECK(!err && file_view(f).len == 5 && !memcmp(file_view(f).data, "hello", 5) && !strcmp(file_view(f).source, path));
	CHECK(!ftruncate(fd, 20 << 20)); // mapped from 16 MiB on
	cleanup(file_closep) struct file *big = NULL;
	err = file_open(path, &big);
	CHECK(!err && file_view(big).len == 20 << 20 && !memcmp(file_view(big).data, "hello\0", 6));
	CHECK(!ftruncate(fd, 0));
	cleanup(file_closep) struct file *empty = NULL;
	err = file_open(path, &empty);
	CHECK(!err && file_view(empty).len == 0);
	close(fd);
	unlink(path);
	struct file *none = NULL;
	cleanup(err_freep) struct err *gone = file_open(path, &none);
	CHECK(gone && !none && strstr(err_message(gone), "No such file"));
	cleanup(err_freep) struct err *dir = file_open("/tmp", &none);
	CHECK(dir && strstr(err_message(dir), "/tmp: is a directory"));
}
