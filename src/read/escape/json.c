// The optimisation log (-json=0,DIR): a header line, then one LSP Diagnostic a line. cmd/compile/internal/logopt.
// Lines and columns count from 1. `escape` comes twice a site: explained, then bare. The log never says "moved to
// heap" or "does not escape"; it is the only view with the positions inside inlined callees.
#include "read/escape/parts.h"

#include <jansson.h>

static struct span text_of(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));
	return (struct span){s ? s : "", s ? strlen(s) : 0};
}

static uint32_t number_of(const json_t *o, const char *key)
{
	json_int_t n = json_integer_value(json_object_get(o, key));
	return n > 0 && n <= UINT32_MAX ? (uint32_t)n : 0;
}

static struct escape_pos position_of(struct escape *e, const json_t *range, struct span file)
{
	const json_t *start = json_object_get(range, "start");
	span_eat(&file, "file://");
	return (struct escape_pos){keep_name(e, file), number_of(start, "line"), number_of(start, "character")};
}

struct log {
	const char *package, *file;
};

// relatedInformation: first the positions of the item itself inside inlined callees, then flow and from lines, each
// followed by its own such positions. The innermost is where a step is written.
static struct err *related(struct escape *e, const json_t *list, struct escape_item *item)
{
	struct err *err = NULL;
	bool in_flow = false, in_step = false;
	size_t i;
	const json_t *entry;
	json_array_foreach(list, i, entry)
	{
		struct span msg = text_of(entry, "message");
		const json_t *location = json_object_get(entry, "location");
		struct escape_pos pos = position_of(e, json_object_get(location, "range"), text_of(location, "uri"));
		if (span_is(msg, "inlineLoc")) {
			if (!in_flow) {
				if (!item->n_inner)
					item->first_inner = (uint32_t)e->inner.len;
				err = vec_push(&e->inner, INNER_MAX, "inlined positions", pos);
				item->n_inner += !err;
			} else if (in_step && e->steps.len) {
				e->steps.at[e->steps.len - 1].pos = pos;
			}
		} else if (span_eat(&msg, "escflow:")) {
			struct escape_edge edge;
			struct escape_step step = {.pos = pos};
			msg = span_trim(msg);
			in_flow = true;
			in_step = false;
			if (flow_parse(e, msg, &edge)) {
				err = edge_add(e, item, &edge);
			} else if (step_parse(e, msg, &step)) {
				err = step_add(e, item, &step);
				in_step = item->n_edges > 0;
			}
		}
		if (err)
			return err;
	}
	return NULL;
}

static struct err *diagnostic(struct escape *e, const struct log *log, const json_t *o, bool *ret_known)
{
	struct span code = text_of(o, "code"), msg = text_of(o, "message");
	struct span file = {log->file, strlen(log->file)};
	struct escape_item item = {.package = log->package, .function = "", .subject = "", .detail = ""};
	item.pos = position_of(e, json_object_get(o, "range"), file);
	*ret_known = code.len > 0;
	if (!item.pos.line)
		return NULL; // a compiler temporary without a position
	if (span_is(code, "escape") || span_is(code, "escapes")) {
		if (!msg.len)
			return NULL; // the bare twin of an explained one
		if (!message_parse(e, msg, &item) || item.kind != ESCAPE_HEAP) {
			item.kind = ESCAPE_HEAP;
			item.subject = keep(e, msg);
		}
	} else if (span_is(code, "leak")) {
		ptrdiff_t to = span_find(msg, " leaks to "), derefs = span_rfind(msg, " with derefs=");
		item.kind = ESCAPE_PARAM_LEAKS;
		struct span name = msg;
		span_eat(&name, "parameter ");
		if (to >= 0 && derefs > to && name.s < msg.s + to) {
			size_t start = (size_t)to + strlen(" leaks to ");
			item.subject = keep_name(e, span_cut(name, (size_t)(msg.s + to - name.s)));
			if ((size_t)derefs > start)
				item.detail = keep_name(e, span_cut(span_skip(msg, start), (size_t)derefs - start));
		}
	} else if (span_is(code, "canInlineFunction")) {
		item.kind = ESCAPE_CAN_INLINE;
		span_eat(&msg, "cost: ");
		item.detail = keep_name(e, msg);
	} else if (span_is(code, "cannotInlineFunction") || span_is(code, "cannotInlineCall")) {
		item.kind = ESCAPE_CANNOT_INLINE;
		item.detail = keep_name(e, msg);
	} else {
		return NULL; // bounds checks, nil checks, copies: no matter of the heap
	}
	struct err *err = related(e, json_object_get(o, "relatedInformation"), &item);
	item.explained = item.n_edges > 0;
	return err ? err : vec_push(&e->items, ITEMS_MAX, "compiler diagnostics", item);
}

struct err *escape_add_json(struct escape *e, struct view text, uint64_t *ret_understood)
{
	struct log log = {"", ""};
	size_t off = 0;
	struct span line;
	struct err *err = NULL;
	*ret_understood = 0;
	while (!err && line_next(text, &off, &line)) {
		if (!line.len)
			continue;
		json_error_t why;
		json_t *o = json_loadb(line.s, line.len, 0, &why);
		bool known = json_is_object(o);
		if (known && json_object_get(o, "gc_version")) {
			log.package = keep_name(e, text_of(o, "package"));
			log.file = keep_name(e, text_of(o, "file"));
		} else if (known) {
			err = diagnostic(e, &log, o, &known);
		}
		json_decref(o);
		*ret_understood += known;
		e->ignored += !known;
	}
	return err;
}
