// Gaps: an answer with a hole in it says which hole. A gap travels with the facts and is printed with the verdict
// (`limits`). Codes and their words are rows of tables/gaps.yaml; code here never phrases.
#pragma once
#include "base/err.h"

enum gap_code {
#define GAP(code) code,
#include "gap_codes.inc"
#undef GAP
	GAP_CODES,
};

struct gap {
	enum gap_code code;
	char *subject; // {subject} in the words; "" if none: a file, a goroutine id, a struct
	char *detail;  // {detail} in the words; "" if none: an err's message, a number
};

struct gaps {
	struct gap *at;
	size_t len, cap;
	uint64_t dropped; // past the maximum
};

// Adds it unless code and subject are there already. subject and detail may be NULL, are copied.
void gap_add(struct gaps *g, enum gap_code code, const char *subject, const char *detail);
// The err's message becomes the detail; the err is freed. NULL err: nothing happens.
void gap_add_err(struct gaps *g, enum gap_code code, const char *subject, struct err *err);
void gaps_join(struct gaps *to, const struct gaps *from);
bool gaps_has(const struct gaps *g, enum gap_code code);
void gaps_fini(struct gaps *g);
static inline void gaps_finip(struct gaps *g) { gaps_fini(g); }
