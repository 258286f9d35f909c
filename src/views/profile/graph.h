// Nodes and edges of a profile, as google/pprof's internal/graph makes them.
#pragma once
#include "views/profile/profile.h"

struct node {
	uint64_t address;
	int64_t line, column, start_line;
	uint32_t name, file, object;    // string ids
	int64_t flat, flat_div, cum, cum_div;
	char *printed;                  // as rows show it; in the graph's arena
};

struct edge { int64_t weight, div; uint32_t src, dst; bool residual, inlined; uint32_t stamp; };

struct graph {
	struct arena *arena;
	VEC(struct node) nodes;         // all, by first appearance
	uint32_t *at, *of;              // location l has nodes of[at[l]] ... of[at[l + 1]], innermost line first
	uint32_t *single;               // its node where it has only one, else PPROF_NONE
	VEC(struct edge) edges;
	struct graph_edge_index *index;
	bool *kept;                     // by node; NULL: all of them
	VEC(uint32_t) shown;            // nodes that are listed, in order
	size_t original, dropped_nodes, dropped_edges;
};

struct report {
	struct pprof *p;
	const struct profile_options *o;
	enum profile_view view;
	size_t type;
	int64_t total;
	const char *unit, *output_unit; // of the values; of what is printed
	double ratio;
	struct graph g;
	struct strbuf filters;          // "focus=main.*\n...", for the heading
};

// Sums wrap, as pprof's do: a hostile profile may hold anything.
static inline void sum_i64(int64_t *to, int64_t x) { *to = (int64_t)((uint64_t)*to + (uint64_t)x); }
static inline int64_t mean_i64(int64_t x, int64_t div) { return div == -1 ? (int64_t)-(uint64_t)x : div ? x / div : x; }
static inline int64_t node_flat(const struct node *n) { return mean_i64(n->flat, n->flat_div); }
static inline int64_t node_cum(const struct node *n) { return mean_i64(n->cum, n->cum_div); }
// A part of a total as a whole number; out of range: 0.
static inline int64_t part_i64(int64_t total, double part) { double x = (double)total * part; return x > -9e18 && x < 9e18 ? (int64_t)x : 0; }
static inline int64_t abs_i64(int64_t x) { return x < 0 ? (int64_t)-(uint64_t)x : x; }

// Nodes of every location; object: keep the binary's name even where functions are known.
must_use struct err *graph_nodes(struct graph *g, const struct pprof *p, bool object);
must_use struct err *graph_values(struct graph *g, const struct report *r);
// Edges between kept nodes; only_into: NULL for all, else those that end in marked nodes.
must_use struct err *graph_edges(struct graph *g, const struct report *r, const bool *only_into);
must_use struct err *graph_trimmed(struct report *r); // values, selection, edges: what top, tree and peek start from
void graph_fini(struct graph *g);
int node_compare(const struct node *a, const struct node *b, const struct pprof *p); // by printed name, then by content
// The edges that end (in) or begin (out) in a node, heaviest first. Borrowed until the next call.
must_use struct err *graph_edges_of(struct graph *g, uint32_t node, bool in, uint32_t **ret, size_t *ret_len);

const char *report_value(const struct report *r, char out[MEASURE_MAX], int64_t v);
void report_unit(struct report *r);      // picks output_unit once the nodes are known
void report_heading(const struct report *r, bool full, struct strbuf *out);
void report_labels(const struct report *r, struct strbuf *out); // File, Build ID, Type, Time, Duration

must_use struct err *graph_names(struct report *r); // `printed` of every node
must_use struct err *filter_tags(struct report *r, struct strbuf *notes);
must_use struct err *filter_apply(struct report *r, struct strbuf *notes);
must_use struct err *filter_aggregate(struct report *r);
must_use struct err *filter_drop_frames(struct pprof *p);
must_use struct err *filter_tag_nodes(struct report *r, struct strbuf *notes);
// The unit of a numeric label: the first one that was said, else the key.
const char *label_unit(const struct pprof *p, uint32_t key);

must_use struct err *top_text(struct report *r, struct strbuf *out);
must_use struct err *tree_text(struct report *r, const char *regex, struct strbuf *out);
must_use struct err *traces_text(struct report *r, struct strbuf *out);
must_use struct err *flame_text(struct report *r, struct strbuf *out);
must_use struct err *dot_text(struct report *r, struct strbuf *out);
must_use struct err *list_text(struct report *r, const char *regex, struct strbuf *out);
must_use struct err *tags_text(struct report *r, struct strbuf *out);
