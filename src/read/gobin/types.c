// Type descriptors. Layout: src/internal/abi/type.go (Type, the kinds' own parts, Name, UncommonType); which ones a module
// lists: src/runtime/type.go (moduleTypelinks), cmd/link/internal/ld/typelink.go. abi.Type is the same 48 bytes since 1.20.
//
// Every binary, stripped or not, carries the descriptors of most runtime structs: they are reached from the listed ones
// through pointers, elements and fields. The index by name is that walk.
#include "read/gobin/private.h"

enum {
	T_SIZE = 0, T_PTR_BYTES = 8, T_TFLAG = 20, T_KIND = 23, T_GCDATA = 32, T_STR = 40, T_BYTES = 48, T_ELEM = 48,
	ARRAY_LEN = 64, MAP_ELEM = 56, MAP_GROUP = 64, STRUCT_FIELDS = 56, STRUCT_N = 64, FUNC_IN = 48, FUNC_OUT = 50,
	INTERFACE_N = 64, UNCOMMON_BYTES = 16, UNCOMMON_COUNT = 4, FIELD_BYTES = 24,
	TFLAG_UNCOMMON = 1, TFLAG_EXTRA_STAR = 2, TFLAG_NAMED = 4, DIRECT = 0x20, KIND_MASK = 31, TFLAG_END = 64,
	MAP_BYTES_1_27 = 136, MAP_BYTES_MIN = 64, MAP_BYTES_MAX = 256, MAX_NAME = 1 << 20, MAX_TYPES = 8 << 20,
};

struct type_index {
	struct map *by_name; // hash -> (address - types) << 1 | the name has the whole package path
};

// ---- one descriptor -----------------------------------------------------------------------------------------------

static addr_t types_end(const struct gobin *g) { return g->md.itabsize ? g->md.types + g->md.itaboffset : g->md.etypes; }

// The descriptor's bytes: `len` from addr. NULL: it is not one.
static const uint8_t *descriptor(const struct gobin *g, addr_t addr, uint64_t len)
{
	if (!g->md.types || addr < g->md.types || addr >= types_end(g) || addr & 7)
		return NULL;
	const uint8_t *t = gobin_at(g, addr, max_u64(len, T_BYTES));
	if (!t)
		return NULL;
	unsigned kind = t[T_KIND] & KIND_MASK;
	bool ok = kind >= GOBIN_BOOL && kind <= GOBIN_UNSAFE_POINTER && t[T_TFLAG] < TFLAG_END &&
		  load_u64(t + T_PTR_BYTES) <= load_u64(t + T_SIZE);
	return ok ? t : NULL;
}

static uint64_t kind_bytes(unsigned kind, uint64_t map_bytes)
{
	switch (kind) {
	case GOBIN_ARRAY: return 72;
	case GOBIN_CHAN: return 64;
	case GOBIN_INTERFACE: case GOBIN_STRUCT: return 80;
	case GOBIN_MAP: return map_bytes;
	case GOBIN_FUNC: case GOBIN_POINTER: case GOBIN_SLICE: return 56;
	default: return T_BYTES;
	}
}

// A Name: flags, length, bytes. false: damaged.
static bool name_at(const struct gobin *g, addr_t addr, const char **ret, size_t *ret_len)
{
	struct view v = gobin_from(g, addr, "type name");
	uint64_t off = 1, len;
	struct err *err = view_uvarint(v, &off, &len);
	if (err)
		return err_free(err), false;
	if (len > MAX_NAME || !view_has(v, off, len))
		return false;
	*ret = (const char *)v.data + off;
	*ret_len = len;
	return true;
}

static bool type_name(const struct gobin *g, const uint8_t *t, const char **ret, size_t *ret_len)
{
	if (!name_at(g, g->md.types + load_u32(t + T_STR), ret, ret_len))
		return false;
	if (t[T_TFLAG] & TFLAG_EXTRA_STAR && *ret_len) {
		++*ret;
		--*ret_len;
	}
	return true;
}

static bool package_path(const struct gobin *g, addr_t addr, const uint8_t *t, const char **ret, size_t *ret_len)
{
	unsigned kind = t[T_KIND] & KIND_MASK;
	if (!(t[T_TFLAG] & TFLAG_UNCOMMON) || !(t[T_TFLAG] & TFLAG_NAMED) || kind == GOBIN_MAP)
		return false; // pointers to named types have a path too, and are not called by it
	const uint8_t *u = gobin_at(g, addr + kind_bytes(kind, 0), UNCOMMON_BYTES);
	return u && load_u32(u) && name_at(g, g->md.types + load_u32(u), ret, ret_len);
}

