// Lays out a profile.proto byte by byte, for tests.
#pragma once
#include "base/strbuf.h"

static inline void w_varint(struct strbuf *b, uint64_t x)
{
	for (; x >= 0x80; x >>= 7)
		strbuf_putc(b, (char)(x | 0x80));
	strbuf_putc(b, (char)x);
}

static inline void w_int(struct strbuf *b, unsigned field, uint64_t x)
{
	w_varint(b, field << 3);
	w_varint(b, x);
}

static inline void w_bytes(struct strbuf *b, unsigned field, const void *data, size_t len)
{
	w_varint(b, field << 3 | 2);
	w_varint(b, len);
	strbuf_put(b, data, len);
}

static inline void w_str(struct strbuf *b, unsigned field, const char *s) { w_bytes(b, field, s, strlen(s)); }

// A message of numbers: pairs of field and value, ended by field 0.
static inline void w_message(struct strbuf *b, unsigned field, const uint64_t (*pairs)[2])
{
	cleanup(strbuf_finip) struct strbuf m = {0};
	for (; (*pairs)[0]; pairs++)
		w_int(&m, (unsigned)(*pairs)[0], (*pairs)[1]);
	w_bytes(b, field, strbuf_str(&m), m.len);
}
#define W_MESSAGE(b, field, ...) w_message((b), (field), (const uint64_t[][2]){__VA_ARGS__, {0, 0}})

// One type "space" "bytes"; f calls g at lib.go:7; strings: "", space, bytes, main.f, main.g, lib.go.
static inline void w_small(struct strbuf *b)
{
	static const char *const strings[] = {"", "space", "bytes", "main.f", "main.g", "lib.go"};
	W_MESSAGE(b, 1, {1, 1}, {2, 2});
	W_MESSAGE(b, 2, {1, 2}, {1, 1}, {2, 100});
	W_MESSAGE(b, 3, {1, 1}, {2, 0x400000}, {3, 0x500000});
	for (unsigned i = 0; i < 2; i++) {
		cleanup(strbuf_finip) struct strbuf l = {0};
		w_int(&l, 1, i + 1);
		w_int(&l, 2, 1);
		w_int(&l, 3, 0x400010 + i);
		W_MESSAGE(&l, 4, {1, i + 1}, {2, 7 + i});
		w_bytes(b, 4, strbuf_str(&l), l.len);
		W_MESSAGE(b, 5, {1, i + 1}, {2, 3 + i}, {3, 3 + i}, {4, 5});
	}
	for (size_t i = 0; i < countof(strings); i++)
		w_str(b, 6, strings[i]);
	w_int(b, 9, 1700000000000000000u);
}
