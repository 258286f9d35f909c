#include "image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- memory ---------------------------------------------------------------------------------------------------------

void image_map(struct image *im, addr_t addr, size_t len)
{
	assert(im->n_regions < IMAGE_REGIONS);
	im->regions[im->n_regions].addr = addr;
	im->regions[im->n_regions].len = len;
	im->regions[im->n_regions++].bytes = calloc(1, len);
}

static uint8_t *find(struct image *im, addr_t addr, size_t *ret_len)
{
	for (size_t i = 0; i < im->n_regions; i++)
		if (addr - im->regions[i].addr < im->regions[i].len) {
			*ret_len = im->regions[i].len - (addr - im->regions[i].addr);
			return im->regions[i].bytes + (addr - im->regions[i].addr);
		}
	return NULL;
}

void *image_at(struct image *im, addr_t addr, size_t len)
{
	size_t have = 0;
	uint8_t *p = find(im, addr, &have);
	assert(p && have >= len);
	return p;
}

void image_put(struct image *im, addr_t addr, uint64_t value, size_t bytes) { memcpy(image_at(im, addr, bytes), &value, bytes); }

uint64_t image_get(struct image *im, addr_t addr, size_t bytes)
{
	uint64_t v = 0;
	memcpy(&v, image_at(im, addr, bytes), bytes);
	return v;
}

static struct err *readv(void *ctx, struct mem_range *r, size_t n)
{
	struct image *im = ctx;
	if (im->on_read)
		im->on_read(im);
	if (++im->reads == im->fail_at)
		return err_new(ERR_GONE, "the process is gone");
	for (size_t i = 0; i < n; i++) {
		size_t have = 0;
		const uint8_t *p = find(im, r[i].addr, &have);
		r[i].got = p ? (have < r[i].len ? have : r[i].len) : 0;
		if (p) {
			memcpy(r[i].buf, p, r[i].got);
		} else if (im->fuzz_len) { // anything may lie anywhere
			for (size_t k = 0; k < r[i].len; k++)
				((uint8_t *)r[i].buf)[k] = im->fuzz[(r[i].addr + k) % im->fuzz_len];
			r[i].got = r[i].len;
		}
	}
	return NULL;
}

// ---- stand-ins for target and gobin -----------------------------------------------------------------------------------

struct target { struct mem mem; struct target_map map; };
struct gobin { struct gobin_buildinfo bi; struct gobin_moduledata md; struct gobin_segment seg; struct image *im; };

static struct target the_target;
static struct gobin the_gobin;
static struct { const char *name; addr_t entry, end; } functions[8];
static size_t n_functions;

struct target *image_target(struct image *im)
{
	the_target = (struct target){.mem = {im, readv}, .map = {.start = 0x400000, .end = 0x500000, .r = true, .path = "prog"}};
	return &the_target;
}

const struct mem *target_mem(const struct target *t) { return &t->mem; }
const struct target_map *target_maps(const struct target *t, size_t *ret_n) { return *ret_n = 1, &t->map; }

void image_function(const char *name, addr_t entry, addr_t end)
{
	assert(n_functions < countof(functions));
	functions[n_functions].name = name;
	functions[n_functions].entry = entry;
	functions[n_functions++].end = end;
}

struct gobin *image_gobin(struct image *im)
{
	struct gobin *g = &the_gobin;
	*g = (struct gobin){.im = im};
	g->bi = (struct gobin_buildinfo){.go_version = "go1", .experiments = im->experiments, .minor = im->minor, .patch = im->patch};
	g->md = (struct gobin_moduledata){.addr = AT_MODULEDATA, .pc_header = 0x500000, .text = AT_TEXT, .etext = AT_ETEXT,
					  .min_pc = AT_TEXT, .max_pc = AT_ETEXT, .end = AT_GLOBALS + GLOBALS_LEN, .types = AT_TYPES};
	size_t have = 0;
	uint8_t *globals = find(im, AT_GLOBALS, &have);
	g->seg = (struct gobin_segment){AT_GLOBALS, {globals, have < 4096 ? have : 4096, "data"}, true, false};
	return g;
}

const struct gobin_buildinfo *gobin_buildinfo(const struct gobin *g) { return &g->bi; }
enum gobin_arch gobin_arch(const struct gobin *g) { return g->im->arch; }
bool gobin_stripped(const struct gobin *g) { return g->im->stripped; }
bool gobin_has_dwarf(const struct gobin *g) { return g->im->dwarf; }
const struct gobin_moduledata *gobin_moduledata(const struct gobin *g) { return &g->md; }
size_t gobin_segments(const struct gobin *g, const struct gobin_segment **ret) { return *ret = &g->seg, 1; }
size_t gobin_frames(const struct gobin *g, addr_t pc, struct gobin_frame *ret, size_t max) { return (void)ret, !g && pc && max; }

