// What the fuzz targets of read/gobin ask of whatever was opened: everything, and every answer must be consistent.
#pragma once
#include "read/gobin/gobin.h"

#include "../tests/read/gobin/fixture.h"

static inline void probe_function(const struct gobin *g, const struct gobin_func *f, addr_t pc)
{
	struct gobin_frame at[16];
	int32_t value = 0;
	if (f->end <= f->entry || !f->name || f->index >= gobin_func_count(g))
		__builtin_trap();
	size_t n = gobin_frames(g, pc, at, countof(at));
	if (n > countof(at) || (n && at[n - 1].function != f->name && !at[n - 1].inlined && at[n - 1].entry == f->entry))
		__builtin_trap();
	for (size_t i = 0; i < n; i++)
		if (!at[i].function || !at[i].file || at[i].inlined != (i + 1 < n))
			__builtin_trap();
	err_free(gobin_pcsp(g, f, pc, &value));
	for (uint32_t i = 0; i < 5; i++) {
		err_free(gobin_pcdata(g, f, i, pc, &value));
		(void)gobin_funcdata(g, f, i);
	}
	char name[GOBIN_NAME_MAX];
	if (strlen(gobin_name(f->name, name)) >= GOBIN_NAME_MAX)
		__builtin_trap();
}

static inline void probe_functions(const struct gobin *g)
{
	struct gobin_func f;
	uint32_t n = gobin_func_count(g);
	for (uint32_t i = 0; i < 64 && n; i++) {
		struct err *err = gobin_func_at(g, i % n, &f);
		if (!err) {
			probe_function(g, &f, f.entry + (f.end - f.entry) * i / 64);
			probe_function(g, &f, f.end - 1);
		}
		err_free(err);
	}
	for (addr_t pc = FIX_TEXT - 8; pc < FIX_TEXT + FIX_TEXT_LEN + 8; pc += 3) {
		struct err *err = gobin_func_find(g, pc, &f);
		if (!err && (pc < f.entry || pc >= f.end))
			__builtin_trap();
		if (!err)
			probe_function(g, &f, pc);
		err_free(err);
	}
	if (gobin_func_named(g, "main.main", &f) && strcmp(f.name, "main.main"))
		__builtin_trap();
}

struct probe_count { const struct gobin *g; unsigned n; };

static inline bool probe_type(void *ctx, addr_t addr)
{
	struct probe_count *c = ctx;
	struct gobin_type t;
	struct err *err = gobin_type_at(c->g, addr, &t);
	if (!err && (t.kind == GOBIN_INVALID || t.kind > GOBIN_UNSAFE_POINTER || t.ptr_bytes > t.size || strlen(t.name) >= sizeof(t.name)))
		__builtin_trap();
	for (uint32_t i = 0; !err && i < t.n_fields && i < 8; i++) {
		struct gobin_field f;
		struct err *bad = gobin_type_field(c->g, &t, i, &f);
		if (!bad && strlen(f.name) >= sizeof(f.name))
			__builtin_trap();
		err_free(bad);
	}
	err_free(err);
	return ++c->n < 256;
}

static inline void probe_all(const struct gobin *g)
{
	addr_t addr;
	uint64_t off, size;
	struct gobin_type t;
	const struct gobin_buildinfo *b = gobin_buildinfo(g);
	if (!b->go_version || !b->experiments || !b->path || !b->module || !b->module_version || !b->modinfo || !b->build_id || b->minor < -1)
		__builtin_trap();
	probe_functions(g);
	struct probe_count c = {g, 0};
	err_free(gobin_types(g, probe_type, &c));
	for (addr = gobin_moduledata(g)->types; addr < gobin_moduledata(g)->types + 0x400; addr += 8)
		probe_type(&c, addr);
	if (gobin_type_named(g, "example/tree.Node", &addr)) {
		struct err *err = gobin_type_at(g, addr, &t);
		if (err)
			__builtin_trap();
	}
	(void)!gobin_symbol(g, "main.global", &addr, &size);
	(void)!gobin_symbol_at(g, FIX_RW_SEG + FIX_GLOBAL + 4, &off);
	(void)!gobin_dwarf_field(g, "runtime.mheap", "state.value", &off, &size);
	const struct gobin_segment *s;
	for (size_t n = gobin_segments(g, &s), i = 0; i < n; i++) {
		uint8_t last;
		struct err *err = s[i].bytes.len ? gobin_read(g, s[i].addr + s[i].bytes.len - 1, &last, 1) : NULL;
		if (err)
			__builtin_trap();
	}
}

static inline void probe_bytes(const uint8_t *bytes, size_t len)
{
	struct gobin *g = NULL;
	struct err *err = gobin_open((struct view){bytes, len, "fuzz"}, &g);
	if (!err)
		probe_all(g);
	err_free(err);
	gobin_close(g);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
