// Bytes at addresses, behind one call: a live process, a core file, a test's array.
#pragma once
#include "base/err.h"

struct mem_range {
	addr_t addr;
	void *buf;
	size_t len;
	size_t got; // out: bytes read from the start of the range; < len where the rest is not readable
};

struct mem {
	void *ctx;
	// Reads each range as far as it goes and sets `got`. An err only when nothing more can be had at all
	// (process gone, no permission); an unmapped address is a short `got`.
	struct err *(*readv)(void *ctx, struct mem_range *ranges, size_t n);
};

// All of [addr, addr+len) or ERR_GONE with the address.
static inline must_use struct err *mem_read(const struct mem *m, addr_t addr, void *buf, size_t len)
{
	struct mem_range r = {addr, buf, len, 0};
	struct err *err = m->readv(m->ctx, &r, 1);
	if (!err && r.got != len)
		return err_new(ERR_GONE, "address 0x%llx: %zu of %zu bytes can be read", (unsigned long long)addr, r.got, len);
	return err;
}

static inline must_use struct err *mem_u64(const struct mem *m, addr_t addr, uint64_t *ret) { return mem_read(m, addr, ret, 8); }
static inline must_use struct err *mem_u32(const struct mem *m, addr_t addr, uint32_t *ret) { return mem_read(m, addr, ret, 4); }
