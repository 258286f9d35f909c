// Goroutine dumps: debug=2, panics, SIGQUIT, runtime.Stack. runtime/traceback.go (goroutineheader, traceback2,
// printcreatedby, printAncestorTraceback), Go 1.21 to 1.27. One sample per goroutine, with what only this form knows
// beside it (p->goroutines).
// A status never holds a bracket; labels may hold anything, quoted: 1.26 writes them inside the bracket, 1.27 behind.
#include "read/pprof/forms.h"
#include "read/pprof/text.h"

#include <string.h>

enum { PPROF_DUMP_CUT = 64 << 20 }; // runtime/pprof's writer stops here, in the middle of a line

struct dump {
	struct pprof *p;
	struct view v;
	struct lines ls;
	struct line line; // the one read ahead
	bool more;
	uint32_t state_key;
	uint64_t broken;  // goroutines that end in the middle
};

static void step(struct dump *d) { d->more = lines_next(&d->ls, &d->line); }

// "goroutine 12 [" or "goroutine 12 gp=0x... [": is it a header?
static bool header_starts(struct line l, uint64_t *ret_id)
{
	return line_take(&l, "goroutine ") && line_decimal(&l, ret_id) &&
	       (line_starts(&l, " [") || line_starts(&l, " gp="));
}

bool dump_starts(struct view v)
{
	struct lines ls = {v, 0};
	uint64_t id;
	for (struct line l; lines_next(&ls, &l); ) {
		if (header_starts(l, &id))
			return true;
		for (const char *s = l.s; s < l.end; s++)
			if ((unsigned char)*s < ' ' && *s != '\t')
				return false; // not text
	}
	return false;
}

// "chan receive (nil chan) (leaked), 5 minutes, locked to thread, synctest bubble 3"
static struct err *read_status(struct dump *d, struct line l, struct pprof_goroutine *g)
{
	const char *comma = memmem(l.s, line_left(&l), ", ", 2);
	struct line rest = {comma ? comma : l.end, l.end, l.off};
	const char *end = rest.s;
	const struct { const char *text; bool *to; } marks[] = {{" (leaked)", &g->leaked}, {" (scan)", &g->scan}, {" (durable)", &g->durable}};
	for (size_t i = 0; i < countof(marks); ) {
		size_t n = strlen(marks[i].text);
		if ((size_t)(end - l.s) > n && !memcmp(end - n, marks[i].text, n)) {
			end -= n;
			*marks[i].to = true;
			i = 0;
		} else {
			i++;
		}
	}
	while (line_take(&rest, ", ")) {
		uint64_t n;
		struct line part = rest;
		const char *next = memmem(rest.s, line_left(&rest), ", ", 2);
		part.end = rest.s = next ? next : rest.end;
		if (line_starts(&part, "locked to thread"))
			g->locked = true;
		else if (line_take(&part, "synctest bubble ") || line_take(&part, "synctest group "))
			g->bubble = line_decimal(&part, &n) ? n : 0;
		else if (line_decimal(&part, &n) && line_starts(&part, " minute"))
			g->minutes = (uint32_t)min_u64(n, UINT32_MAX);
	}
	return build_string(d->p, l.s, (size_t)(end - l.s), &g->status);
}

static struct err *bad_header(const struct dump *d, const struct line *l)
{
	return text_err(d->v, l, "a goroutine's header is malformed: 'goroutine N [status]:' wanted");
}

// Two sets of labels cannot both be there; the status becomes a label of its own, so that tags and tagfocus know it.
static struct err *add_state(struct dump *d, uint32_t status, uint32_t *labels)
{
	struct pprof *p = d->p;
	struct pprof_label rows[65];
	size_t n = 0;
	for (; n < 64 && n < p->labels.at[*labels].len; n++)
		rows[n] = p->label_rows.at[p->labels.at[*labels].start + n];
	rows[n++] = (struct pprof_label){.key = d->state_key, .str = status};
	return build_labels(p, rows, n, labels);
}

