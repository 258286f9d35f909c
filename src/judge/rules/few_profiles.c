// One, two or three profiles: too few for a series. One says who holds, with its interval; two say what grew beyond the
// sampler's noise. Neither can tell a leak from a cache that fills: nothing here is ever more than `undecided`.
// A difference of sampled counts has the variance min(births + deaths, k0 + k1): none for a set that only grows.
#include "judge/rule.h"

#include <math.h>
#include <stdlib.h>

enum { SERIES = 4, MAX_FINDINGS = 5, LEAST_HELD = 1 << 20, LEAST_GROUP = 100, LEAST_GREW = 5 };
static const double least_per_hour = 64 * 1024;

// All allocation stacks with the same first frame outside runtime and standard library.
struct place_sum {
	place_id site;
	const struct ev_site *biggest;
	double first, last, grew_biggest; // bytes
	double variance;                  // of last - first, or of last alone, in bytes squared
	double samples, objects, births, deaths;
};

struct sums { VEC(struct place_sum) at; double total, variance; };

static double point_bytes(const struct ev_site *s, const struct ev_site_point *p, double *objects)
{
	return p ? ev_unsample(p->live_objects, p->live_bytes, s->rate, objects) : 0;
}

static void add_site(struct place_sum *to, const struct ev_site *s, instant_t start, bool pair)
{
	const struct ev_site_point *b = &s->points.at[s->points.len - 1], *a = s->points.at->at <= start ? s->points.at : NULL;
	double objects = 0, ignored, last = point_bytes(s, b, &objects), first = pair ? point_bytes(s, a, &ignored) : 0;
	double k0 = pair && a ? (double)a->live_objects : 0, k1 = (double)b->live_objects;
	double births = (double)b->alloc_objects - (pair && a ? (double)a->alloc_objects : 0), deaths = fmax(births - (k1 - k0), 0);
	double each = k1 > 0 ? last / k1 : k0 > 0 ? first / k0 : 0; // bytes that one sample stands for
	double counted = b->alloc_objects ? fmin(births + deaths, k0 + k1) : k0 + k1;
	if (pair && b->alloc_objects && deaths == 0)
		counted = k1 > k0 ? 1 : 0; // nothing was freed: only the last sample's place is chance
	if (s->rate != 1)
		to->variance += (pair ? counted : k1) * each * each;
	to->first += first;
	to->last += last;
	to->samples += k1;
	to->objects += objects;
	to->births += births;
	to->deaths += deaths;
	if (!to->biggest || last - first > to->grew_biggest) {
		to->biggest = s;
		to->grew_biggest = last - first;
	}
}

static struct err *gather(const struct evidence *ev, bool pair, struct sums *sums)
{
	cleanup(map_freep) struct map *index = map_new();
	if (!index)
		return &err_nomem;
	for (size_t i = 0; i < ev->sites.len; i++) {
		const struct ev_site *s = &ev->sites.at[i];
		bool fresh;
		uint64_t *slot = s->points.len ? map_at(index, s->site, &fresh) : NULL;
		struct err *err;
		if (!s->points.len)
			continue;
		if (!slot)
			return &err_nomem;
		if (fresh && (err = vec_push(&sums->at, ev->sites.len, "sites", (struct place_sum){.site = s->site})))
			return err;
		if (fresh)
			*slot = sums->at.len - 1;
		add_site(&sums->at.at[*slot], s, ev->looks.at[0].at, pair);
	}
	for (size_t i = 0; i < sums->at.len; i++) {
		sums->total += sums->at.at[i].last;
		sums->variance += sums->at.at[i].variance;
	}
	return NULL;
}

static int by_growth(const void *a, const void *b)
{
	const struct place_sum *x = a, *y = b;
	double dx = x->last - x->first, dy = y->last - y->first;
	return (dx < dy) - (dx > dy);
}

static struct finding *site_finding(struct verdict *v, const struct place_sum *s)
{
	struct finding *f = finding_add(v, RULE_FEW_PROFILES, KIND_HEAP_GROWTH);
	if (!f)
		return NULL;
	f->site = f->fix_place = s->site;
	f->stack = s->biggest->stack;
	f->type = s->biggest->type;
	f->bytes = (uint64_t)s->last;
	f->count = (uint64_t)s->objects;
	f->advice = SAY(ADVICE_HEAP, V_function(s->site));
	return f;
}

static void one_profile(struct verdict *v, const struct sums *sums)
{
	size_t found = 0;
	for (size_t i = 0; i < sums->at.len && found < 3; i++) {
		const struct place_sum *s = &sums->at.at[i];
		if (s->last < LEAST_HELD || s->last < 0.1 * sums->total)
			break;
		struct finding *f = site_finding(v, s);
		if (!f)
			return;
		finding_class(f, CLASS_UNDECIDED, 0.2);
		f->proof = PROOF_INFERRED;
		f->severity = 1;
		f->weight = s->last;
		f->title = SAY(TITLE_SITE_HOLDS, V_bytes(s->last), V_function(s->site));
		f->decide_by = SAY(DECIDE_SECOND_PROFILE);
		finding_says(f, FROM_HEAP_PROFILE, SAY(SITE_HOLDS, V_bytes(s->last), V_bytes(1.96 * sqrt(s->variance)), V_count(s->samples), V_percent(s->last / sums->total)));
		found++;
	}
}

