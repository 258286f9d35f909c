// A growing string. Out of memory is remembered and asked once at the end, so that writing code stays flat.
#pragma once
#include "base/err.h"

struct strbuf {
	char *s; // NUL-terminated once anything was put; NULL before
	size_t len, cap;
	bool failed;
};

void strbuf_put(struct strbuf *b, const void *bytes, size_t len);
void strbuf_puts(struct strbuf *b, const char *s);
void strbuf_putc(struct strbuf *b, char c);
void strbuf_printf(struct strbuf *b, const char *fmt, ...) format_printf(2, 3);
must_use struct err *strbuf_check(const struct strbuf *b); // err_nomem if any put failed
const char *strbuf_str(const struct strbuf *b); // never NULL
void strbuf_fini(struct strbuf *b);
static inline void strbuf_finip(struct strbuf *b) { strbuf_fini(b); }