struct err *gobin_read(const struct gobin *g, addr_t addr, void *buf, size_t len)
{
	static const uint8_t name[40] = "\0\7runtime";
	if (addr == AT_TYPES && len <= sizeof(name))
		return memcpy(buf, name, len), NULL;
	if (addr >= AT_STRUCT && addr < AT_LEAF) // a package's name: at the start of the types
		return memset(buf, 0, len), NULL;
	size_t have = 0;
	const uint8_t *p = find(g->im, addr, &have);
	if (!p || have < len)
		return err_new(ERR_INPUT, "not in the file");
	memcpy(buf, p, len);
	return NULL;
}

bool gobin_symbol(const struct gobin *g, const char *name, addr_t *ret_addr, uint64_t *ret_size)
{
	for (enum rt_global i = 0; !g->im->stripped && i < G_COUNT; i++)
		if (!strcmp(layout_global_name(i), name)) {
			*ret_addr = image_global(i);
			*ret_size = 8;
			return true;
		}
	return false;
}

bool gobin_func_named(const struct gobin *g, const char *name, struct gobin_func *ret)
{
	if (g->im->any_function) {
		*ret = (struct gobin_func){.name = name, .entry = AT_TEXT + strlen(name) * 16 % 2048, .end = AT_TEXT + 4000};
		return true;
	}
	for (size_t i = 0; i < n_functions; i++)
		if (!strcmp(functions[i].name, name)) {
			*ret = (struct gobin_func){.name = name, .entry = functions[i].entry, .end = functions[i].end};
			return true;
		}
	return false;
}

static bool is_described(enum rt_struct s) { return s <= S_HCHAN || s == S_MSPAN || s == S_MCACHE; }

bool gobin_dwarf_field(const struct gobin *g, const char *type, const char *field, uint64_t *ret_off, uint64_t *ret_size)
{
	for (enum rt_key k = 0; g->im->dwarf && k < K_COUNT; k++)
		if (!strcmp(layout_struct_name(layout_struct_of(k)), type) && !strcmp(layout_field_name(k), field ? field : "") && g->im->known[k]) {
			*ret_off = field ? g->im->off[k] : 0;
			*ret_size = field ? g->im->size[k] : g->im->off[k];
			return true;
		}
	return false;
}

bool gobin_type_named(const struct gobin *g, const char *name, addr_t *ret)
{
	for (enum rt_struct s = 0; g->im->described && s < S_COUNT; s++)
		if (is_described(s) && !strcmp(layout_struct_name(s), name)) {
			*ret = AT_STRUCT + (addr_t)s * 0x1000;
			return true;
		}
	return false;
}

static size_t head_len(enum rt_key k) { return strcspn(layout_field_name(k), "."); }

static bool same_head(enum rt_key a, enum rt_key b)
{
	return layout_struct_of(a) == layout_struct_of(b) && head_len(a) == head_len(b) &&
		!strncmp(layout_field_name(a), layout_field_name(b), head_len(a));
}

static enum rt_key first_of(enum rt_key k)
{
	enum rt_key i = 0;
	while (!same_head(i, k))
		i++;
	return i;
}

// A struct of the table has a field for each key; "sched.sp" is a field sched of a struct with a field sp.
struct err *gobin_type_at(const struct gobin *g, addr_t addr, struct gobin_type *ret)
{
	*ret = (struct gobin_type){.addr = addr, .tflag = 1, .kind = GOBIN_STRUCT, .fields = addr, .n_fields = K_COUNT};
	if (addr >= AT_SUB && addr < AT_SUB + K_COUNT)
		ret->size = 8;
	else if (addr >= AT_LEAF && addr < AT_LEAF + K_COUNT)
		ret->size = g->im->size[addr - AT_LEAF];
	else if (addr >= AT_STRUCT && addr < AT_LEAF)
		for (enum rt_key k = 0; k < K_COUNT; k++)
			ret->size += layout_struct_of(k) == (addr - AT_STRUCT) / 0x1000 && !layout_field_name(k)[0] ? g->im->off[k] : 0;
	else
		return err_new(ERR_INPUT, "no type there");
	return NULL;
}

