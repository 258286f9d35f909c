#include "base/construct.h"

static const char *const names[CONSTRUCTS] = {
	"return_of_address", "closure_capture", "interface_conversion", "reflection", "slice_growth",
	"make_size_unknown", "too_large", "map_insert", "stored_in_heap", "sent_on_channel",
	"go_statement", "defer", "string_conversion", "other",
};

const char *construct_name(enum construct c)
{
	assert(c < CONSTRUCTS);
	return names[c];
}
