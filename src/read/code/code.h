// code: why the machine code of a Go binary allocates: every call into the runtime's allocator, and where the value goes.
//   reads   the text of a struct gobin; never a process, never a path
//   gives   sites (call, entry, type, size, construct) and the sinks of each: returned, stored, captured, boxed, sent, ...
//   knows   amd64, Go 1.18 to 1.27 (register calling convention); arm64 is ERR_UNSUPPORTED
//   costs   a scan of the text for calls into the entries, then decoding only the functions hit: about 1 s of CPU for
//           100 MB; code_follow decodes only the function asked for: well under a millisecond
//   not     the compiler's opinion (read/escape). A flow is followed inside one function, by registers and stack slots:
//           what a callee does with an argument is not looked at
#pragma once
#include "base/construct.h"
#include "base/strbuf.h"
#include "read/gobin/gobin.h"

struct code;

enum code_entry { // what the called entry does
	CODE_NEW,       // newobject and the size-specialised mallocgc*: one object of a type
	CODE_MALLOC,    // mallocgc by itself: make + copy, variables that share one block (type nil)
	CODE_MAKESLICE,
	CODE_GROWSLICE,
	CODE_MOVESLICE, // an append's result leaves its stack buffer (1.26)
	CODE_BOX,       // convT*
	CODE_MAKEMAP,
	CODE_MAPASSIGN,
	CODE_MAKECHAN,
	CODE_GO,        // newproc
	CODE_DEFER,     // deferproc: defer in a loop
	CODE_STRING,    // concatenation and conversions of strings
	CODE_REFLECT,   // reflect.unsafe_New and its kin
	CODE_CALL,      // no allocation: a call whose result is followed (code_follow)
	CODE_OTHER,     // bytealg.MakeNoZero, C.GoString, maps.clone, ...
	CODE_ENTRIES,
};
const char *code_entry_kind_name(enum code_entry e); // "new", "makeslice"

enum code_type_from {
	CODE_TYPE_NONE,    // the entry has none, or nil by design
	CODE_TYPE_OPERAND, // an address in a register at the call
	CODE_TYPE_AFTER,   // the interface's first word, put beside the boxed value
	CODE_TYPE_DICT,    // a generics dictionary that a direct caller passes
	CODE_TYPE_DICTS,   // more than one dictionary is passed: the first one's
	CODE_TYPE_UNKNOWN, // it has one, it could not be read
};

enum code_buf { CODE_BUF_NONE, CODE_BUF_NIL, CODE_BUF_STACK }; // strings: nil = always the heap; stack = above 32 bytes only

enum code_sink_kind {
	CODE_RETURNED,
	CODE_TO_GLOBAL,    // addr
	CODE_TO_MEMORY,    // through a pointer: base, off
	CODE_TO_OBJECT,    // into another allocation of this function: other, off
	CODE_TO_CLOSURE,   // the same, where that one is a closure's object
	CODE_TO_MAP,       // a map's value or key: type is the map's
	CODE_TO_CHANNEL,   // type is the channel's where it was made here
	CODE_TO_GO,
	CODE_TO_DEFER,
	CODE_TO_INTERFACE, // in an interface to a call: addr = callee, 0 = not known
	CODE_TO_CALL,      // argument of a call: addr = callee, 0 = not known (method of an interface, function value)
	CODE_MAYBE_RETURNED, // lies in a result register at a return, but was not put there for it
	CODE_SINKS,
};
const char *code_sink_name(enum code_sink_kind k);

// How the pointer stored through was reached (CODE_TO_MEMORY): from there, by loads at `path`, the last load first.
enum code_from { CODE_FROM_UNKNOWN, CODE_FROM_PARAMETER, CODE_FROM_GLOBAL, CODE_FROM_OBJECT };

