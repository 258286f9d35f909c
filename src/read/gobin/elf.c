// The ELF file: segments, sections, and the words that a position-independent executable's loader would relocate.
// Source of the format: System V ABI, elf(5).
//
// Invariants after elf_open(): (1) every segment's bytes lie inside the file; (2) sections are only headers: what they
// point to is checked where used.
#include "read/gobin/private.h"

#include <elf.h>
#include <stdlib.h>

static struct err *program_headers(struct gobin *g, const Elf64_Ehdr *eh)
{
	if (eh->e_phentsize != sizeof(Elf64_Phdr))
		return err_input(g->file.source, offsetof(Elf64_Ehdr, e_phentsize), "program headers of %u bytes, %zu expected", eh->e_phentsize, sizeof(Elf64_Phdr));
	for (unsigned i = 0; i < eh->e_phnum; i++) {
		Elf64_Phdr ph;
		struct err *err = view_bytes(g->file, eh->e_phoff + (uint64_t)i * sizeof(ph), &ph, sizeof(ph));
		if (err)
			return err_while(err, "reading program header %u", i);
		if (ph.p_type != PT_LOAD || !ph.p_filesz)
			continue;
		if (g->n_segments == GOBIN_MAX_SEGMENTS)
			return err_new(ERR_LIMIT, "%s: more than %d loaded segments", g->file.source, GOBIN_MAX_SEGMENTS);
		struct gobin_segment *s = &g->segments[g->n_segments];
		uint64_t size = ph.p_filesz;
		if (ph.p_offset < g->file.len && size > g->file.len - ph.p_offset) // a truncated file: what there is
			size = g->file.len - ph.p_offset;
		if ((err = view_sub(g->file, ph.p_offset, size, &s->bytes)))
			return err_while(err, "segment %u", i);
		if (ph.p_vaddr + size < ph.p_vaddr)
			return err_input(g->file.source, eh->e_phoff + (uint64_t)i * sizeof(ph), "segment wraps around the address space");
		s->addr = ph.p_vaddr;
		s->w = ph.p_flags & PF_W;
		s->x = ph.p_flags & PF_X;
		g->n_segments++;
	}
	return g->n_segments ? NULL : err_input(g->file.source, eh->e_phoff, "no loaded segment");
}

static struct err *section_headers(struct gobin *g, const Elf64_Ehdr *eh)
{
	if (!eh->e_shoff || !eh->e_shnum || eh->e_shentsize != sizeof(Elf64_Shdr) || eh->e_shstrndx >= eh->e_shnum)
		return NULL; // stripped of section headers: scans do
	Elf64_Shdr names;
	struct err *err = view_bytes(g->file, eh->e_shoff + (uint64_t)eh->e_shstrndx * sizeof(names), &names, sizeof(names));
	g->sections = err ? NULL : calloc(eh->e_shnum, sizeof(*g->sections));
	for (unsigned i = 0; !err && g->sections && i < eh->e_shnum; i++) {
		Elf64_Shdr sh;
		const char *name;
		if ((err = view_bytes(g->file, eh->e_shoff + (uint64_t)i * sizeof(sh), &sh, sizeof(sh))) ||
		    (err = view_cstr(g->file, names.sh_offset + sh.sh_name, &name)))
			break;
		g->sections[i] = (struct section){name, sh.sh_type, sh.sh_flags, sh.sh_addr, sh.sh_offset, sh.sh_size, sh.sh_link, sh.sh_entsize};
		g->n_sections = i + 1;
	}
	err_free(err); // sections are a convenience: lying ones are as good as none
	return NULL;
}

const struct section *elf_section(const struct gobin *g, const char *name)
{
	for (size_t i = 0; i < g->n_sections; i++)
		if (!strcmp(g->sections[i].name, name))
			return &g->sections[i];
	return NULL;
}

struct view elf_section_view(const struct gobin *g, const struct section *s)
{
	struct view v = {0};
	if (s && s->type != SHT_NOBITS)
		err_free(view_sub(g->file, s->off, s->size, &v));
	return v;
}

