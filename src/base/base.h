// What every file may use without thinking about layers. Includes nothing of ours.
#pragma once
#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define must_use __attribute__((warn_unused_result))
#define format_printf(f, a) __attribute__((format(printf, f, a)))
#define cleanup(fn) __attribute__((cleanup(fn), unused))
#define countof(a) (sizeof(a) / sizeof((a)[0]))
#define take(p) ({ __typeof__(p) took_ = (p); (p) = NULL; took_; })

typedef uint64_t addr_t;    // an address in the target, never one of ours
typedef int64_t instant_t;  // wall clock, nanoseconds since 1970; 0 = not known

static inline uint64_t min_u64(uint64_t a, uint64_t b) { return a < b ? a : b; }
static inline uint64_t max_u64(uint64_t a, uint64_t b) { return a > b ? a : b; }
