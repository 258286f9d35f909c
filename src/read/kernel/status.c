// /proc/PID/status and stat: what is cheap to ask. fs/proc/array.c, fs/proc/task_mmu.c (task_mem).
#include "read/kernel/private.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

void status_parse(const char *status, const char *stat, struct kernel_status *ret)
{
	*ret = (struct kernel_status){0};
	const struct { const char *name; uint64_t *to; } fields[] = {
		{"VmRSS", &ret->rss}, {"RssAnon", &ret->rss_anon}, {"RssFile", &ret->rss_file}, {"RssShmem", &ret->rss_shmem},
		{"VmSwap", &ret->vm_swap}, {"VmSize", &ret->vm_size}, {"VmPTE", &ret->page_tables}, {"Threads", &ret->threads},
	};
	for (size_t i = 0; i < countof(fields); i++)
		procfs_field(status, fields[i].name, fields[i].to);
	uint64_t x;
	ret->uid = procfs_field(status, "Uid", &x) ? (int64_t)x : -1;
	ret->ppid = procfs_field(status, "PPid", &x) ? (int64_t)x : -1;
	if (!strncmp(status, "Name:\t", 6)) {
		size_t len = strcspn(status + 6, "\n");
		len = len < sizeof(ret->name) ? len : sizeof(ret->name) - 1;
		memcpy(ret->name, status + 6, len);
	}
	const char *state = strstr(status, "\nState:\t");
	ret->ended = state && strchr("ZX", state[8]);
	ret->started = procfs_started(stat);
}

struct err *kernel_status(int64_t pid, struct kernel_status *ret)
{
	cleanup(strbuf_finip) struct strbuf status = {0}, stat = {0};
	struct err *err;
	if ((err = procfs_text(pid, "status", 65536, &status)) || (err = procfs_text(pid, "stat", 4096, &stat)))
		return err;
	status_parse(strbuf_str(&status), strbuf_str(&stat), ret);
	return NULL;
}

static int by_number(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

struct err *kernel_pids(struct kernel_pids *ret)
{
	DIR *d = opendir("/proc");
	if (!d)
		return err_os(errno, "/proc");
	struct err *err = NULL;
	ret->at.len = 0;
	for (struct dirent *e; !err && (e = readdir(d));)
		if (isdigit((unsigned char)e->d_name[0]))
			err = vec_push(&ret->at, 1u << 22, "processes", strtoll(e->d_name, NULL, 10));
	closedir(d);
	if (ret->at.len)
		qsort(ret->at.at, ret->at.len, sizeof(*ret->at.at), by_number);
	return err;
}
