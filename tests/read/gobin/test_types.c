// Type descriptors: by address, the listed ones, by name.
#include "read/gobin/gobin.h"
#include "test.h"

#include "fixture.h"

static struct gobin *must_open(struct fix *f, struct fix_options o)
{
	fix_make(f, o);
	struct gobin *g = NULL;
	struct err *err = gobin_open((struct view){f->bytes, FIX_BYTES, "shop"}, &g);
	CHECK(!err, "%s", err ? err_message(err) : "");
	err_free(err);
	return g;
}

static bool count_type(void *ctx, addr_t type)
{
	struct { size_t n, stop; uint32_t first; } *c = ctx;
	if (!c->n++)
		c->first = (uint32_t)(type - FIX_RO_SEG - FIX_TYPES);
	return c->n != c->stop;
}

TEST(descriptors_of_every_kind)
{
	for (int minor = 25; minor <= 27; minor++) {
		cleanup(fix_freep) struct fix f;
		cleanup(gobin_closep) struct gobin *g = must_open(&f, (struct fix_options){.minor = minor});
		const struct { uint32_t at; const char *name; enum gobin_kind kind; uint64_t size, ptr_bytes; uint32_t elem, key; bool direct; } rows[] = {
			{f.t_int, "int", GOBIN_INT, 8, 0, 0, 0, false},
			{f.t_string, "string", GOBIN_STRING, 16, 8, 0, 0, false},
			{f.t_node, "tree.Node", GOBIN_STRUCT, 40, 40, 0, 0, false},
			{f.t_ptr, "*tree.Node", GOBIN_POINTER, 8, 8, f.t_node, 0, true},
			{f.t_map, "map[string]int", GOBIN_MAP, 8, 8, f.t_int, f.t_string, true},
			{f.t_slice, "[]tree.Node", GOBIN_SLICE, 24, 8, f.t_node, 0, false},
			{f.t_array, "[5]int", GOBIN_ARRAY, 40, 0, f.t_int, 0, false},
			{f.t_chan, "chan int", GOBIN_CHAN, 8, 8, f.t_int, 0, true},
			{f.t_func, "func(int, ...string) tree.Node", GOBIN_FUNC, 8, 8, 0, 0, false},
			{f.t_iface, "interface {}", GOBIN_INTERFACE, 16, 16, 0, 0, false},
		};
		for (size_t i = 0; i < countof(rows); i++) {
			struct gobin_type t;
			struct err *err = gobin_type_at(g, fix_type_addr(rows[i].at), &t);
			CHECK(!err, "%s", err ? err_message(err) : "");
			if (err) {
				err_free(err);
				continue;
			}
			CHECK(!strcmp(t.name, rows[i].name) && t.kind == rows[i].kind && t.size == rows[i].size && t.ptr_bytes == rows[i].ptr_bytes,
			      "%d %s: %s", minor, rows[i].name, t.name);
			CHECK(t.elem == (rows[i].elem ? fix_type_addr(rows[i].elem) : 0) && t.key == (rows[i].key ? fix_type_addr(rows[i].key) : 0), "%s", t.name);
			CHECK(t.direct_iface == rows[i].direct && t.len == (t.kind == GOBIN_ARRAY ? 5u : 0), "%d %s", minor, t.name);
		}
	}
}

TEST(fields_of_a_struct)
{
	cleanup(fix_freep) struct fix f;
	cleanup(gobin_closep) struct gobin *g = must_open(&f, (struct fix_options){.minor = 27});
	struct gobin_type t;
	struct gobin_field field;
	struct err *err = gobin_type_at(g, fix_type_addr(f.t_node), &t);
	CHECK(!err && t.n_fields == 3);
	err_free(err);
	static const char *const names[] = {"next", "count", "Named"};
	for (uint32_t i = 0; i < 3; i++) {
		err = gobin_type_field(g, &t, i, &field);
		CHECK(!err && !strcmp(field.name, names[i]) && field.off == 8 * i);
		err_free(err);
	}
	CHECK(field.type == fix_type_addr(f.t_string));
	err = gobin_type_field(g, &t, 3, &field);
	CHECK(err && strstr(err_message(err), "no field 3 of 3"));
	err_free(err);
}

TEST(the_listed_types_by_links_and_by_the_walk)
{
	for (int minor = 25; minor <= 27; minor++) {
		cleanup(fix_freep) struct fix f;
		cleanup(gobin_closep) struct gobin *g = must_open(&f, (struct fix_options){.minor = minor, .pie = minor == 26});
		struct { size_t n, stop; uint32_t first; } c = {0};
		struct err *err = gobin_types(g, count_type, &c);
		CHECK(!err && c.n == f.n_links && c.first == f.t_int, "%d: %zu of %zu", minor, c.n, f.n_links);
		err_free(err);
		c.n = 0;
		c.stop = 4;
		err = gobin_types(g, count_type, &c);
		CHECK(!err && c.n == 4);
		err_free(err);
	}
}

