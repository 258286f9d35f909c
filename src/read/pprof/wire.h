// Protobuf's wire form under a bounded cursor. Nothing here reads at or past `end`; what fails leaves its reason.
#pragma once
#include "base/view.h"

struct cur {
	const uint8_t *p, *end;
	const char *why; // set once something failed: a sentence without place
	bool cut;        // it failed because the bytes end
};

enum wire { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 };

// One field: its number and kind, and what it holds: x of a number, [data, data + len) of bytes.
struct field { uint32_t number; enum wire wire; uint64_t x; const uint8_t *data; size_t len; };

bool cur_varint_slow(struct cur *c, uint64_t *ret);
bool cur_field(struct cur *c, struct field *ret); // false: at the end, or failed (c->why)

static inline bool cur_varint(struct cur *c, uint64_t *ret)
{
	const uint8_t *p = c->p;
	if (c->end - p >= 3) {
		if (p[0] < 0x80) {
			*ret = p[0];
			c->p = p + 1;
			return true;
		}
		if (p[1] < 0x80) {
			*ret = (p[0] & 0x7fu) | (uint64_t)p[1] << 7;
			c->p = p + 2;
			return true;
		}
		if (p[2] < 0x80) {
			*ret = (p[0] & 0x7fu) | (p[1] & 0x7fu) << 7 | (uint64_t)p[2] << 14;
			c->p = p + 3;
			return true;
		}
	}
	return cur_varint_slow(c, ret);
}

static inline struct cur cur_of(const uint8_t *data, size_t len) { return (struct cur){data, data + len, NULL, false}; }
