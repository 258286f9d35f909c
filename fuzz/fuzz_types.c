// Any bytes as type descriptors and names. The first chooses the release, the next two where the bytes go.
#include "gobin_probe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fix f;
	if (size < 3)
		return 0;
	size_t room = FIX_TEXTSECT - FIX_TYPES, at = (data[1] | (size_t)data[2] << 8) % room, len = size - 3 < room - at ? size - 3 : room - at;
	fix_make(&f, (struct fix_options){.minor = 25 + data[0] % 3});
	memcpy(fix_ro(&f, FIX_TYPES + at), data + 3, len);
	probe_bytes(f.bytes, FIX_BYTES);
	fix_free(&f);
	return 0;
}
