// Opening and closing; what concerns no part alone.
#include "read/gobin/private.h"

static struct err *new_gobin(struct gobin **ret)
{
	struct gobin *g = calloc(1, sizeof(*g));
	if (!g)
		return &err_nomem;
	g->arena = arena_new();
	g->lazy = calloc(1, sizeof(*g->lazy));
	if (!g->arena || !g->lazy || pthread_mutex_init(&g->lazy->lock, NULL)) {
		arena_free(g->arena);
		free(g->lazy);
		free(g);
		return &err_nomem;
	}
	g->info = (struct gobin_buildinfo){"", "", -1, -1, "", "", "", "", ""};
	*ret = g;
	return NULL;
}

static struct err *open_parts(struct gobin *g)
{
	struct err *err = buildinfo_open(g);
	if (!err)
		err = moduledata_open(g);
	return err;
}

struct err *gobin_open(struct view elf, struct gobin **ret)
{
	cleanup(gobin_closep) struct gobin *g = NULL;
	struct err *err = new_gobin(&g);
	if (!err)
		err = elf_open(g, elf);
	if (!err)
		err = open_parts(g);
	if (!err)
		*ret = take(g);
	return err;
}

static int by_addr(const void *a, const void *b)
{
	const struct gobin_segment *x = a, *y = b;
	return (x->addr > y->addr) - (x->addr < y->addr);
}

static struct err *add_copy(struct gobin *g, const struct gobin_segment *from)
{
	struct gobin_segment s = *from;
	uint8_t *copy = malloc(s.bytes.len ? s.bytes.len : 1);
	struct err *err = copy ? vec_push(&g->copies, GOBIN_SEGMENTS_MAX, "segments", copy) : &err_nomem;
	if (err)
		return free(copy), err;
	memcpy(copy, s.bytes.data, s.bytes.len);
	s.bytes.data = copy;
	return vec_push(&g->segments, GOBIN_SEGMENTS_MAX, "segments", s);
}

struct err *gobin_open_segments(const struct gobin_segment *segments, size_t n, struct gobin **ret)
{
	cleanup(gobin_closep) struct gobin *g = NULL;
	struct err *err = new_gobin(&g);
	if (err)
		return err;
	g->elf.source = n ? segments[0].bytes.source : "memory";
	g->stripped = true;
	for (size_t i = 0; !err && i < n; i++)
		err = add_copy(g, &segments[i]);
	if (!err && n)
		qsort(g->segments.at, n, sizeof(*g->segments.at), by_addr);
	if (!err)
		err = open_parts(g);
	if (err)
		return err;
	g->arch = g->pcln.quantum == 4 ? GOBIN_ARM64 : GOBIN_AMD64;
	*ret = take(g);
	return NULL;
}

void gobin_close(struct gobin *g)
{
	if (!g)
		return;
	map_free(g->lazy->funcs);
	symbols_close(g->lazy->symbols);
	types_close(g->lazy->types);
	dwarf_close(g->lazy->dwarf);
	pthread_mutex_destroy(&g->lazy->lock);
	free(g->lazy);
	for (size_t i = 0; i < g->copies.len; i++)
		free(g->copies.at[i]);
	vec_fini(&g->copies);
	vec_fini(&g->segments);
	arena_free(g->arena);
	gaps_fini(&g->gaps);
	free(g);
}

const struct gobin_buildinfo *gobin_buildinfo(const struct gobin *g) { return &g->info; }
enum gobin_arch gobin_arch(const struct gobin *g) { return g->arch; }
bool gobin_stripped(const struct gobin *g) { return g->stripped; }
bool gobin_is_pie(const struct gobin *g) { return g->pie; }
bool gobin_has_dwarf(const struct gobin *g) { return g->dwarf; }
const struct gaps *gobin_gaps(const struct gobin *g) { return &g->gaps; }

size_t gobin_segments(const struct gobin *g, const struct gobin_segment **ret)
{
	*ret = g->segments.at;
	return g->segments.len;
}
