// gobin: what a Go executable says about itself: ELF, build info, pclntab, moduledata, types, symbols, DWARF.
//   reads   bytes (struct view of an ELF file, or segments copied from memory); never a process, never a path
//   gives   plain structs; strings borrow from the handle and from the view. Addresses are link-time ones: the caller
//           subtracts its bias
//   knows   Go 1.20 and later (tested 1.21 to 1.27), amd64 and arm64, plain, stripped, PIE, cgo, compressed DWARF
//   costs   open: headers only; scans where sections are missing; PIE copies its writable segment and relocates it.
//           A lookup is O(log functions) and allocates nothing; names, symbols, types, DWARF are indexed when first asked
//           for, under a lock: a handle may be asked from several threads
//   not     Go runtime state (read/goruntime), disassembly (read/code)
#pragma once
#include "base/gap.h"
#include "base/vec.h"
#include "base/view.h"

struct gobin;

enum gobin_arch { GOBIN_AMD64, GOBIN_ARM64 };

struct gobin_buildinfo {
	const char *go_version;   // "go1.27.4" without experiments
	const char *experiments;  // "nogreenteagc", comma-separated; "" if none
	int minor, patch;         // 27, 4; -1 where the version is not of the form go1.N[.P] (devel, forks)
	const char *path, *module, *module_version; // main package; main module; "" if not recorded
	const char *modinfo;      // all lines; "" if none
	const char *build_id;     // Go's own (note), "" if none
};

struct gobin_segment { addr_t addr; struct view bytes; bool w, x; };

// elf must outlive the handle. ERR_UNSUPPORTED: not a Go program, or one of a kind that is not read.
must_use struct err *gobin_open(struct view elf, struct gobin **ret);
// From memory where there is no file: segments as they lie in the target (bias 0 then). They are copied.
must_use struct err *gobin_open_segments(const struct gobin_segment *segments, size_t n, struct gobin **ret);
void gobin_close(struct gobin *g);
static inline void gobin_closep(struct gobin **g) { gobin_close(*g); }

const struct gobin_buildinfo *gobin_buildinfo(const struct gobin *g);
enum gobin_arch gobin_arch(const struct gobin *g);
bool gobin_stripped(const struct gobin *g); // no .symtab
bool gobin_is_pie(const struct gobin *g);
bool gobin_has_dwarf(const struct gobin *g);
// The bytes at a link address, as the file has them (relocated where PIE). Short at a segment's end.
must_use struct err *gobin_read(const struct gobin *g, addr_t addr, void *buf, size_t len);
size_t gobin_segments(const struct gobin *g, const struct gobin_segment **ret);
const struct gaps *gobin_gaps(const struct gobin *g);

// ---- moduledata ---------------------------------------------------------------------------------------------------

struct gobin_moduledata {
	addr_t addr; // of the moduledata itself: bias = where it lies in memory - this
	addr_t pc_header, text, etext, noptrdata, enoptrdata, data, edata, bss, ebss, noptrbss, enoptrbss, end;
	addr_t gcdata, gcbss, types, etypes, rodata, gofunc, epclntab; // etypes, epclntab: 0 where not recorded
	addr_t typelinks, itablinks; // slices' data (<= 1.26)
	uint64_t n_typelinks, n_itablinks;
	uint64_t typedesclen, itaboffset, itabsize; // 1.27
	addr_t min_pc, max_pc;
	size_t size; // sizeof moduledata in this release; 0 = not known
};
const struct gobin_moduledata *gobin_moduledata(const struct gobin *g);

// ---- functions ----------------------------------------------------------------------------------------------------

enum { GOBIN_TOP_FRAME = 1, GOBIN_SP_WRITE = 2, GOBIN_ASM = 4 };

struct gobin_func {
	const char *name; // as in pclntab, with type arguments; gobin_name() makes Go's printed form
	addr_t entry, end;
	uint32_t start_line;
	uint8_t flags, func_id, n_funcdata;
	int32_t args_bytes; // of the frame's arguments, spill space of register arguments included; < 0 not known
	uint32_t index; // 0 .. count-1, in address order
	uint64_t off;   // of the _func, for gobin_pcdata
};

struct gobin_frame { // one level of the inline tree at a pc
	const char *function, *file;
	uint32_t line;
	addr_t entry; // of the physical function
	uint8_t func_id; // internal/abi/symtab.go: FuncID; numbers differ between releases
	bool inlined;
};

