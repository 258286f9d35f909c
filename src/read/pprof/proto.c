// profile.proto, first pass: everything but the samples. Go writes a location before the first sample that uses it and
// the string table last, pprof writes samples first: so tables are read in one pass, samples in a second one, when
// every id can be looked up. What is accepted is what google/pprof's profile/encode.go and CheckValid accept.
#include "read/pprof/proto.h"

#include <stdlib.h>
#include <string.h>

struct err *proto_err(const struct proto *d, const uint8_t *at, const char *why)
{
	return err_input(d->v.source, (uint64_t)(at - d->v.data), "%s", why ? why : "a field has the wrong kind");
}

struct err *proto_string(const struct proto *d, const uint8_t *at, uint64_t raw, uint32_t *ret)
{
	if (raw >= d->strings.len)
		return err_input(d->v.source, (uint64_t)(at - d->v.data), "string %llu wanted, the table has %zu", (unsigned long long)raw, d->strings.len);
	*ret = d->strings.at[raw];
	return NULL;
}

// String indexes are kept raw in 32 bits until the table is there: no table is longer.
static uint32_t raw32(uint64_t x) { return x > UINT32_MAX ? UINT32_MAX : (uint32_t)x; }

static bool number(const struct field *f, uint64_t *to)
{
	*to = f->x;
	return f->wire == WIRE_VARINT;
}

static struct err *read_value_type(struct proto *d, const struct field *f, struct pprof_value_type *to)
{
	struct cur c = cur_of(f->data, f->len);
	struct pprof_value_type t = {0};
	if (f->wire != WIRE_BYTES)
		return proto_err(d, d->v.data, NULL);
	for (struct field g; cur_field(&c, &g); ) {
		if (g.number <= 2 && g.wire != WIRE_VARINT)
			return proto_err(d, c.p, NULL);
		if (g.number == 1)
			t.type = raw32(g.x);
		else if (g.number == 2)
			t.unit = raw32(g.x);
	}
	*to = t;
	return c.why ? proto_err(d, c.p, c.why) : NULL;
}

static struct err *read_mapping(struct proto *d, const struct field *f)
{
	struct cur c = cur_of(f->data, f->len);
	struct pprof_mapping m = {0};
	uint64_t x, id = 0;
	for (struct field g; cur_field(&c, &g); ) {
		if (g.number > 10)
			continue;
		if (!number(&g, &x))
			return proto_err(d, c.p, NULL);
		switch (g.number) {
		case 1: id = x; break;
		case 2: m.start = x; break;
		case 3: m.limit = x; break;
		case 4: m.offset = x; break;
		case 5: m.file = raw32(x); break;
		case 6: m.build_id = raw32(x); break;
		case 7: m.has_functions = x; break;
		case 8: m.has_files = x; break;
		case 9: m.has_lines = x; break;
		case 10: m.has_inlines = x; break;
		}
	}
	if (c.why)
		return proto_err(d, c.p, c.why);
	if (!id)
		return proto_err(d, f->data, "a mapping has id 0");
	struct err *err = vec_push(&d->mapping_ids, PPROF_TABLE_MAX, "mappings", id);
	return err ? err : vec_push(&d->p->mappings, PPROF_TABLE_MAX, "mappings", m);
}

static struct err *read_function(struct proto *d, const struct field *f)
{
	struct cur c = cur_of(f->data, f->len);
	struct pprof_function fn = {0};
	uint64_t x, id = 0;
	for (struct field g; cur_field(&c, &g); ) {
		if (g.number > 5)
			continue;
		if (!number(&g, &x))
			return proto_err(d, c.p, NULL);
		switch (g.number) {
		case 1: id = x; break;
		case 2: fn.name = raw32(x); break;
		case 3: fn.system_name = raw32(x); break;
		case 4: fn.file = raw32(x); break;
		case 5: fn.start_line = (int64_t)x; break;
		}
	}
	if (c.why)
		return proto_err(d, c.p, c.why);
	if (!id)
		return proto_err(d, f->data, "a function has id 0");
	struct err *err;
	if ((err = vec_push(&d->function_ids, PPROF_TABLE_MAX, "functions", id)) ||
	    (err = vec_push(&d->function_offs, PPROF_TABLE_MAX, "functions", (uint64_t)(f->data - d->v.data))))
		return err;
	return vec_push(&d->p->functions, PPROF_TABLE_MAX, "functions", fn);
}

static struct err *read_line(struct proto *d, const struct field *f)
{
	struct cur c = cur_of(f->data, f->len);
	struct pprof_line line = {0};
	uint64_t x, function = 0;
	if (f->wire != WIRE_BYTES)
		return proto_err(d, c.p, NULL);
	for (struct field g; cur_field(&c, &g); ) {
		if (g.number > 3)
			continue;
		if (!number(&g, &x))
			return proto_err(d, c.p, NULL);
		if (g.number == 1)
			function = x;
		else if (g.number == 2)
			line.line = (int64_t)x;
		else
			line.column = (int64_t)x;
	}
	if (c.why)
		return proto_err(d, c.p, c.why);
	struct err *err = vec_push(&d->line_functions, PPROF_TABLE_MAX, "lines", function);
	return err ? err : vec_push(&d->p->lines, PPROF_TABLE_MAX, "lines", line);
}