// R_X86_64_RELATIVE and R_AARCH64_RELATIVE: the word at r_offset becomes bias + addend; at bias 0, the addend.
static struct err *relocations(struct gobin *g)
{
	for (size_t i = 0; i < g->n_sections; i++) {
		const struct section *s = &g->sections[i];
		struct view v = s->type == SHT_RELA ? elf_section_view(g, s) : (struct view){0};
		if (v.len / sizeof(Elf64_Rela) > GOBIN_MAX_RELOCS)
			return err_new(ERR_LIMIT, "%s: %zu relocations, at most %d are read", g->file.source, v.len / sizeof(Elf64_Rela), GOBIN_MAX_RELOCS);
		for (size_t off = 0; off + sizeof(Elf64_Rela) <= v.len; off += sizeof(Elf64_Rela)) {
			Elf64_Rela r;
			memcpy(&r, v.data + off, sizeof(r));
			uint64_t type = ELF64_R_TYPE(r.r_info);
			if (type != (g->arch == GOBIN_ARM64 ? R_AARCH64_RELATIVE : R_X86_64_RELATIVE))
				continue;
			if (!g->relocs && !(g->relocs = map_new()))
				return &err_nomem;
			uint64_t *at = map_at(g->relocs, r.r_offset, NULL);
			if (!at)
				return &err_nomem;
			*at = (uint64_t)r.r_addend;
		}
	}
	return NULL;
}

struct err *elf_open(struct gobin *g)
{
	Elf64_Ehdr eh;
	struct err *err = view_bytes(g->file, 0, &eh, sizeof(eh));
	if (err)
		return err_while(err, "reading the ELF header");
	if (memcmp(eh.e_ident, ELFMAG, SELFMAG))
		return err_input(g->file.source, 0, "not an ELF file");
	if (eh.e_ident[EI_CLASS] != ELFCLASS64 || eh.e_ident[EI_DATA] != ELFDATA2LSB)
		return err_new(ERR_UNSUPPORTED, "%s: only 64-bit little-endian programs are read", g->file.source);
	if (eh.e_machine != EM_X86_64 && eh.e_machine != EM_AARCH64)
		return err_new(ERR_UNSUPPORTED, "%s: machine %u; amd64 and arm64 are read", g->file.source, eh.e_machine);
	g->arch = eh.e_machine == EM_AARCH64 ? GOBIN_ARM64 : GOBIN_AMD64;
	g->elf_type = eh.e_type;
	if ((err = program_headers(g, &eh)) || (err = section_headers(g, &eh)))
		return err;
	return eh.e_type == ET_DYN ? relocations(g) : NULL;
}

struct view gobin_view_at(const struct gobin *g, addr_t addr)
{
	for (size_t i = 0; i < g->n_segments; i++) {
		const struct gobin_segment *s = &g->segments[i];
		if (addr >= s->addr && addr - s->addr < s->bytes.len)
			return (struct view){s->bytes.data + (addr - s->addr), s->bytes.len - (addr - s->addr), s->bytes.source};
	}
	return (struct view){.source = g->file.source};
}

struct err *gobin_read(const struct gobin *g, addr_t addr, void *buf, size_t len)
{
	struct view v = gobin_view_at(g, addr);
	if (v.len < len)
		return err_new(ERR_INPUT, "%s: address 0x%llx: %zu bytes wanted, its segment has %zu", g->file.source ? g->file.source : "memory",
			       (unsigned long long)addr, len, v.len);
	memcpy(buf, v.data, len);
	for (addr_t word = (addr + 7) & ~(addr_t)7; g->relocs && word + 8 <= addr + len; word += 8) {
		uint64_t value;
		if (map_find(g->relocs, word, &value))
			memcpy((uint8_t *)buf + (word - addr), &value, 8);
	}
	return NULL;
}

struct err *gobin_u64(const struct gobin *g, addr_t addr, uint64_t *ret) { return gobin_read(g, addr, ret, sizeof(*ret)); }
