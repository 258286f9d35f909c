// Gaps -> sentences. The words are tables/gaps.yaml.
#include "show/show.h"

#include <stdlib.h>
#include <string.h>

static const struct { const char *what, *because, *remedy; } words[] = {
#define GAP(code, what, because, remedy) [code] = {what, because, remedy},
#include "gap_words.inc"
#undef GAP
};

static char *fill(const char *template, const struct gap *gap)
{
	cleanup(strbuf_finip) struct strbuf b = {0};
	for (const char *p = template; *p;) {
		if (!strncmp(p, "{subject}", 9)) {
			strbuf_puts(&b, gap->subject);
			p += 9;
		} else if (!strncmp(p, "{detail}", 8)) {
			strbuf_puts(&b, gap->detail);
			p += 8;
		} else {
			strbuf_putc(&b, *p++);
		}
	}
	return b.failed ? NULL : strdup(strbuf_str(&b));
}

struct err *show_gap(const struct gap *gap, struct gap_text *ret)
{
	struct gap_text t = {fill(words[gap->code].what, gap), fill(words[gap->code].because, gap), NULL};
	if (words[gap->code].remedy)
		t.remedy = fill(words[gap->code].remedy, gap);
	if (!t.what || !t.because || (words[gap->code].remedy && !t.remedy)) {
		gap_text_fini(&t);
		return &err_nomem;
	}
	*ret = t;
	return NULL;
}

void gap_text_fini(struct gap_text *t)
{
	free(t->what);
	free(t->because);
	free(t->remedy);
	*t = (struct gap_text){0};
}

struct err *show_gaps_text(const struct gaps *gaps, struct strbuf *out)
{
	for (size_t i = 0; i < gaps->len; i++) {
		struct gap_text t = {0};
		struct err *err = show_gap(&gaps->at[i], &t);
		if (err)
			return err;
		strbuf_printf(out, "  %s: %s%s%s\n", t.what, t.because, t.remedy ? "; " : "", t.remedy ? t.remedy : "");
		gap_text_fini(&t);
	}
	return strbuf_check(out);
}

struct err *show_gaps_json(const struct gaps *gaps, struct strbuf *out)
{
	cleanup(table_freep) struct table *t = table_new(NULL);
	struct err *err = t ? NULL : &err_nomem;
	static const char *const keys[] = {"what", "because", "remedy"};
	for (size_t i = 0; !err && i < countof(keys); i++)
		table_column(t, CELL_TEXT, keys[i], NULL);
	for (size_t i = 0; !err && i < gaps->len; i++) {
		struct gap_text text = {0};
		if ((err = show_gap(&gaps->at[i], &text)))
			break;
		table_row(t);
		table_text(t, text.what);
		table_text(t, text.because);
		if (text.remedy)
			table_text(t, text.remedy);
		gap_text_fini(&text);
	}
	return err ? err : show_table_json(t, out);
}