static void copy_name(char *to, size_t max, const char *from, size_t len)
{
	len = len < max ? len : max - 1;
	memcpy(to, from, len);
	to[len] = 0;
}

struct err *gobin_type_at(const struct gobin *g, addr_t addr, struct gobin_type *ret)
{
	const uint8_t *t = descriptor(g, addr, T_BYTES);
	const char *name;
	size_t len;
	if (!t || !type_name(g, t, &name, &len))
		return err_new(ERR_INPUT, "address 0x%llx: no type descriptor", (unsigned long long)addr);
	struct gobin_type r = {
		.addr = addr, .size = load_u64(t), .ptr_bytes = load_u64(t + T_PTR_BYTES), .kind = t[T_KIND] & KIND_MASK,
		.tflag = t[T_TFLAG], .gcdata = load_u64(t + T_GCDATA),
		.direct_iface = (t[T_KIND] | t[T_TFLAG]) & DIRECT, // in Kind_ up to 1.25, in TFlag since; the other one's bit is free
	};
	const uint8_t *own = gobin_at(g, addr, kind_bytes(r.kind, MAP_GROUP));
	if (!own)
		return err_new(ERR_INPUT, "address 0x%llx: a type descriptor that is cut off", (unsigned long long)addr);
	if (r.kind == GOBIN_ARRAY || r.kind == GOBIN_CHAN || r.kind == GOBIN_POINTER || r.kind == GOBIN_SLICE)
		r.elem = load_u64(own + T_ELEM);
	if (r.kind == GOBIN_ARRAY)
		r.len = load_u64(own + ARRAY_LEN);
	if (r.kind == GOBIN_MAP) {
		r.key = load_u64(own + T_ELEM);
		r.elem = load_u64(own + MAP_ELEM);
	}
	if (r.kind == GOBIN_STRUCT) {
		r.fields = load_u64(own + STRUCT_FIELDS);
		r.n_fields = (uint32_t)min_u64(load_u64(own + STRUCT_N), UINT32_MAX);
	}
	copy_name(r.name, sizeof(r.name), name, len);
	*ret = r;
	return NULL;
}

struct err *gobin_type_field(const struct gobin *g, const struct gobin_type *t, uint32_t i, struct gobin_field *ret)
{
	const uint8_t *f = i < t->n_fields ? gobin_at(g, t->fields + (uint64_t)i * FIELD_BYTES, FIELD_BYTES) : NULL;
	const char *name;
	size_t len;
	if (!f || !name_at(g, load_u64(f), &name, &len))
		return err_new(ERR_INPUT, "%s: no field %u of %u", t->name, i, t->n_fields);
	copy_name(ret->name, sizeof(ret->name), name, len);
	ret->type = load_u64(f + 8);
	ret->off = load_u64(f + 16);
	return NULL;
}

// ---- all that the module lists ------------------------------------------------------------------------------------

// Size of a descriptor with all that follows it. 0: damaged.
static uint64_t descriptor_bytes(const struct gobin *g, addr_t addr, uint64_t map_bytes)
{
	const uint8_t *t = descriptor(g, addr, T_BYTES);
	unsigned kind = t ? t[T_KIND] & KIND_MASK : 0;
	uint64_t n = kind_bytes(kind, map_bytes), many = 0;
	if (!t || !gobin_at(g, addr, n + UNCOMMON_BYTES))
		return 0;
	if (kind == GOBIN_FUNC)
		many = 8 * ((uint64_t)load_u16(t + FUNC_IN) + (load_u16(t + FUNC_OUT) & 0x7fff));
	else if (kind == GOBIN_INTERFACE)
		many = min_u64(load_u64(t + INTERFACE_N), MAX_TYPES) * 8;
	else if (kind == GOBIN_STRUCT)
		many = min_u64(load_u64(t + STRUCT_N), MAX_TYPES) * FIELD_BYTES;
	if (t[T_TFLAG] & TFLAG_UNCOMMON)
		many += UNCOMMON_BYTES + 16 * (uint64_t)load_u16(t + n + UNCOMMON_COUNT);
	return n + many;
}

