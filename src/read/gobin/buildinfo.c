// Build info: Go's version, modules, settings. Source: src/debug/buildinfo (inline form, since 1.18), go1.27.
#include "read/gobin/private.h"

#include <ctype.h>
#include <stdlib.h>

enum { ALIGN = 16, INLINE = 2, AT_STRINGS = 32, MAX_STRING = 1 << 20, SENTINEL = 16 };
static const char magic[] = "\xff Go buildinf:";

static struct err *find(const struct gobin *g, struct view *ret)
{
	struct view v = elf_section_view(g, elf_section(g, ".go.buildinfo"));
	if (v.len >= AT_STRINGS && !memcmp(v.data, magic, sizeof(magic) - 1)) {
		*ret = v;
		return NULL;
	}
	for (int writable = 1; writable >= 0; writable--) // it begins the last writable segment; others are a last resort
		for (size_t i = 0; i < g->n_segments; i++) {
			struct view s = g->segments[i].bytes;
			if (g->segments[i].w != writable)
				continue;
			for (const uint8_t *p = s.data; s.len >= AT_STRINGS && (p = memmem(p, s.len - (size_t)(p - s.data), magic, sizeof(magic) - 1)); p++)
				if ((g->segments[i].addr + (uint64_t)(p - s.data)) % ALIGN == 0 && s.len - (size_t)(p - s.data) > AT_STRINGS) {
					*ret = (struct view){p, s.len - (size_t)(p - s.data), "build info"};
					return NULL;
				}
		}
	return err_new(ERR_UNSUPPORTED, "%s: not a Go program (no build info)", g->file.source ? g->file.source : "memory");
}

static struct err *string_at(const struct gobin *g, struct view v, uint64_t *off, const char **ret, size_t *ret_len)
{
	uint64_t len;
	struct view s;
	struct err *err = view_uvarint(v, off, &len);
	if (!err && len > MAX_STRING)
		return err_new(ERR_LIMIT, "build info: a string of %llu bytes", (unsigned long long)len);
	if (!err)
		err = view_sub(v, *off, len, &s);
	if (err)
		return err;
	*off += len;
	*ret_len = len;
	*ret = arena_strndup(g->arena, (const char *)s.data, s.len);
	return *ret ? NULL : &err_nomem;
}

// "go1.27.4-X:mapsplitgroup", "go1.25.4 X:greenteagc", "devel go1.28-abcdef": the release, and the experiments behind X:
static void split_version(struct gobin *g, char *version)
{
	struct gobin_buildinfo *b = &g->info;
	b->minor = b->patch = -1;
	b->experiments = "";
	char *x = strstr(version, "X:");
	if (x && x > version && (x[-1] == ' ' || x[-1] == '-')) {
		x[-1] = 0;
		b->experiments = x + 2;
	}
	b->go_version = version;
	if (strncmp(version, "go1.", 4))
		return;
	char *end;
	long minor = strtol(version + 4, &end, 10);
	long patch = *end == '.' && isdigit((unsigned char)end[1]) ? strtol(end + 1, &end, 10) : 0;
	bool candidate = !strncmp(end, "rc", 2) || !strncmp(end, "beta", 4);
	if ((*end && !candidate) || minor < 0 || minor > 999 || patch < 0 || patch > 9999)
		return;
	b->minor = (int)minor;
	b->patch = (int)patch;
}

// "mod\tgithub.com/x/y\tv1.2.3\th1:..." -> fields
static const char *field(struct gobin *g, const char *line, int n)
{
	for (; n > 0 && *line && *line != '\n'; line++)
		n -= *line == '\t';
	const char *s = n ? "" : arena_strndup(g->arena, line, strcspn(line, "\t\n"));
	return s ? s : "";
}

static void module_lines(struct gobin *g)
{
	for (const char *p = g->info.modinfo; *p; p += strcspn(p, "\n"), p += *p == '\n') {
		if (!strncmp(p, "path\t", 5))
			g->info.path = field(g, p, 1);
		else if (!strncmp(p, "mod\t", 4)) {
			g->info.module = field(g, p, 1);
			g->info.module_version = field(g, p, 2);
		}
	}
}

// The note "Go\0\0" of type 4.
static void build_id(struct gobin *g)
{
	struct view v = elf_section_view(g, elf_section(g, ".note.go.buildid"));
	uint32_t namesz, descsz;
	if (v.len < 16)
		return;
	memcpy(&namesz, v.data, 4);
	memcpy(&descsz, v.data + 4, 4);
	if (namesz == 4 && view_has(v, 16, descsz)) {
		const char *id = arena_strndup(g->arena, (const char *)v.data + 16, strnlen((const char *)v.data + 16, descsz));
		g->info.build_id = id ? id : "";
	}
}

struct err *buildinfo_open(struct gobin *g)
{
	struct gobin_buildinfo *b = &g->info;
	b->path = b->module = b->module_version = b->modinfo = b->build_id = "";
	struct view v;
	struct err *err = find(g, &v);
	if (err)
		return err;
	if (v.data[14] != 8)
		return err_new(ERR_UNSUPPORTED, "build info: pointer size %u, only 8 is read", v.data[14]);
	if (!(v.data[15] & INLINE))
		return err_new(ERR_UNSUPPORTED, "build info: the form of Go before 1.18");
	uint64_t off = AT_STRINGS;
	const char *version, *mod;
	size_t version_len, mod_len;
	if ((err = string_at(g, v, &off, &version, &version_len)) || (err = string_at(g, v, &off, &mod, &mod_len)))
		return err_while(err, "reading the build info");
	char *copy = arena_strdup(g->arena, version);
	if (!copy)
		return &err_nomem;
	split_version(g, copy);
	if (mod_len >= 2 * SENTINEL + 1 && mod[mod_len - SENTINEL - 1] == '\n')
		b->modinfo = arena_strndup(g->arena, mod + SENTINEL, mod_len - 2 * SENTINEL);
	if (!b->modinfo)
		return &err_nomem;
	module_lines(g);
	build_id(g);
	return NULL;
}

const struct gobin_buildinfo *gobin_buildinfo(const struct gobin *g) { return &g->info; }
