#include "views/escape/common.h"

#include <string.h>

static void columns(struct table *t)
{
	table_column(t, CELL_TEXT, "place", "place");
	table_column(t, CELL_TEXT, "verdict", NULL);
	table_column(t, CELL_TEXT, "construct", "why");
	table_column(t, CELL_TEXT, "what", "what");
	table_column(t, CELL_TEXT, "flow", "where it goes");
	table_column(t, CELL_TEXT, "instead", NULL);
	table_column(t, CELL_TEXT, "function", NULL);
	table_column(t, CELL_TEXT, "package", NULL);
	table_column(t, CELL_TEXT, "file", NULL);
	table_column(t, CELL_COUNT, "line", NULL);
	table_column(t, CELL_COUNT, "column", NULL);
	table_column(t, CELL_TEXT, "reasons", NULL); // the compiler's own words for each step
	table_column(t, CELL_FLAG, "another_path", NULL);
}

// Steps that say something about the program; the rest is how the compiler names its own temporaries.
static bool tells(const char *why)
{
	static const char *const inner[] = {"spill", "address-of", "assign-pair", "reference", "dot", "dot of pointer", "indirection"};
	for (size_t i = 0; i < countof(inner); i++)
		if (!strcmp(why, inner[i]))
			return false;
	return true;
}

static void flow(const struct escape *e, const struct escape_item *i, struct strbuf *out, struct strbuf *reasons)
{
	for (uint32_t k = 0; k < i->n_edges; k++) {
		const struct escape_edge *edge = escape_edge_at(e, i->first_edge + k);
		for (uint32_t s = 0; s < edge->n_steps; s++) {
			const struct escape_step *step = escape_step_at(e, edge->first_step + s);
			strbuf_printf(reasons, "%s%s", reasons->len ? " | " : "", step->why);
			if (!tells(step->why))
				continue;
			strbuf_printf(out, "%s%s (%s)", out->len ? " -> " : "", step->expr, step->why);
		}
	}
}

static bool passes(const struct escape_item *i, const struct view_filter *f)
{
	if (i->kind != ESCAPE_HEAP && i->kind != ESCAPE_MOVED)
		return false;
	if (f->construct >= 0 && (int)i->construct != f->construct)
		return false;
	struct gobin_frame frame = {.function = i->function, .file = i->pos.file, .line = i->pos.line};
	struct view_filter all = *f;
	all.standard_library = all.runtime = true; // what was compiled was asked for
	return place_passes(&all, &frame, 1);
}

struct err *view_compiler(const struct escape *e, const struct view_filter *f, struct table **ret)
{
	cleanup(table_freep) struct table *t = table_new(NULL);
	cleanup(strbuf_finip) struct strbuf path = {0};
	cleanup(strbuf_finip) struct strbuf reasons = {0};
	if (!t)
		return &err_nomem;
	columns(t);
	const struct escape_item *items;
	size_t n = escape_items(e, &items), shown = 0, left = 0;
	for (size_t k = 0; k < n; k++) {
		const struct escape_item *i = &items[k];
		if (!passes(i, f))
			continue;
		if (f->top && shown >= f->top) {
			left++;
			continue;
		}
		shown++;
		path.len = reasons.len = 0;
		flow(e, i, &path, &reasons);
		table_row(t);
		table_textf(t, "%s:%u", short_file(i->pos.file), i->pos.line);
		table_text(t, escape_kind_name(i->kind));
		table_text(t, construct_name(i->construct));
		table_text(t, i->subject);
		if (path.len)
			table_text(t, strbuf_str(&path));
		else
			table_empty(t);
		table_text(t, view_advice(i->construct));
		table_text(t, i->function);
		table_text(t, i->package);
		table_text(t, i->pos.file);
		table_count(t, i->pos.line);
		table_count(t, i->pos.col);
		if (reasons.len)
			table_text(t, strbuf_str(&reasons));
		else
			table_empty(t);
		table_count(t, i->another_path);
	}
	if (left)
		table_note(t, "%zu more; --top 0 shows all", left);
	if (escape_lines_ignored(e))
		table_note(t, "%llu lines of the compiler's output were not understood", (unsigned long long)escape_lines_ignored(e));
	struct err *err = table_check(t);
	if (!err)
		*ret = take(t);
	return err;
}
