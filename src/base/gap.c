#include "base/gap.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_GAPS = 256 };

void gap_add(struct gaps *g, enum gap_code code, const char *subject, const char *detail)
{
	subject = subject ? subject : "";
	for (size_t i = 0; i < g->len; i++)
		if (g->at[i].code == code && !strcmp(g->at[i].subject, subject))
			return;
	if (g->len == g->cap) {
		size_t cap = g->cap ? g->cap * 2 : 8;
		struct gap *at = cap <= MAX_GAPS ? realloc(g->at, cap * sizeof(*at)) : NULL;
		if (!at) {
			g->dropped++;
			return;
		}
		g->at = at;
		g->cap = cap;
	}
	struct gap gap = {code, strdup(subject), strdup(detail ? detail : "")};
	if (!gap.subject || !gap.detail) {
		free(gap.subject);
		free(gap.detail);
		g->dropped++;
		return;
	}
	g->at[g->len++] = gap;
}

void gap_add_err(struct gaps *g, enum gap_code code, const char *subject, struct err *err)
{
	if (err)
		gap_add(g, code, subject, err_message(err));
	err_free(err);
}

void gaps_join(struct gaps *to, const struct gaps *from)
{
	for (size_t i = 0; i < from->len; i++)
		gap_add(to, from->at[i].code, from->at[i].subject, from->at[i].detail);
	to->dropped += from->dropped;
}

bool gaps_has(const struct gaps *g, enum gap_code code)
{
	for (size_t i = 0; i < g->len; i++)
		if (g->at[i].code == code)
			return true;
	return false;
}

void gaps_fini(struct gaps *g)
{
	for (size_t i = 0; i < g->len; i++) {
		free(g->at[i].subject);
		free(g->at[i].detail);
	}
	free(g->at);
	*g = (struct gaps){0};
}
