// What the files of this room share. Private to read/gobin.
#pragma once
#include "read/gobin/gobin.h"

#include "base/arena.h"
#include "base/map.h"

#include <pthread.h>

enum { GOBIN_SEGMENTS_MAX = 1024, GOBIN_SECTIONS_MAX = 1 << 17 };

// A run of program memory inside one segment. NULL where [addr, addr + len) is not wholly in the file.
const uint8_t *gobin_at(const struct gobin *g, addr_t addr, uint64_t len);
// From addr to its segment's end; len 0 if addr lies in none.
struct view gobin_from(const struct gobin *g, addr_t addr, const char *source);

static inline uint16_t load_u16(const void *p)
{
	uint16_t x;
	memcpy(&x, p, sizeof(x));
	return x;
}
static inline uint32_t load_u32(const void *p)
{
	uint32_t x;
	memcpy(&x, p, sizeof(x));
	return x;
}
static inline uint64_t load_u64(const void *p)
{
	uint64_t x;
	memcpy(&x, p, sizeof(x));
	return x;
}

struct elf_section { addr_t addr; uint64_t off, size, entsize; uint32_t type, link, index; uint64_t flags; };
bool elf_section_named(const struct gobin *g, const char *name, struct elf_section *ret);
bool elf_section_at(const struct gobin *g, uint32_t index, struct elf_section *ret);
must_use struct err *elf_open(struct gobin *g, struct view elf); // header, segments, relocations, build id

must_use struct err *buildinfo_open(struct gobin *g); // not found: gobin_buildinfo stays empty, a gap
must_use struct err *moduledata_open(struct gobin *g); // finds it, and the tables behind it; ERR_UNSUPPORTED: no Go

// The six tables of pclntab, each wholly inside its segment after pclntab_open().
struct pclntab {
	struct view names, cus, files, pctab, funcs, ftab;
	addr_t text, gofunc;
	uint32_t n_funcs, quantum;
	const uint8_t *sections; // textsectmap where text lies in several pieces, else NULL
	uint32_t n_sections;
};
enum { PCLN_MAGIC = 0xfffffff1, PCLN_HEADER = 72 }; // Go 1.20 and later
struct err *pclntab_header(struct view v, uint32_t *ret_quantum, uint64_t *ret_n_funcs, uint64_t *ret_names_off);
must_use struct err *pclntab_open(struct gobin *g);

struct dwarf_index;
void dwarf_close(struct dwarf_index *d);
struct type_index;
void types_close(struct type_index *t);
struct symbol_index;
void symbols_close(struct symbol_index *s);

// Built when first asked for, under the lock: readers hold a const gobin in several threads.
struct gobin_lazy {
	pthread_mutex_t lock;
	struct map *funcs; // hash of a name -> index + 1
	bool funcs_tried, dwarf_tried, types_tried, symbols_tried;
	struct dwarf_index *dwarf;
	struct type_index *types;
	struct symbol_index *symbols;
};

struct gobin {
	struct view elf; // len 0 where opened from segments
	uint64_t shoff, shstr_off, shstr_size;
	uint32_t n_sections;
	enum gobin_arch arch;
	bool pie, stripped, dwarf;
	VEC(struct gobin_segment) segments; // ascending
	VEC(uint8_t *) copies; // relocated segments, owned
	struct gobin_buildinfo info;
	bool has_md;
	struct gobin_moduledata md;
	struct pclntab pcln;
	struct arena *arena;
	struct gaps gaps;
	struct gobin_lazy *lazy;
};