struct err *gobin_type_field(const struct gobin *g, const struct gobin_type *t, uint32_t i, struct gobin_field *ret)
{
	enum rt_key k = (enum rt_key)i;
	const char *path = layout_field_name(k);
	*ret = (struct gobin_field){.name = "_", .type = AT_LEAF};
	if (t->addr >= AT_SUB) { // what shares its head
		enum rt_key head = (enum rt_key)(t->addr - AT_SUB);
		if (same_head(head, k) && path[head_len(k)] && g->im->known[k]) {
			snprintf(ret->name, sizeof(ret->name), "%s", path + head_len(k) + 1);
			ret->type = AT_LEAF + k;
			ret->off = g->im->off[k] - g->im->off[head];
		}
	} else if (layout_struct_of(k) == (t->addr - AT_STRUCT) / 0x1000 && path[0] && g->im->known[k]) {
		snprintf(ret->name, sizeof(ret->name), "%.*s", (int)head_len(k), path);
		ret->type = path[head_len(k)] ? AT_SUB + first_of(k) : AT_LEAF + k;
		ret->off = g->im->off[first_of(k)];
	}
	return NULL;
}

// ---- the runtime ----------------------------------------------------------------------------------------------------

addr_t image_global(enum rt_global g) { return AT_GLOBALS + (addr_t)(g == G_MHEAP ? G_COUNT : g) * GLOBAL_STRIDE; }

struct image *image_new(int minor, int patch, const char *experiments)
{
	struct image *im = calloc(1, sizeof(*im));
	*im = (struct image){.minor = minor, .patch = patch, .experiments = experiments};
	struct rt probe = {.g = image_gobin(im), .minor = minor, .patch = patch};
	struct err *err = layout_load(&probe);
	assert(!err);
	for (enum rt_key k = 0; k < K_COUNT; k++) {
		im->off[k] = probe.lay.at[k].off;
		im->size[k] = probe.lay.at[k].size;
		im->known[k] = probe.lay.at[k].state == RT_KNOWN;
	}
	n_functions = 0;
	return im;
}

void image_free(struct image *im)
{
	for (size_t i = 0; im && i < im->n_regions; i++)
		free(im->regions[i].bytes);
	free(im);
}

static void put_slice(struct image *im, addr_t at, addr_t data, uint64_t len)
{
	image_put(im, at, data, 8);
	image_put(im, at + 8, len, 8);
	image_put(im, at + 16, len + 2, 8);
}

static void put_span(struct image *im, size_t i, addr_t base, uint64_t pages, uint8_t state, uint8_t class, uint64_t elem, uint64_t slots,
		     uint64_t allocated, uint32_t sweepgen)
{
	uint32_t size = im->off[K_SIZEOF_MSPAN];
	addr_t s = AT_MSPAN + i * size;
	size_t n = im->minor >= 22 ? 2 : 8;
	image_put(im, AT_ALLSPANS + 8 * i, s, 8);
	image_put(im, s + im->off[K_MSPAN_STARTADDR], base, 8);
	image_put(im, s + im->off[K_MSPAN_NPAGES], pages, 8);
	image_put(im, s + im->off[K_MSPAN_STATE], state, 1);
	image_put(im, s + im->off[K_MSPAN_SPANCLASS], class, 1);
	image_put(im, s + im->off[K_MSPAN_ELEMSIZE], elem, 8);
	image_put(im, s + im->off[K_MSPAN_NELEMS], slots, n);
	image_put(im, s + im->off[K_MSPAN_FREEINDEX], allocated, n);
	image_put(im, s + im->off[K_MSPAN_ALLOCCOUNT], allocated, 2);
	image_put(im, s + im->off[K_MSPAN_SWEEPGEN], sweepgen, 4);
	image_put(im, s + im->off[K_MSPAN_GCMARKBITS], AT_MARKS + 64 * i, 8);
	for (uint64_t p = 0; p < pages && state == 1; p++)
		image_put(im, AT_ARENA + im->off[K_HEAPARENA_SPANS] + 8 * ((base / 8192 + p) % 8192), s, 8);
}

