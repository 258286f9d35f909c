// A Go executable laid out by hand: header, three segments, pclntab, types, moduledata, build information, and what of
// sections, symbols and relocations a test asks for. The tests of read/gobin and its fuzz targets share it.
//
//	0x400000 r-x  ELF header, program headers, text
//	0x500000 r--  pclntab, types, names, relocations
//	0x600000 rw-  moduledata, build information, a global
#pragma once
#include "base/base.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	FIX_TEXT_SEG = 0x400000, FIX_RO_SEG = 0x500000, FIX_RW_SEG = 0x600000,
	FIX_TEXT_FILE = 0, FIX_RO_FILE = 0x2000, FIX_RW_FILE = 0x6000, FIX_SECTION_FILE = 0x7000, FIX_DWARF_FILE = 0x7800, FIX_BYTES = 0x7c00,
	FIX_TEXT = FIX_TEXT_SEG + 0x1000, FIX_TEXT_LEN = 0x120,
	// inside the read-only segment
	FIX_PCLN = 0, FIX_NAMES = 0x80, FIX_CUS = 0x300, FIX_FILES = 0x320, FIX_PCTAB = 0x400, FIX_FUNCS = 0x500, FIX_FUNC_LEN = 0x300,
	FIX_GOFUNC = 0x900, FIX_EPCLN = 0x1000, FIX_TYPES = 0x1000, FIX_TYPE_NAMES = 0x1800, FIX_ITABS = 0x1f00, FIX_ETYPES = 0x2000,
	FIX_LINKS = 0x2000, FIX_TEXTSECT = 0x2100, FIX_DYNAMIC = 0x2200, FIX_RELA = 0x2300, FIX_NOTE = 0x3f00, FIX_RO_LEN = 0x4000,
	// inside the writable segment
	FIX_MD = 0, FIX_BUILD = 0x400, FIX_GLOBAL = 0x800, FIX_RW_LEN = 0x1000,
	FIX_MD_LEN_25 = 584, FIX_MD_LEN_26 = 592, FIX_MD_LEN_27 = 568,
};

struct fix_options {
	int minor;          // 21 .. 27
	bool pie, sections, symbols, dwarf, arm64, split_text; // symbols, dwarf: with sections
	const char *version, *modinfo; // NULL: go1.<minor>.3, and a module
};

struct fix {
	uint8_t *bytes; // FIX_BYTES
	struct fix_options o;
	size_t names, pctab, type_names, n_links, n_rela, dwarf_info, dwarf_abbrev;
	uint32_t type_at; // next descriptor, from types
	uint32_t t_int, t_string, t_node, t_ptr, t_map, t_table, t_slice, t_array, t_chan, t_func, t_iface, t_list;
};

static inline uint8_t *fix_ro(struct fix *f, size_t off) { return f->bytes + FIX_RO_FILE + off; }
static inline uint8_t *fix_rw(struct fix *f, size_t off) { return f->bytes + FIX_RW_FILE + off; }
static inline void put_u16(uint8_t *p, uint16_t x) { memcpy(p, &x, 2); }
static inline void put_u32(uint8_t *p, uint32_t x) { memcpy(p, &x, 4); }
static inline void put_u64(uint8_t *p, uint64_t x) { memcpy(p, &x, 8); }

// A pointer in the writable segment: in place, or zero and a relocation.
static inline void fix_pointer(struct fix *f, size_t off, uint64_t value)
{
	if (!f->o.pie) {
		put_u64(fix_rw(f, off), value);
		return;
	}
	uint8_t *r = fix_ro(f, FIX_RELA + 24 * f->n_rela++);
	put_u64(r, FIX_RW_SEG + off);
	put_u64(r + 8, f->o.arm64 ? R_AARCH64_RELATIVE : R_X86_64_RELATIVE);
	put_u64(r + 16, value);
}

// ---- pclntab ------------------------------------------------------------------------------------------------------

static inline uint32_t fix_name(struct fix *f, const char *s)
{
	size_t at = f->names;
	memcpy(fix_ro(f, FIX_NAMES + at), s, strlen(s) + 1);
	f->names += strlen(s) + 1;
	return (uint32_t)at;
}

