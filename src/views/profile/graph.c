// Invariants: (1) node ids stay while edges are made anew for fewer nodes; (2) flat and cum of a node do not depend on
// which other nodes are kept (google/pprof makes the graph again and arrives at the same figures), so they are summed once.
#include "views/profile/graph.h"

#include <stdlib.h>
#include <string.h>

// ---- nodes --------------------------------------------------------------------------------------------------------

struct key { uint64_t address; int64_t line, column, start_line; uint32_t name, file, object; };

static uint64_t key_hash(const struct key *k)
{
	uint64_t h = hash_u64(k->address ^ hash_u64((uint64_t)k->line ^ hash_u64((uint64_t)k->column)));
	h = hash_u64(h ^ ((uint64_t)k->name << 32 | k->file));
	return hash_u64(h ^ (uint64_t)k->object ^ (uint64_t)k->start_line << 32);
}

static bool node_is(const struct node *n, const struct key *k)
{
	return n->address == k->address && n->line == k->line && n->column == k->column && n->start_line == k->start_line &&
	       n->name == k->name && n->file == k->file && n->object == k->object;
}

static struct key line_key(const struct pprof *p, const struct pprof_location *l, const struct pprof_line *line, bool object)
{
	uint32_t file = l->mapping == PPROF_NONE ? 0 : p->mappings.at[l->mapping].file;
	struct key k = {.address = l->address};
	if (!line) {
		k.object = file;
		return k;
	}
	const struct pprof_function *f = &p->functions.at[line->function];
	k.line = line->line;
	k.column = line->column;
	k.name = f->name;
	k.file = f->file;
	if (object || !k.name) {
		k.object = file;
		k.start_line = f->start_line;
	}
	return k;
}

static struct err *add_node(struct graph *g, struct map *index, const struct key *k, uint32_t *ret)
{
	bool fresh = true;
	for (uint64_t h = key_hash(k); ; h++) { // a second key under the same hash goes one further
		uint64_t *slot = map_at(index, h, &fresh);
		if (!slot)
			return &err_nomem;
		if (!fresh && !node_is(&g->nodes.at[*slot], k))
			continue;
		if (fresh)
			*slot = g->nodes.len;
		*ret = (uint32_t)*slot;
		break;
	}
	if (!fresh)
		return NULL;
	return vec_push(&g->nodes, PPROF_TABLE_MAX, "places", (struct node){.address = k->address, .line = k->line, .column = k->column,
		.start_line = k->start_line, .name = k->name, .file = k->file, .object = k->object});
}

struct err *graph_nodes(struct graph *g, const struct pprof *p, bool object)
{
	cleanup(map_freep) struct map *index = map_new();
	size_t total = 0;
	g->arena = arena_new();
	for (size_t i = 0; i < p->locations.len; i++)
		total += p->locations.at[i].lines ? p->locations.at[i].lines : 1;
	g->at = malloc((p->locations.len + 1) * sizeof(*g->at));
	g->of = malloc((total + 1) * sizeof(*g->of));
	g->single = malloc((p->locations.len + 1) * sizeof(*g->single));
	if (!index || !g->arena || !g->at || !g->of || !g->single)
		return &err_nomem;
	uint32_t n = 0;
	struct err *err = NULL;
	for (size_t i = 0; !err && i < p->locations.len; i++) {
		const struct pprof_location *l = &p->locations.at[i];
		g->at[i] = n;
		for (uint32_t j = 0; !err && j < (l->lines ? l->lines : 1); j++) {
			struct key k = line_key(p, l, l->lines ? &p->lines.at[l->line_start + j] : NULL, object);
			err = add_node(g, index, &k, &g->of[n++]);
		}
		g->single[i] = n - g->at[i] == 1 ? g->of[g->at[i]] : PPROF_NONE;
	}
	g->at[p->locations.len] = n;
	return err;
}

// ---- values -------------------------------------------------------------------------------------------------------

// Small rows for the loop over all frames; a node that a stack passes twice counts once.
struct cum { int64_t value, div; uint32_t stamp; };

static inline void add_cum(struct cum *cums, uint32_t n, uint32_t stamp, int64_t w, int64_t dw)
{
	if (cums[n].stamp == stamp)
		return;
	cums[n].stamp = stamp;
	sum_i64(&cums[n].value, w);
	sum_i64(&cums[n].div, dw);
}

