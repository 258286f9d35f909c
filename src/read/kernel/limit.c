// How much memory a process may have: cgroup v2 (memory.max, memory.high), v1 (memory.limit_in_bytes), the machine.
// A cgroup's folder = the mount of its hierarchy + its path without the mount's root (both may be namespaced).
#include "read/kernel/private.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TEXT_MAX = 16 << 20 };

struct mount { char root[PATH_MAX / 2], point[PATH_MAX / 2]; };

// mountinfo escapes space, tab, newline, backslash as \ooo.
static void unescape(char *to, size_t cap, const char *from, size_t len)
{
	size_t n = 0;
	for (size_t i = 0; i < len && n + 1 < cap; i++) {
		if (from[i] == '\\' && i + 3 < len) {
			to[n++] = (char)((from[i + 1] - '0') << 6 | (from[i + 2] - '0') << 3 | (from[i + 3] - '0'));
			i += 3;
		} else {
			to[n++] = from[i];
		}
	}
	to[n] = 0;
}

static bool has_word(const char *list, size_t len, const char *word)
{
	size_t n = strlen(word);
	for (const char *p = list, *end = list + len; p < end;) {
		size_t k = 0;
		while (p + k < end && p[k] != ',')
			k++;
		if (k == n && !memcmp(p, word, n))
			return true;
		p += k + 1;
	}
	return false;
}

// "36 35 0:29 /root /point opts [tags] - cgroup2 source super,options"
static bool find_mount(const char *mountinfo, bool v2, struct mount *ret)
{
	for (const char *line = mountinfo, *next; *line; line = next) {
		size_t len = strcspn(line, "\n");
		next = line + len + (line[len] == '\n');
		const char *field[5] = {line};
		int n = 1;
		for (const char *p = line; n < 5 && p < line + len; p++)
			if (*p == ' ')
				field[n++] = p + 1;
		const char *dash = memmem(line, len, " - ", 3);
		if (n < 5 || !dash)
			continue;
		const char *type = dash + 3, *end = line + len;
		size_t type_len = strcspn(type, " \n");
		const char *super = end;
		while (super > type && super[-1] != ' ')
			super--;
		bool fits = v2 ? type_len == 7 && !memcmp(type, "cgroup2", 7)
			: type_len == 6 && !memcmp(type, "cgroup", 6) && has_word(super, (size_t)(end - super), "memory");
		if (!fits)
			continue;
		unescape(ret->root, sizeof(ret->root), field[3], (size_t)(field[4] - field[3] - 1));
		unescape(ret->point, sizeof(ret->point), field[4], strcspn(field[4], " \n"));
		return true;
	}
	return false;
}

// "9:name=systemd:/x", "4:memory:/a/b", "0::/a/b"
static bool find_path(const char *cgroup, bool v2, char ret[PATH_MAX])
{
	for (const char *line = cgroup, *next; *line; line = next) {
		size_t len = strcspn(line, "\n");
		next = line + len + (line[len] == '\n');
		const char *a = memchr(line, ':', len), *b = a ? memchr(a + 1, ':', len - (size_t)(a + 1 - line)) : NULL;
		if (!b || (v2 ? b != a + 1 || line[0] != '0' : !has_word(a + 1, (size_t)(b - a - 1), "memory")))
			continue;
		snprintf(ret, PATH_MAX, "%.*s", (int)(len - (size_t)(b + 1 - line)), b + 1);
		return true;
	}
	return false;
}

static bool read_text(const char *folder, const char *name, struct strbuf *ret)
{
	cleanup(strbuf_finip) struct strbuf path = {0};
	strbuf_printf(&path, "%s/%s", folder, name);
	cleanup(file_closep) struct file *f = NULL;
	struct err *err = path.failed ? &err_nomem : file_open(path.s, &f);
	if (err) {
		err_free(err);
		return false;
	}
	ret->len = 0;
	strbuf_put(ret, file_view(f).data, min_u64(file_view(f).len, TEXT_MAX));
	strbuf_puts(ret, "");
	return !ret->failed;
}

// A number; "max" and v1's huge ones are no limit: UINT64_MAX.
static uint64_t read_number(const char *folder, const char *name)
{
	cleanup(strbuf_finip) struct strbuf text = {0};
	if (!read_text(folder, name, &text) || text.s[0] < '0' || text.s[0] > '9')
		return UINT64_MAX;
	uint64_t x = strtoull(text.s, NULL, 10);
	return x >= (uint64_t)INT64_MAX / 4096 * 4096 ? UINT64_MAX : x;
}

