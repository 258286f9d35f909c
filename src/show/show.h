// show: verdicts and tables -> words. One file per form (text, json, csv, ...).
//   reads   struct verdict, struct table
//   gives   text in a strbuf
//   knows   every word of a verdict: tables/rules.yaml, tables/gaps.yaml
//   costs   linear
//   not     decisions, input, files
#pragma once
#include "base/fmt.h"
#include "base/gap.h"
#include "base/strbuf.h"
#include "base/vec.h"
#include "judge/judge.h"

// ---- tables: what a view makes, what every form can print ----------------------------------------------------------

enum cell_kind { CELL_TEXT, CELL_COUNT, CELL_BYTES, CELL_SECONDS, CELL_PERCENT, CELL_NUMBER, CELL_INSTANT, CELL_FLAG, CELL_BAR };

struct table;

struct table *table_new(const char *title); // NULL: out of memory; title copied, may be NULL
void table_free(struct table *t);
static inline void table_freep(struct table **t) { table_free(*t); }

// key: name in JSON and CSV; heading: for people, NULL keeps the column out of text.
void table_column(struct table *t, enum cell_kind kind, const char *key, const char *heading);
// Cells are put in column order; a short row is filled with empty cells.
void table_row(struct table *t);
void table_text(struct table *t, const char *s);                           // copied
void table_textf(struct table *t, const char *fmt, ...) format_printf(2, 3);
void table_number(struct table *t, double x);                              // for every numeric kind, CELL_BAR 0..1
void table_count(struct table *t, uint64_t n);                             // exact above 2^53
void table_empty(struct table *t);                                         // not known: "-" in text, left out in JSON
void table_note(struct table *t, const char *fmt, ...) format_printf(2, 3); // a line below, in text only
size_t table_rows(const struct table *t);
must_use struct err *table_check(const struct table *t); // out of memory while building

struct show_style {
	bool color;
	unsigned width; // columns of the terminal; 0 = no limit
};

must_use struct err *show_table_text(const struct table *t, struct show_style style, struct strbuf *out);
must_use struct err *show_table_json(const struct table *t, struct strbuf *out); // array of objects
must_use struct err *show_table_csv(const struct table *t, struct strbuf *out);

// ---- gaps ---------------------------------------------------------------------------------------------------------

struct gap_text { char *what, *because, *remedy; }; // owned; remedy NULL if none
must_use struct err *show_gap(const struct gap *gap, struct gap_text *ret);
void gap_text_fini(struct gap_text *t);
must_use struct err *show_gaps_text(const struct gaps *gaps, struct strbuf *out); // lines for people
must_use struct err *show_gaps_json(const struct gaps *gaps, struct strbuf *out); // array of what, because, remedy

// ---- verdicts -----------------------------------------------------------------------------------------------------

// A sentence, filled. "" for SAY_NOTHING.
void show_say(const struct evidence *ev, struct say say, struct strbuf *out);
// A place as people read it: main.(*Pool).Get, pool.go:41. "" for 0.
void show_place(const struct evidence *ev, place_id place, struct strbuf *out);

must_use struct err *show_verdict_text(const struct verdict *v, struct show_style style, struct strbuf *out);
// Exactly docs/contract/verdict.schema.json.
must_use struct err *show_verdict_json(const struct verdict *v, struct strbuf *out);
// Why each rule fired or did not.
must_use struct err *show_verdict_notes(const struct verdict *v, struct table **ret);

// ---- rules --------------------------------------------------------------------------------------------------------

struct rule_text { const char *name, *kind, *summary, *looks_for, *rules_out, *sure, *example; };
const struct rule_text *show_rule(enum rule_id rule);
