// Two profiles become one: google/pprof's profile/merge.go. Tables are joined by content; samples with the same stack
// and labels are added up; samples that are zero in every type go.
#include "read/pprof/build.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

// Rows of src -> rows of dst, filled when first needed.
struct merge {
	struct pprof *dst, *src;
	uint32_t *locations, *functions, *mappings, *labels, *strings;
	VEC(struct pprof_line) lines;
};

static struct err *map_new_rows(uint32_t **rows, size_t n)
{
	*rows = malloc((n + 1) * sizeof(**rows));
	if (*rows)
		memset(*rows, 0xff, (n + 1) * sizeof(**rows));
	return *rows ? NULL : &err_nomem;
}

static struct err *map_string(struct merge *m, uint32_t id, uint32_t *ret)
{
	if (m->strings[id] == PPROF_NONE) {
		size_t len;
		const char *s = interner_str(m->src->strings, id, &len);
		struct err *err = build_string(m->dst, s, len, &m->strings[id]);
		if (err)
			return err;
	}
	*ret = m->strings[id];
	return NULL;
}

static struct err *map_mapping(struct merge *m, uint32_t row, uint32_t *ret)
{
	struct err *err;
	if (m->mappings[row] == PPROF_NONE) {
		struct pprof_mapping to = m->src->mappings.at[row];
		if ((err = map_string(m, to.file, &to.file)) || (err = map_string(m, to.build_id, &to.build_id)) ||
		    (err = build_mapping(m->dst, to, &m->mappings[row])))
			return err;
	}
	*ret = m->mappings[row];
	return NULL;
}

static struct err *map_function(struct merge *m, uint32_t row, uint32_t *ret)
{
	struct err *err;
	if (m->functions[row] == PPROF_NONE) {
		struct pprof_function to = m->src->functions.at[row];
		if ((err = map_string(m, to.name, &to.name)) || (err = map_string(m, to.system_name, &to.system_name)) ||
		    (err = map_string(m, to.file, &to.file)) || (err = build_function(m->dst, to, &m->functions[row])))
			return err;
	}
	*ret = m->functions[row];
	return NULL;
}

static struct err *map_location(struct merge *m, uint32_t row)
{
	const struct pprof_location *from = &m->src->locations.at[row];
	struct pprof_location to = *from;
	struct err *err;
	m->lines.len = 0;
	for (uint32_t i = 0; i < from->lines; i++) {
		struct pprof_line line = m->src->lines.at[from->line_start + i];
		if ((err = map_function(m, line.function, &line.function)) || (err = vec_push(&m->lines, PPROF_TABLE_MAX, "lines", line)))
			return err;
	}
	if (from->mapping != PPROF_NONE) {
		if ((err = map_mapping(m, from->mapping, &to.mapping)))
			return err;
		to.address += m->dst->mappings.at[to.mapping].start - m->src->mappings.at[from->mapping].start;
	}
	return build_location(m->dst, to, m->lines.at, &m->locations[row]);
}

static struct err *map_labels(struct merge *m, uint32_t set, uint32_t *ret)
{
	struct pprof_labels from = m->src->labels.at[set];
	struct pprof_label *rows;
	struct err *err = NULL;
	if (m->labels[set] == PPROF_NONE) {
		if (!(rows = malloc((from.len + 1) * sizeof(*rows))))
			return &err_nomem;
		for (uint32_t i = 0; !err && i < from.len; i++) {
			rows[i] = m->src->label_rows.at[from.start + i];
			if (!(err = map_string(m, rows[i].key, &rows[i].key)) && !(err = map_string(m, rows[i].str, &rows[i].str)))
				err = map_string(m, rows[i].unit, &rows[i].unit);
		}
		if (!err)
			err = build_labels(m->dst, rows, from.len, &m->labels[set]);
		free(rows);
		if (err)
			return err;
	}
	*ret = m->labels[set];
	return NULL;
}

static bool is_zero(const int64_t *values, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (values[i])
			return false;
	return true;
}

// Equal stacks lie at one place, so a sample is known by that place and its labels.
static uint64_t sample_hash(const struct pprof *p, size_t i) { return hash_u64((uint64_t)p->stack.at[i] << 32 | p->label_set.at[i]) ^ p->depth.at[i]; }

static uint32_t find_sample(const struct pprof *p, size_t i, uint64_t hash)
{
	size_t pos = hash;
	for (uint32_t id; (id = idtab_next(&p->index->samples, hash, &pos)) != PPROF_NONE; )
		if (p->stack.at[id] == p->stack.at[i] && p->depth.at[id] == p->depth.at[i] && p->label_set.at[id] == p->label_set.at[i])
			return id;
	return PPROF_NONE;
}

