#include "read/pprof/pprof.h"
#include "read/pprof/wire_writer.h"
#include "test.h"

#include <string.h>

static struct err *read_buf(const struct strbuf *b, struct pprof **ret)
{
	return pprof_read((struct view){(const uint8_t *)strbuf_str(b), b->len, "t"}, 0, ret);
}

TEST(a_small_profile_is_read_whole)
{
	cleanup(strbuf_finip) struct strbuf b = {0};
	cleanup(pprof_freep) struct pprof *p = NULL;
	w_small(&b);
	cleanup(err_freep) struct err *err = read_buf(&b, &p);
	CHECK(!err, "%s", err ? err_message(err) : "");
	if (err)
		return;
	CHECK(p->samples == 1 && p->types.len == 1 && p->depth.at[0] == 2);
	CHECK(pprof_value(p, 0, 0) == 100);
	const struct pprof_location *leaf = &p->locations.at[p->frames.at[0]];
	CHECK(leaf->address == 0x400011 && leaf->lines == 1);
	CHECK(p->lines.at[leaf->line_start].line == 8);
	CHECK(!strcmp(pprof_str(p, p->functions.at[p->lines.at[leaf->line_start].function].name), "main.g"));
	CHECK(p->time_ns == 1700000000000000000);
}

TEST(a_profile_cut_at_any_length_is_an_error_or_whole_and_never_more)
{
	cleanup(strbuf_finip) struct strbuf b = {0};
	size_t good = 0;
	w_small(&b);
	for (size_t len = 0; len < b.len; len++) {
		cleanup(pprof_freep) struct pprof *p = NULL;
		char *exact = malloc(len ? len : 1); // so that one byte too far is seen
		memcpy(exact, b.s, len);
		cleanup(err_freep) struct err *err = pprof_read((struct view){(const uint8_t *)exact, len, "t"}, 0, &p);
		CHECK(!err == !!p, "at %zu", len);
		CHECK(!err || strstr(err_message(err), "t+0x"), "at %zu: %s", len, err_message(err));
		good += !err;
		free(exact);
	}
	CHECK(good <= 2, "%zu", good); // only without the time behind the strings
}

static void with_strings(struct strbuf *b) { w_str(b, 6, ""); w_str(b, 6, "x"); }
static void no_string(struct strbuf *b) { with_strings(b); W_MESSAGE(b, 1, {1, 9}); }
static void first_string(struct strbuf *b) { w_str(b, 6, "x"); }
static void no_function(struct strbuf *b)
{
	with_strings(b);
	cleanup(strbuf_finip) struct strbuf l = {0};
	w_int(&l, 1, 5);
	W_MESSAGE(&l, 4, {1, 77});
	w_bytes(b, 4, strbuf_str(&l), l.len);
}
static void no_location(struct strbuf *b) { with_strings(b); W_MESSAGE(b, 1, {1, 1}); W_MESSAGE(b, 2, {1, 3}, {2, 1}); }
static void values(struct strbuf *b) { with_strings(b); W_MESSAGE(b, 1, {1, 1}); W_MESSAGE(b, 2, {2, 1}, {2, 1}); }
static void twice(struct strbuf *b) { with_strings(b); W_MESSAGE(b, 5, {1, 3}); W_MESSAGE(b, 5, {1, 3}); }
static void id_zero(struct strbuf *b) { with_strings(b); W_MESSAGE(b, 5, {2, 1}); }
static void two_times(struct strbuf *b) { with_strings(b); w_int(b, 9, 5); w_int(b, 9, 5); }
static void far_id(struct strbuf *b) { with_strings(b); W_MESSAGE(b, 1, {1, 1}); W_MESSAGE(b, 2, {1, 1ull << 63}, {2, 1}); }
static void long_varint(struct strbuf *b) { with_strings(b); strbuf_put(b, "\x48\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 11); }
static void huge_string(struct strbuf *b) { with_strings(b); strbuf_put(b, "\x32\xff\xff\xff\xff\x0f", 6); }
static void wire_type(struct strbuf *b) { with_strings(b); w_int(b, 4, 1); }

TEST(what_is_wrong_is_refused_with_its_reason)
{
	static const struct { void (*make)(struct strbuf *); const char *says; } rows[] = {
		{no_string, "string 9 wanted, the table has 2"},
		{first_string, "the first string of the table must be empty"},
		{no_function, "location 5 has a line in function 77, which is not there"},
		{no_location, "a sample has location 3, which is not there"},
		{far_id, "a sample has location 9223372036854775808, which is not there"},
		{values, "a sample has 2 values, the profile has 1 value types"},
		{twice, "two functions have the id 3"},
		{id_zero, "a function has id 0"},
		{two_times, "two profiles one behind the other"},
		{long_varint, "varint is longer than 64 bits"},
		{huge_string, "a field is longer than what is left"},
		{wire_type, "a field has the wrong kind"},
	};
	for (size_t i = 0; i < countof(rows); i++) {
		cleanup(strbuf_finip) struct strbuf b = {0};
		cleanup(pprof_freep) struct pprof *p = NULL;
		rows[i].make(&b);
		cleanup(err_freep) struct err *err = read_buf(&b, &p);
		CHECK(err && strstr(err_message(err), rows[i].says), "row %zu: %s", i, err ? err_message(err) : "accepted");
		CHECK(!err || strstr(err_message(err), "t+0x"), "row %zu", i);
	}
}

TEST(merging_a_profile_with_its_negative_leaves_nothing)
{
	cleanup(strbuf_finip) struct strbuf b = {0};
	cleanup(pprof_freep) struct pprof *sum = NULL, *p = NULL, *q = NULL;
	double minus = -1;
	w_small(&b);
	cleanup(err_freep) struct err *err = pprof_new(&sum);
	if (!err)
		err = read_buf(&b, &p);
	if (!err)
		err = read_buf(&b, &q);
	if (!err)
		err = pprof_merge(sum, p);
	CHECK(!err && sum->samples == 1 && sum->locations.len == 2);
	pprof_scale(q, &minus);
	if (!err)
		err = pprof_merge(sum, q);
	CHECK(!err && sum->samples == 1 && pprof_value(sum, 0, 0) == 0);
	pprof_drop_zero(sum);
	CHECK(sum->samples == 0);
}
