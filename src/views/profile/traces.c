// traces and tags, to the letter as google/pprof's internal/report prints them.
#include "views/profile/graph.h"

#include <stdlib.h>
#include <string.h>

// ---- traces -------------------------------------------------------------------------------------------------------

static int string_order(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

// "       key:  value value", one line a key, sorted; text labels first, numbers behind them.
static struct err *print_labels(const struct report *r, const struct pprof_labels *set, bool numbers, struct strbuf *out)
{
	const struct pprof *p = r->p;
	char v[MEASURE_MAX], *lines[256];
	size_t n = 0;
	uint32_t end = set->start + set->len;
	for (uint32_t i = set->start; i < end && n < countof(lines); ) {
		const struct pprof_label *row = &p->label_rows.at[i];
		if (row->is_num != numbers) {
			i++;
			continue;
		}
		struct strbuf b = {0};
		strbuf_printf(&b, "%10s: ", pprof_str(p, row->key));
		for (uint32_t key = row->key; i < end && p->label_rows.at[i].key == key && p->label_rows.at[i].is_num == numbers; i++) {
			row = &p->label_rows.at[i];
			strbuf_printf(&b, " %s", numbers ? measure_label(v, row->num, label_unit(p, key), "auto") : pprof_str(p, row->str));
		}
		strbuf_putc(&b, '\n');
		if (b.failed) {
			strbuf_fini(&b);
			break;
		}
		lines[n++] = b.s;
	}
	qsort(lines, n, sizeof(*lines), string_order);
	for (size_t i = 0; i < n; i++) {
		strbuf_puts(out, lines[i]);
		free(lines[i]);
	}
	return NULL;
}

struct err *traces_text(struct report *r, struct strbuf *out)
{
	static const char rule[] = "-----------+-------------------------------------------------------\n";
	const struct pprof *p = r->p;
	char v[MEASURE_MAX];
	struct err *err = graph_nodes(&r->g, p, false);
	if (!err)
		err = graph_names(r);
	report_labels(r, out);
	for (size_t i = 0; !err && i < p->samples && !out->failed; i++) {
		const struct pprof_labels *set = &p->labels.at[p->label_set.at[i]];
		const uint32_t *frames = p->frames.at + p->stack.at[i];
		int64_t value = pprof_value(p, i, r->type);
		bool first = true;
		if (!p->depth.at[i])
			continue;
		if (r->o->mean && pprof_value(p, i, 0))
			value = mean_i64(value, pprof_value(p, i, 0));
		strbuf_puts(out, rule);
		if ((err = print_labels(r, set, false, out)) || (err = print_labels(r, set, true, out)))
			break;
		for (uint32_t f = 0; f < p->depth.at[i]; f++)
			for (uint32_t j = r->g.at[frames[f]]; j < r->g.at[frames[f] + 1]; j++, first = false)
				strbuf_printf(out, "%10s   %s%s\n", first ? report_value(r, v, value) : "", r->g.nodes.at[r->g.of[j]].printed,
					      j + 1 < r->g.at[frames[f] + 1] ? " (inline)" : "");
	}
	strbuf_puts(out, rule);
	return err;
}

// ---- tags ---------------------------------------------------------------------------------------------------------

struct tag { char *key, *value; int64_t sum; };

static int by_key(const void *a, const void *b)
{
	const struct tag *x = a, *y = b;
	int by = strcmp(x->key, y->key);
	if (by)
		return by;
	int64_t p = abs_i64(x->sum), q = abs_i64(y->sum);
	return p != q ? (p > q ? -1 : 1) : strcmp(x->value, y->value);
}

// Sums per label row, then per printed value: 1024 and "1kB" are the same tag.
static struct err *collect_tags(struct report *r, struct arena *arena, struct tag **ret, size_t *ret_len)
{
	const struct pprof *p = r->p;
	char v[MEASURE_MAX];
	VEC(struct tag) tags = {0};
	cleanup(interner_freep) struct interner *ids = interner_new();
	int64_t *sums = calloc(p->labels.len + 1, sizeof(*sums));
	bool *used = calloc(p->labels.len + 1, 1);
	struct err *err = sums && ids && used ? NULL : &err_nomem;
	for (size_t i = 0; !err && i < p->samples; i++) {
		sum_i64(&sums[p->label_set.at[i]], pprof_value(p, i, r->type));
		used[p->label_set.at[i]] = true;
	}
	for (size_t s = 0; !err && s < p->labels.len; s++)
		for (uint32_t i = 0; used[s] && !err && i < p->labels.at[s].len; i++) {
			const struct pprof_label *row = &p->label_rows.at[p->labels.at[s].start + i];
			const char *value = row->is_num ? measure_label(v, row->num, label_unit(p, row->key), r->output_unit) : pprof_str(p, row->str);
			char *name = arena_printf(arena, "%s%c%s", pprof_str(p, row->key), 1, value);
			uint32_t id = name ? interner_id(ids, name, strlen(name)) : INTERN_NOMEM;
			if (id == INTERN_NOMEM) {
				err = &err_nomem;
			} else if (id == tags.len) {
				char *sep = strchr(name, 1);
				*sep = 0;
				err = vec_push(&tags, PPROF_TABLE_MAX, "tags", (struct tag){name, sep + 1, sums[s]});
			} else {
				sum_i64(&tags.at[id].sum, sums[s]);
			}
		}
	free(sums);
	free(used);
	*ret = tags.at;
	*ret_len = tags.len;
	return err;
}

static size_t runes(const char *s)
{
	size_t n = 0;
	for (; *s; s++)
		n += (*s & 0xc0) != 0x80;
	return n;
}

static void put_right(struct strbuf *out, const char *s, size_t width)
{
	for (size_t n = runes(s); n < width; n++)
		strbuf_putc(out, ' ');
	strbuf_puts(out, s);
}

// One key: its total, then its values; two columns aligned to the right, as Go's tabwriter aligns them.
static void print_key(struct report *r, const struct tag *tags, size_t n, struct arena *arena, struct strbuf *out)
{
	char v[MEASURE_MAX], t[MEASURE_MAX], pc[MEASURE_MAX];
	int64_t sum = 0, all = r->total;
	size_t first = runes(tags->key) + 2, second = 0;
	for (size_t i = 0; i < n; i++)
		sum_i64(&sum, tags[i].sum);
	strbuf_printf(out, " %s: Total %s of %s", tags->key, report_value(r, v, sum), report_value(r, t, all));
	strbuf_printf(out, all > 0 ? " (%s)\n" : "\n", measure_percent(pc, sum, all));
	char **cells = arena_alloc(arena, n * sizeof(*cells));
	for (size_t i = 0; cells && i < n; i++) {
		cells[i] = all > 0 ? arena_printf(arena, "%s (%s):", report_value(r, v, tags[i].sum), measure_percent(pc, tags[i].sum, all))
				   : arena_printf(arena, "%s:", report_value(r, v, tags[i].sum));
		second = cells[i] && runes(cells[i]) + 1 > second ? runes(cells[i]) + 1 : second;
	}
	for (size_t i = 0; cells && i < n; i++) {
		put_right(out, " ", first);
		put_right(out, cells[i] ? cells[i] : "", second);
		strbuf_printf(out, " %s\n", tags[i].value);
	}
	strbuf_putc(out, '\n');
}

struct err *tags_text(struct report *r, struct strbuf *out)
{
	cleanup(arena_freep) struct arena *arena = arena_new();
	struct tag *tags = NULL;
	size_t n = 0;
	struct err *err = arena ? collect_tags(r, arena, &tags, &n) : &err_nomem;
	if (!err)
		qsort(tags, n, sizeof(*tags), by_key);
	for (size_t i = 0, len; !err && i < n; i += len) {
		for (len = 1; i + len < n && !strcmp(tags[i].key, tags[i + len].key); )
			len++;
		print_key(r, tags + i, len, arena, out);
	}
	free(tags);
	return err;
}
