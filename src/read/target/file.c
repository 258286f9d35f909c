// Files as bytes. Small ones are read, so that one cut short meanwhile cannot fault us; large ones (executables, cores,
// traces) are mapped. Pipes and terminals are read whole up to the maximum.
#include "read/target/private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const uint64_t read_max = 4ull << 30;

struct file {
	struct view bytes;
	char *name;
	void *buf;    // read
	void *mapped; // or mapped
};

void file_close(struct file *f)
{
	if (!f)
		return;
	if (f->mapped)
		munmap(f->mapped, f->bytes.len);
	free(f->buf);
	free(f->name);
	free(f);
}

struct view file_view(const struct file *f) { return f->bytes; }

static struct err *read_whole(int fd, size_t expect, struct file *f)
{
	size_t len = 0, cap = expect + 1; // one more, to see that nothing follows
	char *buf = malloc(cap);
	f->buf = buf;
	for (;;) {
		if (!buf)
			return &err_nomem;
		ssize_t n = read(fd, buf + len, cap - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_os(errno, "%s", f->name);
		if (n == 0)
			break;
		len += (size_t)n;
		if (len > read_max)
			return err_new(ERR_LIMIT, "%s: more than %llu bytes from a stream", f->name, (unsigned long long)read_max);
		if (len == cap) {
			cap *= 2;
			char *more = realloc(buf, cap);
			if (!more)
				return &err_nomem;
			f->buf = buf = more;
		}
	}
	f->bytes = (struct view){(const uint8_t *)buf, len, f->name};
	return NULL;
}

static struct err *take_fd(int fd, struct file *f)
{
	struct stat st;
	if (fstat(fd, &st))
		return err_os(errno, "%s", f->name);
	if (S_ISDIR(st.st_mode))
		return err_new(ERR_INPUT, "%s: is a directory", f->name);
	if (!S_ISREG(st.st_mode) || st.st_size < FILE_MAP_FROM)
		return read_whole(fd, S_ISREG(st.st_mode) ? (size_t)st.st_size : 65536, f);
	void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return err_os(errno, "%s: mapping %lld bytes", f->name, (long long)st.st_size);
	f->mapped = p;
	f->bytes = (struct view){p, (size_t)st.st_size, f->name};
	return NULL;
}

struct err *file_open_at(int dir_fd, const char *path, const char *called, struct file **ret)
{
	cleanup(file_closep) struct file *f = calloc(1, sizeof(*f));
	if (!f || !(f->name = strdup(called)))
		return &err_nomem;
	bool is_stdin = dir_fd == AT_FDCWD && !strcmp(path, "-");
	int fd = is_stdin ? STDIN_FILENO : openat(dir_fd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return err_os(errno, "%s", called);
	struct err *err = take_fd(fd, f);
	if (!is_stdin)
		close(fd);
	if (!err)
		*ret = take(f);
	return err;
}

struct err *file_open(const char *path, struct file **ret)
{
	return file_open_at(AT_FDCWD, path, strcmp(path, "-") ? path : "standard input", ret);
}
