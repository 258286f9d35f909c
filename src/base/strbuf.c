#include "base/strbuf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool strbuf_room(struct strbuf *b, size_t more)
{
	if (b->failed || more > SIZE_MAX / 4 - b->len)
		return !(b->failed = true);
	if (b->len + more + 1 <= b->cap)
		return true;
	size_t cap = b->cap * 2 > b->len + more + 1 ? b->cap * 2 : b->len + more + 64;
	char *s = realloc(b->s, cap);
	if (!s)
		return !(b->failed = true);
	b->s = s;
	b->cap = cap;
	return true;
}

void strbuf_put(struct strbuf *b, const void *bytes, size_t len)
{
	if (!strbuf_room(b, len))
		return;
	if (len)
		memcpy(b->s + b->len, bytes, len);
	b->len += len;
	b->s[b->len] = 0;
}

void strbuf_puts(struct strbuf *b, const char *s) { strbuf_put(b, s, strlen(s)); }
void strbuf_putc(struct strbuf *b, char c) { strbuf_put(b, &c, 1); }

void strbuf_printf(struct strbuf *b, const char *fmt, ...)
{
	va_list ap, again;
	va_start(ap, fmt);
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, ap);
	if (n < 0)
		b->failed = true;
	else if (strbuf_room(b, (size_t)n)) {
		vsnprintf(b->s + b->len, (size_t)n + 1, fmt, again);
		b->len += (size_t)n;
	}
	va_end(again);
	va_end(ap);
}

struct err *strbuf_check(const struct strbuf *b) { return b->failed ? &err_nomem : NULL; }
const char *strbuf_str(const struct strbuf *b) { return b->s ? b->s : ""; }

void strbuf_fini(struct strbuf *b)
{
	free(b->s);
	*b = (struct strbuf){0};
}