uint32_t gobin_func_count(const struct gobin *g);
must_use struct err *gobin_func_at(const struct gobin *g, uint32_t index, struct gobin_func *ret);
must_use struct err *gobin_func_find(const struct gobin *g, addr_t pc, struct gobin_func *ret); // ERR_INPUT: none there
bool gobin_func_named(const struct gobin *g, const char *name, struct gobin_func *ret); // first of that name; hash built once
// Innermost first; the last is the physical function. For a return address give pc - 1. Returns how many (0: not found).
size_t gobin_frames(const struct gobin *g, addr_t pc, struct gobin_frame *ret, size_t max);
// Bytes from sp to the return address slot.
must_use struct err *gobin_pcsp(const struct gobin *g, const struct gobin_func *f, addr_t pc, int32_t *ret);
must_use struct err *gobin_pcdata(const struct gobin *g, const struct gobin_func *f, uint32_t table, addr_t pc, int32_t *ret);
addr_t gobin_funcdata(const struct gobin *g, const struct gobin_func *f, uint32_t i); // 0 = none
// pclntab's name as Go prints it: type arguments as [...] (several groups), %2e kept. ret of FUNC_NAME_MAX bytes.
enum { GOBIN_NAME_MAX = 1024 };
const char *gobin_name(const char *pclntab_name, char ret[GOBIN_NAME_MAX]);

// ---- symbols and DWARF --------------------------------------------------------------------------------------------

bool gobin_symbol(const struct gobin *g, const char *name, addr_t *ret_addr, uint64_t *ret_size); // ret_size may be NULL
// The symbol that covers addr; NULL: none, or a stripped binary.
const char *gobin_symbol_at(const struct gobin *g, addr_t addr, uint64_t *ret_off);
// Offset, size of "runtime.mspan" "state.s.value"; field NULL: the struct's size. false: no DWARF or not there.
bool gobin_dwarf_field(const struct gobin *g, const char *type, const char *field, uint64_t *ret_off, uint64_t *ret_size);

// ---- types --------------------------------------------------------------------------------------------------------

enum gobin_kind { // reflect.Kind
	GOBIN_INVALID, GOBIN_BOOL, GOBIN_INT, GOBIN_INT8, GOBIN_INT16, GOBIN_INT32, GOBIN_INT64, GOBIN_UINT, GOBIN_UINT8,
	GOBIN_UINT16, GOBIN_UINT32, GOBIN_UINT64, GOBIN_UINTPTR, GOBIN_FLOAT32, GOBIN_FLOAT64, GOBIN_COMPLEX64,
	GOBIN_COMPLEX128, GOBIN_ARRAY, GOBIN_CHAN, GOBIN_FUNC, GOBIN_INTERFACE, GOBIN_MAP, GOBIN_POINTER, GOBIN_SLICE,
	GOBIN_STRING, GOBIN_STRUCT, GOBIN_UNSAFE_POINTER,
};

enum { GOBIN_TYPE_NAME_MAX = 512 };

struct gobin_type {
	addr_t addr;
	uint64_t size, ptr_bytes;
	enum gobin_kind kind;
	uint8_t tflag;
	bool direct_iface;
	addr_t gcdata;
	addr_t elem, key;   // 0 if none
	uint64_t len;       // arrays
	uint32_t n_fields;  // structs
	addr_t fields;      // of the StructField array
	char name[GOBIN_TYPE_NAME_MAX]; // as reflect prints it, cut at the maximum
};

struct gobin_field { char name[128]; addr_t type; uint64_t off; };

must_use struct err *gobin_type_at(const struct gobin *g, addr_t addr, struct gobin_type *ret);
must_use struct err *gobin_type_field(const struct gobin *g, const struct gobin_type *t, uint32_t i, struct gobin_field *ret);
// Every type the module lists (typelinks; the 1.27 walk). false from fn ends it.
must_use struct err *gobin_types(const struct gobin *g, bool (*fn)(void *ctx, addr_t type), void *ctx);
// A type by its name as reflect prints it ("maps.Map": the first such) or with its whole package path
// ("internal/runtime/maps.Map"); also those reached through others' pointers, elements and fields ("runtime.g").
bool gobin_type_named(const struct gobin *g, const char *name, addr_t *ret);
