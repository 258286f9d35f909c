// Descriptors: /proc/PID/fd holds a link each, whose text says what it is (fs/d_path.c, fs/pipe.c, net/socket.c,
// fs/anon_inodes.c).
#include "read/kernel/private.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void kernel_fds_fini(struct kernel_fds *f) { vec_fini(&f->at); }

static void keep_end(char *to, size_t cap, const char *from, size_t len)
{
	size_t skip = len < cap ? 0 : len - cap + 1;
	memcpy(to, from + skip, len - skip);
	to[len - skip] = 0;
}

void fd_describe(const char *link, struct kernel_fd *ret)
{
	static const struct { const char *prefix; enum kernel_fd_kind kind; } kinds[] = {
		{"socket:[", KERNEL_FD_SOCKET}, {"pipe:[", KERNEL_FD_PIPE}, {"anon_inode:", KERNEL_FD_ANON}, {"/", KERNEL_FD_FILE},
	};
	ret->kind = KERNEL_FD_OTHER;
	ret->inode = 0;
	size_t len = strlen(link), skip = 0;
	for (size_t i = 0; i < countof(kinds); i++)
		if (!strncmp(link, kinds[i].prefix, strlen(kinds[i].prefix))) {
			ret->kind = kinds[i].kind;
			skip = kinds[i].kind == KERNEL_FD_FILE ? 0 : strlen(kinds[i].prefix);
			break;
		}
	if (ret->kind == KERNEL_FD_SOCKET || ret->kind == KERNEL_FD_PIPE)
		ret->inode = strtoull(link + skip, NULL, 10);
	if (ret->kind == KERNEL_FD_ANON && link[skip] == '[' && link[len - 1] == ']') {
		skip++;
		len--;
	}
	const char *what = ret->kind == KERNEL_FD_SOCKET ? "socket" : ret->kind == KERNEL_FD_PIPE ? "pipe" : NULL;
	if (what)
		keep_end(ret->what, sizeof(ret->what), what, strlen(what));
	else
		keep_end(ret->what, sizeof(ret->what), link + skip, len - skip);
}

static struct err *open_folder(int64_t pid, DIR **ret)
{
	char path[48];
	snprintf(path, sizeof(path), "/proc/%" PRId64 "/fd", pid);
	*ret = opendir(path);
	return *ret ? NULL : err_os(errno == ENOENT ? ESRCH : errno, "%s", path);
}

static int by_number(const void *a, const void *b)
{
	const struct kernel_fd *x = a, *y = b;
	return (x->fd > y->fd) - (x->fd < y->fd);
}

struct err *kernel_fds(int64_t pid, struct kernel_fds *ret)
{
	DIR *d;
	struct err *err = open_folder(pid, &d);
	if (err)
		return err;
	ret->at.len = 0;
	for (struct dirent *e; !err && (e = readdir(d));) {
		char link[PATH_MAX];
		ssize_t n = isdigit((unsigned char)e->d_name[0]) ? readlinkat(dirfd(d), e->d_name, link, sizeof(link) - 1) : -1;
		if (n <= 0) // closed meanwhile
			continue;
		link[n] = 0;
		struct kernel_fd fd = {.fd = (int32_t)strtol(e->d_name, NULL, 10)};
		fd_describe(link, &fd);
		err = vec_push(&ret->at, KERNEL_FDS_MAX, "descriptors", fd);
	}
	closedir(d);
	if (ret->at.len)
		qsort(ret->at.at, ret->at.len, sizeof(*ret->at.at), by_number);
	return err;
}

struct err *kernel_fd_count(int64_t pid, uint64_t *ret)
{
	DIR *d;
	struct err *err = open_folder(pid, &d);
	if (err)
		return err;
	struct stat st; // from Linux 6.2 the folder's size is their number
	uint64_t n = !fstat(dirfd(d), &st) && st.st_size > 0 ? (uint64_t)st.st_size : 0;
	for (struct dirent *e; !n && (e = readdir(d));)
		if (isdigit((unsigned char)e->d_name[0])) {
			n = 1;
			while ((e = readdir(d)))
				n += isdigit((unsigned char)e->d_name[0]) != 0;
			break;
		}
	closedir(d);
	*ret = n;
	return NULL;
}