struct err *graph_values(struct graph *g, const struct report *r)
{
	const struct pprof *p = r->p;
	struct cum *cums = calloc(g->nodes.len + 1, sizeof(*cums));
	if (!cums)
		return &err_nomem;
	for (size_t i = 0; i < p->samples; i++) {
		int64_t w = pprof_value(p, i, r->type), dw = r->o->mean ? pprof_value(p, i, 0) : 0;
		const uint32_t *frames = p->frames.at + p->stack.at[i];
		uint32_t stamp = (uint32_t)i + 1, depth = p->depth.at[i];
		if (!w && !dw)
			continue;
		for (uint32_t f = 0; f < depth; f++) {
			uint32_t n = g->single[frames[f]];
			if (n != PPROF_NONE) {
				add_cum(cums, n, stamp, w, dw);
				continue;
			}
			for (uint32_t j = g->at[frames[f]], end = g->at[frames[f] + 1]; j < end; j++)
				add_cum(cums, g->of[j], stamp, w, dw);
		}
		if (depth && g->at[frames[0]] < g->at[frames[0] + 1]) {
			struct node *leaf = &g->nodes.at[g->of[g->at[frames[0]]]];
			sum_i64(&leaf->flat, w);
			sum_i64(&leaf->flat_div, dw);
		}
	}
	for (size_t n = 0; n < g->nodes.len; n++) {
		g->nodes.at[n].cum = cums[n].value;
		g->nodes.at[n].cum_div = cums[n].div;
	}
	free(cums);
	return NULL;
}

// ---- edges --------------------------------------------------------------------------------------------------------

// hint: by place in a location (as `of`), the edge it was last entered by: most places have one caller.
struct graph_edge_index { uint32_t *slots, *hint; size_t cap; uint32_t *in_at, *in, *out_at, *out; };

static bool index_grow(struct graph *g)
{
	struct graph_edge_index *ix = g->index;
	size_t cap = ix->cap ? ix->cap * 2 : 1024;
	uint32_t *slots = calloc(cap, sizeof(*slots));
	if (!slots)
		return false;
	for (size_t e = 0; e < g->edges.len; e++) {
		size_t i = hash_u64((uint64_t)g->edges.at[e].src << 32 | g->edges.at[e].dst) & (cap - 1);
		while (slots[i])
			i = (i + 1) & (cap - 1);
		slots[i] = (uint32_t)e + 1;
	}
	free(ix->slots);
	ix->slots = slots;
	ix->cap = cap;
	return true;
}

static struct edge *edge_at(struct graph *g, uint32_t src, uint32_t dst)
{
	struct graph_edge_index *ix = g->index;
	if (g->edges.len * 2 >= ix->cap && !index_grow(g))
		return NULL;
	size_t i = hash_u64((uint64_t)src << 32 | dst) & (ix->cap - 1);
	for (; ix->slots[i]; i = (i + 1) & (ix->cap - 1)) {
		struct edge *e = &g->edges.at[ix->slots[i] - 1];
		if (e->src == src && e->dst == dst)
			return e;
	}
	struct err *err = vec_push(&g->edges, PPROF_TABLE_MAX, "edges", (struct edge){.src = src, .dst = dst, .inlined = true});
	if (err) {
		err_free(err);
		return NULL;
	}
	ix->slots[i] = (uint32_t)g->edges.len;
	return &g->edges.at[g->edges.len - 1];
}

static struct err *sample_edges(struct graph *g, const uint32_t *frames, uint32_t depth, int64_t w, int64_t dw, uint32_t stamp, const bool *only_into)
{
	uint32_t parent = PPROF_NONE;
	bool residual = false;
	for (uint32_t f = depth; f-- > 0; ) {
		uint32_t only = g->single[frames[f]];
		if (only != PPROF_NONE && g->kept && !g->kept[only]) {
			residual = true; // most frames of a large profile end here
			continue;
		}
		uint32_t from = g->at[frames[f]], last = g->at[frames[f] + 1];
		for (uint32_t j = last; j-- > from; ) {
			uint32_t n = g->of[j];
			if (g->kept && !g->kept[n]) {
				residual = true;
				continue;
			}
			if (parent != PPROF_NONE && parent != n && (!only_into || only_into[n])) {
				uint32_t hint = g->index->hint[j];
				struct edge *e = hint ? &g->edges.at[hint - 1] : NULL;
				if (!e || e->src != parent || e->dst != n) {
					if (!(e = edge_at(g, parent, n)))
						return &err_nomem;
					g->index->hint[j] = (uint32_t)(e - g->edges.at) + 1;
				}
				if (e->stamp != stamp) {
					e->stamp = stamp;
					sum_i64(&e->weight, w);
					sum_i64(&e->div, dw);
					e->residual |= residual;
					e->inlined &= j != last - 1;
				}
			}
			parent = n;
			residual = false;
		}
	}
	return NULL;
}

