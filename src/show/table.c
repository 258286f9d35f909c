// Tables and their three forms. Text cells are laid out once the widths are known.
#include "show/show.h"

#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_COLUMNS = 64, MAX_ROWS = 5 * 1000 * 1000, MAX_NOTES = 64, BAR_WIDTH = 20 };

struct cell {
	enum { EMPTY, NUMBER, COUNT, TEXT } is;
	double number;
	uint64_t count;
	char *text;
};

struct column { enum cell_kind kind; char *key, *heading; };

struct table {
	char *title;
	struct column columns[MAX_COLUMNS];
	size_t n_columns, n_rows, next; // next: column the next cell goes to
	VEC(struct cell) cells;
	char *notes[MAX_NOTES];
	size_t n_notes;
	bool failed;
};

struct table *table_new(const char *title)
{
	struct table *t = calloc(1, sizeof(*t));
	if (t && title && !(t->title = strdup(title)))
		t->failed = true;
	return t;
}

void table_free(struct table *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->n_columns; i++) {
		free(t->columns[i].key);
		free(t->columns[i].heading);
	}
	for (size_t i = 0; i < t->cells.len; i++)
		free(t->cells.at[i].text);
	for (size_t i = 0; i < t->n_notes; i++)
		free(t->notes[i]);
	vec_fini(&t->cells);
	free(t->title);
	free(t);
}

void table_column(struct table *t, enum cell_kind kind, const char *key, const char *heading)
{
	assert(t->n_columns < MAX_COLUMNS && !t->n_rows);
	struct column *c = &t->columns[t->n_columns++];
	*c = (struct column){kind, strdup(key), heading ? strdup(heading) : NULL};
	if (!c->key || (heading && !c->heading))
		t->failed = true;
}

void table_row(struct table *t)
{
	struct err *err = vec_reserve(&t->cells, (t->n_rows + 1) * t->n_columns, (size_t)MAX_ROWS * 4, "table cells");
	if (err || t->n_rows >= MAX_ROWS) {
		err_free(err);
		t->failed = true;
		return;
	}
	for (size_t i = 0; i < t->n_columns; i++)
		t->cells.at[t->cells.len++] = (struct cell){EMPTY, 0, 0, NULL};
	t->n_rows++;
	t->next = 0;
}

static struct cell *next_cell(struct table *t)
{
	static struct cell nowhere;
	if (t->failed)
		return &nowhere;
	assert(t->n_rows && t->next < t->n_columns);
	return &t->cells.at[(t->n_rows - 1) * t->n_columns + t->next++];
}

static void put_text(struct table *t, char *owned)
{
	struct cell *c = next_cell(t);
	if (!owned || t->failed) {
		free(owned);
		t->failed = true;
		return;
	}
	*c = (struct cell){TEXT, 0, 0, owned};
}

void table_text(struct table *t, const char *s) { put_text(t, strdup(s)); }

void table_textf(struct table *t, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	char *s = NULL;
	put_text(t, vasprintf(&s, fmt, ap) < 0 ? NULL : s);
	va_end(ap);
}

void table_number(struct table *t, double x) { *next_cell(t) = (struct cell){isfinite(x) ? NUMBER : EMPTY, x, 0, NULL}; }
void table_count(struct table *t, uint64_t n) { *next_cell(t) = (struct cell){COUNT, (double)n, n, NULL}; }
void table_empty(struct table *t) { *next_cell(t) = (struct cell){EMPTY, 0, 0, NULL}; }

void table_note(struct table *t, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	char *s = NULL;
	if (t->n_notes == MAX_NOTES || vasprintf(&s, fmt, ap) < 0)
		t->failed = true;
	else
		t->notes[t->n_notes++] = s;
	va_end(ap);
}

size_t table_rows(const struct table *t) { return t->n_rows; }
struct err *table_check(const struct table *t) { return t->failed ? &err_nomem : NULL; }

static const struct cell *cell_at(const struct table *t, size_t row, size_t column)
{
	return &t->cells.at[row * t->n_columns + column];
}

static void cell_text(const struct cell *c, enum cell_kind kind, struct strbuf *out)
{
	char s[FMT_MAX];
	if (c->is == EMPTY)
		strbuf_puts(out, "-");
	else if (c->is == TEXT)
		strbuf_puts(out, c->text);
	else
		switch (kind) {
		case CELL_BYTES: strbuf_puts(out, fmt_bytes(s, c->number)); break;
		case CELL_SECONDS: strbuf_puts(out, fmt_seconds(s, c->number)); break;
		case CELL_PERCENT: strbuf_printf(out, "%.1f%%", c->number * 100); break;
		case CELL_INSTANT: strbuf_puts(out, fmt_instant(s, (instant_t)c->number)); break;
		case CELL_FLAG: strbuf_puts(out, c->number != 0 ? "yes" : "no"); break;
		case CELL_BAR:
			for (int i = 0; i < (int)lround(fmin(fmax(c->number, 0), 1) * BAR_WIDTH); i++)
				strbuf_puts(out, "\xe2\x96\x88");
			break;
		case CELL_COUNT:
			if (c->is == COUNT) {
				strbuf_puts(out, fmt_count(s, c->count));
				break;
			}
			__attribute__((fallthrough));
		case CELL_NUMBER:
		case CELL_TEXT:
			strbuf_printf(out, "%.6g", c->number);
		}
}

