// /proc/PID/smaps: mappings, each followed by lines "Name:   12 kB" (fs/proc/task_mmu.c: show_smap).
#include "read/kernel/private.h"

#include <stdio.h>
#include <string.h>

void kernel_maps_fini(struct kernel_maps *m) { vec_fini(&m->at); }

static void keep_end(char *to, size_t cap, const char *path)
{
	size_t len = strlen(path), skip = len < cap ? 0 : len - cap + 1;
	memcpy(to, path + skip, len - skip + 1);
}

static struct err *add_map(struct kernel_maps *out, const struct target_map *m)
{
	struct kernel_map k = {.start = m->start, .end = m->end, .off = m->off, .inode = m->inode, .r = m->r, .w = m->w, .x = m->x,
		.shared = m->shared};
	keep_end(k.path, sizeof(k.path), m->path);
	if (out->at.len && out->at.at[out->at.len - 1].end > m->start) // changed while it was read: the kernel goes on behind
		return NULL;
	return vec_push(&out->at, KERNEL_MAPS_MAX, "mappings", k);
}

static uint64_t kib(const char *line, const char *name)
{
	uint64_t x;
	return procfs_field(line, name, &x) ? x : 0;
}

bool smaps_line(void *ctx, char *line)
{
	struct smaps *s = ctx;
	if (line[0] < 'A' || line[0] > 'Z') {
		struct target_map m;
		if (procfs_map_line(line, &m))
			s->err = add_map(s->out, &m);
		return !s->err;
	}
	struct kernel_map *k = s->out->at.len ? &s->out->at.at[s->out->at.len - 1] : NULL;
	if (!k)
		return true;
	switch (line[0]) {
	case 'R': k->rss += kib(line, "Rss"); break;
	case 'A':
		k->anonymous += kib(line, "Anonymous");
		k->anon_huge += kib(line, "AnonHugePages");
		break;
	case 'S': k->swap += kib(line, "Swap"); break;
	case 'V': k->grows_down = !strncmp(line, "VmFlags:", 8) && strstr(line, " gd"); break;
	}
	return true;
}

struct err *kernel_smaps(int64_t pid, struct kernel_maps *ret)
{
	struct kernel_maps maps = {0};
	struct smaps s = {&maps, NULL};
	struct err *err = procfs_lines(pid, "smaps", smaps_line, &s);
	if (err || s.err) {
		kernel_maps_fini(&maps);
		err_free(err ? s.err : NULL);
		return err ? err : s.err;
	}
	kernel_maps_fini(ret);
	*ret = maps;
	return NULL;
}