static inline void fix_varint(struct fix *f, uint64_t x)
{
	for (; x >= 0x80; x >>= 7)
		*fix_ro(f, FIX_PCTAB + f->pctab++) = (uint8_t)(x | 0x80);
	*fix_ro(f, FIX_PCTAB + f->pctab++) = (uint8_t)x;
}

struct fix_value { int32_t value; uint32_t until; }; // until 0 ends the list

static inline uint32_t fix_table(struct fix *f, const struct fix_value *v)
{
	uint32_t at = (uint32_t)f->pctab, pc = 0;
	int32_t last = -1;
	for (; v->until; v++) {
		int32_t d = v->value - last;
		fix_varint(f, d < 0 ? (uint32_t)(-2 * d - 1) : (uint32_t)(2 * d));
		fix_varint(f, (v->until - pc) / (f->o.arm64 ? 4 : 1));
		last = v->value;
		pc = v->until;
	}
	*fix_ro(f, FIX_PCTAB + f->pctab++) = 0;
	return at;
}

struct fix_func {
	const char *name;
	uint32_t start, line;
	struct fix_value sp[4], file[4], lines[8], inlines[6];
	bool has_inlines;
	uint8_t flags;
};

static inline void fix_funcs(struct fix *f)
{
	static const struct fix_func funcs[] = {
		{"runtime.rt0_go", 0, 3, {{0, 0x40}}, {{0, 0x40}}, {{3, 0x10}, {5, 0x40}}, {{0}}, false, 4},
		{"main.(*Gen[go.shape.[]uint8]).Map[go.shape.int]", 0x40, 10, {{0, 8}, {32, 0xb8}, {0, 0xc0}}, {{1, 0x18}, {2, 0x38}, {1, 0xc0}},
		 {{10, 0x18}, {77, 0x28}, {90, 0x30}, {78, 0x38}, {12, 0xc0}}, {{-1, 0x18}, {0, 0x28}, {1, 0x30}, {0, 0x38}, {-1, 0xc0}}, true, 0},
		{"main.main", 0x100, 20, {{0, 0x20}}, {{1, 0x20}}, {{20, 0x20}}, {{0}}, false, 1},
	};
	uint32_t n = countof(funcs), at = (n + 1) * 8;
	uint32_t helper = 0, inner = 0;
	for (uint32_t i = 0; i < n; i++) {
		const struct fix_func *s = &funcs[i];
		uint8_t *pair = fix_ro(f, FIX_FUNCS + 8 * i), *p = fix_ro(f, FIX_FUNCS + at);
		put_u32(pair, s->start);
		put_u32(pair + 4, at);
		put_u32(p, s->start);
		put_u32(p + 4, fix_name(f, s->name));
		put_u32(p + 8, 16); // args
		put_u32(p + 16, fix_table(f, s->sp));
		put_u32(p + 20, fix_table(f, s->file));
		put_u32(p + 24, fix_table(f, s->lines));
		put_u32(p + 28, s->has_inlines ? 3 : 0);
		put_u32(p + 32, 0);
		put_u32(p + 36, s->line);
		p[40] = (uint8_t)i;
		p[41] = s->flags;
		p[43] = s->has_inlines ? 4 : 0;
		at += 44;
		if (!s->has_inlines)
			continue;
		put_u32(p + 44 + 8, fix_table(f, s->inlines));
		for (uint32_t k = 0; k < 4; k++)
			put_u32(p + 44 + 12 + 4 * k, k == 3 ? 0x10 : UINT32_MAX);
		at += 7 * 4;
		helper = fix_name(f, "main.helper");
		inner = fix_name(f, "strings.inner");
	}
	put_u32(fix_ro(f, FIX_FUNCS + 8 * n), FIX_TEXT_LEN);
	uint8_t *tree = fix_ro(f, FIX_GOFUNC + 0x10);
	put_u32(tree + 4, helper);
	put_u32(tree + 8, 0x14); // called at main.(*Gen)+0x14
	put_u32(tree + 16 + 4, inner);
	put_u32(tree + 16 + 8, 0x1c); // called inside helper
	static const char files[] = "runtime/asm.s\0example/main.go\0strings/inner.go";
	memcpy(fix_ro(f, FIX_FILES), files, sizeof(files));
	put_u32(fix_ro(f, FIX_CUS), 0);
	put_u32(fix_ro(f, FIX_CUS + 4), 14);
	put_u32(fix_ro(f, FIX_CUS + 8), 30);

	uint8_t *h = fix_ro(f, FIX_PCLN);
	put_u32(h, 0xfffffff1);
	h[6] = f->o.arm64 ? 4 : 1;
	h[7] = 8;
	put_u64(h + 8, n);
	put_u64(h + 16, 3);
	static const uint64_t parts[] = {FIX_NAMES, FIX_CUS, FIX_FILES, FIX_PCTAB, FIX_FUNCS};
	for (size_t i = 0; i < countof(parts); i++)
		put_u64(h + 32 + 8 * i, parts[i]);
}