static struct err *read_location(struct proto *d, const struct field *f)
{
	struct cur c = cur_of(f->data, f->len);
	struct pprof_location l = {.line_start = (uint32_t)d->p->lines.len};
	uint64_t x, id = 0, mapping = 0;
	struct err *err;
	for (struct field g; cur_field(&c, &g); ) {
		if (g.number == 4) {
			if ((err = read_line(d, &g)))
				return err;
			l.lines++;
			continue;
		}
		if (g.number > 5)
			continue;
		if (!number(&g, &x))
			return proto_err(d, c.p, NULL);
		switch (g.number) {
		case 1: id = x; break;
		case 2: mapping = x; break;
		case 3: l.address = x; break;
		case 5: l.folded = x; break;
		}
	}
	if (c.why)
		return proto_err(d, c.p, c.why);
	if (!id)
		return proto_err(d, f->data, "a location has id 0");
	if ((err = vec_push(&d->location_ids, PPROF_TABLE_MAX, "locations", id)) ||
	    (err = vec_push(&d->location_mappings, PPROF_TABLE_MAX, "locations", mapping)) ||
	    (err = vec_push(&d->location_offs, PPROF_TABLE_MAX, "locations", (uint64_t)(f->data - d->v.data))))
		return err;
	return vec_push(&d->p->locations, PPROF_TABLE_MAX, "locations", l);
}

static struct err *read_string(struct proto *d, const struct field *f)
{
	uint32_t id;
	if (!d->strings.len && f->len)
		return proto_err(d, f->data, "the first string of the table must be empty");
	struct err *err = build_string(d->p, f->data, f->len, &id);
	return err ? err : vec_push(&d->strings, PPROF_TABLE_MAX, "strings", id);
}

// Comments come packed or one by one; raw until the string table is there.
static struct err *read_comments(struct proto *d, const struct field *f)
{
	struct cur c = cur_of(f->data, f->len);
	struct err *err = NULL;
	if (f->wire == WIRE_VARINT)
		return vec_push(&d->p->comments, PPROF_TABLE_MAX, "comments", raw32(f->x));
	for (uint64_t x; !err && c.p < c.end && cur_varint(&c, &x); )
		err = vec_push(&d->p->comments, PPROF_TABLE_MAX, "comments", raw32(x));
	return err ? err : c.why ? proto_err(d, c.p, c.why) : NULL;
}

static struct err *read_scalar(struct proto *d, const uint8_t *at, const struct field *f)
{
	struct pprof *p = d->p;
	if (f->wire != WIRE_VARINT)
		return proto_err(d, at, NULL);
	switch (f->number) {
	case 7: p->drop_frames = raw32(f->x); break;
	case 8: p->keep_frames = raw32(f->x); break;
	case 9:
		if (p->time_ns)
			return proto_err(d, at, "two profiles one behind the other in one stream");
		p->time_ns = (int64_t)f->x;
		break;
	case 10: p->duration_ns = (int64_t)f->x; break;
	case 12: p->period = (int64_t)f->x; break;
	case 14: p->default_type = raw32(f->x); break;
	case 15: p->doc_url = raw32(f->x); break;
	}
	return NULL;
}

// The last byte of a varint has no high bit: so many numbers at most are in there.
static size_t varints_in(const uint8_t *data, size_t len)
{
	size_t n = 0;
	for (size_t i = 0; i < len; i++)
		n += data[i] < 0x80;
	return n;
}

static struct err *read_tables(struct proto *d)
{
	struct cur c = cur_of(d->v.data, d->v.len);
	struct pprof *p = d->p;
	struct err *err = NULL;
	struct pprof_value_type t;
	for (struct field f; !err && cur_field(&c, &f); ) {
		bool bytes = f.wire == WIRE_BYTES;
		if (f.number <= 6 && !bytes)
			return proto_err(d, c.p, NULL);
		switch (f.number) {
		case 1:
			if (!(err = read_value_type(d, &f, &t)))
				err = vec_push(&p->types, PPROF_TYPES_MAX, "value types", t);
			break;
		case 2: // the second pass; here only how much room it will want
			d->samples++;
			d->varints += varints_in(f.data, f.len);
			break;
		case 3: err = read_mapping(d, &f); break;
		case 4: err = read_location(d, &f); break;
		case 5: err = read_function(d, &f); break;
		case 6: err = read_string(d, &f); break;
		case 11: err = read_value_type(d, &f, &p->period_type); break;
		case 13: err = read_comments(d, &f); break;
		case 7: case 8: case 9: case 10: case 12: case 14: case 15:
			err = read_scalar(d, c.p, &f);
			break;
		}
	}
	return err ? err : c.why ? proto_err(d, c.p, c.why) : NULL;
}

