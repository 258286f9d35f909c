// layout: where a field of the Go runtime lies, and where its globals are.
//   reads   tables/go-layouts, tables/go-refs; the target's own type descriptors and DWARF through gobin
//   gives   offset and size by key (K_G_GOID = runtime.g.goid; tables/go-layouts/keys.txt lists them all), globals' addresses
//   knows   what is known, what this release does not have, and what is unknown or was refused: never a guess
//   costs   a lookup is an array access
//   not     reading the target's state (globals.c, memstats.c, goroutines.c, ...)
//
//	if (rt_needs(rt, GAP_LAYOUT_UNKNOWN, (enum rt_key[]){K_G_GOID, K_G_SCHED_SP}, 2)) ... all known
//	uint64_t id = rt_get(rt, K_G_GOID, bytes_of_a_g);
//	if (rt_known(rt, K_G_SLEEPWHEN)) ... else the release has none (rt_absent) or we do not know
//	addr_t allgs = rt_global(rt, G_ALLGS); // 0: not found
#pragma once
#include "read/goruntime/goruntime.h"

enum rt_key {
#define KEY(name, owner, path) name,
#include "go_keys.inc"
#undef KEY
	K_COUNT,
};

enum rt_struct {
#define STRUCT(name, type) name,
#include "go_keys.inc"
#undef STRUCT
	S_COUNT,
};

enum rt_global {
#define GLOBAL(name, symbol) name,
#include "go_refs.inc"
#undef GLOBAL
	G_COUNT,
};

enum rt_state { RT_UNKNOWN, RT_ABSENT, RT_KNOWN }; // ABSENT: this release has no such field

struct rt_place {
	uint32_t off, size; // a struct's size and a constant's value are in off
	uint8_t state;      // enum rt_state
	uint8_t from;       // enum rt_layout_from
};

struct rt_layout_set {
	struct rt_place at[K_COUNT];
	addr_t globals[G_COUNT];       // in memory; 0 = not found
	uint8_t global_from[G_COUNT];  // RT_FROM_TABLE = symbol table, RT_FROM_DISASSEMBLY
	bool refused[S_COUNT];         // its invariants failed: a gap says so
	bool uses_table;               // at least one struct
	char table[24];                // "1.27", "1.23.3-1.23.11", "" = no table fits
	const char *doubt;             // why the table may not fit although the release is known; NULL
	char changed[96];              // the first field in which the target differs from the table of its release; "" = none
	struct rt_layout shown[S_COUNT];
	size_t n_shown;
};

// Fills rt->lay from descriptors, DWARF, table. Nothing is believed yet: rt_check() (invariants.c) refuses what fails.
must_use struct err *layout_load(struct rt *rt);
void layout_show(struct rt *rt); // fills shown[], after the checks
// The struct cannot be used: every key of it becomes unknown, and a gap says why.
void layout_refuse(struct rt *rt, enum rt_struct s, const char *why, ...) format_printf(3, 4);
bool layout_from_table(const struct rt *rt, enum rt_struct s);
int layout_refs_set(const struct rt *rt, bool *ret_exact); // the set of references to vote with; -1: none
void layout_forget(struct rt *rt, enum rt_struct s);  // the same; the caller tells why
const char *layout_struct_name(enum rt_struct s); // "runtime.mspan"
const char *layout_short_name(enum rt_struct s);  // "mspan"
enum rt_struct layout_struct_of(enum rt_key k);
const char *layout_field_name(enum rt_key k);     // "sched.sp"; "" for the size
const char *layout_global_name(enum rt_global g); // "runtime.allgs"

// globals.c: symbols, else the vote of known functions' operands (refs.c).
must_use struct err *globals_find(struct rt *rt);
