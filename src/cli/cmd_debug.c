// whyheap debug THING: our own insides, for those who work on the program.
#include "cli/cli.h"
#include "cli/debug_gobin.h"
#include "show/show.h"

#include <string.h>

struct err *cmd_debug(const struct args *args, int *ret_status);

static struct err *list_gaps(void)
{
	cleanup(table_freep) struct table *t = table_new("limits");
	if (!t)
		return &err_nomem;
	table_column(t, CELL_TEXT, "what", "what");
	table_column(t, CELL_TEXT, "because", "because");
	table_column(t, CELL_TEXT, "remedy", "remedy");
	for (enum gap_code c = 0; c < GAP_CODES; c++) {
		char subject[] = "...", detail[] = "...";
		struct gap gap = {c, subject, detail};
		struct gap_text text = {0};
		struct err *err = show_gap(&gap, &text);
		if (err)
			return err;
		table_row(t);
		table_text(t, text.what);
		table_text(t, text.because);
		if (text.remedy)
			table_text(t, text.remedy);
		gap_text_fini(&text);
	}
	cleanup(strbuf_finip) struct strbuf out = {0};
	struct err *err = show_table_text(t, (struct show_style){0}, &out);
	if (!err)
		fputs(strbuf_str(&out), stdout);
	return err;
}

static const struct { const char *thing; struct err *(*run)(void); struct err *(*of)(const char *, const char *const *, size_t); } things[] = {
	{"buildinfo", NULL, debug_gobin},
	{"gaps", list_gaps, NULL},
	{"pcln", NULL, debug_gobin},
	{"types", NULL, debug_gobin},
};

struct err *cmd_debug(const struct args *args, int *ret_status)
{
	(void)ret_status;
	const char *const *inputs;
	size_t n = args_inputs(args, &inputs);
	for (size_t i = 0; n && i < countof(things); i++)
		if (!strcmp(inputs[0], things[i].thing) && (n == 1 || things[i].of))
			return things[i].of ? things[i].of(things[i].thing, inputs + 1, n - 1) : things[i].run();
	return err_new(ERR_USAGE, "debug: one of: buildinfo FILE, gaps, pcln FILE [ADDRESS...], types FILE [NAME...]");
}