// ---- types --------------------------------------------------------------------------------------------------------

static inline uint32_t fix_type_name(struct fix *f, const char *s)
{
	uint32_t at = (uint32_t)f->type_names;
	uint8_t *p = fix_ro(f, FIX_TYPES + at);
	p[1] = (uint8_t)strlen(s);
	memcpy(p + 2, s, strlen(s));
	f->type_names += 2 + strlen(s);
	return at;
}

// A descriptor of own bytes (with all that follows it); listed in typelinks. Returns its offset from types.
static inline uint32_t fix_type(struct fix *f, const char *name, unsigned kind, uint64_t size, uint64_t ptr_bytes, unsigned own, uint8_t tflag)
{
	uint32_t at = f->type_at;
	uint8_t *t = fix_ro(f, FIX_TYPES + at);
	put_u64(t, size);
	put_u64(t + 8, ptr_bytes);
	t[20] = tflag;
	t[23] = (uint8_t)kind;
	if (kind == 22 || kind == 18 || kind == 21) // pointer-shaped
		t[f->o.minor >= 26 ? 20 : 23] |= 0x20;
	put_u64(t + 32, FIX_RO_SEG + FIX_GOFUNC);
	put_u32(t + 40, fix_type_name(f, name));
	put_u32(fix_ro(f, FIX_LINKS + 4 * f->n_links++), at);
	f->type_at = (at + own + 7) & ~7u;
	return at;
}

static inline uint64_t fix_type_addr(uint32_t off) { return FIX_RO_SEG + FIX_TYPES + (uint64_t)off; }
static inline void fix_type_word(struct fix *f, uint32_t type, size_t off, uint64_t x) { put_u64(fix_ro(f, FIX_TYPES + type + off), x); }

