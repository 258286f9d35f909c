// Memory for everything that dies together. Freed as a whole; nothing in it is freed alone.
#pragma once
#include "base/base.h"

struct arena;

struct arena *arena_new(void); // NULL: out of memory
void arena_free(struct arena *a); // NULL is fine
static inline void arena_freep(struct arena **a) { arena_free(*a); }

// Zeroed, aligned to 16. NULL: out of memory.
void *arena_alloc(struct arena *a, size_t bytes);
// A copy of len bytes with a NUL behind. NULL: out of memory.
char *arena_strndup(struct arena *a, const char *s, size_t len);
char *arena_strdup(struct arena *a, const char *s);
char *arena_printf(struct arena *a, const char *fmt, ...) format_printf(2, 3);
size_t arena_bytes(const struct arena *a); // what it holds from the system
