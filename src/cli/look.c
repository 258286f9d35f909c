#include "cli/look.h"
#include "cli/inputs.h"
#include "show/show.h"

#include <stdlib.h>

struct err *look_open(const struct args *args, const char *verb, const char *what, struct target **ret)
{
	enum input_kind kind;
	struct err *err = input_kind_of(what, &kind);
	if (err)
		return err;
	if (kind == INPUT_PID)
		return target_open_pid(strtoll(what, NULL, 10), ret);
	if (kind == INPUT_CORE)
		return target_open_core(what, args_str(args, "binary", NULL), ret);
	return err_new(ERR_USAGE, "%s: '%s' is %s, a process or a core is wanted", verb, what, input_kind_name(kind));
}

struct err *look_gaps(const struct args *args, const struct gaps *gaps, struct strbuf *out)
{
	if (!args_flag(args, "json"))
		return show_gaps_text(gaps, out);
	cleanup(table_freep) struct table *t = table_new(NULL);
	struct err *err = t ? NULL : &err_nomem;
	if (!err) {
		table_column(t, CELL_TEXT, "what", NULL);
		table_column(t, CELL_TEXT, "because", NULL);
		table_column(t, CELL_TEXT, "remedy", NULL);
	}
	for (size_t i = 0; !err && i < gaps->len; i++) {
		struct gap_text text = {0};
		err = show_gap(&gaps->at[i], &text);
		if (err)
			break;
		table_row(t);
		table_text(t, text.what);
		table_text(t, text.because);
		if (text.remedy)
			table_text(t, text.remedy);
		gap_text_fini(&text);
	}
	strbuf_puts(out, ",\n \"limits\": ");
	return err ? err : show_table_json(t, out);
}