static inline void fix_types(struct fix *f)
{
	enum { NAMED = 4, UNCOMMON = 1, STAR = 2 };
	unsigned map_bytes = f->o.minor >= 27 ? 136 : 112;
	f->type_at = 8;
	f->type_names = FIX_TYPE_NAMES - FIX_TYPES;
	f->t_int = fix_type(f, "*int", 2, 8, 0, 48, NAMED | STAR);
	f->t_string = fix_type(f, "string", 24, 16, 8, 48, NAMED);
	f->t_node = fix_type(f, "tree.Node", 25, 40, 40, 80 + 16 + 3 * 24, NAMED | UNCOMMON);
	f->t_ptr = fix_type(f, "*tree.Node", 22, 8, 8, 56, 0);
	f->t_map = fix_type(f, "map[string]int", 21, 8, 8, map_bytes, 0);
	f->t_table = fix_type(f, "struct {}", 25, 0, 0, 80, 0);
	f->t_slice = fix_type(f, "[]tree.Node", 23, 24, 8, 56, 0);
	f->t_array = fix_type(f, "[5]int", 17, 40, 0, 72, 0);
	f->t_chan = fix_type(f, "chan int", 18, 8, 8, 64, 0);
	f->t_func = fix_type(f, "func(int, ...string) tree.Node", 19, 8, 8, 56 + 3 * 8, 0);
	f->t_iface = fix_type(f, "interface {}", 20, 16, 16, 80, 0);
	f->t_list = fix_type(f, "List[tree.Node]", 25, 24, 8, 80 + 16, NAMED | UNCOMMON);
	uint8_t *node = fix_ro(f, FIX_TYPES + f->t_node);
	put_u32(node + 80, fix_type_name(f, "example/tree")); // package path
	static const char *const fields[] = {"next", "count", "Named"};
	const uint32_t types[] = {f->t_ptr, f->t_int, f->t_string};
	put_u64(node + 56, fix_type_addr(f->t_node) + 96);
	put_u64(node + 64, 3);
	put_u64(node + 72, 3);
	for (size_t i = 0; i < 3; i++) {
		put_u64(node + 96 + 24 * i, fix_type_addr(fix_type_name(f, fields[i])));
		put_u64(node + 96 + 24 * i + 8, fix_type_addr(types[i]));
		put_u64(node + 96 + 24 * i + 16, 8 * i);
	}
	fix_type_word(f, f->t_ptr, 48, fix_type_addr(f->t_node));
	fix_type_word(f, f->t_slice, 48, fix_type_addr(f->t_node));
	fix_type_word(f, f->t_array, 48, fix_type_addr(f->t_int));
	fix_type_word(f, f->t_array, 56, fix_type_addr(f->t_slice));
	fix_type_word(f, f->t_array, 64, 5);
	fix_type_word(f, f->t_chan, 48, fix_type_addr(f->t_int));
	fix_type_word(f, f->t_map, 48, fix_type_addr(f->t_string));
	fix_type_word(f, f->t_map, 56, fix_type_addr(f->t_int));
	fix_type_word(f, f->t_map, 64, fix_type_addr(f->t_table));
	uint8_t *func = fix_ro(f, FIX_TYPES + f->t_func);
	put_u16(func + 48, 2);
	put_u16(func + 50, 0x8001); // variadic
	put_u64(func + 56, fix_type_addr(f->t_int));
	put_u64(func + 64, fix_type_addr(f->t_string));
	put_u64(func + 72, fix_type_addr(f->t_node));
	put_u32(fix_ro(f, FIX_TYPES + f->t_list + 80), fix_type_name(f, "example/lists"));
}

// ---- moduledata, build information --------------------------------------------------------------------------------

static inline void fix_slice(struct fix *f, size_t off, uint64_t addr, uint64_t len)
{
	fix_pointer(f, FIX_MD + off, addr);
	put_u64(fix_rw(f, FIX_MD + off + 8), len);
	put_u64(fix_rw(f, FIX_MD + off + 16), len);
}