static void add_values(struct pprof *p, size_t to, const int64_t *values)
{
	for (size_t t = 0; t < p->types.len; t++)
		p->values.at[to * p->types.len + t] = (int64_t)((uint64_t)p->values.at[to * p->types.len + t] + (uint64_t)values[t]);
}

// Samples that came into p unmerged: equal ones are added to the first of them and become zero.
static struct err *index_samples(struct pprof *p)
{
	struct err *err = NULL;
	size_t n = p->samples, end = p->frames.len;
	idtab_fini(&p->index->stacks);
	idtab_fini(&p->index->samples);
	for (size_t i = 0; !err && i < n; i++) {
		// As if it was the last one: its frames must be found among the earlier samples'.
		size_t stack = p->stack.at[i], depth = p->depth.at[i], at;
		p->samples = i;
		p->frames.len = stack + depth;
		err = depth ? build_stack(p, stack, &at) : NULL;
		p->samples = n;
		p->frames.len = end;
		if (err)
			break;
		p->stack.at[i] = depth ? (uint32_t)at : 0;
		uint64_t hash = sample_hash(p, i);
		uint32_t same = find_sample(p, i, hash);
		if (same == PPROF_NONE) {
			err = idtab_put(&p->index->samples, hash, (uint32_t)i);
			continue;
		}
		add_values(p, same, p->values.at + i * p->types.len);
		memset(p->values.at + i * p->types.len, 0, p->types.len * sizeof(*p->values.at));
		for (size_t t = 0; t < 2 && p->counts.len; t++) {
			p->counts.at[same * 2 + t] += p->counts.at[i * 2 + t];
			p->counts.at[i * 2 + t] = 0;
		}
	}
	p->index->samples_in = true;
	return err;
}

static struct err *merge_sample(struct merge *m, size_t i)
{
	struct pprof *dst = m->dst, *src = m->src;
	size_t stack = dst->frames.len, n = src->depth.at[i];
	const uint32_t *from = src->frames.at + src->stack.at[i];
	uint32_t labels;
	struct err *err;
	if (n > dst->frames.cap - stack && (err = vec_reserve(&dst->frames, stack + n, PPROF_FRAMES_MAX, "stack frames")))
		return err;
	for (size_t f = 0; f < n; f++) {
		if (m->locations[from[f]] == PPROF_NONE && (err = map_location(m, from[f])))
			return err;
		dst->frames.at[stack + f] = m->locations[from[f]];
	}
	dst->frames.len += n;
	if ((err = build_stack(dst, stack, &stack)) || (err = map_labels(m, src->label_set.at[i], &labels)) ||
	    (err = build_sample_at(dst, stack, n, src->values.at + i * src->types.len, labels)))
		return err;
	size_t last = dst->samples - 1;
	uint64_t hash = sample_hash(dst, last);
	uint32_t same = find_sample(dst, last, hash);
	if (same != PPROF_NONE) { // its stack was there too, so no frame has to go
		add_values(dst, same, src->values.at + i * src->types.len);
		for (size_t t = 0; t < 2 && dst->counts.len; t++)
			dst->counts.at[same * 2 + t] += src->counts.at[i * 2 + t];
		dst->samples--;
		dst->stack.len--, dst->depth.len--, dst->label_set.len--;
		dst->values.len -= dst->types.len;
		return NULL;
	}
	for (size_t t = 0; t < 2 && src->counts.len; t++)
		if ((err = vec_push(&dst->counts, PPROF_SAMPLES_MAX, "samples", src->counts.at[i * 2 + t])))
			return err;
	return idtab_put(&dst->index->samples, hash, (uint32_t)last);
}

static struct err *merge_header(struct merge *m)
{
	struct pprof *dst = m->dst, *src = m->src;
	struct err *err = NULL;
	if (!dst->time_ns || (src->time_ns && src->time_ns < dst->time_ns))
		dst->time_ns = src->time_ns;
	dst->duration_ns = (int64_t)((uint64_t)dst->duration_ns + (uint64_t)src->duration_ns);
	dst->period = dst->period > src->period ? dst->period : src->period;
	if (!dst->default_type)
		err = map_string(m, src->default_type, &dst->default_type);
	if (!err && !dst->doc_url)
		err = map_string(m, src->doc_url, &dst->doc_url);
	for (size_t i = 0; !err && i < src->comments.len; i++) {
		uint32_t comment;
		bool there = false;
		if ((err = map_string(m, src->comments.at[i], &comment)))
			break;
		for (size_t j = 0; j < dst->comments.len; j++)
			there = there || dst->comments.at[j] == comment;
		if (!there)
			err = vec_push(&dst->comments, PPROF_TABLE_MAX, "comments", comment);
	}
	return err;
}

