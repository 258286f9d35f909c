// profile.proto, between its two passes: tables first (proto.c), samples then (proto_sample.c).
#pragma once
#include "read/pprof/build.h"
#include "read/pprof/forms.h"
#include "read/pprof/wire.h"

// Ids of a file -> our rows. Dense where ids are small, as Go and pprof write them.
struct ids { uint32_t *dense; size_t len; struct map *sparse; bool in_order; }; // in_order: row = id - 1

struct proto {
	struct pprof *p;
	struct view v;
	struct inflated *owned;
	VEC(uint32_t) strings;                     // string_table -> string ids
	VEC(uint64_t) mapping_ids, function_ids, location_ids;
	VEC(uint64_t) location_mappings, line_functions; // raw, by row
	VEC(uint64_t) function_offs, location_offs;      // where each began, for messages
	struct ids mappings, functions, locations;
	size_t samples, varints;                   // how many there are; how many numbers they hold at most
};

static inline uint32_t ids_find(const struct ids *ids, uint64_t id)
{
	uint64_t row;
	if (id < ids->len)
		return ids->dense[id];
	return ids->sparse && map_find(ids->sparse, id, &row) ? (uint32_t)row : PPROF_NONE;
}

must_use struct err *proto_err(const struct proto *d, const uint8_t *at, const char *why);
must_use struct err *proto_string(const struct proto *d, const uint8_t *at, uint64_t raw, uint32_t *ret);
must_use struct err *proto_samples(struct proto *d);
