// whyheap ps: the Go processes of this machine, from outside.
#include "cli/cli.h"
#include "cli/processes.h"
#include "cli/term.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

struct err *cmd_ps(const struct args *args, int *ret_status);

static struct err *put(const struct args *args, struct processes *all, bool growth)
{
	cleanup(table_freep) struct table *t = NULL;
	cleanup(strbuf_finip) struct strbuf out = {0};
	struct process_row *rows = calloc(all->at.len + 1, sizeof(*rows));
	struct timespec ts;
	if (!rows)
		return &err_nomem;
	processes_sort(all, growth);
	for (size_t i = 0; i < all->at.len; i++)
		rows[i] = processes_row(&all->at.at[i]);
	clock_gettime(CLOCK_REALTIME, &ts);
	struct err *err = view_processes(rows, all->at.len, ts.tv_sec * 1000000000ll + ts.tv_nsec, growth, &t);
	if (!err)
		err = args_flag(args, "json") ? show_table_json(t, &out) : show_table_text(t, term_style(args), &out);
	free(rows);
	if (!err) {
		fwrite(strbuf_str(&out), 1, out.len, stdout);
		fflush(stdout);
	}
	return err;
}

static void wait_for(double seconds)
{
	struct timespec ts = {(time_t)seconds, (long)(fmod(seconds, 1) * 1e9)};
	nanosleep(&ts, NULL); // an interrupt ends it
}

static struct err *watch(const struct args *args, struct processes *all, double every, uint64_t times)
{
	bool tty = isatty(STDOUT_FILENO) && !args_flag(args, "json");
	struct err *err = NULL;
	term_catch_interrupts();
	for (uint64_t i = 0; !err && !term_interrupted && (!times || i < times); i++) {
		if (i)
			wait_for(every);
		if (term_interrupted)
			break;
		err = processes_look(all);
		if (!err && tty)
			fputs("\033[H\033[2J", stdout);
		else if (!err && i && !args_flag(args, "json"))
			putchar('\n');
		if (!err)
			err = put(args, all, true);
	}
	return err;
}

struct err *cmd_ps(const struct args *args, int *ret_status)
{
	const char *const *inputs;
	double every = args_seconds(args, "every", 2);
	if (args_inputs(args, &inputs))
		return err_new(ERR_USAGE, "ps takes no input; whyheap %s looks at one", inputs[0]);
	if (!(every >= 0.1))
		return err_new(ERR_USAGE, "ps: --every: 100ms at least");
	cleanup(processes_finip) struct processes all = {0};
	struct err *err;
	if (args_flag(args, "watch"))
		err = watch(args, &all, every, args_count(args, "times", 0));
	else if (!(err = processes_look(&all)))
		err = put(args, &all, false);
	if (term_interrupted)
		*ret_status = 130;
	return err;
}
