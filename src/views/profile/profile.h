// profile: the views that `go tool pprof` has, of any profile that read/pprof can read.
//   reads   struct pprof, and the options under pprof's names
//   gives   text (the same rows as pprof prints), tables, files in other formats
//   knows   what google/pprof's internal/report, graph and measurement do; deviations are in docs/formats/pprof.md
//   costs   a pass over all frames per view, two for those that print edges
//   not     files and URLs (cli opens them), what is a leak (judge)
#pragma once
#include "base/arena.h"
#include "base/strbuf.h"
#include "read/pprof/pprof.h"
#include "show/show.h"

enum profile_granularity { PROFILE_FUNCTIONS, PROFILE_FILEFUNCTIONS, PROFILE_FILES, PROFILE_LINES, PROFILE_ADDRESSES };

// Regular expressions and lists as the person gave them; NULL or "" is none.
struct profile_options {
	const char *sample_index;
	bool mean;
	double divide_by; // 0 counts as 1
	const char *focus, *ignore, *hide, *show, *show_from, *prune_from, *tagfocus, *tagignore, *tagshow, *taghide;
	const char *tagroot, *tagleaf;
	const char *unit; // NULL: "minimum"
	const char *trim_path, *source_path;
	int node_count;   // -1: the view's default, 0: all
	double node_fraction, edge_fraction;
	bool no_trim, cum, no_inlines, columns, call_tree, drop_negative, relative, compact;
	enum profile_granularity granularity;
	bool error_bars;  // columns of our own: samples behind the figure and its interval
	bool all_frames;  // keeps what drop_frames would take away
	// The text of a source file by the name the profile has for it; NULL: not to be had. Borrowed until the view is done.
	const char *(*source)(void *ctx, const char *path);
	void *source_ctx;
};
#define PROFILE_OPTIONS_DEFAULT {.node_count = -1, .node_fraction = 0.005, .edge_fraction = 0.001}

enum profile_view {
	PROFILE_TOP, PROFILE_TREE, PROFILE_PEEK, PROFILE_TRACES, PROFILE_TAGS, PROFILE_COMMENTS,
	PROFILE_FLAME,                                      // in the terminal: callers above callees, with bars
	PROFILE_DOT,                                        // for graphviz
	PROFILE_LIST,                                       // source lines with their values
	PROFILE_PROTO, PROFILE_FOLDED, PROFILE_SPEEDSCOPE,  // files: after the filters, at full granularity
};

// What pprof does with names and frames of any profile before it shows it: C++ names shortened, drop_frames applied.
must_use struct err *profile_prepare(struct pprof *p, bool all_frames);

// A view of the profile, which is changed on the way (filters, granularity): one view per profile read.
// regex: of peek, list; else NULL. Warnings ("focus matched nothing") go to notes, one a line.
must_use struct err *profile_show(struct pprof *p, enum profile_view view, const struct profile_options *o, const char *regex, struct strbuf *out, struct strbuf *notes);

// profiles minus bases: merged, subtracted (`diff` marks the bases, so that percentages are of them), normalized.
// Loads one input after the other, so that no two are whole in memory at once.
struct profile_source { struct err *(*load)(void *ctx, const char *name, struct pprof **ret); void *ctx; };
must_use struct err *profile_combine(const struct profile_source *source, const char *const *names, size_t n, const char *const *bases, size_t n_bases, bool diff, bool normalize, struct pprof **ret);

// Writers. proto is gzip-compressed.
must_use struct err *profile_write_proto(const struct pprof *p, struct strbuf *out);
must_use struct err *profile_write_folded(const struct pprof *p, size_t type, struct strbuf *out);
must_use struct err *profile_write_speedscope(const struct pprof *p, size_t type, struct strbuf *out);

// ---- figures, as pprof writes them --------------------------------------------------------------------------------

enum { MEASURE_MAX = 64 };
double measure_scale(int64_t value, const char *from, const char *to, const char **ret_unit); // ret_unit: static or `to`
const char *measure_label(char out[MEASURE_MAX], int64_t value, const char *from, const char *to);
const char *measure_percent(char out[MEASURE_MAX], int64_t value, int64_t total);
