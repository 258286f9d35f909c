// What stands above the rows, the units of a report, and the way from a profile to a view.
#include "views/profile/graph.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

const char *report_value(const struct report *r, char out[MEASURE_MAX], int64_t v)
{
	if (r->ratio > 0 && r->ratio != 1)
		v = part_i64(v, r->ratio);
	return measure_label(out, v, r->unit, r->output_unit);
}

static int64_t scaled(const struct report *r, int64_t v) { return r->ratio > 0 && r->ratio != 1 ? part_i64(v, r->ratio) : v; }

// "minimum": the unit of the smallest figure, or of a hundred times it where the largest would look silly in it.
void report_unit(struct report *r)
{
	int64_t least = 0, most = r->total;
	if (strcmp(r->output_unit, "minimum") || !r->g.shown.len)
		return;
	for (size_t i = 0; i < r->g.shown.len; i++) {
		const struct node *n = &r->g.nodes.at[r->g.shown.at[i]];
		int64_t v = abs_i64(node_flat(n));
		if (!v)
			v = abs_i64(node_cum(n));
		if (v > 0 && (!least || v < least))
			least = v;
	}
	if (!least)
		least = most;
	const char *low, *high, *unit;
	least = scaled(r, least);
	most = scaled(r, most);
	measure_scale(least, r->unit, "minimum", &low);
	measure_scale(most, r->unit, "minimum", &high);
	unit = low;
	if (strcmp(low, high) && (int64_t)((uint64_t)least * 100) < most)
		measure_scale((int64_t)((uint64_t)least * 100), r->unit, "minimum", &unit);
	r->output_unit = *unit ? unit : r->unit;
}

static const char *base_name(const char *path) { return strrchr(path, '/') ? strrchr(path, '/') + 1 : path; }

