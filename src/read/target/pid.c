// A live process. Memory comes by process_vm_readv (mm/process_vm_access.c: copies page by page and stops at the first
// page that is not there, with what it has), or by /proc/PID/mem where a system call filter took that away.
#include "read/target/private.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 1024, TEXT_MAX = 256 << 20 }; // BATCH: IOV_MAX
static const size_t batch_bytes = 1u << 30;   // the kernel takes 2 GiB a call

static struct err *cannot_read(const struct target *t, int e)
{
	if (e == ESRCH)
		return err_new(ERR_GONE, "process %" PRId64 " has ended", t->pid);
	if (e != EPERM && e != EACCES)
		return err_os(e, "process %" PRId64 ": reading its memory", t->pid);
	struct permission p;
	permission_facts(t->proc_fd, t->pid, &p);
	return permission_err(&p, "reading its memory");
}

static struct err *readv_by_file(struct target *t, struct mem_range *r, size_t n)
{
	for (size_t i = 0; i < n; i++)
		while (r[i].got < r[i].len) {
			// The kernel refuses to read across a hole: up to the page's end is always in one mapping.
			size_t left = r[i].len - r[i].got;
			ssize_t k = r[i].addr + r[i].got > INT64_MAX ? 0
				: pread(t->mem_fd, (char *)r[i].buf + r[i].got, left, (off_t)(r[i].addr + r[i].got));
			if (k < 0 && errno == EINTR)
				continue;
			if (k < 0 && errno != EIO && errno != EFAULT)
				return cannot_read(t, errno);
			if (k <= 0)
				break;
			r[i].got += (size_t)k;
		}
	if (n && !r[0].got && !target_alive(t)) // an ended process has no memory, and no errno for it
		return cannot_read(t, ESRCH);
	return NULL;
}

// Reads ranges [0, n) in one call as far as it goes; returns how many are done (their `got` is final).
static struct err *readv_once(struct target *t, struct mem_range *r, size_t n, size_t *ret_done)
{
	struct iovec local[BATCH], remote[BATCH];
	size_t k = 0, total = 0;
	for (; k < n && k < BATCH && (!k || total + (r[k].len - r[k].got) <= batch_bytes); k++) {
		size_t want = r[k].len - r[k].got;
		want = want < batch_bytes ? want : batch_bytes;
		local[k] = (struct iovec){(char *)r[k].buf + r[k].got, want};
		remote[k] = (struct iovec){(void *)(uintptr_t)(r[k].addr + r[k].got), want};
		total += want;
	}
	ssize_t got = process_vm_readv((pid_t)t->pid, local, k, remote, k, 0);
	if (got < 0 && errno != EFAULT)
		return cannot_read(t, errno);
	size_t left = got < 0 ? 0 : (size_t)got, i = 0;
	for (; i < k; i++) {
		size_t part = left < local[i].iov_len ? left : local[i].iov_len;
		r[i].got += part;
		left -= part;
		if (part < local[i].iov_len)
			break;
	}
	if (i < k) {
		// Stopped inside range i. At a page's border the page behind it cannot be had; anywhere else, ask again.
		bool hole = got < 0 || !((r[i].addr + r[i].got) % TARGET_PAGE);
		*ret_done = i + hole;
	} else {
		*ret_done = r[k - 1].got == r[k - 1].len ? k : k - 1;
	}
	return NULL;
}

static struct err *pid_readv(void *ctx, struct mem_range *r, size_t n)
{
	struct target *t = ctx;
	for (size_t i = 0; i < n; i++)
		r[i].got = 0;
	if (t->mem_fd >= 0)
		return readv_by_file(t, r, n);
	for (size_t done = 0, step; done < n; done += step) {
		struct err *err = readv_once(t, r + done, n - done, &step);
		if (err)
			return err;
	}
	return NULL;
}

// ---- who it is ----------------------------------------------------------------------------------------------------

