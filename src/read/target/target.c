// What is the same for every kind of target.
#include "read/target/private.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void target_close(struct target *t)
{
	if (!t)
		return;
	target_maps_fini(&t->maps);
	vec_fini(&t->threads);
	core_free(t->core);
	file_close(t->exe_file);
	free(t->exe_path);
	gaps_fini(&t->gaps);
	if (t->proc_fd >= 0)
		close(t->proc_fd);
	if (t->mem_fd >= 0)
		close(t->mem_fd);
	free(t);
}

enum target_kind target_kind(const struct target *t) { return t->kind; }
int64_t target_pid(const struct target *t) { return t->pid; }
const struct mem *target_mem(const struct target *t) { return &t->mem; }
instant_t target_started(const struct target *t) { return t->started; }
const struct gaps *target_gaps(const struct target *t) { return &t->gaps; }
bool target_exe_deleted(const struct target *t) { return t->exe_deleted; }
const char *target_exe_path(const struct target *t) { return t->exe_path ? t->exe_path : ""; }

struct view target_exe(const struct target *t)
{
	return t->exe_file ? file_view(t->exe_file) : (struct view){.source = "executable"};
}

const struct target_map *target_maps(const struct target *t, size_t *ret_n)
{
	*ret_n = t->maps.at.len;
	return t->maps.at.at;
}

const struct target_map *target_map_at(const struct target *t, addr_t addr)
{
	return target_maps_find(t->maps.at.at, t->maps.at.len, addr);
}

size_t target_threads(const struct target *t, const struct target_thread **ret)
{
	*ret = t->threads.at;
	return t->threads.len;
}

struct err *target_file(const struct target *t, const char *path, struct file **ret)
{
	if (t->kind == TARGET_CORE)
		return file_open(path, ret);
	cleanup(strbuf_finip) struct strbuf below = {0};
	strbuf_printf(&below, "root/%s", path);
	struct err *err = strbuf_check(&below);
	return err ? err : file_open_at(t->proc_fd, below.s, path, ret);
}
