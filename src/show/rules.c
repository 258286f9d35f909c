// The rules' own words: tables/rules.yaml.
#include "show/show.h"

static const struct rule_text texts[RULES] = {
#define RULE(id, name, kind, summary, looks_for, rules_out, sure, example) \
	[id] = {name, kind, summary, looks_for, rules_out, sure, example},
#include "rule_texts.inc"
#undef RULE
};

const struct rule_text *show_rule(enum rule_id rule) { return &texts[rule]; }
