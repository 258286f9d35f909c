// Any bytes as build information of an executable that is sound otherwise. The first chooses how it is found.
#include "gobin_probe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fix f;
	if (!size || size > 0x400)
		return 0;
	fix_make(&f, (struct fix_options){.minor = 27, .sections = data[0] & 1, .symbols = data[0] & 2});
	memset(fix_rw(&f, FIX_BUILD), 0, 0x400);
	memcpy(fix_rw(&f, FIX_BUILD), data + 1, size - 1);
	probe_bytes(f.bytes, FIX_BYTES);
	fix_free(&f);
	return 0;
}
