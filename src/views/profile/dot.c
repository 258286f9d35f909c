// The call graph for graphviz. The layout is our own; nodes, edges and their figures are those of tree.
#include "views/profile/graph.h"

#include <math.h>
#include <string.h>

static void put_quoted(struct strbuf *b, const char *s)
{
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			strbuf_putc(b, '\\');
		strbuf_putc(b, (unsigned char)*s < ' ' ? '?' : *s);
	}
}

static double share(const struct report *r, int64_t v) { return r->total ? fmin((double)abs_i64(v) / (double)r->total, 1) : 0; }

// From grey to red with the share.
static void put_color(struct strbuf *b, const struct report *r, int64_t v)
{
	double s = sqrt(share(r, v));
	strbuf_printf(b, "#%02x%02x%02x", (unsigned)(178 + s * 77), (unsigned)(178 - s * 120), (unsigned)(172 - s * 120));
}

static void put_node(struct report *r, uint32_t id, struct strbuf *out)
{
	char f[MEASURE_MAX], c[MEASURE_MAX], fp[MEASURE_MAX], cp[MEASURE_MAX];
	const struct node *n = &r->g.nodes.at[id];
	strbuf_printf(out, "N%u [label=\"", id);
	put_quoted(out, n->printed);
	measure_percent(fp, node_flat(n), r->total);
	measure_percent(cp, node_cum(n), r->total);
	strbuf_printf(out, "\\n%s (%s)", report_value(r, f, node_flat(n)), fp + strspn(fp, " "));
	if (node_cum(n) != node_flat(n))
		strbuf_printf(out, "\\nof %s (%s)", report_value(r, c, node_cum(n)), cp + strspn(cp, " "));
	strbuf_printf(out, "\" shape=box fontsize=%d color=\"", 8 + (int)(16 * sqrt(share(r, node_flat(n)))));
	put_color(out, r, node_cum(n));
	strbuf_puts(out, "\"]\n");
}

static void put_edge(struct report *r, const struct edge *e, struct strbuf *out)
{
	char v[MEASURE_MAX];
	double s = share(r, e->weight);
	strbuf_printf(out, "N%u -> N%u [label=\" %s%s\" weight=%d penwidth=%.2f%s color=\"", e->src, e->dst, report_value(r, v, e->weight), e->inlined ? "\\n (inline)" : "",
		      1 + (int)(100 * s), 1 + 5 * s, e->residual ? " style=\"dotted\"" : "");
	put_color(out, r, e->weight);
	strbuf_puts(out, "\"]\n");
}

struct err *dot_text(struct report *r, struct strbuf *out)
{
	cleanup(strbuf_finip) struct strbuf heading = {0};
	struct err *err = graph_trimmed(r);
	if (err)
		return err;
	report_unit(r);
	report_heading(r, true, &heading);
	strbuf_puts(out, "digraph \"profile\" {\nnode [style=filled fillcolor=\"#f8f8f8\"]\nsubgraph cluster_L { \"about\" [shape=box fontsize=16 label=\"");
	for (const char *s = strbuf_str(&heading); *s; s++) {
		char one[2] = {*s, 0};
		if (*s == '\n')
			strbuf_puts(out, "\\l");
		else
			put_quoted(out, one);
	}
	strbuf_puts(out, "\"] }\n");
	for (size_t i = 0; i < r->g.shown.len; i++)
		put_node(r, r->g.shown.at[i], out);
	for (size_t i = 0; i < r->g.edges.len; i++)
		put_edge(r, &r->g.edges.at[i], out);
	strbuf_puts(out, "}\n");
	return NULL;
}
