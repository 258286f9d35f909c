// The ELF file around it: segments, sections, relocations of position-independent programs, Go's build id.
// System V ABI, and cmd/link/internal/ld/elf.go for what Go writes.
//
// Invariants after elf_open():
//   (1) every segment's bytes lie inside the file, or are a copy we own; segments ascend by address
//   (2) the section header table lies inside the file (n_sections 0 if there is none)
//   (3) nothing a section header says is trusted: its numbers are checked where used
#include "read/gobin/private.h"

#include <elf.h>

enum { RELA_SIZE = 24, DYN_SIZE = 16, MAX_NOTE = 4096 };

const uint8_t *gobin_at(const struct gobin *g, addr_t addr, uint64_t len)
{
	for (size_t i = 0; i < g->segments.len; i++) {
		const struct gobin_segment *s = &g->segments.at[i];
		if (addr >= s->addr && view_has(s->bytes, addr - s->addr, len))
			return s->bytes.data + (addr - s->addr);
	}
	return NULL;
}

struct view gobin_from(const struct gobin *g, addr_t addr, const char *source)
{
	for (size_t i = 0; i < g->segments.len; i++) {
		const struct gobin_segment *s = &g->segments.at[i];
		if (addr >= s->addr && addr - s->addr < s->bytes.len)
			return (struct view){s->bytes.data + (addr - s->addr), s->bytes.len - (addr - s->addr), source};
	}
	return (struct view){NULL, 0, source};
}

struct err *gobin_read(const struct gobin *g, addr_t addr, void *buf, size_t len)
{
	const uint8_t *p = gobin_at(g, addr, len);
	if (!p)
		return err_new(ERR_INPUT, "address 0x%llx: %zu bytes are not in the executable", (unsigned long long)addr, len);
	memcpy(buf, p, len);
	return NULL;
}

// ---- sections -----------------------------------------------------------------------------------------------------

bool elf_section_at(const struct gobin *g, uint32_t index, struct elf_section *ret)
{
	if (index >= g->n_sections)
		return false;
	Elf64_Shdr s;
	memcpy(&s, g->elf.data + g->shoff + (uint64_t)index * sizeof(s), sizeof(s));
	*ret = (struct elf_section){s.sh_addr, s.sh_offset, s.sh_size, s.sh_entsize, s.sh_type, s.sh_link, index, s.sh_flags};
	return s.sh_type == SHT_NOBITS || view_has(g->elf, s.sh_offset, s.sh_size);
}

bool elf_section_named(const struct gobin *g, const char *name, struct elf_section *ret)
{
	size_t n = strlen(name) + 1;
	for (uint32_t i = 0; i < g->n_sections; i++) {
		uint32_t name_off = load_u32(g->elf.data + g->shoff + (uint64_t)i * sizeof(Elf64_Shdr));
		if (name_off >= g->shstr_size || g->shstr_size - name_off < n)
			continue;
		if (!memcmp(g->elf.data + g->shstr_off + name_off, name, n))
			return elf_section_at(g, i, ret);
	}
	return false;
}

// Section headers may be missing or lie: then everything is found by scanning.
static void find_sections(struct gobin *g, const Elf64_Ehdr *h)
{
	uint64_t n = h->e_shnum, names = h->e_shstrndx;
	Elf64_Shdr first;
	if (!h->e_shoff || h->e_shentsize != sizeof(Elf64_Shdr) || !view_has(g->elf, h->e_shoff, sizeof(first)))
		return;
	memcpy(&first, g->elf.data + h->e_shoff, sizeof(first));
	if (!n)
		n = first.sh_size;
	if (names == SHN_XINDEX)
		names = first.sh_link;
	if (!n || n > GOBIN_SECTIONS_MAX || !view_has(g->elf, h->e_shoff, n * sizeof(first)) || names >= n)
		return;
	g->shoff = h->e_shoff;
	g->n_sections = (uint32_t)n;
	struct elf_section s;
	if (!elf_section_at(g, (uint32_t)names, &s) || s.type == SHT_NOBITS) {
		g->n_sections = 0;
		return;
	}
	g->shstr_off = s.off;
	g->shstr_size = s.size;
}

