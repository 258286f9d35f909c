// Interning and the tables. Ids are indexes into arrays that only grow, so equal keys are equal numbers.
#include "facts/evidence/evidence.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_PLACES = 4 << 20, MAX_STACKS = 2 << 20, MAX_SITES = 1 << 20, MAX_GROUPS = 1 << 18, MAX_RESOURCES = 1 << 12 };

const char *const ev_part_names[EV_PARTS] = {
	"heap_live", "heap_garbage", "heap_free_slots", "heap_idle", "stacks", "runtime", "globals", "code",
	"c_heap", "thread_stacks", "mapped_files", "other",
};

const char *const ev_construct_names[EV_CONSTRUCTS] = {
	"return_of_address", "closure_capture", "interface_conversion", "reflection", "slice_growth", "make_size_unknown",
	"too_large", "map_insert", "stored_in_heap", "sent_on_channel", "go_statement", "defer", "string_conversion", "other",
};

struct ev_interning {
	struct interner *strings, *places, *stacks; // places: struct place; stacks: arrays of place_id
	struct interner *site_keys, *group_keys, *resource_keys;
	bool failed;
};

struct evidence *evidence_new(void)
{
	cleanup(evidence_freep) struct evidence *ev = calloc(1, sizeof(*ev));
	if (!ev || !(ev->arena = arena_new()) || !(ev->interning = calloc(1, sizeof(*ev->interning))))
		return NULL;
	struct interner **all[] = {&ev->interning->strings, &ev->interning->places, &ev->interning->stacks, &ev->interning->site_keys,
		&ev->interning->group_keys, &ev->interning->resource_keys};
	for (size_t i = 0; i < countof(all); i++)
		if (!(*all[i] = interner_new()))
			return NULL;
	static const struct place nowhere;
	interner_id(ev->interning->strings, "", 0);
	interner_id(ev->interning->places, &nowhere, sizeof(nowhere));
	interner_id(ev->interning->stacks, "", 0);
	ev->target.stripped = -1;
	ev->clock_error_seconds = -1;
	return take(ev);
}

void evidence_free(struct evidence *ev)
{
	if (!ev)
		return;
	for (size_t i = 0; i < ev->sites.len; i++)
		vec_fini(&ev->sites.at[i].points);
	for (size_t i = 0; i < ev->groups.len; i++)
		vec_fini(&ev->groups.at[i].points);
	for (size_t i = 0; i < ev->resources.len; i++)
		vec_fini(&ev->resources.at[i].points);
	for (size_t i = 0; i < ev->whys.len; i++)
		vec_fini(&ev->whys.at[i].flow);
	vec_fini(&ev->target.layouts);
	vec_fini(&ev->target.inputs);
	vec_fini(&ev->points);
	vec_fini(&ev->gcs);
	vec_fini(&ev->looks);
	vec_fini(&ev->sites);
	vec_fini(&ev->groups);
	vec_fini(&ev->resources);
	vec_fini(&ev->whys);
	for (size_t i = 0; i < ev->spawns.len; i++)
		vec_fini(&ev->spawns.at[i].points);
	vec_fini(&ev->spawns);
	vec_fini(&ev->events);
	gaps_fini(&ev->gaps);
	if (ev->interning) {
		interner_free(ev->interning->strings);
		interner_free(ev->interning->places);
		interner_free(ev->interning->stacks);
		interner_free(ev->interning->site_keys);
		interner_free(ev->interning->group_keys);
		interner_free(ev->interning->resource_keys);
		free(ev->interning);
	}
	arena_free(ev->arena);
	free(ev);
}

static uint32_t intern(struct evidence *ev, struct interner *in, const void *bytes, size_t len, uint32_t max)
{
	uint32_t id;
	if (interner_find(in, bytes, len, &id))
		return id;
	if (interner_len(in) >= max || (id = interner_id(in, bytes, len)) == INTERN_NOMEM) {
		ev->interning->failed = true;
		return 0;
	}
	return id;
}

str_id ev_string(struct evidence *ev, const char *s, size_t len) { return intern(ev, ev->interning->strings, s, len, MAX_PLACES); }
str_id ev_find(const struct evidence *ev, const char *s)
{
	uint32_t id;
	return interner_find(ev->interning->strings, s, strlen(s), &id) ? id : 0;
}

str_id ev_cstr(struct evidence *ev, const char *s) { return s ? ev_string(ev, s, strlen(s)) : 0; }

place_id ev_place(struct evidence *ev, const char *function, const char *file, uint32_t line)
{
	struct place p = {ev_cstr(ev, function), ev_cstr(ev, file), line};
	return intern(ev, ev->interning->places, &p, sizeof(p), MAX_PLACES);
}

stack_id ev_stack(struct evidence *ev, const place_id *frames, uint32_t len)
{
	return intern(ev, ev->interning->stacks, len ? (const void *)frames : "", len * sizeof(*frames), MAX_STACKS);
}

struct err *evidence_check(const struct evidence *ev)
{
	return ev->interning->failed ? err_new(ERR_LIMIT, "the evidence has more places, stacks or strings than are kept") : NULL;
}

