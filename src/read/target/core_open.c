// Opening a core: the file, and the executable whose unchanged pages are not in it.
#include "read/target/core.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

// The first page of the program as it lay in memory is in most cores: the file must begin with the same bytes.
static bool same_program(const struct target *t, struct view exe)
{
	uint8_t page[TARGET_PAGE];
	for (size_t i = 0; i < t->core->seg.len; i++) {
		const struct core_segment *s = &t->core->seg.at[i];
		if (!s->is_exe || s->file_off || s->w || s->in_file < sizeof(page))
			continue;
		struct err *err = mem_read(&t->mem, s->start, page, sizeof(page));
		bool same = err || (exe.len >= sizeof(page) && !memcmp(page, exe.data, sizeof(page)));
		err_free(err);
		return same;
	}
	return true; // not to be told
}

static struct err *open_exe(struct target *t, const char *given)
{
	const char *path = given ? given : t->exe_path;
	if (!path) {
		gap_add(&t->gaps, GAP_EXECUTABLE_MISSING, "", "the core does not say which it was");
		return NULL;
	}
	cleanup(file_closep) struct file *f = NULL;
	struct err *err = file_open(path, &f);
	if (!err && !same_program(t, file_view(f)))
		err = err_new(ERR_INPUT, "%s is not the program of this core: its first page differs", path);
	if (err && given)
		return err;
	if (err)
		gap_add_err(&t->gaps, GAP_EXECUTABLE_MISSING, path, err);
	else
		t->exe_file = take(f);
	return NULL;
}

struct err *target_open_core(const char *path, const char *exe, struct target **ret)
{
	cleanup(target_closep) struct target *t = calloc(1, sizeof(*t));
	if (!t)
		return &err_nomem;
	*t = (struct target){.kind = TARGET_CORE, .proc_fd = -1, .mem_fd = -1};
	cleanup(file_closep) struct file *f = NULL;
	struct err *err = file_open(path, &f);
	if (!err)
		err = core_parse(file_view(f), t);
	if (err)
		return err; // f goes before t, which does not look at the bytes any more
	bool large = file_view(f).len >= FILE_MAP_FROM;
	t->core->file = take(f);
	t->core->fd = large ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	struct stat st;
	if (!stat(path, &st))
		t->core->written = st.st_mtim.tv_sec * 1000000000ll + st.st_mtim.tv_nsec;
	if ((err = open_exe(t, exe)))
		return err;
	*ret = take(t);
	return NULL;
}
