// The heap's floor as a whole: what stays after each collection, exact where sites are sampled. Speaks where no single
// site stands out of the sampler's noise (many small ones, profiling switched off), names the function that most of the
// growth passes through, and clears the process where the floor is level.
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

// Of one function over all stacks: how much growth passes through it, and how far from the leaf.
struct passage { str_id function; double bytes, distance; };

static double grew(const struct evidence *ev, const struct ev_site *s)
{
	if (!s->points.len || !ev->looks.len)
		return 0;
	const struct ev_site_point *a = s->points.at, *b = &s->points.at[s->points.len - 1];
	double first = a->at <= ev->looks.at[0].at ? ev_unsample(a->live_objects, a->live_bytes, s->rate, NULL) : 0;
	return ev_unsample(b->live_objects, b->live_bytes, s->rate, NULL) - first;
}

static struct err *pass_through(const struct evidence *ev, const struct ev_site *s, double bytes, struct map *index, struct passage *to, size_t max)
{
	struct stack st = ev_get_stack(ev, s->stack);
	for (uint32_t i = 0; i < st.len; i++) {
		str_id f = ev_get_place(ev, st.frames[i]).function;
		bool again = false, fresh;
		for (uint32_t k = 0; !again && k < i; k++)
			again = ev_get_place(ev, st.frames[k]).function == f;
		uint64_t *slot = again || ev_is_stdlib(ev_str(ev, f)) ? NULL : map_at(index, f, &fresh);
		if (!slot)
			continue;
		if (fresh)
			*slot = map_len(index) - 1;
		if (*slot >= max)
			continue;
		to[*slot].function = f;
		to[*slot].bytes += bytes;
		to[*slot].distance += bytes * i;
	}
	return NULL;
}

// The function nearest to the leaves that at least 60 % of the growth passes through, and the stack that grew most of it.
static struct err *name_the_function(const struct evidence *ev, struct finding *f)
{
	enum { MAX_FUNCTIONS = 1 << 16 };
	cleanup(map_freep) struct map *index = map_new();
	struct passage *p = calloc(MAX_FUNCTIONS, sizeof(*p)), *best = NULL;
	struct err *err = index && p ? NULL : &err_nomem;
	double total = 0, most = 0;
	for (size_t i = 0; !err && i < ev->sites.len; i++) {
		double bytes = grew(ev, &ev->sites.at[i]);
		if (bytes <= 0)
			continue;
		total += bytes;
		err = pass_through(ev, &ev->sites.at[i], bytes, index, p, MAX_FUNCTIONS);
	}
	for (size_t i = 0; !err && i < map_len(index) && i < MAX_FUNCTIONS; i++)
		if (p[i].bytes >= 0.6 * total && (!best || p[i].distance / p[i].bytes < best->distance / best->bytes))
			best = &p[i];
	for (size_t i = 0; !err && best && i < ev->sites.len; i++) {
		struct stack st = ev_get_stack(ev, ev->sites.at[i].stack);
		double bytes = grew(ev, &ev->sites.at[i]);
		for (uint32_t k = 0; bytes > most && k < st.len; k++)
			if (ev_get_place(ev, st.frames[k]).function == best->function) {
				most = bytes;
				f->stack = ev->sites.at[i].stack;
				f->site = f->fix_place = st.frames[k];
				break;
			}
	}
	if (!err && best)
		finding_says(f, FROM_HEAP_PROFILE, SAY(MOST_PASSES, V_percent(fmin(best->bytes / total, 1)), V_bytes(total), V_function(f->site)));
	free(p);
	return err;
}

static bool sites_spoke(const struct verdict *v)
{
	for (size_t i = 0; i < v->findings.len; i++)
		if (v->findings.at[i].rule == RULE_HEAP_SITE)
			return true;
	return false;
}

struct err *rule_heap_total(struct evidence *ev, struct verdict *v)
{
	struct growth g = floor_growth(ev);
	verdict_note(v, RULE_HEAP_TOTAL, V_text(0), SAY(NOTE_LEVEL, V_number(g.first), V_number(g.last)));
	if (g.shape == GROWTH_NONE && g.points >= 4)
		verdict_clear(v, SAY(WHAT_HEAP), SAY(FLOOR_LEVEL, V_bytes(g.first), V_bytes(g.last), V_count(g.points)));
	if (g.shape == GROWTH_LEVELLING)
		verdict_clear(v, SAY(WHAT_HEAP), SAY(STOPPED_GROWING_BYTES, V_bytes(g.first), V_bytes(g.last)));
	if (g.shape != GROWTH_STEADY || sites_spoke(v))
		return NULL;
	struct finding *f = finding_add(v, RULE_HEAP_TOTAL, KIND_HEAP_GROWTH);
	if (!f)
		return NULL;
	f->bytes = (uint64_t)g.last;
	f->rate_bytes = f->weight = g.slope;
	f->rate_bytes_range[0] = fmax(g.low, 0);
	f->rate_bytes_range[1] = g.high;
	f->onset = g.onset;
	f->onset_uncertainty_seconds = g.onset_uncertainty_seconds;
	f->decide_by = SAY(DECIDE_HEAP);
	f->reason = SAY(REASON_HEAP_UNDECIDED);
	finding_class(f, CLASS_UNDECIDED, 0.4);
	finding_says(f, FROM_MEMSTATS, SAY(FLOOR_GREW, V_bytes(g.first), V_bytes(g.last), V_count(g.points)));
	struct err *err = name_the_function(ev, f);
	f->title = f->site ? SAY(TITLE_HEAP_THROUGH, V_bytes(g.last), V_bytes(g.slope), V_function(f->site))
			   : SAY(TITLE_HEAP_TOTAL, V_bytes(g.last), V_bytes(g.slope));
	finding_severity(ev, f);
	return err;
}
