// The text files of /proc: read whole, since their size is not known beforehand.
#include "read/target/private.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct err *read_all(int fd, const char *name, size_t max, struct strbuf *ret)
{
	char buf[16384];
	for (;;) {
		ssize_t n = read(fd, buf, sizeof(buf));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_os(errno, "%s", name);
		if (n == 0)
			break;
		if (ret->len + (size_t)n > max)
			return err_new(ERR_LIMIT, "%s: more than %zu bytes", name, max);
		strbuf_put(ret, buf, (size_t)n);
	}
	strbuf_puts(ret, "");
	return strbuf_check(ret);
}

struct err *proc_text_at(int dir_fd, const char *name, size_t max, struct strbuf *ret)
{
	int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		int e = errno; // a process' folder is empty once it has ended
		return err_os(e == ENOENT && faccessat(dir_fd, "stat", F_OK, 0) ? ESRCH : e, "%s", name);
	}
	ret->len = 0;
	struct err *err = read_all(fd, name, max, ret);
	close(fd);
	return err;
}

struct err *procfs_text(int64_t pid, const char *name, size_t max, struct strbuf *ret)
{
	char path[512];
	if (pid)
		snprintf(path, sizeof(path), "/proc/%" PRId64 "/%s", pid, name);
	else
		snprintf(path, sizeof(path), "/proc/%s", name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		int e = errno;
		char folder[32];
		snprintf(folder, sizeof(folder), "/proc/%" PRId64, pid);
		return err_os(pid && e == ENOENT && access(folder, F_OK) ? ESRCH : e, "%s", path);
	}
	ret->len = 0;
	struct err *err = read_all(fd, path, max, ret);
	close(fd);
	return err;
}

bool procfs_field(const char *text, const char *name, uint64_t *ret)
{
	size_t len = strlen(name);
	for (const char *line = text; line && *line; line = strchr(line, '\n'), line = line ? line + 1 : NULL) {
		if (strncmp(line, name, len) || line[len] != ':')
			continue;
		const char *p = line + len + 1;
		p += strspn(p, " \t");
		if (*p < '0' || *p > '9')
			return false;
		char *end;
		errno = 0;
		uint64_t x = strtoull(p, &end, 10);
		if (errno)
			return false;
		end += strspn(end, " \t");
		bool kib = !strncmp(end, "kB", 2);
		if (kib && x > UINT64_MAX / 1024)
			return false;
		*ret = kib ? x * 1024 : x;
		return true;
	}
	return false;
}