static inline void fix_moduledata(struct fix *f)
{
	uint64_t ro = FIX_RO_SEG;
	bool v27 = f->o.minor >= 27, v26 = f->o.minor == 26;
	fix_pointer(f, FIX_MD, ro + FIX_PCLN);
	fix_slice(f, 8, ro + FIX_NAMES, f->names);
	fix_slice(f, 32, ro + FIX_CUS, 3);
	fix_slice(f, 56, ro + FIX_FILES, 48);
	fix_slice(f, 80, ro + FIX_PCTAB, f->pctab);
	fix_slice(f, 104, ro + FIX_FUNCS, FIX_FUNC_LEN);
	fix_slice(f, 128, ro + FIX_FUNCS, 4);
	fix_pointer(f, FIX_MD + 160, FIX_TEXT);
	fix_pointer(f, FIX_MD + 168, FIX_TEXT + FIX_TEXT_LEN);
	fix_pointer(f, FIX_MD + 176, FIX_TEXT);
	fix_pointer(f, FIX_MD + 184, FIX_TEXT + FIX_TEXT_LEN + 16);
	for (size_t i = 0; i < 13; i++) // noptrdata .. gcbss
		fix_pointer(f, FIX_MD + 192 + 8 * i, FIX_RW_SEG + 0x800 + 16 * i);
	fix_pointer(f, FIX_MD + 296, ro + FIX_TYPES);
	put_u64(fix_rw(f, FIX_MD + 304), v27 ? f->type_at : 0);
	if (!v27)
		fix_pointer(f, FIX_MD + 304, ro + FIX_ETYPES);
	size_t at = 312;
	if (v27) {
		fix_pointer(f, FIX_MD + 312, ro + FIX_ETYPES);
		put_u64(fix_rw(f, FIX_MD + 320), FIX_ITABS - FIX_TYPES);
		put_u64(fix_rw(f, FIX_MD + 328), FIX_ETYPES - FIX_ITABS);
		at = 336;
	}
	fix_pointer(f, FIX_MD + at, ro); // rodata
	fix_pointer(f, FIX_MD + at + 8, ro + FIX_GOFUNC);
	at += 16;
	if (v26 || v27) {
		fix_pointer(f, FIX_MD + at, ro + FIX_EPCLN);
		at += 8;
	}
	fix_slice(f, at, ro + FIX_TEXTSECT, f->o.split_text ? 2 : 1);
	uint8_t *sect = fix_ro(f, FIX_TEXTSECT); // vaddr, end, base: the second piece lies 0x400 further on
	put_u64(sect + 8, f->o.split_text ? 0x100 : FIX_TEXT_LEN);
	put_u64(sect + 16, FIX_TEXT);
	put_u64(sect + 24, 0x100);
	put_u64(sect + 32, FIX_TEXT_LEN);
	put_u64(sect + 40, FIX_TEXT + 0x500);
	if (!v27) {
		fix_slice(f, at + 24, ro + FIX_LINKS, f->n_links);
		fix_slice(f, at + 48, ro + FIX_LINKS, 0);
	}
}

static inline size_t fix_text(uint8_t *p, const char *s, size_t len)
{
	size_t n = 0;
	for (uint64_t x = len; ; x >>= 7) {
		p[n++] = (uint8_t)(x >= 0x80 ? (x & 0x7f) | 0x80 : x);
		if (x < 0x80)
			break;
	}
	memcpy(p + n, s, len);
	return n + len;
}

static inline void fix_buildinfo(struct fix *f)
{
	static const char lines[] = "path\texample.com/shop\nmod\texample.com/shop\tv1.4.2\th1:abc=\nbuild\tCGO_ENABLED=0\n";
	char version[32], info[512];
	snprintf(version, sizeof(version), "go1.%d.3", f->o.minor);
	const char *v = f->o.version ? f->o.version : version, *m = f->o.modinfo ? f->o.modinfo : lines;
	uint8_t *p = fix_rw(f, FIX_BUILD);
	memcpy(p, "\xff Go buildinf:", 14);
	p[14] = 8;
	p[15] = 2;
	size_t n = 32 + fix_text(p + 32, v, strlen(v)), len = strlen(m) + 32;
	memset(info, 'x', sizeof(info));
	memcpy(info + 16, m, strlen(m));
	fix_text(p + n, info, len);
}

// ---- DWARF --------------------------------------------------------------------------------------------------------

static inline uint32_t fix_die(struct fix *f, uint8_t abbrev, const char *name, const void *rest, size_t len)
{
	size_t at = f->dwarf_info;
	uint8_t *p = f->bytes + FIX_DWARF_FILE;
	p[f->dwarf_info++] = abbrev;
	memcpy(p + f->dwarf_info, name, strlen(name) + 1);
	f->dwarf_info += strlen(name) + 1;
	if (len)
		memcpy(p + f->dwarf_info, rest, len);
	f->dwarf_info += len;
	return (uint32_t)at;
}

static inline void fix_member(struct fix *f, const char *name, uint32_t type, uint8_t off)
{
	uint8_t rest[5];
	memcpy(rest, &type, 4);
	rest[4] = off;
	fix_die(f, 3, name, rest, 5);
}