static struct err *read_header(struct dump *d, struct pprof_goroutine *g, uint32_t *labels)
{
	struct line l = d->line, status;
	struct err *err = NULL;
	header_starts(l, &g->id);
	const char *open = memmem(l.s, line_left(&l), " [", 2);
	if (!open)
		return bad_header(d, &d->line);
	l.s = open + 2;
	const char *close = memchr(l.s, ']', line_left(&l)), *inside = memmem(l.s, line_left(&l), " labels:{", 9);
	*labels = 0;
	status = (struct line){l.s, close ? close : l.end, l.off};
	if (inside && close && inside < close) {
		status.end = inside;
		l.s = inside + 8;
		err = text_labels(d->p, &l, labels);
		if (!err && !line_take(&l, "]:"))
			return bad_header(d, &d->line);
	} else if (!close) {
		return bad_header(d, &d->line);
	} else {
		l.s = close + 1;
		if (line_take(&l, " ") && line_starts(&l, "{"))
			err = text_labels(d->p, &l, labels);
		if (!err && !line_take(&l, ":"))
			return bad_header(d, &d->line);
	}
	if (err)
		return err_while(err, "%s+0x%llx: goroutine %llu", d->v.source, (unsigned long long)d->line.off, (unsigned long long)g->id);
	if ((err = read_status(d, status, g)))
		return err;
	return add_state(d, g->status, labels);
}

// "\t/path/file.go:12 +0x1d fp=0x... sp=0x... pc=0x..."
static struct err *read_place(struct dump *d, struct pprof_function *f, int64_t *line)
{
	struct line l = d->line;
	*line = 0;
	f->file = 0;
	if (!d->more || !line_take(&l, "\t"))
		return NULL; // cut off behind the function's line
	const char *end = memmem(l.s, line_left(&l), " +0x", 4);
	struct line path = {l.s, end ? end : l.end, l.off};
	if (!end && (end = memmem(l.s, line_left(&l), " fp=0x", 6)))
		path.end = end;
	const char *colon = memrchr(path.s, ':', line_left(&path));
	struct line number = {colon ? colon + 1 : path.end, path.end, l.off};
	if (!colon || !line_integer(&number, line))
		colon = path.end;
	step(d);
	return build_string(d->p, path.s, (size_t)(colon - path.s), &f->file);
}

// The line at hand names a function (l: without what surrounds the name), the next one its place.
static struct err *read_function(struct dump *d, struct line name, uint32_t *ret_location)
{
	struct pprof_function f = {0};
	struct pprof_line line = {0};
	struct pprof_location l = {.mapping = PPROF_NONE, .lines = 1};
	struct err *err;
	if ((err = build_string(d->p, name.s, line_left(&name), &f.name)))
		return err;
	f.system_name = f.name;
	step(d);
	if ((err = read_place(d, &f, &line.line)) || (err = build_function(d->p, f, &line.function)))
		return err;
	return build_location(d->p, l, &line, ret_location);
}

// "main.f(0x1, {0x2, ...})": the name ends at the last '('. False: not a frame.
static bool frame_name(struct line *l)
{
	const char *paren = memrchr(l->s, '(', line_left(l));
	if (!paren || paren == l->s || *l->s == ' ' || *l->s == '\t' || l->end[-1] != ')')
		return false;
	l->end = paren;
	return true;
}

static struct err *read_created(struct dump *d, struct pprof_goroutine *g)
{
	struct line l = d->line;
	line_take(&l, "created by ");
	const char *in = memmem(l.s, line_left(&l), " in goroutine ", 14);
	if (in) {
		struct line id = {in + 14, l.end, l.off};
		if (!line_decimal(&id, &g->creator))
			g->creator = 0;
		l.end = in;
	}
	return read_function(d, l, &g->created_by);
}

// "[originating from goroutine 7]:" and its frames.
static struct err *read_ancestor(struct dump *d)
{
	struct pprof *p = d->p;
	struct pprof_ancestor a = {.sample = (uint32_t)p->samples, .stack = (uint32_t)p->frames.len};
	struct line l = d->line;
	struct err *err;
	uint32_t location;
	line_take(&l, "[originating from goroutine ");
	line_decimal(&l, &a.id);
	step(d);
	while (d->more) {
		l = d->line;
		if (line_starts(&l, "created by ") || !frame_name(&l))
			break;
		if ((err = read_function(d, l, &location)) || (err = build_frame(p, location)))
			return err;
	}
	if (d->more && line_starts(&d->line, "created by ")) {
		struct pprof_goroutine ignored = {0};
		if ((err = read_created(d, &ignored)))
			return err;
	}
	a.depth = (uint32_t)p->frames.len - a.stack;
	return vec_push(&p->ancestors, PPROF_SAMPLES_MAX, "ancestors", a);
}

