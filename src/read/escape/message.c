// One diagnostic's words. cmd/compile/internal/{escape,inline,devirtualize,walk}, Go 1.21 to 1.27.
#include "read/escape/parts.h"

bool step_parse(struct escape *e, struct span line, struct escape_step *ret)
{
	// from EXPR (WHY): WHY holds no parenthesis, EXPR may
	if (!span_eat(&line, "from ") || !span_eat_end(&line, ")"))
		return false;
	ptrdiff_t open = span_rfind(line, " (");
	if (open < 0)
		return false;
	ret->expr = keep(e, span_cut(line, (size_t)open));
	ret->why = keep_name(e, span_skip(line, (size_t)open + 2));
	return true;
}

bool flow_parse(struct escape *e, struct span line, struct escape_edge *ret)
{
	if (!span_eat(&line, "flow: ") || !span_eat_end(&line, ":"))
		return false;
	// The separator is an arrow since 1.25, '=' before. A location with an expression in it may hold ' = ' too.
	static const char *const separators[] = {" \xe2\x86\x90 ", " = "};
	for (size_t i = 0; i < countof(separators); i++) {
		ptrdiff_t at = -1;
		size_t skip = 0;
		if (span_starts(line, "{storage for ")) {
			char closing[8];
			snprintf(closing, sizeof(closing), "}%s", separators[i]);
			at = span_find(line, closing);
			skip = 1;
		} else {
			at = span_find(line, separators[i]);
		}
		if (at < 0)
			continue;
		struct span from = span_skip(line, (size_t)at + skip + strlen(separators[i]));
		int derefs = 0;
		if (span_eat(&from, "&"))
			derefs = -1;
		else
			while (derefs < 1000 && span_eat(&from, "*"))
				derefs++;
		if (!from.len)
			return false;
		*ret = (struct escape_edge){.to = keep_name(e, span_cut(line, (size_t)at + skip)),
					    .from = keep(e, from), .derefs = derefs};
		return true;
	}
	return false;
}

struct err *edge_add(struct escape *e, struct escape_item *item, const struct escape_edge *edge)
{
	struct escape_edge new = *edge;
	new.first_step = (uint32_t)e->steps.len;
	new.n_steps = 0;
	if (!item->n_edges)
		item->first_edge = (uint32_t)e->edges.len;
	struct err *err = vec_push(&e->edges, EDGES_MAX, "flow edges", new);
	if (!err)
		item->n_edges++;
	return err;
}

struct err *step_add(struct escape *e, const struct escape_item *item, const struct escape_step *step)
{
	if (!item->n_edges)
		return NULL; // an explanation without a flow line explains nothing
	struct err *err = vec_push(&e->steps, STEPS_MAX, "flow steps", *step);
	if (!err)
		e->edges.at[e->edges.len - 1].n_steps++;
	return err;
}

static bool parse_inline(struct escape *e, struct span msg, struct escape_item *ret)
{
	if (span_eat(&msg, "inlining call to ")) {
		ptrdiff_t score = span_find(msg, " with score ");
		ret->kind = ESCAPE_INLINES;
		ret->subject = keep_name(e, score < 0 ? msg : span_cut(msg, (size_t)score));
		return true;
	}
	if (span_eat(&msg, "can inline ")) {
		ptrdiff_t cost = span_find(msg, " with cost "), body = span_find(msg, " as: ");
		ret->kind = ESCAPE_CAN_INLINE;
		ret->function = keep_name(e, cost < 0 ? msg : span_cut(msg, (size_t)cost));
		if (cost >= 0) {
			size_t from = (size_t)cost + strlen(" with cost ");
			size_t end = body > cost ? (size_t)body : msg.len;
			ret->detail = keep_name(e, span_cut(span_skip(msg, from), end - from));
		}
		return true;
	}
	if (span_eat(&msg, "cannot inline ")) {
		ptrdiff_t colon = span_find(msg, ": ");
		ret->kind = ESCAPE_CANNOT_INLINE;
		ret->function = keep_name(e, colon < 0 ? msg : span_cut(msg, (size_t)colon));
		ret->detail = colon < 0 ? "" : keep_name(e, span_skip(msg, (size_t)colon + 2));
		return true;
	}
	return false;
}

