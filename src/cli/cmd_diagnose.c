// whyheap diagnose: the main job. Recognises the inputs, lets watch and the collectors gather, judges, prints.
#include "cli/cli.h"
#include "cli/diagnose.h"
#include "cli/inputs.h"
#include "cli/term.h"
#include "judge/judge.h"
#include "run/watch/watch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct err *cmd_diagnose(const struct args *args, int *ret_status);

static void progress(void *ctx, const struct watch_progress *p)
{
	static double last;
	char heap[FMT_MAX];
	(void)ctx;
	if (p->seconds - last < 0.1)
		return;
	last = p->seconds;
	term_progress("watching %.0f of %.0f s: %u collections, heap %s", p->seconds, p->of_seconds, p->gc_cycles, fmt_bytes(heap, (double)p->heap_bytes));
}

static struct err *from_process(const struct args *args, int64_t pid, struct evidence *ev)
{
	cleanup(target_closep) struct target *t = NULL;
	cleanup(gobin_closep) struct gobin *g = NULL;
	struct err *err = target_open_pid(pid, &t);
	if (!err)
		err = diagnose_gobin(t, &g);
	if (err)
		return err;
	struct watch_options o = {
		.seconds = args_seconds(args, "for", 0), .poll_seconds = args_seconds(args, "poll", 0),
		.total_alloc_step = args_bytes(args, "sample-alloc", 0), .heap_alloc_step = args_bytes(args, "sample-heap", 0),
		.least_seconds = args_seconds(args, "sample-every", 0), .progress = progress, .interrupted = &term_interrupted,
	};
	struct watch_counts counts = {0};
	term_catch_interrupts();
	err = watch_process(t, g, &o, ev, &counts);
	term_progress_end();
	if (!err)
		diagnose_why(ev, g);
	return err_while(err, "process %lld", (long long)pid);
}

static struct err *gather(const struct args *args, struct evidence *ev)
{
	const char *const *inputs;
	size_t n = args_inputs(args, &inputs);
	if (!n)
		return err_new(ERR_USAGE, "what is to be diagnosed? a pid, a core or files; whyheap ps lists the Go processes");
	enum input_kind first;
	struct err *err = input_kind_of(inputs[0], &first);
	if (err)
		return err;
	if (first == INPUT_PID && n == 1)
		return from_process(args, strtoll(inputs[0], NULL, 10), ev);
	if (first == INPUT_CORE && n == 1)
		return diagnose_core(args, inputs[0], ev);
	return diagnose_files(args, inputs, n, ev);
}

static struct err *print(const struct args *args, const struct verdict *v)
{
	cleanup(strbuf_finip) struct strbuf out = {0};
	struct err *err = args_flag(args, "json") ? show_verdict_json(v, &out) : show_verdict_text(v, term_style(args), &out);
	cleanup(table_freep) struct table *notes = NULL;
	if (!err && args_flag(args, "why") && !args_flag(args, "json")) {
		err = show_verdict_notes(v, &notes);
		strbuf_putc(&out, '\n');
		if (!err)
			err = show_table_text(notes, term_style(args), &out);
	}
	if (!err)
		fputs(strbuf_str(&out), stdout);
	return err;
}

struct err *cmd_diagnose(const struct args *args, int *ret_status)
{
	cleanup(evidence_freep) struct evidence *ev = evidence_new();
	cleanup(verdict_freep) struct verdict *v = NULL;
	struct err *err = ev ? gather(args, ev) : &err_nomem;
	if (!err)
		err = judge_evidence(ev, &v);
	if (!err)
		err = print(args, v);
	if (!err)
		*ret_status = term_interrupted ? 130 : verdict_severity(v) >= args_number(args, "threshold", 7) ? 1 : 0;
	return err;
}
