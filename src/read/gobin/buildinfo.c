// Build information: Go's version, the modules, the settings. Layout: src/debug/buildinfo/buildinfo.go, the inline form
// (flag 2) that every Go since 1.18 writes; cmd/link/internal/ld/main.go for how experiments stand in the version.
#include "read/gobin/private.h"

enum { HEADER = 32, FLAGS_OFF = 15, FLAG_INLINE = 2, SENTINEL = 16, MAX_INFO = 16 << 20 };
static const char magic[14] = "\xff Go buildinf:";

static addr_t find_magic(const struct gobin *g)
{
	struct elf_section s;
	if (elf_section_named(g, ".go.buildinfo", &s)) {
		const uint8_t *p = gobin_at(g, s.addr, HEADER);
		if (p && !memcmp(p, magic, sizeof(magic)))
			return s.addr;
	}
	for (int writable = 1; writable >= 0; writable--) // the linker puts it first in the writable segment
		for (size_t i = 0; i < g->segments.len; i++) {
			const struct gobin_segment *seg = &g->segments.at[i];
			if (seg->w != writable || seg->x)
				continue;
			for (uint64_t off = -seg->addr & 15; view_has(seg->bytes, off, HEADER); off += 16)
				if (!memcmp(seg->bytes.data + off, magic, sizeof(magic)))
					return seg->addr + off;
		}
	return 0;
}

static struct err *read_string(struct view v, uint64_t *off, const char **ret, uint64_t *ret_len)
{
	uint64_t len;
	struct err *err = view_uvarint(v, off, &len);
	if (err)
		return err;
	if (len > MAX_INFO)
		return err_new(ERR_LIMIT, "%s: a text of %llu bytes, at most %d are read", v.source, (unsigned long long)len, MAX_INFO);
	if (!view_has(v, *off, len))
		return err_input(v.source, *off, "truncated: a text of %llu bytes", (unsigned long long)len);
	*ret = (const char *)v.data + *off;
	*ret_len = len;
	*off += len;
	return NULL;
}

// Digits at *s, which moves behind them; -1: none, or too many.
static int number(const char **s)
{
	int n = 0;
	const char *from = *s;
	for (; **s >= '0' && **s <= '9' && *s - from < 6; ++*s)
		n = n * 10 + (**s - '0');
	return *s == from || (**s >= '0' && **s <= '9') ? -1 : n;
}

// "go1.26.8", "go1.25.4 X:nogreenteagc", "go1.27.4-X:a,b", "go1.21.13 (Red Hat ...)", "go1.28rc1"; other forms keep -1.
static struct err *parse_version(struct gobin *g, const char *text, uint64_t len)
{
	char *s = arena_strndup(g->arena, text, len);
	if (!s)
		return &err_nomem;
	g->info.go_version = s;
	for (char *x = strstr(s, "X:"); x; x = strstr(x + 2, "X:"))
		if (x > s && (x[-1] == ' ' || x[-1] == '-')) {
			g->info.experiments = x + 2;
			x[-1] = 0;
			break;
		}
	if (strncmp(s, "go1.", 4))
		return NULL;
	const char *at = s + 4;
	int minor = number(&at), patch = -1;
	if (minor >= 0 && *at == '.') {
		at++;
		patch = number(&at);
		if (patch < 0)
			return NULL;
	} else if (minor >= 0) {
		patch = 0;
	}
	bool candidate = !strncmp(at, "rc", 2) || !strncmp(at, "beta", 4);
	if (minor >= 0 && (candidate || !*at || *at == ' ' || *at == '-' || *at == '+')) {
		g->info.minor = minor;
		g->info.patch = patch;
	}
	return NULL;
}

// The rest of the line behind "key\t", up to a tab or the line's end, the nth column.
static const char *column(struct gobin *g, const char *key, unsigned nth)
{
	size_t n = strlen(key);
	for (const char *line = g->info.modinfo; *line; ) {
		const char *end = strchrnul(line, '\n');
		if (!strncmp(line, key, n) && line[n] == '\t') {
			const char *at = line + n + 1;
			for (; nth && at < end; nth--) {
				const char *tab = memchr(at, '\t', (size_t)(end - at));
				at = tab ? tab + 1 : end;
			}
			size_t len = 0;
			while (at + len < end && at[len] != '\t')
				len++;
			const char *s = arena_strndup(g->arena, at, len);
			return s ? s : "";
		}
		line = *end ? end + 1 : end;
	}
	return "";
}

static struct err *parse_modinfo(struct gobin *g, const char *text, uint64_t len)
{
	if (len <= 2 * SENTINEL || text[len - SENTINEL - 1] != '\n')
		return NULL; // built without modules
	char *s = arena_strndup(g->arena, text + SENTINEL, len - 2 * SENTINEL);
	if (!s)
		return &err_nomem;
	g->info.modinfo = s;
	g->info.path = column(g, "path", 0);
	g->info.module = column(g, "mod", 0);
	g->info.module_version = column(g, "mod", 1);
	return NULL;
}

// Where there is no build information: the string variable runtime.buildVersion.
static struct err *from_variable(struct gobin *g)
{
	addr_t addr;
	uint64_t size;
	const uint8_t *header, *text;
	if (!gobin_symbol(g, "runtime.buildVersion", &addr, &size) || !(header = gobin_at(g, addr, 16)))
		return NULL;
	uint64_t len = load_u64(header + 8);
	if (len > 256 || !(text = gobin_at(g, load_u64(header), len)))
		return NULL;
	return parse_version(g, (const char *)text, len);
}

struct err *buildinfo_open(struct gobin *g)
{
	const char *version, *modinfo;
	uint64_t version_len, modinfo_len, off = HEADER;
	addr_t addr = find_magic(g);
	if (!addr)
		return from_variable(g);
	struct view v = gobin_from(g, addr, "build information");
	if (!(v.data[FLAGS_OFF] & FLAG_INLINE)) {
		gap_add(&g->gaps, GAP_EXECUTABLE_PART, "build information", "in the form of Go 1.17 and earlier, which is not read");
		return NULL;
	}
	struct err *err = read_string(v, &off, &version, &version_len);
	if (!err)
		err = parse_version(g, version, version_len);
	if (!err)
		err = read_string(v, &off, &modinfo, &modinfo_len);
	if (!err)
		err = parse_modinfo(g, modinfo, modinfo_len);
	if (!err || err == &err_nomem)
		return err;
	gap_add_err(&g->gaps, GAP_EXECUTABLE_PART, "build information", err);
	return NULL;
}
