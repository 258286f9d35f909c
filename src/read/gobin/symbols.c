// .symtab: addresses of globals by name, and names by address. Sorted once, on the first question.
#include "read/gobin/private.h"

#include <elf.h>
#include <stdlib.h>

struct symbols {
	struct view strings;
	Elf64_Sym *by_addr; // ascending, those with a size or of type object or function
	size_t n;
	struct interner *names;
	uint32_t *of_name;
};

static int by_address(const void *a, const void *b)
{
	const Elf64_Sym *x = a, *y = b;
	return (x->st_value > y->st_value) - (x->st_value < y->st_value);
}

static const char *name_of(const struct symbols *s, const Elf64_Sym *sym)
{
	const char *name;
	struct err *err = view_cstr(s->strings, sym->st_name, &name);
	bool ok = !err;
	err_free(err);
	return ok ? name : NULL;
}

static struct symbols *load(const struct gobin *g)
{
	const struct section *tab = elf_section(g, ".symtab");
	struct view v = elf_section_view(g, tab);
	struct symbols *s = calloc(1, sizeof(*s));
	size_t all = v.len / sizeof(Elf64_Sym);
	if (!s || !all || tab->link >= g->n_sections)
		return s;
	s->strings = elf_section_view(g, &g->sections[tab->link]);
	s->by_addr = malloc(all * sizeof(*s->by_addr));
	s->names = interner_new();
	s->of_name = malloc(all * sizeof(*s->of_name));
	if (!s->by_addr || !s->names || !s->of_name)
		return s;
	for (size_t i = 0; i < all; i++) {
		Elf64_Sym sym;
		memcpy(&sym, v.data + i * sizeof(sym), sizeof(sym));
		if (sym.st_value && sym.st_shndx != SHN_UNDEF && ELF64_ST_TYPE(sym.st_info) <= STT_FUNC)
			s->by_addr[s->n++] = sym;
	}
	qsort(s->by_addr, s->n, sizeof(*s->by_addr), by_address);
	for (size_t i = 0; i < s->n; i++) {
		const char *name = name_of(s, &s->by_addr[i]);
		uint32_t before = interner_len(s->names), id = name ? interner_id(s->names, name, strlen(name)) : INTERN_NOMEM;
		if (id == before)
			s->of_name[id] = (uint32_t)i;
	}
	return s;
}

static const struct symbols *symbols_of(const struct gobin *cg)
{
	struct gobin *g = (struct gobin *)(uintptr_t)cg; // a cache
	if (!g->symbols)
		g->symbols = load(g);
	return g->symbols;
}

bool gobin_stripped(const struct gobin *g) { return !elf_section(g, ".symtab"); }

bool gobin_symbol(const struct gobin *g, const char *name, addr_t *ret_addr, uint64_t *ret_size)
{
	const struct symbols *s = symbols_of(g);
	uint32_t id;
	if (!s || !s->names || !s->of_name || !interner_find(s->names, name, strlen(name), &id))
		return false;
	*ret_addr = s->by_addr[s->of_name[id]].st_value;
	if (ret_size)
		*ret_size = s->by_addr[s->of_name[id]].st_size;
	return true;
}

const char *gobin_symbol_at(const struct gobin *g, addr_t addr, uint64_t *ret_off)
{
	const struct symbols *s = symbols_of(g);
	size_t lo = 0, hi = s ? s->n : 0;
	while (lo < hi) { // first symbol above addr
		size_t mid = lo + (hi - lo) / 2;
		if (s->by_addr[mid].st_value <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (!lo)
		return NULL;
	const Elf64_Sym *sym = &s->by_addr[lo - 1];
	if (addr - sym->st_value >= (sym->st_size ? sym->st_size : 1))
		return NULL;
	*ret_off = addr - sym->st_value;
	return name_of(s, sym);
}

void symbols_close(struct gobin *g)
{
	if (!g->symbols)
		return;
	free(g->symbols->by_addr);
	free(g->symbols->of_name);
	interner_free(g->symbols->names);
	free(g->symbols);
}
