// Allocation entries of the runtime, Go 1.18 to 1.27 (docs/formats/allocation-entries.md). Registers: where the type,
// the size, the count and the buffer are at the call.
#include "read/code/parts.h"

#include <string.h>

#define NO NOREG
static const struct entry code_entries[] = {
	// name                      prefix kind            type size count buf  type after
	{"runtime.newobject",          false, CODE_NEW,       RAX, NO, NO, NO, false},
	{"runtime.mallocgcTinySC",     true,  CODE_NEW,       RBX, RAX, NO, NO, false},
	{"runtime.mallocgcSmallNoScanSC", true, CODE_NEW,     RBX, RAX, NO, NO, false},
	{"runtime.mallocgcSmallScanNoHeaderSC", true, CODE_NEW, RBX, RAX, NO, NO, false},
	{"runtime.mallocgcTinySize",   true,  CODE_NEW,       RBX, RAX, NO, NO, false}, // 1.26 with the experiment
	{"runtime.mallocgc",           false, CODE_MALLOC,    RBX, RAX, NO, NO, false},
	{"runtime.makeslice",          false, CODE_MAKESLICE, RAX, NO, RCX, NO, false},
	{"runtime.makeslice64",        false, CODE_MAKESLICE, RAX, NO, RCX, NO, false},
	{"runtime.makeslicecopy",      false, CODE_MAKESLICE, RAX, NO, RBX, NO, false},
	{"runtime.growslice",          false, CODE_GROWSLICE, RSI, NO, NO, NO, false},
	{"runtime.growsliceBuf",       false, CODE_GROWSLICE, RSI, NO, NO, NO, false},
	{"runtime.growsliceNoAlias",   false, CODE_GROWSLICE, RSI, NO, NO, NO, false},
	{"runtime.growsliceBufNoAlias", false, CODE_GROWSLICE, RSI, NO, NO, NO, false},
	{"runtime.moveSlice",          false, CODE_MOVESLICE, RAX, NO, NO, NO, false},
	{"runtime.moveSliceNoCap",     false, CODE_MOVESLICE, RAX, NO, NO, NO, false},
	{"runtime.moveSliceNoScan",    false, CODE_MOVESLICE, NO, RAX, NO, NO, false},
	{"runtime.moveSliceNoCapNoScan", false, CODE_MOVESLICE, NO, RAX, NO, NO, false},
	{"runtime.convT",              false, CODE_BOX,       RAX, NO, NO, NO, false},
	{"runtime.convTnoptr",         false, CODE_BOX,       RAX, NO, NO, NO, false},
	{"runtime.convT16",            false, CODE_BOX,       NO, NO, NO, NO, true},
	{"runtime.convT32",            false, CODE_BOX,       NO, NO, NO, NO, true},
	{"runtime.convT64",            false, CODE_BOX,       NO, NO, NO, NO, true},
	{"runtime.convTstring",        false, CODE_BOX,       NO, NO, NO, NO, true},
	{"runtime.convTslice",         false, CODE_BOX,       NO, NO, NO, NO, true},
	{"runtime.makemap",            false, CODE_MAKEMAP,   RAX, NO, RBX, NO, false},
	{"runtime.makemap64",          false, CODE_MAKEMAP,   RAX, NO, RBX, NO, false},
	{"runtime.makemap_small",      false, CODE_MAKEMAP,   NO, NO, NO, NO, false},
	{"runtime.mapassign",          false, CODE_MAPASSIGN, RAX, NO, NO, NO, false},
	{"runtime.mapassign_fast32",   false, CODE_MAPASSIGN, RAX, NO, NO, NO, false},
	{"runtime.mapassign_fast32ptr", false, CODE_MAPASSIGN, RAX, NO, NO, NO, false},
	{"runtime.mapassign_fast64",   false, CODE_MAPASSIGN, RAX, NO, NO, NO, false},
	{"runtime.mapassign_fast64ptr", false, CODE_MAPASSIGN, RAX, NO, NO, NO, false},
	{"runtime.mapassign_faststr",  false, CODE_MAPASSIGN, RAX, NO, NO, NO, false},
	{"runtime.makechan",           false, CODE_MAKECHAN,  RAX, NO, RBX, NO, false},
	{"runtime.makechan64",         false, CODE_MAKECHAN,  RAX, NO, RBX, NO, false},
	{"runtime.newproc",            false, CODE_GO,        NO, NO, NO, NO, false},
	{"runtime.deferproc",          false, CODE_DEFER,     NO, NO, NO, NO, false},
	{"runtime.deferprocat",        false, CODE_DEFER,     NO, NO, NO, NO, false},
	{"runtime.concatstring",       true,  CODE_STRING,    NO, NO, NO, RAX, false},
	{"runtime.concatbyte",         true,  CODE_STRING,    NO, NO, NO, RAX, false},
	{"runtime.slicebytetostring",  false, CODE_STRING,    NO, NO, NO, RAX, false},
	{"runtime.stringtoslicebyte",  false, CODE_STRING,    NO, NO, NO, RAX, false},
	{"runtime.slicerunetostring",  false, CODE_STRING,    NO, NO, NO, RAX, false},
	{"runtime.stringtoslicerune",  false, CODE_STRING,    NO, NO, NO, RAX, false},
	{"runtime.intstring",          false, CODE_STRING,    NO, NO, NO, RAX, false},
	{"runtime.gostring",           false, CODE_OTHER,     NO, NO, NO, NO, false},
	{"runtime.gostringn",          false, CODE_OTHER,     NO, NO, NO, NO, false},
	{"runtime.gobytes",            false, CODE_OTHER,     NO, NO, NO, NO, false},
	{"internal/bytealg.MakeNoZero", false, CODE_OTHER,    NO, NO, RAX, NO, false},
	{"maps.clone",                 false, CODE_OTHER,     NO, NO, NO, NO, false},
	{"internal/reflectlite.unsafe_New", false, CODE_REFLECT, RAX, NO, NO, NO, false},
	{"reflect.unsafe_New",         false, CODE_REFLECT,   RAX, NO, NO, NO, false},
	{"reflect.unsafe_NewArray",    false, CODE_REFLECT,   RAX, NO, RBX, NO, false},
	{"reflect.makemap",            false, CODE_REFLECT,   RAX, NO, RBX, NO, false},
	{"reflect.makechan",           false, CODE_REFLECT,   RAX, NO, RBX, NO, false},
	{"reflect.growslice",          false, CODE_REFLECT,   RAX, NO, NO, NO, false},
};
#undef NO

const struct entry call_entry = {"", false, CODE_CALL, NOREG, NOREG, NOREG, NOREG, false};

static bool is_digits(const char *s) { return *s && !s[strspn(s, "0123456789s")]; } // concatstring2, concatstrings

const struct entry *entry_find(const char *name)
{
	for (size_t i = 0; i < countof(code_entries); i++) {
		size_t len = strlen(code_entries[i].name);
		if (code_entries[i].prefix ? !strncmp(name, code_entries[i].name, len) && is_digits(name + len)
					   : !strcmp(name, code_entries[i].name))
			return &code_entries[i];
	}
	return NULL;
}

const char *code_entry_kind_name(enum code_entry e)
{
	static const char *const names[CODE_ENTRIES] = {
		"new", "malloc", "makeslice", "growslice", "moveslice", "box", "makemap", "mapassign", "makechan", "go",
		"defer", "string", "reflect", "call", "other",
	};
	assert(e < CODE_ENTRIES);
	return names[e];
}
