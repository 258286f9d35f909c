// The Go processes of the machine as a table.
#include "views/process/process.h"

#include <stdlib.h>

static void text_or_empty(struct table *t, const char *s)
{
	if (s && *s)
		table_text(t, s);
	else
		table_empty(t);
}

static void count_or_empty(struct table *t, uint64_t n)
{
	if (n)
		table_count(t, n);
	else
		table_empty(t);
}

// Only what was looked at: that net/http/pprof is linked in, and where the process listens.
static void endpoint(struct table *t, const struct process_row *r)
{
	if (!r->readable)
		table_empty(t);
	else if (!r->pprof_linked)
		table_text(t, "no");
	else if (r->listens && *r->listens)
		table_textf(t, "linked in, listens on %s", r->listens);
	else
		table_text(t, "linked in, listens nowhere");
}

static void columns(struct table *t, bool growth)
{
	table_column(t, CELL_COUNT, "pid", "pid");
	table_column(t, CELL_TEXT, "program", "program");
	table_column(t, CELL_TEXT, "module", NULL);
	table_column(t, CELL_TEXT, "module_version", "version");
	table_column(t, CELL_TEXT, "go_version", "go");
	table_column(t, CELL_BYTES, "rss", "rss");
	table_column(t, CELL_BYTES, "limit", "limit");
	table_column(t, CELL_TEXT, "limit_from", NULL);
	table_column(t, CELL_BYTES, "heap_live", "live heap");
	table_column(t, CELL_COUNT, "goroutines", "goroutines");
	if (growth)
		table_column(t, CELL_BYTES, "growth_per_second", "growth/s");
	table_column(t, CELL_SECONDS, "up_seconds", "up");
	table_column(t, CELL_TEXT, "stripped", "stripped");
	table_column(t, CELL_TEXT, "endpoint", "pprof endpoint");
	table_column(t, CELL_FLAG, "readable", NULL);
	table_column(t, CELL_TEXT, "because", "readable");
}

static void row(struct table *t, const struct process_row *r, instant_t now, bool growth)
{
	static const char *const stripped[] = {"no", "yes"};
	table_row(t);
	table_count(t, (uint64_t)r->pid);
	text_or_empty(t, r->program);
	text_or_empty(t, r->module);
	text_or_empty(t, r->module_version);
	text_or_empty(t, r->go_version);
	table_count(t, r->rss);
	count_or_empty(t, r->limit);
	text_or_empty(t, r->limit_from);
	count_or_empty(t, r->heap_live);
	count_or_empty(t, r->goroutines);
	if (growth && r->has_growth)
		table_number(t, r->growth_per_second);
	else if (growth)
		table_empty(t);
	if (r->started)
		table_number(t, (double)(now - r->started) / 1e9);
	else
		table_empty(t);
	text_or_empty(t, r->stripped < 0 ? NULL : stripped[r->stripped > 0]);
	endpoint(t, r);
	table_number(t, r->readable);
	table_text(t, r->readable ? "yes" : r->because);
}

struct err *view_processes(const struct process_row *rows, size_t n, instant_t now, bool growth, struct table **ret)
{
	cleanup(table_freep) struct table *t = table_new(NULL);
	if (!t)
		return &err_nomem;
	columns(t, growth);
	bool linked = false;
	for (size_t i = 0; i < n; i++) {
		row(t, &rows[i], now, growth);
		linked = linked || rows[i].pprof_linked;
	}
	if (!n)
		table_note(t, "no Go process that this user can see");
	if (linked)
		table_note(t, "pprof endpoint: net/http/pprof is part of the program and it listens there; whether it answers was not asked");
	struct err *err = table_check(t);
	if (!err)
		*ret = take(t);
	return err;
}
