// From an expression's text and its flow to the construct. The text does not tell everything: `p.x` is a method value
// or a boxed field, `a + b` a string or a boxed number, `m[k] = &v` a map or a slice. What is assumed then stands at
// each line; the machine code (read/code) knows better where there is a binary.
#include "read/escape/parts.h"

static bool has_digit_args_only(struct span args)
{
	for (size_t i = 0; i < args.len; i++) // "0, 64", "64 << 10 + 1"
		if (!strchr("0123456789 ,<+*-()", args.s[i]))
			return false;
	return true;
}

// make([]T, n) of a slice whose sizes are not all numbers.
static bool is_make_unknown(const char *subject)
{
	struct span s = {subject, strlen(subject)};
	if (!span_starts(s, "make([]") || !span_eat_end(&s, ")"))
		return false;
	int depth = 0;
	for (size_t i = strlen("make("); i < s.len; i++) {
		depth += s.s[i] == '(' || s.s[i] == '[' || s.s[i] == '{';
		depth -= s.s[i] == ')' || s.s[i] == ']' || s.s[i] == '}';
		if (!depth && s.s[i] == ',')
			return !has_digit_args_only(span_skip(s, i + 1));
	}
	return false;
}

// identifiers with dots between: a method value, or a field that is boxed
static bool is_selector(const char *s)
{
	bool dot = false;
	for (; *s; s++) {
		dot |= *s == '.';
		if (*s != '.' && *s != '_' && !(*s >= '0' && *s <= '9') && !((*s | 32) >= 'a' && (*s | 32) <= 'z') && !(*s & 0x80))
			return false;
	}
	return dot;
}

enum escape_expr expr_of(const char *s)
{
	struct span t = {s, strlen(s)};
	if (span_is(t, "func literal"))
		return ESCAPE_EXPR_CLOSURE;
	if (span_is(t, "... argument"))
		return ESCAPE_EXPR_VARIADIC;
	if (span_starts(t, "make("))
		return ESCAPE_EXPR_MAKE;
	if (span_is(t, "append") || span_starts(t, "append("))
		return ESCAPE_EXPR_APPEND;
	if (span_starts(t, "&") || span_starts(t, "new("))
		return ESCAPE_EXPR_NEW;
	if ((span_starts(t, "[]") || span_starts(t, "map[")) && t.s[t.len - 1] == '}')
		return ESCAPE_EXPR_NEW;
	if (span_starts(t, "string(") || span_starts(t, "([]byte)(") || span_starts(t, "([]rune)("))
		return ESCAPE_EXPR_STRING;
	if (strstr(s, " + "))
		return ESCAPE_EXPR_STRING;
	return is_selector(s) ? ESCAPE_EXPR_METHOD : ESCAPE_EXPR_BOX;
}

static bool has_why(const struct escape *e, const struct escape_item *item, const char *why)
{
	for (uint32_t i = 0; i < item->n_edges; i++) {
		const struct escape_edge *edge = &e->edges.at[item->first_edge + i];
		for (uint32_t k = 0; k < edge->n_steps; k++)
			if (!strcmp(e->steps.at[edge->first_step + k].why, why))
				return true;
	}
	return false;
}

// Captured itself, by value or by reference; not merely kept in a variable that a closure has a reference to.
static bool is_captured(const struct escape *e, const struct escape_item *item)
{
	for (uint32_t i = 0; i < item->n_edges; i++) {
		const struct escape_edge *edge = &e->edges.at[item->first_edge + i];
		for (uint32_t k = 0; k < edge->n_steps; k++)
			if (!strcmp(e->steps.at[edge->first_step + k].why, "captured by a closure") &&
			    (edge->derefs >= 0 || !strcmp(edge->from, item->subject)))
				return true;
	}
	return false;
}

static const struct escape_step *last_step(const struct escape *e, const struct escape_item *item)
{
	for (uint32_t i = item->n_edges; i-- > 0;) {
		const struct escape_edge *edge = &e->edges.at[item->first_edge + i];
		if (edge->n_steps)
			return &e->steps.at[edge->first_step + edge->n_steps - 1];
	}
	return NULL;
}

static bool calls_reflect(const struct escape *e, const struct escape_item *item)
{
	for (uint32_t i = 0; i < item->n_edges; i++) {
		const struct escape_edge *edge = &e->edges.at[item->first_edge + i];
		for (uint32_t k = 0; k < edge->n_steps; k++) {
			const struct escape_step *s = &e->steps.at[edge->first_step + k];
			if (!strcmp(s->why, "call parameter") && !strncmp(s->expr, "reflect.", strlen("reflect.")))
				return true;
		}
	}
	return false;
}

// A value that could have lived on the stack: what took it from there.
static enum construct by_flow(const struct escape *e, const struct escape_item *item)
{
	static const struct { const char *why; enum construct c; } whys[] = {
		{"too large for stack", CONSTRUCT_TOO_LARGE},
		{"too aligned for stack", CONSTRUCT_TOO_LARGE},
		{"non-constant size", CONSTRUCT_MAKE_SIZE_UNKNOWN},
		{"send", CONSTRUCT_SENT_ON_CHANNEL},
		{"key of map put", CONSTRUCT_MAP_INSERT},
		{"map literal key", CONSTRUCT_MAP_INSERT},
		{"map literal value", CONSTRUCT_MAP_INSERT},
	};
	for (size_t i = 0; i < countof(whys); i++)
		if (has_why(e, item, whys[i].why))
			return whys[i].c;
	if (is_captured(e, item))
		return CONSTRUCT_CLOSURE_CAPTURE;
	if (has_why(e, item, "return")) // calls that were inlined have no return: it leaves the function
		return CONSTRUCT_RETURN_OF_ADDRESS;
	const struct escape_step *last = last_step(e, item);
	if (!last)
		return CONSTRUCT_OTHER; // plain -m gives no reason
	if (calls_reflect(e, item))
		return CONSTRUCT_REFLECTION;
	if (!strcmp(last->why, "call parameter") && has_why(e, item, "interface-converted"))
		return CONSTRUCT_INTERFACE_CONVERSION;
	return CONSTRUCT_STORED_IN_HEAP;
}

enum construct construct_of(const struct escape *e, const struct escape_item *item)
{
	switch (item->expr) {
	case ESCAPE_EXPR_APPEND:
		return CONSTRUCT_SLICE_GROWTH;
	case ESCAPE_EXPR_STRING:
		return CONSTRUCT_STRING_CONVERSION;
	case ESCAPE_EXPR_CLOSURE:
		return CONSTRUCT_CLOSURE_CAPTURE;
	case ESCAPE_EXPR_METHOD: // put into a slice of arguments, it is a field for fmt and its like
		return has_why(e, item, "slice-literal-element") ? CONSTRUCT_INTERFACE_CONVERSION : CONSTRUCT_CLOSURE_CAPTURE;
	case ESCAPE_EXPR_BOX:
		return calls_reflect(e, item) ? CONSTRUCT_REFLECTION : CONSTRUCT_INTERFACE_CONVERSION;
	case ESCAPE_EXPR_MAKE:
		if (has_why(e, item, "too large for stack"))
			return CONSTRUCT_TOO_LARGE;
		return is_make_unknown(item->subject) ? CONSTRUCT_MAKE_SIZE_UNKNOWN : by_flow(e, item);
	case ESCAPE_EXPR_VARIABLE:
	case ESCAPE_EXPR_NEW:
	case ESCAPE_EXPR_VARIADIC:
		break;
	}
	return by_flow(e, item);
}
