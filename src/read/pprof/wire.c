#include "read/pprof/wire.h"

bool cur_varint_slow(struct cur *c, uint64_t *ret)
{
	uint64_t x = 0;
	for (unsigned i = 0; i < 10; i++) {
		if (c->p + i >= c->end) {
			c->cut = true;
			c->why = "truncated inside a varint";
			return false;
		}
		uint8_t b = c->p[i];
		if (i == 9 && b > 1)
			break;
		x |= (uint64_t)(b & 0x7f) << (7 * i);
		if (b < 0x80) {
			c->p += i + 1;
			*ret = x;
			return true;
		}
	}
	c->why = "varint is longer than 64 bits";
	return false;
}

static bool cur_fixed(struct cur *c, size_t len, uint64_t *ret)
{
	if ((size_t)(c->end - c->p) < len) {
		c->cut = true;
		c->why = "truncated inside a fixed-size number";
		return false;
	}
	uint64_t x = 0;
	memcpy(&x, c->p, len);
	c->p += len;
	*ret = x;
	return true;
}

bool cur_field(struct cur *c, struct field *ret)
{
	uint64_t tag, n;
	if (c->p >= c->end || !cur_varint(c, &tag))
		return false;
	if (tag >> 3 == 0 || tag >> 3 > UINT32_MAX) {
		c->why = "field number 0 or out of range: not a profile";
		return false;
	}
	*ret = (struct field){.number = (uint32_t)(tag >> 3), .wire = (enum wire)(tag & 7)};
	switch (tag & 7) {
	case WIRE_VARINT:
		return cur_varint(c, &ret->x);
	case WIRE_64:
		return cur_fixed(c, 8, &ret->x);
	case WIRE_32:
		return cur_fixed(c, 4, &ret->x);
	case WIRE_BYTES:
		if (!cur_varint(c, &n))
			return false;
		if (n > (size_t)(c->end - c->p)) {
			c->cut = true;
			c->why = "truncated: a field is longer than what is left";
			return false;
		}
		ret->data = c->p;
		ret->len = (size_t)n;
		c->p += n;
		return true;
	}
	c->why = "unknown wire type";
	return false;
}
