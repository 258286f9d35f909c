// Numbers on the wire: unsigned LEB128, padded forms included. A cursor never passes its end.
#pragma once
#include "read/trace/trace.h"

struct wire {
	const uint8_t *p, *end;
};

// False: cut, or longer than 64 bits; the cursor then stands anywhere up to its end.
static inline bool wire_uv(struct wire *w, uint64_t *ret)
{
	uint64_t x = 0;
	for (unsigned shift = 0; w->p < w->end && shift < 70; shift += 7) {
		uint8_t b = *w->p++;
		if (shift == 63 && b > 1)
			return false;
		x |= (uint64_t)(b & 0x7f) << shift;
		if (b < 0x80) {
			*ret = x;
			return true;
		}
	}
	return false;
}

static inline bool wire_u8(struct wire *w, uint8_t *ret)
{
	if (w->p == w->end)
		return false;
	*ret = *w->p++;
	return true;
}

// The same without asking for the end, where the caller has made sure of 10 bytes a number. Most are one byte.
enum { WIRE_UV_MAX = 10 };
static inline const uint8_t *wire_uv_fast(const uint8_t *p, uint64_t *ret, bool *bad)
{
	uint64_t b = *p++;
	if (__builtin_expect(b < 0x80, 1)) {
		*ret = b;
		return p;
	}
	uint64_t x = b & 0x7f;
	for (unsigned shift = 7; shift < 70; shift += 7) {
		b = *p++;
		x |= (b & 0x7f) << (shift & 63);
		if (b < 0x80) {
			*bad |= shift == 63 && b > 1;
			*ret = x;
			return p;
		}
	}
	*bad = true;
	*ret = 0;
	return p;
}

// Times are differences in ticks of the file's clock, each made nanoseconds by itself (as Go's reader does it).
struct wire_clock {
	double ns_per_tick;
	bool exact64; // a tick is 64 ns exactly: every system but Windows
};

static inline struct wire_clock wire_clock(uint64_t hz)
{
	double ns = hz ? 1e9 / (double)hz : 0;
	return (struct wire_clock){ns, ns == 64.0};
}

static inline int64_t wire_ns(struct wire_clock c, uint64_t ticks)
{
	if (__builtin_expect(c.exact64, 1))
		return (int64_t)(ticks << 6);
	double ns = (double)ticks * c.ns_per_tick;
	return ns < 9.2e18 ? (int64_t)ns : INT64_MAX;
}

// Hostile times may be anything: sums wrap, they are never undefined.
static inline int64_t wire_add(int64_t a, int64_t b) { return (int64_t)((uint64_t)a + (uint64_t)b); }

// The latest time that is believed (146 years): what is given out can be added and subtracted.
#define WIRE_NS_MAX (INT64_C(1) << 62)
// After `last`, at `t` where that is possible.
static inline int64_t wire_after(int64_t last, int64_t t) { return t > last && t < WIRE_NS_MAX ? t : last + 1; }
