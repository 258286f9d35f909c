// Lines, numbers and stacks of the text forms.
#pragma once
#include "base/strbuf.h"
#include "read/pprof/build.h"

struct lines { struct view v; size_t off; };
struct line { const char *s, *end; uint64_t off; }; // without the line's end

static inline bool lines_next(struct lines *l, struct line *ret)
{
	if (l->off >= l->v.len)
		return false;
	const uint8_t *at = l->v.data + l->off, *nl = memchr(at, '\n', l->v.len - l->off);
	const uint8_t *end = nl ? nl : l->v.data + l->v.len;
	*ret = (struct line){(const char *)at, (const char *)(end > at && end[-1] == '\r' ? end - 1 : end), l->off};
	l->off = (size_t)(end - l->v.data) + !!nl;
	return true;
}

static inline size_t line_left(const struct line *l) { return (size_t)(l->end - l->s); }
bool line_starts(const struct line *l, const char *with);
bool line_take(struct line *l, const char *what);  // the exact text, or nothing moves
void line_spaces(struct line *l);                  // past spaces and tabs
bool line_decimal(struct line *l, uint64_t *ret);  // digits; false: none, or more than 64 bits
bool line_integer(struct line *l, int64_t *ret);   // with a sign
bool line_hex(struct line *l, uint64_t *ret);      // 0x...
// A string as Go's %q writes it, or up to `stop` if it is bare. Unescaped into out; false: not closed.
bool line_quoted(struct line *l, const char *stop, struct strbuf *out);
must_use struct err *text_err(struct view v, const struct line *l, const char *what);

// A stack while it is read: addresses of the `@` line, symbols of the `#` lines below it.
struct text_symbol { uint64_t pc; int64_t line; uint32_t function; };
struct text_stack { VEC(uint64_t) pcs; VEC(struct text_symbol) symbols; };

// "0x1 0x2 ..." up to the end.
must_use struct err *text_pcs(struct text_stack *st, struct line *l);
// "#\t0x1\tmain.f+0x2\tfile.go:3"; anything else is passed over.
must_use struct err *text_symbol(struct pprof *p, struct text_stack *st, struct line l);
// {"k":"v", "k2":"v2"} of a `# labels:` line, or of a dump's header.
must_use struct err *text_labels(struct pprof *p, struct line *l, uint32_t *ret);
// The stack's frames go to the end of p->frames: the symbols where there are any, else bare addresses.
must_use struct err *text_frames(struct pprof *p, const struct text_stack *st);
void text_stack_fini(struct text_stack *st);
// What may follow the samples of C++ profiles: a memory map, in the forms of /proc/self/maps.
must_use struct err *text_maps(struct pprof *p, struct lines *ls);
