// The views as tables.
#include "views/trace/private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct view_place place_of(const struct study *s, const struct study_frame *f)
{
	return (struct view_place){study_str(s, f->func), study_str(s, f->file), f->line};
}

struct view_place view_place_user(const struct study *s, study_stack_id id)
{
	uint32_t n;
	const struct study_frame *f = study_stack(s, id, &n);
	for (uint32_t i = 0; i < n; i++)
		if (!ev_is_stdlib(study_str(s, f[i].func)))
			return place_of(s, &f[i]);
	for (uint32_t i = 0; i < n; i++)
		if (!ev_is_runtime(study_str(s, f[i].func)))
			return place_of(s, &f[i]);
	return n ? place_of(s, &f[n - 1]) : (struct view_place){"", "", 0}; // the runtime's own: its purpose is outermost
}

struct view_place view_place_root(const struct study *s, study_stack_id id)
{
	uint32_t n;
	const struct study_frame *f = study_stack(s, id, &n);
	return n ? place_of(s, &f[n - 1]) : (struct view_place){"", "", 0};
}

void place_columns(struct table *t, const char *key, const char *heading)
{
	char k[64];
	table_column(t, CELL_TEXT, key, heading);
	snprintf(k, sizeof(k), "%s_file", key);
	table_column(t, CELL_TEXT, k, NULL);
	snprintf(k, sizeof(k), "%s_line", key);
	table_column(t, CELL_COUNT, k, NULL);
}

void place_cells(struct table *t, struct view_place p)
{
	const char *base = strrchr(p.file, '/');
	if (!*p.func) {
		table_empty(t);
		table_empty(t);
		table_empty(t);
		return;
	}
	if (p.line)
		table_textf(t, "%s %s:%u", p.func, base ? base + 1 : p.file, p.line);
	else
		table_textf(t, "%s %s", p.func, base ? base + 1 : p.file);
	table_text(t, p.file);
	p.line ? table_count(t, p.line) : table_empty(t);
}

struct table *view_trace_gc(const struct study *s, size_t top)
{
	struct table *t = table_new("Collections");
	if (!t)
		return NULL;
	table_column(t, CELL_SECONDS, "at", "at");
	table_column(t, CELL_COUNT, "begin_ns", NULL);
	table_column(t, CELL_COUNT, "end_ns", NULL);
	table_column(t, CELL_SECONDS, "took", "took");
	table_column(t, CELL_BYTES, "peak", "heap before");
	table_column(t, CELL_BYTES, "live", "live after");
	table_column(t, CELL_BYTES, "goal", "goal");
	table_column(t, CELL_SECONDS, "pause", "stopped");
	table_column(t, CELL_COUNT, "stops", "stops");
	table_column(t, CELL_SECONDS, "assist", "mark assist");
	table_column(t, CELL_TEXT, "why", "why");
	for (size_t i = 0; i < s->gcs.len && (!top || i < top); i++) {
		const struct study_gc *g = &s->gcs.at[i];
		table_row(t);
		table_number(t, seconds_of(s, g->begin_ns));
		table_count(t, (uint64_t)g->begin_ns);
		if (g->end_ns) {
			table_count(t, (uint64_t)g->end_ns);
			table_number(t, (double)(g->end_ns - g->begin_ns) / 1e9);
		} else {
			table_empty(t);
			table_empty(t);
		}
		g->peak ? table_count(t, g->peak) : table_empty(t);
		g->live ? table_count(t, g->live) : table_empty(t);
		g->goal ? table_count(t, g->goal) : table_empty(t);
		table_number(t, (double)g->pause_ns / 1e9);
		table_count(t, g->stops);
		table_number(t, (double)g->assist_ns / 1e9);
		table_text(t, g->leak_profile ? "goroutineleak profile" : g->forced ? "forced" : "");
	}
	return t;
}

struct table *view_trace_pauses(const struct study *s, size_t top)
{
	struct table *t = table_new("Longest stops of the world");
	if (!t)
		return NULL;
	table_column(t, CELL_SECONDS, "at", "at");
	table_column(t, CELL_SECONDS, "took", "took");
	table_column(t, CELL_TEXT, "kind", "kind");
	place_columns(t, "by", "by");
	for (size_t i = 0; i < s->pauses.len && (!top || i < top); i++) {
		const struct study_pause *p = &s->pauses.at[i];
		table_row(t);
		table_number(t, seconds_of(s, p->begin_ns));
		table_number(t, (double)p->ns / 1e9);
		table_text(t, study_str(s, p->kind));
		place_cells(t, view_place_user(s, p->stack));
	}
	return t;
}

