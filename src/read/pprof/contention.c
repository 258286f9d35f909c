// Mutex and block text, debug=1 ("--- mutex:", "--- contention:"), and C++ contentionz.
#include "read/pprof/forms.h"
#include "read/pprof/text.h"

struct contention {
	struct pprof *p;
	struct view v;
	struct text_stack stack;
	int64_t hz, values[2];
	bool open;
};

static struct err *end_sample(struct contention *c)
{
	size_t at = c->p->frames.len;
	if (!c->open)
		return NULL;
	c->open = false;
	struct err *err = text_frames(c->p, &c->stack);
	return err ? err : build_sample(c->p, at, c->values, 0);
}

// "CYCLES COUNT @ 0x...": cycles become nanoseconds, both are multiplied by the sampling period.
static struct err *begin_sample(struct contention *c, struct line l)
{
	struct line at = l;
	int64_t cycles, count;
	c->stack.pcs.len = c->stack.symbols.len = 0;
	c->open = true;
	if (!line_integer(&at, &cycles))
		return text_err(c->v, &l, "'CYCLES COUNT @ 0x...' wanted");
	line_spaces(&at);
	if (!line_integer(&at, &count))
		return text_err(c->v, &l, "'CYCLES COUNT @ 0x...' wanted");
	line_spaces(&at);
	if (!line_take(&at, "@"))
		return text_err(c->v, &l, "'CYCLES COUNT @ 0x...' wanted");
	int64_t period = c->p->period;
	if (period > 0) {
		double ns = (double)cycles;
		if (c->hz > 0)
			ns = (double)cycles * (double)period / ((double)c->hz / 1e9);
		cycles = ns >= 9.2e18 ? INT64_MAX : (int64_t)ns;
		count = (int64_t)((uint64_t)count * (uint64_t)period);
	}
	c->values[0] = count;
	c->values[1] = cycles;
	struct err *err = text_pcs(&c->stack, &at);
	return err ? err_while(err, "%s+0x%llx", c->v.source, (unsigned long long)l.off) : NULL;
}

// "cycles/second=N", "sampling period=N", "ms since reset=N". False: not an attribute.
static bool attribute(struct contention *c, struct line l, struct err **err)
{
	const char *eq = memchr(l.s, '=', line_left(&l));
	int64_t x = 0;
	if (!eq || memchr(l.s, '@', line_left(&l)))
		return false;
	struct line value = {eq + 1, l.end, 0};
	line_spaces(&value);
	bool number = line_integer(&value, &x);
	if (line_starts(&l, "cycles/second"))
		c->hz = x;
	else if (line_starts(&l, "sampling period"))
		c->p->period = x;
	else if (line_starts(&l, "ms since reset"))
		c->p->duration_ns = (int64_t)((uint64_t)x * 1000000);
	else if (line_starts(&l, "discarded samples"))
		number = true;
	else
		number = false;
	if (!number)
		*err = text_err(c->v, &l, "an attribute that contention profiles do not have, or not a number");
	return true;
}

static struct err *read_samples(struct contention *c, struct lines *ls)
{
	struct err *err = NULL;
	bool head = true;
	for (struct line l; !err && lines_next(ls, &l); ) {
		line_spaces(&l);
		if (line_starts(&l, "---"))
			break;
		if (l.s == l.end)
			continue;
		if (*l.s == '#') {
			err = c->open ? text_symbol(c->p, &c->stack, l) : NULL;
			continue;
		}
		if (head && attribute(c, l, &err))
			continue;
		head = false;
		if (!err && !(err = end_sample(c)))
			err = begin_sample(c, l);
	}
	return err ? err : end_sample(c);
}

struct err *contention_read(struct view v, struct pprof *p)
{
	struct contention c = {.p = p, .v = v};
	struct lines ls = {v, 0};
	struct line first;
	struct err *err = build_index(p);
	p->period = 1;
	if (!err && !(err = build_type(p, "contentions", "count")))
		err = build_type(p, "delay", "nanoseconds");
	if (!err) {
		p->period_type = p->types.at[0];
		lines_next(&ls, &first);
		if (!(err = read_samples(&c, &ls)))
			err = text_maps(p, &ls);
	}
	text_stack_fini(&c.stack);
	return err;
}