TEST(the_walk_finds_out_how_long_a_map_type_is)
{
	cleanup(fix_freep) struct fix f;
	cleanup(gobin_closep) struct gobin *g = must_open(&f, (struct fix_options){.minor = 27});
	uint8_t *map = fix_ro(&f, FIX_TYPES + f.t_map); // a release whose map type has 16 bytes more
	memmove(map + 152, map + 136, f.type_at - f.t_map - 136);
	put_u64(fix_rw(&f, FIX_MD + 304), f.type_at + 16);
	struct gobin *other = NULL;
	struct err *err = gobin_open((struct view){f.bytes, FIX_BYTES, "shop"}, &other);
	struct { size_t n, stop; uint32_t first; } c = {0};
	if (!err)
		err = gobin_types(other, count_type, &c);
	CHECK(!err && c.n == f.n_links, "%s, %zu", err ? err_message(err) : "", c.n);
	err_free(err);
	gobin_close(other);
}

TEST(a_walk_that_does_not_end_where_it_must_is_an_error)
{
	cleanup(fix_freep) struct fix f;
	cleanup(gobin_closep) struct gobin *g = must_open(&f, (struct fix_options){.minor = 27});
	fix_ro(&f, FIX_TYPES + f.t_slice)[23] = 31; // no kind
	struct { size_t n, stop; uint32_t first; } c = {0};
	struct err *err = gobin_types(g, count_type, &c);
	CHECK(err && strstr(err_message(err), "does not end"), "%s", err ? err_message(err) : "");
	err_free(err);
}

TEST(types_by_short_and_by_whole_name)
{
	for (int minor = 25; minor <= 27; minor++) {
		cleanup(fix_freep) struct fix f;
		cleanup(gobin_closep) struct gobin *g = must_open(&f, (struct fix_options){.minor = minor});
		const struct { const char *name; uint32_t at; } rows[] = {
			{"int", f.t_int}, {"tree.Node", f.t_node}, {"example/tree.Node", f.t_node}, {"*tree.Node", f.t_ptr},
			{"[]tree.Node", f.t_slice}, {"map[string]int", f.t_map}, {"struct {}", f.t_table}, {"nothing", 0}, {"tree.Nod", 0},
		};
		for (size_t i = 0; i < countof(rows); i++) {
			addr_t addr = 0;
			bool there = gobin_type_named(g, rows[i].name, &addr);
			CHECK(there == !!rows[i].at && (!there || addr == fix_type_addr(rows[i].at)), "%d %s", minor, rows[i].name);
		}
	}
}

TEST(types_are_reached_through_others)
{
	cleanup(fix_freep) struct fix f;
	fix_make(&f, (struct fix_options){.minor = 26});
	f.n_links = 0; // only the func type is listed: everything it reaches is found
	put_u32(fix_ro(&f, FIX_LINKS), f.t_func);
	put_u64(fix_rw(&f, FIX_MD + 360 + 8), 1);
	put_u64(fix_rw(&f, FIX_MD + 360 + 16), 1);
	struct gobin *g = NULL;
	struct err *err = gobin_open((struct view){f.bytes, FIX_BYTES, "shop"}, &g);
	CHECK(!err);
	err_free(err);
	addr_t addr;
	CHECK(gobin_type_named(g, "tree.Node", &addr) && gobin_type_named(g, "*tree.Node", &addr) && gobin_type_named(g, "string", &addr));
	CHECK(!gobin_type_named(g, "chan int", &addr));
	gobin_close(g);
}

TEST(what_is_no_descriptor_is_refused)
{
	cleanup(fix_freep) struct fix f;
	cleanup(gobin_closep) struct gobin *g = must_open(&f, (struct fix_options){.minor = 27});
	const addr_t rows[] = {0, FIX_TEXT, FIX_RO_SEG + FIX_TYPES - 8, fix_type_addr(f.t_int) + 4, fix_type_addr(f.t_int) + 8,
			       FIX_RO_SEG + FIX_ITABS, FIX_RO_SEG + FIX_ETYPES, UINT64_MAX - 7};
	for (size_t i = 0; i < countof(rows); i++) {
		struct gobin_type t;
		struct err *err = gobin_type_at(g, rows[i], &t);
		CHECK(err && err_kind(err) == ERR_INPUT, "row %zu", i);
		err_free(err);
	}
	struct gobin_type t;
	put_u32(fix_ro(&f, FIX_TYPES + f.t_int + 40), 0x7fffffff); // a name outside
	struct err *err = gobin_type_at(g, fix_type_addr(f.t_int), &t);
	CHECK(err);
	err_free(err);
	put_u64(fix_ro(&f, FIX_TYPES + f.t_string + 8), 17); // more bytes with pointers than bytes
	err = gobin_type_at(g, fix_type_addr(f.t_string), &t);
	CHECK(err);
	err_free(err);
}
