#include "read/escape/parts.h"

bool span_eat(struct span *a, const char *prefix)
{
	if (!span_starts(*a, prefix))
		return false;
	*a = span_skip(*a, strlen(prefix));
	return true;
}

bool span_eat_end(struct span *a, const char *suffix)
{
	size_t n = strlen(suffix);
	if (a->len < n || memcmp(a->s + a->len - n, suffix, n))
		return false;
	a->len -= n;
	return true;
}

ptrdiff_t span_find(struct span a, const char *needle)
{
	const char *p = a.len ? memmem(a.s, a.len, needle, strlen(needle)) : NULL;
	return p ? p - a.s : -1;
}

ptrdiff_t span_rfind(struct span a, const char *needle)
{
	size_t n = strlen(needle);
	for (size_t i = a.len >= n ? a.len - n + 1 : 0; i-- > 0;)
		if (!memcmp(a.s + i, needle, n))
			return (ptrdiff_t)i;
	return -1;
}

struct span span_trim(struct span a)
{
	while (a.len && (a.s[0] == ' ' || a.s[0] == '\t'))
		a = span_skip(a, 1);
	while (a.len && (a.s[a.len - 1] == ' ' || a.s[a.len - 1] == '\t' || a.s[a.len - 1] == '\r'))
		a.len--;
	return a;
}

bool span_number(struct span *a, uint64_t *ret)
{
	uint64_t x = 0;
	size_t n = 0;
	for (; n < a->len && a->s[n] >= '0' && a->s[n] <= '9'; n++) {
		if (x > (UINT64_MAX - 9) / 10)
			return false;
		x = x * 10 + (uint64_t)(a->s[n] - '0');
	}
	if (!n)
		return false;
	*a = span_skip(*a, n);
	*ret = x;
	return true;
}

bool line_next(struct view text, size_t *off, struct span *ret)
{
	if (*off >= text.len)
		return false;
	const char *s = (const char *)text.data + *off;
	const char *end = memchr(s, '\n', text.len - *off);
	size_t len = end ? (size_t)(end - s) : text.len - *off;
	*off += len + (end ? 1 : 0);
	*ret = (struct span){s, len};
	if (len && s[len - 1] == '\r')
		ret->len--;
	return true;
}

const char *keep(struct escape *e, struct span s)
{
	if (!s.len)
		return "";
	const char *copy = arena_strndup(e->arena, s.s, s.len < TEXT_MAX ? s.len : TEXT_MAX);
	e->failed |= !copy;
	return copy ? copy : "";
}

const char *keep_name(struct escape *e, struct span s)
{
	uint32_t id = interner_id(e->names, s.s ? s.s : "", s.len < TEXT_MAX ? s.len : TEXT_MAX);
	e->failed |= id == INTERN_NOMEM;
	return id == INTERN_NOMEM ? "" : interner_str(e->names, id, NULL);
}
