// Memory that the Go heap does not explain: idle heap kept from the system, and growth outside of it.
#include "judge/rule.h"

#include <math.h>
#include <stdlib.h>

enum { MAX_POINTS = 512, MIN_IDLE = 64 << 20 };

struct err *rule_retained_idle(struct evidence *ev, struct verdict *v)
{
	const struct ev_account *a = &ev->account;
	if (!a->known || a->parts[EV_HEAP_IDLE] < MIN_IDLE || a->parts[EV_HEAP_IDLE] * 2 < a->rss)
		return NULL;
	struct finding *f = finding_add(v, RULE_RETAINED_IDLE, KIND_RETAINED_IDLE);
	if (!f)
		return NULL;
	f->bytes = a->parts[EV_HEAP_IDLE];
	f->title = SAY(TITLE_RETAINED_IDLE, V_bytes(f->bytes), V_bytes(a->rss));
	f->reason = SAY(REASON_RETAINED_IDLE);
	f->advice = SAY(ADVICE_RETAINED_IDLE);
	finding_class(f, CLASS_BOUNDED, 0.9);
	f->severity = 2;
	finding_says(f, FROM_KERNEL, SAY(IDLE_RESIDENT, V_bytes(f->bytes), V_bytes(a->parts[EV_HEAP_LIVE])));
	return NULL;
}

// Points with a resident size and a heap, thinned to MAX_POINTS. what(point) is the series.
static struct growth growth_of_points(const struct evidence *ev, double (*what)(const struct ev_point *), double min_change, double min_share)
{
	struct growth g = {.shape = GROWTH_UNKNOWN, .slope = NAN};
	instant_t *at = calloc(MAX_POINTS, sizeof(*at));
	double *y = calloc(MAX_POINTS, sizeof(*y));
	size_t n = 0, usable = 0, seen = 0;
	for (size_t i = 0; i < ev->points.len; i++)
		usable += ev->points.at[i].has_rss && ev->points.at[i].has_heap;
	size_t stride = usable / MAX_POINTS + 1;
	for (size_t i = 0; at && y && i < ev->points.len && n < MAX_POINTS; i++) {
		const struct ev_point *p = &ev->points.at[i];
		if (!p->has_rss || !p->has_heap || seen++ % stride)
			continue;
		at[n] = p->at;
		y[n++] = what(p);
	}
	if (at && y && n)
		g = growth_of(at, y, n, 0, fmax(min_change, min_share * y[0]));
	free(at);
	free(y);
	return g;
}

static double outside_heap(const struct ev_point *p)
{
	double heap = (double)p->heap_sys - (double)p->heap_released + (double)p->stack_inuse;
	return fmax((double)p->rss - heap, 0);
}

static double resident(const struct ev_point *p) { return (double)p->rss; }

struct err *rule_offheap_growth(struct evidence *ev, struct verdict *v)
{
	struct growth g = growth_of_points(ev, outside_heap, 8 << 20, 0.1);
	struct growth all = growth_of_points(ev, resident, 8 << 20, 0.05);
	verdict_note(v, RULE_OFFHEAP_GROWTH, V_text(0), SAY(NOTE_LEVEL, V_number(g.first), V_number(g.last)));
	if (g.shape != GROWTH_STEADY || all.shape != GROWTH_STEADY)
		return NULL;
	struct finding *f = finding_add(v, RULE_OFFHEAP_GROWTH, KIND_OFFHEAP_GROWTH);
	if (!f)
		return NULL;
	f->bytes = (uint64_t)g.last;
	f->title = SAY(TITLE_OFFHEAP, V_bytes(g.last - g.first), V_bytes(g.slope));
	f->rate_bytes = g.slope;
	f->rate_bytes_range[0] = fmax(g.low, 0);
	f->rate_bytes_range[1] = g.high;
	f->onset = g.onset;
	f->onset_uncertainty_seconds = g.onset_uncertainty_seconds;
	f->weight = g.slope;
	f->reason = SAY(REASON_OFFHEAP);
	f->decide_by = SAY(DECIDE_OFFHEAP);
	f->advice = SAY(ADVICE_OFFHEAP);
	finding_class(f, CLASS_UNDECIDED, 0.5);
	finding_says(f, FROM_KERNEL, SAY(OFFHEAP_GREW, V_bytes(g.first), V_bytes(g.last)));
	finding_severity(ev, f);
	return NULL;
}
