// The ELF symbol table: by name and by address. Two indexes, each built when first asked for.
#include "read/gobin/private.h"

#include <elf.h>

enum { MAX_SYMBOLS = 64 << 20 };

struct symbol_index {
	struct view table, names; // whole Elf64_Sym, bounded
	struct map *by_name;      // hash of a name -> index
	VEC(uint32_t) by_addr;    // ascending
};

static uint64_t count(const struct symbol_index *x) { return x->table.len / sizeof(Elf64_Sym); }

static Elf64_Sym at(const struct symbol_index *x, uint64_t i)
{
	Elf64_Sym s;
	memcpy(&s, x->table.data + i * sizeof(s), sizeof(s));
	return s;
}

static const char *name_of(const struct symbol_index *x, const Elf64_Sym *s)
{
	const char *name;
	struct err *err = view_cstr(x->names, s->st_name, &name);
	if (!err)
		return name;
	err_free(err);
	return NULL;
}

static int by_addr(const void *a, const void *b, void *ctx)
{
	Elf64_Sym x = at(ctx, *(const uint32_t *)a), y = at(ctx, *(const uint32_t *)b);
	return (x.st_value > y.st_value) - (x.st_value < y.st_value);
}

static struct err *build(const struct gobin *g, struct symbol_index *x)
{
	struct elf_section s, names;
	if (!elf_section_named(g, ".symtab", &s) || s.type != SHT_SYMTAB || !elf_section_at(g, s.link, &names) ||
	    names.type != SHT_STRTAB)
		return NULL;
	x->table = (struct view){g->elf.data + s.off, s.size - s.size % sizeof(Elf64_Sym), "symbols"};
	x->names = (struct view){g->elf.data + names.off, names.size, "symbol names"};
	if (count(x) > MAX_SYMBOLS)
		return err_new(ERR_LIMIT, "%llu symbols, at most %d are read", (unsigned long long)count(x), MAX_SYMBOLS);
	x->by_name = map_new();
	if (!x->by_name)
		return &err_nomem;
	for (uint64_t i = 0; i < count(x); i++) {
		Elf64_Sym sym = at(x, i);
		unsigned type = ELF64_ST_TYPE(sym.st_info);
		if (sym.st_shndx == SHN_UNDEF || !sym.st_name || type == STT_FILE || type == STT_SECTION || type == STT_TLS)
			continue;
		const char *name = name_of(x, &sym);
		if (!name)
			continue;
		bool fresh;
		uint64_t *slot = map_at(x->by_name, hash_bytes(name, strlen(name)), &fresh);
		if (!slot)
			return &err_nomem;
		if (fresh)
			*slot = i;
		struct err *err = type <= STT_FUNC ? vec_push(&x->by_addr, MAX_SYMBOLS, "symbols", (uint32_t)i) : NULL;
		if (err)
			return err;
	}
	if (x->by_addr.len)
		qsort_r(x->by_addr.at, x->by_addr.len, sizeof(uint32_t), by_addr, x);
	return NULL;
}

static const struct symbol_index *symbols(const struct gobin *g)
{
	struct gobin_lazy *l = g->lazy;
	pthread_mutex_lock(&l->lock);
	if (!l->symbols_tried && !g->stripped && (l->symbols = calloc(1, sizeof(*l->symbols)))) {
		struct err *err = build(g, l->symbols);
		if (err) { // then as if stripped
			symbols_close(l->symbols);
			l->symbols = NULL;
			err_free(err);
		}
	}
	l->symbols_tried = true;
	pthread_mutex_unlock(&l->lock);
	return l->symbols;
}

void symbols_close(struct symbol_index *x)
{
	if (!x)
		return;
	map_free(x->by_name);
	vec_fini(&x->by_addr);
	free(x);
}

bool gobin_symbol(const struct gobin *g, const char *name, addr_t *ret_addr, uint64_t *ret_size)
{
	const struct symbol_index *x = symbols(g);
	uint64_t i;
	if (!x || !x->by_name || !map_find(x->by_name, hash_bytes(name, strlen(name)), &i))
		return false;
	Elf64_Sym s = at(x, i);
	const char *found = name_of(x, &s);
	if (!found || strcmp(found, name))
		return false;
	*ret_addr = s.st_value;
	if (ret_size)
		*ret_size = s.st_size;
	return true;
}

const char *gobin_symbol_at(const struct gobin *g, addr_t addr, uint64_t *ret_off)
{
	const struct symbol_index *x = symbols(g);
	size_t lo = 0, hi = x ? x->by_addr.len : 0; // symbols below lo begin at or before addr
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (at(x, x->by_addr.at[mid]).st_value <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (size_t back = 0; lo-- && back < 16; back++) { // zero-sized ones and aliases lie between
		Elf64_Sym s = at(x, x->by_addr.at[lo]);
		if (addr - s.st_value >= max_u64(s.st_size, 1))
			continue;
		*ret_off = addr - s.st_value;
		return name_of(x, &s);
	}
	return NULL;
}
