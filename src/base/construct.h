// Why a value is on the heap, in the words of the verdict contract. Shared by those who learn it from different
// bytes (compiler output, machine code) and by those who show it.
#pragma once
#include "base/base.h"

enum construct { // in the contract's order
	CONSTRUCT_RETURN_OF_ADDRESS,
	CONSTRUCT_CLOSURE_CAPTURE,
	CONSTRUCT_INTERFACE_CONVERSION,
	CONSTRUCT_REFLECTION,
	CONSTRUCT_SLICE_GROWTH,
	CONSTRUCT_MAKE_SIZE_UNKNOWN,
	CONSTRUCT_TOO_LARGE,
	CONSTRUCT_MAP_INSERT,
	CONSTRUCT_STORED_IN_HEAP,
	CONSTRUCT_SENT_ON_CHANNEL,
	CONSTRUCT_GO_STATEMENT,
	CONSTRUCT_DEFER,
	CONSTRUCT_STRING_CONVERSION,
	CONSTRUCT_OTHER,
	CONSTRUCTS,
};

const char *construct_name(enum construct c); // "return_of_address"