static uint32_t elided_frames(struct line l)
{
	uint64_t n;
	line_take(&l, "...");
	if (line_decimal(&l, &n))
		return (uint32_t)min_u64(n, UINT32_MAX);
	return 1; // "...additional frames elided..."
}

// Everything under one header, up to an empty line, the next header or the end.
static struct err *read_body(struct dump *d, struct pprof_goroutine *g, uint32_t *ret_depth)
{
	struct pprof *p = d->p;
	size_t stack = p->frames.len;
	struct err *err = NULL;
	uint32_t location;
	uint64_t id;
	while (!err && d->more && d->line.s < d->line.end && !header_starts(d->line, &id)) {
		struct line l = d->line;
		if (line_starts(&l, "created by ")) {
			*ret_depth = (uint32_t)(p->frames.len - stack);
			err = read_created(d, g);
		} else if (line_starts(&l, "[originating from goroutine ")) {
			if (*ret_depth == UINT32_MAX)
				*ret_depth = (uint32_t)(p->frames.len - stack);
			err = read_ancestor(d);
		} else if (line_starts(&l, "...") && memmem(l.s, line_left(&l), "frames elided...", 16)) {
			g->elided += elided_frames(l);
			step(d);
		} else if (line_starts(&l, "\tgoroutine running on other thread")) {
			g->unavailable = true;
			step(d);
		} else if (line_starts(&l, "non-Go function")) {
			struct line name = {l.s, l.s + strlen("non-Go function"), l.off};
			if (!(err = read_function(d, name, &location)))
				err = build_frame(p, location);
		} else if (frame_name(&l)) {
			if (!(err = read_function(d, l, &location)))
				err = build_frame(p, location);
		} else {
			step(d); // a line of somebody else's between the goroutines' (registers, log output)
		}
	}
	if (*ret_depth == UINT32_MAX)
		*ret_depth = (uint32_t)(p->frames.len - stack);
	return err;
}

static struct err *read_goroutine(struct dump *d)
{
	struct pprof *p = d->p;
	struct pprof_goroutine g = {.created_by = PPROF_NONE};
	size_t stack = p->frames.len;
	uint32_t labels, depth = UINT32_MAX;
	int64_t one = 1;
	struct err *err;
	// A header cut by the end of the file is a gap, not a reason to throw the rest away.
	if (d->ls.off >= d->v.len && d->v.data[d->v.len - 1] != '\n') {
		d->broken++;
		d->more = false;
		return NULL;
	}
	if ((err = read_header(d, &g, &labels)))
		return err;
	step(d);
	if ((err = read_body(d, &g, &depth)) || (err = build_sample(p, stack, &one, labels)))
		return err;
	p->depth.at[p->samples - 1] = depth; // ancestors' frames lie behind it
	return vec_push(&p->goroutines, PPROF_SAMPLES_MAX, "goroutines", g);
}

struct err *dump_read(struct view v, struct pprof *p)
{
	struct dump d = {.p = p, .v = v, .ls = {v, 0}};
	struct err *err;
	uint64_t id;
	if ((err = build_index(p)) || (err = build_type(p, "goroutine", "count")) || (err = build_string(p, "state", 5, &d.state_key)))
		return err;
	p->period_type = p->types.at[0];
	p->period = 1;
	for (step(&d); !err && d.more; )
		if (header_starts(d.line, &id))
			err = read_goroutine(&d);
		else
			step(&d);
	if (!err && (d.broken || v.len == PPROF_DUMP_CUT))
		gap_add(&p->gaps, GAP_PROFILE_TRUNCATED, v.source, v.len == PPROF_DUMP_CUT ? "64 MiB" : "in the middle of a goroutine");
	return err;
}
