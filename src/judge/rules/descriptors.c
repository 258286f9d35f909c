// Descriptors of one kind and state that grow. A connection whose peer has closed (CLOSE_WAIT) waits for this program
// alone; one with unread bytes that nobody reads is a response nobody closed. Others may be load.
#include "judge/rule.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct growth growth_of_resource(const struct ev_resource *r)
{
	struct growth g = {.shape = GROWTH_UNKNOWN, .slope = NAN};
	size_t n = r->points.len;
	instant_t *at = calloc(n + 1, sizeof(*at));
	double *y = calloc(n + 1, sizeof(*y));
	for (size_t i = 0; at && y && i < n; i++) {
		at[i] = r->points.at[i].at;
		y[i] = (double)r->points.at[i].count;
	}
	if (at && y && n)
		g = growth_of(at, y, n, 0, fmax(5, 0.05 * y[0]));
	free(at);
	free(y);
	return g;
}

struct err *rule_descriptors(struct evidence *ev, struct verdict *v)
{
	for (size_t i = 0; i < ev->resources.len; i++) {
		const struct ev_resource *r = &ev->resources.at[i];
		struct growth g = growth_of_resource(r);
		verdict_note(v, RULE_DESCRIPTORS, V_text(r->kind), SAY(NOTE_LEVEL, V_number(g.first), V_number(g.last)));
		if (g.shape != GROWTH_STEADY)
			continue;
		struct finding *f = finding_add(v, RULE_DESCRIPTORS, KIND_RESOURCE_LEAK);
		if (!f)
			break;
		uint64_t count = r->points.at[r->points.len - 1].count;
		bool abandoned = !strcmp(ev_str(ev, r->state), "CLOSE_WAIT"), unread = r->unread_stale >= 5 && r->unread_stale * 5 > count * 2; // both ends may be ours
		f->resource = r;
		f->count = count;
		f->rate_objects = f->weight = g.slope;
		f->onset = g.onset;
		f->onset_uncertainty_seconds = g.onset_uncertainty_seconds;
		f->title = SAY(TITLE_DESCRIPTORS, V_count(count), V_text(r->kind), V_text(r->state), V_number(g.slope));
		finding_says(f, FROM_FILES, SAY(RESOURCE_GREW, V_number(g.first), V_number(g.last)));
		if (abandoned || unread) {
			finding_class(f, CLASS_LIKELY, 0.8);
			f->reason = abandoned ? SAY(PEER_CLOSED) : SAY(UNREAD_BYTES, V_count(r->unread_stale));
			finding_says(f, FROM_SOCKETS, f->reason);
		} else {
			finding_class(f, CLASS_UNDECIDED, 0.5);
			f->decide_by = SAY(DECIDE_DESCRIPTORS);
			f->reason = SAY(REASON_DESCRIPTORS);
		}
		f->advice = SAY(ADVICE_DESCRIPTORS);
		finding_severity(ev, f);
	}
	return NULL;
}
