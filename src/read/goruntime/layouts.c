// Where each field lies, from the strongest source there is for its struct:
//   1. the type descriptors in the target (abi.StructType: names, offsets, sizes; every Go binary has those of g, m, p,
//      mspan, mcache, sudog, hchan, timer, pollDesc, ..., stripped or not)
//   2. DWARF of the very binary
//   3. the table of its release, patch range, architecture and experiments (tables/go-layouts)
// A struct comes from one source as a whole: a field it does not name there is absent in this release.
//
// When descriptors and table disagree, the release was changed by somebody: whatever came from the table then needs an
// invariant of its own (invariants.c) or is refused.
#include "read/goruntime/rt.h"

#include <stdarg.h>
#include <stdio.h>

enum { ANY_PATCH = 255, LAYOUT_ABSENT = UINT32_MAX, MAX_DEPTH = 5 };

static const struct { uint16_t owner; const char *path; } key_rows[] = {
#define KEY(name, owner, path) {owner, path},
#include "go_keys.inc"
#undef KEY
};

static const char *const struct_names[] = {
#define STRUCT(name, type) type,
#include "go_keys.inc"
#undef STRUCT
};

static const char *const global_names[] = {
#define GLOBAL(name, symbol) symbol,
#include "go_refs.inc"
#undef GLOBAL
};

static const struct layout_row {
	uint16_t key;
	enum gobin_arch arch;
	const char *experiment;
	uint8_t lo_minor, lo_patch, hi_minor, hi_patch;
	uint32_t off, size;
} layout_rows[] = {
#define LAYOUT(...) {__VA_ARGS__},
#include "go_layouts.inc"
#undef LAYOUT
};

static const struct release_row {
	enum gobin_arch arch;
	const char *experiment;
	uint8_t lo_minor, lo_patch, hi_minor, hi_patch;
	int8_t refs;
} release_rows[] = {
#define RELEASE(...) {__VA_ARGS__},
#include "go_layouts.inc"
#undef RELEASE
};

static const char *const harmless[] = {
#define HARMLESS(name) name,
#include "go_layouts.inc"
#undef HARMLESS
};

const char *layout_struct_name(enum rt_struct s) { return struct_names[s]; }
enum rt_struct layout_struct_of(enum rt_key k) { return key_rows[k].owner; }
const char *layout_field_name(enum rt_key k) { return key_rows[k].path; }
const char *layout_global_name(enum rt_global g) { return global_names[g]; }

// ---- tests: as if there were no table -------------------------------------------------------------------------------

static char withheld[16];

void rt_withhold_tables(const char *release) { snprintf(withheld, sizeof(withheld), "%s", release ? release : ""); }

static bool is_withheld(int minor)
{
	char name[16];
	snprintf(name, sizeof(name), "1.%d", minor);
	return withheld[0] && !strcmp(name, withheld);
}

// ---- which table ----------------------------------------------------------------------------------------------------

static bool in_range(int minor, int patch, uint8_t lo_minor, uint8_t lo_patch, uint8_t hi_minor, uint8_t hi_patch)
{
	int v = minor << 8 | patch;
	return v >= (lo_minor << 8 | lo_patch) && v <= (hi_minor << 8 | hi_patch);
}

// The experiments named in the target's version string, one after the other.
static bool next_experiment(const char **list, char ret[64])
{
	const char *s = *list;
	s += strspn(s, ", ");
	size_t n = strcspn(s, ", ");
	*list = s + n;
	if (!n)
		return false;
	snprintf(ret, 64, "%.*s", (int)(n < 63 ? n : 63), s);
	return true;
}

static bool has_experiment(const struct rt *rt, const char *name)
{
	const char *list = gobin_buildinfo(rt->g)->experiments;
	char e[64];
	while (next_experiment(&list, e))
		if (!strcmp(e, name))
			return true;
	return false;
}

