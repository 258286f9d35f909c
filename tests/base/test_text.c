#include "base/fmt.h"
#include "base/strbuf.h"
#include "base/view.h"
#include "test.h"

TEST(sizes_have_three_digits)
{
	static const struct { double bytes; const char *want; } rows[] = {
		{0, "0 B"}, {999, "999 B"}, {1000, "0.98 KiB"}, {1536, "1.50 KiB"}, {12.34 * 1024, "12.3 KiB"},
		{123456, "121 KiB"}, {5e9, "4.66 GiB"}, {-2048, "-2.00 KiB"},
	};
	char out[FMT_MAX];
	for (size_t i = 0; i < countof(rows); i++)
		CHECK(!strcmp(fmt_bytes(out, rows[i].bytes), rows[i].want), "%s, not %s", out, rows[i].want);
}

TEST(durations_and_counts_read_well)
{
	char out[FMT_MAX];
	CHECK(!strcmp(fmt_seconds(out, 0.85), "850 ms"), "%s", out);
	CHECK(!strcmp(fmt_seconds(out, 250), "4 min 10 s"), "%s", out);
	CHECK(!strcmp(fmt_seconds(out, 12000), "3 h 20 min"), "%s", out);
	CHECK(!strcmp(fmt_count(out, 1234567), "1,234,567"), "%s", out);
	CHECK(!strcmp(fmt_instant(out, 1700000000123456789), "2023-11-14T22:13:20.123Z"), "%s", out);
}

TEST(a_varint_is_read_or_refused_with_its_offset)
{
	static const struct { uint8_t b[12]; size_t len; uint64_t want; const char *msg; } rows[] = {
		{{0x00}, 1, 0, NULL}, {{0xac, 0x02}, 2, 300, NULL},
		{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}, 10, UINT64_MAX, NULL},
		{{0x80}, 1, 0, "t+0x0: truncated"}, {{0}, 0, 0, "t+0x0: truncated"},
		{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02}, 10, 0, "longer than 64 bits"},
	};
	for (size_t i = 0; i < countof(rows); i++) {
		uint64_t off = 0, x = 0;
		cleanup(err_freep) struct err *err = view_uvarint((struct view){rows[i].b, rows[i].len, "t"}, &off, &x);
		CHECK(!err == !rows[i].msg, "row %zu", i);
		CHECK(err ? strstr(err_message(err), rows[i].msg) != NULL : x == rows[i].want && off == rows[i].len, "row %zu", i);
	}
}

TEST(a_string_grows)
{
	cleanup(strbuf_finip) struct strbuf b = {0};
	for (int i = 0; i < 1000; i++)
		strbuf_printf(&b, "%d,", i);
	CHECK(b.len == 3890 && !b.failed && !strncmp(strbuf_str(&b), "0,1,2,", 6));
}
