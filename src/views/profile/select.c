// Which nodes and edges a report shows, in which order: google/pprof's newTrimmedGraph for its text forms.
#include "views/profile/graph.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *printed_name(struct graph *g, const struct pprof *p, const struct node *n)
{
	cleanup(strbuf_finip) struct strbuf b = {0};
	const char *name = pprof_str(p, n->name), *file = pprof_str(p, n->file), *object = pprof_str(p, n->object);
	if (n->address)
		strbuf_printf(&b, "%016llx", (unsigned long long)n->address);
	if (*name)
		strbuf_printf(&b, "%s%s", b.len ? " " : "", name);
	const char *gap = b.len ? " " : "";
	if (n->line)
		strbuf_printf(&b, "%s%s:%lld", gap, file, (long long)n->line);
	if (n->line && n->column)
		strbuf_printf(&b, ":%lld", (long long)n->column);
	if (!n->line && *file)
		strbuf_printf(&b, "%s%s", gap, file);
	else if (!n->line && !*name && *object)
		strbuf_printf(&b, "%s[%s]", gap, strrchr(object, '/') ? strrchr(object, '/') + 1 : object);
	else if (!n->line && !*name)
		strbuf_printf(&b, "%s<unknown>", gap);
	return arena_strndup(g->arena, strbuf_str(&b), b.len);
}

// The order of pprof's last resort: the node's fields written one behind the other.
static void all_fields(const struct pprof *p, const struct node *n, struct strbuf *b)
{
	strbuf_printf(b, "{%s  %llu %s %lld %lld %lld %s}", pprof_str(p, n->name), (unsigned long long)n->address, pprof_str(p, n->file),
		      (long long)n->start_line, (long long)n->line, (long long)n->column, pprof_str(p, n->object));
}

static int compare_fields(const struct node *a, const struct node *b, const struct pprof *p)
{
	cleanup(strbuf_finip) struct strbuf x = {0}, y = {0};
	all_fields(p, a, &x);
	all_fields(p, b, &y);
	return strcmp(strbuf_str(&x), strbuf_str(&y));
}

static int by_size(int64_t a, int64_t b)
{
	int64_t x = abs_i64(a), y = abs_i64(b);
	return x == y ? 0 : x > y ? -1 : 1;
}

int node_compare(const struct node *a, const struct node *b, const struct pprof *p)
{
	int by;
	if (a->address && b->address && a->address != b->address)
		return a->address < b->address ? -1 : 1;
	return (by = strcmp(a->printed, b->printed)) ? by : (by = by_size(a->cum, b->cum)) ? by : (by = by_size(a->flat, b->flat)) ? by : compare_fields(a, b, p);
}

static int flat_order(const void *a, const void *b, void *ctx)
{
	const struct report *r = ctx;
	const struct node *x = &r->g.nodes.at[*(const uint32_t *)a], *y = &r->g.nodes.at[*(const uint32_t *)b];
	int by = by_size(x->flat, y->flat);
	return by ? by : node_compare(x, y, r->p);
}

static int cum_order(const void *a, const void *b, void *ctx)
{
	const struct report *r = ctx;
	const struct node *x = &r->g.nodes.at[*(const uint32_t *)a], *y = &r->g.nodes.at[*(const uint32_t *)b];
	int by = by_size(x->cum, y->cum);
	return by ? by : node_compare(x, y, r->p);
}

static bool is_negative(const struct node *n) { return n->flat < 0 || (!n->flat && n->cum < 0); }

// Only `shown` nodes are kept from here on.
static struct err *keep_shown(struct graph *g)
{
	if (!g->kept && !(g->kept = malloc(g->nodes.len + 1)))
		return &err_nomem;
	memset(g->kept, 0, g->nodes.len + 1);
	for (size_t i = 0; i < g->shown.len; i++)
		g->kept[g->shown.at[i]] = true;
	return NULL;
}

// Nodes that stand for inlined calls somewhere: only they can carry "(inline)", so only edges into them are needed.
static bool *inlined_nodes(const struct graph *g, size_t locations)
{
	bool *marks = calloc(g->nodes.len + 1, 1);
	for (size_t l = 0; marks && l < locations; l++)
		for (uint32_t j = g->at[l]; j + 1 < g->at[l + 1]; j++)
			marks[g->of[j]] = true;
	return marks;
}

// Light edges go; those into a node that is not listed itself (its values cancel out) stay, as in pprof.
static struct err *drop_edges(struct graph *g, int64_t cutoff)
{
	size_t to = 0;
	bool *listed = calloc(g->nodes.len + 1, 1);
	if (!listed)
		return &err_nomem;
	for (size_t i = 0; i < g->shown.len; i++)
		listed[g->shown.at[i]] = true;
	for (size_t e = 0; e < g->edges.len; e++)
		if (abs_i64(g->edges.at[e].weight) >= cutoff || !listed[g->edges.at[e].dst])
			g->edges.at[to++] = g->edges.at[e];
	free(listed);
	g->dropped_edges = g->edges.len - to;
	g->edges.len = to;
	return NULL;
}

struct err *graph_names(struct report *r)
{
	for (size_t i = 0; i < r->g.nodes.len; i++)
		if (!(r->g.nodes.at[i].printed = printed_name(&r->g, r->p, &r->g.nodes.at[i])))
			return &err_nomem;
	return NULL;
}

static struct err *select_nodes(struct report *r, int64_t *ret_edge_cutoff)
{
	struct graph *g = &r->g;
	const struct profile_options *o = r->o;
	bool trim = !o->no_trim;
	struct err *err;
	int64_t total = 0;
	for (uint32_t i = 0; i < g->nodes.len; i++) {
		const struct node *n = &g->nodes.at[i];
		if ((!n->cum && !n->flat) || (o->drop_negative && is_negative(n)))
			continue;
		if ((err = vec_push(&g->shown, PPROF_TABLE_MAX, "places", i)))
			return err;
		sum_i64(&total, n->flat);
	}
	int64_t cutoff = abs_i64(part_i64(total, trim ? o->node_fraction : 0));
	*ret_edge_cutoff = abs_i64(part_i64(total, trim ? o->edge_fraction : 0));
	size_t to = 0, all = g->shown.len;
	for (size_t i = 0; i < all; i++)
		if (abs_i64(g->nodes.at[g->shown.at[i]].cum) >= cutoff || !cutoff)
			g->shown.at[to++] = g->shown.at[i];
	g->dropped_nodes = all - to;
	g->original = g->shown.len = to;
	if (to < all && (err = keep_shown(g)))
		return err;
	if ((err = graph_names(r)))
		return err;
	qsort_r(g->shown.at, g->shown.len, sizeof(*g->shown.at), o->cum ? cum_order : flat_order, r);
	int most = !trim ? 0 : o->node_count >= 0 ? o->node_count : r->view == PROFILE_TOP ? 0 : 80;
	if (most > 0 && (size_t)most < g->shown.len) {
		g->shown.len = (size_t)most;
		return keep_shown(g);
	}
	return NULL;
}

struct err *graph_trimmed(struct report *r)
{
	struct graph *g = &r->g;
	struct err *err;
	int64_t edge_cutoff;
	if ((err = graph_nodes(g, r->p, r->view == PROFILE_LIST)) || (err = graph_values(g, r)) || (err = select_nodes(r, &edge_cutoff)))
		return err;
	bool *into = NULL;
	if (r->view == PROFILE_TOP && !(into = inlined_nodes(g, r->p->locations.len)))
		return &err_nomem;
	err = graph_edges(g, r, into);
	free(into);
	return err ? err : drop_edges(g, edge_cutoff);
}
