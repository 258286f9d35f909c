#include "base/vec.h"

struct err *vec_reserve_(void **at, size_t *cap, size_t size, size_t want, size_t max, const char *what)
{
	if (want <= *cap)
		return NULL;
	if (want > max)
		return err_new(ERR_LIMIT, "%zu %s wanted, at most %zu are read", want, what, max);
	size_t next = *cap + *cap / 2 + 16;
	if (next < want)
		next = want;
	if (next > max)
		next = max;
	void *p = next > SIZE_MAX / size ? NULL : realloc(*at, next * size);
	if (!p)
		return &err_nomem;
	*at = p;
	*cap = next;
	return NULL;
}
