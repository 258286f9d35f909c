// Rows by content. Invariants: (1) once p->index is there, every row of its tables is found by it; (2) string 0 is "",
// label set 0 is empty; (3) stack, depth and label_set have `samples` rows, values samples * types.
#include "read/pprof/build.h"

#include <stdlib.h>
#include <string.h>

struct err *idtab_put(struct idtab *t, uint64_t hash, uint32_t id)
{
	if (t->len * 2 >= t->cap) {
		struct idtab bigger = {.cap = t->cap ? t->cap * 2 : 64, .len = t->len};
		bigger.slots = calloc(bigger.cap, sizeof(*bigger.slots));
		if (!bigger.slots)
			return &err_nomem;
		for (size_t i = 0; i < t->cap; i++) {
			if (!t->slots[i])
				continue;
			size_t to = (t->slots[i] >> 32) & (bigger.cap - 1);
			while (bigger.slots[to])
				to = (to + 1) & (bigger.cap - 1);
			bigger.slots[to] = t->slots[i];
		}
		free(t->slots);
		*t = bigger;
	}
	size_t i = (hash & UINT32_MAX) & (t->cap - 1);
	while (t->slots[i])
		i = (i + 1) & (t->cap - 1);
	t->slots[i] = hash << 32 | (id + 1);
	t->len++;
	return NULL;
}

void idtab_fini(struct idtab *t)
{
	free(t->slots);
	*t = (struct idtab){0};
}

static uint64_t mix(uint64_t h, uint64_t x) { return hash_u64((h ^ x) * 0x9e3779b97f4a7c15u); }

struct err *build_string(struct pprof *p, const void *bytes, size_t len, uint32_t *ret)
{
	uint32_t id = interner_id(p->strings, bytes, len);
	if (id == INTERN_NOMEM)
		return &err_nomem;
	*ret = id;
	return NULL;
}

struct err *pprof_intern(struct pprof *p, const void *bytes, size_t len, uint32_t *ret) { return build_string(p, bytes, len, ret); }

struct err *pprof_place(struct pprof *p, const char *function, const char *file, uint32_t *ret)
{
	struct pprof_function f = {0};
	struct pprof_line line = {0};
	struct err *err;
	if ((!p->index && (err = build_index(p))) || (err = build_string(p, function, strlen(function), &f.name)) ||
	    (err = build_string(p, file, strlen(file), &f.file)) || (err = build_function(p, f, &line.function)))
		return err;
	return build_location(p, (struct pprof_location){.mapping = PPROF_NONE, .lines = 1}, &line, ret);
}

struct err *build_type(struct pprof *p, const char *type, const char *unit)
{
	struct pprof_value_type t = {0};
	struct err *err = build_string(p, type, strlen(type), &t.type);
	if (!err)
		err = build_string(p, unit, strlen(unit), &t.unit);
	return err ? err : vec_push(&p->types, PPROF_TYPES_MAX, "value types", t);
}

static uint64_t function_hash(const struct pprof_function *f)
{
	return mix(mix(mix(mix(1, f->name), f->system_name), f->file), (uint64_t)f->start_line);
}

struct err *build_function(struct pprof *p, struct pprof_function f, uint32_t *ret)
{
	uint64_t hash = function_hash(&f);
	size_t pos = hash;
	for (uint32_t id; (id = idtab_next(&p->index->functions, hash, &pos)) != PPROF_NONE; ) {
		const struct pprof_function *at = &p->functions.at[id];
		if (at->name == f.name && at->system_name == f.system_name && at->file == f.file && at->start_line == f.start_line) {
			*ret = id;
			return NULL;
		}
	}
	uint32_t id = (uint32_t)p->functions.len;
	struct err *err = vec_push(&p->functions, PPROF_TABLE_MAX, "functions", f);
	if (!err)
		err = idtab_put(&p->index->functions, hash, id);
	if (!err)
		*ret = id;
	return err;
}

// Addresses are compared from the start of their mapping, so that two runs of a position-independent program join.
static uint64_t location_offset(const struct pprof *p, const struct pprof_location *l)
{
	return l->mapping == PPROF_NONE ? l->address : l->address - p->mappings.at[l->mapping].start;
}

