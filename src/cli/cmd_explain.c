// whyheap explain FILE.go:LINE|TYPE INPUT...: what each input says of a line, or of a type.
#include "cli/cli.h"
#include "cli/escape_input.h"
#include "cli/inputs.h"
#include "cli/term.h"
#include "views/escape/escape.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct err *cmd_explain(const struct args *args, int *ret_status);

enum { ROWS_MAX = 200, FRAMES = 32 };

struct asked {
	const char *word;
	bool line; // FILE.go:LINE
	const struct args *args;
	struct table *t;
	size_t rows;
};

static void row(struct asked *a, const char *source, const char *file, uint32_t line, const char *construct, const char *what, const char *flow)
{
	if (a->rows++ >= ROWS_MAX)
		return;
	const char *base = strrchr(file, '/');
	table_row(a->t);
	table_text(a->t, source);
	table_textf(a->t, "%s:%u", base ? base + 1 : file, line);
	table_text(a->t, construct);
	table_text(a->t, what);
	if (flow[0])
		table_text(a->t, flow);
	else
		table_empty(a->t);
}

static bool at_line(const char *word, const char *file, uint32_t line)
{
	const char *colon = strrchr(word, ':');
	size_t n = (size_t)(colon - word), len = strlen(file);
	return (uint32_t)strtoul(colon + 1, NULL, 10) == line && len >= n && !strncmp(file + len - n, word, n) &&
	       (len == n || file[len - n - 1] == '/');
}

static struct err *from_binary(struct asked *a, const char *word)
{
	struct binary b = {0};
	struct err *err = binary_open(word, &b);
	const struct code_site *sites;
	size_t n = err ? 0 : code_sites(b.code, &sites);
	for (size_t k = 0; k < n; k++) {
		struct gobin_frame frames[FRAMES];
		size_t depth = gobin_frames(b.g, sites[k].call, frames, countof(frames)), hit = depth;
		cleanup(strbuf_finip) struct strbuf type = {0};
		cleanup(strbuf_finip) struct strbuf flow = {0};
		code_type_text(b.code, &sites[k], &type);
		for (size_t i = 0; i < depth && a->line && hit == depth; i++)
			if (at_line(a->word, frames[i].file, frames[i].line))
				hit = i;
		if (!depth || (a->line ? hit == depth : strcmp(strbuf_str(&type), a->word) != 0))
			continue;
		struct code_hop hops[6];
		size_t steps = code_flow(b.code, &sites[k], hops, countof(hops));
		for (size_t i = 0; i < steps; i++) {
			strbuf_puts(&flow, i ? " -> " : "");
			code_step_text(b.code, hops[i].site, hops[i].sink, &flow);
		}
		cleanup(strbuf_finip) struct strbuf what = {0};
		code_instruction_text(b.code, &sites[k], &what);
		const struct gobin_frame *f = a->line ? &frames[hit] : &frames[depth - 1];
		row(a, "machine code", f->file, f->line, construct_name(sites[k].construct), strbuf_str(&what), strbuf_str(&flow));
	}
	binary_fini(&b);
	return err;
}

static struct err *from_compiler(struct asked *a, const char *path)
{
	cleanup(escape_freep) struct escape *e = NULL;
	struct err *err = escape_new(&e);
	if (!err)
		err = is_package(path) ? compiler_run(a->args, &path, 1, e) : compiler_output(path, e);
	if (!err)
		err = escape_finish(e);
	const struct escape_item *items;
	size_t n = err ? 0 : escape_items(e, &items);
	for (size_t k = 0; k < n; k++) {
		const struct escape_item *i = &items[k];
		bool about = i->kind == ESCAPE_HEAP || i->kind == ESCAPE_MOVED || i->kind == ESCAPE_STAYS;
		const char *dot = strrchr(a->word, '.'); // the compiler names its own package's types without the package
		if (!about || (a->line ? !at_line(a->word, i->pos.file, i->pos.line) : !strstr(i->subject, dot ? dot + 1 : a->word)))
			continue;
		cleanup(strbuf_finip) struct strbuf flow = {0};
		for (uint32_t x = 0; x < i->n_edges; x++) {
			const struct escape_edge *edge = escape_edge_at(e, i->first_edge + x);
			for (uint32_t s = 0; s < edge->n_steps; s++) {
				const struct escape_step *step = escape_step_at(e, edge->first_step + s);
				strbuf_printf(&flow, "%s%s (%s)", flow.len ? " -> " : "", step->expr, step->why);
			}
		}
		row(a, "compiler", i->pos.file, i->pos.line, i->kind == ESCAPE_STAYS ? "stays on the stack" : construct_name(i->construct),
		    i->subject, strbuf_str(&flow));
	}
	return err;
}

struct err *cmd_explain(const struct args *args, int *ret_status)
{
	const char *const *inputs;
	size_t n = args_inputs(args, &inputs);
	if (n < 2)
		return err_new(ERR_USAGE, "explain FILE.go:LINE or TYPE, and at least one input that knows of it");
	cleanup(table_freep) struct table *t = table_new(NULL);
	if (!t)
		return &err_nomem;
	table_column(t, CELL_TEXT, "source", "says");
	table_column(t, CELL_TEXT, "place", "place");
	table_column(t, CELL_TEXT, "construct", "why");
	table_column(t, CELL_TEXT, "what", "what");
	table_column(t, CELL_TEXT, "flow", "where it goes");
	const char *colon = strrchr(inputs[0], ':');
	struct asked a = {.word = inputs[0], .line = colon && colon[1] >= '0' && colon[1] <= '9', .args = args, .t = t};
	struct err *err = NULL;
	for (size_t i = 1; i < n && !err; i++) {
		enum input_kind kind = INPUT_UNKNOWN;
		if (!is_package(inputs[i]))
			err = input_kind_of(inputs[i], &kind);
		if (!err)
			err = kind == INPUT_BINARY || kind == INPUT_PID ? from_binary(&a, inputs[i]) : from_compiler(&a, inputs[i]);
	}
	if (!err && a.rows > ROWS_MAX)
		table_note(t, "%zu more", a.rows - ROWS_MAX);
	if (!err)
		err = table_check(t);
	cleanup(strbuf_finip) struct strbuf out = {0};
	if (!err)
		err = args_flag(args, "json") ? show_table_json(t, &out) : show_table_text(t, term_style(args), &out);
	if (!err)
		fwrite(strbuf_str(&out), 1, out.len, stdout);
	*ret_status = !err && a.rows ? 1 : 0;
	return err;
}
