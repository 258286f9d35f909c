// tagfocus, tagignore, tagshow, taghide, tagroot, tagleaf: google/pprof's driver_focus.go and tagroot.go. A set of
// labels is judged once, however many samples carry it.
#include "views/profile/graph.h"
#include "views/profile/regex.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

const char *label_unit(const struct pprof *p, uint32_t key)
{
	const char *name = pprof_str(p, key);
	for (size_t i = 0; i < p->label_rows.len; i++)
		if (p->label_rows.at[i].is_num && p->label_rows.at[i].key == key && p->label_rows.at[i].unit)
			return pprof_str(p, p->label_rows.at[i].unit);
	return !strcmp(name, "alignment") || !strcmp(name, "request") ? "bytes" : name;
}

// ---- ranges: 32kb, :64kb, 4mb:, 12kb:64mb --------------------------------------------------------------------------

struct bound { int64_t n; char unit[32]; const char *start, *end; };
struct range { bool low, high; double from, to; const char *unit; char units[32]; };

// "([+-]?\d+)([a-z]+)?" at or after s.
static bool find_bound(const char *s, struct bound *b)
{
	for (; *s; s++) {
		const char *digits = s + (*s == '+' || *s == '-');
		if (!isdigit((unsigned char)*digits))
			continue;
		char *end;
		b->n = strtoll(s, &end, 10);
		size_t n = 0;
		while (isalpha((unsigned char)end[n]) && n < sizeof(b->unit) - 1)
			n++;
		memcpy(b->unit, end, n);
		b->unit[n] = 0;
		b->start = s;
		b->end = end + n;
		return true;
	}
	return false;
}

static bool parse_range(const char *text, struct range *ret)
{
	struct bound a, b;
	const char *unit;
	*ret = (struct range){0};
	if (!find_bound(text, &a))
		return false;
	ret->from = ret->to = measure_scale(a.n, a.unit, a.unit, &unit);
	snprintf(ret->units, sizeof(ret->units), "%s", unit);
	if (!find_bound(a.end, &b)) {
		bool colon_before = a.start == text + 1 && *text == ':', colon_after = !strcmp(a.end, ":");
		ret->low = a.start == text;
		ret->high = ret->low ? !*a.end : colon_before && !*a.end;
		return (ret->low && (!*a.end || colon_after)) || (colon_before && !*a.end);
	}
	if (a.start != text || *a.end != ':' || b.start != a.end + 1 || *b.end)
		return false;
	ret->to = measure_scale(b.n, b.unit, ret->units, &unit);
	ret->low = ret->high = true;
	return !strcmp(unit, ret->units);
}

static bool in_range(const struct range *r, int64_t v, const char *from)
{
	const char *unit;
	double x = measure_scale(v, from, r->units, &unit);
	return !strcmp(unit, r->units) && (!r->low || x >= r->from) && (!r->high || x <= r->to);
}

// ---- one filter ---------------------------------------------------------------------------------------------------

enum { TAG_REGEX_MAX = 32 };
struct tag_filter { char *key; bool is_range; struct range range; struct regex *rx[TAG_REGEX_MAX]; size_t n; };

static void tag_filter_fini(struct tag_filter *f)
{
	free(f->key);
	for (size_t i = 0; i < f->n; i++)
		regex_free(f->rx[i]);
}

static struct err *tag_filter_new(const char *option, const char *text, struct tag_filter *f, struct strbuf *notes)
{
	const char *eq = strchr(text, '=');
	if (eq && !(f->key = strndup(text, (size_t)(eq - text))))
		return &err_nomem;
	text = eq ? eq + 1 : text;
	if (parse_range(text, &f->range)) {
		f->is_range = true;
		strbuf_printf(notes, "%s: '%s' is taken as a range, not as an expression\n", option, text);
		return NULL;
	}
	for (const char *end; ; text = end + 1) {
		end = strchrnul(text, ',');
		char *one = strndup(text, (size_t)(end - text));
		struct err *err = !one ? &err_nomem : f->n == TAG_REGEX_MAX ? err_new(ERR_USAGE, "%s: more than %d expressions", option, TAG_REGEX_MAX) : regex_new(option, one, &f->rx[f->n]);
		free(one);
		if (err)
			return err;
		f->n++;
		if (!*end)
			return NULL;
	}
}

static bool row_matches(const struct pprof *p, const struct tag_filter *f, size_t i, const struct pprof_label *row)
{
	if (f->key)
		return regex_matches_id(f->rx[i], p, row->str);
	cleanup(strbuf_finip) struct strbuf b = {0}; // pprof matches "key:value"
	strbuf_printf(&b, "%s:%s", pprof_str(p, row->key), pprof_str(p, row->str));
	return regex_matches(f->rx[i], strbuf_str(&b), b.len);
}

