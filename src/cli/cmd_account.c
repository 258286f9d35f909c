// whyheap account PID: where every resident byte is.
#include "cli/cli.h"
#include "cli/inputs.h"
#include "cli/term.h"
#include "read/account/account.h"
#include "views/process/process.h"

#include <stdio.h>
#include <stdlib.h>

struct err *cmd_account(const struct args *args, int *ret_status);

static struct err *open_process(const char *what, struct target **ret)
{
	enum input_kind kind;
	struct err *err = input_kind_of(what, &kind);
	if (err)
		return err;
	if (kind == INPUT_CORE)
		return err_new(ERR_UNSUPPORTED, "%s: a core file does not say which pages were resident; an account needs the process", what);
	if (kind != INPUT_PID)
		return err_new(ERR_USAGE, "account: '%s' is %s, a process id is wanted", what, input_kind_name(kind));
	return target_open_pid(strtoll(what, NULL, 10), ret);
}

// A program that is not Go has an account too; of a Go program whose runtime cannot be read the heap stays undivided.
static struct err *attach(struct target *t, struct gobin **g, struct rt **rt, struct gaps *gaps)
{
	struct err *err = gobin_open(target_exe(t), g);
	if (!err)
		err = rt_attach(t, *g, rt);
	if (err && err_kind(err) != ERR_UNSUPPORTED && err_kind(err) != ERR_INPUT)
		return err;
	gap_add_err(gaps, GAP_ACCOUNT_HEAP, NULL, err);
	return NULL;
}

static struct err *put(const struct args *args, const struct account *a, const struct kernel_limit *limit, int64_t pid,
	const struct gaps *gaps)
{
	cleanup(strbuf_finip) struct strbuf out = {0};
	cleanup(table_freep) struct table *t = NULL;
	struct err *err;
	if (args_flag(args, "json")) {
		if (!(err = view_account_json(a, limit, pid, &out))) {
			strbuf_puts(&out, ",\"limits\":");
			err = show_gaps_json(gaps, &out);
			strbuf_puts(&out, "}\n");
		}
	} else if (!(err = view_account(a, limit, &t)) && !(err = show_table_text(t, term_style(args), &out))) {
		err = show_gaps_text(gaps, &out);
	}
	if (!err)
		err = strbuf_check(&out);
	if (!err)
		fwrite(strbuf_str(&out), 1, out.len, stdout);
	return err;
}

struct err *cmd_account(const struct args *args, int *ret_status)
{
	const char *const *inputs;
	(void)ret_status;
	if (args_inputs(args, &inputs) != 1)
		return err_new(ERR_USAGE, "account: one process id is wanted");
	cleanup(target_closep) struct target *t = NULL;
	cleanup(gobin_closep) struct gobin *g = NULL;
	cleanup(rt_detachp) struct rt *rt = NULL;
	cleanup(account_finip) struct account a = {0};
	cleanup(gaps_finip) struct gaps gaps = {0};
	struct kernel_limit limit = {0};
	struct err *err;
	if ((err = open_process(inputs[0], &t)) || (err = attach(t, &g, &rt, &gaps)) || (err = account_take(t, rt, &a)) ||
	    (err = kernel_limit(target_pid(t), &limit)))
		return err;
	gaps_join(&gaps, &a.gaps);
	return put(args, &a, &limit, target_pid(t), &gaps);
}
