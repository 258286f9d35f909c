// Count text, debug=1: "goroutine profile: total N", and threadcreate, goroutineleak and custom profiles in its form.
#include "read/pprof/forms.h"
#include "read/pprof/text.h"

#include <string.h>

struct count {
	struct pprof *p;
	struct view v;
	struct text_stack stack;
	bool open, leak;
	int64_t n;
	uint32_t labels;
	uint64_t phantoms;
};

static struct err *read_header(struct count *c, struct lines *ls)
{
	struct line l = {0};
	static const char mark[] = " profile: total ";
	while (lines_next(ls, &l)) {
		const char *at = memmem(l.s, line_left(&l), mark, sizeof(mark) - 1);
		line_spaces(&l);
		if (l.s == l.end || *l.s == '#')
			continue;
		if (!at || at == l.s || memchr(l.s, ' ', (size_t)(at - l.s)))
			break;
		cleanup(strbuf_finip) struct strbuf name = {0};
		strbuf_put(&name, l.s, (size_t)(at - l.s));
		if (name.failed)
			return &err_nomem;
		c->leak = !strcmp(strbuf_str(&name), "goroutineleak");
		c->p->period = 1;
		struct err *err = build_type(c->p, strbuf_str(&name), "count");
		if (!err)
			c->p->period_type = c->p->types.at[0];
		return err;
	}
	return text_err(c->v, &l, "a count profile begins with 'NAME profile: total N'");
}

static struct err *end_sample(struct count *c)
{
	size_t at = c->p->frames.len;
	if (!c->open)
		return NULL;
	c->open = false;
	struct err *err = text_frames(c->p, &c->stack);
	if (err)
		return err;
	// Go 1.27 counts a main goroutine in `select {}` that it then takes back: an entry without a stack.
	if (c->leak && c->p->frames.len == at) {
		c->phantoms += (uint64_t)c->n;
		return NULL;
	}
	return build_sample(c->p, at, &c->n, c->labels);
}

static struct err *begin_sample(struct count *c, struct line l)
{
	struct line at = l;
	c->stack.pcs.len = c->stack.symbols.len = 0;
	c->labels = 0;
	c->open = true;
	if (!line_integer(&at, &c->n) || !line_take(&at, " @"))
		return text_err(c->v, &l, "'N @ 0x...' wanted");
	struct err *err = text_pcs(&c->stack, &at);
	return err ? err_while(err, "%s+0x%llx", c->v.source, (unsigned long long)l.off) : NULL;
}

static struct err *read_samples(struct count *c, struct lines *ls)
{
	struct err *err = NULL;
	for (struct line l; !err && lines_next(ls, &l); ) {
		struct line at = l;
		if (line_starts(&l, "---"))
			break;
		if (line_take(&at, "# labels: ") && c->open) {
			err = text_labels(c->p, &at, &c->labels);
			if (err)
				err = err_while(err, "%s+0x%llx", c->v.source, (unsigned long long)l.off);
			continue;
		}
		line_spaces(&l);
		if (l.s == l.end)
			continue;
		if (*l.s == '#')
			err = c->open ? text_symbol(c->p, &c->stack, l) : NULL;
		else if (!(err = end_sample(c)))
			err = begin_sample(c, l);
	}
	return err ? err : end_sample(c);
}

struct err *count_read(struct view v, struct pprof *p)
{
	struct count c = {.p = p, .v = v};
	struct lines ls = {v, 0};
	struct err *err = build_index(p);
	if (!err && !(err = read_header(&c, &ls)) && !(err = read_samples(&c, &ls)))
		err = text_maps(p, &ls);
	text_stack_fini(&c.stack);
	if (!err && c.phantoms)
		gap_add(&p->gaps, GAP_PROFILE_PHANTOM, v.source, NULL);
	return err;
}
