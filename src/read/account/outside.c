// What is not the Go heap. A mapping's kind is told by what the kernel calls it (file, [heap], [stack], the names that Go
// and glibc give theirs where the kernel keeps them), by its neighbours (bss behind data), by stack pointers, and by
// glibc's own marks: heap_info at a multiple of 64 MiB (malloc/arena.c), chunks of their own mapping (malloc/malloc.c:
// IS_MMAPPED). What is left in a program without C is the runtime's own; in one with C it is the runtime's where a word
// of the program's data points into it, and C's otherwise.
#include "read/account/private.h"

#include <stdlib.h>
#include <string.h>

enum { GLOBALS_MAX = 1 << 22, SCAN_MAX = 64 << 20, CHUNK = 1 << 20 };
static const uint64_t glibc_arena = 64ull << 20;

void outside_fini(struct outside *o)
{
	vec_fini(&o->threads.at);
	vec_fini(&o->globals);
}

static bool is_exe(const struct outside *o, const struct kernel_map *m)
{
	size_t n = strlen(m->path), e = strlen(o->exe);
	if (!m->inode || !e)
		return false;
	// The path here may have lost its beginning, and have gained " (deleted)".
	static const char deleted[] = " (deleted)";
	if (n > sizeof(deleted) - 1 && !strcmp(m->path + n - (sizeof(deleted) - 1), deleted))
		n -= sizeof(deleted) - 1;
	size_t k = n < e ? n : e;
	return k && (n == e || n >= 100) && !memcmp(m->path + n - k, o->exe + e - k, k);
}

// Anonymous and right behind the program's data: its bss.
static bool is_bss(const struct outside *o, size_t i)
{
	for (; i && !o->maps->at.at[i].inode && !o->maps->at.at[i].path[0] && o->maps->at.at[i - 1].end == o->maps->at.at[i].start; i--)
		if (is_exe(o, &o->maps->at.at[i - 1]) && o->maps->at.at[i - 1].w)
			return true;
	return false;
}

static int by_value(const void *a, const void *b)
{
	addr_t x = *(const addr_t *)a, y = *(const addr_t *)b;
	return (x > y) - (x < y);
}

static bool is_anonymous(const struct kernel_map *m)
{
	return !m->inode && !m->shared && (!m->path[0] || !strncmp(m->path, "[anon:", 6));
}

