// Structs of the runtime from DWARF 4 and 5, through libdw. Go makes one compile unit a package, named by its path: only
// the units of the packages asked for are walked.
#include "read/gobin/private.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <stdlib.h>

struct dwarf {
	Elf *elf;
	Dwarf *dw;
	struct interner *names; // struct types by name
	VEC(Dwarf_Off) dies;
};

enum { MAX_STRUCTS = 1 << 18, MAX_UNITS = 1 << 16 };

bool gobin_has_dwarf(const struct gobin *g) { return elf_section(g, ".debug_info") || elf_section(g, ".zdebug_info"); }

static void add_structs(struct dwarf *d, Dwarf_Die *unit)
{
	Dwarf_Die die;
	for (int r = dwarf_child(unit, &die); r == 0; r = dwarf_siblingof(&die, &die)) {
		const char *name = dwarf_tag(&die) == DW_TAG_structure_type ? dwarf_diename(&die) : NULL;
		if (!name)
			continue;
		uint32_t before = interner_len(d->names), id = interner_id(d->names, name, strlen(name));
		if (id != before)
			continue;
		struct err *err = vec_push(&d->dies, MAX_STRUCTS, "struct types", dwarf_dieoffset(&die));
		if (err) {
			err_free(err);
			return;
		}
	}
}

static struct dwarf *load(const struct gobin *g)
{
	struct dwarf *d = calloc(1, sizeof(*d));
	if (!d || !gobin_has_dwarf(g))
		return d;
	elf_version(EV_CURRENT);
	// libelf wants a writable pointer and, without ELF_C_WRITE, does not write.
	d->elf = elf_memory((char *)(uintptr_t)g->file.data, g->file.len);
	d->dw = d->elf ? dwarf_begin_elf(d->elf, DWARF_C_READ, NULL) : NULL;
	d->names = interner_new();
	if (!d->dw || !d->names)
		return d;
	Dwarf_CU *cu = NULL;
	Dwarf_Half version;
	uint8_t type;
	Dwarf_Die unit, sub;
	for (int n = 0; n < MAX_UNITS && dwarf_get_units(d->dw, cu, &cu, &version, &type, &unit, &sub) == 0; n++) {
		const char *name = dwarf_diename(&unit);
		if (name && (!strcmp(name, "runtime") || !strncmp(name, "internal/", 9) || !strcmp(name, "sync") || !strcmp(name, "time")))
			add_structs(d, &unit);
	}
	return d;
}

static bool number(Dwarf_Die *die, unsigned what, uint64_t *ret)
{
	Dwarf_Attribute attr;
	Dwarf_Word w;
	if (!dwarf_attr_integrate(die, what, &attr) || dwarf_formudata(&attr, &w))
		return false;
	*ret = w;
	return true;
}

// The member called by the first part of a dotted path, in die's children.
static bool member(Dwarf_Die *die, const char *path, size_t len, Dwarf_Die *ret_type, uint64_t *ret_off)
{
	Dwarf_Die child;
	Dwarf_Attribute attr;
	for (int r = dwarf_child(die, &child); r == 0; r = dwarf_siblingof(&child, &child)) {
		const char *name = dwarf_tag(&child) == DW_TAG_member ? dwarf_diename(&child) : NULL;
		if (!name || strlen(name) != len || strncmp(name, path, len))
			continue;
		return number(&child, DW_AT_data_member_location, ret_off) && dwarf_attr(&child, DW_AT_type, &attr) && dwarf_formref_die(&attr, ret_type);
	}
	return false;
}

static bool peel(Dwarf_Die *type) // typedefs
{
	Dwarf_Attribute attr;
	for (int i = 0; i < 8 && dwarf_tag(type) == DW_TAG_typedef; i++)
		if (!dwarf_attr(type, DW_AT_type, &attr) || !dwarf_formref_die(&attr, type))
			return false;
	return true;
}

bool gobin_dwarf_field(const struct gobin *cg, const char *type, const char *field, uint64_t *ret_off, uint64_t *ret_size)
{
	struct gobin *g = (struct gobin *)(uintptr_t)cg; // a cache
	uint32_t id;
	Dwarf_Die die;
	if (!g->dwarf)
		g->dwarf = load(g);
	struct dwarf *d = g->dwarf;
	if (!d || !d->dw || !interner_find(d->names, type, strlen(type), &id) || id >= d->dies.len || !dwarf_offdie(d->dw, d->dies.at[id], &die))
		return false;
	uint64_t off = 0, size = 0;
	for (const char *p = field; p && *p;) {
		size_t len = strcspn(p, ".");
		uint64_t at;
		if (!member(&die, p, len, &die, &at) || !peel(&die))
			return false;
		off += at;
		p += len + (p[len] == '.');
	}
	if (!number(&die, DW_AT_byte_size, &size))
		size = dwarf_tag(&die) == DW_TAG_array_type || !field ? 0 : 8; // pointers carry no size
	if (ret_off)
		*ret_off = off;
	if (ret_size)
		*ret_size = size;
	return true;
}

void dwarf_close(struct gobin *g)
{
	if (!g->dwarf)
		return;
	if (g->dwarf->dw)
		dwarf_end(g->dwarf->dw);
	if (g->dwarf->elf)
		elf_end(g->dwarf->elf);
	interner_free(g->dwarf->names);
	vec_fini(&g->dwarf->dies);
	free(g->dwarf);
}