// ---- relocations --------------------------------------------------------------------------------------------------

// The segment's bytes, writable: a copy of ours, made at the first relocation into it. NULL: addr is in no segment.
static struct err *writable(struct gobin *g, bool *is_copy, addr_t addr, uint8_t **ret)
{
	*ret = NULL;
	for (size_t i = 0; i < g->segments.len; i++) {
		struct gobin_segment *s = &g->segments.at[i];
		if (addr < s->addr || !view_has(s->bytes, addr - s->addr, 8))
			continue;
		if (!is_copy[i]) {
			uint8_t *copy = malloc(s->bytes.len);
			if (!copy)
				return &err_nomem;
			struct err *err = vec_push(&g->copies, GOBIN_SEGMENTS_MAX, "relocated segments", copy);
			if (err)
				return free(copy), err;
			memcpy(copy, s->bytes.data, s->bytes.len);
			s->bytes.data = copy;
			is_copy[i] = true;
		}
		// ours, or ours since now: only the view says const
		*ret = (uint8_t *)(uintptr_t)s->bytes.data + (addr - s->addr);
		return NULL;
	}
	return NULL;
}

// A position-independent program's pointers are zero in the file; their values stand in the relocations.
static struct err *relocate(struct gobin *g, struct view dynamic)
{
	uint64_t rela = 0, size = 0, tag, value;
	for (uint64_t off = 0; view_has(dynamic, off, DYN_SIZE); off += DYN_SIZE) {
		tag = load_u64(dynamic.data + off);
		value = load_u64(dynamic.data + off + 8);
		if (tag == DT_NULL)
			break;
		if (tag == DT_RELA)
			rela = value;
		if (tag == DT_RELASZ)
			size = value;
	}
	struct view table = gobin_from(g, rela, "relocations");
	if (!rela || !size || !table.len)
		return NULL;
	if (size > table.len) {
		gap_add(&g->gaps, GAP_EXECUTABLE_PART, "relocations", "the table is longer than the file");
		size = table.len;
	}
	uint32_t relative = g->arch == GOBIN_AMD64 ? R_X86_64_RELATIVE : R_AARCH64_RELATIVE;
	bool is_copy[GOBIN_SEGMENTS_MAX] = {0};
	for (uint64_t off = 0; off + RELA_SIZE <= size; off += RELA_SIZE) {
		uint8_t *at;
		if (load_u32(table.data + off + 8) != relative)
			continue;
		struct err *err = writable(g, is_copy, load_u64(table.data + off), &at);
		if (err)
			return err;
		if (at)
			memcpy(at, table.data + off + 16, 8);
	}
	return NULL;
}

// ---- segments -----------------------------------------------------------------------------------------------------

static void find_build_id(struct gobin *g, struct view notes)
{
	const char *id = NULL;
	for (uint64_t off = 0; view_has(notes, off, 12); ) {
		uint64_t name = load_u32(notes.data + off), desc = load_u32(notes.data + off + 4);
		uint32_t type = load_u32(notes.data + off + 8);
		uint64_t desc_off = off + 12 + ((name + 3) & ~3ull);
		if (!view_has(notes, desc_off, desc))
			break;
		if (type == 4 && name == 4 && !memcmp(notes.data + off + 12, "Go\0", 4) && desc <= MAX_NOTE)
			id = arena_strndup(g->arena, (const char *)notes.data + desc_off, desc);
		off = desc_off + ((desc + 3) & ~3ull);
	}
	if (id)
		g->info.build_id = id;
}

