// Any bytes behind any address: a whole runtime, or none, with words of it changed. Nothing may crash, run on for ever or
// reserve memory for a number made of garbage; what is given must be consistent in itself.
//
// byte 0: release; byte 1: bit 0 a runtime is laid out, bit 1 stripped, bit 2 arm64, bit 3 types describe themselves, bit 4
// DWARF, bit 5 the text is the rest of the input and every function is there; byte 2: how many changes follow,
// {u8 where, u16 offset in words, u64 value} each; the rest lies behind every address that is not mapped.
#include "../tests/read/goruntime/image.c"

#include "read/goruntime/rt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST_READS = 20000, CHANGE = 11, TEXT = 4096 };

static const struct { int minor, patch; const char *experiments; } releases[] = {
	{27, 4, ""}, {26, 11, ""}, {25, 3, "greenteagc"}, {24, 13, ""}, {23, 1, ""}, {22, 12, ""}, {21, 13, ""}, {27, 0, "brandnew"}, {28, 0, ""},
};

// What a change may hit.
static addr_t place(uint8_t where, uint16_t word)
{
	static const addr_t own[] = {AT_ALLP, AT_ALLGS, AT_ALLSPANS, AT_ARENA_LIST, AT_P, AT_MCACHE, AT_MSPAN, AT_BUCKET, AT_G, AT_MARKS};
	if (where < G_COUNT)
		return image_global(where) + word * 8 % GLOBAL_STRIDE;
	return own[(where - G_COUNT) % countof(own)] + word * 8 % 0x8000;
}

static bool check_span(void *ctx, const struct rt_span *s)
{
	(void)ctx;
	if (s->state > 2 || (s->state && s->base % 8192) || s->allocated > s->slots || s->marked_live > s->slots)
		__builtin_trap();
	return true;
}

static void ask(struct rt *rt)
{
	struct rt_memstats m;
	struct rt_poll p;
	struct rt_gc gcs[256];
	struct rt_spans s;
	const struct rt_range *r;
	struct rt_buckets b = {0};
	size_t n = 0;
	for (int i = 0; i < 2; i++) {
		err_free(rt_poll(rt, &p));
		err_free(rt_memstats(rt, &m));
		err_free(rt_buckets(rt, &b));
	}
	for (size_t i = 0; i < b.at.len; i++)
		if (b.at.at[i].n_stack > RT_MAX_STACK)
			__builtin_trap();
	rt_buckets_fini(&b);
	struct err *err = rt_gcs(rt, gcs, &n);
	if (!err && n > 256)
		__builtin_trap();
	err_free(err);
	err = rt_spans(rt, &s);
	if (!err && s.in_use > s.spans)
		__builtin_trap();
	err_free(err);
	err_free(rt_each_span(rt, check_span, NULL));
	err_free(rt_arenas(rt, &r, &n));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 3)
		return 0;
	size_t k = data[0] % countof(releases), at = 3, changes = data[2];
	cleanup(image_freep) struct image *im = image_new(releases[k].minor == 28 ? 27 : releases[k].minor, releases[k].patch, releases[k].experiments);
	im->minor = releases[k].minor;
	im->stripped = data[1] & 2;
	if (data[1] & 1) {
		image_fill(im);
	} else {
		image_map(im, AT_TEXT, TEXT);
		image_map(im, AT_MODULEDATA, 4096);
		image_put(im, AT_MODULEDATA, 0x500000, 8);
		image_put(im, AT_MODULEDATA + 160, AT_TEXT, 8);
		image_put(im, AT_MODULEDATA + 168, AT_ETEXT, 8);
	}
	if (data[1] & 4)
		im->arch = GOBIN_ARM64;
	for (; changes && size - at >= CHANGE; changes--, at += CHANGE) {
		uint16_t word;
		uint64_t value;
		memcpy(&word, data + at + 1, 2);
		memcpy(&value, data + at + 3, 8);
		addr_t a = place(data[at], word);
		size_t have = 0;
		uint8_t *p = find(im, a, &have);
		if (p && have >= 8)
			memcpy(p, &value, 8);
	}
	im->fuzz = data + at;
	im->fuzz_len = size - at;
	im->fail_at = MOST_READS;
	im->described = data[1] & 8;
	im->dwarf = data[1] & 16;
	im->any_function = data[1] & 32;
	for (size_t i = 0; im->any_function && im->fuzz_len && i < TEXT; i++)
		((uint8_t *)image_at(im, AT_TEXT, TEXT))[i] = im->fuzz[i % im->fuzz_len];
	if (im->fuzz_len >= 4 && (data[1] & 8)) // a layout that is not the table's
		im->off[(im->fuzz[0] | im->fuzz[1] << 8) % K_COUNT] += (uint32_t)(im->fuzz[2] | im->fuzz[3] << 8);
	struct rt *rt = NULL;
	struct err *err = rt_attach(image_target(im), image_gobin(im), &rt);
	if (!err)
		ask(rt);
	rt_detach(rt);
	err_free(err);
	return 0;
}
