// Two builds: a site is the same when function, entry and type are, and it is as many-th among such ones. Lines move.
#include "views/escape/common.h"

#include "base/map.h"

#include <stdlib.h>
#include <string.h>

struct side {
	const struct gobin *g;
	const struct code *c;
	struct map *by_key;  // hash of function, entry and type -> how many
};

static uint64_t key_of(const struct side *side, const struct code_site *s, uint64_t nth)
{
	cleanup(strbuf_finip) struct strbuf b = {0};
	struct gobin_func f;
	struct err *err = gobin_func_find(side->g, s->function, &f);
	strbuf_puts(&b, err ? "" : f.name);
	err_free(err);
	strbuf_printf(&b, "|%s|%llu", code_entry_kind_name(code_entry_kind(side->c, s)), (unsigned long long)nth);
	strbuf_putc(&b, '|');
	code_type_text(side->c, s, &b);
	return hash_bytes(strbuf_str(&b), b.len);
}

// Keys of all sites: the first, second, ... of equal ones differ by their number.
static struct err *keys(struct side *side, uint64_t *ret)
{
	cleanup(map_freep) struct map *seen = map_new();
	const struct code_site *sites;
	size_t n = code_sites(side->c, &sites);
	for (size_t k = 0; seen && k < n; k++) {
		uint64_t *count = map_at(seen, key_of(side, &sites[k], 0), NULL);
		if (!count)
			return &err_nomem;
		ret[k] = key_of(side, &sites[k], ++*count);
		uint64_t *slot = map_at(side->by_key, ret[k], NULL);
		if (!slot)
			return &err_nomem;
		*slot = k + 1;
	}
	return seen ? NULL : &err_nomem;
}

static void row(struct table *t, const struct side *side, const struct code_site *s, const char *change, uint64_t before,
		const struct gobin_frame *frames, size_t n)
{
	cleanup(strbuf_finip) struct strbuf b = {0};
	char name[GOBIN_NAME_MAX];
	table_row(t);
	table_text(t, change);
	table_textf(t, "%s:%u", short_file(frames[n - 1].file), frames[n - 1].line);
	table_text(t, gobin_name(frames[n - 1].function, name));
	table_text(t, construct_name(s->construct));
	code_type_text(side->c, s, &b);
	table_text(t, strbuf_str(&b));
	if (before)
		table_count(t, before);
	else
		table_empty(t);
	if (s->bytes)
		table_count(t, s->bytes);
	else
		table_empty(t);
	table_text(t, code_entry_name(side->c, s));
}

static bool shown(const struct side *side, const struct code_site *s, const struct view_filter *f, struct gobin_frame *frames, size_t *ret_n)
{
	*ret_n = gobin_frames(side->g, s->call, frames, FRAMES);
	return *ret_n && (f->construct < 0 || (int)s->construct == f->construct) && place_passes(f, frames, *ret_n);
}

static struct err *compare(struct side *old, struct side *new, const struct view_filter *f, uint64_t *keys_old, uint64_t *keys_new,
			   struct table *t)
{
	const struct code_site *a, *b;
	size_t na = code_sites(old->c, &a), nb = code_sites(new->c, &b), n;
	struct gobin_frame frames[FRAMES];
	uint64_t at;
	struct err *err = keys(old, keys_old);
	if (!err)
		err = keys(new, keys_new);
	size_t added = 0, gone = 0, grown = 0;
	for (size_t k = 0; k < nb && !err; k++) {
		bool same = map_find(old->by_key, keys_new[k], &at);
		if (same && b[k].bytes > a[at - 1].bytes && a[at - 1].bytes && shown(new, &b[k], f, frames, &n)) {
			row(t, new, &b[k], "grown", a[at - 1].bytes, frames, n);
			grown++;
		} else if (!same && shown(new, &b[k], f, frames, &n)) {
			row(t, new, &b[k], "new", 0, frames, n);
			added++;
		}
	}
	for (size_t k = 0; k < na && !err; k++)
		if (!map_find(new->by_key, keys_old[k], &at) && shown(old, &a[k], f, frames, &n)) {
			row(t, old, &a[k], "gone", a[k].bytes, frames, n);
			gone++;
		}
	table_note(t, "%zu new, %zu gone, %zu grown; %zu sites before, %zu now", added, gone, grown, na, nb);
	return err;
}

struct err *view_site_diff(const struct gobin *g0, const struct code *c0, const struct gobin *g1, const struct code *c1,
			   const struct view_filter *f, struct table **ret)
{
	struct side old = {g0, c0, map_new()}, new = {g1, c1, map_new()};
	const struct code_site *sites;
	size_t na = code_sites(c0, &sites), nb = code_sites(c1, &sites), most = na > nb ? na : nb;
	uint64_t *scratch = calloc(2 * most + 1, sizeof(*scratch));
	cleanup(table_freep) struct table *t = table_new(NULL);
	struct err *err = t && scratch && old.by_key && new.by_key ? NULL : &err_nomem;
	if (!err) {
		table_column(t, CELL_TEXT, "change", "change");
		table_column(t, CELL_TEXT, "place", "place");
		table_column(t, CELL_TEXT, "function", "function");
		table_column(t, CELL_TEXT, "construct", "why");
		table_column(t, CELL_TEXT, "type", "type");
		table_column(t, CELL_BYTES, "bytes_before", "before");
		table_column(t, CELL_BYTES, "bytes", "size");
		table_column(t, CELL_TEXT, "entry", NULL);
		err = compare(&old, &new, f, scratch, scratch + most, t);
	}
	if (!err)
		err = table_check(t);
	if (!err)
		*ret = take(t);
	free(scratch);
	map_free(old.by_key);
	map_free(new.by_key);
	return err;
}
