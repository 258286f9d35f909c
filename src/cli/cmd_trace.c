// whyheap trace FILE [VIEW]: what an execution trace says.
#include "cli/cli.h"
#include "cli/term.h"
#include "cli/trace_input.h"
#include "views/trace/trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char views[] = "summary|goroutines|gc|spawns|blocks|tasks|events";

// `--window 7..9`, in seconds since the first event.
static struct err *window(const struct args *args, double *ret_from, double *ret_to)
{
	const char *w = args_str(args, "window", NULL), *dots = w ? strstr(w, "..") : NULL;
	char first[32], *end = NULL, *end2 = NULL;
	if (!w)
		return NULL;
	snprintf(first, sizeof(first), "%.*s", dots ? (int)(dots - w) : 0, w);
	*ret_from = strtod(first, &end);
	*ret_to = dots ? strtod(dots + 2, &end2) : 0;
	if (!dots || !*first || *end || *end2 || *ret_to <= *ret_from)
		return err_new(ERR_USAGE, "--window '%s': T0..T1 in seconds wanted, like 7..9.5", w);
	return NULL;
}

static void flush_out(struct strbuf *out)
{
	fwrite(strbuf_str(out), 1, out->len, stdout);
	out->len = 0;
}

static struct err *events(const struct args *args, struct trace *t)
{
	cleanup(strbuf_finip) struct strbuf out = {0};
	uint64_t g = args_count(args, "goroutine", 0);
	struct view_events f = {.goroutine = g ? g : TRACE_NONE, .kind = args_str(args, "kind", NULL)};
	double from = args_number(args, "from", 0), to = args_number(args, "to", -1);
	bool raw = args_flag(args, "raw"), json = args_flag(args, "json"), any = false;
	const struct trace_event *ev;
	int64_t first_ns = 0;
	size_t n = 0;
	struct err *err = window(args, &from, &to);
	if (json && !raw)
		fputs("[", stdout);
	for (uint64_t seen = 0; !err && !(err = trace_next(t, &ev, &n)) && n; seen += n) {
		if (!seen) {
			first_ns = ev[0].t_ns;
			f.from_ns = first_ns + (int64_t)(from * 1e9);
			f.to_ns = to >= 0 ? first_ns + (int64_t)(to * 1e9) : from > 0 ? INT64_MAX : 0;
		}
		for (size_t i = 0; i < n; i++) {
			if (!view_events_want(&f, &ev[i]))
				continue;
			if (raw) {
				view_event_raw(t, &ev[i], &out);
			} else if (json) {
				strbuf_puts(&out, any ? ",\n" : "\n");
				view_event_json(t, &ev[i], first_ns, &out);
			} else {
				view_event_text(t, &ev[i], first_ns, &out);
			}
			any = true;
		}
		if (!err)
			err = strbuf_check(&out);
		flush_out(&out);
		if (f.to_ns && ev[n - 1].t_ns > f.to_ns)
			break;
	}
	if (json && !raw)
		fputs("\n]\n", stdout);
	return err;
}

static struct err *perfetto(const struct args *args, struct trace *t)
{
	cleanup(strbuf_finip) struct strbuf out = {0};
	cleanup(view_perfetto_freep) struct view_perfetto *p = NULL;
	struct view_events f = {.goroutine = TRACE_NONE};
	const struct trace_event *ev;
	double from = 0, to = -1;
	size_t n = 0;
	struct err *err = window(args, &from, &to);
	while (!err && !(err = trace_next(t, &ev, &n)) && n) {
		if (!p) {
			f.from_ns = ev[0].t_ns + (int64_t)(from * 1e9);
			f.to_ns = to >= 0 ? ev[0].t_ns + (int64_t)(to * 1e9) : 0;
			if (!(p = view_perfetto_new(ev[0].t_ns, &out)))
				return &err_nomem;
		}
		for (size_t i = 0; !err && i < n; i++)
			if (view_events_want(&f, &ev[i]))
				err = view_perfetto_event(p, t, &ev[i], &out);
		if (!err)
			err = strbuf_check(&out);
		flush_out(&out);
		if (f.to_ns && ev[n - 1].t_ns > f.to_ns)
			break;
	}
	if (err)
		return err;
	if (!p)
		return err_new(ERR_INPUT, "the trace has no events");
	view_perfetto_end(p, &out);
	flush_out(&out);
	return NULL;
}