struct err *target_refresh(struct target *t)
{
	if (t->kind != TARGET_PROCESS)
		return NULL;
	struct strbuf text = {0};
	struct err *err = proc_text_at(t->proc_fd, "maps", TEXT_MAX, &text);
	struct target_maps maps = {0};
	if (!err && !(err = strbuf_check(&text)))
		err = target_maps_parse(take(text.s), &maps);
	else
		strbuf_fini(&text);
	if (err && err_kind(err) == ERR_PERMISSION) {
		err_free(err);
		struct permission p;
		permission_facts(t->proc_fd, t->pid, &p);
		return permission_err(&p, "reading its memory");
	}
	if (err)
		return err_while(err, "process %" PRId64, t->pid);
	target_maps_fini(&t->maps);
	t->maps = maps;
	return NULL;
}

bool target_alive(const struct target *t)
{
	if (t->kind != TARGET_PROCESS)
		return false;
	cleanup(strbuf_finip) struct strbuf text = {0};
	struct err *err = proc_text_at(t->proc_fd, "stat", 4096, &text);
	const char *state = err ? NULL : stat_behind_name(strbuf_str(&text));
	err_free(err);
	return state && !strchr("ZXx", *state);
}

bool timens_parse(const char *text, int64_t *ret_ns)
{
	const char *p = strstr(text, "monotonic");
	long long s, ns;
	if (!p || sscanf(p, "monotonic %lld %lld", &s, &ns) != 2 || ns < 0 || ns > 999999999)
		return false;
	return !__builtin_mul_overflow(s, 1000000000ll, &s) && !__builtin_add_overflow(s, ns, ret_ns);
}

static bool offsets_of(int dir_fd, const char *name, int64_t *ret_ns)
{
	cleanup(strbuf_finip) struct strbuf text = {0};
	struct err *err = proc_text_at(dir_fd, name, 4096, &text);
	bool ok = !err && timens_parse(strbuf_str(&text), ret_ns);
	err_free(err);
	return ok;
}

static void ns_link(int dir_fd, const char *name, char ret[64])
{
	ssize_t n = readlinkat(dir_fd, name, ret, 63);
	ret[n > 0 ? n : 0] = 0;
}

// timens_offsets are those its children will get: its own only where the two namespaces are one.
static void find_clock(struct target *t)
{
	char own[64], its[64], its_children[64];
	ns_link(AT_FDCWD, "/proc/self/ns/time", own);
	ns_link(t->proc_fd, "ns/time", its);
	ns_link(t->proc_fd, "ns/time_for_children", its_children);
	if (!*own || !strcmp(own, its)) // no such namespaces, or the same one
		return;
	int64_t a, b;
	if (*its && !strcmp(its, its_children) && offsets_of(t->proc_fd, "timens_offsets", &a) &&
	    offsets_of(AT_FDCWD, "/proc/self/timens_offsets", &b))
		t->clock_offset_ns = a - b;
	else
		gap_add(&t->gaps, GAP_CLOCK_UNKNOWN, NULL, NULL);
}

struct err *target_clock(const struct target *t, struct target_clock *ret)
{
	if (t->kind != TARGET_PROCESS) {
		*ret = (struct target_clock){0, core_written(t->core)};
		return NULL;
	}
	int64_t before = clock_ns(CLOCK_MONOTONIC), wall = clock_ns(CLOCK_REALTIME), after = clock_ns(CLOCK_MONOTONIC);
	*ret = (struct target_clock){before + (after - before) / 2 + t->clock_offset_ns, wall};
	return NULL;
}

// ---- the executable -----------------------------------------------------------------------------------------------

static void find_exe_path(struct target *t)
{
	static const char deleted[] = " (deleted)";
	char link[PATH_MAX + 16], below[PATH_MAX + 32];
	ssize_t n = readlinkat(t->proc_fd, "exe", link, sizeof(link) - 1);
	if (n <= 0)
		return;
	link[n] = 0;
	struct stat exe, named;
	bool exe_known = !fstatat(t->proc_fd, "exe", &exe, 0);
	snprintf(below, sizeof(below), "root/%s", link);
	bool there = !fstatat(t->proc_fd, below, &named, 0) && (!exe_known || exe.st_ino == named.st_ino);
	size_t tail = sizeof(deleted) - 1;
	// A file may be called "x (deleted)": then it is there under that very name.
	if (!there && (size_t)n > tail && !strcmp(link + n - tail, deleted)) {
		link[(size_t)n - tail] = 0;
		t->exe_deleted = true;
	}
	t->exe_path = strdup(link);
}

