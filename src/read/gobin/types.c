// Type descriptors: src/internal/abi/type.go, 1.21 to 1.27. abi.Type has been the same 48 bytes all along.
//
// A descriptor is believed when it lies between types and etypes, its kind is one of reflect's, its flags are known and its
// name can be read: since 1.27 itabs lie in the same range, so the range alone says nothing.
#include "read/gobin/private.h"

#include <stdlib.h>

enum {
	TYPE_SIZE = 48, KIND_MASK = 31, KIND_DIRECT = 0x20, TFLAG_UNCOMMON = 1, TFLAG_EXTRA_STAR = 2, TFLAG_DIRECT = 0x20,
	FIELD_SIZE = 24, UNCOMMON_SIZE = 16, METHOD_SIZE = 16, IMETHOD_SIZE = 8,
	MAX_TYPES = 4 << 20, MAX_FIELDS = 65536, MAX_NAME = 1 << 16,
};

struct types { // by name
	struct interner *names;
	VEC(addr_t) of_name;
};

struct raw_type {
	uint64_t size, ptr_bytes;
	uint32_t hash;
	uint8_t tflag, align, field_align, kind;
	uint64_t equal, gcdata;
	int32_t str, ptr_to_this;
};

// flags, varint length, bytes. Source: internal/abi/type.go (Name).
static struct err *name_at(const struct gobin *g, addr_t addr, char *ret, size_t max)
{
	struct view v = gobin_view_at(g, addr), s;
	uint64_t off = 1, len;
	v.source = "type name";
	struct err *err = view_uvarint(v, &off, &len);
	if (!err && len > MAX_NAME)
		err = err_input("type name", addr, "%llu bytes long", (unsigned long long)len);
	if (!err)
		err = view_sub(v, off, len, &s);
	if (err)
		return err;
	size_t n = s.len < max - 1 ? s.len : max - 1;
	memcpy(ret, s.data, n);
	ret[n] = 0;
	return NULL;
}

static struct err *children(const struct gobin *g, addr_t addr, struct gobin_type *t)
{
	uint64_t w[3] = {0};
	size_t want = t->kind == GOBIN_ARRAY || t->kind == GOBIN_STRUCT ? 3 : t->kind == GOBIN_MAP ? 2 : 1;
	struct err *err = gobin_read(g, addr + TYPE_SIZE, w, want * 8);
	if (err)
		return err;
	if (t->kind == GOBIN_MAP) {
		t->key = w[0];
		t->elem = w[1];
	} else if (t->kind == GOBIN_STRUCT) {
		t->fields = w[1];
		if (w[2] > MAX_FIELDS)
			return err_input("type", addr, "%llu fields", (unsigned long long)w[2]);
		t->n_fields = (uint32_t)w[2];
	} else {
		t->elem = w[0];
		t->len = w[2];
	}
	return NULL;
}

struct err *gobin_type_at(const struct gobin *g, addr_t addr, struct gobin_type *ret)
{
	struct raw_type raw;
	if (!g->md.types || addr < g->md.types || addr >= g->md.etypes || addr % 8)
		return err_new(ERR_INPUT, "0x%llx is no type descriptor of this module", (unsigned long long)addr);
	struct err *err = gobin_read(g, addr, &raw, sizeof(raw));
	if (err)
		return err;
	struct gobin_type t = {.addr = addr, .size = raw.size, .ptr_bytes = raw.ptr_bytes, .kind = raw.kind & KIND_MASK, .tflag = raw.tflag,
			       .gcdata = raw.gcdata, .direct_iface = (raw.kind & KIND_DIRECT) || (raw.tflag & TFLAG_DIRECT)};
	if (t.kind == GOBIN_INVALID || t.kind > GOBIN_UNSAFE_POINTER || raw.tflag >= 64 || raw.ptr_bytes > raw.size || raw.str <= 0)
		return err_input("type", addr, "kind %u, flags 0x%x, %llu of %llu bytes with pointers: no type descriptor", t.kind, raw.tflag,
				 (unsigned long long)raw.ptr_bytes, (unsigned long long)raw.size);
	char name[GOBIN_TYPE_NAME_MAX + 1];
	if ((err = name_at(g, g->md.types + (uint32_t)raw.str, name, sizeof(name))))
		return err_while(err, "naming the type at 0x%llx", (unsigned long long)addr);
	const char *start = (raw.tflag & TFLAG_EXTRA_STAR) && name[0] == '*' ? name + 1 : name;
	size_t len = strnlen(start, sizeof(t.name) - 1);
	memcpy(t.name, start, len);
	t.name[len] = 0;
	bool has_children = t.kind == GOBIN_ARRAY || t.kind == GOBIN_CHAN || t.kind == GOBIN_MAP || t.kind == GOBIN_POINTER ||
			    t.kind == GOBIN_SLICE || t.kind == GOBIN_STRUCT;
	if (has_children && (err = children(g, addr, &t)))
		return err;
	*ret = t;
	return NULL;
}

