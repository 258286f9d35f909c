// whyheap goroutines PID|CORE: by group, or each by itself.
#include "cli/cli.h"
#include "cli/diagnose.h"
#include "cli/look.h"
#include "cli/term.h"
#include "views/process/process.h"

#include <stdio.h>

static void to_stdout(void *ctx, const char *s, size_t n)
{
	(void)ctx;
	fwrite(s, 1, n, stdout);
}

static struct err *put_groups(const struct args *args, const struct rt *rt, const struct rt_census *c)
{
	cleanup(table_freep) struct table *t = NULL;
	cleanup(strbuf_finip) struct strbuf out = {0};
	bool json = args_flag(args, "json");
	struct err *err = view_goroutine_groups(rt, c, json ? 0 : args_count(args, "top", 20), &t);
	if (!err)
		err = json ? show_table_json(t, &out) : show_table_text(t, term_style(args), &out);
	if (!err)
		fwrite(strbuf_str(&out), 1, out.len, stdout);
	return err;
}

// The text form of --all is a dump for other tools: what is missing goes to the standard error.
static struct err *put_limits(const struct args *args, const struct rt *rt)
{
	cleanup(strbuf_finip) struct strbuf out = {0};
	struct err *err = look_gaps(args, rt_gaps(rt), &out);
	if (!err)
		fwrite(strbuf_str(&out), 1, out.len, args_flag(args, "all") && !args_flag(args, "json") ? stderr : stdout);
	return err;
}

struct err *cmd_goroutines(const struct args *args, int *ret_status);

struct err *cmd_goroutines(const struct args *args, int *ret_status)
{
	const char *const *inputs;
	bool json = args_flag(args, "json"), all = args_flag(args, "all");
	(void)ret_status;
	if (args_inputs(args, &inputs) != 1)
		return err_new(ERR_USAGE, "goroutines: one process or core is wanted");
	cleanup(target_closep) struct target *t = NULL;
	cleanup(gobin_closep) struct gobin *g = NULL;
	cleanup(rt_detachp) struct rt *rt = NULL;
	struct rt_census census = {0};
	struct err *err = look_open(args, "goroutines", inputs[0], &t);
	if (!err)
		err = diagnose_gobin(t, &g);
	if (!err)
		err = rt_attach(t, g, &rt);
	if (!err)
		err = rt_goroutines(rt, &census);
	if (!err && json)
		fputs(all ? "{\"goroutines\": " : "{\"groups\": ", stdout);
	if (!err)
		err = all ? view_goroutines_all(rt, &census, json, to_stdout, NULL) : put_groups(args, rt, &census);
	if (!err && json)
		printf(",\n \"count\": %zu, \"torn\": %llu", census.at.len, (unsigned long long)census.torn);
	if (!err)
		err = put_limits(args, rt);
	if (!err && json)
		fputs("}\n", stdout);
	rt_census_fini(&census);
	return err;
}
