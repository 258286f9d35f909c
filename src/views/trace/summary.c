// The trace on one screen, and the same for programs.
#include "views/trace/private.h"

#include <stdio.h>
#include <string.h>

enum { CHART_ROWS = 6, CHART_COLUMNS_MAX = 96, LABEL_COLUMNS = 11 };

struct column { uint64_t min, max; };

static unsigned columns_make(const struct study *s, unsigned want, struct column *out)
{
	unsigned bins = s->bin_ns ? (unsigned)((s->last_ns - s->first_ns) / s->bin_ns) + 1 : 0;
	if (bins > STUDY_HEAP_BINS)
		bins = STUDY_HEAP_BINS;
	unsigned n = bins < want ? bins : want;
	for (unsigned i = 0; i < n; i++) {
		struct column c = {0};
		for (unsigned j = i * bins / n; j < (i + 1) * bins / n; j++) {
			const struct study_bin *b = &s->heap[j];
			if (!b->max)
				continue;
			c.min = c.max ? min_u64(c.min, b->min) : b->min;
			c.max = max_u64(c.max, b->max);
		}
		if (!c.max && i) // nothing was allocated there: it stays as it was
			c = (struct column){out[i - 1].min, out[i - 1].max};
		out[i] = c;
	}
	return n;
}