// Without a key every expression must match some label; with one, any expression any of its values.
static bool set_matches(const struct pprof *p, const struct tag_filter *f, const struct pprof_labels *set)
{
	const struct pprof_label *rows = p->label_rows.at + set->start;
	if (f->is_range) {
		for (uint32_t i = 0; i < set->len; i++)
			if (rows[i].is_num && (!f->key || !strcmp(pprof_str(p, rows[i].key), f->key)) &&
			    in_range(&f->range, rows[i].num, label_unit(p, rows[i].key)))
				return true;
		return false;
	}
	for (size_t e = 0; e < f->n; e++) {
		bool found = false;
		for (uint32_t i = 0; i < set->len && !found; i++)
			found = !rows[i].is_num && (!f->key || !strcmp(pprof_str(p, rows[i].key), f->key)) && row_matches(p, f, e, &rows[i]);
		if (found == !!f->key)
			return found;
	}
	return !f->key;
}

static struct err *judge_sets(const struct pprof *p, const char *option, const char *text, uint8_t **ret, struct strbuf *notes)
{
	struct tag_filter f = {0};
	struct err *err;
	*ret = NULL;
	if (!text || !*text)
		return NULL;
	if (!(err = tag_filter_new(option, text, &f, notes)) && !(*ret = malloc(p->labels.len + 1)))
		err = &err_nomem;
	for (size_t i = 0; !err && i < p->labels.len; i++)
		(*ret)[i] = set_matches(p, &f, &p->labels.at[i]);
	tag_filter_fini(&f);
	return err;
}

struct judged { uint8_t *focus, *ignore; bool focused, ignored; };

static bool tagged(const struct pprof *p, size_t sample, void *ctx)
{
	struct judged *j = ctx;
	bool focus = !j->focus || j->focus[p->label_set.at[sample]], ignore = j->ignore && j->ignore[p->label_set.at[sample]];
	j->focused = j->focused || focus;
	j->ignored = j->ignored || ignore;
	return focus && !ignore;
}

// Rows whose key is not wanted leave their sets; the sets stay where they are.
static struct err *drop_keys(struct report *r, struct strbuf *notes)
{
	struct pprof *p = r->p;
	cleanup(regex_freep) struct regex *show = NULL, *hide = NULL;
	const struct profile_options *o = r->o;
	bool shown = false, hidden = false;
	struct err *err;
	if ((o->tagshow && *o->tagshow && (err = regex_new("tagshow", o->tagshow, &show))) || (o->taghide && *o->taghide && (err = regex_new("taghide", o->taghide, &hide))))
		return err;
	for (size_t s = 0; (show || hide) && s < p->labels.len; s++) {
		struct pprof_labels *set = &p->labels.at[s];
		uint32_t to = 0;
		for (uint32_t i = 0; i < set->len; i++) {
			struct pprof_label row = p->label_rows.at[set->start + i];
			bool keep = !show || regex_matches_id(show, p, row.key), drop = hide && regex_matches_id(hide, p, row.key);
			shown = shown || keep;
			hidden = hidden || drop;
			if (keep && !drop)
				p->label_rows.at[set->start + to++] = row;
		}
		set->len = to;
	}
	if (show && !shown)
		strbuf_puts(notes, "tagshow expression matched no samples\n");
	if (hide && !hidden)
		strbuf_puts(notes, "taghide expression matched no samples\n");
	return NULL;
}

struct err *filter_tags(struct report *r, struct strbuf *notes)
{
	struct pprof *p = r->p;
	struct judged j = {0};
	struct err *err = judge_sets(p, "tagfocus", r->o->tagfocus, &j.focus, notes);
	if (!err)
		err = judge_sets(p, "tagignore", r->o->tagignore, &j.ignore, notes);
	if (!err && (j.focus || j.ignore)) {
		pprof_drop(p, tagged, &j);
		if (j.focus && !j.focused)
			strbuf_puts(notes, "tagfocus expression matched no samples\n");
		if (j.ignore && !j.ignored)
			strbuf_puts(notes, "tagignore expression matched no samples\n");
	}
	free(j.focus);
	free(j.ignore);
	return err ? err : drop_keys(r, notes);
}

// ---- labels as frames ---------------------------------------------------------------------------------------------

