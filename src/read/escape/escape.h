// escape: what the Go compiler says about why a line allocates.
//   reads   text of `go build -gcflags=-m`, `-m=2`, its JSON optimisation log (-json=0,DIR), and `-S`; told apart by
//           content, any number of them one after the other
//   gives   items (verdicts, with the flow that explains them) and, from -S, calls into the runtime's allocator
//   knows   the grammars of Go 1.21 to 1.27 (docs/formats/compiler-output.md). A position is the outermost one: the
//           line in the physical function, not in the inlined callee; only JSON has the inner ones
//   costs   one pass; memory proportional to the diagnostics kept, not to the input
//   not     running the compiler (cli), the linked binary (read/code), sentences for people
#pragma once
#include "base/construct.h"
#include "base/view.h"

struct escape;

struct escape_pos {
	const char *file; // as the compiler wrote it: "./x.go" is relative to where it ran
	uint32_t line, col; // col 0: not said
};

enum escape_kind {
	ESCAPE_HEAP,          // subject = the expression
	ESCAPE_MOVED,         // subject = the variable
	ESCAPE_STAYS,         // subject = expression or parameter that does not escape
	ESCAPE_PARAM_LEAKS,   // subject = parameter; detail = "{heap}", "content", "result ~r0 level=0"
	ESCAPE_CAPTURES,      // subject = variable; function, by_ref, width
	ESCAPE_INLINES,       // subject = callee
	ESCAPE_CAN_INLINE,    // function; detail = cost or ""
	ESCAPE_CANNOT_INLINE, // function; detail = why
	ESCAPE_DEVIRTUALIZES, // subject = "s.Area to Sq"
	ESCAPE_ZERO_COPY,     // a string->[]byte conversion that does not copy
	ESCAPE_OTHER,         // a diagnostic of another kind; subject = its text
	ESCAPE_KINDS,
};
const char *escape_kind_name(enum escape_kind k);

// What an escaping expression is, as far as its text tells.
enum escape_expr {
	ESCAPE_EXPR_VARIABLE,   // a moved variable
	ESCAPE_EXPR_NEW,        // &T{...}, new(T), T{...} of slices and maps
	ESCAPE_EXPR_CLOSURE,    // func literal
	ESCAPE_EXPR_METHOD,     // p.Sum as a value, or a boxed field: the text is the same
	ESCAPE_EXPR_VARIADIC,   // ... argument
	ESCAPE_EXPR_MAKE,
	ESCAPE_EXPR_APPEND,
	ESCAPE_EXPR_STRING,     // conversion or concatenation
	ESCAPE_EXPR_BOX,        // anything else: the value an interface needs a copy of
};

struct escape_step { // one `from` line
	const char *expr, *why; // "return &p", "return"
	struct escape_pos pos;
};

struct escape_edge { // one `flow` line: from's value (or address) reaches to
	const char *to, *from; // "{heap}", "~r0", "x", "{storage for make([]int, n)}"
	int derefs; // -1 address of, 0 the value, n times dereferenced
	uint32_t first_step, n_steps;
};

struct escape_item {
	enum escape_kind kind;
	enum escape_expr expr;      // ESCAPE_HEAP, ESCAPE_MOVED
	enum construct construct;   // ESCAPE_HEAP, ESCAPE_MOVED
	struct escape_pos pos;
	const char *package;        // "" not said
	const char *function;       // "" not said
	const char *subject, *detail; // "" if none
	uint32_t first_edge, n_edges; // the explanation, nearest first; 0 with plain -m
	uint32_t first_inner, n_inner; // JSON: positions inside inlined callees, outer to inner
	bool explained;             // came with a block of its own
	bool another_path;          // a further explanation of an item already there
	bool by_ref;
	uint32_t width;
};

// A call into an allocation entry, as -S prints it.
struct escape_call {
	const char *function, *entry; // "pkg.(*T).M", "runtime.newobject"
	const char *file;
	uint32_t line;                // innermost, as -S has it
	uint32_t pc;                  // within the function
	const char *type;             // "corpus.P"; "" none or not seen in a straight line before the call
	uint64_t size;                // an immediate size argument; 0 = none
	bool nil_type;                // the type argument is nil
	enum { ESCAPE_BUF_NONE, ESCAPE_BUF_NIL, ESCAPE_BUF_STACK } buf; // string entries' buffer argument
};

must_use struct err *escape_new(struct escape **ret);
void escape_free(struct escape *e);
static inline void escape_freep(struct escape **e) { escape_free(*e); }

// Reads one input to its end. What it cannot make sense of is counted, not refused, unless nothing in it makes
// sense: ERR_INPUT then.
must_use struct err *escape_add(struct escape *e, struct view text);
// After the last one: joins explanations with verdicts and says the constructs.
must_use struct err *escape_finish(struct escape *e);

size_t escape_items(const struct escape *e, const struct escape_item **ret);
const struct escape_edge *escape_edge_at(const struct escape *e, uint32_t index);
const struct escape_step *escape_step_at(const struct escape *e, uint32_t index);
const struct escape_pos *escape_inner_at(const struct escape *e, uint32_t index);
size_t escape_calls(const struct escape *e, const struct escape_call **ret);
uint64_t escape_lines_ignored(const struct escape *e); // of all inputs

// Where the value ends: the last edge's `to` without braces; "" if there is no explanation.
const char *escape_target(const struct escape *e, const struct escape_item *item);