// Two spans of small objects, one large object, one stack, one free. 20 of the second's are marked in gcmarkBits, 10 more
// in the page.
static void fill_spans(struct image *im)
{
	addr_t heap = image_global(G_MHEAP);
	uint32_t gen = 8;
	image_put(im, heap + im->off[K_MHEAP_SWEEPGEN], gen, 4);
	put_slice(im, heap + im->off[K_MHEAP_ALLSPANS], AT_ALLSPANS, IMAGE_SPANS);
	image_put(im, heap + im->off[K_MHEAP_ARENAS], AT_L2, 8);
	addr_t index = (AT_HEAP + (1ull << 47)) >> 26;
	image_map(im, AT_L2 + index * 8, 8);
	image_put(im, AT_L2 + index * 8, AT_ARENA, 8);
	put_slice(im, heap + im->off[im->minor >= 25 ? K_MHEAP_HEAPARENAS : K_MHEAP_ALLARENAS], AT_ARENA_LIST, 1);
	image_put(im, AT_ARENA_LIST, index, 8);
	image_put(im, heap + im->off[K_MHEAP_SPANALLOC], im->off[K_SIZEOF_MSPAN], 8);
	image_put(im, heap + im->off[K_MHEAP_CACHEALLOC], im->off[K_SIZEOF_MCACHE], 8);
	image_put(im, heap + im->off[K_MHEAP_SPECIALPROFILEALLOC], im->off[K_SIZEOF_SPECIALPROFILE], 8);
	put_span(im, 0, AT_HEAP, 1, 1, 5 << 1, 48, 170, 100, gen);
	image_put(im, AT_MSPAN + im->off[K_MSPAN_ALLOCCOUNTBEFORECACHE], 90, 2);
	put_span(im, 1, AT_HEAP + 8192, 1, 1, 10 << 1, 128, 64, 64, gen - 2);
	put_span(im, 2, AT_HEAP + 0x10000, 10, 1, 0, 81920, 1, 1, gen);
	put_span(im, 3, AT_HEAP + 0x40000, 4, 2, 0, 0, 0, 0, gen);
	put_span(im, 4, 0, 0, 0, 0, 0, 0, 0, 0);
	image_put(im, AT_MARKS + 64, 0xfffff, 8);
	uint8_t *inlined = image_at(im, AT_HEAP + 2 * 8192 - 128, 128);
	inlined[64 + 3] = 0xff;
	inlined[64 + 4] = 0x3;
	inlined[127] = 10 << 1;
}

static void fill_stats(struct image *im)
{
	addr_t m = image_global(G_MEMSTATS), c = image_global(G_GCCONTROLLER), d = m + im->off[K_MSTATS_HEAPSTATS_STATS];
	uint64_t total = 90 * 48 + 64 * 128 + 81920;
	image_put(im, d + im->off[K_HEAPSTATSDELTA_SMALLALLOCCOUNT] + 8 * 5, 90, 8);
	d += im->off[K_SIZEOF_HEAPSTATSDELTA]; // the sums may lie in any of the three
	image_put(im, d + im->off[K_HEAPSTATSDELTA_SMALLALLOCCOUNT] + 8 * 10, 64, 8);
	image_put(im, d + im->off[K_HEAPSTATSDELTA_LARGEALLOC], 81920, 8);
	image_put(im, d + im->off[K_HEAPSTATSDELTA_LARGEALLOCCOUNT], 1, 8);
	image_put(im, d + im->off[K_HEAPSTATSDELTA_TINYALLOCCOUNT], 7, 8);
	image_put(im, d + im->off[K_HEAPSTATSDELTA_INHEAP], 12 * 8192, 8);
	image_put(im, d + im->off[K_HEAPSTATSDELTA_INSTACKS], 4 * 8192, 8);
	image_put(im, d + im->off[K_HEAPSTATSDELTA_RELEASED], 65536, 8);
	image_put(im, c + im->off[K_GCCONTROLLERSTATE_HEAPINUSE], 12 * 8192, 8);
	image_put(im, c + im->off[K_GCCONTROLLERSTATE_HEAPRELEASED], 65536, 8);
	image_put(im, c + im->off[K_GCCONTROLLERSTATE_HEAPFREE], 16384, 8);
	image_put(im, c + im->off[K_GCCONTROLLERSTATE_TOTALALLOC], total, 8);
	image_put(im, c + im->off[K_GCCONTROLLERSTATE_HEAPMARKED], 90000, 8);
	image_put(im, c + im->off[K_GCCONTROLLERSTATE_GCPERCENT], 100, 4);
	image_put(im, c + im->off[K_GCCONTROLLERSTATE_MEMORYLIMIT], INT64_MAX, 8);
	image_put(im, c + im->off[K_GCCONTROLLERSTATE_GCPERCENTHEAPGOAL], 4 << 20, 8);
	image_put(im, c + im->off[K_GCCONTROLLERSTATE_TRIGGERED], UINT64_MAX, 8);
	image_put(im, m + im->off[K_MSTATS_NUMGC], 3, 4);
	for (uint64_t i = 0; i < 3; i++) {
		image_put(im, m + im->off[K_MSTATS_PAUSE_NS] + 8 * i, 1000 + i, 8);
		image_put(im, m + im->off[K_MSTATS_PAUSE_END] + 8 * i, 5000000 + i, 8);
	}
	image_put(im, m + im->off[K_MSTATS_LAST_GC_UNIX], 5000002, 8);
	image_put(im, image_global(G_MEMPROFILERATE), 524288, 8);
}

