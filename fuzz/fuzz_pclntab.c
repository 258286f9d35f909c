// Any bytes as the function tables of an executable that is sound otherwise. The first chooses the release, the next two where
// the bytes go.
#include "gobin_probe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fix f;
	if (size < 3)
		return 0;
	size_t at = (data[1] | (size_t)data[2] << 8) % FIX_TYPES, len = size - 3 < FIX_TYPES - at ? size - 3 : FIX_TYPES - at;
	fix_make(&f, (struct fix_options){.minor = 24 + data[0] % 4, .split_text = data[0] & 4, .arm64 = data[0] & 8, .pie = data[0] & 16});
	memcpy(fix_ro(&f, at), data + 3, len);
	probe_bytes(f.bytes, FIX_BYTES);
	fix_free(&f);
	return 0;
}
