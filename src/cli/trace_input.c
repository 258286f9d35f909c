#include "cli/trace_input.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

enum { CHUNK = 1 << 18 };
static const uint64_t unpacked_max = 32ull << 30;

// What is unpacked goes to a file without a name and is mapped: memory stays free for others.
struct sink {
	FILE *f;
	uint64_t len;
	const char *name;
};

static struct err *sink_put(struct sink *s, const void *bytes, size_t len)
{
	s->len += len;
	if (s->len > unpacked_max)
		return err_new(ERR_LIMIT, "%s: unpacks to more than %llu bytes", s->name, (unsigned long long)unpacked_max);
	if (len && fwrite(bytes, 1, len, s->f) != len)
		return err_os(errno, "%s: unpacking", s->name);
	return NULL;
}

// What was unpacked before damage is an answer still: the trace then is cut.
static struct err *gunzip(struct view v, struct sink *s, uint8_t *buf)
{
	z_stream z = {0};
	struct err *err = NULL;
	int r = inflateInit2(&z, 16 + MAX_WBITS);
	for (uint64_t off = 0; r == Z_OK && !err;) {
		if (!z.avail_in) {
			z.next_in = (uint8_t *)(uintptr_t)v.data + off;
			z.avail_in = (unsigned)min_u64(v.len - off, 1u << 30);
			off += z.avail_in;
		}
		unsigned before = z.avail_in;
		z.next_out = buf;
		z.avail_out = CHUNK;
		r = inflate(&z, Z_NO_FLUSH);
		err = sink_put(s, buf, CHUNK - z.avail_out);
		if (r == Z_STREAM_END && z.avail_in)
			r = inflateReset(&z);
		else if (r == Z_BUF_ERROR || (r == Z_OK && !before && z.avail_out == CHUNK))
			break;
	}
	inflateEnd(&z);
	return err;
}

static struct err *unzstd(struct view v, struct sink *s, uint8_t *buf)
{
	ZSTD_DStream *z = ZSTD_createDStream();
	ZSTD_inBuffer in = {v.data, v.len, 0};
	struct err *err = z ? NULL : &err_nomem;
	while (!err && in.pos < in.size) {
		ZSTD_outBuffer out = {buf, CHUNK, 0};
		if (ZSTD_isError(ZSTD_decompressStream(z, &out, &in)))
			break;
		err = sink_put(s, buf, out.pos);
	}
	ZSTD_freeDStream(z);
	return err;
}

static struct err *unpack(struct view *v, struct trace_input *in)
{
	bool gz = v->len > 2 && v->data[0] == 0x1f && v->data[1] == 0x8b;
	bool zst = v->len > 4 && v->data[0] == 0x28 && v->data[1] == 0xb5 && v->data[2] == 0x2f && v->data[3] == 0xfd;
	if (!gz && !zst)
		return NULL;
	struct sink s = {tmpfile(), 0, v->source};
	uint8_t *buf = malloc(CHUNK);
	struct err *err = !buf ? &err_nomem : !s.f ? err_os(errno, "%s: a temporary file to unpack it to", v->source) : NULL;
	if (!err)
		err = gz ? gunzip(*v, &s, buf) : unzstd(*v, &s, buf);
	if (!err && fflush(s.f))
		err = err_os(errno, "%s: unpacking", v->source);
	if (!err && !s.len)
		err = err_input(v->source, 0, "cannot be unpacked");
	if (!err) {
		in->unpacked = mmap(NULL, s.len, PROT_READ, MAP_PRIVATE, fileno(s.f), 0);
		in->unpacked_len = s.len;
		if (in->unpacked == MAP_FAILED) {
			in->unpacked = NULL;
			err = err_os(errno, "%s: mapping what was unpacked", v->source);
		} else {
			*v = (struct view){in->unpacked, s.len, v->source};
		}
	}
	if (s.f)
		fclose(s.f);
	free(buf);
	return err;
}

struct err *trace_input_open(const char *path, struct trace_input *ret)
{
	struct stat st;
	*ret = (struct trace_input){0};
	struct err *err = file_open(path, &ret->file);
	if (err)
		return err;
	if (!stat(path, &st) && S_ISREG(st.st_mode))
		ret->modified = (instant_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
	struct view v = file_view(ret->file);
	if ((err = unpack(&v, ret)))
		return err;
	if (v.len > 16 << 20)
		madvise((void *)(uintptr_t)((uintptr_t)v.data & ~(uintptr_t)4095), v.len, MADV_SEQUENTIAL);
	return trace_open(v, NULL, &ret->trace);
}

void trace_input_fini(struct trace_input *in)
{
	trace_close(in->trace);
	if (in->unpacked)
		munmap(in->unpacked, in->unpacked_len);
	file_close(in->file);
}

struct align_hints trace_input_hints(const struct trace_input *in)
{
	struct timespec mono, wall;
	clock_gettime(CLOCK_MONOTONIC, &mono);
	clock_gettime(CLOCK_REALTIME, &wall);
	return (struct align_hints){
		.now_monotonic_ns = (int64_t)mono.tv_sec * 1000000000 + mono.tv_nsec,
		.now_wall_ns = (int64_t)wall.tv_sec * 1000000000 + wall.tv_nsec,
		.modified = in->modified,
	};
}
