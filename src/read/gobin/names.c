// Function names as Go prints them. src/runtime/traceback.go (funcNamePiecesForPrint): up to 1.26 the first '[' to the last
// ']' became "[...]"; generic methods (1.27) have two groups. Balanced groups are right for both.
#include "read/gobin/gobin.h"

#include <string.h>

enum { MAX_GROUP = 1 << 14 }; // type arguments may be long; looking for their end is not without bound

// The ']' that closes the '[' at open; NULL: not balanced.
static const char *closing(const char *open)
{
	size_t depth = 0;
	for (const char *s = open; *s && s - open < MAX_GROUP; s++) {
		if (*s == '[')
			depth++;
		else if (*s == ']' && !--depth)
			return s;
	}
	return NULL;
}

const char *gobin_name(const char *name, char ret[GOBIN_NAME_MAX])
{
	static const char dots[] = "[...]";
	size_t n = 0;
	for (const char *s = name; *s && n < GOBIN_NAME_MAX - 1; ) {
		const char *end = *s == '[' ? closing(s) : NULL;
		if (!end) {
			ret[n++] = *s++;
			continue;
		}
		size_t len = sizeof(dots) - 1 < GOBIN_NAME_MAX - 1 - n ? sizeof(dots) - 1 : GOBIN_NAME_MAX - 1 - n;
		memcpy(ret + n, dots, len);
		n += len;
		s = end + 1;
	}
	ret[n] = 0;
	return ret;
}
