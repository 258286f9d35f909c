#include "cli/inputs.h"
#include "read/target/target.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>
#include <zstd.h>

enum { PEEK = 512 };

static bool starts(struct view v, const char *text) { return v.len >= strlen(text) && !memcmp(v.data, text, strlen(text)); }

static enum input_kind of_plain(struct view v)
{
	static const char *const texts[] = {"goroutine ", "goroutine profile:", "heap profile:", "threadcreate profile:", "--- ", "goroutineleak profile:"};
	Elf64_Ehdr eh;
	if (starts(v, ELFMAG) && v.len >= sizeof(eh)) {
		memcpy(&eh, v.data, sizeof(eh));
		return eh.e_type == ET_CORE ? INPUT_CORE : INPUT_BINARY;
	}
	if (starts(v, "go 1.") && v.len >= 16 && memmem(v.data, 16, " trace", 6))
		return INPUT_TRACE;
	for (size_t i = 0; i < countof(texts); i++)
		if (starts(v, texts[i]))
			return INPUT_TEXT;
	// profile.proto begins with one of its fields: 1 to 14, length-delimited or varint.
	if (v.len >= 2 && (v.data[0] & 7) % 2 == 0 && v.data[0] >> 3 >= 1 && v.data[0] >> 3 <= 14 && (v.data[0] & 7) <= 2)
		return INPUT_PROFILE;
	return INPUT_UNKNOWN;
}

// The first bytes behind the compression.
static enum input_kind of_gzip(struct view v)
{
	uint8_t out[PEEK];
	z_stream z = {0};
	if (inflateInit2(&z, 16 + MAX_WBITS) != Z_OK)
		return INPUT_UNKNOWN;
	z.next_in = (uint8_t *)(uintptr_t)v.data;
	z.avail_in = v.len > 65536 ? 65536 : (unsigned)v.len;
	z.next_out = out;
	z.avail_out = sizeof(out);
	int r = inflate(&z, Z_SYNC_FLUSH);
	size_t n = sizeof(out) - z.avail_out;
	inflateEnd(&z);
	return r == Z_OK || r == Z_STREAM_END || r == Z_BUF_ERROR ? of_plain((struct view){out, n, v.source}) : INPUT_UNKNOWN;
}

static enum input_kind of_zstd(struct view v)
{
	uint8_t out[PEEK];
	ZSTD_DStream *z = ZSTD_createDStream();
	ZSTD_inBuffer in = {v.data, v.len > 1 << 18 ? 1 << 18 : v.len, 0};
	ZSTD_outBuffer to = {out, sizeof(out), 0};
	size_t r = z ? ZSTD_decompressStream(z, &to, &in) : 1;
	ZSTD_freeDStream(z);
	return !z || ZSTD_isError(r) ? INPUT_UNKNOWN : of_plain((struct view){out, to.pos, v.source});
}

enum input_kind input_kind_of_bytes(struct view v)
{
	if (starts(v, "\x1f\x8b"))
		return of_gzip(v);
	if (starts(v, "\x28\xb5\x2f\xfd"))
		return of_zstd(v);
	return of_plain(v);
}

struct err *input_kind_of(const char *word, enum input_kind *ret)
{
	size_t digits = strspn(word, "0123456789");
	struct stat st;
	if (strstr(word, "://")) {
		*ret = INPUT_URL;
		return NULL;
	}
	if (strcmp(word, "-") && stat(word, &st)) {
		if (digits && !word[digits]) {
			*ret = INPUT_PID;
			return NULL;
		}
		return err_os(errno, "%s", word);
	}
	if (strcmp(word, "-") && S_ISDIR(st.st_mode)) {
		*ret = INPUT_DIRECTORY;
		return NULL;
	}
	cleanup(file_closep) struct file *f = NULL;
	struct err *err = file_open(word, &f);
	if (!err)
		*ret = input_kind_of_bytes(file_view(f));
	return err;
}

const char *input_kind_name(enum input_kind kind)
{
	static const char *const names[] = {"a process", "a URL", "a directory", "a core", "an executable", "an execution trace",
					    "a profile", "a text profile or dump", "nothing this program knows"};
	return names[kind];
}
