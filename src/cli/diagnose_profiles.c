// Profiles on disk -> facts, in the order they were taken. Where all of them together are large, each is read twice (once
// for its time) and only one is in memory at a time.
#include "cli/diagnose.h"
#include "facts/collect/collect.h"
#include "read/pprof/pprof.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { KEEP_BYTES = 16 << 20, MAX_PROFILES = 10000 };

struct profile_file { const char *path; instant_t mtime, at; struct pprof *p; };

static struct err *read_one(const char *path, struct pprof **ret)
{
	cleanup(file_closep) struct file *f = NULL;
	struct err *err = file_open(path, &f);
	return err ? err : pprof_read(file_view(f), 0, ret);
}

static int by_time(const void *a, const void *b)
{
	const struct profile_file *x = a, *y = b;
	return x->at != y->at ? (x->at > y->at) - (x->at < y->at) : strcmp(x->path, y->path);
}

static struct err *order(struct profile_file *files, size_t n, bool keep, struct gaps *gaps)
{
	for (size_t i = 0; i < n; i++) {
		struct err *err = read_one(files[i].path, &files[i].p);
		if (err && n == 1)
			return err;
		if (err) {
			gap_add_err(gaps, GAP_PROFILE_UNREADABLE, files[i].path, err);
			continue;
		}
		files[i].at = collect_pprof_time(files[i].p, files[i].mtime);
		if (!keep) {
			pprof_free(files[i].p);
			files[i].p = NULL;
		}
	}
	qsort(files, n, sizeof(*files), by_time);
	return NULL;
}

static struct err *add_all(struct profile_file *files, size_t n, struct evidence *ev)
{
	cleanup(collect_pprof_freep) struct collect_pprof *c = collect_pprof_new(ev);
	struct err *err = c ? NULL : &err_nomem;
	size_t read = 0;
	for (size_t i = 0; !err && i < n; i++) {
		if (!files[i].at)
			continue; // told as a gap
		if (!files[i].p && (err = read_one(files[i].path, &files[i].p)))
			break;
		err = collect_pprof_add(c, files[i].p, files[i].path, files[i].mtime);
		pprof_free(files[i].p);
		files[i].p = NULL;
		read++;
	}
	if (!err && !read)
		return err_new(ERR_INPUT, "none of the %zu profiles can be read", n);
	return err;
}

struct err *diagnose_profiles(const char *const *paths, size_t n, struct evidence *ev)
{
	struct profile_file *files = calloc(n + 1, sizeof(*files));
	uint64_t bytes = 0;
	if (!files)
		return &err_nomem;
	for (size_t i = 0; i < n; i++) {
		struct stat st = {0};
		stat(paths[i], &st);
		files[i].path = paths[i];
		files[i].mtime = (instant_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
		bytes += (uint64_t)st.st_size;
	}
	struct err *err = order(files, n, bytes <= KEEP_BYTES, &ev->gaps);
	if (!err)
		err = add_all(files, n, ev);
	for (size_t i = 0; i < n; i++)
		pprof_free(files[i].p);
	free(files);
	return err;
}

static int path_order(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

struct err *diagnose_directory(const char *path, struct arena *arena, const char *const **ret, size_t *ret_n)
{
	VEC(const char *) found = {0};
	struct stat st;
	struct err *err = NULL;
	DIR *d = opendir(path);
	if (!d)
		return err_new(ERR_OS, "%s: the directory cannot be read", path);
	for (struct dirent *e; !err && (e = readdir(d)); ) {
		const char *file = e->d_name[0] == '.' ? NULL : arena_printf(arena, "%s/%s", path, e->d_name);
		if (file && !stat(file, &st) && S_ISREG(st.st_mode))
			err = vec_push(&found, MAX_PROFILES, "files in a directory", file);
	}
	closedir(d);
	const char **list = arena_alloc(arena, (found.len + 1) * sizeof(*list));
	if (!err && !list)
		err = &err_nomem;
	if (!err && !found.len)
		err = err_new(ERR_INPUT, "%s: no file in this directory", path);
	if (!err) {
		qsort(found.at, found.len, sizeof(*found.at), path_order);
		memcpy(list, found.at, found.len * sizeof(*list));
		*ret = list;
		*ret_n = found.len;
	}
	vec_fini(&found);
	return err;
}
