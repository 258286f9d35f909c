// Names out of the binary's own types and symbols, for what a site allocates and where its value goes.
#include "read/code/parts.h"

#include <string.h>

enum { MAX_DEPTH = 6 }; // structs in structs that a field's name walks down

// Since 1.27 the interface tables lie behind the type descriptors, in the same range.
bool is_type(const struct code *c, addr_t a) { return a > c->types && a < c->etypes && !(a & 7); }

addr_t type_of_word(const struct code *c, addr_t word)
{
	if (is_type(c, word))
		return word;
	if (word < 4096 || (word >= c->text && word < c->etext) || word & 7)
		return 0;
	uint64_t itab[2]; // the interface's type, the concrete one
	struct err *err = gobin_read(c->g, word, itab, sizeof(itab));
	err_free(err);
	return !err && is_type(c, itab[0]) && is_type(c, itab[1]) ? itab[1] : 0;
}

bool type_is_closure(struct code *c, addr_t type)
{
	bool fresh;
	uint64_t *known = type ? map_at(c->closures, type, &fresh) : NULL;
	if (!known)
		return false;
	if (fresh) {
		struct gobin_type t;
		struct err *err = gobin_type_at(c->g, type, &t);
		*known = !err && t.kind == GOBIN_STRUCT && !strncmp(t.name, "struct { F uintptr", strlen("struct { F uintptr"));
		err_free(err);
	}
	return *known;
}

// "a/b.(*T).M" and "a/b.T.M" -> "b.T", the name reflect gives the receiver's type. False: not a method, or generic.
static bool receiver_name(const char *function, char *ret, size_t size)
{
	const char *slash = strrchr(function, '/'), *base = slash ? slash + 1 : function;
	const char *dot = strchr(base, '.');
	if (!dot || strchr(base, '['))
		return false;
	const char *type = dot + 1, *end;
	if (!strncmp(type, "(*", 2)) {
		type += 2;
		end = strchr(type, ')');
	} else {
		end = strchr(type, '.');
		if (end && (!strncmp(end, ".func", 5) || !strncmp(end, ".gowrap", 7) || !strncmp(end, ".deferwrap", 10)))
			return false;
	}
	if (!end || end == type)
		return false;
	int n = snprintf(ret, size, "%.*s%.*s", (int)(dot + 1 - base), base, (int)(end - type), type);
	return n > 0 && (size_t)n < size;
}

static bool type_at(const struct code *c, addr_t addr, struct gobin_type *ret)
{
	struct err *err = addr ? gobin_type_at(c->g, addr, ret) : NULL;
	err_free(err);
	return addr && !err;
}

// The field that covers an offset; false: none, or not a struct.
static bool field_at(const struct code *c, const struct gobin_type *t, uint64_t off, struct gobin_field *ret)
{
	bool found = false;
	for (uint32_t k = 0; t->kind == GOBIN_STRUCT && k < t->n_fields && k < 4096; k++) {
		struct gobin_field f;
		struct err *err = gobin_type_field(c->g, t, k, &f);
		err_free(err);
		if (err || f.off > off)
			break;
		*ret = f;
		found = true;
	}
	return found;
}

// The type that the pointer at an offset in `type` points to; 0 = not known.
static addr_t pointee_at(const struct code *c, addr_t type, int32_t off)
{
	struct gobin_type t;
	uint64_t in = (uint64_t)off;
	for (int depth = 0; depth < MAX_DEPTH && off >= 0 && type_at(c, type, &t); depth++) {
		struct gobin_field f;
		if ((t.kind == GOBIN_POINTER || t.kind == GOBIN_SLICE || t.kind == GOBIN_MAP) && !in)
			return t.kind == GOBIN_MAP ? 0 : t.elem;
		if (t.kind == GOBIN_ARRAY && t.elem) {
			struct gobin_type e;
			if (!type_at(c, t.elem, &e) || !e.size)
				return 0;
			in %= e.size;
			type = t.elem;
		} else if (field_at(c, &t, in, &f)) {
			in -= f.off;
			type = f.type;
		} else {
			return 0;
		}
	}
	return 0;
}

// The type of the object stored to.
static addr_t owner_of(const struct code *c, const struct code_site *s, const struct code_sink *k)
{
	addr_t type = k->base_type;
	if (k->kind != CODE_TO_MEMORY)
		return type;
	if (k->from == CODE_FROM_PARAMETER) {
		struct gobin_func f;
		char name[256];
		struct err *err = gobin_func_find(c->g, s->function, &f);
		if (err || k->reg != RAX || !receiver_name(f.name, name, sizeof(name)) || !gobin_type_named(c->g, name, &type))
			type = 0;
		err_free(err);
	}
	if (k->n_path == countof(k->path))
		return 0;
	for (unsigned n = k->n_path; type && n-- > 0;)
		type = pointee_at(c, type, k->path[n]);
	return type;
}

// "main.Pool.conns"
static bool field_text(const struct code *c, addr_t type, int32_t off, struct strbuf *out)
{
	struct gobin_type t;
	if (!type_at(c, type, &t) || t.kind != GOBIN_STRUCT || off < 0 || (uint64_t)off >= t.size)
		return false;
	strbuf_puts(out, t.name);
	uint64_t in = (uint64_t)off;
	for (int depth = 0; depth < MAX_DEPTH; depth++) {
		struct gobin_field f;
		if (!field_at(c, &t, in, &f))
			break;
		strbuf_printf(out, ".%s", f.name);
		in -= f.off;
		if (!type_at(c, f.type, &t))
			break;
	}
	return true;
}

