// focus, ignore, hide, show, show_from, prune_from, drop_frames and the granularity: google/pprof's profile/filter.go,
// prune.go and Aggregate, on arrays. Filters look at locations once and then at samples' frames.
#include "views/profile/graph.h"
#include "views/profile/regex.h"

#include <stdlib.h>
#include <string.h>

// Only the frames at [from, from + len) of a sample stay.
static void cut_stack(struct pprof *p, size_t sample, uint32_t from, uint32_t len)
{
	p->stack.at[sample] += from;
	p->depth.at[sample] = len;
}

static bool line_matches(const struct pprof *p, const struct pprof_line *line, struct regex *rx)
{
	const struct pprof_function *f = &p->functions.at[line->function];
	return regex_matches_id(rx, p, f->name) || regex_matches_id(rx, p, f->file);
}

static bool mapping_matches(const struct pprof *p, const struct pprof_location *l, struct regex *rx)
{
	return l->mapping != PPROF_NONE && regex_matches_id(rx, p, p->mappings.at[l->mapping].file);
}

static bool location_matches(const struct pprof *p, const struct pprof_location *l, struct regex *rx)
{
	for (uint32_t i = 0; i < l->lines; i++)
		if (line_matches(p, &p->lines.at[l->line_start + i], rx))
			return true;
	return mapping_matches(p, l, rx);
}

// Keeps the lines that match (or do not); the location's binary decides for all of them.
static void keep_lines(struct pprof *p, struct pprof_location *l, struct regex *rx, bool keep_matching)
{
	uint32_t to = 0;
	if (mapping_matches(p, l, rx)) {
		l->lines = keep_matching ? l->lines : 0;
		return;
	}
	for (uint32_t i = 0; i < l->lines; i++) {
		struct pprof_line line = p->lines.at[l->line_start + i];
		if (line_matches(p, &line, rx) == keep_matching)
			p->lines.at[l->line_start + to++] = line;
	}
	l->lines = to;
}

enum { IGNORED = 1, FOCUSED = 2, HIDDEN = 4 };

static bool focused(const struct pprof *p, size_t sample, void *ctx)
{
	const uint8_t *marks = ctx;
	bool found = false;
	for (uint32_t f = 0; f < p->depth.at[sample]; f++) {
		uint8_t mark = marks[p->frames.at[p->stack.at[sample] + f]];
		if (mark & IGNORED)
			return false;
		found = found || mark & FOCUSED;
	}
	return found;
}

static bool has_frames(const struct pprof *p, size_t sample, void *ctx)
{
	(void)ctx;
	return p->depth.at[sample];
}

// Into a new array: samples share frames.
static struct err *hide_frames(struct pprof *p, const uint8_t *marks)
{
	VEC(uint32_t) frames = {0};
	struct err *err = NULL;
	for (size_t i = 0; !err && i < p->samples; i++) {
		const uint32_t *from = p->frames.at + p->stack.at[i];
		size_t start = frames.len;
		for (uint32_t f = 0; !err && f < p->depth.at[i]; f++)
			if (!(marks[from[f]] & HIDDEN))
				err = vec_push(&frames, PPROF_FRAMES_MAX, "stack frames", from[f]);
		p->stack.at[i] = (uint32_t)start;
		p->depth.at[i] = (uint32_t)(frames.len - start);
	}
	vec_fini(&p->frames);
	p->frames.at = frames.at;
	p->frames.len = frames.len;
	p->frames.cap = frames.cap;
	pprof_drop(p, has_frames, NULL);
	return err;
}

struct names { struct regex *focus, *ignore, *hide, *show; };

static void note(struct strbuf *notes, bool asked, bool matched, const char *option)
{
	if (asked && !matched)
		strbuf_printf(notes, "%s expression matched no samples\n", option);
}

