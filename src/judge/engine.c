// Runs the rules, folds symptoms under causes, orders, and writes the summary.
#include "judge/rule.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_FINDINGS = 256, MAX_CLEARED = 64, MAX_SAYS = 32, MAX_NOTES = 4096 };

const char *const finding_kind_names[KINDS] = {
	"heap_growth", "goroutine_leak", "resource_leak", "cache_growth", "timer_leak", "transient_peak",
	"offheap_growth", "retained_idle", "gc_pressure", "misuse",
};
const char *const finding_class_names[CLASSES] = {"proven", "likely", "undecided", "bounded"};
const char *const finding_proof_names[PROOFS] = {"proven", "measured", "inferred"};
const char *const evidence_from_names[FROMS] = {
	"heap_profile", "goroutines", "trace", "object_graph", "compiler", "disassembly", "memstats", "sockets", "files",
	"source", "kernel", "history", "machine_code", "wake_ups", "counts",
};

static rule_fn *const rules[RULES] = {
#define RULE(id, function) [id] = function,
#include "rule_ids.inc"
#undef RULE
};

struct finding *finding_add(struct verdict *v, enum rule_id rule, enum finding_kind kind)
{
	struct err *err = vec_push(&v->findings, MAX_FINDINGS, "findings",
				   (struct finding){.rule = rule, .kind = kind, .class = CLASS_UNDECIDED, .proof = PROOF_MEASURED,
						    .rate_bytes = NAN, .rate_objects = NAN, .rate_bytes_range = {NAN, NAN}});
	if (err) {
		err_free(err);
		return NULL;
	}
	return &v->findings.at[v->findings.len - 1];
}

void finding_says(struct finding *f, enum evidence_from from, struct say say)
{
	err_free(vec_push(&f->evidence, MAX_SAYS, "pieces of evidence", (struct finding_evidence){from, say}));
}

void verdict_clear(struct verdict *v, struct say what, struct say because)
{
	err_free(vec_push(&v->cleared, MAX_CLEARED, "cleared entries", (struct cleared){what, because}));
}

void verdict_note(struct verdict *v, enum rule_id rule, struct say_value subject, struct say why)
{
	err_free(vec_push(&v->log, MAX_NOTES, "rule notes", (struct rule_note){rule, subject, why}));
}

void finding_class(struct finding *f, enum finding_class class, double confidence)
{
	f->class = class;
	f->confidence = confidence;
	f->proof = class == CLASS_PROVEN ? PROOF_PROVEN : confidence < 0.7 && class == CLASS_LIKELY ? PROOF_INFERRED : PROOF_MEASURED;
}

void finding_severity(const struct evidence *ev, struct finding *f)
{
	static const struct { double seconds, severity; } steps[] = {
		{3600, 10}, {6 * 3600, 9}, {86400, 8}, {3 * 86400, 7}, {14 * 86400, 6}, {60 * 86400, 5},
	};
	f->severity = 4;
	double rate = f->rate_bytes, left = (double)ev->limit.available;
	if (!(rate > 0) || !ev->limit.bytes)
		return;
	double seconds = left / rate;
	for (size_t i = countof(steps); i-- > 0;)
		if (seconds < steps[i].seconds)
			f->severity = steps[i].severity;
	const double ten_years = 10 * 365.25 * 86400;
	if (seconds > ten_years)
		return;
	f->exhaustion = ev->to + (instant_t)(seconds * 1e9);
	double fast = f->rate_bytes_range[1], slow = f->rate_bytes_range[0];
	if (fast > 0)
		f->exhaustion_range[0] = ev->to + (instant_t)(fmin(left / fast, ten_years) * 1e9);
	if (slow > 0)
		f->exhaustion_range[1] = ev->to + (instant_t)(fmin(left / slow, ten_years) * 1e9);
	if (!(fast > 0) || !(slow > 0))
		f->exhaustion_range[0] = f->exhaustion_range[1] = 0;
}