static struct err *find_exe(struct target *t)
{
	find_exe_path(t);
	struct err *err = file_open_at(t->proc_fd, "exe", t->exe_path ? t->exe_path : "executable", &t->exe_file);
	if (err && err_kind(err) == ERR_GONE)
		return err;
	gap_add_err(&t->gaps, GAP_EXECUTABLE_UNREADABLE, target_exe_path(t), err);
	struct view v = target_exe(t);
	if (v.len > 4 && !memcmp(v.data, "\177ELF\1", 5))
		return err_new(ERR_UNSUPPORTED, "process %" PRId64 ": %s is a 32-bit program; 64-bit ones can be read", t->pid, v.source);
	return NULL;
}

// ---- opening ------------------------------------------------------------------------------------------------------

static struct err *no_memory(const struct target *t, const char *status)
{
	if (strstr(status, "State:\tZ") || strstr(status, "State:\tX") || !target_alive(t))
		return err_new(ERR_GONE, "process %" PRId64 " has ended; only its parent has not taken notice yet", t->pid);
	return err_new(ERR_UNSUPPORTED, "process %" PRId64 " is a thread of the kernel: it has no memory of its own", t->pid);
}

static struct err *try_memory(struct target *t)
{
	for (size_t i = 0; i < t->maps.at.len; i++) {
		const struct target_map *m = &t->maps.at.at[i];
		uint64_t word;
		if (!m->r || m->path[0] == '[')
			continue;
		struct err *err = mem_read(&t->mem, m->start, &word, sizeof(word));
		if (!err)
			return NULL;
		if (err_kind(err) == ERR_PERMISSION || err_kind(err) == ERR_OS) {
			// A filter may have taken the system call and left the file.
			t->mem_fd = openat(t->proc_fd, "mem", O_RDONLY | O_CLOEXEC);
			struct err *again = t->mem_fd >= 0 ? mem_read(&t->mem, m->start, &word, sizeof(word)) : NULL;
			if (t->mem_fd >= 0 && !again) {
				err_free(err);
				return NULL;
			}
			err_free(again);
			return err;
		}
		if (!target_alive(t))
			return err;
		err_free(err); // a device's mapping, a file cut short
	}
	return err_new(ERR_UNSUPPORTED, "process %" PRId64 ": none of its memory can be read", t->pid);
}

struct err *target_open_pid(int64_t pid, struct target **ret)
{
	cleanup(target_closep) struct target *t = calloc(1, sizeof(*t));
	if (!t)
		return &err_nomem;
	char path[32];
	snprintf(path, sizeof(path), "/proc/%" PRId64, pid);
	*t = (struct target){.kind = TARGET_PROCESS, .pid = pid, .mem = {t, pid_readv}, .mem_fd = -1, .proc_fd = -1};
	t->proc_fd = pid > 0 && pid <= INT32_MAX ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (t->proc_fd < 0)
		return err_new(ERR_GONE, "no process %" PRId64 "; whyheap ps lists those there are", pid);
	cleanup(strbuf_finip) struct strbuf status = {0}, stat = {0};
	struct err *err;
	if ((err = proc_text_at(t->proc_fd, "status", 65536, &status)) || (err = proc_text_at(t->proc_fd, "stat", 4096, &stat)))
		return err_while(err, "process %" PRId64, pid);
	t->started = procfs_started(strbuf_str(&stat));
	if ((err = target_refresh(t)))
		return err;
	if (!t->maps.at.len)
		return no_memory(t, strbuf_str(&status));
	if ((err = find_exe(t)) || (err = try_memory(t)))
		return err;
	find_clock(t);
	*ret = take(t);
	return NULL;
}
