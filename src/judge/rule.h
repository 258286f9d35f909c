// What rules share. A rule looks at the evidence and adds findings or cleared entries to the verdict.
#pragma once
#include "judge/growth.h"
#include "judge/judge.h"

typedef struct err *rule_fn(struct evidence *ev, struct verdict *v);

#define RULE(id, function) rule_fn function;
#include "rule_ids.inc"
#undef RULE

// A new finding with everything unknown. NULL: too many (the rest are smaller; the caller goes on).
struct finding *finding_add(struct verdict *v, enum rule_id rule, enum finding_kind kind);
void finding_says(struct finding *f, enum evidence_from from, struct say say);
void verdict_clear(struct verdict *v, struct say what, struct say because);
// Why a rule fired or did not, for `debug rules`.
void verdict_note(struct verdict *v, enum rule_id rule, struct say_value subject, struct say why);

// Severity from the time to exhaustion at `rate` bytes a second; also fills the finding's exhaustion. 4 where nothing
// will be exhausted in sight. Undecided and bounded are capped by the engine.
void finding_severity(const struct evidence *ev, struct finding *f);
// Class, with the proof and the confidence that go with it.
void finding_class(struct finding *f, enum finding_class class, double confidence);

// One cause, one finding: marks symptoms as folded and adds their bytes to the cause (fold.c).
must_use struct err *fold_symptoms(struct evidence *ev, struct verdict *v);
