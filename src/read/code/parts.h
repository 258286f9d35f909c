// What the steps of one function's analysis share. From bytes to sites:
//
//	scan.c    which functions call an allocation entry      decode.c  bytes -> struct insn
//	blocks.c  where control goes                            state.c   what registers and stack slots hold; joins
//	step.c    one instruction's effect on a state           calls.c   a call's: entries, map, channel, go, barriers
//	sinks.c   where an allocation's pointer went            dict.c    types out of generics dictionaries
//	construct.c  sinks -> the construct                     words.c   names for people
#pragma once
#include "read/code/code.h"

#include "base/arena.h"
#include "base/map.h"
#include "base/vec.h"

// ---- instructions -------------------------------------------------------------------------------------------------

enum { // general registers by their number in the encoding, then vector registers
	RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15,
	XMM0, XMM15 = XMM0 + 15, REGS, NOREG = 0xff,
};

enum op {
	OP_OTHER,  // changes only what `kills` says
	OP_MOVE,   // dst <- src, `width` bytes
	OP_LEA,
	OP_ADD,    // dst += imm
	OP_ZERO,   // dst <- 0
	OP_CALL, OP_CALL_INDIRECT, OP_JUMP, OP_JUMP_INDIRECT, OP_BRANCH, OP_RET, OP_TRAP,
	OP_PUSH, OP_POP, OP_XCHG,
	OP_CMOV,   // dst <- dst or src
};

enum operand { ON_NONE, ON_REG, ON_MEM, ON_IMM };

struct insn {
	uint32_t off;           // from the function's entry
	uint8_t len, op, width;
	uint8_t dst_on, src_on; // enum operand; at most one is ON_MEM
	uint8_t dst, src;       // register
	uint8_t base, index, scale; // memory operand; base NOREG and index NOREG: absolute, `value` is the address
	uint32_t kills;         // registers written besides dst
	int64_t value;          // displacement, absolute address, branch or call target (an address), or LEA's
	int32_t imm;            // immediate, sign-extended
};

enum { MAX_FUNCTION = 4 << 20, MAX_INSNS = 1 << 20 }; // a function's bytes and instructions

typedef VEC(struct insn) insns;

struct decoder; // Zydis behind it
struct decoder *decoder_new(void); // NULL: out of memory
void decoder_free(struct decoder *d);
// Appends the function's instructions. Bytes that are none become one-byte OP_TRAPs.
must_use struct err *decode_function(struct decoder *d, const uint8_t *bytes, size_t len, addr_t entry, insns *ret);

// ---- control ------------------------------------------------------------------------------------------------------

struct block {
	uint32_t first, end; // instructions [first, end)
	uint32_t to[2];      // successors; NOBLOCK
	uint32_t table, n_table; // further successors: blocks' `targets` [table, table + n_table)
};
enum { NOBLOCK = UINT32_MAX };

struct blocks {
	VEC(struct block) at;
	VEC(uint32_t) targets; // jump tables' blocks
	VEC(uint32_t) of_off;  // scratch: instruction index by offset
};

struct function; // below
must_use struct err *blocks_find(struct function *f);
// The instruction that starts at an address; NOBLOCK: none, or outside the function.
uint32_t insn_at(const struct function *f, addr_t a);

// ---- values -------------------------------------------------------------------------------------------------------

// A register or slot: kind, id, offset, packed so that equal values are equal words.
typedef uint64_t val;
enum val_kind {
	V_NONE,   // not known
	V_CONST,  // off: the number
	V_ADDR,   // an address in the binary: 56 bits
	V_STACK,  // off: from the stack pointer at entry
	V_SITE,   // id: a site of this function; off: into its object
	V_SET,    // id: a set of sites
	V_PARAM,  // id: the register it came in; off
	V_LOAD,   // id: struct load
	V_SLOT,   // id: the mapassign site that returned it
	V_BARRIER, // the write barrier's buffer
};

static inline enum val_kind val_kind(val v) { return (enum val_kind)(v >> 56); }
static inline uint32_t val_id(val v) { return (uint32_t)(v >> 32) & 0xffffff; }
static inline int32_t val_off(val v) { return (int32_t)(uint32_t)v; }
static inline addr_t val_addr(val v) { return v & 0xffffffffffffff; }
static inline val val_make(enum val_kind k, uint32_t id, int32_t off)
{
	return (uint64_t)k << 56 | (uint64_t)(id & 0xffffff) << 32 | (uint32_t)off;
}
static inline val val_address(addr_t a) { return a >> 56 ? 0 : (uint64_t)V_ADDR << 56 | a; }
static inline val val_const(int64_t n) { return n == (int32_t)n ? val_make(V_CONST, 0, (int32_t)n) : 0; }
static inline bool val_is_site(val v) { return val_kind(v) == V_SITE || val_kind(v) == V_SET; }

struct load { val base; int32_t off; }; // a word read from memory

enum { SET_MAX = 12, SETS_MAX = 4096, SET_MANY = 0xffffff, LOADS_MAX = 256 }; // SET_MANY: more sites than a set holds
struct set { uint8_t n; uint32_t site[SET_MAX]; };

// ---- states -------------------------------------------------------------------------------------------------------

