// top and tree (peek): rows to the letter as google/pprof's internal/report prints them.
#include "views/profile/bars.h"
#include "views/profile/graph.h"
#include "views/profile/regex.h"

#include <math.h>
#include <string.h>

// ---- top ----------------------------------------------------------------------------------------------------------

enum { INLINED = 1, CALLED = 2 };

static uint8_t *calls(const struct graph *g)
{
	uint8_t *kinds = calloc(g->nodes.len + 1, 1);
	for (size_t e = 0; kinds && e < g->edges.len; e++)
		kinds[g->edges.at[e].dst] |= g->edges.at[e].inlined ? INLINED : CALLED;
	return kinds;
}

struct err *top_text(struct report *r, struct strbuf *out)
{
	char flat[MEASURE_MAX], cum[MEASURE_MAX], a[MEASURE_MAX], b[MEASURE_MAX], c[MEASURE_MAX];
	static const char *const labels[] = {"", " (inline)", "", " (partial-inline)"};
	struct error_bars *bars = NULL;
	struct err *err = graph_trimmed(r);
	if (!err && r->o->error_bars)
		err = error_bars(r, &bars);
	if (err)
		return err;
	uint8_t *kinds = calls(&r->g);
	if (!kinds)
		return &err_nomem;
	report_unit(r);
	report_heading(r, false, out);
	strbuf_printf(out, "%10s %5s%% %5s%% %10s %5s%%", "flat", "flat", "sum", "cum", "cum");
	if (bars)
		strbuf_printf(out, " %8s %10s", "samples", "+/-");
	strbuf_putc(out, '\n');
	int64_t sum = 0;
	for (size_t i = 0; i < r->g.shown.len; i++) {
		uint32_t id = r->g.shown.at[i];
		const struct node *n = &r->g.nodes.at[id];
		int64_t f = node_flat(n), k = node_cum(n);
		sum_i64(&sum, f);
		strbuf_printf(out, "%10s %s %s %10s %s", report_value(r, flat, f), measure_percent(a, f, r->total), measure_percent(b, sum, r->total),
			      report_value(r, cum, k), measure_percent(c, k, r->total));
		if (bars)
			error_bars_print(r, bars, id, out);
		strbuf_printf(out, "  %s%s\n", n->printed, labels[kinds[id]]);
	}
	if (bars)
		error_bars_explain(r, bars, out);
	error_bars_free(bars);
	free(kinds);
	return NULL;
}

// ---- tree ---------------------------------------------------------------------------------------------------------

static struct err *print_edges(struct report *r, uint32_t node, bool in, struct strbuf *out)
{
	char v[MEASURE_MAX], pc[MEASURE_MAX];
	uint32_t *rows;
	size_t n;
	struct err *err = graph_edges_of(&r->g, node, in, &rows, &n);
	for (size_t i = 0; !err && i < n; i++) {
		const struct edge *e = &r->g.edges.at[rows[i]];
		strbuf_printf(out, "%50s %s |   %s%s\n", report_value(r, v, e->weight), measure_percent(pc, e->weight, node_cum(&r->g.nodes.at[node])),
			      r->g.nodes.at[in ? e->src : e->dst].printed, e->inlined ? " (inline)" : "");
	}
	return err;
}

struct err *tree_text(struct report *r, const char *regex, struct strbuf *out)
{
	static const char rule[] = "----------------------------------------------------------+-------------\n";
	char flat[MEASURE_MAX], cum[MEASURE_MAX], a[MEASURE_MAX], b[MEASURE_MAX], c[MEASURE_MAX];
	cleanup(regex_freep) struct regex *rx = NULL;
	size_t matched = 0;
	int64_t sum = 0;
	struct err *err = regex ? regex_new("peek", regex, &rx) : NULL;
	if (err || (err = graph_trimmed(r)))
		return err;
	report_unit(r);
	report_heading(r, false, out);
	strbuf_printf(out, "%s%s", rule, "      flat  flat%   sum%        cum   cum%   calls calls% + context \t \t \n");
	for (size_t i = 0; !err && i < r->g.shown.len; i++) {
		uint32_t id = r->g.shown.at[i];
		const struct node *n = &r->g.nodes.at[id];
		int64_t f = node_flat(n), k = node_cum(n);
		if (rx && !regex_matches(rx, n->printed, strlen(n->printed)))
			continue;
		matched++;
		strbuf_puts(out, rule);
		if ((err = print_edges(r, id, true, out)))
			break;
		sum_i64(&sum, f);
		strbuf_printf(out, "%10s %s %s %10s %s                | %s\n", report_value(r, flat, f), measure_percent(a, f, r->total),
			      measure_percent(b, sum, r->total), report_value(r, cum, k), measure_percent(c, k, r->total), n->printed);
		err = print_edges(r, id, false, out);
	}
	if (r->g.shown.len)
		strbuf_puts(out, rule);
	if (!err && rx && !matched)
		return err_new(ERR_USAGE, "no place matches '%s'", regex);
	return err;
}
