// What the files of this room share.
#pragma once
#include "base/arena.h"
#include "base/map.h"
#include "read/gobin/gobin.h"

enum { GOBIN_MAX_SEGMENTS = 64, GOBIN_MAX_SECTIONS = 4096, GOBIN_MAX_RELOCS = 64 << 20 };

struct section {
	const char *name;
	uint32_t type;
	uint64_t flags, addr, off, size, link, entsize;
};

struct pclntab { // all parts are views inside the binary
	struct view names, cutab, files, pctab, functab; // functab: pclntable, which ftab and the _func lie in
	uint32_t n_funcs;
	uint32_t quantum;
	addr_t text;
	bool ok;
};

struct gobin {
	struct view file;         // empty when opened from segments
	enum gobin_arch arch;
	uint16_t elf_type;
	struct gobin_segment segments[GOBIN_MAX_SEGMENTS];
	size_t n_segments;
	bool owns_segments;       // copies of memory
	struct section *sections; // none: n_sections == 0
	size_t n_sections;
	struct map *relocs;       // PIE: address -> value of R_*_RELATIVE words; NULL if none
	struct arena *arena;
	struct gobin_buildinfo info;
	struct gobin_moduledata md;
	addr_t pclntab_addr;
	struct pclntab pcln;
	struct interner *func_names; // built on the first lookup by name
	uint32_t *func_of_name;
	struct symbols *symbols;     // symbols.c's own
	struct types *types;         // types.c's own
	struct dwarf *dwarf;         // dwarf.c's own
	struct gaps gaps;
};

must_use struct err *elf_open(struct gobin *g);
const struct section *elf_section(const struct gobin *g, const char *name); // NULL: none
// The bytes of a section, inside the file. Empty for NOBITS.
struct view elf_section_view(const struct gobin *g, const struct section *s);
// Readable bytes from addr to the end of its segment, as the file has them (without relocations).
struct view gobin_view_at(const struct gobin *g, addr_t addr);
must_use struct err *gobin_u64(const struct gobin *g, addr_t addr, uint64_t *ret); // relocated

must_use struct err *buildinfo_open(struct gobin *g);
must_use struct err *moduledata_open(struct gobin *g);
must_use struct err *pclntab_open(struct gobin *g);
void symbols_close(struct gobin *g);
void types_close(struct gobin *g);
void dwarf_close(struct gobin *g);