static struct err *filter_names(struct pprof *p, const struct names *n, struct strbuf *notes)
{
	bool fm = false, im = false, hm = false, sm = false, hidden = false;
	if (!n->focus && !n->ignore && !n->hide && !n->show)
		return NULL;
	uint8_t *marks = calloc(p->locations.len + 1, 1);
	if (!marks)
		return &err_nomem;
	for (size_t i = 0; i < p->locations.len; i++) {
		struct pprof_location *l = &p->locations.at[i];
		if (n->ignore && location_matches(p, l, n->ignore)) {
			im = true;
			marks[i] |= IGNORED;
		} else if (!n->focus || location_matches(p, l, n->focus)) {
			fm = true;
			marks[i] |= FOCUSED;
		}
		if (n->hide && location_matches(p, l, n->hide)) {
			hm = true;
			keep_lines(p, l, n->hide, false);
			if (!l->lines)
				marks[i] |= HIDDEN;
		}
		if (n->show) {
			keep_lines(p, l, n->show, true);
			if (!l->lines)
				marks[i] |= HIDDEN;
			else
				sm = true;
		}
		hidden = hidden || marks[i] & HIDDEN;
	}
	pprof_drop(p, focused, marks);
	struct err *err = hidden ? hide_frames(p, marks) : NULL;
	free(marks);
	note(notes, n->focus, fm, "focus");
	note(notes, n->ignore, im, "ignore");
	note(notes, n->hide, hm, "hide");
	note(notes, n->show, sm, "show");
	return err;
}

// Everything above the outermost frame that matches goes; of a matching location the lines above the match.
static struct err *show_from(struct pprof *p, struct regex *rx, struct strbuf *notes)
{
	bool matched = false;
	uint8_t *marks = calloc(p->locations.len + 1, 1);
	if (!marks)
		return &err_nomem;
	for (size_t i = 0; i < p->locations.len; i++) {
		struct pprof_location *l = &p->locations.at[i];
		if (mapping_matches(p, l, rx)) {
			marks[i] = 1;
		} else {
			for (uint32_t j = l->lines; j-- > 0 && !marks[i]; )
				if (line_matches(p, &p->lines.at[l->line_start + j], rx)) {
					marks[i] = 1;
					l->lines = j + 1;
				}
		}
		matched = matched || marks[i];
	}
	for (size_t i = 0; i < p->samples; i++) {
		uint32_t n = p->depth.at[i];
		while (n && !marks[p->frames.at[p->stack.at[i] + n - 1]])
			n--;
		cut_stack(p, i, 0, n);
	}
	pprof_drop(p, has_frames, NULL);
	free(marks);
	note(notes, true, matched, "show_from");
	return NULL;
}

// A name without its arguments: "operator()" and "(anonymous namespace)" are part of names.
static size_t simple_length(const char *s, size_t len)
{
	static const char *const reserved[] = {"(anonymous namespace)", "operator()"};
	for (size_t i = 0; i < len; ) {
		size_t skip = 0;
		for (size_t k = 0; k < countof(reserved); k++)
			if (len - i >= strlen(reserved[k]) && !memcmp(s + i, reserved[k], strlen(reserved[k])))
				skip = strlen(reserved[k]);
		if (!skip && s[i] == '(')
			return i;
		i += skip ? skip : 1;
	}
	return len;
}

static bool simple_matches(const struct pprof *p, const struct pprof_line *line, struct regex *drop, struct regex *keep)
{
	size_t len;
	const char *s = interner_str(p->strings, p->functions.at[line->function].name, &len);
	if (!len)
		return false;
	if (*s == '.')
		s++, len--;
	len = simple_length(s, len);
	return regex_matches(drop, s, len) && (!keep || !regex_matches(keep, s, len));
}

// Frames below the leaf-most match go, the match stays.
static struct err *prune_from(struct pprof *p, struct regex *rx)
{
	uint8_t *marks = calloc(p->locations.len + 1, 1);
	if (!marks)
		return &err_nomem;
	for (size_t i = 0; i < p->locations.len; i++) {
		struct pprof_location *l = &p->locations.at[i];
		for (uint32_t j = 0; j < l->lines && !marks[i]; j++)
			if (simple_matches(p, &p->lines.at[l->line_start + j], rx, NULL)) {
				marks[i] = 1;
				l->line_start += j;
				l->lines -= j;
			}
	}
	for (size_t i = 0; i < p->samples; i++)
		for (uint32_t f = 0; f < p->depth.at[i]; f++)
			if (marks[p->frames.at[p->stack.at[i] + f]]) {
				cut_stack(p, i, f, p->depth.at[i] - f);
				break;
			}
	free(marks);
	return NULL;
}

