// Error bars: how many of the runtime's samples stand behind a figure, and the interval that follows.
#pragma once
#include "views/profile/graph.h"

struct error_bars;
// NULL where they do not apply: not a sampled heap profile.
must_use struct err *error_bars(struct report *r, struct error_bars **ret);
void error_bars_free(struct error_bars *b);
void error_bars_print(const struct report *r, const struct error_bars *b, uint32_t node, struct strbuf *out);
void error_bars_explain(const struct report *r, const struct error_bars *b, struct strbuf *out);
