// The construct a site is, from its entry, its type and its strongest sink.
#include "read/code/parts.h"

enum { IMPLICIT_MAX = 64 << 10 }; // new, &T{}, make of a constant size: above this never on the stack

static enum construct by_sink(const struct code *c, const struct code_site *s)
{
	if (!s->n_sinks)
		return CONSTRUCT_OTHER;
	const struct code_sink *k = &c->sinks.at[s->first_sink];
	switch (k->kind) {
	case CODE_TO_CLOSURE:
		return CONSTRUCT_CLOSURE_CAPTURE;
	case CODE_TO_CHANNEL:
		return CONSTRUCT_SENT_ON_CHANNEL;
	case CODE_TO_MAP:
		return CONSTRUCT_MAP_INSERT;
	case CODE_TO_GO:
		return CONSTRUCT_GO_STATEMENT;
	case CODE_TO_DEFER:
		return CONSTRUCT_DEFER;
	case CODE_RETURNED:
	case CODE_MAYBE_RETURNED:
		return CONSTRUCT_RETURN_OF_ADDRESS;
	case CODE_TO_GLOBAL:
	case CODE_TO_MEMORY:
	case CODE_TO_OBJECT:
		return CONSTRUCT_STORED_IN_HEAP;
	case CODE_TO_INTERFACE:
		return k->reflect ? CONSTRUCT_REFLECTION : CONSTRUCT_INTERFACE_CONVERSION;
	case CODE_TO_CALL:
		return k->reflect ? CONSTRUCT_REFLECTION : CONSTRUCT_STORED_IN_HEAP;
	case CODE_SINKS:
		break;
	}
	return CONSTRUCT_OTHER;
}

static bool reaches(const struct code *c, const struct code_site *s, enum code_sink_kind kind)
{
	for (uint32_t k = 0; k < s->n_sinks; k++)
		if (c->sinks.at[s->first_sink + k].kind == kind)
			return true;
	return false;
}

static bool reaches_reflect(const struct code *c, const struct code_site *s)
{
	for (uint32_t k = 0; k < s->n_sinks; k++)
		if (c->sinks.at[s->first_sink + k].reflect)
			return true;
	return false;
}

enum construct site_construct(const struct code *c, const struct code_site *s)
{
	switch (c->entries.at[s->entry].row->kind) {
	case CODE_GROWSLICE:
	case CODE_MOVESLICE:
		return CONSTRUCT_SLICE_GROWTH;
	case CODE_BOX:
		return reaches_reflect(c, s) ? CONSTRUCT_REFLECTION : CONSTRUCT_INTERFACE_CONVERSION;
	case CODE_STRING:
		return CONSTRUCT_STRING_CONVERSION;
	case CODE_MAPASSIGN:
		return CONSTRUCT_MAP_INSERT;
	case CODE_GO:
		return CONSTRUCT_GO_STATEMENT;
	case CODE_DEFER:
		return CONSTRUCT_DEFER;
	case CODE_REFLECT:
		return CONSTRUCT_REFLECTION;
	case CODE_MAKESLICE: {
		struct gobin_type t;
		struct err *err = s->type ? gobin_type_at(c->g, s->type, &t) : NULL;
		bool large = s->type && !err && s->count_known && s->count * t.size > IMPLICIT_MAX;
		err_free(err);
		if (!s->count_known)
			return CONSTRUCT_MAKE_SIZE_UNKNOWN;
		return large ? CONSTRUCT_TOO_LARGE : by_sink(c, s);
	}
	case CODE_MALLOC:
		return s->bytes ? by_sink(c, s) : CONSTRUCT_MAKE_SIZE_UNKNOWN;
	case CODE_NEW:
		if (s->bytes > IMPLICIT_MAX)
			return CONSTRUCT_TOO_LARGE;
		if (s->is_closure && reaches(c, s, CODE_TO_GO))
			return CONSTRUCT_GO_STATEMENT;
		if (s->is_closure && reaches(c, s, CODE_TO_DEFER))
			return CONSTRUCT_DEFER;
		return s->is_closure ? CONSTRUCT_CLOSURE_CAPTURE : by_sink(c, s);
	case CODE_MAKEMAP:
	case CODE_MAKECHAN:
	case CODE_OTHER:
	case CODE_CALL:
		return by_sink(c, s);
	case CODE_ENTRIES:
		break;
	}
	return CONSTRUCT_OTHER;
}