// DWARF 4: struct runtime.mheap {lock uint64; state alias @24}, alias = struct runtime.inner {value uint64 @8}
static inline void fix_dwarf(struct fix *f)
{
	static const uint8_t abbrev[] = {
		1, 0x11, 1, 0x03, 0x08, 0, 0,                         // unit: name
		2, 0x13, 1, 0x03, 0x08, 0x0b, 0x0b, 0, 0,             // struct: name, size
		3, 0x0d, 0, 0x03, 0x08, 0x49, 0x13, 0x38, 0x0b, 0, 0, // member: name, type, offset
		4, 0x24, 0, 0x03, 0x08, 0x0b, 0x0b, 0, 0,             // base type: name, size
		5, 0x16, 0, 0x03, 0x08, 0x49, 0x13, 0, 0,             // typedef: name, type
		0,
	};
	uint8_t *p = f->bytes + FIX_DWARF_FILE;
	f->dwarf_abbrev = sizeof(abbrev);
	memcpy(p + 0x200, abbrev, sizeof(abbrev));
	f->dwarf_info = 11; // length, version, abbreviations, address size
	p[4] = 4;
	p[10] = 8;
	fix_die(f, 1, "runtime", NULL, 0);
	uint32_t word = fix_die(f, 4, "uint64", "\x08", 1);
	uint32_t inner = fix_die(f, 2, "runtime.inner", "\x10", 1);
	fix_member(f, "value", word, 8);
	p[f->dwarf_info++] = 0;
	uint32_t alias = fix_die(f, 5, "runtime.alias", &inner, 4);
	fix_die(f, 2, "runtime.mheap", "\x40", 1);
	fix_member(f, "lock", word, 0);
	fix_member(f, "state", alias, 24);
	p[f->dwarf_info++] = 0;
	p[f->dwarf_info++] = 0;
	put_u32(p, (uint32_t)f->dwarf_info - 4);
}

// ---- ELF ----------------------------------------------------------------------------------------------------------

static inline void fix_headers(struct fix *f)
{
	Elf64_Ehdr h = {
		.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT}, .e_type = f->o.pie ? ET_DYN : ET_EXEC,
		.e_machine = f->o.arm64 ? EM_AARCH64 : EM_X86_64, .e_version = EV_CURRENT, .e_phoff = sizeof(Elf64_Ehdr),
		.e_ehsize = sizeof(Elf64_Ehdr), .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 5, .e_shentsize = sizeof(Elf64_Shdr),
	};
	const Elf64_Phdr p[] = {
		{PT_LOAD, PF_R | PF_W, FIX_RW_FILE, FIX_RW_SEG, FIX_RW_SEG, FIX_RW_LEN, 0x4000, 0x1000}, // out of order on purpose
		{PT_LOAD, PF_R | PF_X, FIX_TEXT_FILE, FIX_TEXT_SEG, FIX_TEXT_SEG, FIX_RO_FILE, FIX_RO_FILE, 0x1000},
		{PT_LOAD, PF_R, FIX_RO_FILE, FIX_RO_SEG, FIX_RO_SEG, FIX_RO_LEN, FIX_RO_LEN, 0x1000},
		{PT_NOTE, PF_R, FIX_RO_FILE + FIX_NOTE, FIX_RO_SEG + FIX_NOTE, 0, 0x40, 0x40, 4},
		{f->o.pie ? PT_DYNAMIC : PT_NULL, PF_R, FIX_RO_FILE + FIX_DYNAMIC, FIX_RO_SEG + FIX_DYNAMIC, 0, 64, 64, 8},
	};
	memcpy(f->bytes + sizeof(h), p, sizeof(p));
	static const char note[] = "\4\0\0\0\6\0\0\0\4\0\0\0Go\0\0id/one\0";
	memcpy(fix_ro(f, FIX_NOTE), note, sizeof(note));
	uint64_t dynamic[] = {DT_RELA, FIX_RO_SEG + FIX_RELA, DT_RELASZ, 24 * f->n_rela, DT_RELAENT, 24, DT_NULL, 0};
	memcpy(fix_ro(f, FIX_DYNAMIC), dynamic, sizeof(dynamic));
	if (f->o.sections) {
		h.e_shoff = FIX_SECTION_FILE;
		h.e_shnum = f->o.dwarf ? 9 : f->o.symbols ? 7 : 5;
		h.e_shstrndx = 4;
	}
	memcpy(f->bytes, &h, sizeof(h));
}

