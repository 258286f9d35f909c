#include "read/pprof/text.h"

#include <string.h>

enum { STACK_MAX = 1 << 20 };

bool line_starts(const struct line *l, const char *with)
{
	size_t n = strlen(with);
	return line_left(l) >= n && !memcmp(l->s, with, n);
}

bool line_take(struct line *l, const char *what)
{
	if (!line_starts(l, what))
		return false;
	l->s += strlen(what);
	return true;
}

void line_spaces(struct line *l)
{
	while (l->s < l->end && (*l->s == ' ' || *l->s == '\t'))
		l->s++;
}

bool line_decimal(struct line *l, uint64_t *ret)
{
	uint64_t x = 0;
	const char *s = l->s;
	for (; s < l->end && *s >= '0' && *s <= '9'; s++)
		if (__builtin_mul_overflow(x, 10u, &x) || __builtin_add_overflow(x, (uint64_t)(*s - '0'), &x))
			return false;
	if (s == l->s)
		return false;
	l->s = s;
	*ret = x;
	return true;
}

bool line_integer(struct line *l, int64_t *ret)
{
	struct line at = *l;
	uint64_t x;
	bool minus = line_take(&at, "-");
	if (!line_decimal(&at, &x) || x > INT64_MAX)
		return false;
	*ret = minus ? -(int64_t)x : (int64_t)x;
	*l = at;
	return true;
}

bool line_hex(struct line *l, uint64_t *ret)
{
	struct line at = *l;
	uint64_t x = 0;
	unsigned n = 0;
	if (!line_take(&at, "0x"))
		return false;
	for (; at.s < at.end; at.s++, n++) {
		int c = *at.s, digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
		if (digit < 0)
			break;
		if (x >> 60)
			return false;
		x = x << 4 | (uint64_t)digit;
	}
	if (!n)
		return false;
	*l = at;
	*ret = x;
	return true;
}

static void put_rune(struct strbuf *out, uint32_t c)
{
	if (c < 0x80) {
		strbuf_putc(out, (char)c);
	} else if (c < 0x800) {
		strbuf_putc(out, (char)(0xc0 | c >> 6));
		strbuf_putc(out, (char)(0x80 | (c & 0x3f)));
	} else {
		if (c < 0x10000) {
			strbuf_putc(out, (char)(0xe0 | c >> 12));
		} else {
			strbuf_putc(out, (char)(0xf0 | (c >> 18 & 7)));
			strbuf_putc(out, (char)(0x80 | (c >> 12 & 0x3f)));
		}
		strbuf_putc(out, (char)(0x80 | (c >> 6 & 0x3f)));
		strbuf_putc(out, (char)(0x80 | (c & 0x3f)));
	}
}

// Behind the backslash.
static bool escape(struct line *l, struct strbuf *out)
{
	static const char names[] = "abfnrtv\\\"'", values[] = "\a\b\f\n\r\t\v\\\"'";
	if (l->s >= l->end)
		return false;
	char c = *l->s++;
	const char *at = c ? strchr(names, c) : NULL;
	if (at) {
		strbuf_putc(out, values[at - names]);
		return true;
	}
	size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
	uint64_t x;
	char hex[11] = "0x";
	if (!digits || line_left(l) < digits)
		return false;
	memcpy(hex + 2, l->s, digits);
	struct line number = {hex, hex + 2 + digits, 0};
	if (!line_hex(&number, &x) || number.s != number.end)
		return false;
	l->s += digits;
	if (c == 'x')
		strbuf_putc(out, (char)x);
	else
		put_rune(out, (uint32_t)x);
	return true;
}

bool line_quoted(struct line *l, const char *stop, struct strbuf *out)
{
	out->len = 0;
	if (!line_take(l, "\"")) {
		const char *from = l->s;
		while (l->s < l->end && !strchr(stop, *l->s))
			l->s++;
		strbuf_put(out, from, (size_t)(l->s - from));
		return l->s < l->end;
	}
	while (l->s < l->end) {
		char c = *l->s++;
		if (c == '"')
			return true;
		if (c != '\\')
			strbuf_putc(out, c);
		else if (!escape(l, out))
			return false;
	}
	return false;
}

struct err *text_err(struct view v, const struct line *l, const char *what)
{
	return err_input(v.source, (uint64_t)((const uint8_t *)l->s - v.data), "%s", what);
}