static struct err *ids_build(const struct proto *d, struct ids *ids, const uint64_t *raw, size_t n, const char *what)
{
	ids->len = n + 1;
	ids->dense = malloc((n + 1) * sizeof(*ids->dense));
	if (!ids->dense)
		return &err_nomem;
	memset(ids->dense, 0xff, (n + 1) * sizeof(*ids->dense));
	ids->in_order = true;
	for (size_t i = 0; i < n; i++) {
		bool fresh = true;
		ids->in_order = ids->in_order && raw[i] == i + 1;
		if (raw[i] < ids->len) {
			fresh = ids->dense[raw[i]] == PPROF_NONE;
			ids->dense[raw[i]] = (uint32_t)i;
		} else {
			uint64_t *at = ids->sparse || (ids->sparse = map_new()) ? map_at(ids->sparse, raw[i], &fresh) : NULL;
			if (!at)
				return &err_nomem;
			*at = i;
		}
		if (!fresh)
			return err_input(d->v.source, d->v.len, "two %ss have the id %llu", what, (unsigned long long)raw[i]);
	}
	return NULL;
}

static struct err *resolve_strings(struct proto *d)
{
	struct pprof *p = d->p;
	struct err *err = NULL;
	const uint8_t *end = d->v.data + d->v.len;
	uint32_t *scalars[] = {&p->drop_frames, &p->keep_frames, &p->default_type, &p->doc_url, &p->period_type.type, &p->period_type.unit};
	for (size_t i = 0; !err && i < countof(scalars); i++)
		err = proto_string(d, end, *scalars[i], scalars[i]);
	for (size_t i = 0; !err && i < p->comments.len; i++)
		err = proto_string(d, end, p->comments.at[i], &p->comments.at[i]);
	for (size_t i = 0; !err && i < p->types.len; i++)
		if (!(err = proto_string(d, end, p->types.at[i].type, &p->types.at[i].type)))
			err = proto_string(d, end, p->types.at[i].unit, &p->types.at[i].unit);
	for (size_t i = 0; !err && i < p->mappings.len; i++)
		if (!(err = proto_string(d, end, p->mappings.at[i].file, &p->mappings.at[i].file)))
			err = proto_string(d, end, p->mappings.at[i].build_id, &p->mappings.at[i].build_id);
	for (size_t i = 0; !err && i < p->functions.len; i++) {
		struct pprof_function *f = &p->functions.at[i];
		const uint8_t *at = d->v.data + d->function_offs.at[i];
		if (!(err = proto_string(d, at, f->name, &f->name)) && !(err = proto_string(d, at, f->system_name, &f->system_name)))
			err = proto_string(d, at, f->file, &f->file);
	}
	return err;
}

static struct err *resolve_ids(struct proto *d)
{
	struct pprof *p = d->p;
	struct err *err;
	if ((err = ids_build(d, &d->mappings, d->mapping_ids.at, d->mapping_ids.len, "mapping")) ||
	    (err = ids_build(d, &d->functions, d->function_ids.at, d->function_ids.len, "function")) ||
	    (err = ids_build(d, &d->locations, d->location_ids.at, d->location_ids.len, "location")))
		return err;
	for (size_t i = 0; i < p->locations.len; i++) {
		struct pprof_location *l = &p->locations.at[i];
		l->mapping = ids_find(&d->mappings, d->location_mappings.at[i]);
		for (uint32_t j = l->line_start; j < l->line_start + l->lines; j++)
			if ((p->lines.at[j].function = ids_find(&d->functions, d->line_functions.at[j])) == PPROF_NONE)
				return err_input(d->v.source, d->location_offs.at[i], "location %llu has a line in function %llu, which is not there",
						 (unsigned long long)d->location_ids.at[i], (unsigned long long)d->line_functions.at[j]);
	}
	return NULL;
}

static void proto_fini(struct proto *d)
{
	vec_fini(&d->strings);
	vec_fini(&d->mapping_ids);
	vec_fini(&d->function_ids);
	vec_fini(&d->location_ids);
	vec_fini(&d->location_mappings);
	vec_fini(&d->line_functions);
	vec_fini(&d->function_offs);
	vec_fini(&d->location_offs);
	struct ids *all[] = {&d->mappings, &d->functions, &d->locations};
	for (size_t i = 0; i < countof(all); i++) {
		free(all[i]->dense);
		map_free(all[i]->sparse);
	}
}

struct err *proto_read(struct view v, struct inflated *owned, struct pprof *p)
{
	cleanup(proto_fini) struct proto d = {.p = p, .v = v, .owned = owned};
	struct err *err;
	if ((err = read_tables(&d)) || (err = resolve_strings(&d)) || (err = resolve_ids(&d)))
		return err;
	return proto_samples(&d);
}

bool proto_starts(struct view v)
{
	struct cur c = cur_of(v.data, v.len);
	struct field f;
	int good = 0;
	while (good < 16 && cur_field(&c, &f)) {
		if (f.number > 15 || (f.wire != WIRE_VARINT && f.wire != WIRE_BYTES))
			return false;
		good++;
	}
	return good >= 2 || (good && (!c.why || c.cut)); // what goes wrong later is told with its place
}
