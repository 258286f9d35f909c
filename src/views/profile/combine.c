// Several profiles, and what they are compared with, as one: google/pprof's driver/fetch.go, one input at a time.
#include "views/profile/graph.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

// Units of both made the same, to the finer one: values of p are scaled to those of `to`, where they differ.
static struct err *match_units(struct pprof *to, struct pprof *p)
{
	double ratios[PPROF_TYPES_MAX], back[PPROF_TYPES_MAX];
	const char *unit;
	for (size_t i = 0; i < p->types.len && i < to->types.len; i++) {
		const char *a = pprof_str(to, to->types.at[i].unit), *b = pprof_str(p, p->types.at[i].unit);
		ratios[i] = back[i] = 1;
		if (!strcmp(a, b))
			continue;
		double ratio = measure_scale(1, b, a, &unit);
		bool finer = ratio < 1;
		struct err *err = finer ? pprof_intern(to, b, strlen(b), &to->types.at[i].unit) : pprof_intern(p, a, strlen(a), &p->types.at[i].unit);
		if (err)
			return err;
		if (finer)
			back[i] = measure_scale(1, a, b, &unit);
		else
			ratios[i] = ratio;
	}
	pprof_scale(p, ratios);
	pprof_scale(to, back);
	return NULL;
}

static struct err *add(struct pprof *sum, struct pprof *p)
{
	struct err *err = NULL;
	if (sum->types.len) {
		struct pprof *both[] = {sum, p};
		if ((err = pprof_match_types(both, 2)) || (err = match_units(sum, p)))
			return err;
	}
	return pprof_merge(sum, p);
}

// One alone stays as it is: its order and its zero samples are what pprof shows too.
static struct err *load_all(const struct profile_source *source, const char *const *names, size_t n, struct pprof **ret)
{
	cleanup(pprof_freep) struct pprof *sum = NULL;
	struct err *err;
	if (n == 1)
		return source->load(source->ctx, names[0], ret);
	if ((err = pprof_new(&sum)))
		return err;
	for (size_t i = 0; i < n; i++) {
		cleanup(pprof_freep) struct pprof *p = NULL;
		if ((err = source->load(source->ctx, names[i], &p)) || (err = add(sum, p)))
			return err_while(err, "%s", names[i]);
	}
	pprof_drop_zero(sum);
	*ret = take(sum);
	return NULL;
}

static void normalize_to(struct pprof *p, const struct pprof *base)
{
	double ratios[PPROF_TYPES_MAX];
	for (size_t t = 0; t < p->types.len; t++) {
		int64_t own = 0, theirs = 0;
		for (size_t i = 0; i < p->samples; i++)
			sum_i64(&own, pprof_value(p, i, t));
		for (size_t i = 0; i < base->samples; i++)
			sum_i64(&theirs, pprof_value(base, i, t));
		ratios[t] = own ? (double)theirs / (double)own : 0;
	}
	pprof_scale(p, ratios);
}

static void negate(struct pprof *p)
{
	double minus[PPROF_TYPES_MAX];
	for (size_t t = 0; t < p->types.len; t++)
		minus[t] = -1;
	pprof_scale(p, minus);
}

struct err *profile_combine(const struct profile_source *source, const char *const *names, size_t n, const char *const *bases, size_t n_bases, bool diff, bool normalize, struct pprof **ret)
{
	cleanup(pprof_freep) struct pprof *p = NULL, *base = NULL, *sum = NULL;
	struct err *err = load_all(source, names, n, &p);
	if (err)
		return err;
	if (!n_bases) {
		*ret = take(p);
		return NULL;
	}
	if ((err = pprof_new(&sum)))
		return err;
	if (!normalize) { // so that only one of the two is whole at a time
		if ((err = pprof_merge(sum, p)))
			return err;
		pprof_free(take(p));
	}
	if ((err = load_all(source, bases, n_bases, &base)))
		return err;
	if (diff && (err = pprof_label_all(base, "pprof::base", "true")))
		return err;
	if (p) {
		struct pprof *both[] = {p, base};
		if ((err = pprof_match_types(both, 2)))
			return err;
		normalize_to(p, base);
		if ((err = pprof_merge(sum, p)))
			return err;
	}
	negate(base);
	if ((err = add(sum, base)))
		return err;
	pprof_drop_zero(sum);
	*ret = take(sum);
	return NULL;
}

// ---- names --------------------------------------------------------------------------------------------------------

// Nested pairs of open..close go, with what they hold; a name that does not balance stays.
static bool remove_pairs(const char *s, size_t len, char open, char close, struct strbuf *out)
{
	int nesting = 0;
	size_t first = 0;
	out->len = 0;
	for (size_t i = 0; i < len; i++) {
		if (s[i] == open) {
			if (!nesting++)
				first = out->len;
		} else if (s[i] == close && --nesting < 0) {
			return false;
		} else if (s[i] == close) {
			if (!nesting) {
				out->len = first;
				continue;
			}
		}
		strbuf_putc(out, s[i]);
	}
	return !nesting && !out->failed;
}

// pprof takes names with brackets for C++ unless it sees a Go method's "]).", and takes parameters away.
static struct err *shorten(struct pprof *p, struct pprof_function *f)
{
	size_t len;
	const char *s = interner_str(p->strings, f->system_name, &len);
	cleanup(strbuf_finip) struct strbuf a = {0}, b = {0};
	if (f->name && f->name != f->system_name)
		return NULL;
	f->name = f->system_name;
	if (strstr(s, ".<") || strstr(s, "]).") || (!strpbrk(s, "<>[]") && !strstr(s, "::")))
		return NULL;
	if (remove_pairs(s, len, '(', ')', &a)) {
		s = a.len ? a.s : "";
		len = a.len;
	}
	if (remove_pairs(s, len, '<', '>', &b)) {
		s = b.len ? b.s : "";
		len = b.len;
	}
	return pprof_intern(p, s, len, &f->name);
}

struct err *profile_prepare(struct pprof *p, bool all_frames)
{
	struct err *err = NULL;
	for (size_t i = 0; !err && i < p->functions.len; i++)
		err = shorten(p, &p->functions.at[i]);
	return err || all_frames ? err : filter_drop_frames(p);
}