// Solid up to the lowest value of a column, light up to its highest: the solid part is what collections leave.
static void chart(const struct study *s, unsigned width, struct strbuf *out)
{
	static const char *const eighths[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
	struct column c[CHART_COLUMNS_MAX];
	char label[FMT_MAX];
	unsigned n = columns_make(s, width, c);
	if (!n || !s->heap_max)
		return;
	strbuf_puts(out, "\nHeap (solid: the least within a column, light: the most)\n");
	for (unsigned row = CHART_ROWS; row-- > 0;) {
		double low = (double)s->heap_max * row / CHART_ROWS, step = (double)s->heap_max / CHART_ROWS;
		strbuf_printf(out, "%*s ", LABEL_COLUMNS - 1, fmt_bytes(label, low + step));
		for (unsigned i = 0; i < n; i++) {
			double solid = ((double)c[i].min - low) / step, light = ((double)c[i].max - low) / step;
			if (solid >= 1)
				strbuf_puts(out, "█");
			else if (solid > 0)
				strbuf_puts(out, eighths[(unsigned)(solid * 8)]);
			else
				strbuf_puts(out, light >= 0.5 ? "░" : " ");
		}
		strbuf_putc(out, '\n');
	}
}

static double busy_share(const struct study *s)
{
	int64_t busy = 0, span = s->last_ns - s->first_ns;
	for (size_t i = 0; i < s->ps.len; i++)
		busy += s->ps.at[i].busy_ns;
	return s->procs && span > 0 ? (double)busy / ((double)span * s->procs) : 0;
}

static int64_t paused_ns(const struct study *s)
{
	int64_t ns = 0;
	for (size_t i = 0; i < s->pause_kinds.len; i++)
		ns += s->pause_kinds.at[i].total_ns;
	return ns;
}

static instant_t wall_of(const struct study *s, int64_t t_ns)
{
	if (!s->snapshots.len)
		return 0;
	const struct trace_snapshot *p = &s->snapshots.at[0];
	return p->wall_ns + (t_ns - p->t_ns);
}

static struct err *put_table(struct table *t, struct show_style style, struct strbuf *out)
{
	cleanup(table_freep) struct table *own = t;
	if (!own)
		return &err_nomem;
	struct err *err = table_check(own);
	if (err || !table_rows(own))
		return err;
	strbuf_putc(out, '\n');
	return show_table_text(own, style, out);
}

static void put_head(const struct trace *t, const struct study *s, struct strbuf *out)
{
	const struct trace_info *info = trace_info(t);
	char a[FMT_MAX], b[FMT_MAX], c[FMT_MAX];
	double span = (double)(s->last_ns - s->first_ns) / 1e9;
	strbuf_printf(out, "%s of execution trace (format go 1.%u%s%s), %s events, %llu generation%s, %u processor%s %.0f%% busy\n",
		      fmt_seconds(a, span), info->version, info->flight_recorder ? ", flight recorder" : "", info->cut ? ", cut" : "",
		      fmt_count(b, s->events), (unsigned long long)info->generations, info->generations == 1 ? "" : "s", s->procs,
		      s->procs == 1 ? "" : "s", busy_share(s) * 100);
	instant_t wall = wall_of(s, s->first_ns);
	if (wall)
		strbuf_printf(out, "begins %s", fmt_instant(a, wall));
	else
		strbuf_puts(out, "begins");
	strbuf_printf(out, info->clock == TRACE_CLOCK_MONOTONIC ? " at %.6f s of CLOCK_MONOTONIC\n" : " at %.6f s of the processor's clock\n",
		      (double)s->first_ns / 1e9);
	size_t forced = 0;
	for (size_t i = 0; i < s->gcs.len; i++)
		forced += s->gcs.at[i].forced;
	strbuf_printf(out, "collections %zu (%zu forced), world stopped %s in all, longest %s; mark assist %s\n", s->gcs.len, forced,
		      fmt_seconds(a, (double)paused_ns(s) / 1e9), fmt_seconds(b, s->pauses.len ? (double)s->pauses.at[0].ns / 1e9 : 0),
		      fmt_seconds(c, (double)s->assist_ns / 1e9));
	strbuf_printf(out, "goroutines %llu at the beginning, %llu at the end, at most %llu\n", (unsigned long long)s->alive_first,
		      (unsigned long long)s->alive, (unsigned long long)s->max_alive);
}

struct err *view_trace_summary(const struct trace *t, const struct study *s, struct show_style style, struct strbuf *out)
{
	unsigned width = style.width ? style.width : 100;
	put_head(t, s, out);
	width = width > LABEL_COLUMNS + 10 ? width - LABEL_COLUMNS : 10;
	chart(s, width > CHART_COLUMNS_MAX ? CHART_COLUMNS_MAX : width, out);
	struct err *err;
	if ((err = put_table(view_trace_spawns(s, 6), style, out)) || (err = put_table(view_trace_open(s, 6), style, out)) ||
	    (err = put_table(view_trace_pauses(s, 3), style, out)) || (err = put_table(view_trace_tasks(s, 5), style, out)) ||
	    (err = put_table(view_trace_cpu(s, 5), style, out)))
		return err;
	if (trace_gaps(t)->len) {
		strbuf_putc(out, '\n');
		if ((err = show_gaps_text(trace_gaps(t), out)))
			return err;
	}
	return strbuf_check(out);
}

static struct err *put_json_table(const char *key, struct table *t, struct strbuf *out)
{
	cleanup(table_freep) struct table *own = t;
	if (!own)
		return &err_nomem;
	struct err *err = table_check(own);
	if (err)
		return err;
	strbuf_printf(out, ",\"%s\":", key);
	if ((err = show_table_json(own, out)))
		return err;
	while (out->len && out->s[out->len - 1] == '\n')
		out->s[--out->len] = 0;
	return NULL;
}

static struct table *kinds_table(const struct study *s)
{
	struct table *t = table_new(NULL);
	if (!t)
		return NULL;
	table_column(t, CELL_TEXT, "kind", "kind");
	table_column(t, CELL_COUNT, "count", "count");
	for (unsigned i = 0; i <= TRACE_KIND_MAX; i++) {
		if (!s->kinds[i])
			continue;
		table_row(t);
		table_text(t, trace_spec(i)->name);
		table_count(t, s->kinds[i]);
	}
	return t;
}

static struct table *heap_table(const struct study *s)
{
	struct table *t = table_new(NULL);
	if (!t)
		return NULL;
	table_column(t, CELL_SECONDS, "at", "at");
	table_column(t, CELL_BYTES, "min", "min");
	table_column(t, CELL_BYTES, "max", "max");
	table_column(t, CELL_BYTES, "last", "last");
	for (unsigned i = 0; i < STUDY_HEAP_BINS; i++) {
		if (!s->heap[i].max)
			continue;
		table_row(t);
		table_number(t, (double)s->bin_ns * i / 1e9);
		table_count(t, s->heap[i].min);
		table_count(t, s->heap[i].max);
		table_count(t, s->heap[i].last);
	}
	return t;
}

static struct table *procs_table(const struct study *s)
{
	struct table *t = table_new(NULL);
	if (!t)
		return NULL;
	table_column(t, CELL_COUNT, "proc", "processor");
	table_column(t, CELL_SECONDS, "busy", "busy");
	table_column(t, CELL_SECONDS, "gc", "of it collecting");
	table_column(t, CELL_COUNT, "starts", "goroutines started");
	for (size_t i = 0; i < s->ps.len; i++) {
		table_row(t);
		table_count(t, i);
		table_number(t, (double)s->ps.at[i].busy_ns / 1e9);
		table_number(t, (double)s->ps.at[i].gc_ns / 1e9);
		table_count(t, s->ps.at[i].starts);
	}
	return t;
}

static struct err *limits_table(const struct trace *t, struct table **ret)
{
	const struct gaps *gaps = trace_gaps(t);
	if (!(*ret = table_new(NULL)))
		return &err_nomem;
	table_column(*ret, CELL_TEXT, "what", "what");
	table_column(*ret, CELL_TEXT, "because", "because");
	table_column(*ret, CELL_TEXT, "remedy", "remedy");
	for (size_t i = 0; i < gaps->len; i++) {
		struct gap_text text;
		struct err *err = show_gap(&gaps->at[i], &text);
		if (err)
			return err;
		table_row(*ret);
		table_text(*ret, text.what);
		table_text(*ret, text.because);
		text.remedy ? table_text(*ret, text.remedy) : table_empty(*ret);
		gap_text_fini(&text);
	}
	return NULL;
}

struct err *view_trace_summary_json(const struct trace *t, const struct study *s, struct strbuf *out)
{
	enum { TOP = 50 };
	const struct trace_info *info = trace_info(t);
	strbuf_printf(out,
		      "{\"format\":\"go 1.%u\",\"flight_recorder\":%s,\"cut\":%s,\"clock\":\"%s\",\"events\":%llu,\"generations\":%llu,"
		      "\"span_seconds\":%.9f,\"first_ns\":%lld,\"last_ns\":%lld",
		      info->version, info->flight_recorder ? "true" : "false", info->cut ? "true" : "false",
		      info->clock == TRACE_CLOCK_MONOTONIC ? "monotonic" : "ticks", (unsigned long long)s->events,
		      (unsigned long long)info->generations, (double)(s->last_ns - s->first_ns) / 1e9, (long long)s->first_ns,
		      (long long)s->last_ns);
	if (s->snapshots.len)
		strbuf_printf(out, ",\"first_wall_ns\":%lld", (long long)wall_of(s, s->first_ns));
	strbuf_printf(out,
		      ",\"procs\":%u,\"busy_share\":%.6f,\"goroutines\":{\"first\":%llu,\"last\":%llu,\"max\":%llu},"
		      "\"heap\":{\"first\":%llu,\"last\":%llu,\"max\":%llu},\"assist_seconds\":%.9f,\"stopped_seconds\":%.9f,"
		      "\"swept\":%llu,\"reclaimed\":%llu",
		      s->procs, busy_share(s), (unsigned long long)s->alive_first, (unsigned long long)s->alive,
		      (unsigned long long)s->max_alive, (unsigned long long)s->heap_first, (unsigned long long)s->heap_last,
		      (unsigned long long)s->heap_max, (double)s->assist_ns / 1e9, (double)paused_ns(s) / 1e9,
		      (unsigned long long)s->swept, (unsigned long long)s->reclaimed);
	struct table *limits;
	struct err *err = limits_table(t, &limits);
	if (err) {
		table_free(limits);
		return err;
	}
	if ((err = put_json_table("limits", limits, out)) || (err = put_json_table("kinds", kinds_table(s), out)) ||
	    (err = put_json_table("heap_series", heap_table(s), out)) || (err = put_json_table("processors", procs_table(s), out)) ||
	    (err = put_json_table("collections", view_trace_gc(s, 0), out)) ||
	    (err = put_json_table("pauses", view_trace_pauses(s, 0), out)) ||
	    (err = put_json_table("spawns", view_trace_spawns(s, TOP), out)) ||
	    (err = put_json_table("open_waits", view_trace_open(s, TOP), out)) ||
	    (err = put_json_table("blocks", view_trace_blocks(s, TOP), out)) ||
	    (err = put_json_table("tasks", view_trace_tasks(s, TOP), out)) ||
	    (err = put_json_table("logs", view_trace_logs(s, 1000), out)) || (err = put_json_table("cpu", view_trace_cpu(s, TOP), out)))
		return err;
	strbuf_puts(out, "}\n");
	return strbuf_check(out);
}
