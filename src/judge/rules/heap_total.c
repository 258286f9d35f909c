// The heap's floor as a whole: what stays after each collection. Speaks only where the allocation sites cannot
// (profiling switched off, buckets not readable), and clears the process where the floor is level.
#include "judge/rule.h"

#include <math.h>
#include <stdlib.h>

static struct growth floor_growth(const struct evidence *ev)
{
	struct growth g = {.shape = GROWTH_UNKNOWN, .slope = NAN};
	size_t n = 0;
	instant_t *at = calloc(ev->gcs.len + 1, sizeof(*at));
	double *y = calloc(ev->gcs.len + 1, sizeof(*y));
	for (size_t i = 0; at && y && i < ev->gcs.len; i++) {
		if (!ev->gcs.at[i].live)
			continue;
		at[n] = ev->gcs.at[i].end;
		y[n++] = (double)ev->gcs.at[i].live;
	}
	if (at && y && n)
		g = growth_of(at, y, n, 0, fmax(1 << 20, 0.1 * y[0]));
	free(at);
	free(y);
	return g;
}

struct err *rule_heap_total(struct evidence *ev, struct verdict *v)
{
	struct growth g = floor_growth(ev);
	verdict_note(v, RULE_HEAP_TOTAL, V_text(0), SAY(NOTE_LEVEL, V_number(g.first), V_number(g.last)));
	if (g.shape == GROWTH_NONE && g.points >= 4)
		verdict_clear(v, SAY(WHAT_HEAP), SAY(FLOOR_LEVEL, V_bytes(g.first), V_bytes(g.last), V_count(g.points)));
	if (g.shape == GROWTH_LEVELLING)
		verdict_clear(v, SAY(WHAT_HEAP), SAY(STOPPED_GROWING_BYTES, V_bytes(g.first), V_bytes(g.last)));
	if (g.shape != GROWTH_STEADY || ev->sites.len)
		return NULL;
	struct finding *f = finding_add(v, RULE_HEAP_TOTAL, KIND_HEAP_GROWTH);
	if (!f)
		return NULL;
	f->bytes = (uint64_t)g.last;
	f->title = SAY(TITLE_HEAP_TOTAL, V_bytes(g.last), V_bytes(g.slope));
	f->rate_bytes = f->weight = g.slope;
	f->rate_bytes_range[0] = fmax(g.low, 0);
	f->rate_bytes_range[1] = g.high;
	f->onset = g.onset;
	f->onset_uncertainty_seconds = g.onset_uncertainty_seconds;
	f->decide_by = SAY(DECIDE_HEAP);
	f->reason = SAY(REASON_HEAP_UNDECIDED);
	finding_class(f, CLASS_UNDECIDED, 0.4);
	finding_says(f, FROM_MEMSTATS, SAY(FLOOR_GREW, V_bytes(g.first), V_bytes(g.last), V_count(g.points)));
	finding_severity(ev, f);
	return NULL;
}
