// sample_pid PID [N]: what one full sample of a live Go process costs the reader: memory statistics and every bucket.
#include "read/goruntime/goruntime.h"

#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

enum { MOST = 2000 };

static double now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

static void tell(const char *what, double *ms, size_t n)
{
	qsort(ms, n, sizeof(*ms), by_value);
	printf("%-28s p50 %7.3f ms   p99 %7.3f ms   max %7.3f ms\n", what, ms[n / 2], ms[n * 99 / 100], ms[n - 1]);
}

static struct err *measure(struct rt *rt, size_t n)
{
	static double poll[MOST], stats[MOST], buckets[MOST], all[MOST];
	struct rt_buckets b = {0};
	struct rt_memstats m;
	struct rt_poll p;
	struct err *err = NULL;
	double first = now_ms();
	err = rt_buckets(rt, &b);
	first = now_ms() - first;
	for (size_t i = 0; !err && i < n; i++) {
		double t0 = now_ms();
		err = rt_poll(rt, &p);
		double t1 = now_ms();
		if (!err)
			err = rt_memstats(rt, &m);
		double t2 = now_ms();
		if (!err)
			err = rt_buckets(rt, &b);
		double t3 = now_ms();
		poll[i] = t1 - t0;
		stats[i] = t2 - t1;
		buckets[i] = t3 - t2;
		all[i] = t3 - t1;
	}
	if (!err) {
		struct rusage ru;
		getrusage(RUSAGE_SELF, &ru);
		printf("%zu buckets, first walk of the list %.3f ms, %zu samples\n", b.at.len, first, n);
		tell("cheap words", poll, n);
		tell("memory statistics", stats, n);
		tell("buckets", buckets, n);
		tell("full sample", all, n);
		printf("peak memory of the reader %.1f MiB\n", (double)ru.ru_maxrss / 1024);
	}
	rt_buckets_fini(&b);
	return err;
}

int main(int argc, char **argv)
{
	cleanup(target_closep) struct target *t = NULL;
	cleanup(gobin_closep) struct gobin *g = NULL;
	cleanup(rt_detachp) struct rt *rt = NULL;
	if (argc < 2)
		return fputs("sample_pid PID [N]\n", stderr), 2;
	size_t n = argc > 2 ? strtoull(argv[2], NULL, 10) : 500;
	double start = now_ms();
	struct err *err = target_open_pid(strtoll(argv[1], NULL, 10), &t);
	if (!err)
		err = gobin_open(target_exe(t), &g);
	if (!err)
		err = rt_attach(t, g, &rt);
	if (!err)
		printf("attached in %.1f ms\n", now_ms() - start);
	if (!err)
		err = measure(rt, n < MOST ? n : MOST);
	if (!err)
		return 0;
	fprintf(stderr, "sample_pid: %s\n", err_message(err));
	err_free(err);
	return 1;
}
