// Any bytes behind "heap profile: ": see pprof_check.h for what must hold.
#include "pprof_check.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	pprof_fuzz("heap profile: ", data, size);
	return 0;
}