struct err *gobin_type_field(const struct gobin *g, const struct gobin_type *t, uint32_t i, struct gobin_field *ret)
{
	uint64_t w[3]; // name, type, offset
	struct gobin_field f;
	if (i >= t->n_fields)
		return err_new(ERR_INPUT, "%s: field %u of %u", t->name, i, t->n_fields);
	struct err *err = gobin_read(g, t->fields + (uint64_t)i * FIELD_SIZE, w, sizeof(w));
	if (!err)
		err = name_at(g, w[0], f.name, sizeof(f.name));
	if (err)
		return err_while(err, "reading field %u of %s", i, t->name);
	f.type = w[1];
	f.off = w[2];
	*ret = f;
	return NULL;
}

// ---- every type the module lists ------------------------------------------------------------------------------------

static struct err *typelinks(const struct gobin *g, bool (*fn)(void *, addr_t), void *ctx)
{
	if (g->md.n_typelinks > MAX_TYPES)
		return err_input("moduledata", g->md.addr, "%llu typelinks", (unsigned long long)g->md.n_typelinks);
	for (uint64_t i = 0; i < g->md.n_typelinks; i++) {
		int32_t off;
		struct err *err = gobin_read(g, g->md.typelinks + 4 * i, &off, 4);
		if (err)
			return err_while(err, "reading typelink %llu", (unsigned long long)i);
		if (off > 0 && !fn(ctx, g->md.types + (uint32_t)off))
			break;
	}
	return NULL;
}

// Since 1.27 the listed descriptors lie one behind the other: abi.Type.DescriptorSize.
static struct err *descriptor_size(const struct gobin *g, addr_t addr, uint64_t *ret)
{
	static const uint8_t by_kind[32] = {[GOBIN_ARRAY] = 72, [GOBIN_CHAN] = 64, [GOBIN_FUNC] = 56, [GOBIN_INTERFACE] = 80,
					    [GOBIN_MAP] = 136, [GOBIN_POINTER] = 56, [GOBIN_SLICE] = 56, [GOBIN_STRUCT] = 80};
	struct raw_type raw;
	uint16_t n[8];
	uint64_t len = 0;
	struct err *err = gobin_read(g, addr, &raw, sizeof(raw));
	if (err)
		return err;
	unsigned kind = raw.kind & KIND_MASK;
	uint64_t size = by_kind[kind] ? by_kind[kind] : TYPE_SIZE, uncommon = size;
	if (kind == GOBIN_FUNC && !(err = gobin_read(g, addr + TYPE_SIZE, n, 4)))
		size += 8 * ((uint64_t)n[0] + (n[1] & 0x7fff));
	if ((kind == GOBIN_INTERFACE || kind == GOBIN_STRUCT) && !(err = gobin_u64(g, addr + TYPE_SIZE + 16, &len)))
		size += len > MAX_FIELDS ? UINT32_MAX : len * (kind == GOBIN_STRUCT ? FIELD_SIZE : IMETHOD_SIZE);
	if (!err && (raw.tflag & TFLAG_UNCOMMON) && !(err = gobin_read(g, addr + uncommon, n, sizeof(n))))
		size += UNCOMMON_SIZE + (uint64_t)METHOD_SIZE * n[2]; // PkgPath i32, Mcount, Xcount, Moff
	if (!err)
		*ret = size;
	return err;
}

