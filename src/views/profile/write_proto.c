// A profile as profile.proto in gzip: what whyheap reads, and go tool pprof with the same figures. Ids are rows + 1.
#include "views/profile/graph.h"

#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>

static void put_varint(struct strbuf *b, uint64_t x)
{
	char out[10];
	size_t n = 0;
	for (; x >= 0x80; x >>= 7)
		out[n++] = (char)(x | 0x80);
	out[n++] = (char)x;
	strbuf_put(b, out, n);
}

// Zero is not written: it is what a missing field means.
static void put_number(struct strbuf *b, unsigned field, uint64_t x)
{
	if (!x)
		return;
	put_varint(b, field << 3);
	put_varint(b, x);
}

static void put_bytes(struct strbuf *b, unsigned field, const void *data, size_t len)
{
	put_varint(b, field << 3 | 2);
	put_varint(b, len);
	strbuf_put(b, data, len);
}

static void put_message(struct strbuf *b, unsigned field, struct strbuf *m)
{
	put_bytes(b, field, strbuf_str(m), m->len);
	b->failed |= m->failed;
	m->len = 0;
}

static void put_type(struct strbuf *b, unsigned field, struct pprof_value_type t, struct strbuf *m)
{
	put_number(m, 1, t.type);
	put_number(m, 2, t.unit);
	put_message(b, field, m);
}

static void put_samples(const struct pprof *p, struct strbuf *out, struct strbuf *m)
{
	cleanup(strbuf_finip) struct strbuf part = {0};
	for (size_t i = 0; i < p->samples && !out->failed; i++) {
		const struct pprof_labels *set = &p->labels.at[p->label_set.at[i]];
		for (uint32_t f = 0; f < p->depth.at[i]; f++)
			put_varint(&part, (uint64_t)p->frames.at[p->stack.at[i] + f] + 1);
		put_message(m, 1, &part);
		for (size_t t = 0; t < p->types.len; t++)
			put_varint(&part, (uint64_t)pprof_value(p, i, t));
		put_message(m, 2, &part);
		for (uint32_t l = set->start; l < set->start + set->len; l++) {
			const struct pprof_label *row = &p->label_rows.at[l];
			put_number(&part, 1, row->key);
			put_number(&part, 2, row->str);
			put_number(&part, 3, (uint64_t)row->num);
			put_number(&part, 4, row->unit);
			put_message(m, 3, &part);
		}
		put_message(out, 2, m);
	}
}

static void put_locations(const struct pprof *p, struct strbuf *out, struct strbuf *m)
{
	cleanup(strbuf_finip) struct strbuf part = {0};
	for (size_t i = 0; i < p->locations.len; i++) {
		const struct pprof_location *l = &p->locations.at[i];
		put_number(m, 1, i + 1);
		put_number(m, 2, l->mapping == PPROF_NONE ? 0 : l->mapping + 1ull);
		put_number(m, 3, l->address);
		for (uint32_t j = l->line_start; j < l->line_start + l->lines; j++) {
			put_number(&part, 1, p->lines.at[j].function + 1ull);
			put_number(&part, 2, (uint64_t)p->lines.at[j].line);
			put_number(&part, 3, (uint64_t)p->lines.at[j].column);
			put_message(m, 4, &part);
		}
		put_number(m, 5, l->folded);
		put_message(out, 4, m);
	}
}

static void put_tables(const struct pprof *p, struct strbuf *out, struct strbuf *m)
{
	for (size_t i = 0; i < p->mappings.len; i++) {
		const struct pprof_mapping *map = &p->mappings.at[i];
		const uint64_t fields[] = {i + 1, map->start, map->limit, map->offset, map->file, map->build_id, map->has_functions, map->has_files, map->has_lines, map->has_inlines};
		for (unsigned f = 0; f < countof(fields); f++)
			put_number(m, f + 1, fields[f]);
		put_message(out, 3, m);
	}
	put_locations(p, out, m);
	for (size_t i = 0; i < p->functions.len; i++) {
		const struct pprof_function *f = &p->functions.at[i];
		put_number(m, 1, i + 1);
		put_number(m, 2, f->name);
		put_number(m, 3, f->system_name);
		put_number(m, 4, f->file);
		put_number(m, 5, (uint64_t)f->start_line);
		put_message(out, 5, m);
	}
	for (uint32_t i = 0; i < interner_len(p->strings); i++) {
		size_t len;
		const char *s = interner_str(p->strings, i, &len);
		put_bytes(out, 6, s, len);
	}
}

static void put_profile(const struct pprof *p, struct strbuf *out)
{
	cleanup(strbuf_finip) struct strbuf m = {0};
	for (size_t i = 0; i < p->types.len; i++)
		put_type(out, 1, p->types.at[i], &m);
	put_samples(p, out, &m);
	put_tables(p, out, &m);
	put_number(out, 7, p->drop_frames);
	put_number(out, 8, p->keep_frames);
	put_number(out, 9, (uint64_t)p->time_ns);
	put_number(out, 10, (uint64_t)p->duration_ns);
	put_type(out, 11, p->period_type, &m);
	put_number(out, 12, (uint64_t)p->period);
	for (size_t i = 0; i < p->comments.len; i++)
		put_number(out, 13, p->comments.at[i]);
	put_number(out, 14, p->default_type);
	put_number(out, 15, p->doc_url);
}

struct err *profile_write_proto(const struct pprof *p, struct strbuf *out)
{
	cleanup(strbuf_finip) struct strbuf plain = {0};
	put_profile(p, &plain);
	struct err *err = strbuf_check(&plain);
	if (err)
		return err;
	struct libdeflate_compressor *c = libdeflate_alloc_compressor(6);
	size_t most = c ? libdeflate_gzip_compress_bound(c, plain.len) : 0;
	char *packed = c ? malloc(most) : NULL;
	size_t len = packed ? libdeflate_gzip_compress(c, strbuf_str(&plain), plain.len, packed, most) : 0;
	if (len)
		strbuf_put(out, packed, len);
	free(packed);
	libdeflate_free_compressor(c);
	return len ? strbuf_check(out) : &err_nomem;
}
