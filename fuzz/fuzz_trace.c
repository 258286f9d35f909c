// Any bytes as an execution trace: whatever comes out is in order, in the tables, and the study adds up.
#include "read/trace/trace.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool ok)
{
	if (!ok)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup(trace_closep) struct trace *t = NULL;
	cleanup(study_freep) struct study *s = NULL;
	struct trace_options opt = {.one_thread = true};
	const struct trace_event *ev;
	int64_t last_ns = INT64_MIN;
	uint64_t events = 0;
	size_t n = 0, pos = 0;
	struct err *err = trace_open((struct view){data, size, "fuzz"}, &opt, &t);
	if (!err)
		err = study_new(NULL, &s);
	while (!err && !(err = trace_next(t, &ev, &n)) && n) {
		for (size_t i = 0; i < n; i++) {
			const struct trace_spec *spec = trace_spec(ev[i].kind);
			expect(spec && ev[i].t_ns > last_ns);
			last_ns = ev[i].t_ns;
			for (unsigned j = 0; j < spec->n; j++) {
				struct trace_str str = trace_string(t, ev[i].args[j]);
				struct trace_stack stack = trace_stack(t, ev[i].args[j]);
				expect(str.s && str.len <= size && stack.n <= 1000);
			}
		}
		events += n;
		err = study_block(s, t, ev, n);
	}
	if (!err)
		err = study_end(s, t);
	if (!err) {
		uint64_t alive = 0, sum = 0;
		for (size_t i = 0; i < s->spawns.len; i++)
			alive += s->spawns.at[i].alive;
		while (study_alive(s, &pos))
			sum++;
		// A byte can be three events: a switch.
		expect(s->events == events && alive == s->alive && sum == alive && events <= 4 * size);
	}
	err_free(err);
	return 0;
}
