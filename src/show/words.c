// Sentences: tables/words.yaml, filled with what the rule gave.
#include "show/show.h"

#include <math.h>
#include <string.h>

static const char *const words[SAY_KEYS] = {
	[SAY_NOTHING] = "",
#define WORD(key, text) [key] = text,
#include "word_texts.inc"
#undef WORD
};

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

void show_place(const struct evidence *ev, place_id place, struct strbuf *out)
{
	struct place p = ev_get_place(ev, place);
	strbuf_puts(out, ev_str(ev, p.function));
	if (p.line)
		strbuf_printf(out, " (%s:%u)", base_name(ev_str(ev, p.file)), p.line);
}

static void number(double x, struct strbuf *out)
{
	if (!isfinite(x))
		strbuf_puts(out, "?");
	else if (fabs(x) >= 9.95 || x == floor(x))
		strbuf_printf(out, "%.0f", x);
	else
		strbuf_printf(out, "%.*g", fabs(x) >= 1 ? 2 : 1, x);
}

static void value(const struct evidence *ev, const struct say_value *v, struct strbuf *out)
{
	char s[FMT_MAX];
	switch (v->kind) {
	case V_NONE: break;
	case V_TEXT: strbuf_puts(out, ev_str(ev, v->text)); break;
	case V_COUNT: strbuf_puts(out, fmt_count(s, (uint64_t)fmax(v->number, 0))); break;
	case V_BYTES: strbuf_puts(out, fmt_bytes(s, v->number)); break;
	case V_SECONDS: strbuf_puts(out, fmt_seconds(s, v->number)); break;
	case V_PLACE: show_place(ev, v->place, out); break;
	case V_FUNCTION: strbuf_puts(out, ev_str(ev, ev_get_place(ev, v->place).function)); break;
	case V_INSTANT: strbuf_puts(out, fmt_clock(s, v->at, ev->to)); break;
	case V_NUMBER: number(v->number, out); break;
	case V_PERCENT: strbuf_printf(out, "%.0f%%", v->number * 100); break;
	}
}

void show_say(const struct evidence *ev, struct say say, struct strbuf *out)
{
	for (const char *p = words[say.key]; *p;) {
		if (p[0] == '{' && p[1] >= '0' && p[1] <= '3' && p[2] == '}') {
			value(ev, &say.v[p[1] - '0'], out);
			p += 3;
		} else {
			strbuf_putc(out, *p++);
		}
	}
}
