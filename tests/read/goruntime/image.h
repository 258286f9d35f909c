// A Go runtime laid out by hand in sparse memory, with a stand-in for gobin and target that describe it: what the readers
// of read/goruntime are tested and fuzzed on. Offsets come from the tables of the release that the image is of.
#pragma once
#include "read/goruntime/rt.h"

enum {
	IMAGE_REGIONS = 32,
	IMAGE_SPANS = 5,
	IMAGE_BUCKETS = 20,
	IMAGE_FRAMES = 3,
};

// Where things lie in it.
enum { // wider than int: gnu17
	AT_MODULEDATA = 0x580000,
	AT_TEXT = 0x401000, AT_ETEXT = 0x480000,
	AT_GLOBALS = 0x600000, GLOBAL_STRIDE = 0x4000, // global g at AT_GLOBALS + g * GLOBAL_STRIDE; mheap_ behind them all
	AT_TYPES = 0xf00000, AT_STRUCT = 0x1000000, AT_LEAF = 0x2000000, AT_SUB = 0x3000000, // type descriptors
	AT_HEAP = 0xc000000000,
	AT_OWN = 0x7f0000000000, // the runtime's own structures
	AT_ALLP = AT_OWN, AT_ALLGS = AT_OWN + 0x1000, AT_ALLSPANS = AT_OWN + 0x2000, AT_ARENA_LIST = AT_OWN + 0x3000,
	AT_P = AT_OWN + 0x10000, P_STRIDE = 0x8000, AT_MCACHE = AT_OWN + 0x20000, MCACHE_STRIDE = 0x2000,
	AT_MSPAN = AT_OWN + 0x30000, AT_BUCKET = AT_OWN + 0x40000, AT_G = AT_OWN + 0x60000, G_STRIDE = 0x1000,
	AT_ARENA = 0x7f1000000000, AT_MARKS = AT_OWN + 0x90000,
	AT_L2 = 0x7e0000000000,
	GLOBALS_LEN = (G_COUNT + 8) * GLOBAL_STRIDE,
};

struct image {
	struct { addr_t addr; size_t len; uint8_t *bytes; } regions[IMAGE_REGIONS];
	size_t n_regions;
	unsigned reads, fail_at;      // the fail_at-th read fails (0: none)
	void (*on_read)(struct image *); // before each read; may change what is there
	const char *experiments;
	int minor, patch;
	enum gobin_arch arch;
	bool stripped;                // no symbols
	bool described, dwarf;        // type descriptors of g to hchan, mspan, mcache; DWARF of the rest, both saying off[]
	bool any_function;            // every function exists: its code is what lies in the text
	const uint8_t *fuzz; size_t fuzz_len; // behind every address that has no region
	addr_t buckets[IMAGE_BUCKETS];
	uint32_t off[K_COUNT], size[K_COUNT]; // of the release
	bool known[K_COUNT];
};

struct image *image_new(int minor, int patch, const char *experiments);
void image_free(struct image *im);
static inline void image_freep(struct image **im) { image_free(*im); }
void image_map(struct image *im, addr_t addr, size_t len);
void *image_at(struct image *im, addr_t addr, size_t len); // asserts that it is there
void image_put(struct image *im, addr_t addr, uint64_t value, size_t bytes);
uint64_t image_get(struct image *im, addr_t addr, size_t bytes);
void image_fill(struct image *im); // a whole runtime
// A further bucket at the head of the list.
addr_t image_bucket(struct image *im, addr_t at, uint64_t size, uint32_t n_stack, const uint64_t record[8]);
addr_t image_global(enum rt_global g);
struct target *image_target(struct image *im);
struct gobin *image_gobin(struct image *im);
// The code of a function that fake symbols know: n `lea rax, [rip+d]` to addrs, at AT_TEXT + 0x100.
void image_function(const char *name, addr_t entry, addr_t end);
