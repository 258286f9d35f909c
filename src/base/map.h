// Open-addressing hash maps: u64 -> u64, and strings -> small ids (interning).
#pragma once
#include "base/err.h"

struct map; // u64 -> u64

struct map *map_new(void); // NULL: out of memory
void map_free(struct map *m); // NULL is fine
static inline void map_freep(struct map **m) { map_free(*m); }
// Where the value of key lies, made with value 0 if it was not there (*ret_fresh, may be NULL, says so).
// Valid until the next map_at. NULL: out of memory.
uint64_t *map_at(struct map *m, uint64_t key, bool *ret_fresh);
bool map_find(const struct map *m, uint64_t key, uint64_t *ret);
size_t map_len(const struct map *m);
// Iterates in no order: start with *pos = 0.
bool map_next(const struct map *m, size_t *pos, uint64_t *ret_key, uint64_t *ret_value);

struct interner; // byte strings -> ids 0, 1, 2, ... in order of first use; owns copies

struct interner *interner_new(void); // NULL: out of memory
void interner_free(struct interner *in); // NULL is fine
static inline void interner_freep(struct interner **in) { interner_free(*in); }
enum { INTERN_NOMEM = UINT32_MAX };
uint32_t interner_id(struct interner *in, const void *bytes, size_t len); // INTERN_NOMEM: out of memory
bool interner_find(const struct interner *in, const void *bytes, size_t len, uint32_t *ret);
const char *interner_str(const struct interner *in, uint32_t id, size_t *ret_len); // NUL behind it; ret_len may be NULL
uint32_t interner_len(const struct interner *in);

uint64_t hash_u64(uint64_t x);
uint64_t hash_bytes(const void *bytes, size_t len);
