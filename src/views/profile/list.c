// Source lines of matching functions with what is held at each. The text of a line is shown where its file can be read:
// the caller hands it over (profile_options.source), a view opens nothing.
#include "views/profile/graph.h"
#include "views/profile/regex.h"

#include <stdlib.h>
#include <string.h>

struct row { uint32_t file, function; int64_t line, flat, cum; };

static int row_order(const void *a, const void *b, void *ctx)
{
	const struct pprof *p = ctx;
	const struct row *x = a, *y = b;
	int by = strcmp(pprof_str(p, x->function), pprof_str(p, y->function));
	by = by ? by : strcmp(pprof_str(p, x->file), pprof_str(p, y->file));
	return by ? by : (x->line > y->line) - (x->line < y->line);
}

static struct err *collect_rows(struct report *r, const char *regex, struct row **ret, size_t *ret_n)
{
	cleanup(regex_freep) struct regex *rx = NULL;
	struct err *err = regex_new("list", regex, &rx);
	VEC(struct row) rows = {0};
	for (size_t i = 0; !err && i < r->g.nodes.len; i++) {
		const struct node *n = &r->g.nodes.at[i];
		if ((n->flat || n->cum) && n->line && regex_matches_id(rx, r->p, n->name))
			err = vec_push(&rows, PPROF_TABLE_MAX, "lines", (struct row){n->file, n->name, n->line, node_flat(n), node_cum(n)});
	}
	*ret = rows.at;
	*ret_n = rows.len;
	return err;
}

static const char *value_or_dot(const struct report *r, char out[MEASURE_MAX], int64_t v) { return v ? report_value(r, out, v) : "."; }

// Line `number` of a text, without its end.
static const char *text_line(const char *text, int64_t number, size_t *ret_len)
{
	while (text && --number > 0) {
		text = strchr(text, '\n');
		text = text ? text + 1 : NULL;
	}
	*ret_len = text ? strcspn(text, "\r\n") : 0;
	return text ? text : "";
}

static void print_routine(struct report *r, const struct row *rows, size_t n, struct strbuf *out)
{
	enum { AROUND = 5 };
	char a[MEASURE_MAX], b[MEASURE_MAX], pc[MEASURE_MAX];
	int64_t flat = 0, cum = 0;
	const char *path = pprof_str(r->p, rows->file), *text = r->o->source ? r->o->source(r->o->source_ctx, path) : NULL;
	for (size_t i = 0; i < n; i++) {
		sum_i64(&flat, rows[i].flat);
		sum_i64(&cum, rows[i].cum);
	}
	strbuf_printf(out, "ROUTINE ======================== %s in %s\n", pprof_str(r->p, rows->function), path);
	strbuf_printf(out, "%10s %10s (flat, cum) %s of Total\n", report_value(r, a, flat), report_value(r, b, cum), measure_percent(pc, cum, r->total));
	int64_t first = rows[0].line > AROUND ? rows[0].line - AROUND : 1, last = rows[n - 1].line + AROUND;
	if (!text)
		strbuf_puts(out, "                             (the source is not here: -source_path says where it is)\n");
	for (int64_t line = text ? first : rows[0].line; line <= last && line - first < 5000; line++) {
		size_t len, i = 0;
		const char *s = text_line(text, line, &len);
		while (i < n && rows[i].line < line)
			i++;
		bool has = i < n && rows[i].line == line;
		if (!has && (!text || !*s))
			continue;
		strbuf_printf(out, "%10s %10s %6lld:%.*s\n", value_or_dot(r, a, has ? rows[i].flat : 0), value_or_dot(r, b, has ? rows[i].cum : 0), (long long)line, (int)len, s);
	}
}

struct err *list_text(struct report *r, const char *regex, struct strbuf *out)
{
	char v[MEASURE_MAX];
	struct row *rows = NULL;
	size_t n = 0;
	struct err *err = graph_nodes(&r->g, r->p, true);
	if (!err && !(err = graph_values(&r->g, r)))
		err = collect_rows(r, regex, &rows, &n);
	if (!err && !n)
		err = err_new(ERR_USAGE, "no function matches '%s'", regex);
	if (!err) {
		strbuf_printf(out, "Total: %s\n", report_value(r, v, r->total));
		qsort_r(rows, n, sizeof(*rows), row_order, r->p);
		for (size_t i = 0, len; i < n; i += len) {
			for (len = 1; i + len < n && rows[i + len].function == rows[i].function && rows[i + len].file == rows[i].file; )
				len++;
			print_routine(r, rows + i, len, out);
		}
	}
	free(rows);
	return err;
}
