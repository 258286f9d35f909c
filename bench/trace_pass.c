// A full ordered pass over a trace: trace_pass FILE [1]; prints events, seconds, CPU seconds, MB/s. 1: one thread.
#include "read/trace/trace.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static double now(clockid_t id)
{
	struct timespec t;
	clock_gettime(id, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	struct stat st;
	int fd = argc > 1 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
	if (fd < 0 || fstat(fd, &st))
		return perror(argc > 1 ? argv[1] : "trace_pass FILE"), 2;
	void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return perror("mmap"), 2;
	struct trace_options opt = {.one_thread = argc > 2};
	double t0 = now(CLOCK_MONOTONIC), c0 = now(CLOCK_PROCESS_CPUTIME_ID);
	cleanup(trace_closep) struct trace *t = NULL;
	struct err *err = trace_open((struct view){p, (size_t)st.st_size, argv[1]}, &opt, &t);
	const struct trace_event *ev;
	size_t n = 0;
	uint64_t events = 0, sum = 0;
	while (!err && !(err = trace_next(t, &ev, &n)) && n) {
		events += n;
		for (size_t i = 0; i < n; i++)
			sum += ev[i].kind;
	}
	if (err)
		return fprintf(stderr, "%s\n", err_message(err)), 1;
	double s = now(CLOCK_MONOTONIC) - t0, c = now(CLOCK_PROCESS_CPUTIME_ID) - c0;
	struct rusage ru;
	getrusage(RUSAGE_SELF, &ru);
	printf("events %llu generations %llu seconds %.3f cpu %.3f MB/s %.1f gaps %zu maxrss %ld KiB sum %llu\n", (unsigned long long)events,
	       (unsigned long long)trace_info(t)->generations, s, c, (double)st.st_size / 1e6 / s, trace_gaps(t)->len, ru.ru_maxrss,
	       (unsigned long long)sum);
	for (size_t i = 0; i < trace_gaps(t)->len; i++)
		printf("gap %d %s %s\n", (int)trace_gaps(t)->at[i].code, trace_gaps(t)->at[i].subject, trace_gaps(t)->at[i].detail);
	return 0;
}
