// Execution traces among the inputs: each is studied, its clock aligned with what is known already, its facts added.
#include "cli/diagnose.h"
#include "cli/trace_input.h"
#include "facts/collect/collect.h"

#include <stdlib.h>

static struct err *one(const char *path, struct evidence *ev)
{
	cleanup(trace_input_fini) struct trace_input in = {0};
	cleanup(study_freep) struct study *s = NULL;
	struct err *err = trace_input_open(path, &in);
	if (err || (err = study_trace(in.trace, NULL, &s)))
		return err;
	struct align_hints h = trace_input_hints(&in);
	instant_t *ends = calloc(ev->gcs.len + 1, sizeof(*ends));
	for (size_t i = 0; ends && i < ev->gcs.len; i++)
		ends[h.n_gc_ends++] = ev->gcs.at[i].end;
	h.gc_ends = ends;
	struct align clock = align_study(trace_info(in.trace), s, &h);
	free(ends);
	return collect_trace(ev, in.trace, s, &clock);
}

struct err *diagnose_traces(const char *const *paths, size_t n, struct evidence *ev)
{
	struct err *err = NULL;
	for (size_t i = 0; !err && i < n; i++)
		err = one(paths[i], ev);
	return err;
}
