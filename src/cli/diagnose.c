#include "cli/diagnose.h"
#include "cli/inputs.h"
#include "facts/collect/collect.h"
#include "run/watch/watch.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_SEGMENTS = 64, MAX_SEGMENT_BYTES = 512 << 20 };

// The executable's mappings, copied from memory: the segments a lost file had.
static struct err *segments_of(const struct target *t, struct gobin **ret)
{
	struct gobin_segment segments[MAX_SEGMENTS];
	uint8_t *copies[MAX_SEGMENTS] = {0};
	size_t n_maps, n = 0;
	const struct target_map *maps = target_maps(t, &n_maps);
	const char *exe = target_exe_path(t);
	struct err *err = NULL;
	for (size_t i = 0; !err && i < n_maps && n < MAX_SEGMENTS; i++) {
		const struct target_map *m = &maps[i];
		size_t len = strlen(exe);
		if (!m->r || strncmp(m->path, exe, len) || m->end - m->start > MAX_SEGMENT_BYTES)
			continue;
		if (!(copies[n] = malloc(m->end - m->start)))
			err = &err_nomem;
		else if (!(err = mem_read(target_mem(t), m->start, copies[n], m->end - m->start))) {
			segments[n] = (struct gobin_segment){m->start, {copies[n], m->end - m->start, "executable in memory"}, m->w, m->x};
			n++;
		}
	}
	if (!err && !n)
		err = err_new(ERR_UNSUPPORTED, "%s: neither the executable's file nor its memory can be read; give it with --binary", exe);
	if (!err)
		err = gobin_open_segments(segments, n, ret);
	for (size_t i = 0; i < n; i++)
		free(copies[i]);
	return err;
}

struct err *diagnose_gobin(const struct target *t, struct gobin **ret)
{
	struct view exe = target_exe(t);
	return exe.len ? gobin_open(exe, ret) : segments_of(t, ret);
}

struct err *diagnose_core(const struct args *args, const char *path, struct evidence *ev)
{
	cleanup(target_closep) struct target *t = NULL;
	cleanup(gobin_closep) struct gobin *g = NULL;
	struct err *err = target_open_core(path, args_str(args, "binary", NULL), &t);
	if (!err)
		err = diagnose_gobin(t, &g);
	if (!err)
		err = watch_once(t, g, ev);
	if (!err)
		diagnose_why(ev, g);
	return err_while(err, "core %s", path);
}

void diagnose_why(struct evidence *ev, const struct gobin *g)
{
	gap_add_err(&ev->gaps, GAP_CODE_NOT_FOLLOWED, NULL, collect_code(ev, g));
}
