// judge: evidence -> verdict. A table of rules; each rule looks at facts on the keys and says what it found, or why not.
//   reads   struct evidence, never a reader
//   gives   struct verdict: findings worst first, what was cleared; words are keys into tables/rules.yaml with numbers,
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

// A sentence to be phrased by show: a key of tables/rules.yaml's `says` and up to four values put in for {0}..{3}.
enum say_kind { SAY_NONE, SAY_TEXT, SAY_COUNT, SAY_BYTES, SAY_RATE, SAY_SECONDS, SAY_PLACE, SAY_INSTANT, SAY_NUMBER };
struct say_value {
	enum say_kind kind;
	double number;   // count, bytes, bytes a second, seconds, instants (ns)
	str_id text;
	place_id place;
};
struct say {
	const char *key; // static; NULL = nothing
	struct say_value v[4];
};

struct finding {
	const char *rule; // static, its row in tables/rules.yaml
	enum finding_kind kind;
	enum finding_class class;
	enum finding_proof proof;
	double severity, confidence;
	struct say title, decide_by, advice, reason, because_level;
	// who
	str_id type;
	uint64_t count, bytes; // 0 = not known
	place_id site;
	stack_id stack;
	const struct ev_group *group; // borrowed from the evidence; NULL if none
	const struct ev_resource *resource;
	const struct ev_why *why;
	str_id holder_root; // 0 = not known
	const char *holder_root_kind;
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
	VEC(struct { enum evidence_from from; struct say say; }) evidence;
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
	VEC(struct { const char *rule; str_id subject; struct say why; }) log;
};

must_use struct err *judge_evidence(struct evidence *ev, struct verdict **ret);
void verdict_free(struct verdict *v);
static inline void verdict_freep(struct verdict **v) { verdict_free(*v); }
// Highest severity; 0 if nothing was found.
double verdict_severity(const struct verdict *v);