static const struct release_row *release_find(const struct rt *rt, enum gobin_arch arch, const char *experiment)
{
	for (size_t i = 0; i < countof(release_rows); i++) {
		const struct release_row *r = &release_rows[i];
		bool same = experiment ? r->experiment && !strcmp(r->experiment, experiment) : !r->experiment;
		if (r->arch == arch && same && in_range(rt->minor, rt->patch, r->lo_minor, r->lo_patch, r->hi_minor, r->hi_patch))
			return r;
	}
	return NULL;
}

// Set of references for the vote: the release's own, else the nearest older one's (*ret_exact false). -1: none.
int layout_refs_set(const struct rt *rt, bool *ret_exact)
{
	if (rt->minor >= 0 && !is_withheld(rt->minor)) {
		const char *list = gobin_buildinfo(rt->g)->experiments;
		char e[64];
		while (next_experiment(&list, e)) {
			const struct release_row *r = release_find(rt, rt->arch, e);
			if (r && r->refs >= 0)
				return *ret_exact = true, r->refs;
		}
		const struct release_row *r = release_find(rt, rt->arch, NULL);
		if (r)
			return *ret_exact = true, r->refs;
	}
	*ret_exact = false;
	int best = -1;
	for (size_t i = 0; i < countof(release_rows); i++)
		if (release_rows[i].arch == rt->arch && !release_rows[i].experiment && release_rows[i].refs >= 0 &&
		    !is_withheld(release_rows[i].lo_minor))
			best = release_rows[i].refs; // rows ascend: the newest
	return best;
}

static void choose_table(struct rt *rt)
{
	struct rt_layout_set *l = &rt->lay;
	if (rt->minor < 0 || is_withheld(rt->minor))
		return;
	const struct release_row *r = release_find(rt, GOBIN_AMD64, NULL);
	if (!r || (rt->arch == GOBIN_ARM64 && !release_find(rt, GOBIN_ARM64, NULL) && rt->minor != 23 && rt->minor != 24))
		return;
	const char *list = gobin_buildinfo(rt->g)->experiments;
	char e[64];
	while (next_experiment(&list, e)) {
		bool known = release_find(rt, GOBIN_AMD64, e);
		for (size_t i = 0; !known && i < countof(harmless); i++)
			known = !strcmp(harmless[i], e);
		if (!known)
			l->doubt = "it was built with an experiment whose layouts are not known";
	}
	if (r->hi_patch == ANY_PATCH && !r->lo_patch)
		snprintf(l->table, sizeof(l->table), "1.%d", r->lo_minor);
	else if (r->hi_patch == ANY_PATCH)
		snprintf(l->table, sizeof(l->table), "1.%d.%d", r->lo_minor, r->lo_patch);
	else
		snprintf(l->table, sizeof(l->table), "1.%d.%d-1.%d.%d", r->lo_minor, r->lo_patch, r->hi_minor, r->hi_patch);
}

// Experiment over architecture over amd64; an experiment's row for the other architecture makes it unknown.
static struct rt_place from_table(const struct rt *rt, enum rt_key k)
{
	struct rt_place best = {.state = RT_ABSENT, .from = RT_FROM_TABLE};
	int weight = 0;
	for (size_t i = 0; i < countof(layout_rows); i++) {
		const struct layout_row *r = &layout_rows[i];
		if (r->key != k || !in_range(rt->minor, rt->patch, r->lo_minor, r->lo_patch, r->hi_minor, r->hi_patch))
			continue;
		if (r->experiment ? !has_experiment(rt, r->experiment) : r->arch != GOBIN_AMD64 && r->arch != rt->arch)
			continue;
		int w = r->experiment ? 3 : r->arch == GOBIN_ARM64 ? 2 : 1;
		if (w <= weight)
			continue;
		weight = w;
		best.off = r->off;
		best.size = r->size;
		best.state = r->off == LAYOUT_ABSENT ? RT_ABSENT : r->experiment && r->arch != rt->arch ? RT_UNKNOWN : RT_KNOWN;
	}
	return best;
}

// ---- the target's own words -----------------------------------------------------------------------------------------