struct err *text_pcs(struct text_stack *st, struct line *l)
{
	uint64_t pc;
	struct err *err = NULL;
	for (line_spaces(l); !err && l->s < l->end; line_spaces(l)) {
		if (!line_hex(l, &pc))
			return err_new(ERR_INPUT, "an address wanted, '%.*s' found", (int)min_u64(line_left(l), 20), l->s);
		if (pc) // padding, as threadcreate has it
			err = vec_push(&st->pcs, STACK_MAX, "addresses in one stack", pc);
	}
	return err;
}

struct err *text_symbol(struct pprof *p, struct text_stack *st, struct line l)
{
	struct text_symbol sym = {.function = PPROF_NONE};
	if (!line_take(&l, "#"))
		return NULL;
	line_spaces(&l);
	if (!line_hex(&l, &sym.pc) || !sym.pc)
		return NULL;
	line_spaces(&l);
	const char *name = l.s, *tab = memchr(l.s, '\t', line_left(&l));
	if (tab) {
		const char *name_end = tab;
		for (const char *s = tab; s-- > name; ) // the offset: "+0x..." at the end
			if (*s == '+') {
				name_end = s;
				break;
			}
		l.s = tab;
		line_spaces(&l);
		const char *colon = memrchr(l.s, ':', line_left(&l));
		struct pprof_function f = {0};
		struct err *err = build_string(p, name, (size_t)(name_end - name), &f.name);
		if (!err)
			err = build_string(p, l.s, (size_t)((colon ? colon : l.end) - l.s), &f.file);
		f.system_name = f.name;
		if (!err)
			err = build_function(p, f, &sym.function);
		if (err)
			return err;
		struct line number = {colon ? colon + 1 : l.end, l.end, 0};
		if (!line_integer(&number, &sym.line))
			sym.line = 0;
	}
	return vec_push(&st->symbols, STACK_MAX, "symbols in one stack", sym);
}

struct err *text_labels(struct pprof *p, struct line *l, uint32_t *ret)
{
	VEC(struct pprof_label) rows = {0};
	cleanup(strbuf_finip) struct strbuf word = {0};
	struct err *err = NULL;
	bool good = line_take(l, "{");
	while (good && !err && !line_take(l, "}")) {
		struct pprof_label row = {0};
		if (!(good = line_quoted(l, ":", &word)) || (err = build_string(p, strbuf_str(&word), word.len, &row.key)))
			break;
		good = line_take(l, ":");
		line_spaces(l);
		if (!good || !(good = line_quoted(l, ",}", &word)) || (err = build_string(p, strbuf_str(&word), word.len, &row.str)))
			break;
		err = vec_push(&rows, 4096, "labels in one sample", row);
		if (line_take(l, ","))
			line_spaces(l);
		else
			good = l->s < l->end && *l->s == '}';
	}
	if (!err)
		err = word.failed ? &err_nomem : good ? build_labels(p, rows.at, rows.len, ret) : err_new(ERR_INPUT, "labels are not closed");
	vec_fini(&rows);
	return err;
}

// A location for symbols [from, to): one address, inlined calls innermost first, as they stand in the text.
static struct err *symbols_frame(struct pprof *p, const struct text_symbol *from, size_t n)
{
	struct pprof_line lines[64];
	struct pprof_location l = {.address = from->pc, .mapping = PPROF_NONE};
	for (size_t i = 0; i < n && l.lines < countof(lines); i++)
		if (from[i].function != PPROF_NONE)
			lines[l.lines++] = (struct pprof_line){.function = from[i].function, .line = from[i].line};
	uint32_t location;
	struct err *err = build_location(p, l, lines, &location);
	return err ? err : build_frame(p, location);
}

struct err *text_frames(struct pprof *p, const struct text_stack *st)
{
	struct err *err = NULL;
	uint32_t location;
	for (size_t i = 0, n; !err && i < st->symbols.len; i += n) {
		for (n = 1; i + n < st->symbols.len && n < 64 && st->symbols.at[i + n].pc == st->symbols.at[i].pc; )
			n++;
		err = symbols_frame(p, &st->symbols.at[i], n);
	}
	for (size_t i = 0; !err && !st->symbols.len && i < st->pcs.len; i++) {
		struct pprof_location l = {.address = st->pcs.at[i] - 1, .mapping = PPROF_NONE};
		if (!(err = build_location(p, l, NULL, &location)))
			err = build_frame(p, location);
	}
	return err;
}

void text_stack_fini(struct text_stack *st)
{
	vec_fini(&st->pcs);
	vec_fini(&st->symbols);
}
