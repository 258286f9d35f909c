// views/escape: allocation sites of a binary, the compiler's reasons, and what changed between two binaries, as tables.
//   reads   struct code with its gobin, struct escape
//   gives   tables
//   knows   which columns people want to see, and what to do about each construct
//   costs   one pass over the sites
//   not     decoding, running the compiler
#pragma once
#include "read/code/code.h"
#include "read/escape/escape.h"
#include "show/show.h"

struct view_filter {
	const char *site;      // "file.go:12", "file.go", or part of a function's name; NULL: all
	bool runtime;          // the runtime's own sites too
	bool standard_library; // false: only sites whose outermost function is outside it
	int construct;         // enum construct; -1: all
	size_t top;            // rows; 0 = all
	// Which lines hold memory; NULL: all. Given the frames' functions and lines, innermost first.
	bool (*hot)(void *ctx, const char *function, const char *file, uint32_t line);
	void *hot_ctx;
};

must_use struct err *view_sites(const struct gobin *g, const struct code *c, const struct view_filter *f, struct table **ret);
// How many sites, by entry and by construct.
must_use struct err *view_site_counts(const struct code *c, struct table **ret);
must_use struct err *view_compiler(const struct escape *e, const struct view_filter *f, struct table **ret);
// Sites new, gone, grown between two builds; equal by function, line-independent: entry, type and position among equals.
must_use struct err *view_site_diff(const struct gobin *g0, const struct code *c0, const struct gobin *g1, const struct code *c1,
				    const struct view_filter *f, struct table **ret);
const char *view_advice(enum construct c); // what to write instead; a sentence without a full stop