static inline void fix_sections(struct fix *f)
{
	static const char names[] = "\0.gopclntab\0.go.buildinfo\0.go.module\0.shstrtab\0.symtab\0.strtab\0.debug_info\0.debug_abbrev";
	static const char strings[] = "\0main.global\0runtime.buildVersion\0runtime.firstmoduledata";
	enum { NAMES = FIX_SECTION_FILE + 0x300, STRINGS = FIX_SECTION_FILE + 0x400, SYMBOLS = FIX_SECTION_FILE + 0x500 };
	size_t md_len = f->o.minor >= 27 ? FIX_MD_LEN_27 : FIX_MD_LEN_26;
	const Elf64_Shdr s[] = {
		{0},
		{1, SHT_PROGBITS, SHF_ALLOC, FIX_RO_SEG + FIX_PCLN, FIX_RO_FILE + FIX_PCLN, FIX_EPCLN, 0, 0, 8, 0},
		{12, SHT_PROGBITS, SHF_ALLOC, FIX_RW_SEG + FIX_BUILD, FIX_RW_FILE + FIX_BUILD, 0x400, 0, 0, 8, 0},
		{f->o.minor >= 26 ? 26u : 0, SHT_PROGBITS, SHF_ALLOC, FIX_RW_SEG + FIX_MD, FIX_RW_FILE + FIX_MD, md_len, 0, 0, 8, 0},
		{37, SHT_STRTAB, 0, 0, NAMES, sizeof(names), 0, 0, 1, 0},
		{47, SHT_SYMTAB, 0, 0, SYMBOLS, 5 * sizeof(Elf64_Sym), 6, 0, 8, sizeof(Elf64_Sym)},
		{55, SHT_STRTAB, 0, 0, STRINGS, sizeof(strings), 0, 0, 1, 0},
		{63, SHT_PROGBITS, 0, 0, FIX_DWARF_FILE, f->dwarf_info, 0, 0, 1, 0},
		{75, SHT_PROGBITS, 0, 0, FIX_DWARF_FILE + 0x200, f->dwarf_abbrev, 0, 0, 1, 0},
	};
	const Elf64_Sym sym[] = {
		{0},
		{1, ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT), 0, 2, FIX_RW_SEG + FIX_GLOBAL, 64},
		{13, ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT), 0, 2, FIX_RW_SEG + FIX_GLOBAL + 0x40, 16},
		{34, ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT), 0, 2, FIX_RW_SEG + FIX_MD, 592},
		{0xffff, ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), 0, 2, FIX_TEXT, 4}, // a name outside
	};
	memcpy(f->bytes + FIX_SECTION_FILE, s, f->o.sections ? sizeof(s) : 0);
	memcpy(f->bytes + NAMES, names, sizeof(names));
	memcpy(f->bytes + STRINGS, strings, sizeof(strings));
	memcpy(f->bytes + SYMBOLS, sym, sizeof(sym));
	memcpy(fix_rw(f, FIX_GLOBAL + 0x80), "go1.27.9", 8); // what runtime.buildVersion points to
	put_u64(fix_rw(f, FIX_GLOBAL + 0x40), FIX_RW_SEG + FIX_GLOBAL + 0x80);
	put_u64(fix_rw(f, FIX_GLOBAL + 0x48), 8);
}

static inline void fix_make(struct fix *f, struct fix_options o)
{
	*f = (struct fix){.bytes = calloc(1, FIX_BYTES), .o = o, .pctab = 1}; // table 0 means none
	if (!f->bytes)
		abort();
	fix_funcs(f);
	fix_types(f);
	fix_moduledata(f);
	fix_buildinfo(f);
	fix_headers(f);
	fix_dwarf(f);
	fix_sections(f);
}

static inline void fix_free(struct fix *f) { free(f->bytes); }
static inline void fix_freep(struct fix *f) { fix_free(f); }