// The package path of a named type (its uncommon part) is `want`: a user's package may be called runtime too.
static bool in_package(const struct gobin *g, const struct gobin_type *t, const char *want)
{
	enum { UNCOMMON = 1, STRUCT_SIZE = 80 };
	const struct gobin_moduledata *md = gobin_moduledata(g);
	int32_t off;
	uint8_t head[2 + 32];
	size_t n = strlen(want);
	if (!md || !(t->tflag & UNCOMMON) || t->kind != GOBIN_STRUCT || n >= 32)
		return false;
	struct err *err = gobin_read(g, t->addr + STRUCT_SIZE, &off, 4);
	if (!err)
		err = gobin_read(g, md->types + (addr_t)(int64_t)off, head, 2 + n);
	if (err)
		return err_free(err), false;
	return head[1] == n && !memcmp(head + 2, want, n);
}

static bool field_of(const struct gobin *g, const struct gobin_type *t, const char *name, size_t len, struct gobin_field *ret)
{
	for (uint32_t i = 0; i < t->n_fields && i < 1024; i++) {
		struct err *err = gobin_type_field(g, t, i, ret);
		if (err)
			return err_free(err), false;
		if (strlen(ret->name) == len && !memcmp(ret->name, name, len))
			return true;
	}
	return false;
}

static struct rt_place described(const struct gobin *g, const struct gobin_type *of, const char *path)
{
	struct rt_place p = {.state = RT_KNOWN, .from = RT_FROM_TYPE_DESCRIPTORS, .off = (uint32_t)of->size};
	struct gobin_type t = *of;
	uint64_t off = 0;
	for (int depth = 0; *path && depth < MAX_DEPTH; depth++) {
		struct gobin_field f;
		size_t n = strcspn(path, ".");
		if (!field_of(g, &t, path, n, &f))
			return (struct rt_place){.state = RT_ABSENT, .from = RT_FROM_TYPE_DESCRIPTORS};
		off += f.off;
		struct err *err = gobin_type_at(g, f.type, &t);
		if (err || off >= of->size || t.size > of->size - off) {
			err_free(err);
			return (struct rt_place){.state = RT_UNKNOWN, .from = RT_FROM_TYPE_DESCRIPTORS};
		}
		p.off = (uint32_t)off;
		p.size = (uint32_t)t.size;
		path += n + (path[n] == '.');
	}
	return p;
}

static bool struct_described(struct rt *rt, enum rt_struct s)
{
	addr_t addr;
	struct gobin_type t;
	const char *name = struct_names[s];
	char package[64];
	snprintf(package, sizeof(package), "%.*s", (int)(strrchr(name, '.') ? strrchr(name, '.') - name : 0), name);
	if (!gobin_type_named(rt->g, name, &addr))
		return false;
	struct err *err = gobin_type_at(rt->g, addr, &t);
	if (err)
		return err_free(err), false;
	if (!in_package(rt->g, &t, package))
		return false;
	for (enum rt_key k = 0; k < K_COUNT; k++)
		if (key_rows[k].owner == s)
			rt->lay.at[k] = described(rt->g, &t, key_rows[k].path);
	return true;
}

static bool struct_in_dwarf(struct rt *rt, enum rt_struct s)
{
	uint64_t off, size;
	if (!gobin_has_dwarf(rt->g) || !gobin_dwarf_field(rt->g, struct_names[s], NULL, &off, &size))
		return false;
	for (enum rt_key k = 0; k < K_COUNT; k++) {
		if (key_rows[k].owner != s)
			continue;
		struct rt_place p = {.from = RT_FROM_DWARF, .state = RT_ABSENT};
		uint64_t bytes = 0;
		if (!key_rows[k].path[0])
			p = (struct rt_place){(uint32_t)size, 0, RT_KNOWN, RT_FROM_DWARF};
		else if (gobin_dwarf_field(rt->g, struct_names[s], key_rows[k].path, &off, &bytes))
			p = (struct rt_place){(uint32_t)off, (uint32_t)bytes, RT_KNOWN, RT_FROM_DWARF};
		rt->lay.at[k] = p;
	}
	return true;
}

