// An allocation site whose live bytes grow from collection to collection. The series says when and how fast; whether it
// is a leak the program has to say: without evidence from graph or code the class is `undecided`.
#include "judge/rule.h"
#include "judge/stats.h"

#include <math.h>
#include <stdlib.h>

enum { MAX_LOOKS = 512, MAX_FINDINGS = 5 };

// All allocation stacks with the same first frame outside runtime and standard library.
struct place_series {
	place_id site;
	const struct ev_site *biggest; // the stack that grew most
	double biggest_grew;
	double *bytes;                 // [looks], unsampled
	double samples_first, samples_last, births, deaths;
	uint64_t live_objects;         // unsampled, at the end
	struct growth growth;
	double p;
};

struct series_set {
	VEC(struct place_series) at;
	size_t looks;
	instant_t *when;
};

static void series_fini(struct series_set *s)
{
	for (size_t i = 0; i < s->at.len; i++)
		free(s->at.at[i].bytes);
	vec_fini(&s->at);
	free(s->when);
}

static void add_site(const struct ev_site *site, const struct series_set *set, struct place_series *to)
{
	double first = 0, last = 0, objects = 0;
	size_t k = 0;
	for (size_t i = 0; i < set->looks; i++) {
		while (k < site->points.len && site->points.at[k].at <= set->when[i])
			k++;
		const struct ev_site_point *p = k ? &site->points.at[k - 1] : NULL;
		last = p ? ev_unsample(p->live_objects, p->live_bytes, site->rate, &objects) : 0;
		to->bytes[i] += last;
		if (!i)
			first = last;
	}
	const struct ev_site_point *a = site->points.at, *b = &site->points.at[site->points.len - 1];
	bool from_start = a->at <= set->when[0];
	double births = (double)(b->alloc_objects - (from_start ? a->alloc_objects : 0));
	double grew = (double)b->live_objects - (from_start ? (double)a->live_objects : 0);
	to->samples_first += from_start ? (double)a->live_objects : 0;
	to->samples_last += (double)b->live_objects;
	to->births += births;
	to->deaths += fmax(births - grew, 0);
	to->live_objects += (uint64_t)objects;
	if (!to->biggest || last - first > to->biggest_grew) {
		to->biggest = site;
		to->biggest_grew = last - first;
	}
}

static struct err *gather(const struct evidence *ev, struct series_set *set)
{
	cleanup(map_freep) struct map *index = map_new();
	set->looks = ev->looks.len < MAX_LOOKS ? ev->looks.len : MAX_LOOKS;
	set->when = calloc(set->looks + 1, sizeof(*set->when));
	if (!index || !set->when)
		return &err_nomem;
	for (size_t i = 0; i < set->looks; i++)
		set->when[i] = ev->looks.at[ev->looks.len - set->looks + i].at;
	for (size_t i = 0; set->looks && i < ev->sites.len; i++) {
		const struct ev_site *site = &ev->sites.at[i];
		if (!site->points.len)
			continue;
		bool fresh;
		uint64_t *slot = map_at(index, site->site, &fresh);
		if (!slot)
			return &err_nomem;
		if (fresh) {
			double *bytes = calloc(set->looks, sizeof(*bytes));
			struct err *err = bytes ? vec_push(&set->at, ev->sites.len, "sites", (struct place_series){.site = site->site, .bytes = bytes}) : &err_nomem;
			if (err) {
				free(bytes);
				return err;
			}
			*slot = set->at.len - 1;
		}
		add_site(site, set, &set->at.at[*slot]);
	}
	return NULL;
}

// Standard deviation of a level in bytes, by sampling. An immortal set has none but the granularity of one sample.
static double noise_of(const struct place_series *s, double last_bytes, bool exact)
{
	if (exact || s->samples_last <= 0)
		return 0;
	double per_sample = last_bytes / s->samples_last;
	double variance = s->deaths > 0 ? fmin(s->births + s->deaths, s->samples_first + s->samples_last) : 1;
	return per_sample * sqrt(variance / 2) / 1.5; // levels are means of several looks
}