static uint64_t location_hash(const struct pprof *p, const struct pprof_location *l, const struct pprof_line *lines)
{
	uint64_t h = mix(mix(2 + l->folded, location_offset(p, l)), l->mapping);
	for (uint32_t i = 0; i < l->lines; i++)
		h = mix(mix(mix(h, lines[i].function), (uint64_t)lines[i].line), (uint64_t)lines[i].column);
	return h;
}

static bool lines_equal(const struct pprof_line *a, const struct pprof_line *b, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (a[i].function != b[i].function || a[i].line != b[i].line || a[i].column != b[i].column)
			return false;
	return true;
}

struct err *build_location(struct pprof *p, struct pprof_location l, const struct pprof_line *lines, uint32_t *ret)
{
	uint64_t hash = location_hash(p, &l, lines);
	size_t pos = hash;
	for (uint32_t id; (id = idtab_next(&p->index->locations, hash, &pos)) != PPROF_NONE; ) {
		const struct pprof_location *at = &p->locations.at[id];
		if (location_offset(p, at) == location_offset(p, &l) && at->mapping == l.mapping && at->folded == l.folded &&
		    at->lines == l.lines && lines_equal(p->lines.at + at->line_start, lines, l.lines)) {
			*ret = id;
			return NULL;
		}
	}
	struct err *err;
	l.line_start = (uint32_t)p->lines.len;
	for (uint32_t i = 0; i < l.lines; i++)
		if ((err = vec_push(&p->lines, PPROF_TABLE_MAX, "lines", lines[i])))
			return err;
	uint32_t id = (uint32_t)p->locations.len;
	if ((err = vec_push(&p->locations, PPROF_TABLE_MAX, "locations", l)) ||
	    (err = idtab_put(&p->index->locations, hash, id)))
		return err;
	*ret = id;
	return NULL;
}

// The same executable at another address is the same mapping: size to the page, offset, and build id or else file.
static uint64_t mapping_hash(const struct pprof_mapping *m)
{
	return mix(mix(mix(3, (m->limit - m->start + 0xfff) & ~0xfffull), m->offset), m->build_id ? m->build_id : m->file);
}

struct err *build_mapping(struct pprof *p, struct pprof_mapping m, uint32_t *ret)
{
	uint64_t hash = mapping_hash(&m);
	size_t pos = hash;
	for (uint32_t id; (id = idtab_next(&p->index->mappings, hash, &pos)) != PPROF_NONE; ) {
		const struct pprof_mapping *at = &p->mappings.at[id];
		if (((at->limit - at->start + 0xfff) & ~0xfffull) == ((m.limit - m.start + 0xfff) & ~0xfffull) && at->offset == m.offset &&
		    (at->build_id ? at->build_id : at->file) == (m.build_id ? m.build_id : m.file)) {
			*ret = id;
			return NULL;
		}
	}
	uint32_t id = (uint32_t)p->mappings.len;
	struct err *err = vec_push(&p->mappings, PPROF_TABLE_MAX, "mappings", m);
	if (!err)
		err = idtab_put(&p->index->mappings, hash, id);
	if (!err)
		*ret = id;
	return err;
}

static uint64_t labels_hash(const struct pprof_label *rows, size_t len)
{
	uint64_t h = 4;
	for (size_t i = 0; i < len; i++)
		h = mix(mix(mix(h, (uint64_t)rows[i].key << 32 | rows[i].str), (uint64_t)rows[i].num), (uint64_t)rows[i].unit << 1 | rows[i].is_num);
	return h;
}

static bool labels_equal(const struct pprof_label *a, const struct pprof_label *b, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (a[i].key != b[i].key || a[i].str != b[i].str || a[i].num != b[i].num || a[i].unit != b[i].unit || a[i].is_num != b[i].is_num)
			return false;
	return true;
}

