// whyheap rules [NAME]
#include "cli/cli.h"
#include "show/show.h"

#include <stdio.h>
#include <string.h>

struct err *cmd_rules(const struct args *args, int *ret_status);

static struct err *list(bool json)
{
	cleanup(table_freep) struct table *t = table_new(NULL);
	if (!t)
		return &err_nomem;
	table_column(t, CELL_TEXT, "name", "rule");
	table_column(t, CELL_TEXT, "kind", "kind");
	table_column(t, CELL_TEXT, "summary", "looks for");
	table_column(t, CELL_TEXT, "looks_for", NULL);
	table_column(t, CELL_TEXT, "rules_out", NULL);
	table_column(t, CELL_TEXT, "sure", NULL);
	table_column(t, CELL_TEXT, "example", NULL);
	for (enum rule_id r = 0; r < RULES; r++) {
		const struct rule_text *x = show_rule(r);
		const char *const cells[] = {x->name, x->kind, x->summary, x->looks_for, x->rules_out, x->sure, x->example};
		table_row(t);
		for (size_t i = 0; i < countof(cells); i++)
			table_text(t, cells[i]);
	}
	cleanup(strbuf_finip) struct strbuf out = {0};
	struct err *err = json ? show_table_json(t, &out) : show_table_text(t, (struct show_style){0}, &out);
	if (!err)
		fputs(strbuf_str(&out), stdout);
	return err;
}

struct err *cmd_rules(const struct args *args, int *ret_status)
{
	(void)ret_status;
	const char *const *inputs;
	if (!args_inputs(args, &inputs))
		return list(args_flag(args, "json"));
	cleanup(strbuf_finip) struct strbuf names = {0};
	for (enum rule_id r = 0; r < RULES; r++) {
		const struct rule_text *x = show_rule(r);
		if (!strcmp(x->name, inputs[0])) {
			printf("%s (%s)\n  %s\n\nlooks for   %s\nrules out   %s\nhow sure    %s\nexample     %s\n", x->name, x->kind, x->summary,
			       x->looks_for, x->rules_out, x->sure, x->example);
			return NULL;
		}
		strbuf_printf(&names, "%s%s", r ? "|" : "", x->name);
	}
	const char *near = args_nearest(inputs[0], strbuf_str(&names));
	return err_new(ERR_USAGE, "no rule '%s'%s%s; whyheap rules lists them", inputs[0], near ? "; the nearest is " : "", near ? near : "");
}