static void accuse(const struct evidence *ev, struct verdict *v, const struct place_series *s, const struct series_set *set)
{
	struct finding *f = finding_add(v, RULE_HEAP_SITE, KIND_HEAP_GROWTH);
	if (!f)
		return;
	const struct growth *g = &s->growth;
	f->site = f->fix_place = s->site;
	f->stack = s->biggest->stack;
	f->type = s->biggest->type;
	f->bytes = (uint64_t)g->last;
	f->count = s->live_objects;
	finding_class(f, CLASS_UNDECIDED, 0.5);
	f->title = SAY(TITLE_HEAP_SITE, V_bytes(g->last), V_function(s->site), V_bytes(g->slope));
	f->rate_bytes = g->slope;
	f->rate_bytes_range[0] = fmax(g->low, 0);
	f->rate_bytes_range[1] = g->high;
	f->rate_objects = g->last > 0 ? g->slope * (double)s->live_objects / g->last : NAN;
	f->samples = s->samples_last - s->samples_first;
	f->weight = g->slope;
	f->onset = g->onset;
	f->onset_uncertainty_seconds = g->onset_uncertainty_seconds;
	if (!f->onset && g->slope > 0 && g->first > 0) {
		double back = g->first / g->slope;
		f->onset = set->when[0] - (instant_t)(back * 1e9);
		f->onset_uncertainty_seconds = fmax(1, 0.5 * back);
		if (ev->target.started && f->onset < ev->target.started)
			f->onset = ev->target.started;
	}
	finding_says(f, FROM_HEAP_PROFILE, SAY(SITE_GREW, V_bytes(g->first), V_bytes(g->last), V_count(set->looks)));
	double freed = s->births > 0 ? fmin(s->deaths / s->births, 1) : 0;
	finding_says(f, FROM_HEAP_PROFILE, SAY(SITE_FREED, V_percent(freed), V_count(s->samples_last)));
	f->decide_by = SAY(DECIDE_HEAP);
	f->reason = SAY(REASON_HEAP_UNDECIDED);
	f->advice = SAY(ADVICE_HEAP, V_function(s->site));
	finding_severity(ev, f);
}

static int by_slope(const void *a, const void *b)
{
	const struct place_series *x = a, *y = b;
	return (x->growth.slope < y->growth.slope) - (x->growth.slope > y->growth.slope);
}

static struct err *decide(const struct evidence *ev, struct verdict *v, struct series_set *set)
{
	double *p = calloc(set->at.len + 1, sizeof(*p));
	bool *pass = calloc(set->at.len + 1, sizeof(*pass));
	double total = 0;
	size_t tested = 0;
	for (size_t i = 0; p && pass && i < set->at.len; i++) {
		struct place_series *s = &set->at.at[i];
		double last = s->bytes[set->looks - 1];
		s->growth = growth_of(set->when, s->bytes, set->looks, noise_of(s, last, s->biggest->rate == 1), fmax(0.1 * s->bytes[0], 128 * 1024));
		s->p = s->growth.p;
		if (s->growth.shape == GROWTH_STEADY)
			total += fmax(s->growth.slope, 0);
	}
	if (p && pass && set->at.len)
		qsort(set->at.at, set->at.len, sizeof(*set->at.at), by_slope);
	for (size_t i = 0; p && pass && i < set->at.len; i++)
		p[tested++] = set->at.at[i].p;
	if (p && pass)
		stats_benjamini_hochberg(p, tested, 0.05, pass);
	size_t found = 0;
	for (size_t i = 0; p && pass && i < set->at.len; i++) {
		const struct place_series *s = &set->at.at[i];
		const struct growth *g = &s->growth;
		struct say what = SAY(WHAT_HEAP_SITE, V_bytes(g->last), V_place(s->site));
		if (g->shape == GROWTH_TRANSIENT && g->peak > 4 << 20)
			verdict_clear(v, what, SAY(ROSE_AND_FELL_BYTES, V_bytes(g->peak), V_bytes(g->last)));
		if (g->shape == GROWTH_LEVELLING && g->last > 1 << 20)
			verdict_clear(v, what, SAY(STOPPED_GROWING_BYTES, V_bytes(g->first), V_bytes(g->last)));
		if (g->shape == GROWTH_STEADY && pass[i] && g->slope >= 0.05 * total && found < MAX_FINDINGS) {
			accuse(ev, v, s, set);
			found++;
		}
		verdict_note(v, RULE_HEAP_SITE, V_place(s->site), SAY(NOTE_SITE, V_bytes(g->first), V_bytes(g->last), V_number(g->p), V_percent(pass[i])));
	}
	bool memory = p && pass;
	free(p);
	free(pass);
	return memory ? NULL : &err_nomem;
}

struct err *rule_heap_site(struct evidence *ev, struct verdict *v)
{
	struct series_set set = {0};
	struct err *err = gather(ev, &set);
	if (!err && set.looks >= 2)
		err = decide(ev, v, &set);
	series_fini(&set);
	return err;
}