// memory.stat: "name 123".
static uint64_t stat_value(const char *folder, const char *name)
{
	cleanup(strbuf_finip) struct strbuf text = {0};
	size_t len = strlen(name);
	if (read_text(folder, "memory.stat", &text))
		for (const char *p = text.s; p && *p; p = strchr(p, '\n'), p = p ? p + 1 : NULL)
			if (!strncmp(p, name, len) && p[len] == ' ')
				return strtoull(p + len, NULL, 10);
	return 0;
}

static void consider(const char *folder, const char *shown, bool v2, struct kernel_limit *ret)
{
	uint64_t max = read_number(folder, v2 ? "memory.max" : "memory.limit_in_bytes");
	uint64_t high = v2 ? read_number(folder, "memory.high") : UINT64_MAX;
	uint64_t limit = min_u64(max, high), used = read_number(folder, v2 ? "memory.current" : "memory.usage_in_bytes");
	if (limit == UINT64_MAX || used == UINT64_MAX)
		return;
	used -= min_u64(used, stat_value(folder, v2 ? "inactive_file" : "total_inactive_file"));
	uint64_t available = limit - min_u64(limit, used);
	if (ret->from != KERNEL_LIMIT_NONE && available >= ret->available)
		return;
	*ret = (struct kernel_limit){limit, used, available, KERNEL_LIMIT_CGROUP, high < max, ""};
	snprintf(ret->path, sizeof(ret->path), "%.255s", shown);
}

static bool walk(const struct cgroup_view *v, bool v2, struct kernel_limit *ret)
{
	struct mount m;
	char path[PATH_MAX], folder[3 * PATH_MAX];
	if (!find_mount(v->mountinfo, v2, &m) || (v->cgroup && !find_path(v->cgroup, v2, path)))
		return false;
	if (!v->cgroup)
		memcpy(path, m.root, sizeof(m.root));
	else if (strstr(path, "/.."))
		return false;
	size_t root = strcmp(m.root, "/") ? strlen(m.root) : 0;
	if (strncmp(path, m.root, root) || (root && path[root] && path[root] != '/'))
		return false;
	int base = snprintf(folder, sizeof(folder), "%s%s", v->prefix, m.point);
	if (base < 0 || (size_t)base + strlen(path + root) >= sizeof(folder))
		return false;
	memcpy(folder + base, path + root, strlen(path + root) + 1);
	if (!strcmp(folder + base, "/"))
		folder[base] = 0;
	if (access(folder, F_OK))
		return false;
	for (;;) { // from its own up to the mount
		consider(folder, folder + strlen(v->prefix), v2, ret);
		char *slash = strrchr(folder + base, '/');
		if (!slash)
			return true;
		*slash = 0;
	}
}

bool cgroup_limit(const struct cgroup_view *v, struct kernel_limit *ret)
{
	bool two = walk(v, true, ret), one = walk(v, false, ret);
	return one || two;
}

void machine_limit(const char *meminfo, struct kernel_limit *ret)
{
	uint64_t total, available, swap = 0;
	if (!procfs_field(meminfo, "MemTotal", &total) || !procfs_field(meminfo, "MemAvailable", &available))
		return;
	procfs_field(meminfo, "SwapFree", &swap);
	if (ret->from == KERNEL_LIMIT_NONE || available + swap < ret->available)
		*ret = (struct kernel_limit){total, total - min_u64(total, available), available + swap, KERNEL_LIMIT_MACHINE, false, ""};
}

struct err *kernel_limit(int64_t pid, struct kernel_limit *ret)
{
	cleanup(strbuf_finip) struct strbuf cgroup = {0}, own = {0}, its = {0}, meminfo = {0};
	struct err *err = procfs_text(pid, "cgroup", 1 << 20, &cgroup);
	if (err)
		return err;
	struct kernel_limit limit = {0};
	err_free(procfs_text(0, "self/mountinfo", TEXT_MAX, &own));
	if (!cgroup_limit(&(struct cgroup_view){strbuf_str(&cgroup), strbuf_str(&own), ""}, &limit)) {
		// Another cgroup namespace, or not mounted here: what it sees mounted is its own folder.
		char prefix[64];
		snprintf(prefix, sizeof(prefix), "/proc/%lld/root", (long long)pid);
		err_free(procfs_text(pid, "mountinfo", TEXT_MAX, &its));
		cgroup_limit(&(struct cgroup_view){NULL, strbuf_str(&its), prefix}, &limit);
	}
	if (!(err = procfs_text(0, "meminfo", 65536, &meminfo)))
		machine_limit(strbuf_str(&meminfo), &limit);
	err_free(err);
	*ret = limit;
	return NULL;
}