static struct err *descriptors(const struct gobin *g, bool (*fn)(void *, addr_t), void *ctx)
{
	addr_t at = g->md.types + 8, end = g->md.types + g->md.typedesclen;
	while (at < end) {
		uint64_t size;
		struct err *err = descriptor_size(g, at, &size);
		if (err)
			return err_while(err, "walking the types at 0x%llx", (unsigned long long)at);
		if (size > end - at)
			return err_input("types", at - g->md.types, "a descriptor of %llu bytes ends behind the last one", (unsigned long long)size);
		if (!fn(ctx, at))
			break;
		at = (at + size + 7) & ~(addr_t)7;
	}
	return NULL;
}

struct err *gobin_types(const struct gobin *g, bool (*fn)(void *ctx, addr_t type), void *ctx)
{
	return g->md.typedesclen ? descriptors(g, fn, ctx) : typelinks(g, fn, ctx);
}

// ---- by name, with what is reached from the listed ones ---------------------------------------------------------------

struct walk {
	const struct gobin *g;
	struct types *to;
	struct map *seen;
	VEC(addr_t) queue;
	struct err *err;
};

static bool enqueue(void *ctx, addr_t type)
{
	struct walk *w = ctx;
	bool fresh;
	if (w->err || type < w->g->md.types || type >= w->g->md.etypes)
		return !w->err;
	if (!map_at(w->seen, type, &fresh))
		w->err = &err_nomem;
	else if (fresh)
		w->err = vec_push(&w->queue, MAX_TYPES, "types", type);
	return !w->err;
}

static void add_type(struct walk *w, addr_t addr)
{
	struct gobin_type t;
	struct err *err = gobin_type_at(w->g, addr, &t);
	if (err) {
		err_free(err); // one lying descriptor costs itself
		return;
	}
	uint32_t before = interner_len(w->to->names), id = interner_id(w->to->names, t.name, strlen(t.name));
	if (id == before)
		w->err = vec_push(&w->to->of_name, MAX_TYPES, "types", addr);
	enqueue(w, t.elem);
	enqueue(w, t.key);
	for (uint32_t i = 0; i < t.n_fields && !w->err; i++) {
		struct gobin_field f;
		if ((err = gobin_type_field(w->g, &t, i, &f)))
			err_free(err);
		else
			enqueue(w, f.type);
	}
}

static void build_index(struct gobin *g)
{
	struct walk w = {.g = g, .to = calloc(1, sizeof(struct types)), .seen = map_new()};
	if (w.to && w.seen && (w.to->names = interner_new())) {
		err_free(gobin_types(g, enqueue, &w)); // what was listed before an error is still there
		for (size_t i = 0; i < w.queue.len && !w.err; i++)
			add_type(&w, w.queue.at[i]);
	}
	err_free(w.err);
	map_free(w.seen);
	vec_fini(&w.queue);
	g->types = w.to;
}

bool gobin_type_named(const struct gobin *cg, const char *name, addr_t *ret)
{
	struct gobin *g = (struct gobin *)(uintptr_t)cg; // a cache
	uint32_t id;
	if (!g->types && g->md.types)
		build_index(g);
	if (!g->types || !g->types->names || !interner_find(g->types->names, name, strlen(name), &id) || id >= g->types->of_name.len)
		return false;
	*ret = g->types->of_name.at[id];
	return true;
}

void types_close(struct gobin *g)
{
	if (!g->types)
		return;
	interner_free(g->types->names);
	vec_fini(&g->types->of_name);
	free(g->types);
}