enum { PRUNE = 1, PRUNE_BENEATH = 2 };

static void prune_stack(struct pprof *p, size_t sample, const uint8_t *marks)
{
	bool user = false; // a root that is to be dropped itself is left alone
	for (uint32_t f = p->depth.at[sample]; f-- > 0; ) {
		uint8_t mark = marks[p->frames.at[p->stack.at[sample] + f]];
		if (!mark) {
			user = true;
		} else if (user) {
			uint32_t from = f + !!(mark & PRUNE);
			cut_stack(p, sample, from, p->depth.at[sample] - from);
			return;
		}
	}
}

static struct err *compile_anchored(const struct pprof *p, const char *name, uint32_t id, struct regex **ret)
{
	cleanup(strbuf_finip) struct strbuf b = {0};
	strbuf_printf(&b, "^(%s)$", pprof_str(p, id));
	struct err *err = strbuf_check(&b);
	return err ? err : regex_new(name, strbuf_str(&b), ret);
}

struct err *filter_drop_frames(struct pprof *p)
{
	cleanup(regex_freep) struct regex *drop = NULL, *keep = NULL;
	struct err *err;
	if (!p->drop_frames)
		return NULL;
	if ((err = compile_anchored(p, "drop_frames", p->drop_frames, &drop)) ||
	    (p->keep_frames && (err = compile_anchored(p, "keep_frames", p->keep_frames, &keep)))) {
		err_free(err); // pprof ignores what a profile says wrongly here
		return NULL;
	}
	uint8_t *marks = calloc(p->locations.len + 1, 1);
	if (!marks)
		return &err_nomem;
	for (size_t i = 0; i < p->locations.len; i++) {
		struct pprof_location *l = &p->locations.at[i];
		uint32_t j = l->lines;
		while (j && !simple_matches(p, &p->lines.at[l->line_start + j - 1], drop, keep))
			j--;
		if (!j)
			continue;
		marks[i] = PRUNE_BENEATH | (j == l->lines ? PRUNE : 0);
		if (j < l->lines) {
			l->line_start += j;
			l->lines -= j;
		}
	}
	for (size_t i = 0; i < p->samples; i++)
		prune_stack(p, i, marks);
	free(marks);
	return NULL;
}

static struct err *compile(const char *option, const char *pattern, struct regex **ret)
{
	return pattern && *pattern ? regex_new(option, pattern, ret) : NULL;
}

struct err *filter_apply(struct report *r, struct strbuf *notes)
{
	const struct profile_options *o = r->o;
	cleanup(regex_freep) struct regex *focus = NULL, *ignore = NULL, *hide = NULL, *show = NULL, *from = NULL, *prune = NULL;
	struct err *err;
	if ((err = compile("focus", o->focus, &focus)) || (err = compile("ignore", o->ignore, &ignore)) || (err = compile("hide", o->hide, &hide)) ||
	    (err = compile("show", o->show, &show)) || (err = compile("show_from", o->show_from, &from)) || (err = compile("prune_from", o->prune_from, &prune)))
		return err;
	if ((err = filter_names(r->p, &(struct names){focus, ignore, hide, show}, notes)) || (from && (err = show_from(r->p, from, notes))) ||
	    (err = filter_tags(r, notes)))
		return err;
	return prune ? prune_from(r->p, prune) : NULL;
}

// ---- granularity --------------------------------------------------------------------------------------------------

