#include "read/gobin/private.h"

#include <elf.h>
#include <stdlib.h>

static struct err *open_parts(struct gobin *g)
{
	struct err *err = buildinfo_open(g);
	if (!err)
		err = moduledata_open(g);
	return err ? err : pclntab_open(g);
}

struct err *gobin_open(struct view elf, struct gobin **ret)
{
	cleanup(gobin_closep) struct gobin *g = calloc(1, sizeof(*g));
	if (!g || !(g->arena = arena_new()))
		return &err_nomem;
	g->file = elf;
	struct err *err = elf_open(g);
	if (!err)
		err = open_parts(g);
	if (!err)
		*ret = take(g);
	return err;
}

struct err *gobin_open_segments(const struct gobin_segment *segments, size_t n, struct gobin **ret)
{
	cleanup(gobin_closep) struct gobin *g = calloc(1, sizeof(*g));
	if (!g || !(g->arena = arena_new()))
		return &err_nomem;
	if (n > GOBIN_MAX_SEGMENTS)
		return err_new(ERR_LIMIT, "%zu segments, at most %d are read", n, GOBIN_MAX_SEGMENTS);
	g->owns_segments = true;
	g->elf_type = ET_EXEC;
	for (size_t i = 0; i < n; i++) {
		uint8_t *copy = malloc(segments[i].bytes.len ? segments[i].bytes.len : 1);
		if (!copy)
			return &err_nomem;
		memcpy(copy, segments[i].bytes.data, segments[i].bytes.len);
		g->segments[g->n_segments] = segments[i];
		g->segments[g->n_segments++].bytes.data = copy;
	}
	Elf64_Ehdr eh; // the first segment usually begins with the header
	if (n && segments[0].bytes.len >= sizeof(eh)) {
		memcpy(&eh, segments[0].bytes.data, sizeof(eh));
		if (!memcmp(eh.e_ident, ELFMAG, SELFMAG) && eh.e_machine == EM_AARCH64)
			g->arch = GOBIN_ARM64;
	}
	struct err *err = open_parts(g);
	if (!err)
		*ret = take(g);
	return err;
}

void gobin_close(struct gobin *g)
{
	if (!g)
		return;
	for (size_t i = 0; g->owns_segments && i < g->n_segments; i++)
		free((void *)(uintptr_t)g->segments[i].bytes.data);
	symbols_close(g);
	types_close(g);
	dwarf_close(g);
	free(g->sections);
	map_free(g->relocs);
	interner_free(g->func_names);
	free(g->func_of_name);
	gaps_fini(&g->gaps);
	arena_free(g->arena);
	free(g);
}

enum gobin_arch gobin_arch(const struct gobin *g) { return g->arch; }
bool gobin_is_pie(const struct gobin *g) { return g->elf_type == ET_DYN; }
const struct gaps *gobin_gaps(const struct gobin *g) { return &g->gaps; }

size_t gobin_segments(const struct gobin *g, const struct gobin_segment **ret)
{
	*ret = g->segments;
	return g->n_segments;
}