static struct err *profile(const struct args *args, const struct study *s)
{
	static const char *const names[] = {"net", "sync", "syscall", "sched"};
	cleanup(strbuf_finip) struct strbuf out = {0};
	enum view_profile kind = VIEW_PROFILE_NET;
	if (isatty(STDOUT_FILENO))
		return err_new(ERR_USAGE, "--pprof writes a binary profile: send it to a file, like > sync.pb.gz");
	for (unsigned i = 0; i < countof(names); i++)
		if (!strcmp(args_str(args, "pprof", ""), names[i]))
			kind = (enum view_profile)i;
	struct err *err = view_trace_profile(s, kind, &out);
	if (!err)
		flush_out(&out);
	return err;
}

static struct err *study_of(const struct args *args, struct trace *t, struct study **ret)
{
	double from = 0, to = 0;
	const struct trace_event *ev;
	size_t n;
	struct study_options opt = {0};
	struct err *err = window(args, &from, &to);
	if (err)
		return err;
	if (!args_str(args, "window", NULL))
		return study_trace(t, NULL, ret);
	// The window counts from the first event, which has to be seen first.
	cleanup(study_freep) struct study *s = NULL;
	if ((err = trace_next(t, &ev, &n)) || (err = study_new(NULL, &s)))
		return err;
	if (n) {
		opt = (struct study_options){ev[0].t_ns + (int64_t)(from * 1e9), ev[0].t_ns + (int64_t)(to * 1e9)};
		study_window(s, &opt);
	}
	for (; n; err = trace_next(t, &ev, &n)) {
		if (err || (err = study_block(s, t, ev, n)))
			return err;
		if (ev[n - 1].t_ns > opt.to_ns)
			break;
	}
	if (err || (err = study_end(s, t)))
		return err;
	*ret = take(s);
	return NULL;
}

static struct table *table_of(const char *view, const struct study *s, size_t top)
{
	if (!strcmp(view, "goroutines"))
		return view_trace_goroutines(s, top);
	if (!strcmp(view, "gc"))
		return view_trace_gc(s, top);
	if (!strcmp(view, "spawns"))
		return view_trace_spawns(s, top);
	if (!strcmp(view, "blocks"))
		return view_trace_blocks(s, top);
	return view_trace_tasks(s, top);
}

static struct err *show_view(const struct args *args, const struct trace *t, const struct study *s, const char *view)
{
	cleanup(strbuf_finip) struct strbuf out = {0};
	bool json = args_flag(args, "json");
	struct show_style style = term_style(args);
	struct err *err;
	if (!strcmp(view, "summary")) {
		err = json ? view_trace_summary_json(t, s, &out) : view_trace_summary(t, s, style, &out);
	} else {
		cleanup(table_freep) struct table *table = table_of(view, s, args_count(args, "top", json ? 0 : 40));
		if (!table)
			return &err_nomem;
		if (!(err = table_check(table)))
			err = json ? show_table_json(table, &out) : show_table_text(table, style, &out);
		if (!err && !json && trace_gaps(t)->len)
			err = show_gaps_text(trace_gaps(t), &out);
	}
	if (err || (err = strbuf_check(&out)))
		return err;
	flush_out(&out);
	return NULL;
}

struct err *cmd_trace(const struct args *args, int *ret_status);
struct err *cmd_trace(const struct args *args, int *ret_status)
{
	const char *const *inputs;
	size_t n = args_inputs(args, &inputs);
	*ret_status = 0;
	if (!n || n > 2)
		return err_new(ERR_USAGE, "trace: FILE [VIEW] wanted; views are %s", views);
	const char *view = n > 1 ? inputs[1] : "summary";
	const char *near = args_nearest(view, views);
	if (!near || strcmp(near, view))
		return err_new(ERR_USAGE, "trace: no view '%s'%s%s", view, near ? "; the nearest is " : "", near ? near : "");
	cleanup(trace_input_fini) struct trace_input in = {0};
	cleanup(study_freep) struct study *s = NULL;
	struct err *err = trace_input_open(inputs[0], &in);
	if (err)
		return err;
	if (!strcmp(view, "events"))
		return events(args, in.trace);
	if (args_flag(args, "perfetto"))
		return perfetto(args, in.trace);
	if ((err = study_of(args, in.trace, &s)))
		return err;
	if (args_str(args, "pprof", NULL))
		return profile(args, s);
	return show_view(args, in.trace, s, view);
}
