// Threads' stack pointers: /proc/PID/task/TID/syscall is "running", "-1 SP PC", or "NR A B C D E F SP PC"
// (fs/proc/base.c: proc_pid_syscall). It needs the same permission as reading memory.
#include "read/kernel/private.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool syscall_sp(const char *text, addr_t *ret)
{
	const char *word[10];
	int n = 0;
	for (const char *p = text; *p && n < 10;) {
		p += strspn(p, " \n");
		if (*p)
			word[n++] = p;
		p += strcspn(p, " \n");
	}
	if (n != 9 && n != 3)
		return false;
	*ret = strtoull(word[n - 2], NULL, 16);
	return *ret != 0;
}

struct err *kernel_threads(int64_t pid, struct kernel_threads *ret)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/%" PRId64 "/task", pid);
	DIR *d = opendir(path);
	if (!d)
		return err_os(errno == ENOENT ? ESRCH : errno, "%s", path);
	struct err *err = NULL;
	cleanup(strbuf_finip) struct strbuf text = {0};
	ret->at.len = 0;
	for (struct dirent *e; !err && (e = readdir(d));) {
		if (!isdigit((unsigned char)e->d_name[0]))
			continue;
		struct kernel_thread t = {.tid = strtoll(e->d_name, NULL, 10)};
		snprintf(path, sizeof(path), "task/%" PRId64 "/syscall", t.tid);
		struct err *none = procfs_text(pid, path, 4096, &text);
		if (!none)
			syscall_sp(strbuf_str(&text), &t.sp);
		err_free(none);
		err = vec_push(&ret->at, 1u << 20, "threads", t);
	}
	closedir(d);
	return err;
}
