// Go's heap profiler keeps an object of size S with probability p = 1 - exp(-S/R). A figure made of k kept objects is
// k/p objects; its variance, given how many there really are, is k(1-p)/p^2 (Horvitz-Thompson): near k/p^2 for small
// objects (relative 1/sqrt(k)), near 0 for objects much larger than R. Sizes are the `bytes` label: the slot's size.
#include "views/profile/bars.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct error_bars { double *variance; double *samples; bool bytes; }; // by node, of flat

// Which value type counts objects, given the chosen one: "inuse_space" -> "inuse_objects".
static bool pair_types(const struct report *r, size_t *ret_objects, bool *ret_bytes, bool *ret_inuse)
{
	const struct pprof *p = r->p;
	static const char *const pairs[][2] = {{"alloc_objects", "alloc_space"}, {"inuse_objects", "inuse_space"}, {"objects", "space"}};
	const char *type = pprof_str(p, p->types.at[r->type].type);
	for (size_t k = 0; k < countof(pairs); k++)
		for (int j = 0; j < 2; j++)
			for (size_t i = 0; !strcmp(type, pairs[k][j]) && i < p->types.len; i++)
				if (!strcmp(pprof_str(p, p->types.at[i].type), pairs[k][0])) {
					*ret_objects = i;
					*ret_bytes = j;
					*ret_inuse = k != 0;
					return true;
				}
	return false;
}

static int64_t object_size(const struct pprof *p, size_t sample)
{
	const struct pprof_labels *set = &p->labels.at[p->label_set.at[sample]];
	for (uint32_t i = set->start; i < set->start + set->len; i++)
		if (p->label_rows.at[i].is_num && !strcmp(pprof_str(p, p->label_rows.at[i].key), "bytes"))
			return p->label_rows.at[i].num;
	return 0;
}

struct err *error_bars(struct report *r, struct error_bars **ret)
{
	const struct pprof *p = r->p;
	size_t objects;
	bool bytes, inuse;
	*ret = NULL;
	if (p->period <= 1 || r->o->mean || !pair_types(r, &objects, &bytes, &inuse))
		return NULL;
	struct error_bars *b = calloc(1, sizeof(*b));
	if (b) {
		b->variance = calloc(r->g.nodes.len + 1, sizeof(*b->variance));
		b->samples = calloc(r->g.nodes.len + 1, sizeof(*b->samples));
	}
	if (!b || !b->variance || !b->samples) {
		error_bars_free(b);
		return &err_nomem;
	}
	b->bytes = bytes;
	for (size_t i = 0; i < p->samples; i++) {
		int64_t size = object_size(p, i), n = abs_i64(pprof_value(p, i, objects));
		if (!p->depth.at[i] || !n || size <= 0)
			continue;
		double scale = pprof_heap_scale(size, p->period), k = p->raw ? (double)abs_i64(p->counts.at[i * 2 + !inuse]) : round((double)n / scale);
		uint32_t leaf = r->g.of[r->g.at[p->frames.at[p->stack.at[i]]]];
		double each = bytes ? scale * (double)size : scale;
		b->samples[leaf] += k;
		b->variance[leaf] += k * (1 - 1 / scale) * each * each;
	}
	*ret = b;
	return NULL;
}

void error_bars_free(struct error_bars *b)
{
	if (!b)
		return;
	free(b->variance);
	free(b->samples);
	free(b);
}

void error_bars_print(const struct report *r, const struct error_bars *b, uint32_t node, struct strbuf *out)
{
	char v[MEASURE_MAX];
	double half = 1.96 * sqrt(b->variance[node]);
	strbuf_printf(out, " %8.0f %10s", b->samples[node], report_value(r, v, half < 9e18 ? (int64_t)half : INT64_MAX));
}

void error_bars_explain(const struct report *r, const struct error_bars *b, struct strbuf *out)
{
	(void)b;
	strbuf_printf(out, "samples: objects that the runtime's sampler (one in %lld bytes) kept behind flat; +/-: the 95 %% interval of flat\n", (long long)r->p->period);
}