// ---- together -------------------------------------------------------------------------------------------------------

static void struct_from_table(struct rt *rt, enum rt_struct s)
{
	for (enum rt_key k = 0; k < K_COUNT; k++)
		if (key_rows[k].owner == s)
			rt->lay.at[k] = from_table(rt, k);
	rt->lay.uses_table = true;
}

// What the target says of itself against the table of its release: one difference, and somebody changed it.
static void compare_with_table(struct rt *rt, enum rt_struct s)
{
	for (enum rt_key k = 0; k < K_COUNT; k++) {
		const struct rt_place *p = &rt->lay.at[k];
		if (key_rows[k].owner != s || p->state != RT_KNOWN)
			continue;
		struct rt_place t = from_table(rt, k);
		if (t.state != RT_UNKNOWN && (t.state != p->state || t.off != p->off)) {
			snprintf(rt->lay.changed, sizeof(rt->lay.changed), "%s%s%s", struct_names[s], key_rows[k].path[0] ? "." : "",
				 key_rows[k].path);
			return;
		}
	}
}

static enum rt_layout_from struct_source(const struct rt *rt, enum rt_struct s)
{
	for (enum rt_key k = 0; k < K_COUNT; k++)
		if (key_rows[k].owner == s && rt->lay.at[k].state != RT_UNKNOWN)
			return rt->lay.at[k].from;
	return RT_FROM_TABLE;
}

static bool struct_known(const struct rt *rt, enum rt_struct s)
{
	for (enum rt_key k = 0; k < K_COUNT; k++)
		if (key_rows[k].owner == s && rt->lay.at[k].state == RT_KNOWN)
			return true;
	return false;
}

struct err *layout_load(struct rt *rt)
{
	choose_table(rt);
	for (enum rt_struct s = 0; s < S_COUNT; s++) {
		bool own = s != S_CONST && (struct_described(rt, s) || struct_in_dwarf(rt, s));
		if (own && rt->lay.table[0] && !rt->lay.changed[0])
			compare_with_table(rt, s);
		if (!own && rt->lay.table[0])
			struct_from_table(rt, s);
	}
	return NULL;
}

bool layout_from_table(const struct rt *rt, enum rt_struct s)
{
	return struct_known(rt, s) && struct_source(rt, s) == RT_FROM_TABLE;
}

const char *layout_short_name(enum rt_struct s)
{
	const char *name = struct_names[s];
	return strncmp(name, "runtime.", 8) ? name : name + 8;
}

void layout_forget(struct rt *rt, enum rt_struct s)
{
	for (enum rt_key k = 0; k < K_COUNT; k++)
		if (key_rows[k].owner == s)
			rt->lay.at[k] = (struct rt_place){.state = RT_UNKNOWN};
	rt->lay.refused[s] = true;
}

void layout_refuse(struct rt *rt, enum rt_struct s, const char *why, ...)
{
	char text[256];
	va_list ap;
	va_start(ap, why);
	vsnprintf(text, sizeof(text), why, ap);
	va_end(ap);
	layout_forget(rt, s);
	gap_add(&rt->gaps, GAP_LAYOUT_UNKNOWN, layout_short_name(s), text);
}

void layout_show(struct rt *rt)
{
	struct rt_layout_set *l = &rt->lay;
	l->n_shown = 0;
	for (enum rt_struct s = 0; s < S_COUNT; s++) {
		if (!struct_known(rt, s) || s == S_CONST)
			continue;
		enum rt_layout_from from = struct_source(rt, s);
		l->shown[l->n_shown++] = (struct rt_layout){struct_names[s], from, from == RT_FROM_TABLE ? l->table : NULL};
	}
}

size_t rt_layouts(const struct rt *rt, const struct rt_layout **ret)
{
	*ret = rt->lay.shown;
	return rt->lay.n_shown;
}
