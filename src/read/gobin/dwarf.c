// Struct layouts from DWARF, by libdw (DWARF 4 and 5, compressed or not). Go's linker puts every type into the unit of
// package runtime (cmd/link/internal/ld/dwarf.go); where another linker moved them, all units are looked through.
#include "read/gobin/private.h"

#include <dwarf.h>
#include <elfutils/libdw.h>

enum { MAX_STRUCTS = 1 << 22, MAX_MEMBERS = 1 << 16, MAX_PATH_DEPTH = 16 };

struct dwarf_index {
	Elf *elf;
	Dwarf *dw;
	struct map *structs; // hash of a name -> offset of its DIE in .debug_info
};

static bool index_unit(struct dwarf_index *d, Dwarf_Die *unit, size_t *n)
{
	Dwarf_Die die;
	for (int more = dwarf_child(unit, &die); !more && *n < MAX_STRUCTS; more = dwarf_siblingof(&die, &die)) {
		const char *name = dwarf_tag(&die) == DW_TAG_structure_type ? dwarf_diename(&die) : NULL;
		bool fresh;
		if (!name)
			continue;
		uint64_t *slot = map_at(d->structs, hash_bytes(name, strlen(name)), &fresh);
		if (!slot)
			return false;
		if (fresh)
			*slot = dwarf_dieoffset(&die);
		++*n;
	}
	return true;
}

static bool build(struct dwarf_index *d)
{
	size_t n = 0;
	for (int others = 0; others <= 1 && !n; others++) {
		Dwarf_CU *cu = NULL;
		Dwarf_Die unit;
		while (!dwarf_get_units(d->dw, cu, &cu, NULL, NULL, &unit, NULL)) {
			const char *name = dwarf_diename(&unit);
			bool runtime = name && !strcmp(name, "runtime");
			if (runtime != !others)
				continue;
			if (!index_unit(d, &unit, &n))
				return false;
		}
	}
	return true;
}

static struct dwarf_index *dwarf_open(const struct gobin *g)
{
	struct dwarf_index *d = calloc(1, sizeof(*d));
	if (!d || elf_version(EV_CURRENT) == EV_NONE)
		return d;
	d->elf = elf_memory((char *)(uintptr_t)g->elf.data, g->elf.len); // libelf only reads it
	d->dw = d->elf ? dwarf_begin_elf(d->elf, DWARF_C_READ, NULL) : NULL;
	d->structs = d->dw ? map_new() : NULL;
	if (d->structs && !build(d)) {
		map_free(d->structs);
		d->structs = NULL;
	}
	return d;
}

void dwarf_close(struct dwarf_index *d)
{
	if (!d)
		return;
	map_free(d->structs);
	dwarf_end(d->dw);
	elf_end(d->elf);
	free(d);
}

// The struct behind typedefs.
static bool peel(Dwarf_Die *die) { return !dwarf_peel_type(die, die) && dwarf_tag(die) == DW_TAG_structure_type; }

static bool member(Dwarf_Die *of, const char *name, size_t len, Dwarf_Die *ret_type, uint64_t *ret_off)
{
	Dwarf_Die m;
	size_t n = 0;
	for (int more = dwarf_child(of, &m); !more && n < MAX_MEMBERS; more = dwarf_siblingof(&m, &m), n++) {
		const char *own = dwarf_tag(&m) == DW_TAG_member ? dwarf_diename(&m) : NULL;
		Dwarf_Attribute attr;
		Dwarf_Word off;
		if (!own || strlen(own) != len || memcmp(own, name, len))
			continue;
		if (!dwarf_attr(&m, DW_AT_data_member_location, &attr) || dwarf_formudata(&attr, &off))
			return false;
		if (!dwarf_attr(&m, DW_AT_type, &attr) || !dwarf_formref_die(&attr, ret_type))
			return false;
		*ret_off = off;
		return true;
	}
	return false;
}

static bool find_struct(struct dwarf_index *d, const char *name, Dwarf_Die *ret)
{
	uint64_t off;
	if (!d || !d->structs || !map_find(d->structs, hash_bytes(name, strlen(name)), &off) || !dwarf_offdie(d->dw, off, ret))
		return false;
	const char *found = dwarf_diename(ret);
	return found && !strcmp(found, name);
}

static bool find_field(struct dwarf_index *d, const char *type, const char *path, uint64_t *ret_off, uint64_t *ret_size)
{
	Dwarf_Die die;
	Dwarf_Word size;
	uint64_t off = 0, step;
	if (!find_struct(d, type, &die))
		return false;
	for (unsigned depth = 0; path && *path; depth++) {
		size_t n = strcspn(path, ".");
		if (depth == MAX_PATH_DEPTH || (depth && !peel(&die)) || !member(&die, path, n, &die, &step))
			return false;
		off += step;
		path += n + (path[n] == '.');
	}
	if (dwarf_aggregate_size(&die, &size))
		return false;
	if (ret_off)
		*ret_off = off;
	if (ret_size)
		*ret_size = size;
	return true;
}

// libdw caches what it reads inside its handle: one at a time.
bool gobin_dwarf_field(const struct gobin *g, const char *type, const char *field, uint64_t *ret_off, uint64_t *ret_size)
{
	struct gobin_lazy *l = g->lazy;
	if (!g->dwarf)
		return false;
	pthread_mutex_lock(&l->lock);
	if (!l->dwarf_tried)
		l->dwarf = dwarf_open(g);
	l->dwarf_tried = true;
	bool found = find_field(l->dwarf, type, field, ret_off, ret_size);
	pthread_mutex_unlock(&l->lock);
	return found;
}
