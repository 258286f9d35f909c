// Function names as Go prints them. Source: src/runtime/traceback.go (funcNamePiecesForPrint), go1.27.
#include "read/gobin/gobin.h"

#include <string.h>

// Each balanced group of brackets becomes [...]: a generic method has two of them since 1.27.
const char *gobin_name(const char *name, char ret[GOBIN_NAME_MAX])
{
	size_t n = 0, depth = 0;
	for (const char *p = name; *p && n + 6 < GOBIN_NAME_MAX; p++) {
		if (*p == '[' && !depth++) {
			memcpy(ret + n, "[...]", 5);
			n += 5;
		} else if (*p == ']' && depth) {
			depth--;
		} else if (!depth) {
			ret[n++] = *p;
		}
	}
	ret[n] = 0;
	return ret;
}
