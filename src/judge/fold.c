// One cause, one finding. Groups that grow in step and belong together (the two ends of connections, what one function
// starts, the library's goroutines under the program's) are one cause: the one with the strongest evidence and the
// program's own code speaks for all. Allocation sites whose stacks
// pass through the group's functions hold what its goroutines keep: they are counted with it.
#include "judge/rule.h"

#include <math.h>
#include <string.h>

static bool stack_passes(const struct evidence *ev, stack_id stack, place_id function)
{
	str_id want = ev_get_place(ev, function).function;
	struct stack s = ev_get_stack(ev, stack);
	for (uint32_t i = 0; want && i < s.len; i++)
		if (ev_get_place(ev, s.frames[i]).function == want)
			return true;
	return false;
}

static bool in_user_code(const struct evidence *ev, place_id p)
{
	return p && !ev_is_stdlib(ev_str(ev, ev_get_place(ev, p).function));
}

// How well a finding speaks for its cause: sure first, then the program's own code, then who cannot be woken.
static double standing(const struct evidence *ev, const struct finding *f)
{
	const struct ev_group *g = f->group;
	double s = f->class == CLASS_PROVEN ? 200 : f->class == CLASS_LIKELY ? 100 : 0;
	s += in_user_code(ev, g->entry) ? 8 : 0;
	s += in_user_code(ev, g->created_by) ? 4 : 0;
	s += g->accepted_side ? 2 : 0;
	return s + f->confidence;
}

static bool in_step(const struct finding *a, const struct finding *b)
{
	double ra = a->rate_objects, rb = b->rate_objects;
	double ca = (double)a->count, cb = (double)b->count;
	return fabs(ra - rb) <= 0.12 * fmax(ra, rb) && fabs(ca - cb) <= 0.3 * fmax(ca, cb);
}

static bool all_library(const struct evidence *ev, const struct ev_group *g)
{
	return !in_user_code(ev, g->entry) && !in_user_code(ev, g->created_by) && !in_user_code(ev, g->blocked_user);
}

static str_id function_of(const struct evidence *ev, place_id p) { return ev_get_place(ev, p).function; }

// Equal speed alone joins nobody: two defects may keep the same time.
static bool belong_together(const struct evidence *ev, const struct finding *cause, const struct finding *symptom)
{
	const struct ev_group *a = cause->group, *b = symptom->group;
	if (all_library(ev, b))
		return true;
	if (a->peer_group == (uint32_t)(b - ev->groups.at) + 1 || b->peer_group == (uint32_t)(a - ev->groups.at) + 1)
		return true;
	if (function_of(ev, a->entry) == function_of(ev, b->created_by) || function_of(ev, b->entry) == function_of(ev, a->created_by))
		return true;
	str_id by = function_of(ev, a->created_by);
	return by && by == function_of(ev, b->created_by) && cause->class == symptom->class && strcmp(ev_str(ev, by), "main.main");
}

static void take_in(struct finding *cause, struct finding *symptom, struct say says, enum evidence_from from)
{
	symptom->folded = true;
	cause->bytes += symptom->bytes;
	if (symptom->rate_bytes > 0) {
		cause->rate_bytes = (cause->rate_bytes > 0 ? cause->rate_bytes : 0) + symptom->rate_bytes;
		for (int i = 0; i < 2; i++)
			if (isfinite(symptom->rate_bytes_range[i]))
				cause->rate_bytes_range[i] = (isfinite(cause->rate_bytes_range[i]) ? cause->rate_bytes_range[i] : 0) + symptom->rate_bytes_range[i];
	}
	finding_says(cause, from, says);
}

// As many objects a second as goroutines, within what the sampler's noise allows: what each of them keeps.
static bool one_each(const struct finding *group, const struct finding *site)
{
	double r = site->rate_objects, noise = site->samples > 0 ? 2.5 * r / sqrt(site->samples) : INFINITY;
	return r > 0 && noise < r && fabs(r - group->rate_objects) <= noise;
}

// A connection is one descriptor, or two where both ends are in this process.
static bool one_connection_each(const struct finding *group, const struct finding *fds)
{
	double r = fds->rate_objects / group->rate_objects;
	return group->group && (fabs(r - 1) <= 0.15 || fabs(r - 2) <= 0.3);
}

// Sockets whose bytes nobody reads, and goroutines that gather in step with them: the goroutines of those connections.
static void join_unread(struct finding *f, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!f[i].resource || f[i].class != CLASS_LIKELY)
			continue;
		for (size_t j = 0; j < n; j++) {
			if (!f[j].group || f[j].class != CLASS_UNDECIDED || !one_connection_each(&f[j], &f[i]))
				continue;
			f[j].class = CLASS_LIKELY;
			f[j].confidence = 0.8;
			f[j].decide_by = (struct say){0};
			f[j].reason = f[i].reason;
			finding_says(&f[j], FROM_SOCKETS, f[i].reason);
		}
	}
}

struct err *fold_symptoms(struct evidence *ev, struct verdict *v)
{
	struct finding *f = v->findings.at;
	size_t n = v->findings.len;
	join_unread(f, n);
	for (size_t i = 0; i < n; i++) {
		if (!f[i].group || f[i].folded)
			continue;
		size_t best = i;
		for (size_t j = 0; j < n; j++)
			if (j != i && f[j].group && !f[j].folded && in_step(&f[i], &f[j]) && belong_together(ev, &f[j], &f[i]) && standing(ev, &f[j]) > standing(ev, &f[best]))
				best = j;
		for (size_t j = 0; j < n; j++)
			if (j != best && f[j].group && !f[j].folded && in_step(&f[best], &f[j]) && f[j].class >= f[best].class &&
			    belong_together(ev, &f[best], &f[j]))
				take_in(&f[best], &f[j], SAY(GROWS_IN_STEP, V_count(f[j].count), V_place(f[j].site)), FROM_GOROUTINES);
	}
	for (size_t i = 0; i < n; i++) {
		const struct ev_group *g = f[i].group;
		if (!g || f[i].folded || f[i].class > CLASS_LIKELY)
			continue;
		for (size_t j = 0; j < n; j++) {
			if (f[j].resource && !f[j].folded && one_connection_each(&f[i], &f[j]))
				take_in(&f[i], &f[j], SAY(HOLDS_DESCRIPTORS, V_count(f[j].count), V_text(f[j].resource->kind), V_text(f[j].resource->state)), FROM_FILES);
			if (f[j].group || f[j].folded || f[j].kind != KIND_HEAP_GROWTH)
				continue;
			bool its_own = (in_user_code(ev, g->entry) && stack_passes(ev, f[j].stack, g->entry)) ||
				       (in_user_code(ev, g->created_by) && stack_passes(ev, f[j].stack, g->created_by) &&
					strcmp(ev_str(ev, ev_get_place(ev, g->created_by).function), "main.main"));
			if (its_own || one_each(&f[i], &f[j]))
				take_in(&f[i], &f[j], its_own ? SAY(HOLDS_SITE, V_bytes(f[j].bytes), V_place(f[j].site))
							      : SAY(ONE_OBJECT_EACH, V_bytes(f[j].bytes), V_place(f[j].site)), FROM_HEAP_PROFILE);
		}
		finding_severity(ev, &f[i]);
	}
	return NULL;
}