// A path as Go's filepath.Clean leaves it, for the usual cases: no "//", "/./", "/../" and no slash at the end.
static struct err *clean_path(struct pprof *p, uint32_t *id)
{
	size_t len;
	const char *s = interner_str(p->strings, *id, &len);
	if (!len || (!strstr(s, "//") && !strstr(s, "./") && s[len - 1] != '/' && s[len - 1] != '.'))
		return NULL;
	cleanup(strbuf_finip) struct strbuf b = {0};
	bool rooted = *s == '/';
	if (rooted)
		strbuf_putc(&b, '/');
	for (const char *part = s, *end; *part; part = *end ? end + 1 : end) {
		end = strchrnul(part, '/');
		size_t n = (size_t)(end - part);
		if (!n || (n == 1 && *part == '.'))
			continue;
		char *last = b.len ? memrchr(b.s, '/', b.len) : NULL;
		const char *last_part = last ? last + 1 : strbuf_str(&b);
		if (n == 2 && !memcmp(part, "..", 2) && b.len > rooted && strcmp(last_part, "..")) {
			b.len = last ? (size_t)(last - b.s) : 0;
			if (rooted && !b.len)
				b.len = 1;
			b.s[b.len] = 0;
		} else if (n != 2 || memcmp(part, "..", 2) || !rooted) {
			if (b.len > rooted)
				strbuf_putc(&b, '/');
			strbuf_put(&b, part, n);
		}
	}
	if (!b.len)
		strbuf_putc(&b, '.');
	struct err *err = strbuf_check(&b);
	return err ? err : pprof_intern(p, strbuf_str(&b), b.len, id);
}

static const char *trimmed(const char *path, const struct profile_options *o)
{
	static const char *const always[] = {"/proc/self/cwd/./", "/proc/self/cwd/"};
	bool configured = o->trim_path && *o->trim_path;
	for (const char *dir = configured || !o->source_path ? "" : o->source_path, *end; *dir; dir = *end ? end + 1 : end) {
		end = strchrnul(dir, ':');
		const char *base = memrchr(dir, '/', (size_t)(end - dir));
		base = base ? base + 1 : dir;
		char want[512];
		snprintf(want, sizeof(want), "/%.*s/", (int)(end - base), base);
		const char *found = strlen(want) > 2 ? strstr(path, want) : NULL;
		if (found)
			return found + strlen(want);
	}
	for (const char *dir = configured ? o->trim_path : "", *end; *dir; dir = *end ? end + 1 : end) {
		end = strchrnul(dir, ':');
		size_t n = (size_t)(end - dir);
		bool slash = n && dir[n - 1] == '/';
		if (n && !strncmp(path, dir, n) && (slash || path[n] == '/'))
			return path + n + !slash;
	}
	for (size_t i = 0; i < countof(always); i++)
		if (!strncmp(path, always[i], strlen(always[i])))
			return path + strlen(always[i]);
	return path;
}

static struct err *name_files(struct report *r, bool files)
{
	struct pprof *p = r->p;
	struct err *err = NULL;
	for (size_t i = 0; !err && i < p->functions.len; i++) {
		struct pprof_function *f = &p->functions.at[i];
		if (!files)
			f->file = 0;
		const char *path = pprof_str(p, f->file), *to = trimmed(path, r->o);
		if (to != path)
			err = pprof_intern(p, to, strlen(to), &f->file);
		if (!err)
			err = clean_path(p, &f->file);
	}
	return err;
}

struct err *filter_aggregate(struct report *r)
{
	struct pprof *p = r->p;
	enum profile_granularity g = r->o->granularity;
	bool addresses = g == PROFILE_ADDRESSES, lines = addresses || g == PROFILE_LINES;
	bool functions = g != PROFILE_FILES, files = lines || g == PROFILE_FILES || g == PROFILE_FILEFUNCTIONS;
	if (addresses && !r->o->no_inlines)
		return name_files(r, true); // pprof leaves the profile as it is: columns stay as well
	for (size_t i = 0; !functions && i < p->functions.len; i++)
		p->functions.at[i].name = p->functions.at[i].system_name = 0;
	for (size_t i = 0; i < p->locations.len; i++) {
		struct pprof_location *l = &p->locations.at[i];
		if (r->o->no_inlines && l->lines > 1) {
			l->line_start += l->lines - 1;
			l->lines = 1;
		}
		for (uint32_t j = l->line_start; j < l->line_start + l->lines; j++) {
			if (!lines)
				p->lines.at[j].line = 0;
			if (!lines || !r->o->columns)
				p->lines.at[j].column = 0;
		}
		if (!addresses)
			l->address = 0;
	}
	return name_files(r, files);
}
