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

static struct err *open_proc(int64_t pid, const char *name, char path[512], int *ret)
{
	if (pid)
		snprintf(path, 512, "/proc/%" PRId64 "/%s", pid, name);
	else
		snprintf(path, 512, "/proc/%s", name);
	*ret = open(path, O_RDONLY | O_CLOEXEC);
	if (*ret >= 0)
		return NULL;
	int e = errno;
	char folder[32];
	snprintf(folder, sizeof(folder), "/proc/%" PRId64, pid);
	return err_os(pid && e == ENOENT && access(folder, F_OK) ? ESRCH : e, "%s", path);
}

struct err *procfs_text(int64_t pid, const char *name, size_t max, struct strbuf *ret)
{
	char path[512];
	int fd;
	struct err *err = open_proc(pid, name, path, &fd);
	if (err)
		return err;
	ret->len = 0;
	err = read_all(fd, path, max, ret);
	close(fd);
	return err;
}

// Hands out the whole lines of buf[0, len); returns how many bytes are left behind them. *go is false once fn had enough.
static size_t hand_out(char *buf, size_t len, bool (*fn)(void *, char *), void *ctx, bool *go)
{
	char *line = buf, *end;
	while (*go && (end = memchr(line, '\n', len - (size_t)(line - buf)))) {
		*end = 0;
		*go = fn(ctx, line);
		line = end + 1;
	}
	size_t left = len - (size_t)(line - buf);
	memmove(buf, line, left);
	return left;
}

struct err *procfs_lines(int64_t pid, const char *name, bool (*fn)(void *ctx, char *line), void *ctx)
{
	enum { LINE_MAX_ = 4096 };
	char path[512], buf[65536 + LINE_MAX_];
	int fd;
	struct err *err = open_proc(pid, name, path, &fd);
	if (err)
		return err;
	size_t have = 0;
	bool go = true, skip = false; // skip: behind a line that was cut
	while (go) {
		ssize_t n = read(fd, buf + have, sizeof(buf) - 1 - have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			err = err_os(errno, "%s", path);
		if (n <= 0)
			break;
		have += (size_t)n;
		char *end = skip ? memchr(buf, '\n', have) : buf - 1;
		if (!end) {
			have = 0;
			continue;
		}
		skip = false;
		have -= (size_t)(end + 1 - buf);
		memmove(buf, end + 1, have);
		have = hand_out(buf, have, fn, ctx, &go);
		if (have >= LINE_MAX_) {
			buf[LINE_MAX_ - 1] = 0;
			go = go && fn(ctx, buf);
			have = 0;
			skip = true;
		}
	}
	if (!err && go && have) {
		buf[have] = 0;
		fn(ctx, buf);
	}
	close(fd);
	return err;
}

int64_t clock_ns(clockid_t id)
{
	struct timespec ts;
	clock_gettime(id, &ts);
	return ts.tv_sec * 1000000000ll + ts.tv_nsec;
}

const char *stat_behind_name(const char *text)
{
	const char *p = strrchr(text, ')'); // the name may hold anything
	return p && p[1] == ' ' ? p + 2 : NULL;
}

// Field 22: clock ticks from boot to its start.
instant_t procfs_started(const char *stat)
{
	const char *p = stat_behind_name(stat);
	for (int field = 3; p && field < 22; field++)
		if ((p = strchr(p, ' ')))
			p++;
	long ticks = sysconf(_SC_CLK_TCK);
	uint64_t began;
	if (!p || ticks <= 0 || (began = strtoull(p, NULL, 10)) > UINT32_MAX * (uint64_t)ticks)
		return 0;
	double since_boot = (double)began / (double)ticks, now = (double)clock_ns(CLOCK_BOOTTIME) / 1e9;
	return clock_ns(CLOCK_REALTIME) - (instant_t)((now - since_boot) * 1e9);
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
