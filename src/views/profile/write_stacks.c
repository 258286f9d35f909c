// Stacks for flame graphs of other programs: folded lines ("main.main;main.f 42") and speedscope's JSON.
#include "views/profile/graph.h"

#include <stdlib.h>
#include <string.h>

// ---- folded -------------------------------------------------------------------------------------------------------

static void put_name(struct strbuf *b, const char *s)
{
	for (; *s; s++) // ';' and line ends would break the form
		strbuf_putc(b, *s == ';' ? ':' : (unsigned char)*s < ' ' ? '?' : *s);
}

static const char *line_name(const struct pprof *p, const struct pprof_line *line) { return pprof_str(p, p->functions.at[line->function].name); }

// Root first.
static void folded_stack(const struct pprof *p, size_t sample, struct strbuf *b)
{
	b->len = 0;
	for (uint32_t f = p->depth.at[sample]; f-- > 0; ) {
		const struct pprof_location *l = &p->locations.at[p->frames.at[p->stack.at[sample] + f]];
		for (uint32_t j = l->lines; j-- > 0; ) {
			if (b->len)
				strbuf_putc(b, ';');
			put_name(b, line_name(p, &p->lines.at[l->line_start + j]));
		}
		if (!l->lines)
			strbuf_printf(b, "%s0x%llx", b->len ? ";" : "", (unsigned long long)l->address);
	}
}

struct err *profile_write_folded(const struct pprof *p, size_t type, struct strbuf *out)
{
	cleanup(interner_freep) struct interner *ids = interner_new();
	cleanup(strbuf_finip) struct strbuf stack = {0};
	VEC(int64_t) sums = {0};
	struct err *err = ids ? NULL : &err_nomem;
	for (size_t i = 0; !err && i < p->samples; i++) {
		folded_stack(p, i, &stack);
		if (!stack.len || !pprof_value(p, i, type))
			continue;
		uint32_t id = interner_id(ids, stack.s, stack.len);
		if (id == INTERN_NOMEM || stack.failed)
			err = &err_nomem;
		else if (id == sums.len)
			err = vec_push(&sums, PPROF_SAMPLES_MAX, "stacks", pprof_value(p, i, type));
		else
			sum_i64(&sums.at[id], pprof_value(p, i, type));
	}
	for (uint32_t i = 0; !err && i < sums.len; i++)
		strbuf_printf(out, "%s %lld\n", interner_str(ids, i, NULL), (long long)sums.at[i]);
	vec_fini(&sums);
	return err ? err : strbuf_check(out);
}

// ---- speedscope ---------------------------------------------------------------------------------------------------

// The length of the UTF-8 sequence at s, 0 if it is none.
static size_t utf8_at(const char *s)
{
	unsigned char c = (unsigned char)*s;
	size_t n = c < 0x80 ? 1 : c >= 0xc2 && c < 0xe0 ? 2 : c >= 0xe0 && c < 0xf0 ? 3 : c >= 0xf0 && c < 0xf5 ? 4 : 0;
	for (size_t i = 1; i < n; i++)
		if (((unsigned char)s[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

static void put_json(struct strbuf *b, const char *s)
{
	strbuf_putc(b, '"');
	while (*s) {
		size_t n = utf8_at(s);
		if (!n)
			strbuf_puts(b, "\\ufffd");
		else if (*s == '"' || *s == '\\')
			strbuf_printf(b, "\\%c", *s);
		else if ((unsigned char)*s < ' ')
			strbuf_printf(b, "\\u%04x", (unsigned)*s);
		else
			strbuf_put(b, s, n);
		s += n ? n : 1;
	}
	strbuf_putc(b, '"');
}

static const char *speedscope_unit(const char *unit)
{
	static const char *const known[] = {"nanoseconds", "microseconds", "milliseconds", "seconds", "bytes"};
	for (size_t i = 0; i < countof(known); i++)
		if (!strcmp(unit, known[i]))
			return known[i];
	return "none";
}

static void put_frames(const struct pprof *p, struct strbuf *out)
{
	strbuf_puts(out, "{\"$schema\":\"https://www.speedscope.app/file-format-schema.json\",\"shared\":{\"frames\":[");
	for (size_t i = 0; i < p->lines.len; i++) {
		strbuf_puts(out, i ? ",\n{\"name\":" : "\n{\"name\":");
		put_json(out, line_name(p, &p->lines.at[i]));
		strbuf_puts(out, ",\"file\":");
		put_json(out, pprof_str(p, p->functions.at[p->lines.at[i].function].file));
		if (p->lines.at[i].line > 0)
			strbuf_printf(out, ",\"line\":%lld", (long long)p->lines.at[i].line);
		strbuf_putc(out, '}');
	}
	// Places without symbols come behind them.
	for (size_t i = 0; i < p->locations.len; i++)
		strbuf_printf(out, "%s{\"name\":\"0x%llx\"}", p->lines.len || i ? ",\n" : "\n", (unsigned long long)p->locations.at[i].address);
	strbuf_puts(out, "\n]},");
}

static void put_stack(const struct pprof *p, size_t sample, struct strbuf *out)
{
	const char *comma = "";
	strbuf_putc(out, '[');
	for (uint32_t f = p->depth.at[sample]; f-- > 0; ) {
		uint32_t id = p->frames.at[p->stack.at[sample] + f];
		const struct pprof_location *l = &p->locations.at[id];
		for (uint32_t j = l->lines; j-- > 0; comma = ",")
			strbuf_printf(out, "%s%u", comma, l->line_start + j);
		if (!l->lines) {
			strbuf_printf(out, "%s%zu", comma, p->lines.len + id);
			comma = ",";
		}
	}
	strbuf_putc(out, ']');
}

// Samples whose value is negative (of a difference) have no place in a flame graph; they are left out.
struct err *profile_write_speedscope(const struct pprof *p, size_t type, struct strbuf *out)
{
	int64_t total = 0;
	const char *comma = "";
	put_frames(p, out);
	for (size_t i = 0; i < p->samples; i++)
		if (p->depth.at[i] && pprof_value(p, i, type) > 0)
			sum_i64(&total, pprof_value(p, i, type));
	strbuf_puts(out, "\"profiles\":[{\"type\":\"sampled\",\"name\":");
	put_json(out, pprof_str(p, p->types.at[type].type));
	strbuf_printf(out, ",\"unit\":\"%s\",\"startValue\":0,\"endValue\":%lld,\"samples\":[", speedscope_unit(pprof_str(p, p->types.at[type].unit)), (long long)total);
	for (size_t i = 0; i < p->samples && !out->failed; i++) {
		if (!p->depth.at[i] || pprof_value(p, i, type) <= 0)
			continue;
		strbuf_puts(out, comma);
		put_stack(p, i, out);
		comma = ",";
	}
	comma = "";
	strbuf_puts(out, "],\"weights\":[");
	for (size_t i = 0; i < p->samples && !out->failed; i++) {
		if (!p->depth.at[i] || pprof_value(p, i, type) <= 0)
			continue;
		strbuf_printf(out, "%s%lld", comma, (long long)pprof_value(p, i, type));
		comma = ",";
	}
	strbuf_puts(out, "]}],\"exporter\":\"whyheap\"}\n");
	return strbuf_check(out);
}