static void function_text(const struct code *c, addr_t addr, struct strbuf *out)
{
	struct gobin_func f;
	char name[GOBIN_NAME_MAX];
	struct err *err = addr ? gobin_func_find(c->g, addr, &f) : NULL;
	if (addr && !err)
		strbuf_puts(out, gobin_name(f.name, name));
	err_free(err);
}

static void type_name(const struct code *c, addr_t type, struct strbuf *out)
{
	struct gobin_type t;
	if (type_at(c, type, &t))
		strbuf_puts(out, t.name);
}

void code_sink_text(const struct code *c, const struct code_site *s, const struct code_sink *k, struct strbuf *out)
{
	switch (k->kind) {
	case CODE_TO_GLOBAL: {
		uint64_t off = 0;
		const char *symbol = gobin_symbol_at(c->g, k->addr, &off);
		if (symbol)
			strbuf_puts(out, symbol);
		return;
	}
	case CODE_TO_MEMORY:
	case CODE_TO_OBJECT: {
		addr_t owner = owner_of(c, s, k);
		if (owner && k->off < 0)
			strbuf_puts(out, "[]");
		if (!field_text(c, owner, k->off, out))
			type_name(c, owner, out);
		return;
	}
	case CODE_TO_CLOSURE:
		function_text(c, c->sites.at[k->other].started, out);
		return;
	case CODE_TO_MAP:
	case CODE_TO_CHANNEL:
		type_name(c, k->base_type, out);
		return;
	case CODE_TO_INTERFACE:
	case CODE_TO_CALL:
		function_text(c, k->addr, out);
		return;
	case CODE_TO_GO:
	case CODE_TO_DEFER:
		function_text(c, s->started, out);
		return;
	case CODE_RETURNED:
	case CODE_MAYBE_RETURNED:
	case CODE_SINKS:
		return;
	}
}

void code_type_text(const struct code *c, const struct code_site *s, struct strbuf *out) { type_name(c, s->type, out); }

void code_instruction_text(const struct code *c, const struct code_site *s, struct strbuf *out)
{
	cleanup(strbuf_finip) struct strbuf type = {0};
	code_type_text(c, s, &type);
	strbuf_printf(out, "call %s", code_entry_name(c, s));
	if (type.len)
		strbuf_printf(out, "(%s)", strbuf_str(&type));
}

static const char *verb(const struct code_sink *k)
{
	switch (k->kind) {
	case CODE_RETURNED:
	case CODE_MAYBE_RETURNED:
		return "returned by";
	case CODE_TO_GLOBAL:
		return "stored in global";
	case CODE_TO_MEMORY:
	case CODE_TO_OBJECT:
		return "stored in";
	case CODE_TO_CLOSURE:
		return "captured by";
	case CODE_TO_MAP:
		return k->key ? "key of" : "inserted into";
	case CODE_TO_CHANNEL:
		return "sent on";
	case CODE_TO_GO:
		return "go";
	case CODE_TO_DEFER:
		return "defer";
	case CODE_TO_INTERFACE:
		return "in an interface to";
	case CODE_TO_CALL:
		return "argument of";
	case CODE_SINKS:
		break;
	}
	return "";
}

// What it is called where no name is known.
static const char *unnamed(const struct code_sink *k)
{
	switch (k->kind) {
	case CODE_TO_CALL:
	case CODE_TO_INTERFACE:
		return k->addr ? "a function" : "an interface method or function value";
	case CODE_TO_MEMORY:
	case CODE_TO_OBJECT:
		return "memory behind a pointer";
	case CODE_TO_GLOBAL:
		return "variable";
	case CODE_TO_CHANNEL:
		return "a channel";
	case CODE_TO_MAP:
		return "a map";
	case CODE_TO_CLOSURE:
	case CODE_TO_GO:
	case CODE_TO_DEFER:
		return "a closure";
	case CODE_RETURNED:
	case CODE_MAYBE_RETURNED:
	case CODE_SINKS:
		break;
	}
	return "the function";
}

void code_step_text(const struct code *c, const struct code_site *s, const struct code_sink *k, struct strbuf *out)
{
	cleanup(strbuf_finip) struct strbuf name = {0};
	if (k->kind == CODE_RETURNED || k->kind == CODE_MAYBE_RETURNED)
		function_text(c, s->function, &name);
	else
		code_sink_text(c, s, k, &name);
	strbuf_printf(out, "%s %s", verb(k), name.len ? strbuf_str(&name) : unnamed(k));
}

size_t code_flow(const struct code *c, const struct code_site *s, struct code_hop *ret, size_t max)
{
	size_t n = 0;
	while (n < max && s->n_sinks) {
		const struct code_sink *k = &c->sinks.at[s->first_sink];
		ret[n++] = (struct code_hop){s, k};
		if (k->kind != CODE_TO_OBJECT && k->kind != CODE_TO_CLOSURE)
			break;
		s = &c->sites.at[k->other];
		for (size_t i = 0; i < n; i++)
			if (ret[i].site == s)
				return n; // objects that point to one another
	}
	return n;
}
