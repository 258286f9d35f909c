// gzip around a profile: members one after the other (RFC 1952), inflated whole by libdeflate into pages of our own.
// The length in the trailer is a hint, never believed: deflate cannot grow more than 1032 times.
#include "read/pprof/forms.h"

#include <libdeflate.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

enum { GROWTH_MAX = 1032, PAGE = 4096 };

bool gzip_starts(struct view v) { return v.len >= 2 && v.data[0] == 0x1f && v.data[1] == 0x8b; }

bool gzip_head(struct view v, uint8_t *to, size_t cap, size_t *ret_len)
{
	z_stream z = {.avail_in = (uInt)min_u64(v.len, 1 << 16), .next_out = to, .avail_out = (uInt)cap};
	uint8_t in[1 << 16]; // zlib wants a pointer it may call its own
	memcpy(in, v.data, z.avail_in);
	z.next_in = in;
	if (inflateInit2(&z, 15 + 16) != Z_OK)
		return false;
	int rc = inflate(&z, Z_SYNC_FLUSH);
	*ret_len = cap - z.avail_out;
	inflateEnd(&z);
	return rc == Z_OK || rc == Z_STREAM_END || rc == Z_BUF_ERROR;
}

static struct err *grow(struct inflated *f, size_t cap, uint64_t max, const char *source)
{
	if (f->cap >= max)
		return err_new(ERR_LIMIT, "%s: inflates to more than %llu bytes, the most that is read", source, (unsigned long long)max);
	cap = (min_u64(cap, max) + PAGE - 1) & ~(size_t)(PAGE - 1);
	void *at = f->data ? mremap(f->data, f->cap, cap, MREMAP_MAYMOVE)
			   : mmap(NULL, cap, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (at == MAP_FAILED)
		return &err_nomem;
	madvise(at, cap, MADV_HUGEPAGE); // a quarter of the time would be page faults
	f->data = at;
	f->cap = cap;
	return NULL;
}

static size_t first_guess(struct view v)
{
	uint32_t isize = 0;
	memcpy(&isize, v.data + v.len - 4, 4);
	uint64_t most = (uint64_t)v.len * GROWTH_MAX;
	return isize && isize <= most ? isize : v.len * 4;
}

static struct err *inflate_members(struct libdeflate_decompressor *d, struct view v, uint64_t max, struct inflated *f)
{
	struct err *err;
	for (size_t at = 0; at < v.len; ) {
		size_t took = 0, made = 0;
		enum libdeflate_result rc = libdeflate_gzip_decompress_ex(d, v.data + at, v.len - at, f->data + f->len, min_u64(f->cap, max) - f->len, &took, &made);
		switch (rc) {
		case LIBDEFLATE_SUCCESS:
			at += took;
			f->len += made;
			break;
		case LIBDEFLATE_INSUFFICIENT_SPACE:
			if ((err = grow(f, f->cap * 2, max, v.source)))
				return err;
			break;
		case LIBDEFLATE_BAD_DATA:
		case LIBDEFLATE_SHORT_OUTPUT:
			return err_input(v.source, at, at ? "gzip: what follows the first member is damaged or cut off" : "gzip data is damaged or cut off");
		}
	}
	return NULL;
}

struct err *gzip_inflate(struct view v, uint64_t max, struct inflated *ret)
{
	if (v.len < 18)
		return err_input(v.source, v.len, "truncated: gzip needs 18 bytes at least, there are %zu", v.len);
	cleanup(inflated_fini) struct inflated f = {0};
	struct err *err = grow(&f, first_guess(v), max, v.source);
	if (err)
		return err;
	struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
	if (!d)
		return &err_nomem;
	err = inflate_members(d, v, max, &f);
	libdeflate_free_decompressor(d);
	if (!err) {
		*ret = f;
		f = (struct inflated){0};
	}
	return err;
}

void inflated_release(struct inflated *f, size_t until)
{
	until &= ~(size_t)(PAGE - 1);
	if (until > f->released)
		madvise(f->data + f->released, until - f->released, MADV_DONTNEED);
	f->released = max_u64(f->released, until);
}

void inflated_fini(struct inflated *f)
{
	if (f->data)
		munmap(f->data, f->cap);
}
