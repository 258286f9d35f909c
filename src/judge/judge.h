// judge: evidence -> verdict. A table of rules; each rule looks at facts on the keys and says what it found, or why not.
//   reads   struct evidence, never a reader
//   gives   struct verdict: findings worst first, what was cleared; words are keys into tables/words.yaml with numbers,
//           phrased by show/
//   knows   the decision table: series say when and how fast, the program says leak or not; `proven` only where no
//           execution can use it again
//   costs   linear in facts
//   not     phrases, input, output
#pragma once
#include "facts/evidence/evidence.h"

enum finding_kind { // as the contract spells them
	KIND_HEAP_GROWTH, KIND_GOROUTINE_LEAK, KIND_RESOURCE_LEAK, KIND_CACHE_GROWTH, KIND_TIMER_LEAK, KIND_TRANSIENT_PEAK,
	KIND_OFFHEAP_GROWTH, KIND_RETAINED_IDLE, KIND_GC_PRESSURE, KIND_MISUSE, KINDS,
};
extern const char *const finding_kind_names[KINDS];

enum finding_class { CLASS_PROVEN, CLASS_LIKELY, CLASS_UNDECIDED, CLASS_BOUNDED, CLASSES };
extern const char *const finding_class_names[CLASSES];
enum finding_proof { PROOF_PROVEN, PROOF_MEASURED, PROOF_INFERRED, PROOFS };
extern const char *const finding_proof_names[PROOFS];

enum evidence_from { // as the contract spells them
	FROM_HEAP_PROFILE, FROM_GOROUTINES, FROM_TRACE, FROM_OBJECT_GRAPH, FROM_COMPILER, FROM_DISASSEMBLY, FROM_MEMSTATS,
	FROM_SOCKETS, FROM_FILES, FROM_SOURCE, FROM_KERNEL, FROM_HISTORY, FROM_MACHINE_CODE, FROM_WAKE_UPS, FROM_COUNTS, FROMS,
};
extern const char *const evidence_from_names[FROMS];

// A sentence to be phrased by show: a row of tables/words.yaml and up to four values put in for {0}..{3}.
enum say_key {
	SAY_NOTHING,
#define WORD(key) key,
#include "word_keys.inc"
#undef WORD
	SAY_KEYS,
};
enum say_kind { V_NONE, V_TEXT, V_COUNT, V_BYTES, V_SECONDS, V_PLACE, V_FUNCTION, V_INSTANT, V_NUMBER, V_PERCENT };
struct say_value {
	enum say_kind kind;
	double number; // count, bytes, seconds, number, share of 1
	instant_t at;
	str_id text;
	place_id place;
};
struct say {
	enum say_key key;
	struct say_value v[4];
};
#define SAY(k, ...) ((struct say){.key = SAY_##k, .v = {__VA_ARGS__}})
#define V_text(s) ((struct say_value){.kind = V_TEXT, .text = (s)})
#define V_count(x) ((struct say_value){.kind = V_COUNT, .number = (double)(x)})
#define V_bytes(x) ((struct say_value){.kind = V_BYTES, .number = (double)(x)})
#define V_seconds(x) ((struct say_value){.kind = V_SECONDS, .number = (x)})
#define V_number(x) ((struct say_value){.kind = V_NUMBER, .number = (x)})
#define V_percent(x) ((struct say_value){.kind = V_PERCENT, .number = (x)})
#define V_place(p) ((struct say_value){.kind = V_PLACE, .place = (p)})
#define V_function(p) ((struct say_value){.kind = V_FUNCTION, .place = (p)})
#define V_instant(t) ((struct say_value){.kind = V_INSTANT, .at = (t)})

enum rule_id { // rows of tables/rules.yaml
#define RULE(id, function) id,
#include "rule_ids.inc"
#undef RULE
	RULES,
};

struct finding_evidence { enum evidence_from from; struct say say; };
struct rule_note { enum rule_id rule; struct say_value subject; struct say why; };

struct finding {
	enum rule_id rule;
	enum finding_kind kind;
	enum finding_class class;
	enum finding_proof proof;
	double severity, confidence;
	struct say title, decide_by, advice, reason, levels_off_because;
	// who
	str_id type;
	uint64_t count, bytes; // 0 = not known
	place_id site;
	stack_id stack;
	const struct ev_group *group; // borrowed from the evidence; NULL if none
	const struct ev_resource *resource;
	const struct ev_why *why;
	str_id holder_root; // 0 = not known
	const char *holder_root_kind; // as the contract spells them; NULL if not known
	// when
	instant_t onset;
	double onset_uncertainty_seconds;
	double rate_bytes, rate_objects;      // per second; NaN = not known
	double rate_bytes_range[2];           // 95 %; NaN = not known
	instant_t exhaustion, exhaustion_range[2]; // 0 = not known or never
	instant_t levels_off_at;              // for bounded and for groups with known wake-ups
	uint64_t levels_off_bytes, levels_off_count;
	struct say trigger;
	place_id fix_place;
	VEC(struct finding_evidence) evidence;
	double samples; // behind a sampled figure; 0 = exact or not known
	double weight; // for ordering equal severities: bytes a second, stacks and heap together
	bool folded;   // a symptom of another finding
};

struct cleared { struct say what, because; };

struct verdict {
	const struct evidence *evidence; // borrowed
	VEC(struct finding) findings; // worst first, without the folded ones
	VEC(struct cleared) cleared;
	struct say summary;
	// Why each rule fired or did not, for `debug rules`.
	VEC(struct rule_note) log;
};

must_use struct err *judge_evidence(struct evidence *ev, struct verdict **ret);
void verdict_free(struct verdict *v);
static inline void verdict_freep(struct verdict **v) { verdict_free(*v); }
// Highest severity; 0 if nothing was found.
double verdict_severity(const struct verdict *v);