static const char *type_name(const struct pprof *p, struct pprof_value_type t) { return pprof_str(p, t.type); }

static struct err *compatible(const struct pprof *a, const struct pprof *b)
{
	bool same = a->types.len == b->types.len && !strcmp(type_name(a, a->period_type), type_name(b, b->period_type)) &&
		    !strcmp(pprof_str(a, a->period_type.unit), pprof_str(b, b->period_type.unit));
	for (size_t i = 0; same && i < a->types.len; i++)
		same = !strcmp(type_name(a, a->types.at[i]), type_name(b, b->types.at[i])) &&
		       !strcmp(pprof_str(a, a->types.at[i].unit), pprof_str(b, b->types.at[i].unit));
	if (same)
		return NULL;
	return err_new(ERR_INPUT, "profiles of different kinds cannot be put together: one counts %s, the other %s",
		       a->types.len ? type_name(a, a->types.at[a->types.len - 1]) : "nothing", b->types.len ? type_name(b, b->types.at[b->types.len - 1]) : "nothing");
}

static struct err *merge_samples(struct merge *m)
{
	struct pprof *src = m->src;
	struct err *err = NULL;
	// The main executable stands first, whatever the samples begin with.
	if (!m->dst->mappings.len && src->mappings.len) {
		uint32_t row;
		err = map_mapping(m, 0, &row);
	}
	for (size_t i = 0; !err && i < src->samples; i++) {
		if (!is_zero(src->values.at + i * src->types.len, src->types.len))
			err = merge_sample(m, i);
	}
	return err;
}

// The first one is taken over as it is.
static struct err *take_over(struct pprof *dst, struct pprof *src)
{
	struct pprof empty = *dst;
	*dst = *src;
	*src = empty;
	vec_fini(&dst->goroutines); // samples are added up: what one goroutine was is lost
	vec_fini(&dst->ancestors);
	struct err *err = build_index(dst);
	return err ? err : index_samples(dst);
}

struct err *pprof_merge(struct pprof *dst, struct pprof *src)
{
	struct merge m = {.dst = dst, .src = src};
	struct err *err = NULL;
	if (!dst->types.len)
		return take_over(dst, src);
	if (dst->types.len && (err = compatible(dst, src)))
		return err;
	if (!dst->index)
		err = build_index(dst);
	if (!err && !dst->index->samples_in)
		err = index_samples(dst);
	if (!err && !(err = map_new_rows(&m.locations, src->locations.len)) && !(err = map_new_rows(&m.functions, src->functions.len)) &&
	    !(err = map_new_rows(&m.mappings, src->mappings.len)) && !(err = map_new_rows(&m.labels, src->labels.len)) &&
	    !(err = map_new_rows(&m.strings, interner_len(src->strings))) && !(err = merge_header(&m))) {
		if (dst->raw && !src->raw) {
			dst->raw = false;
			vec_fini(&dst->counts);
		} else if (!dst->raw) {
			vec_fini(&src->counts);
		}
		gaps_join(&dst->gaps, &src->gaps);
		err = merge_samples(&m);
	}
	free(m.locations);
	free(m.functions);
	free(m.mappings);
	free(m.labels);
	free(m.strings);
	vec_fini(&m.lines);
	return err;
}

void pprof_drop(struct pprof *p, bool (*keep)(const struct pprof *p, size_t sample, void *ctx), void *ctx)
{
	size_t n = p->samples, types = p->types.len, to = 0;
	bool dump = p->goroutines.len == n, raw = p->counts.len == 2 * n;
	for (size_t i = 0; i < n; i++) {
		if (!keep(p, i, ctx))
			continue;
		p->stack.at[to] = p->stack.at[i];
		p->depth.at[to] = p->depth.at[i];
		p->label_set.at[to] = p->label_set.at[i];
		memmove(p->values.at + to * types, p->values.at + i * types, types * sizeof(*p->values.at));
		if (dump)
			p->goroutines.at[to] = p->goroutines.at[i];
		if (raw)
			memmove(p->counts.at + to * 2, p->counts.at + i * 2, 2 * sizeof(*p->counts.at));
		to++;
	}
	p->samples = p->stack.len = p->depth.len = p->label_set.len = to;
	p->values.len = to * types;
	if (dump)
		p->goroutines.len = to;
	if (raw)
		p->counts.len = 2 * to;
	if (p->index) { // both name samples by number
		idtab_fini(&p->index->samples);
		idtab_fini(&p->index->stacks);
		p->index->samples_in = false;
	}
}

static bool not_zero(const struct pprof *p, size_t sample, void *ctx)
{
	(void)ctx;
	return !is_zero(p->values.at + sample * p->types.len, p->types.len);
}

void pprof_drop_zero(struct pprof *p) { pprof_drop(p, not_zero, NULL); }