struct err *build_labels(struct pprof *p, struct pprof_label *rows, size_t len, uint32_t *ret)
{
	if (!len) {
		*ret = 0;
		return NULL;
	}
	for (size_t i = 1; i < len; i++) { // few rows; stable, so that values of one key stay in their order
		struct pprof_label row = rows[i];
		size_t j = i;
		for (; j && (rows[j - 1].is_num > row.is_num || (rows[j - 1].is_num == row.is_num && rows[j - 1].key > row.key)); j--)
			rows[j] = rows[j - 1];
		rows[j] = row;
	}
	uint64_t hash = labels_hash(rows, len);
	size_t pos = hash;
	for (uint32_t id; (id = idtab_next(&p->index->labels, hash, &pos)) != PPROF_NONE; ) {
		const struct pprof_labels *at = &p->labels.at[id];
		if (at->len == len && labels_equal(p->label_rows.at + at->start, rows, len)) {
			*ret = id;
			return NULL;
		}
	}
	struct err *err;
	uint32_t start = (uint32_t)p->label_rows.len, id = (uint32_t)p->labels.len;
	for (size_t i = 0; i < len; i++)
		if ((err = vec_push(&p->label_rows, PPROF_TABLE_MAX, "labels", rows[i])))
			return err;
	if ((err = vec_push(&p->labels, PPROF_TABLE_MAX, "label sets", (struct pprof_labels){start, (uint32_t)len})) ||
	    (err = idtab_put(&p->index->labels, hash, id)))
		return err;
	*ret = id;
	return NULL;
}

struct err *build_frame(struct pprof *p, uint32_t location)
{
	return vec_push(&p->frames, PPROF_FRAMES_MAX, "stack frames", location);
}

struct err *build_stack(struct pprof *p, size_t stack, size_t *ret)
{
	const uint32_t *frames = p->frames.at + stack;
	size_t depth = p->frames.len - stack, pos;
	if (!depth) {
		*ret = 0;
		return NULL;
	}
	uint64_t hash = hash_bytes(frames, depth * sizeof(*frames));
	pos = hash;
	for (uint32_t id; (id = idtab_next(&p->index->stacks, hash, &pos)) != PPROF_NONE; )
		if (p->depth.at[id] == depth && !memcmp(p->frames.at + p->stack.at[id], frames, depth * sizeof(*frames))) {
			p->frames.len = stack;
			*ret = p->stack.at[id];
			return NULL;
		}
	*ret = stack;
	return idtab_put(&p->index->stacks, hash, (uint32_t)p->samples);
}

struct err *build_sample(struct pprof *p, size_t stack, const int64_t *values, uint32_t labels)
{
	return build_sample_at(p, stack, p->frames.len - stack, values, labels);
}

struct err *build_sample_at(struct pprof *p, size_t stack, size_t depth, const int64_t *values, uint32_t labels)
{
	struct err *err;
	if ((err = vec_push(&p->stack, PPROF_SAMPLES_MAX, "samples", (uint32_t)stack)) ||
	    (err = vec_push(&p->depth, PPROF_SAMPLES_MAX, "samples", (uint32_t)depth)) ||
	    (err = vec_push(&p->label_set, PPROF_SAMPLES_MAX, "samples", labels)))
		return err;
	for (size_t t = 0; t < p->types.len; t++)
		if ((err = vec_push(&p->values, (size_t)PPROF_SAMPLES_MAX * PPROF_TYPES_MAX, "values", values[t])))
			return err;
	p->samples++;
	return NULL;
}

void pprof_drop_index(struct pprof *p)
{
	struct pprof_index *ix = p->index;
	if (!ix)
		return;
	struct idtab *all[] = {&ix->functions, &ix->locations, &ix->labels, &ix->mappings, &ix->stacks, &ix->samples};
	for (size_t i = 0; i < countof(all); i++)
		idtab_fini(all[i]);
	free(ix);
	p->index = NULL;
}

struct err *build_index(struct pprof *p)
{
	pprof_drop_index(p);
	struct pprof_index *ix = p->index = calloc(1, sizeof(*ix));
	struct err *err = ix ? NULL : &err_nomem;
	for (uint32_t i = 0; !err && i < p->functions.len; i++)
		err = idtab_put(&ix->functions, function_hash(&p->functions.at[i]), i);
	for (uint32_t i = 0; !err && i < p->mappings.len; i++)
		err = idtab_put(&ix->mappings, mapping_hash(&p->mappings.at[i]), i);
	for (uint32_t i = 0; !err && i < p->locations.len; i++)
		err = idtab_put(&ix->locations, location_hash(p, &p->locations.at[i], p->lines.at + p->locations.at[i].line_start), i);
	for (uint32_t i = 1; !err && i < p->labels.len; i++)
		err = idtab_put(&ix->labels, labels_hash(p->label_rows.at + p->labels.at[i].start, p->labels.at[i].len), i);
	return err;
}