static void two_profiles(const struct evidence *ev, struct verdict *v, const struct sums *sums)
{
	double seconds = (double)(ev->looks.at[ev->looks.len - 1].at - ev->looks.at[0].at) / 1e9;
	double grown = 0; // of all sites that grew
	size_t found = 0;
	for (size_t i = 0; i < sums->at.len; i++)
		grown += fmax(sums->at.at[i].last - sums->at.at[i].first, 0);
	for (size_t i = 0; i < sums->at.len && found < MAX_FINDINGS; i++) {
		const struct place_sum *s = &sums->at.at[i];
		double grew = s->last - s->first, noise = sqrt(s->variance);
		bool fires = grew > 0 && grew >= 3 * noise && grew >= 0.1 * s->first && grew >= 0.05 * grown && (seconds <= 0 || grew / seconds * 3600 >= least_per_hour) && grew >= 1024;
		verdict_note(v, RULE_FEW_PROFILES, V_place(s->site), SAY(NOTE_SITE, V_bytes(s->first), V_bytes(s->last), V_number(noise > 0 ? grew / noise : 0), V_percent(fires)));
		if (!fires)
			continue;
		struct finding *f = site_finding(v, s);
		if (!f)
			return;
		finding_class(f, CLASS_UNDECIDED, 0.4);
		f->title = SAY(TITLE_SITE_GREW, V_bytes(grew), V_function(s->site));
		f->decide_by = SAY(DECIDE_MORE_PROFILES);
		f->weight = grew;
		f->reason = SAY(REASON_HEAP_UNDECIDED);
		if (seconds > 0) {
			f->rate_bytes = grew / seconds;
			f->rate_bytes_range[0] = fmax((grew - 1.96 * noise) / seconds, 0);
			f->rate_bytes_range[1] = (grew + 1.96 * noise) / seconds;
		}
		double freed = s->births > 0 ? fmin(s->deaths / s->births, 1) : 0;
		finding_says(f, FROM_HEAP_PROFILE, SAY(SITE_DIFFERS, V_bytes(s->first), V_bytes(s->last), V_bytes(1.96 * noise)));
		if (s->births > 0)
			finding_says(f, FROM_HEAP_PROFILE, SAY(SITE_FREED, V_percent(freed), V_count(s->samples)));
		finding_severity(ev, f);
		found++;
	}
	if (!found && seconds > 0)
		verdict_clear(v, SAY(WHAT_HEAP), SAY(NO_SITE_DIFFERS, V_bytes(3 * sqrt(sums->variance) / seconds * 3600)));
}

// ---- goroutines ---------------------------------------------------------------------------------------------------

static void group_finding(struct verdict *v, const struct ev_group *g, uint64_t count, struct say title, double severity, double confidence, struct say says)
{
	struct finding *f = finding_add(v, RULE_FEW_PROFILES, KIND_GOROUTINE_LEAK);
	if (!f)
		return;
	f->group = g;
	f->count = count;
	f->site = f->fix_place = g->blocked_user ? g->blocked_user : g->blocked_at;
	f->stack = g->stack;
	f->title = title;
	f->severity = severity;
	f->weight = (double)count;
	finding_class(f, CLASS_UNDECIDED, confidence);
	f->decide_by = g->marked_leaked ? SAY(DECIDE_LEAKED) : SAY(DECIDE_SECOND_PROFILE);
	f->advice = SAY(ADVICE_GOROUTINE, V_function(f->site), V_function(g->created_by ? g->created_by : g->entry));
	finding_says(f, FROM_GOROUTINES, says);
}

static void groups(const struct evidence *ev, struct verdict *v)
{
	uint64_t all = 0;
	for (size_t i = 0; i < ev->groups.len; i++)
		all += ev->groups.at[i].points.len ? ev->groups.at[i].points.at[ev->groups.at[i].points.len - 1].count : 0;
	for (size_t i = 0; i < ev->groups.len; i++) {
		const struct ev_group *g = &ev->groups.at[i];
		if (!g->points.len || g->points.len >= SERIES || g->system)
			continue;
		uint64_t first = g->points.at[0].count, last = g->points.at[g->points.len - 1].count;
		struct say_value at = V_function(g->blocked_user ? g->blocked_user : g->blocked_at);
		if (g->marked_leaked)
			group_finding(v, g, g->marked_leaked, SAY(TITLE_MARKED_LEAKED, V_count(g->marked_leaked), at), 3.9, 0.9, SAY(MARKED_LEAKED, V_count(g->marked_leaked), V_count(last)));
		else if (g->points.len > 1 && last >= first + LEAST_GREW && (double)last >= 1.1 * (double)first)
			group_finding(v, g, last, SAY(TITLE_GROUP_GREW, V_count(last - first), at), 3, 0.4, SAY(GROUP_GREW, V_count(first), V_count(last), V_count(g->points.len)));
		else if (g->points.len == 1 && last >= LEAST_GROUP && last * 10 >= all)
			group_finding(v, g, last, SAY(TITLE_GROUP_WAITS, V_count(last), at), 1, 0.2, SAY(GROUP_SHARE, V_count(last), V_count(all)));
	}
}

struct err *rule_few_profiles(struct evidence *ev, struct verdict *v)
{
	struct sums sums = {0};
	struct err *err = NULL;
	if (ev->target.kind != EV_FILES && ev->target.kind != EV_URL)
		return NULL;
	groups(ev, v);
	if (ev->looks.len && ev->looks.len < SERIES && !(err = gather(ev, ev->looks.len > 1, &sums)) && sums.at.len) {
		qsort(sums.at.at, sums.at.len, sizeof(*sums.at.at), by_growth);
		if (ev->looks.len == 1)
			one_profile(v, &sums);
		else
			two_profiles(ev, v, &sums);
	}
	vec_fini(&sums.at);
	return err;
}
