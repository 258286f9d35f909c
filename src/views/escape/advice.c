#include "views/escape/escape.h"

const char *view_advice(enum construct c)
{
	static const char *const words[CONSTRUCTS] = {
		[CONSTRUCT_RETURN_OF_ADDRESS] = "return the value instead of its address, or let the caller pass in where to put it",
		[CONSTRUCT_CLOSURE_CAPTURE] = "pass what the closure needs as an argument; do not assign to a variable after it is captured",
		[CONSTRUCT_INTERFACE_CONVERSION] = "keep the concrete type on hot paths; strconv and typed fields instead of fmt and any",
		[CONSTRUCT_REFLECTION] = "do the reflection once and keep its result, or write the code for the type",
		[CONSTRUCT_SLICE_GROWTH] = "make the slice with the capacity it will need, or reuse it as s[:0]",
		[CONSTRUCT_MAKE_SIZE_UNKNOWN] = "use a constant size with a limit, or take the buffer from a pool or the caller",
		[CONSTRUCT_TOO_LARGE] = "make it smaller, allocate it once and reuse it, or take it from a pool",
		[CONSTRUCT_MAP_INSERT] = "store the value itself if it is small, and delete entries that are done with",
		[CONSTRUCT_STORED_IN_HEAP] = "keep it in a local variable, or store the value instead of a pointer to it",
		[CONSTRUCT_SENT_ON_CHANNEL] = "send the value, or reuse what comes back through a second channel or a pool",
		[CONSTRUCT_GO_STATEMENT] = "start fewer goroutines: a fixed set of workers; pass arguments instead of capturing",
		[CONSTRUCT_DEFER] = "move the loop's body into a function, so that the defer is not in a loop",
		[CONSTRUCT_STRING_CONVERSION] = "stay with one of string and []byte; strings.Builder or append for what is put together",
		[CONSTRUCT_OTHER] = "look at the line",
	};
	assert(c < CONSTRUCTS);
	return words[c];
}
