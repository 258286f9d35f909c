// Any bytes as an executable.
#include "gobin_probe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	probe_bytes(data, size);
	return 0;
}
