// What the four grammars share: where items go, and the small text helpers.
#pragma once
#include "read/escape/escape.h"

#include "base/arena.h"
#include "base/map.h"
#include "base/vec.h"

enum {
	ITEMS_MAX = 1 << 23,
	EDGES_MAX = 1 << 25,
	STEPS_MAX = 1 << 26,
	INNER_MAX = 1 << 25,
	CALLS_MAX = 1 << 24,
	TEXT_MAX = 4096, // longest subject kept; the rest is cut
};

struct escape {
	struct arena *arena;
	struct interner *names; // files, packages, reasons: the few that repeat
	VEC(struct escape_item) items;
	VEC(struct escape_edge) edges;
	VEC(struct escape_step) steps;
	VEC(struct escape_pos) inner;
	VEC(struct escape_call) calls;
	uint64_t ignored;
	bool failed; // out of memory while copying a string
};

struct span { const char *s; size_t len; };

static inline bool span_is(struct span a, const char *s) { return a.len == strlen(s) && !memcmp(a.s, s, a.len); }
static inline bool span_starts(struct span a, const char *s) { return a.len >= strlen(s) && !memcmp(a.s, s, strlen(s)); }
static inline struct span span_skip(struct span a, size_t n)
{
	n = n < a.len ? n : a.len;
	return (struct span){a.s + n, a.len - n};
}
static inline struct span span_cut(struct span a, size_t n) { return (struct span){a.s, n < a.len ? n : a.len}; }
// Takes `prefix` (`suffix`) off; false: it is not there, *a unchanged.
bool span_eat(struct span *a, const char *prefix);
bool span_eat_end(struct span *a, const char *suffix);
// Offset of the first (last) `needle`, or -1.
ptrdiff_t span_find(struct span a, const char *needle);
ptrdiff_t span_rfind(struct span a, const char *needle);
struct span span_trim(struct span a);
// Decimal digits at the start; false: none, or more than fit.
bool span_number(struct span *a, uint64_t *ret);
// The next line of `text` from *off, without its end; false at the end.
bool line_next(struct view text, size_t *off, struct span *ret);

// Copies that live as long as the escape. "" when out of memory (escape_finish says so).
const char *keep(struct escape *e, struct span s);      // once each: expressions
const char *keep_name(struct escape *e, struct span s); // shared: files, packages, reasons

must_use struct err *escape_add_text(struct escape *e, struct view text, uint64_t *ret_understood);
must_use struct err *escape_add_json(struct escape *e, struct view text, uint64_t *ret_understood);
must_use struct err *escape_add_asm(struct escape *e, struct view text, uint64_t *ret_understood);

// One diagnostic's message, the position taken off: fills kind, subject, function, detail. False: not one we know.
bool message_parse(struct escape *e, struct span msg, struct escape_item *ret);
// `flow: A = &B:` and `from EXPR (WHY)`, leading blanks taken off. False: not of that form.
bool flow_parse(struct escape *e, struct span line, struct escape_edge *ret);
bool step_parse(struct escape *e, struct span line, struct escape_step *ret);
must_use struct err *edge_add(struct escape *e, struct escape_item *item, const struct escape_edge *edge);
must_use struct err *step_add(struct escape *e, const struct escape_item *item, const struct escape_step *step);

enum escape_expr expr_of(const char *subject);
enum construct construct_of(const struct escape *e, const struct escape_item *item);
