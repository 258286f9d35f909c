// A flame graph for the terminal: the call tree, callees under their callers, heaviest first, with a bar for the share.
// Branches below 1 % (or --nodefraction) are left out and counted.
#include "views/profile/graph.h"

#include <stdlib.h>
#include <string.h>

enum { NODES_MAX = 1 << 24, BAR = 20, DEPTH_MAX = 4096 };

// A call tree: children by (parent, node).
struct call { int64_t value, flat; uint32_t parent, node, first, next; };

struct tree { VEC(struct call) at; struct map *index; };

static struct err *call_at(struct tree *t, uint32_t parent, uint32_t node, uint32_t *ret)
{
	bool fresh;
	uint64_t *slot = map_at(t->index, (uint64_t)parent << 32 | node, &fresh);
	if (!slot)
		return &err_nomem;
	if (fresh) {
		*slot = t->at.len;
		struct err *err = vec_push(&t->at, NODES_MAX, "calls", (struct call){.parent = parent, .node = node, .next = t->at.at[parent].first});
		if (err)
			return err;
		t->at.at[parent].first = (uint32_t)*slot;
	}
	*ret = (uint32_t)*slot;
	return NULL;
}

static struct err *grow_tree(const struct report *r, struct tree *t)
{
	const struct pprof *p = r->p;
	struct err *err = vec_push(&t->at, NODES_MAX, "calls", (struct call){0}); // the root
	for (size_t i = 0; !err && i < p->samples; i++) {
		int64_t w = pprof_value(p, i, r->type);
		uint32_t at = 0;
		sum_i64(&t->at.at[0].value, w);
		for (uint32_t f = p->depth.at[i]; w && !err && f-- > 0; ) {
			uint32_t l = p->frames.at[p->stack.at[i] + f];
			for (uint32_t j = r->g.at[l + 1]; !err && j-- > r->g.at[l]; )
				if (!(err = call_at(t, at, r->g.of[j], &at)))
					sum_i64(&t->at.at[at].value, w);
		}
		if (!err)
			sum_i64(&t->at.at[at].flat, w);
	}
	return err;
}

static int heaviest(const void *a, const void *b, void *ctx)
{
	const struct tree *t = ctx;
	const struct call *x = &t->at.at[*(const uint32_t *)a], *y = &t->at.at[*(const uint32_t *)b];
	int64_t v = abs_i64(x->value), w = abs_i64(y->value);
	return v != w ? (v > w ? -1 : 1) : (x->node > y->node) - (x->node < y->node);
}

static void print_call(struct report *r, const struct call *c, unsigned depth, struct strbuf *out)
{
	char v[MEASURE_MAX], pc[MEASURE_MAX];
	double share = r->total ? (double)abs_i64(c->value) / (double)r->total : 0;
	int cells = (int)(share * BAR * 8 + 0.5);
	static const char *const eighths[] = {"", "\xe2\x96\x8f", "\xe2\x96\x8e", "\xe2\x96\x8d", "\xe2\x96\x8c", "\xe2\x96\x8b", "\xe2\x96\x8a", "\xe2\x96\x89"};
	cells = cells > BAR * 8 ? BAR * 8 : cells;
	for (int i = 0; i < cells / 8; i++)
		strbuf_puts(out, "\xe2\x96\x88");
	strbuf_puts(out, eighths[cells % 8]);
	for (int i = (cells + 7) / 8; i < BAR; i++)
		strbuf_putc(out, ' ');
	strbuf_printf(out, " %10s %s  %*s%s\n", report_value(r, v, c->value), measure_percent(pc, c->value, r->total), (int)(depth < 60 ? depth : 60), "", r->g.nodes.at[c->node].printed);
}

// Depth first with a stack of our own: what is still to be printed, and how deep it stands.
static struct err *print_tree(struct report *r, struct tree *t, int64_t least, struct strbuf *out)
{
	struct todo { uint32_t call, depth; };
	VEC(struct todo) todo = {0};
	VEC(uint32_t) kids = {0};
	struct err *err = vec_push(&todo, NODES_MAX, "calls", (struct todo){0, 0});
	uint64_t left_out = 0;
	while (!err && todo.len) {
		struct todo top = todo.at[--todo.len];
		if (top.call)
			print_call(r, &t->at.at[top.call], top.depth - 1, out);
		kids.len = 0;
		for (uint32_t k = t->at.at[top.call].first; k && !err; k = t->at.at[k].next) {
			if (abs_i64(t->at.at[k].value) < least || !t->at.at[k].value)
				left_out++;
			else
				err = vec_push(&kids, NODES_MAX, "calls", k);
		}
		qsort_r(kids.at, kids.len, sizeof(*kids.at), heaviest, t);
		for (size_t i = kids.len; !err && top.depth < DEPTH_MAX && i-- > 0; )
			err = vec_push(&todo, NODES_MAX, "calls", (struct todo){kids.at[i], top.depth + 1});
	}
	if (left_out)
		strbuf_printf(out, "%llu smaller branches are not shown (-trim=false shows all)\n", (unsigned long long)left_out);
	vec_fini(&todo);
	vec_fini(&kids);
	return err;
}

struct err *flame_text(struct report *r, struct strbuf *out)
{
	struct tree t = {.index = map_new()};
	struct err *err = t.index ? graph_nodes(&r->g, r->p, false) : &err_nomem;
	if (!err && !(err = graph_names(r)) && !(err = grow_tree(r, &t))) {
		double part = r->o->no_trim ? 0 : r->o->node_fraction == 0.005 ? 0.01 : r->o->node_fraction;
		r->output_unit = strcmp(r->output_unit, "minimum") ? r->output_unit : "auto";
		report_labels(r, out);
		err = print_tree(r, &t, abs_i64(part_i64(r->total, part)), out);
	}
	map_free(t.index);
	vec_fini(&t.at);
	return err;
}