static const struct kernel_map *map_of(const struct kernel_maps *maps, addr_t addr)
{
	size_t lo = 0, hi = maps->at.len;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (maps->at.at[mid].end <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < maps->at.len && maps->at.at[lo].start <= addr ? &maps->at.at[lo] : NULL;
}

static struct err *keep_pointers(struct outside *o, const uint64_t *words, size_t n)
{
	const struct kernel_map *last = NULL;
	struct err *err = NULL;
	for (size_t i = 0; !err && i < n; i++) {
		if (words[i] < ACCOUNT_PAGE || (last && words[i] >= last->start && words[i] < last->end))
			continue; // one word a mapping is enough, and neighbours repeat
		const struct kernel_map *to = map_of(o->maps, words[i]);
		if (!to || !is_anonymous(to))
			continue;
		last = to;
		err = vec_push(&o->globals, GLOBALS_MAX, "words of globals", words[i]);
	}
	return err;
}

// Words of one writable mapping of the program that point into anonymous memory. Only resident pages are read: a look at
// another one would make it resident.
static struct err *scan_globals(struct outside *o, const struct kernel_map *m)
{
	uint64_t *words = malloc(CHUNK);
	struct kernel_runs runs = {0};
	const struct mem *mem = target_mem(o->t);
	struct err *err = words ? kernel_resident(target_pid(o->t), m->start, m->end, &runs) : &err_nomem;
	for (size_t k = 0; !err && k < runs.at.len; k++)
		for (addr_t at = runs.at.at[k].start; !err && at < runs.at.at[k].end && at - m->start < SCAN_MAX; at += CHUNK) {
			struct mem_range r = {at, words, (size_t)min_u64(CHUNK, runs.at.at[k].end - at), 0};
			err = mem->readv(mem->ctx, &r, 1);
			if (!err)
				err = keep_pointers(o, words, r.got / 8);
		}
	kernel_runs_fini(&runs);
	free(words);
	return err;
}

static bool has_stack_pointer(const struct outside *o, const struct kernel_map *m)
{
	for (size_t i = 0; i < o->threads.at.len; i++)
		if (o->threads.at.at[i].sp >= m->start && o->threads.at.at[i].sp < m->end)
			return true;
	return false;
}

// With its guard (no rights, right below, small): 0 if it has none.
static uint64_t guarded_bytes(const struct outside *o, size_t i)
{
	const struct kernel_map *m = &o->maps->at.at[i], *g = i ? m - 1 : NULL;
	if (!g || g->end != m->start || g->r || g->w || g->x || g->inode || g->end - g->start > 1 << 20 || !m->w)
		return 0;
	return m->end - g->start;
}

static void learn_stack_sizes(struct outside *o)
{
	o->stack_bytes[o->n_stack_bytes++] = 8ull << 20; // what most systems give
	for (size_t i = 0; i < o->maps->at.len && o->n_stack_bytes < countof(o->stack_bytes); i++) {
		const struct kernel_map *m = &o->maps->at.at[i];
		uint64_t bytes = is_anonymous(m) && has_stack_pointer(o, m) ? guarded_bytes(o, i) : 0;
		bool fresh = bytes != 0;
		for (size_t k = 0; k < o->n_stack_bytes; k++)
			fresh = fresh && o->stack_bytes[k] != bytes;
		if (fresh)
			o->stack_bytes[o->n_stack_bytes++] = bytes;
	}
}

struct err *outside_read(const struct target *t, const struct kernel_maps *maps, struct outside *ret)
{
	ret->t = t;
	ret->maps = maps;
	ret->exe = target_exe_path(t);
	struct err *err = NULL;
	for (size_t i = 0; i < maps->at.len; i++) {
		const struct kernel_map *m = &maps->at.at[i];
		ret->foreign = ret->foreign || !strcmp(m->path, "[heap]") || (m->x && m->inode && !is_exe(ret, m));
	}
	if (!ret->foreign)
		return NULL;
	err_free(kernel_threads(target_pid(t), &ret->threads)); // without it stacks are told by their guards
	learn_stack_sizes(ret);
	for (size_t i = 0; !err && i < maps->at.len; i++)
		if (maps->at.at[i].w && maps->at.at[i].rss && (is_exe(ret, &maps->at.at[i]) || is_bss(ret, i)))
			err = scan_globals(ret, &maps->at.at[i]);
	if (!err && ret->globals.len)
		qsort(ret->globals.at, ret->globals.len, sizeof(*ret->globals.at), by_value);
	return err;
}

// ---- anonymous mappings of a program with C -------------------------------------------------------------------------

static bool is_thread_stack(const struct outside *o, size_t i)
{
	if (has_stack_pointer(o, &o->maps->at.at[i]))
		return true;
	uint64_t bytes = guarded_bytes(o, i);
	for (size_t k = 0; bytes && k < o->n_stack_bytes; k++)
		if (o->stack_bytes[k] == bytes)
			return true;
	return false;
}

// struct heap_info at the start: ar_ptr (into an arena of this kind), prev, size, mprotect_size.
static bool is_glibc_arena(const struct outside *o, const struct kernel_map *m)
{
	uint64_t w[4];
	if (m->start % glibc_arena || m->end - m->start > glibc_arena)
		return false;
	struct err *err = mem_read(target_mem(o->t), m->start, w, sizeof(w));
	bool fits = !err && w[0] % 16 == 0 && (w[0] & ~(glibc_arena - 1)) && w[0] % glibc_arena < ACCOUNT_PAGE && w[1] % glibc_arena == 0 &&
		w[2] >= ACCOUNT_PAGE && w[2] <= glibc_arena && w[2] % ACCOUNT_PAGE == 0;
	err_free(err);
	return fits;
}

// A chunk that glibc mapped for itself begins on a page: what precedes it, size with the bit IS_MMAPPED. 0: none here.
static uint64_t glibc_chunk(const struct outside *o, const struct kernel_map *m, addr_t at)
{
	uint64_t w[2];
	struct err *err = mem_read(target_mem(o->t), at, w, sizeof(w));
	uint64_t size = err ? 0 : w[1] & ~7ull, whole = size + (err ? 0 : w[0]);
	bool chunk = !err && (w[1] & 7) == 2 && w[0] < ACCOUNT_PAGE && size >= ACCOUNT_PAGE && size <= m->end - at && whole % ACCOUNT_PAGE == 0;
	err_free(err);
	return chunk ? whole : 0;
}

// Resident bytes of such chunks in m. Only resident pages are looked at: another would become so by it, and a chunk's
// first page is, since its header was written.
static uint64_t glibc_chunks(const struct outside *o, const struct kernel_map *m)
{
	struct kernel_runs runs = {0};
	uint64_t sum = 0;
	addr_t until = m->start; // the end of the last chunk
	struct err *err = kernel_resident(target_pid(o->t), m->start, m->end, &runs);
	for (size_t i = 0; !err && i < runs.at.len; i++) {
		addr_t at = runs.at.at[i].start, end = runs.at.at[i].end;
		while (at < end) {
			if (at >= until)
				until = at + glibc_chunk(o, m, at);
			if (until <= at) { // no chunk here: the next page
				at += ACCOUNT_PAGE;
				continue;
			}
			sum += min_u64(until, end) - at;
			at = min_u64(until, end);
		}
	}
	err_free(err);
	kernel_runs_fini(&runs);
	return sum;
}

static bool pointed_to(const struct outside *o, const struct kernel_map *m)
{
	size_t lo = 0, hi = o->globals.len;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (o->globals.at[mid] < m->start)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < o->globals.len && o->globals.at[lo] < m->end;
}

static void add_anonymous(const struct outside *o, size_t i, double bytes, double parts[ACCOUNT_PARTS])
{
	const struct kernel_map *m = &o->maps->at.at[i];
	if (!o->foreign) {
		parts[ACCOUNT_RUNTIME] += bytes;
		return;
	}
	if (is_thread_stack(o, i)) {
		parts[ACCOUNT_THREAD_STACKS] += bytes;
		return;
	}
	if (is_glibc_arena(o, m) || !pointed_to(o, m)) {
		parts[ACCOUNT_C_HEAP] += bytes;
		return;
	}
	double c = (double)min_u64(glibc_chunks(o, m), (uint64_t)bytes); // neighbours that the kernel joined
	parts[ACCOUNT_C_HEAP] += c;
	parts[ACCOUNT_RUNTIME] += bytes - c;
}

// ---- every mapping --------------------------------------------------------------------------------------------------

void outside_add(struct outside *o, size_t i, uint64_t bytes, double parts[ACCOUNT_PARTS])
{
	static const struct { const char *prefix; enum account_part part; } named[] = {
		{"[heap]", ACCOUNT_C_HEAP}, {"[stack", ACCOUNT_THREAD_STACKS}, {"[anon: Go: heap", ACCOUNT_OTHER}, {"[anon: Go:", ACCOUNT_RUNTIME},
		{"[anon: glibc: pthread stack", ACCOUNT_THREAD_STACKS}, {"[anon: glibc:", ACCOUNT_C_HEAP}, {"[anon:", ACCOUNT_C_HEAP},
		{"[v", ACCOUNT_MAPPED_FILES}, // vdso, vvar: the kernel's own file, as it were
	};
	const struct kernel_map *m = &o->maps->at.at[i];
	for (size_t k = 0; k < countof(named); k++)
		if (!strncmp(m->path, named[k].prefix, strlen(named[k].prefix))) {
			parts[named[k].part] += (double)bytes;
			return;
		}
	if (m->shared || (m->inode && !is_exe(o, m)))
		parts[ACCOUNT_MAPPED_FILES] += (double)bytes;
	else if (m->inode)
		parts[m->w ? ACCOUNT_GLOBALS : ACCOUNT_CODE] += (double)bytes;
	else if (is_bss(o, i))
		parts[ACCOUNT_GLOBALS] += (double)bytes;
	else if (m->path[0])
		parts[ACCOUNT_OTHER] += (double)bytes;
	else
		add_anonymous(o, i, (double)bytes, parts);
}