typedef bool each_type(void *ctx, addr_t type);

// 1.27: the listed descriptors lie one behind the other. Returns where the walk ended.
static addr_t walk(const struct gobin *g, uint64_t map_bytes, each_type *fn, void *ctx)
{
	addr_t at = g->md.types + 8, end = g->md.types + g->md.typedesclen;
	while (at < end) {
		at = (at + 7) & ~(addr_t)7;
		uint64_t n = descriptor_bytes(g, at, map_bytes);
		if (!n)
			break;
		if (fn && !fn(ctx, at))
			return end;
		at += n;
	}
	return at;
}

// The one number of the walk that has moved between releases; the right one ends the walk exactly.
static struct err *find_map_bytes(const struct gobin *g, uint64_t *ret)
{
	addr_t end = g->md.types + g->md.typedesclen;
	for (uint64_t i = 0; i <= (MAP_BYTES_MAX - MAP_BYTES_MIN) / 8; i++) {
		uint64_t n = i ? MAP_BYTES_MIN + 8 * i : MAP_BYTES_1_27; // the known one first
		if (walk(g, n, NULL, NULL) == end) {
			*ret = n;
			return NULL;
		}
	}
	return err_new(ERR_INPUT, "the list of types does not end at 0x%llx", (unsigned long long)end);
}

struct err *gobin_types(const struct gobin *g, each_type *fn, void *ctx)
{
	if (!g->md.types)
		return err_new(ERR_UNSUPPORTED, "where the types lie is not known");
	if (g->md.typedesclen) {
		uint64_t map_bytes;
		struct err *err = find_map_bytes(g, &map_bytes);
		if (!err)
			walk(g, map_bytes, fn, ctx);
		return err;
	}
	const uint8_t *links = gobin_at(g, g->md.typelinks, g->md.n_typelinks * 4);
	for (uint64_t i = 0; links && i < g->md.n_typelinks; i++)
		if (!fn(ctx, g->md.types + load_u32(links + i * 4)))
			return NULL;
	return NULL;
}

// ---- the index by name --------------------------------------------------------------------------------------------

struct reach { // types seen, types still to be looked at
	const struct gobin *g;
	uint64_t *seen; // a bit for each 8 bytes of [types, etypes)
	VEC(uint32_t) todo; // (address - types) / 8
	struct map *by_name;
	struct err *err;
};

static bool reach_type(void *ctx, addr_t addr)
{
	struct reach *r = ctx;
	if (!descriptor(r->g, addr, T_BYTES))
		return true;
	uint64_t at = (addr - r->g->md.types) / 8;
	if (r->seen[at / 64] >> (at % 64) & 1)
		return true;
	r->seen[at / 64] |= 1ull << (at % 64);
	r->err = vec_push(&r->todo, MAX_TYPES, "types", (uint32_t)at);
	return !r->err;
}

// "maps.Map" with the path "internal/runtime/maps" -> "internal/runtime/maps.Map". 0: there is no path, or no room.
static size_t whole_name(const char *name, size_t len, const char *path, size_t path_len, char *ret, size_t max)
{
	const char *args = memchr(name, '[', len);
	const char *dot = memrchr(name, '.', args ? (size_t)(args - name) : len);
	size_t rest = dot ? len - (size_t)(dot - name) : 0;
	if (!rest || path_len + rest > max)
		return 0;
	memcpy(ret, path, path_len);
	memcpy(ret + path_len, dot, rest);
	return path_len + rest;
}

static struct err *remember(struct map *m, const char *name, size_t len, uint64_t off, bool whole)
{
	bool fresh;
	uint64_t *slot = map_at(m, hash_bytes(name, len), &fresh);
	if (!slot)
		return &err_nomem;
	if (fresh || (whole && !(*slot & 1)))
		*slot = off << 1 | whole;
	return NULL;
}

static struct err *index_type(struct reach *r, addr_t addr, const uint8_t *t)
{
	const char *name, *path;
	size_t len, path_len;
	char whole[GOBIN_TYPE_NAME_MAX];
	if (!type_name(r->g, t, &name, &len))
		return NULL;
	struct err *err = NULL;
	size_t whole_len = package_path(r->g, addr, t, &path, &path_len) ? whole_name(name, len, path, path_len, whole, sizeof(whole)) : 0;
	bool same = whole_len == len && !memcmp(whole, name, len);
	err = remember(r->by_name, name, len, addr - r->g->md.types, same);
	if (!err && whole_len && !same)
		err = remember(r->by_name, whole, whole_len, addr - r->g->md.types, true);
	return err;
}