enum { SLOTS_MAX = 192, SLOT_XMM = 0x40000000 }; // vector registers are slots: SLOT_XMM + 16 * number + 0, 8

struct slot { int32_t key; val v; };
struct state {
	val reg[16];
	uint32_t fresh; // registers written since the last call; << 16: the call's own results
	uint32_t n;
	struct slot slot[SLOTS_MAX]; // by key
};

struct saved { // a block's state at its start
	val reg[16];
	struct slot *slot;
	uint32_t n, cap, fresh;
	bool reached, dirty;
};

val state_slot(const struct state *s, int32_t key);
void state_set_slot(struct state *s, int32_t key, val v); // V_NONE removes
// Joins *s into *to; true if *to changed.
must_use struct err *state_join(struct function *f, struct saved *to, const struct state *s, bool *ret_changed);
void state_load(const struct saved *from, struct state *ret);
val val_join(struct function *f, val a, val b);

// ---- a function under analysis --------------------------------------------------------------------------------------

struct sink_note { uint32_t site, insn; struct code_sink sink; }; // site: within the function

struct function {
	struct code *code;
	const struct gobin *g;
	struct gobin_func info;
	insns insns;
	struct blocks blocks;
	VEC(struct saved) saved;
	struct arena *slots; // of saved states
	VEC(struct set) sets;
	VEC(struct load) loads;
	VEC(uint32_t) site_of; // per instruction: site within the function + 1, 0 none
	uint32_t first_site;   // sites of this function in code->sites: [first_site, first_site + n_sites)
	uint32_t n_sites;
	VEC(struct sink_note) notes;
	bool cut; // too large: states were not joined to the end
};

enum { NOTES_MAX = 1 << 18, SINKS_MAX = 1 << 24, SITES_MAX = 1 << 22, SINKS_OF_SITE = 8 };

// Sites of f in a value: calls fn for each.
void val_each_site(const struct function *f, val v, void (*fn)(const struct function *f, uint32_t site, void *ctx), void *ctx);

must_use struct err *step_block(struct function *f, uint32_t block, struct state *s);
// A call's effect; `direct` 0: through a register or memory.
must_use struct err *call_step(struct function *f, uint32_t insn, addr_t direct, struct state *s);
// v (a site's pointer) goes there; others are ignored. A second note of the same site and instruction replaces the first.
must_use struct err *sink_note(struct function *f, val v, uint32_t insn, struct code_sink sink);
// What a word stored at a place means for it.
must_use struct err *sink_store(struct function *f, val place, val v, uint32_t insn);
must_use struct err *sinks_take(struct function *f); // notes -> sinks of the sites
val load_word(struct function *f, const struct state *s, val place);

// ---- the whole -----------------------------------------------------------------------------------------------------

// Callees with a meaning: an allocation entry (its index), or one of these.
enum special {
	SPECIAL_ENTRY, SPECIAL_BARRIER, SPECIAL_COPY, SPECIAL_DUFF, SPECIAL_SEND, SPECIAL_SELECT,
	SPECIAL_GENERIC, // takes a dictionary
	SPECIAL_PLAIN,   // keeps no argument: comparing, printing, panicking by number
};

struct entry { // a row of entries.c
	const char *name;
	bool prefix;
	enum code_entry kind;
	uint8_t type, size, count, buf; // registers; NOREG none
	bool type_after;
};
extern const struct entry call_entry; // of CODE_CALL
const struct entry *entry_find(const char *name); // NULL: the function is no entry

struct entry_found { addr_t addr; const char *name; const struct entry *row; };
struct dict_use { uint32_t site; uint8_t reg; int32_t off; };      // a type read from a dictionary parameter
struct dict_pass { addr_t callee; uint8_t reg; val value; addr_t caller; uint8_t from_reg; int32_t from_off; };

struct code {
	const struct gobin *g;
	VEC(struct code_site) sites;
	VEC(struct code_sink) sinks;
	struct code_stats stats;
	VEC(struct entry_found) entries; // in this binary; a site's `entry` is an index here
	struct map *callees;  // address -> special | index in entries << 8
	struct map *closures; // type -> is it a closure's object
	VEC(struct dict_use) dict_uses;
	VEC(struct dict_pass) dict_passes;
	addr_t types, etypes, text, etext;
	struct decoder *decoder;
	struct map *followed;  // code_follow: (function, callee) -> first site << 24 | number
	addr_t asked;          // code_follow: the callee whose calls count, 0 none
	struct function f; // scratch, reused from function to function
};

must_use struct err *code_function(struct code *c, const struct gobin_func *info, struct view bytes);
must_use struct err *dict_resolve(struct code *c);
bool is_type(const struct code *c, addr_t a);            // looks like a type descriptor's address
addr_t type_of_word(const struct code *c, addr_t word);  // a type, or the type of an itab; 0 neither
enum construct site_construct(const struct code *c, const struct code_site *s);
bool type_is_closure(struct code *c, addr_t type); // cached
// The function a closure's object made by a call starts with, put into the site.
void closure_function(struct function *f, uint32_t call, struct code_site *s);
struct view code_bytes(const struct gobin *g, addr_t addr, uint64_t len);
