// whyheap escape: why lines allocate.
#include "cli/cli.h"
#include "cli/escape_input.h"
#include "cli/inputs.h"
#include "cli/term.h"
#include "views/escape/escape.h"

#include <stdio.h>
#include <string.h>

struct err *cmd_escape(const struct args *args, int *ret_status);

static struct err *filter_of(const struct args *args, struct hot *hot, struct view_filter *ret)
{
	const char *why = args_str(args, "why", NULL);
	bool everything = args_flag(args, "json") || args_flag(args, "csv");
	*ret = (struct view_filter){
		.site = args_str(args, "site", args_str(args, "focus", NULL)), .runtime = args_flag(args, "all"),
		.standard_library = args_flag(args, "all"), .construct = -1, .top = args_count(args, "top", everything ? 0 : 60),
		.hot = hot ? hot_line : NULL, .hot_ctx = hot,
	};
	cleanup(strbuf_finip) struct strbuf words = {0};
	for (int c = 0; why && c < CONSTRUCTS; c++) {
		strbuf_printf(&words, "%s%s", c ? "|" : "", construct_name((enum construct)c));
		if (!strcmp(why, construct_name((enum construct)c)))
			ret->construct = c;
	}
	if (!why || ret->construct >= 0)
		return NULL;
	const char *near = args_nearest(why, strbuf_str(&words));
	return err_new(ERR_USAGE, "--why %s: no such construct; %s%s", why, near ? "the nearest is " : "one of ", near ? near : strbuf_str(&words));
}

static struct err *print(const struct args *args, const struct table *t)
{
	cleanup(strbuf_finip) struct strbuf out = {0};
	struct err *err = args_flag(args, "json") ? show_table_json(t, &out)
			  : args_flag(args, "csv") ? show_table_csv(t, &out) : show_table_text(t, term_style(args), &out);
	if (!err)
		fwrite(strbuf_str(&out), 1, out.len, stdout);
	return err;
}

static struct err *sites(const struct args *args, const char *word, const struct view_filter *f)
{
	struct binary b = {0};
	cleanup(table_freep) struct table *t = NULL;
	struct err *err = binary_open(word, &b);
	if (!err)
		err = args_flag(args, "count") ? view_site_counts(b.code, &t) : view_sites(b.g, b.code, f, &t);
	if (!err)
		err = print(args, t);
	binary_fini(&b);
	return err;
}

static struct err *diff(const struct args *args, const char *old, const char *new, const struct view_filter *f)
{
	struct binary a = {0}, b = {0};
	cleanup(table_freep) struct table *t = NULL;
	struct err *err = binary_open(old, &a);
	if (!err)
		err = binary_open(new, &b);
	if (!err)
		err = view_site_diff(a.g, a.code, b.g, b.code, f, &t);
	if (!err)
		err = print(args, t);
	binary_fini(&a);
	binary_fini(&b);
	return err;
}

static struct err *compiler(const struct args *args, const char *const *inputs, size_t n, const struct view_filter *f)
{
	cleanup(escape_freep) struct escape *e = NULL;
	cleanup(table_freep) struct table *t = NULL;
	struct err *err = escape_new(&e);
	if (!err && is_package(inputs[0]))
		err = compiler_run(args, inputs, n, e);
	else
		for (size_t i = 0; i < n && !err; i++)
			err = compiler_output(inputs[i], e);
	if (!err)
		err = escape_finish(e);
	if (!err)
		err = view_compiler(e, f, &t);
	return err ? err : print(args, t);
}

struct err *cmd_escape(const struct args *args, int *ret_status)
{
	(void)ret_status;
	const char *const *inputs;
	size_t n = args_inputs(args, &inputs);
	if (!n)
		return err_new(ERR_USAGE, "escape of what? a binary, a pid, ./packages..., or the compiler's output");
	cleanup(hot_closep) struct hot *hot = NULL;
	struct view_filter f;
	const char *profile = args_str(args, "hot", NULL);
	struct err *err = profile ? hot_open(profile, &hot) : NULL;
	if (!err)
		err = filter_of(args, hot, &f);
	if (err)
		return err;
	if (!strcmp(inputs[0], "diff"))
		return n == 3 ? diff(args, inputs[1], inputs[2], &f) : err_new(ERR_USAGE, "escape diff: two binaries are wanted");
	if (is_package(inputs[0]) || !strcmp(inputs[0], "-"))
		return compiler(args, inputs, n, &f);
	enum input_kind kind;
	if ((err = input_kind_of(inputs[0], &kind)))
		return err;
	if (kind != INPUT_BINARY && kind != INPUT_PID)
		return compiler(args, inputs, n, &f);
	return n == 1 ? sites(args, inputs[0], &f) : err_new(ERR_USAGE, "escape: one binary at a time; `escape diff` compares two");
}