struct err *graph_edges(struct graph *g, const struct report *r, const bool *only_into)
{
	const struct pprof *p = r->p;
	struct err *err = NULL;
	g->edges.len = 0;
	if (!g->index && !(g->index = calloc(1, sizeof(*g->index))))
		return &err_nomem;
	free(g->index->hint);
	if (!(g->index->hint = calloc(g->at[p->locations.len] + 1, sizeof(*g->index->hint))))
		return &err_nomem;
	if (g->index->cap)
		memset(g->index->slots, 0, g->index->cap * sizeof(*g->index->slots));
	for (size_t i = 0; !err && i < p->samples; i++) {
		int64_t w = pprof_value(p, i, r->type), dw = r->o->mean ? pprof_value(p, i, 0) : 0;
		if (w || dw)
			err = sample_edges(g, p->frames.at + p->stack.at[i], p->depth.at[i], w, dw, (uint32_t)i + 1, only_into);
	}
	return err;
}

void graph_fini(struct graph *g)
{
	arena_free(g->arena);
	vec_fini(&g->nodes);
	vec_fini(&g->edges);
	vec_fini(&g->shown);
	free(g->at);
	free(g->of);
	free(g->single);
	free(g->kept);
	if (g->index) {
		free(g->index->slots);
		free(g->index->hint);
		free(g->index->in_at);
		free(g->index->in);
		free(g->index->out_at);
		free(g->index->out);
		free(g->index);
	}
	*g = (struct graph){0};
}

// ---- edges by node ------------------------------------------------------------------------------------------------

static struct err *group_edges(const struct graph *g, bool in, uint32_t **ret_at, uint32_t **ret)
{
	size_t n = g->nodes.len;
	uint32_t *at = calloc(n + 2, sizeof(*at)), *rows = malloc((g->edges.len + 1) * sizeof(*rows));
	*ret_at = at;
	*ret = rows;
	if (!at || !rows)
		return &err_nomem;
	for (size_t e = 0; e < g->edges.len; e++)
		at[(in ? g->edges.at[e].dst : g->edges.at[e].src) + 2]++;
	for (size_t i = 2; i < n + 2; i++)
		at[i] += at[i - 1];
	for (size_t e = 0; e < g->edges.len; e++)
		rows[at[(in ? g->edges.at[e].dst : g->edges.at[e].src) + 1]++] = (uint32_t)e;
	return NULL;
}

static int edge_order(const void *a, const void *b, void *ctx)
{
	const struct graph *g = ctx;
	const struct edge *x = &g->edges.at[*(const uint32_t *)a], *y = &g->edges.at[*(const uint32_t *)b];
	int64_t wx = abs_i64(x->weight), wy = abs_i64(y->weight);
	if (wx != wy)
		return wx > wy ? -1 : 1;
	int by = strcmp(g->nodes.at[x->src].printed, g->nodes.at[y->src].printed);
	return by ? by : strcmp(g->nodes.at[x->dst].printed, g->nodes.at[y->dst].printed);
}

struct err *graph_edges_of(struct graph *g, uint32_t node, bool in, uint32_t **ret, size_t *ret_len)
{
	struct graph_edge_index *ix = g->index;
	struct err *err;
	uint32_t **at = in ? &ix->in_at : &ix->out_at, **rows = in ? &ix->in : &ix->out;
	if (!*at && (err = group_edges(g, in, at, rows)))
		return err;
	*ret = *rows + (*at)[node];
	*ret_len = (*at)[node + 1] - (*at)[node];
	qsort_r(*ret, *ret_len, sizeof(**ret), edge_order, g);
	return NULL;
}
