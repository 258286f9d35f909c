// whyheap stats PID|CORE: memory statistics, collections, allocation sites, size classes.
#include "cli/cli.h"
#include "cli/diagnose.h"
#include "cli/look.h"
#include "cli/term.h"
#include "views/process/process.h"

#include <stdio.h>

struct section { const char *key; struct err *(*make)(struct rt *rt, const struct args *args, struct table **ret); };

static struct err *memstats(struct rt *rt, const struct args *args, struct table **ret)
{
	struct rt_memstats m;
	struct err *err = rt_memstats(rt, &m);
	if (err)
		return err;
	return args_flag(args, "json") ? view_memstats_row(&m, ret) : view_memstats(&m, ret);
}

static struct err *collections(struct rt *rt, const struct args *args, struct table **ret)
{
	struct rt_gc gcs[256];
	size_t n;
	(void)args;
	struct err *err = rt_gcs(rt, gcs, &n);
	return err ? err : view_collections(gcs, n, ret);
}

static struct err *buckets(struct rt *rt, const struct args *args, struct table **ret)
{
	struct rt_buckets b = {0};
	struct rt_memstats m = {.mem_profile_rate = -1};
	struct err *err = rt_has_memstats(rt) ? rt_memstats(rt, &m) : NULL;
	if (!err)
		err = rt_buckets(rt, &b);
	if (!err)
		err = view_buckets(rt, &b, m.mem_profile_rate, args_flag(args, "json") ? 0 : args_count(args, "top", 20), ret);
	rt_buckets_fini(&b);
	return err;
}

static struct err *spans(struct rt *rt, const struct args *args, struct table **ret)
{
	struct rt_spans s;
	(void)args;
	struct err *err = rt_spans(rt, &s);
	return err ? err : view_spans(&s, ret);
}

static struct err *layouts(struct rt *rt, const struct args *args, struct table **ret)
{
	(void)args;
	return view_layouts(rt, ret);
}

static const struct section sections[] = {
	{"memstats", memstats}, {"gcs", collections}, {"buckets", buckets}, {"spans", spans}, {"layouts", layouts},
};

// The first section is always there; the others when asked for. What cannot be read is a gap, told below.
static struct err *put_section(struct rt *rt, const struct args *args, size_t i, struct strbuf *out, bool *json_first)
{
	cleanup(table_freep) struct table *t = NULL;
	struct err *err = sections[i].make(rt, args, &t);
	if (err && err_kind(err) == ERR_UNSUPPORTED)
		return err_free(err), NULL;
	if (err)
		return err;
	if (!args_flag(args, "json"))
		return show_table_text(t, term_style(args), out);
	strbuf_printf(out, "%s\"%s\": ", *json_first ? "" : ",\n ", sections[i].key);
	*json_first = false;
	return show_table_json(t, out);
}

struct err *cmd_stats(const struct args *args, int *ret_status);

struct err *cmd_stats(const struct args *args, int *ret_status)
{
	const char *const *inputs;
	(void)ret_status;
	if (args_inputs(args, &inputs) != 1)
		return err_new(ERR_USAGE, "stats: one process or core is wanted");
	cleanup(target_closep) struct target *t = NULL;
	cleanup(gobin_closep) struct gobin *g = NULL;
	cleanup(rt_detachp) struct rt *rt = NULL;
	cleanup(strbuf_finip) struct strbuf out = {0};
	struct err *err = look_open(args, "stats", inputs[0], &t);
	if (!err)
		err = diagnose_gobin(t, &g);
	if (!err)
		err = rt_attach(t, g, &rt);
	bool json = args_flag(args, "json"), first = true;
	if (!err && json)
		strbuf_puts(&out, "{");
	for (size_t i = 0; !err && i < countof(sections); i++)
		if (!i || args_flag(args, sections[i].key))
			err = put_section(rt, args, i, &out, &first);
	if (!err)
		err = look_gaps(args, rt_gaps(rt), &out);
	if (!err && json)
		strbuf_puts(&out, "}\n");
	if (!err)
		fwrite(strbuf_str(&out), 1, out.len, stdout);
	return err;
}
