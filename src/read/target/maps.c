// /proc/PID/maps: "start-end rwxp offset major:minor inode   path", one mapping a line, ascending
// (fs/proc/task_mmu.c: show_map_vma). A path's newline stands as \012.
#include "read/target/private.h"

#include <stdlib.h>
#include <string.h>

void target_maps_fini(struct target_maps *m)
{
	vec_fini(&m->at);
	free(m->text);
	m->text = NULL;
}

static bool hex(char **p, uint64_t *ret)
{
	uint64_t x = 0;
	char *s = *p;
	for (; s - *p <= 16; s++) {
		unsigned d = *s >= '0' && *s <= '9' ? (unsigned)(*s - '0') : *s >= 'a' && *s <= 'f' ? (unsigned)(*s - 'a' + 10) : 16;
		if (d == 16)
			break;
		x = x << 4 | d;
	}
	if (s == *p || s - *p > 16)
		return false;
	*p = s;
	*ret = x;
	return true;
}

static bool decimal(char **p, uint64_t *ret)
{
	uint64_t x = 0;
	char *s = *p;
	for (; *s >= '0' && *s <= '9'; s++)
		if (__builtin_mul_overflow(x, 10, &x) || __builtin_add_overflow(x, (uint64_t)(*s - '0'), &x))
			return false;
	if (s == *p)
		return false;
	*p = s;
	*ret = x;
	return true;
}

static bool skip(char **p, char c)
{
	if (**p != c)
		return false;
	(*p)++;
	return true;
}

bool procfs_map_line(char *p, struct target_map *ret)
{
	struct target_map m = {0};
	uint64_t major, minor;
	if (!hex(&p, &m.start) || !skip(&p, '-') || !hex(&p, &m.end) || !skip(&p, ' ') || strnlen(p, 5) < 5)
		return false;
	m.r = p[0] == 'r';
	m.w = p[1] == 'w';
	m.x = p[2] == 'x';
	m.shared = p[3] == 's';
	p += 4;
	if (!skip(&p, ' ') || !hex(&p, &m.off) || !skip(&p, ' ') || !hex(&p, &major) || !skip(&p, ':') || !hex(&p, &minor) ||
	    !skip(&p, ' ') || !decimal(&p, &m.inode))
		return false;
	p += strspn(p, " ");
	m.path = p;
	*ret = m;
	return m.start < m.end;
}

struct err *target_maps_parse(char *text, struct target_maps *ret)
{
	struct target_maps m = {.text = text};
	struct err *err = NULL;
	addr_t last = 0;
	for (char *line = text, *next; !err && *line; line = next) {
		size_t len = strcspn(line, "\n");
		next = line + len + (line[len] == '\n');
		line[len] = 0;
		struct target_map map;
		// [vsyscall] lies above everything; order is the kernel's, but what is not ascending cannot be searched.
		if (!procfs_map_line(line, &map) || map.start < last)
			err = err_input("maps", (uint64_t)(line - text), "not a mapping above 0x%llx: \"%.60s\"", (unsigned long long)last, line);
		else
			err = vec_push(&m.at, TARGET_MAPS_MAX, "mappings", map);
		last = err ? last : map.end;
	}
	if (err)
		target_maps_fini(&m);
	else
		*ret = m;
	return err;
}

const struct target_map *target_maps_find(const struct target_map *at, size_t n, addr_t addr)
{
	size_t lo = 0, hi = n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (at[mid].end <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < n && at[lo].start <= addr ? &at[lo] : NULL;
}