// Columns a UTF-8 string takes: code points, which is right for what we print.
static size_t text_width(const char *s)
{
	size_t n = 0;
	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

static bool left_aligned(enum cell_kind kind) { return kind == CELL_TEXT || kind == CELL_BAR || kind == CELL_FLAG; }

static void put_padded(struct strbuf *out, const char *s, size_t width, bool left, bool last)
{
	size_t pad = width > text_width(s) ? width - text_width(s) : 0;
	if (!left)
		strbuf_printf(out, "%*s", (int)pad, "");
	strbuf_puts(out, s);
	if (left && !last)
		strbuf_printf(out, "%*s", (int)pad, "");
}

struct err *show_table_text(const struct table *t, struct show_style style, struct strbuf *out)
{
	struct err *err = table_check(t);
	if (err)
		return err;
	size_t width[MAX_COLUMNS] = {0}, last = 0;
	for (size_t c = 0; c < t->n_columns; c++) {
		if (!t->columns[c].heading)
			continue;
		last = c;
		width[c] = text_width(t->columns[c].heading);
		for (size_t r = 0; r < t->n_rows; r++) {
			cleanup(strbuf_finip) struct strbuf s = {0};
			cell_text(cell_at(t, r, c), t->columns[c].kind, &s);
			size_t w = text_width(strbuf_str(&s));
			width[c] = w > width[c] ? w : width[c];
		}
	}
	if (t->title)
		strbuf_printf(out, "%s%s%s\n", style.color ? "\033[1m" : "", t->title, style.color ? "\033[0m" : "");
	for (size_t r = 0; r <= t->n_rows; r++) { // row 0: headings
		if (!r && style.color)
			strbuf_puts(out, "\033[2m");
		for (size_t c = 0; c < t->n_columns; c++) {
			if (!t->columns[c].heading)
				continue;
			cleanup(strbuf_finip) struct strbuf s = {0};
			if (r)
				cell_text(cell_at(t, r - 1, c), t->columns[c].kind, &s);
			else
				strbuf_puts(&s, t->columns[c].heading);
			put_padded(out, strbuf_str(&s), width[c], left_aligned(t->columns[c].kind), c == last);
			strbuf_puts(out, c == last ? "" : "  ");
		}
		strbuf_puts(out, !r && style.color ? "\033[0m\n" : "\n");
	}
	for (size_t i = 0; i < t->n_notes; i++)
		strbuf_printf(out, "%s\n", t->notes[i]);
	return strbuf_check(out);
}

static json_t *cell_json(const struct cell *c, enum cell_kind kind)
{
	char s[FMT_MAX];
	if (c->is == TEXT)
		return json_stringn_nocheck(c->text, strlen(c->text));
	if (kind == CELL_FLAG)
		return json_boolean(c->number != 0);
	if (kind == CELL_INSTANT)
		return json_string(fmt_instant(s, (instant_t)c->number));
	if (c->is == COUNT)
		return json_integer((json_int_t)c->count);
	if (c->number == floor(c->number) && fabs(c->number) < 9e15)
		return json_integer((json_int_t)c->number);
	return json_real(c->number);
}

static int strbuf_sink(const char *buffer, size_t size, void *out)
{
	strbuf_put(out, buffer, size);
	return 0;
}

struct err *show_table_json(const struct table *t, struct strbuf *out)
{
	struct err *err = table_check(t);
	if (err)
		return err;
	strbuf_puts(out, "[");
	for (size_t r = 0; r < t->n_rows; r++) { // one object at a time: the whole need not fit
		json_t *row = json_object();
		for (size_t c = 0; c < t->n_columns; c++) {
			const struct cell *cell = cell_at(t, r, c);
			if (cell->is != EMPTY && json_object_set_new(row, t->columns[c].key, cell_json(cell, t->columns[c].kind)))
				out->failed = true;
		}
		strbuf_puts(out, r ? ",\n " : "\n ");
		if (json_dump_callback(row, strbuf_sink, out, JSON_COMPACT))
			out->failed = true;
		json_decref(row);
	}
	strbuf_puts(out, t->n_rows ? "\n]\n" : "]\n");
	return strbuf_check(out);
}

static void csv_text(struct strbuf *out, const char *s)
{
	if (!s[strcspn(s, ",\"\r\n")]) {
		strbuf_puts(out, s);
		return;
	}
	strbuf_putc(out, '"');
	for (; *s; s++)
		strbuf_puts(out, *s == '"' ? "\"\"" : (char[]){*s, 0});
	strbuf_putc(out, '"');
}

struct err *show_table_csv(const struct table *t, struct strbuf *out)
{
	struct err *err = table_check(t);
	if (err)
		return err;
	for (size_t c = 0; c < t->n_columns; c++) {
		strbuf_puts(out, c ? "," : "");
		csv_text(out, t->columns[c].key);
	}
	strbuf_puts(out, "\r\n");
	for (size_t r = 0; r < t->n_rows; r++)
		for (size_t c = 0; c < t->n_columns; c++) {
			const struct cell *cell = cell_at(t, r, c);
			char s[FMT_MAX];
			if (cell->is == TEXT)
				csv_text(out, cell->text);
			else if (cell->is == COUNT)
				strbuf_printf(out, "%llu", (unsigned long long)cell->count);
			else if (cell->is == NUMBER && t->columns[c].kind == CELL_INSTANT)
				strbuf_puts(out, fmt_instant(s, (instant_t)cell->number));
			else if (cell->is == NUMBER)
				strbuf_printf(out, "%.17g", cell->number);
			strbuf_puts(out, c + 1 == t->n_columns ? "\r\n" : ",");
		}
	return strbuf_check(out);
}