struct code_sink {
	enum code_sink_kind kind;
	addr_t at;          // the instruction
	addr_t addr;        // callee or global; 0 = not known
	addr_t base_type;   // the object stored to, the map, the channel; 0 = not known
	uint32_t other;     // CODE_TO_OBJECT, CODE_TO_CLOSURE, CODE_FROM_OBJECT: index of that site in the code
	int32_t off;        // byte offset in the object stored to; -1: some element of a slice (base_type is the element's)
	enum code_from from;
	uint8_t reg;        // CODE_FROM_PARAMETER: the register it came in
	uint8_t n_path;
	int32_t path[3];
	bool key;           // CODE_TO_MAP: as the key
	bool reflect;       // CODE_TO_CALL, CODE_TO_INTERFACE: the callee belongs to reflect
};

struct code_site {
	addr_t call;     // of the instruction; the return address is call + 5
	addr_t function; // entry of the physical function
	uint16_t entry;  // for code_entry_name, code_entry_kind
	enum construct construct;
	addr_t type;     // 0 = none or not known
	enum code_type_from type_from;
	enum code_buf buf;
	uint64_t bytes;  // of one object, where the code says it; 0 = not known
	uint64_t count;  // makeslice, makemap, makechan: constant length or capacity
	bool count_known;
	bool is_closure; // the object is a closure's or a method value's: struct { F uintptr; ... }
	bool nil_type;   // several pointer-free variables in one block of `bytes`, or a pointer-free make + copy
	addr_t started;  // CODE_GO, CODE_DEFER, closures: the function; 0 = not known
	uint32_t first_sink, n_sinks; // code_sink_at; strongest first
};

struct code_stats {
	uint32_t functions, functions_decoded, candidates;
	uint64_t bytes_decoded, instructions;
	uint32_t typed, type_wanted, type_unknown, cut_states; // cut_states: functions too large to be followed whole
};

// Everything the text allocates.
must_use struct err *code_scan(const struct gobin *g, struct code **ret);
// Piece by piece: open (finds the entries among the functions' names, some 20 ms for 100,000), then only the functions
// asked for, each well under a millisecond.
must_use struct err *code_open(const struct gobin *g, struct code **ret);
// Follows the function that holds pc, once; its sites are [*ret_first, *ret_first + *ret_n) of code_sites. With a
// callee, calls of that function count as allocations too (CODE_CALL): its first result is followed, so that a value
// returned by an allocating function can be followed on in its caller. callee CODE_ANY_INDIRECT: calls of methods of
// interfaces and of function values.
enum { CODE_ANY_INDIRECT = 1 };
must_use struct err *code_follow(struct code *c, addr_t pc, addr_t callee, uint32_t *ret_first, uint32_t *ret_n);
void code_close(struct code *c);
static inline void code_closep(struct code **c) { code_close(*c); }

size_t code_sites(const struct code *c, const struct code_site **ret); // by address after code_scan; valid until the next code_follow
// The site of a call or return address; NULL: none there. Only after code_scan.
const struct code_site *code_site_find(const struct code *c, addr_t pc);
const struct code_sink *code_sink_at(const struct code *c, uint32_t index);
enum code_entry code_entry_kind(const struct code *c, const struct code_site *s);
const char *code_entry_name(const struct code *c, const struct code_site *s); // "runtime.newobject"
const struct code_stats *code_stats(const struct code *c);

// The way the value goes inside its function: its strongest sink, and on with the object it was put into. Returns how
// many hops there are, at most max.
struct code_hop { const struct code_site *site; const struct code_sink *sink; };
size_t code_flow(const struct code *c, const struct code_site *s, struct code_hop *ret, size_t max);

// Names, from the binary's own types: what is stored to ("main.Pool.conns"), what is called, the type allocated.
// Terms, not sentences. "" where it cannot be said.
void code_sink_text(const struct code *c, const struct code_site *s, const struct code_sink *k, struct strbuf *out);
// The sink as a step of a flow: "inserted into map[string]*main.Player", "returned by main.NewPlayer".
void code_step_text(const struct code *c, const struct code_site *s, const struct code_sink *k, struct strbuf *out);
void code_type_text(const struct code *c, const struct code_site *s, struct strbuf *out);
// "call runtime.newobject(main.Player)"
void code_instruction_text(const struct code *c, const struct code_site *s, struct strbuf *out);
