// A borrowed run of bytes that remembers what it is called, so that a reader's error can say where.
// Every parser reads through view_*: there is no other pointer arithmetic on input.
#pragma once
#include "base/err.h"

#include <string.h>

struct view {
	const uint8_t *data;
	size_t len;
	const char *source; // "gopclntab", "heap.pb.gz": for messages only, borrowed
};

static inline bool view_has(struct view v, uint64_t off, uint64_t len) { return off <= v.len && v.len - off >= len; }

static inline must_use struct err *view_bytes(struct view v, uint64_t off, void *ret, size_t len)
{
	if (!view_has(v, off, len))
		return err_input(v.source, off, "truncated: %zu bytes wanted, there are %zu in all", len, v.len);
	memcpy(ret, v.data + off, len);
	return NULL;
}

static inline must_use struct err *view_u8(struct view v, uint64_t off, uint8_t *ret) { return view_bytes(v, off, ret, 1); }
static inline must_use struct err *view_u16(struct view v, uint64_t off, uint16_t *ret) { return view_bytes(v, off, ret, 2); }
static inline must_use struct err *view_u32(struct view v, uint64_t off, uint32_t *ret) { return view_bytes(v, off, ret, 4); }
static inline must_use struct err *view_u64(struct view v, uint64_t off, uint64_t *ret) { return view_bytes(v, off, ret, 8); }

// NUL-terminated string that lies wholly inside the view.
static inline must_use struct err *view_cstr(struct view v, uint64_t off, const char **ret)
{
	if (off >= v.len || !memchr(v.data + off, 0, v.len - off))
		return err_input(v.source, off, "string is not terminated inside the input");
	*ret = (const char *)v.data + off;
	return NULL;
}

// [off, off + len) as a view of its own; offsets in its messages count from its start.
static inline must_use struct err *view_sub(struct view v, uint64_t off, uint64_t len, struct view *ret)
{
	if (!view_has(v, off, len))
		return err_input(v.source, off, "truncated: %llu bytes wanted, there are %zu in all", (unsigned long long)len, v.len);
	*ret = (struct view){v.data + off, (size_t)len, v.source};
	return NULL;
}

// Unsigned LEB128 at *off, which moves behind it. At most 10 bytes, the tenth at most 1.
static inline must_use struct err *view_uvarint(struct view v, uint64_t *off, uint64_t *ret)
{
	uint64_t x = 0;
	for (unsigned i = 0; i < 10; i++) {
		if (!view_has(v, *off + i, 1))
			return err_input(v.source, *off, "truncated inside a varint");
		uint8_t b = v.data[*off + i];
		if (i == 9 && b > 1)
			break;
		x |= (uint64_t)(b & 0x7f) << (7 * i);
		if (b < 0x80) {
			*off += i + 1;
			*ret = x;
			return NULL;
		}
	}
	return err_input(v.source, *off, "varint is longer than 64 bits");
}