const char *ev_str(const struct evidence *ev, str_id id) { return interner_str(ev->interning->strings, id, NULL); }

struct place ev_get_place(const struct evidence *ev, place_id id)
{
	struct place p;
	memcpy(&p, interner_str(ev->interning->places, id, NULL), sizeof(p));
	return p;
}

struct stack ev_get_stack(const struct evidence *ev, stack_id id)
{
	size_t len;
	const char *frames = interner_str(ev->interning->stacks, id, &len);
	return (struct stack){(const place_id *)(const void *)frames, (uint32_t)(len / sizeof(place_id))};
}

bool ev_is_runtime(const char *f)
{
	return !strncmp(f, "runtime.", 8) || !strncmp(f, "runtime/", 8) || !strncmp(f, "internal/runtime/", 17) ||
	       !strncmp(f, "internal/abi.", 13);
}

// A standard library package's first path element has no dot, and it is not main or the command's own.
// User modules without a dot in their path (module "app") look the same by name: the list decides.
bool ev_is_stdlib(const char *f)
{
	static const char *const roots[] = {
		"archive", "arena", "bufio", "builtin", "bytes", "cmp", "compress", "container", "context", "crypto", "database",
		"debug", "embed", "encoding", "errors", "expvar", "flag", "fmt", "go", "hash", "html", "image", "index", "internal",
		"io", "iter", "log", "maps", "math", "mime", "net", "os", "path", "plugin", "reflect", "regexp", "runtime", "simd", "slices",
		"sort", "strconv", "strings", "structs", "sync", "syscall", "testing", "text", "time", "unicode", "unique",
		"unsafe", "uuid", "vendor", "weak",
	};
	size_t len = strcspn(f, "/.");
	for (size_t i = 0; i < countof(roots); i++)
		if (strlen(roots[i]) == len && !strncmp(roots[i], f, len))
			return true;
	return false;
}

place_id ev_user_frame(const struct evidence *ev, stack_id id)
{
	struct stack s = ev_get_stack(ev, id);
	place_id outside_runtime = 0;
	for (uint32_t i = 0; i < s.len; i++) {
		const char *f = ev_str(ev, ev_get_place(ev, s.frames[i]).function);
		if (!ev_is_stdlib(f))
			return s.frames[i];
		if (!outside_runtime && !ev_is_runtime(f))
			outside_runtime = s.frames[i];
	}
	return outside_runtime ? outside_runtime : s.len ? s.frames[0] : 0;
}

// Keyed tables: the interner gives a key its index in the table.
#define KEYED_AT(ev, table, keys, key, max, ...) ({ \
	uint32_t id_ = intern(ev, (ev)->interning->keys, &(key), sizeof(key), max); \
	struct err *err_ = NULL; \
	bool full_ = (ev)->interning->failed && !id_ && !interner_find((ev)->interning->keys, &(key), sizeof(key), &id_); \
	if (!full_ && id_ == (ev)->table.len) \
		err_ = vec_push(&(ev)->table, max, #table, __VA_ARGS__); \
	full_ = full_ || err_; \
	err_free(err_); \
	full_ ? NULL : &(ev)->table.at[id_]; })

struct ev_site *ev_site_at(struct evidence *ev, stack_id stack, uint64_t object_bytes)
{
	struct { uint64_t bytes, stack; } key = {object_bytes, stack};
	return KEYED_AT(ev, sites, site_keys, key, MAX_SITES,
			(struct ev_site){.stack = stack, .site = ev_user_frame(ev, stack), .object_bytes = object_bytes});
}

struct ev_group *ev_group_at(struct evidence *ev, place_id entry, place_id created_by, place_id blocked_at, str_id wait_reason)
{
	struct { uint32_t a, b, c, d; } key = {entry, created_by, blocked_at, wait_reason};
	return KEYED_AT(ev, groups, group_keys, key, MAX_GROUPS,
			(struct ev_group){.entry = entry, .created_by = created_by, .blocked_at = blocked_at,
					  .wait_reason = wait_reason, .oldest_wait_seconds = -1});
}

struct ev_resource *ev_resource_at(struct evidence *ev, str_id kind, str_id state)
{
	struct { uint32_t a, b; } key = {kind, state};
	return KEYED_AT(ev, resources, resource_keys, key, MAX_RESOURCES, (struct ev_resource){.kind = kind, .state = state});
}

// Linear: there are few whys, one a finding.
const struct ev_why *ev_why_find(const struct evidence *ev, place_id place)
{
	struct place want = ev_get_place(ev, place);
	for (size_t i = 0; place && i < ev->whys.len; i++) {
		struct place p = ev_get_place(ev, ev->whys.at[i].place);
		if (p.function == want.function && p.line == want.line)
			return &ev->whys.at[i];
	}
	return NULL;
}

double ev_unsample(uint64_t objects, uint64_t bytes, uint64_t rate, double *ret_objects)
{
	double scale = 1;
	if (rate > 1 && objects && bytes)
		scale = 1 / -expm1(-((double)bytes / (double)objects) / (double)rate);
	if (ret_objects)
		*ret_objects = (double)objects * scale;
	return (double)bytes * scale;
}