static void reach_from(struct reach *r, addr_t addr, const uint8_t *t)
{
	const struct gobin *g = r->g;
	unsigned kind = t[T_KIND] & KIND_MASK;
	uint64_t own = kind_bytes(kind, MAP_GROUP + 8), n = 0, stride = 8;
	const uint8_t *list = NULL;
	if (!gobin_at(g, addr, own))
		return;
	if (own > T_BYTES && kind != GOBIN_FUNC && kind != GOBIN_INTERFACE && kind != GOBIN_STRUCT)
		reach_type(r, load_u64(t + T_ELEM));
	if (kind == GOBIN_MAP || kind == GOBIN_ARRAY)
		reach_type(r, load_u64(t + MAP_ELEM));
	if (kind == GOBIN_MAP)
		reach_type(r, load_u64(t + MAP_GROUP));
	if (kind == GOBIN_FUNC) {
		n = (uint64_t)load_u16(t + FUNC_IN) + (load_u16(t + FUNC_OUT) & 0x7fff);
		list = gobin_at(g, addr + own + (t[T_TFLAG] & TFLAG_UNCOMMON ? UNCOMMON_BYTES : 0), n * 8);
	}
	if (kind == GOBIN_STRUCT && load_u64(t + STRUCT_N) < MAX_TYPES) {
		n = load_u64(t + STRUCT_N);
		stride = FIELD_BYTES;
		list = n ? gobin_at(g, load_u64(t + STRUCT_FIELDS), n * FIELD_BYTES) : NULL;
		list = list ? list + 8 : NULL;
	}
	for (uint64_t i = 0; list && !r->err && i < n; i++)
		reach_type(r, load_u64(list + i * stride));
}

static struct err *build(const struct gobin *g, struct type_index *x)
{
	uint64_t words = (g->md.etypes - g->md.types) / 8 + 1;
	struct reach r = {.g = g, .seen = calloc(words / 64 + 1, 8), .by_name = map_new()};
	struct err *err = r.seen && r.by_name ? gobin_types(g, reach_type, &r) : &err_nomem;
	if (!err)
		err = r.err;
	while (!err && r.todo.len) {
		addr_t addr = g->md.types + (addr_t)r.todo.at[--r.todo.len] * 8;
		const uint8_t *t = descriptor(g, addr, T_BYTES);
		reach_from(&r, addr, t);
		err = r.err ? r.err : index_type(&r, addr, t);
	}
	free(r.seen);
	vec_fini(&r.todo);
	x->by_name = r.by_name;
	return err;
}

static const struct map *names(const struct gobin *g)
{
	struct gobin_lazy *l = g->lazy;
	pthread_mutex_lock(&l->lock);
	if (!l->types_tried && g->md.types && (l->types = calloc(1, sizeof(*l->types)))) {
		struct err *err = build(g, l->types);
		err_free(err); // what was indexed up to there is right
	}
	l->types_tried = true;
	pthread_mutex_unlock(&l->lock);
	return l->types ? l->types->by_name : NULL;
}

bool gobin_type_named(const struct gobin *g, const char *name, addr_t *ret)
{
	const struct map *m = names(g);
	uint64_t slot;
	size_t n = strlen(name), len, path_len, whole_len = 0;
	if (!m || !map_find(m, hash_bytes(name, n), &slot))
		return false;
	addr_t addr = g->md.types + (slot >> 1);
	const uint8_t *t = descriptor(g, addr, T_BYTES);
	const char *own, *path;
	char whole[GOBIN_TYPE_NAME_MAX];
	if (!t || !type_name(g, t, &own, &len))
		return false;
	if (package_path(g, addr, t, &path, &path_len))
		whole_len = whole_name(own, len, path, path_len, whole, sizeof(whole));
	if (!(len == n && !memcmp(own, name, n)) && !(whole_len == n && !memcmp(whole, name, n)))
		return false; // another name of the same hash
	*ret = addr;
	return true;
}

void types_close(struct type_index *x)
{
	if (!x)
		return;
	map_free(x->by_name);
	free(x);
}