// A sample stays if one of the values that were really scaled is not zero: as pprof does it.
static bool scaled_to_something(const struct pprof *p, size_t sample, void *ctx)
{
	const double *ratios = ctx;
	for (size_t t = 0; t < p->types.len; t++)
		if (ratios[t] != 1 && pprof_value(p, sample, t))
			return true;
	return false;
}

void pprof_scale(struct pprof *p, const double *ratios)
{
	bool ones = true;
	double kept[PPROF_TYPES_MAX];
	for (size_t t = 0; t < p->types.len; t++) {
		kept[t] = ratios[t];
		ones = ones && ratios[t] == 1;
	}
	if (ones)
		return;
	for (size_t i = 0; i < p->samples; i++)
		for (size_t t = 0; t < p->types.len; t++) {
			int64_t *v = &p->values.at[i * p->types.len + t];
			double x = round((double)*v * ratios[t]);
			if (ratios[t] == -1)
				*v = (int64_t)-(uint64_t)*v;
			else if (ratios[t] != 1)
				*v = x >= 9223372036854775807.0 ? INT64_MAX : x <= -9223372036854775808.0 ? INT64_MIN : (int64_t)x;
		}
	pprof_drop(p, scaled_to_something, kept);
}

struct err *pprof_label_all(struct pprof *p, const char *key, const char *value)
{
	struct pprof_label row = {0};
	struct err *err;
	uint32_t *to = NULL;
	if ((err = build_string(p, key, strlen(key), &row.key)) || (err = build_string(p, value, strlen(value), &row.str)) ||
	    (!p->index && (err = build_index(p))) || (err = map_new_rows(&to, p->labels.len)))
		return err;
	VEC(struct pprof_label) rows = {0};
	for (uint32_t set = 0, n = (uint32_t)p->labels.len; !err && set < n; set++) {
		rows.len = 0;
		for (uint32_t i = 0; !err && i < p->labels.at[set].len; i++) {
			struct pprof_label old = p->label_rows.at[p->labels.at[set].start + i];
			if (old.key != row.key || old.is_num)
				err = vec_push(&rows, PPROF_TABLE_MAX, "labels", old);
		}
		if (!err && !(err = vec_push(&rows, PPROF_TABLE_MAX, "labels", row)))
			err = build_labels(p, rows.at, rows.len, &to[set]);
	}
	for (size_t i = 0; !err && i < p->samples; i++)
		p->label_set.at[i] = to[p->label_set.at[i]];
	vec_fini(&rows);
	free(to);
	return err;
}

static size_t type_row(const struct pprof *p, const char *name)
{
	for (size_t i = 0; i < p->types.len; i++)
		if (!strcmp(type_name(p, p->types.at[i]), name))
			return i;
	return SIZE_MAX;
}

static struct err *keep_types(struct pprof *p, const struct pprof *first, const size_t *rows, size_t n)
{
	struct pprof_value_type types[PPROF_TYPES_MAX];
	int64_t values[PPROF_TYPES_MAX];
	size_t from[PPROF_TYPES_MAX], old = p->types.len;
	bool same = n == old, keeps_default = false;
	for (size_t i = 0; i < n; i++) {
		from[i] = type_row(p, type_name(first, first->types.at[rows[i]]));
		types[i] = p->types.at[from[i]];
		same = same && from[i] == i;
		keeps_default = keeps_default || types[i].type == p->default_type;
	}
	if (same)
		return NULL;
	if (!keeps_default)
		p->default_type = types[0].type;
	for (size_t s = 0; s < p->samples; s++) {
		for (size_t i = 0; i < n; i++)
			values[i] = p->values.at[s * old + from[i]];
		memcpy(p->values.at + s * n, values, n * sizeof(*values));
	}
	memcpy(p->types.at, types, n * sizeof(*types));
	p->types.len = n;
	p->values.len = p->samples * n;
	return NULL;
}

struct err *pprof_match_types(struct pprof *const *profiles, size_t n)
{
	size_t rows[PPROF_TYPES_MAX], kept = 0;
	struct err *err = NULL;
	for (size_t t = 0; n && t < profiles[0]->types.len; t++) {
		bool all = true;
		for (size_t i = 1; i < n; i++)
			all = all && type_row(profiles[i], type_name(profiles[0], profiles[0]->types.at[t])) != SIZE_MAX;
		if (all)
			rows[kept++] = t;
	}
	if (!kept)
		return err_new(ERR_INPUT, "the profiles have no kind of value in common");
	// From the last on: the first one's types are what the others are compared with.
	for (size_t i = n; !err && i-- > 0; )
		err = keep_types(profiles[i], profiles[0], rows, kept);
	return err;
}