static void cap_severity(struct finding *f)
{
	double cap = f->class == CLASS_UNDECIDED ? 3.9 : f->class == CLASS_BOUNDED ? 3 : 10;
	f->severity = fmin(f->severity, cap);
}

// Worst first; among equals the surer class, then what grows faster.
static int by_weight(const void *a, const void *b)
{
	const struct finding *x = a, *y = b;
	if (x->severity != y->severity)
		return x->severity < y->severity ? 1 : -1;
	if (x->class != y->class)
		return x->class > y->class ? 1 : -1;
	return x->weight < y->weight ? 1 : x->weight > y->weight ? -1 : 0;
}

static void drop_folded(struct verdict *v)
{
	size_t n = 0;
	for (size_t i = 0; i < v->findings.len; i++) {
		if (v->findings.at[i].folded)
			vec_fini(&v->findings.at[i].evidence);
		else
			v->findings.at[n++] = v->findings.at[i];
	}
	v->findings.len = n;
}

static struct say summary(const struct evidence *ev, const struct verdict *v)
{
	double window = (double)(ev->to - ev->from) / 1e9;
	size_t accused = 0;
	for (size_t i = 0; i < v->findings.len; i++)
		accused += v->findings.at[i].severity >= 4;
	if (!v->findings.len)
		return window > 0 && ev->target.kind != EV_FILES ? SAY(SUMMARY_CLEAN, V_seconds(window), V_count(ev->gc_cycles)) : SAY(SUMMARY_CLEAN_FILES);
	const struct finding *f = &v->findings.at[0];
	struct say_value where = V_function(f->site);
	if (!accused && f->rule == RULE_FEW_PROFILES && ev->looks.len <= 1)
		return SAY(SUMMARY_ONE_PROFILE, where);
	if (!accused && !f->site)
		return SAY(SUMMARY_UNDECIDED_PLACE, V_count(v->findings.len));
	if (!accused)
		return f->class == CLASS_BOUNDED ? SAY(SUMMARY_BOUNDED, where) : SAY(SUMMARY_UNDECIDED, where, V_count(v->findings.len));
	double left = f->exhaustion ? (double)(f->exhaustion - ev->to) / 1e9 : 0;
	if (f->group)
		return left > 0 ? SAY(SUMMARY_GOROUTINES_UNTIL, where, V_number(f->rate_objects), V_count(f->count), V_seconds(left))
				: SAY(SUMMARY_GOROUTINES, where, V_number(f->rate_objects), V_count(f->count));
	return left > 0 ? SAY(SUMMARY_MEMORY_UNTIL, where, V_bytes(f->rate_bytes), V_seconds(left))
			: SAY(SUMMARY_MEMORY, where, V_bytes(f->rate_bytes));
}

struct err *judge_evidence(struct evidence *ev, struct verdict **ret)
{
	cleanup(verdict_freep) struct verdict *v = calloc(1, sizeof(*v));
	if (!v)
		return &err_nomem;
	v->evidence = ev;
	for (enum rule_id r = 0; r < RULES; r++) {
		struct err *err = rules[r](ev, v);
		if (err)
			return err;
	}
	struct err *err = fold_symptoms(ev, v);
	if (err)
		return err;
	for (size_t i = 0; i < v->findings.len; i++)
		cap_severity(&v->findings.at[i]);
	drop_folded(v);
	if (v->findings.len)
		qsort(v->findings.at, v->findings.len, sizeof(*v->findings.at), by_weight);
	for (size_t i = 0; i < v->findings.len; i++)
		v->findings.at[i].why = ev_why_find(ev, v->findings.at[i].site);
	v->summary = summary(ev, v);
	*ret = take(v);
	return NULL;
}

void verdict_free(struct verdict *v)
{
	if (!v)
		return;
	for (size_t i = 0; i < v->findings.len; i++)
		vec_fini(&v->findings.at[i].evidence);
	vec_fini(&v->findings);
	vec_fini(&v->cleared);
	vec_fini(&v->log);
	free(v);
}

double verdict_severity(const struct verdict *v) { return v->findings.len ? v->findings.at[0].severity : 0; }