static bool parse_param(struct escape *e, struct span msg, struct escape_item *ret)
{
	if (span_eat(&msg, "leaking param content: ")) {
		ret->detail = "content";
		ret->subject = keep_name(e, msg);
	} else if (span_eat(&msg, "leaking param: ")) {
		ptrdiff_t to = span_find(msg, " to result ");
		ret->detail = to < 0 ? "{heap}" : keep_name(e, span_skip(msg, (size_t)to + strlen(" to ")));
		ret->subject = keep_name(e, to < 0 ? msg : span_cut(msg, (size_t)to));
	} else {
		return false;
	}
	ret->kind = ESCAPE_PARAM_LEAKS;
	return true;
}

// F capturing by (ref|value): v (addr=B assign=B width=N)
static bool parse_capture(struct escape *e, struct span msg, struct escape_item *ret)
{
	ptrdiff_t at = span_find(msg, " capturing by "), flags = span_rfind(msg, " (addr="), width = span_rfind(msg, "width=");
	if (at < 0 || flags < at || width < flags)
		return false;
	struct span how = span_cut(span_skip(msg, (size_t)at + strlen(" capturing by ")), msg.len);
	ret->by_ref = span_starts(how, "ref: ");
	if (!span_eat(&how, "ref: ") && !span_eat(&how, "value: "))
		return false;
	struct span digits = span_skip(msg, (size_t)width + strlen("width="));
	uint64_t n;
	if (!span_number(&digits, &n) || n > UINT32_MAX || how.s > msg.s + flags)
		return false;
	ret->kind = ESCAPE_CAPTURES;
	ret->function = keep_name(e, span_cut(msg, (size_t)at));
	ret->subject = keep_name(e, span_cut(how, (size_t)(msg.s + flags - how.s)));
	ret->width = (uint32_t)n;
	return true;
}

// The rest of what optimisation passes say, so that a new message is told from text that is no diagnostic at all.
static bool is_known_other(struct span msg)
{
	static const char *const starts[] = {
		"assuming ", "marking ", "partially devirtualizing ", "cannot devirtualize ", "skip inlining ",
		"function result will be kept alive", "mutates param: ", "calls param: ", "rewriting ", "stack object ",
		"loop variable ", "live at ", "index bounds check elided", "slice bounds check elided", "Induction variable",
	};
	for (size_t i = 0; i < countof(starts); i++)
		if (span_starts(msg, starts[i]))
			return true;
	return span_find(msg, " ignoring self-assignment") >= 0 || span_find(msg, " does not escape, mutate, or call") >= 0;
}

bool message_parse(struct escape *e, struct span msg, struct escape_item *ret)
{
	struct span rest = msg;
	if (parse_inline(e, msg, ret) || parse_param(e, msg, ret) || parse_capture(e, msg, ret))
		return true;
	if (span_eat(&rest, "moved to heap: ")) {
		ret->kind = ESCAPE_MOVED;
		ret->subject = keep(e, rest);
		return true;
	}
	if (span_eat_end(&rest, " escapes to heap")) {
		ret->kind = ESCAPE_HEAP;
		ret->subject = keep(e, rest);
		return true;
	}
	if (span_eat_end(&rest, " does not escape")) {
		ret->kind = ESCAPE_STAYS;
		ret->subject = keep(e, rest);
		return true;
	}
	if (span_eat(&rest, "devirtualizing ")) {
		ret->kind = ESCAPE_DEVIRTUALIZES;
		ret->subject = keep(e, rest);
		return true;
	}
	if (span_is(msg, "zero-copy string->[]byte conversion")) {
		ret->kind = ESCAPE_ZERO_COPY;
		return true;
	}
	if (is_known_other(msg)) {
		ret->kind = ESCAPE_OTHER;
		ret->subject = keep(e, msg);
		return true;
	}
	return false;
}