void report_labels(const struct report *r, struct strbuf *out)
{
	const struct pprof *p = r->p;
	char v[MEASURE_MAX], d[MEASURE_MAX], pc[MEASURE_MAX];
	if (p->mappings.len && p->mappings.at[0].file)
		strbuf_printf(out, "File: %s\n", base_name(pprof_str(p, p->mappings.at[0].file)));
	if (p->mappings.len && p->mappings.at[0].build_id)
		strbuf_printf(out, "Build ID: %s\n", pprof_str(p, p->mappings.at[0].build_id));
	for (size_t i = 0; i < p->comments.len; i++)
		if (*pprof_str(p, p->comments.at[i]) != '#')
			strbuf_printf(out, "%s\n", pprof_str(p, p->comments.at[i]));
	const char *type = pprof_str(p, p->types.at[r->type].type);
	if (*type || r->o->mean)
		strbuf_printf(out, "Type: %s%s\n", r->o->mean ? "mean_" : "", type);
	if (p->doc_url)
		strbuf_printf(out, "Doc: %s\n", pprof_str(p, p->doc_url));
	if (p->time_ns) {
		time_t t = (time_t)((p->time_ns - (p->time_ns < 0 ? 999999999 : 0)) / 1000000000);
		struct tm tm;
		char text[64];
		if (localtime_r(&t, &tm) && strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S %Z", &tm))
			strbuf_printf(out, "Time: %s\n", text);
	}
	if (p->duration_ns) {
		const char *unit;
		double ns = measure_scale(r->total, r->unit, "nanoseconds", &unit);
		strbuf_printf(out, "Duration: %s, Total samples = %s ", measure_label(d, p->duration_ns, "nanoseconds", "auto"), report_value(r, v, r->total));
		if (!strcmp(unit, "ns") && ns != 0)
			strbuf_printf(out, "(%s)", measure_percent(pc, (int64_t)ns, p->duration_ns));
		strbuf_putc(out, '\n');
	}
}

static const char *trimmed_percent(char out[MEASURE_MAX], int64_t v, int64_t total)
{
	measure_percent(out, v, total);
	return out + strspn(out, " ");
}

void report_heading(const struct report *r, bool full, struct strbuf *out)
{
	char v[MEASURE_MAX], t[MEASURE_MAX], pc[MEASURE_MAX];
	const struct graph *g = &r->g;
	int64_t shown = 0;
	if (full || !r->o->compact)
		report_labels(r, out);
	if (r->filters.len) {
		strbuf_puts(out, "Active filters:\n");
		strbuf_puts(out, strbuf_str(&r->filters));
	}
	for (size_t i = 0; i < g->shown.len; i++)
		sum_i64(&shown, node_flat(&g->nodes.at[g->shown.at[i]]));
	strbuf_printf(out, "Showing nodes accounting for %s, %s of %s total\n", report_value(r, v, shown), trimmed_percent(pc, shown, r->total), report_value(r, t, r->total));
	if (!r->total)
		return;
	if (g->dropped_nodes)
		strbuf_printf(out, "Dropped %zu node%s (cum <= %s)\n", g->dropped_nodes, g->dropped_nodes > 1 ? "s" : "",
			      report_value(r, v, abs_i64(part_i64(r->total, r->o->no_trim ? 0 : r->o->node_fraction))));
	if (full && g->dropped_edges)
		strbuf_printf(out, "Dropped %zu edge%s (freq <= %s)\n", g->dropped_edges, g->dropped_edges > 1 ? "s" : "",
			      report_value(r, v, abs_i64(part_i64(r->total, r->o->no_trim ? 0 : r->o->edge_fraction))));
	if (g->shown.len && g->shown.len < g->original)
		strbuf_printf(out, "Showing top %zu nodes out of %zu\n", g->shown.len, g->original);
}

// ---- from a profile to a view -------------------------------------------------------------------------------------

// The sum of all values' sizes; of the base's alone where samples are marked as a diff's base.
static void total(struct report *r)
{
	struct pprof *p = r->p;
	int64_t all = 0, div = 0, base = 0, base_div = 0;
	bool *is_base = calloc(p->labels.len + 1, 1);
	for (size_t s = 0; is_base && s < p->labels.len; s++)
		for (uint32_t i = 0; i < p->labels.at[s].len; i++) {
			const struct pprof_label *l = &p->label_rows.at[p->labels.at[s].start + i];
			is_base[s] |= !l->is_num && !strcmp(pprof_str(p, l->key), "pprof::base") && !strcmp(pprof_str(p, l->str), "true");
		}
	for (size_t i = 0; i < p->samples; i++) {
		int64_t v = abs_i64(pprof_value(p, i, r->type)), d = r->o->mean ? pprof_value(p, i, 0) : 0;
		sum_i64(&all, v);
		sum_i64(&div, d);
		if (is_base && is_base[p->label_set.at[i]]) {
			sum_i64(&base, v);
			sum_i64(&base_div, d);
		}
	}
	free(is_base);
	if (base > 0) {
		all = base;
		div = base_div;
	}
	r->total = mean_i64(all, div);
}

static void note_filters(struct report *r)
{
	const struct profile_options *o = r->o;
	const struct { const char *name, *value; } rows[] = {
		{"focus", o->focus}, {"ignore", o->ignore}, {"hide", o->hide}, {"show", o->show}, {"show_from", o->show_from},
		{"tagfocus", o->tagfocus}, {"tagignore", o->tagignore}, {"tagshow", o->tagshow}, {"taghide", o->taghide},
	};
	for (size_t i = 0; i < countof(rows); i++) {
		if (!rows[i].value || !*rows[i].value)
			continue;
		cleanup(strbuf_finip) struct strbuf line = {0};
		strbuf_printf(&line, "%s=%s", rows[i].name, rows[i].value);
		strbuf_printf(&r->filters, "   %.80s%s\n", strbuf_str(&line), line.len > 80 ? "\xe2\x80\xa6" : "");
	}
}

static struct err *show(struct report *r, const char *regex, struct strbuf *out)
{
	switch (r->view) {
	case PROFILE_TOP: return top_text(r, out);
	case PROFILE_TREE: return tree_text(r, NULL, out);
	case PROFILE_PEEK: return tree_text(r, regex, out);
	case PROFILE_TRACES: return traces_text(r, out);
	case PROFILE_TAGS: return tags_text(r, out);
	case PROFILE_COMMENTS:
		for (size_t i = 0; i < r->p->comments.len; i++)
			strbuf_printf(out, "%s\n", pprof_str(r->p, r->p->comments.at[i]));
		return NULL;
	case PROFILE_FLAME: return flame_text(r, out);
	case PROFILE_DOT: return dot_text(r, out);
	case PROFILE_LIST: return list_text(r, regex, out);
	case PROFILE_PROTO: return profile_write_proto(r->p, out);
	case PROFILE_FOLDED: return profile_write_folded(r->p, r->type, out);
	case PROFILE_SPEEDSCOPE: return profile_write_speedscope(r->p, r->type, out);
	}
	return NULL;
}

static bool is_file(enum profile_view view) { return view == PROFILE_PROTO || view == PROFILE_FOLDED || view == PROFILE_SPEEDSCOPE; }

struct err *profile_show(struct pprof *p, enum profile_view view, const struct profile_options *o, const char *regex, struct strbuf *out, struct strbuf *notes)
{
	struct profile_options own = *o;
	struct report r = {.p = p, .o = &own, .view = view, .ratio = 1 / (o->divide_by != 0 ? o->divide_by : 1)};
	if (view == PROFILE_PEEK || view == PROFILE_LIST)
		own.no_trim = true;
	if (view == PROFILE_LIST)
		own.granularity = PROFILE_LINES;
	struct err *err = pprof_type_find(p, o->sample_index ? o->sample_index : "", &r.type);
	if (err)
		return err;
	r.unit = pprof_str(p, p->types.at[r.type].unit);
	r.output_unit = o->unit && *o->unit ? o->unit : "minimum";
	if (!(err = filter_tag_nodes(&r, notes))) {
		note_filters(&r);
		if (!own.relative)
			total(&r);
		err = filter_apply(&r, notes);
		if (own.relative)
			total(&r);
	}
	if (!err && !is_file(view))
		err = filter_aggregate(&r);
	if (!err)
		err = show(&r, regex, out);
	graph_fini(&r.g);
	strbuf_fini(&r.filters);
	return err ? err : strbuf_check(out);
}