static struct err *add_segment(struct gobin *g, const Elf64_Phdr *p)
{
	uint64_t off = min_u64(p->p_offset, g->elf.len), len = min_u64(p->p_filesz, g->elf.len - off);
	if (len < p->p_filesz)
		gap_add(&g->gaps, GAP_EXECUTABLE_PART, "segments", "the file is shorter than its program headers say");
	struct gobin_segment s = {p->p_vaddr, {g->elf.data + off, len, g->elf.source}, p->p_flags & PF_W, p->p_flags & PF_X};
	if (p->p_vaddr + p->p_memsz < p->p_vaddr || p->p_vaddr + len < p->p_vaddr)
		return err_input(g->elf.source, off, "a segment at 0x%llx wraps around", (unsigned long long)p->p_vaddr);
	struct err *err = vec_push(&g->segments, GOBIN_SEGMENTS_MAX, "segments", s);
	for (size_t i = g->segments.len; !err && i-- > 1 && g->segments.at[i - 1].addr > s.addr; ) {
		g->segments.at[i] = g->segments.at[i - 1];
		g->segments.at[i - 1] = s;
	}
	return err;
}

static struct err *check_header(struct view elf, Elf64_Ehdr *ret)
{
	struct err *err = view_bytes(elf, 0, ret, sizeof(*ret));
	if (err)
		return err;
	if (memcmp(ret->e_ident, ELFMAG, SELFMAG))
		return err_input(elf.source, 0, "not an ELF file");
	if (ret->e_ident[EI_CLASS] != ELFCLASS64)
		return err_new(ERR_UNSUPPORTED, "%s: a 32-bit program, only 64-bit ones are read", elf.source);
	if (ret->e_ident[EI_DATA] != ELFDATA2LSB || (ret->e_machine != EM_X86_64 && ret->e_machine != EM_AARCH64))
		return err_new(ERR_UNSUPPORTED, "%s: machine %u, only amd64 and arm64 are read", elf.source, ret->e_machine);
	if (ret->e_type != ET_EXEC && ret->e_type != ET_DYN)
		return err_new(ERR_UNSUPPORTED, "%s: neither a program nor a shared library (ELF type %u)", elf.source, ret->e_type);
	if (ret->e_phentsize != sizeof(Elf64_Phdr) || !view_has(elf, ret->e_phoff, (uint64_t)ret->e_phnum * sizeof(Elf64_Phdr)))
		return err_input(elf.source, ret->e_phoff, "truncated: %u program headers do not fit", ret->e_phnum);
	return NULL;
}

struct err *elf_open(struct gobin *g, struct view elf)
{
	Elf64_Ehdr h;
	struct err *err = check_header(elf, &h);
	if (err)
		return err;
	g->elf = elf;
	g->arch = h.e_machine == EM_X86_64 ? GOBIN_AMD64 : GOBIN_ARM64;
	g->pie = h.e_type == ET_DYN;
	struct view dynamic = {0}, notes;
	for (uint32_t i = 0; !err && i < h.e_phnum; i++) {
		Elf64_Phdr p;
		memcpy(&p, elf.data + h.e_phoff + (uint64_t)i * sizeof(p), sizeof(p));
		if (p.p_type == PT_LOAD)
			err = add_segment(g, &p);
		else if (p.p_type == PT_DYNAMIC && view_has(elf, p.p_offset, p.p_filesz))
			dynamic = (struct view){elf.data + p.p_offset, p.p_filesz, elf.source};
		else if (p.p_type == PT_NOTE && view_has(elf, p.p_offset, p.p_filesz)) {
			notes = (struct view){elf.data + p.p_offset, p.p_filesz, elf.source};
			find_build_id(g, notes);
		}
	}
	if (!err && !g->segments.len)
		err = err_input(elf.source, h.e_phoff, "no segment is loaded from this file");
	if (!err)
		err = relocate(g, dynamic);
	if (err)
		return err;
	find_sections(g, &h);
	struct elf_section s;
	g->stripped = !elf_section_named(g, ".symtab", &s) || !s.size;
	g->dwarf = elf_section_named(g, ".debug_info", &s) || elf_section_named(g, ".zdebug_info", &s);
	return NULL;
}