static void fill_ps(struct image *im)
{
	put_slice(im, image_global(G_ALLP), AT_ALLP, 2);
	for (addr_t i = 0; i < 2; i++) {
		addr_t p = AT_P + i * P_STRIDE, cache = AT_MCACHE + i * MCACHE_STRIDE;
		image_put(im, AT_ALLP + 8 * i, p, 8);
		image_put(im, p + im->off[K_P_ID], i, 4);
		image_put(im, p + im->off[K_P_MCACHE], cache, 8);
		for (addr_t k = 0; k < 136; k++)
			image_put(im, cache + im->off[K_MCACHE_ALLOC] + 8 * k, image_global(G_EMPTYMSPAN), 8);
		image_put(im, cache + im->off[K_MCACHE_TINYALLOCS], 3 * i, 8);
	}
	image_put(im, AT_MCACHE + im->off[K_MCACHE_ALLOC] + 8 * (5 << 1), AT_MSPAN, 8); // P 0 holds the first span
	put_slice(im, image_global(G_ALLGS), AT_ALLGS, 2);
	for (addr_t i = 0; i < 2; i++) {
		addr_t g = AT_G + i * G_STRIDE;
		image_put(im, AT_ALLGS + 8 * i, g, 8);
		image_put(im, g + im->off[K_G_GOID], i + 1, 8);
		image_put(im, g + im->off[K_G_ATOMICSTATUS], i ? 2 : 4, 4);
		image_put(im, g + im->off[K_G_STACK_LO], AT_HEAP + 0x40000, 8);
		image_put(im, g + im->off[K_G_STACK_HI], AT_HEAP + 0x42000, 8);
		image_put(im, g + im->off[K_G_SCHED_SP], AT_HEAP + 0x41f00, 8);
	}
}

addr_t image_bucket(struct image *im, addr_t at, uint64_t size, uint32_t n_stack, const uint64_t record[8])
{
	uint32_t header = im->off[K_SIZEOF_BUCKET], cycle = im->off[K_SIZEOF_MEMRECORDCYCLE];
	addr_t head = image_global(G_MBUCKETS), rec = at + header + 8 * n_stack;
	image_put(im, at + im->off[K_BUCKET_ALLNEXT], image_get(im, head, 8), 8);
	image_put(im, at + im->off[K_BUCKET_TYP], 1, 8);
	image_put(im, at + im->off[K_BUCKET_SIZE], size, 8);
	image_put(im, at + im->off[K_BUCKET_NSTK], n_stack, 8);
	for (addr_t i = 0; i < n_stack; i++)
		image_put(im, at + header + 8 * i, AT_TEXT + 0x10 * (i + 1), 8);
	for (addr_t c = 0; c < 4; c++) {
		addr_t r = rec + (c ? im->off[K_MEMRECORD_FUTURE] + (c - 1) * cycle : im->off[K_MEMRECORD_ACTIVE]);
		image_put(im, r + im->off[K_MEMRECORDCYCLE_ALLOCS], record[2 * c], 8);
		image_put(im, r + im->off[K_MEMRECORDCYCLE_FREES], record[2 * c + 1], 8);
	}
	image_put(im, head, at, 8);
	return rec + im->off[K_SIZEOF_MEMRECORD];
}

void image_fill(struct image *im)
{
	static const uint64_t record[8] = {10, 4, 3, 1, 2, 0, 1, 0};
	addr_t at = AT_BUCKET;
	image_map(im, AT_MODULEDATA, 4096);
	image_map(im, AT_GLOBALS, GLOBALS_LEN);
	image_map(im, AT_HEAP, 0x48000);
	image_map(im, AT_OWN, 0xa0000);
	image_map(im, AT_ARENA, im->off[K_SIZEOF_HEAPARENA]);
	image_map(im, AT_TEXT, 4096);
	image_put(im, AT_MODULEDATA, 0x500000, 8);
	image_put(im, AT_MODULEDATA + 160, AT_TEXT, 8);
	image_put(im, AT_MODULEDATA + 168, AT_ETEXT, 8);
	fill_ps(im);
	fill_spans(im);
	fill_stats(im);
	for (uint64_t i = 0; i < IMAGE_BUCKETS; i++) {
		im->buckets[i] = at;
		at = image_bucket(im, at, 16 * (i + 1), IMAGE_FRAMES, record);
	}
	image_put(im, image_global(G_MPROFCYCLE), 7 << 1, 4); // 7 % 3 = 1: the second future cycle is published
}
