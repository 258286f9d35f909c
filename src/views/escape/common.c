#include "views/escape/common.h"

#include <stdlib.h>
#include <string.h>

const char *short_file(const char *path)
{
	const char *last = strrchr(path, '/');
	if (!last || last == path)
		return path;
	const char *before = memrchr(path, '/', (size_t)(last - path));
	return before ? before + 1 : path;
}

// A path element with a dot before the first slash is a host's name: not the standard library. main is the program's.
bool is_standard(const char *function)
{
	size_t plain = strcspn(function, "[("); // type arguments and receivers have slashes of their own
	const char *slash = memchr(function, '/', plain);
	size_t first = slash ? (size_t)(slash - function) : strcspn(function, ".");
	if (!strncmp(function, "main.", 5) || (slash && memchr(function, '.', first)))
		return false;
	static const char *const roots[] = {
		"archive", "bufio", "bytes", "cmp", "compress", "container", "context", "crypto", "database", "debug", "embed",
		"encoding", "errors", "expvar", "flag", "fmt", "go", "hash", "html", "image", "index", "internal", "io", "iter",
		"log", "maps", "math", "mime", "net", "os", "path", "plugin", "reflect", "regexp", "runtime", "slices", "sort",
		"strconv", "strings", "structs", "sync", "syscall", "testing", "text", "time", "unicode", "unique", "unsafe",
		"vendor", "weak",
	};
	for (size_t i = 0; i < countof(roots); i++)
		if (strlen(roots[i]) == first && !strncmp(function, roots[i], first))
			return true;
	return false;
}

static bool site_matches(const char *want, const char *function, const char *file, uint32_t line)
{
	const char *colon = strrchr(want, ':');
	if (colon && colon[1] >= '0' && colon[1] <= '9') {
		size_t n = (size_t)(colon - want), len = strlen(file);
		return (uint32_t)strtoul(colon + 1, NULL, 10) == line && len >= n && !strncmp(file + len - n, want, n) &&
		       (len == n || file[len - n - 1] == '/');
	}
	return strstr(function, want) || strstr(file, want);
}

bool place_passes(const struct view_filter *f, const struct gobin_frame *frames, size_t n)
{
	if (!n)
		return !f->site && !f->hot;
	bool site = !f->site, hot = !f->hot;
	for (size_t k = 0; k < n; k++) {
		char name[GOBIN_NAME_MAX];
		const char *function = gobin_name(frames[k].function, name);
		site = site || site_matches(f->site, function, frames[k].file, frames[k].line);
		hot = hot || f->hot(f->hot_ctx, function, frames[k].file, frames[k].line);
	}
	if (!site || !hot)
		return false;
	const char *outer = frames[n - 1].function;
	if (f->site || f->hot) // asked for by name
		return true;
	if (!strncmp(outer, "runtime.", 8) || !strncmp(outer, "internal/runtime/", 17))
		return f->runtime;
	return f->standard_library || !is_standard(outer);
}

void flow_text(const struct code *c, const struct code_site *s, struct strbuf *out)
{
	struct code_hop hops[HOPS];
	size_t n = code_flow(c, s, hops, countof(hops));
	for (size_t k = 0; k < n; k++) {
		if (k)
			strbuf_puts(out, " -> ");
		code_step_text(c, hops[k].site, hops[k].sink, out);
	}
}
