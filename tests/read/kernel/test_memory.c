// Memory of this very process: what was touched is resident, what was not is not, and the sums agree.
#include "read/kernel/private.h"
#include "test.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096, PAGES = 64 };

TEST(touched_pages_are_resident_and_others_are_not)
{
	char *p = mmap(NULL, (PAGES + 2) * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	madvise(p, (PAGES + 2) * PAGE, MADV_NOHUGEPAGE);
	mprotect(p, PAGE, PROT_NONE); // so that it is a mapping of its own
	mprotect(p + (PAGES + 1) * PAGE, PAGE, PROT_NONE);
	p += PAGE;
	static const struct { int from, to; } touched[] = {{3, 5}, {10, 11}, {20, 40}};
	for (size_t i = 0; i < countof(touched); i++)
		memset(p + touched[i].from * PAGE, 1, (size_t)(touched[i].to - touched[i].from) * PAGE);
	volatile char zero = p[50 * PAGE]; // most kernels map the shared page of zeros for a read, which belongs to nobody
	(void)zero;
	addr_t a = (addr_t)(uintptr_t)p;
	struct kernel_runs runs = {0};
	cleanup(err_freep) struct err *err = kernel_resident(getpid(), a, a + PAGES * PAGE, &runs);
	CHECK(!err, "%s", err ? err_message(err) : "");
	CHECK(runs.at.len == 3 || (runs.at.len == 4 && runs.at.at[3].start == a + 50 * PAGE), "%zu runs", runs.at.len);
	for (size_t i = 0; i < countof(touched) && i < runs.at.len; i++)
		CHECK(runs.at.at[i].start == a + touched[i].from * PAGE && runs.at.at[i].end == a + touched[i].to * PAGE, "run %zu", i);
	struct kernel_maps maps = {0};
	err = kernel_smaps(getpid(), &maps);
	bool seen = false;
	uint64_t resident = 0;
	for (size_t i = 0; i < runs.at.len; i++)
		resident += runs.at.at[i].end - runs.at.at[i].start;
	for (size_t i = 0; !err && i < maps.at.len; i++)
		if (maps.at.at[i].start == a) {
			seen = true;
			CHECK(maps.at.at[i].end == a + PAGES * PAGE && maps.at.at[i].rss == resident && maps.at.at[i].anonymous == resident,
			      "%llu, %llu by pages", (unsigned long long)maps.at.at[i].rss, (unsigned long long)resident);
		}
	CHECK(seen);
	munmap(p - PAGE, (PAGES + 2) * PAGE);
	kernel_maps_fini(&maps);
	kernel_runs_fini(&runs);
}

TEST(many_runs_take_more_than_one_call)
{
	enum { N = 10000 };
	char *p = mmap(NULL, N * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	madvise(p, N * PAGE, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < N; i += 2)
		p[i * PAGE] = 1;
	addr_t a = (addr_t)(uintptr_t)p;
	struct kernel_runs runs = {0};
	cleanup(err_freep) struct err *err = kernel_resident(getpid(), a, a + N * PAGE, &runs);
	CHECK(!err && runs.at.len == N / 2, "%zu", runs.at.len);
	size_t wrong = 0;
	for (size_t i = 0; i < runs.at.len; i++)
		wrong += runs.at.at[i].start != a + 2 * i * PAGE || runs.at.at[i].end != a + (2 * i + 1) * PAGE;
	CHECK(!wrong, "%zu", wrong);
	munmap(p, N * PAGE);
	kernel_runs_fini(&runs);
}

TEST(mappings_add_up_to_the_status)
{
	struct kernel_maps maps = {0};
	struct kernel_status st;
	cleanup(err_freep) struct err *err = kernel_smaps(getpid(), &maps);
	if (!err)
		err = kernel_status(getpid(), &st);
	CHECK(!err);
	uint64_t rss = 0;
	for (size_t i = 0; i < maps.at.len; i++) {
		rss += maps.at.at[i].rss;
		CHECK(!i || maps.at.at[i].start >= maps.at.at[i - 1].end);
	}
	uint64_t off = rss > st.rss ? rss - st.rss : st.rss - rss;
	CHECK(off < 2 << 20, "%llu against %llu", (unsigned long long)rss, (unsigned long long)st.rss);
	CHECK(st.rss == st.rss_anon + st.rss_file + st.rss_shmem && st.threads >= 1 && st.ppid == getppid() && st.uid == getuid() && st.started);
	kernel_maps_fini(&maps);
}

static void *wait_for(void *arg) { return read(*(int *)arg, (char[1]){0}, 1) ? NULL : NULL; }

TEST(threads_say_where_their_stacks_are)
{
	int p[2];
	pthread_t t = 0;
	CHECK(!pipe(p) && !pthread_create(&t, NULL, wait_for, &p[0]));
	struct kernel_threads all = {0};
	bool found = false;
	pthread_attr_t attr;
	void *base = NULL;
	size_t size = 0;
	pthread_getattr_np(t, &attr);
	pthread_attr_getstack(&attr, &base, &size);
	for (int tries = 0; !found && tries < 200; tries++) { // until it sleeps in its read
		cleanup(err_freep) struct err *err = kernel_threads(getpid(), &all);
		CHECK(!err);
		for (size_t i = 0; i < all.at.len; i++)
			found = found || all.at.at[i].sp - (addr_t)(uintptr_t)base < size;
		usleep(1000);
	}
	CHECK(found && all.at.len == 2, "%zu threads", all.at.len);
	close(p[1]);
	pthread_join(t, NULL);
	close(p[0]);
	pthread_attr_destroy(&attr);
	vec_fini(&all.at);
}

TEST(a_process_that_is_not_there_is_gone)
{
	struct kernel_status st;
	struct kernel_maps maps = {0};
	struct kernel_fds fds = {0};
	struct kernel_runs runs = {0};
	struct kernel_threads threads = {0};
	uint64_t n;
	struct err *errs[] = {kernel_status(INT32_MAX, &st), kernel_smaps(INT32_MAX, &maps), kernel_fds(INT32_MAX, &fds),
		kernel_fd_count(INT32_MAX, &n), kernel_resident(INT32_MAX, 0, PAGE, &runs), kernel_threads(INT32_MAX, &threads)};
	for (size_t i = 0; i < countof(errs); i++) {
		CHECK(errs[i] && err_kind(errs[i]) == ERR_GONE, "%zu: %s", i, errs[i] ? err_message(errs[i]) : "");
		err_free(errs[i]);
	}
	struct kernel_pids pids = {0};
	cleanup(err_freep) struct err *err = kernel_pids(&pids);
	bool self = false;
	for (size_t i = 0; i < pids.at.len; i++)
		self = self || pids.at.at[i] == getpid();
	CHECK(!err && self);
	vec_fini(&pids.at);
}