// "value,value" of a key in a set; numbers in the unit of the output. False: the key is not there.
static bool values_text(const struct report *r, const struct pprof_labels *set, const char *key, struct strbuf *out)
{
	const struct pprof *p = r->p;
	char v[MEASURE_MAX];
	bool any = false;
	out->len = 0;
	for (uint32_t i = 0; i < set->len; i++) {
		const struct pprof_label *row = &p->label_rows.at[set->start + i];
		if (strcmp(pprof_str(p, row->key), key))
			continue;
		strbuf_printf(out, "%s%s", any ? "," : "", !row->is_num ? pprof_str(p, row->str) :
			      row->unit ? measure_label(v, row->num, pprof_str(p, row->unit), r->output_unit) : measure_label(v, row->num, "", ""));
		any = true;
	}
	if (!any)
		strbuf_puts(out, "");
	return any;
}

// A place that stands for a label's value: its name is the value, its file the key.
static struct err *label_place(struct report *r, const struct pprof_labels *set, const char *key, bool *matched, uint32_t *ret)
{
	cleanup(strbuf_finip) struct strbuf value = {0};
	*matched |= values_text(r, set, key, &value);
	struct err *err = strbuf_check(&value);
	return err ? err : pprof_place(r->p, value.len ? strbuf_str(&value) : "", key, ret);
}

enum { KEYS_MAX = 16 };

static size_t split_keys(char *list, char *keys[KEYS_MAX])
{
	size_t n = 0;
	for (char *at = list, *save = NULL; n < KEYS_MAX && (at = strtok_r(at, ",", &save)); at = NULL)
		keys[n++] = at;
	return n;
}

// The first key comes to stand nearest to the root, in both lists.
static struct err *set_places(struct report *r, const struct pprof_labels *set, char **keys, size_t n, bool *matched, uint32_t *ret)
{
	struct err *err = NULL;
	for (size_t i = 0; !err && i < n; i++)
		err = label_place(r, set, keys[n - 1 - i], matched, &ret[i]);
	return err;
}

static struct err *rebuild_stacks(struct report *r, char **roots, size_t n_roots, char **leaves, size_t n_leaves, bool *root_matched, bool *leaf_matched)
{
	struct pprof *p = r->p;
	VEC(uint32_t) frames = {0};
	struct err *err = NULL;
	for (size_t i = 0; !err && i < p->samples; i++) {
		struct pprof_labels set = p->labels.at[p->label_set.at[i]];
		uint32_t add[2 * KEYS_MAX], depth = p->depth.at[i];
		size_t start = frames.len, n = depth + n_roots + n_leaves;
		if ((err = set_places(r, &set, leaves, n_leaves, leaf_matched, add)) || (err = set_places(r, &set, roots, n_roots, root_matched, add + n_leaves)) ||
		    (err = vec_reserve(&frames, start + n, PPROF_FRAMES_MAX, "stack frames")))
			break;
		memcpy(frames.at + start, add, n_leaves * sizeof(*add));
		if (depth)
			memcpy(frames.at + start + n_leaves, p->frames.at + p->stack.at[i], depth * sizeof(*add));
		memcpy(frames.at + start + n_leaves + depth, add + n_leaves, n_roots * sizeof(*add));
		frames.len += n;
		p->stack.at[i] = (uint32_t)start;
		p->depth.at[i] = (uint32_t)n;
	}
	if (err) {
		vec_fini(&frames);
		return err;
	}
	vec_fini(&p->frames);
	p->frames.at = frames.at;
	p->frames.len = frames.len;
	p->frames.cap = frames.cap;
	return NULL;
}

struct err *filter_tag_nodes(struct report *r, struct strbuf *notes)
{
	const char *root = r->o->tagroot, *leaf = r->o->tagleaf;
	char *roots[KEYS_MAX], *leaves[KEYS_MAX];
	bool root_matched = false, leaf_matched = false;
	if ((!root || !*root) && (!leaf || !*leaf))
		return NULL;
	char *root_list = strdup(root ? root : ""), *leaf_list = strdup(leaf ? leaf : "");
	struct err *err = !root_list || !leaf_list ? &err_nomem : NULL;
	if (!err) {
		size_t n_roots = split_keys(root_list, roots), n_leaves = split_keys(leaf_list, leaves);
		err = rebuild_stacks(r, roots, n_roots, leaves, n_leaves, &root_matched, &leaf_matched);
		if (n_roots && !root_matched)
			strbuf_puts(notes, "tagroot expression matched no samples\n");
		if (n_leaves && !leaf_matched)
			strbuf_puts(notes, "tagleaf expression matched no samples\n");
	}
	free(root_list);
	free(leaf_list);
	return err;
}
