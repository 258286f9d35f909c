// Growing arrays with a declared maximum.
//
//	VEC(struct sample) v = {0};
//	if ((err = vec_push(&v, MAX_SAMPLES, "samples", s))) ...
//	for (size_t i = 0; i < v.len; i++) v.at[i] ...
//	vec_fini(&v);
#pragma once
#include "base/err.h"

#include <stdlib.h>

#define VEC(type) struct { type *at; size_t len, cap; }

// Room for `want` elements in all; crossing `max` is ERR_LIMIT that names `what`.
#define vec_reserve(v, want, max, what) \
	vec_reserve_((void **)&(v)->at, &(v)->cap, sizeof(*(v)->at), (want), (max), (what))
#define vec_push(v, max, what, ...) ({ \
	struct err *vec_err_ = vec_reserve(v, (v)->len + 1, max, what); \
	if (!vec_err_) \
		(v)->at[(v)->len++] = (__VA_ARGS__); \
	vec_err_; })
#define vec_fini(v) do { free((v)->at); (v)->at = NULL; (v)->len = (v)->cap = 0; } while (0)

must_use struct err *vec_reserve_(void **at, size_t *cap, size_t size, size_t want, size_t max, const char *what);