struct sorted { uint64_t key, key2; uint32_t at; };

static int by_keys(const void *a, const void *b)
{
	const struct sorted *x = a, *y = b;
	if (x->key != y->key)
		return x->key > y->key ? -1 : 1;
	if (x->key2 != y->key2)
		return x->key2 > y->key2 ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

static struct sorted *sorted_new(size_t n) { return calloc(n ? n : 1, sizeof(struct sorted)); }

struct table *view_trace_spawns(const struct study *s, size_t top)
{
	struct table *t = table_new("Goroutines by who created them");
	struct sorted *order = sorted_new(s->spawns.len);
	if (!t || !order) {
		free(order);
		table_free(t);
		return NULL;
	}
	for (uint32_t i = 0; i < s->spawns.len; i++)
		order[i] = (struct sorted){s->spawns.at[i].alive, s->spawns.at[i].created, i};
	qsort(order, s->spawns.len, sizeof(*order), by_keys);
	table_column(t, CELL_COUNT, "alive", "alive");
	table_column(t, CELL_COUNT, "blocked", "blocked");
	table_column(t, CELL_COUNT, "before", "before");
	table_column(t, CELL_COUNT, "created", "created");
	table_column(t, CELL_COUNT, "ended", "ended");
	table_column(t, CELL_SECONDS, "mean_life", "mean life");
	table_column(t, CELL_SECONDS, "oldest_at", "oldest from");
	place_columns(t, "entry", "runs");
	place_columns(t, "created_by", "created by");
	double span = (double)(s->last_ns - s->first_ns) / 1e9;
	table_column(t, CELL_NUMBER, "net_per_second", NULL);
	for (size_t i = 0; i < s->spawns.len && (!top || i < top); i++) {
		const struct study_spawn *p = &s->spawns.at[order[i].at];
		table_row(t);
		table_count(t, p->alive);
		table_count(t, p->alive_blocked);
		table_count(t, p->before);
		table_count(t, p->created);
		table_count(t, p->ended);
		uint64_t lived = p->created - (p->alive < p->created ? p->alive : p->created);
		lived ? table_number(t, (double)p->life_ns / 1e9 / (double)lived) : table_empty(t);
		p->oldest_ns ? table_number(t, seconds_of(s, p->oldest_ns)) : table_empty(t);
		place_cells(t, view_place_root(s, p->entry));
		place_cells(t, view_place_user(s, p->stack));
		span > 0 ? table_number(t, ((double)p->created - (double)p->ended) / span) : table_empty(t);
	}
	free(order);
	return t;
}

static const char *state_name(unsigned state)
{
	static const char *const names[] = {"", "runnable", "running", "syscall", "waiting"};
	return state < countof(names) ? names[state] : "";
}

static struct table *waits(const struct study *s, size_t top, bool open)
{
	struct table *t = table_new(open ? "Waits that did not end" : "Where goroutines wait");
	struct sorted *order = sorted_new(s->waits.len);
	if (!t || !order) {
		free(order);
		table_free(t);
		return NULL;
	}
	size_t n = 0;
	for (uint32_t i = 0; i < s->waits.len; i++) {
		const struct study_wait *w = &s->waits.at[i];
		if (w->state == TRACE_G_RUNNABLE || (open && (!w->open || w->state != TRACE_G_WAITING)))
			continue;
		order[n++] = open ? (struct sorted){w->open, (uint64_t)(s->last_ns - w->oldest_ns), i}
				  : (struct sorted){(uint64_t)w->total_ns, w->open, i};
	}
	qsort(order, n, sizeof(*order), by_keys);
	table_column(t, CELL_COUNT, "open", "waiting now");
	table_column(t, CELL_SECONDS, "oldest", "since at most");
	table_column(t, CELL_COUNT, "count", "ended");
	table_column(t, CELL_SECONDS, "total", "in all");
	table_column(t, CELL_SECONDS, "longest", "longest");
	table_column(t, CELL_SECONDS, "longest_at", "at");
	table_column(t, CELL_COUNT, "longest_goroutine", NULL);
	table_column(t, CELL_TEXT, "reason", "for");
	place_columns(t, "where", "where");
	place_columns(t, "woken_by", "mostly woken by");
	for (size_t i = 0; i < n && (!top || i < top); i++) {
		const struct study_wait *w = &s->waits.at[order[i].at];
		table_row(t);
		table_count(t, w->open);
		w->open ? table_number(t, (double)(s->last_ns - w->oldest_ns) / 1e9) : table_empty(t);
		table_count(t, w->count);
		table_number(t, (double)w->total_ns / 1e9);
		if (w->count) {
			table_number(t, (double)w->max_ns / 1e9);
			table_number(t, seconds_of(s, w->max_at_ns));
			table_count(t, w->max_g);
		} else {
			table_empty(t);
			table_empty(t);
			table_empty(t);
		}
		table_text(t, w->state != TRACE_G_WAITING ? state_name(w->state) : study_str(s, w->reason));
		place_cells(t, view_place_user(s, w->stack));
		place_cells(t, view_place_user(s, w->waker));
	}
	free(order);
	return t;
}

struct table *view_trace_blocks(const struct study *s, size_t top) { return waits(s, top, false); }
struct table *view_trace_open(const struct study *s, size_t top) { return waits(s, top, true); }

// The time below which a share of them lies, by the middle of its power of two.
static double quantile(const struct study_task *k, double share)
{
	uint64_t want = (uint64_t)((double)k->ended * share), seen = 0;
	for (unsigned i = 0; i < STUDY_HIST_BINS; i++)
		if ((seen += k->hist[i]) > want)
			return 1.5 * (double)(1ull << i) / 1e9;
	return (double)k->max_ns / 1e9;
}

struct table *view_trace_tasks(const struct study *s, size_t top)
{
	struct table *t = table_new("Tasks and regions");
	struct sorted *order = sorted_new(s->tasks.len);
	if (!t || !order) {
		free(order);
		table_free(t);
		return NULL;
	}
	for (uint32_t i = 0; i < s->tasks.len; i++)
		order[i] = (struct sorted){(uint64_t)s->tasks.at[i].total_ns, s->tasks.at[i].begun, i};
	qsort(order, s->tasks.len, sizeof(*order), by_keys);
	table_column(t, CELL_TEXT, "what", "what");
	table_column(t, CELL_TEXT, "name", "name");
	table_column(t, CELL_COUNT, "begun", "begun");
	table_column(t, CELL_COUNT, "open", "open");
	table_column(t, CELL_NUMBER, "per_second", "per second");
	table_column(t, CELL_SECONDS, "mean", "mean");
	table_column(t, CELL_SECONDS, "p50", "p50 about");
	table_column(t, CELL_SECONDS, "p99", "p99 about");
	table_column(t, CELL_SECONDS, "longest", "longest");
	table_column(t, CELL_SECONDS, "longest_at", "at");
	place_columns(t, "begun_at", "begun in");
	for (size_t i = 0; i < s->tasks.len && (!top || i < top); i++) {
		const struct study_task *k = &s->tasks.at[order[i].at];
		double span = (double)(k->last_ns - k->first_ns) / 1e9;
		table_row(t);
		table_text(t, k->region ? "region" : "task");
		table_text(t, study_str(s, k->name));
		table_count(t, k->begun);
		table_count(t, k->begun > k->ended ? k->begun - k->ended : 0);
		span > 0 ? table_number(t, (double)(k->begun - 1) / span) : table_empty(t);
		if (k->ended) {
			table_number(t, (double)k->total_ns / 1e9 / (double)k->ended);
			table_number(t, quantile(k, 0.5));
			table_number(t, quantile(k, 0.99));
			table_number(t, (double)k->max_ns / 1e9);
			table_number(t, seconds_of(s, k->max_at_ns));
		} else {
			for (unsigned j = 0; j < 5; j++)
				table_empty(t);
		}
		place_cells(t, view_place_user(s, k->stack));
	}
	free(order);
	return t;
}

struct table *view_trace_goroutines(const struct study *s, size_t top)
{
	struct table *t = table_new("Goroutines alive at the end");
	size_t n = 0, pos = 0;
	struct sorted *order = sorted_new((size_t)s->alive);
	const struct study_g **gs = calloc(s->alive ? (size_t)s->alive : 1, sizeof(*gs)), *g;
	if (!t || !order || !gs) {
		free(order);
		free(gs);
		table_free(t);
		return NULL;
	}
	for (; n < s->alive && (g = study_alive(s, &pos)); n++) {
		gs[n] = g;
		order[n] = (struct sorted){(uint64_t)(s->last_ns - g->since_ns), UINT64_MAX - g->id, (uint32_t)n};
	}
	qsort(order, n, sizeof(*order), by_keys);
	table_column(t, CELL_COUNT, "goroutine", "goroutine");
	table_column(t, CELL_TEXT, "state", "state");
	table_column(t, CELL_TEXT, "reason", "for");
	table_column(t, CELL_SECONDS, "since", "since");
	table_column(t, CELL_FLAG, "since_before", NULL);
	table_column(t, CELL_SECONDS, "created_at", "created at");
	table_column(t, CELL_COUNT, "asleep_generations", NULL);
	place_columns(t, "where", "where");
	place_columns(t, "entry", "runs");
	place_columns(t, "created_by", "created by");
	for (size_t i = 0; i < n && (!top || i < top); i++) {
		g = gs[order[i].at];
		const struct study_wait *w = g->wait != UINT32_MAX ? &s->waits.at[g->wait] : NULL;
		const struct study_spawn *p = &s->spawns.at[g->spawn];
		table_row(t);
		table_count(t, g->id);
		table_text(t, state_name(g->status));
		table_text(t, w ? study_str(s, w->reason) : "");
		table_number(t, (double)(s->last_ns - g->since_ns) / 1e9);
		table_number(t, g->from_start && g->since_ns <= s->first_ns);
		g->from_start ? table_empty(t) : table_number(t, seconds_of(s, g->created_ns));
		table_count(t, g->asleep);
		place_cells(t, view_place_user(s, w ? w->stack : 0));
		place_cells(t, p->entry ? view_place_root(s, p->entry) : view_place_root(s, w && w->state != TRACE_G_RUNNABLE ? w->stack : 0));
		place_cells(t, view_place_user(s, p->stack));
	}
	free(order);
	free(gs);
	return t;
}

struct table *view_trace_logs(const struct study *s, size_t top)
{
	struct table *t = table_new("Logs");
	if (!t)
		return NULL;
	table_column(t, CELL_SECONDS, "at", "at");
	table_column(t, CELL_COUNT, "goroutine", "goroutine");
	table_column(t, CELL_TEXT, "category", "category");
	table_column(t, CELL_TEXT, "message", "message");
	for (size_t i = 0; i < s->logs.len && (!top || i < top); i++) {
		const struct study_log *l = &s->logs.at[i];
		table_row(t);
		table_number(t, seconds_of(s, l->t_ns));
		table_count(t, l->g);
		table_text(t, study_str(s, l->key));
		table_text(t, study_str(s, l->value));
	}
	return t;
}

struct table *view_trace_cpu(const struct study *s, size_t top)
{
	struct table *t = table_new("CPU samples");
	struct sorted *order = sorted_new(s->samples.len);
	if (!t || !order) {
		free(order);
		table_free(t);
		return NULL;
	}
	uint64_t all = 0;
	for (uint32_t i = 0; i < s->samples.len; i++) {
		order[i] = (struct sorted){s->samples.at[i].count, 0, i};
		all += s->samples.at[i].count;
	}
	qsort(order, s->samples.len, sizeof(*order), by_keys);
	table_column(t, CELL_COUNT, "samples", "samples");
	table_column(t, CELL_PERCENT, "share", "share");
	place_columns(t, "where", "where");
	for (size_t i = 0; i < s->samples.len && (!top || i < top); i++) {
		const struct study_sample *p = &s->samples.at[order[i].at];
		table_row(t);
		table_count(t, p->count);
		table_number(t, (double)p->count / (double)all);
		place_cells(t, view_place_user(s, p->stack));
	}
	free(order);
	return t;
}
