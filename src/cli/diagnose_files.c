// Files in any mixture: told apart by content, each given to whoever reads its kind.
#include "cli/diagnose.h"
#include "cli/inputs.h"

#include <string.h>

enum { MAX_INPUTS = 10000 };

struct sorted { VEC(const char *) profiles, cores, traces, binaries, others; };

static struct err *sort_input(const char *input, struct sorted *to)
{
	enum input_kind kind;
	struct err *err = input_kind_of(input, &kind);
	if (err)
		return err;
	switch (kind) {
	case INPUT_PROFILE: case INPUT_TEXT:
		return vec_push(&to->profiles, MAX_INPUTS, "inputs", input);
	case INPUT_CORE:
		return vec_push(&to->cores, MAX_INPUTS, "inputs", input);
	case INPUT_TRACE:
		return vec_push(&to->traces, MAX_INPUTS, "inputs", input);
	case INPUT_BINARY:
		return vec_push(&to->binaries, MAX_INPUTS, "inputs", input);
	case INPUT_PID: case INPUT_URL: case INPUT_DIRECTORY: case INPUT_UNKNOWN:
		break;
	}
	return vec_push(&to->others, MAX_INPUTS, "inputs", input);
}

static struct err *sort_inputs(const char *const *inputs, size_t n, struct arena *arena, struct sorted *to)
{
	struct err *err = NULL;
	for (size_t i = 0; !err && i < n; i++) {
		enum input_kind kind;
		const char *const *files;
		size_t n_files;
		if ((err = input_kind_of(inputs[i], &kind)))
			break;
		if (kind != INPUT_DIRECTORY) {
			err = sort_input(inputs[i], to);
			continue;
		}
		err = diagnose_directory(inputs[i], arena, &files, &n_files);
		for (size_t k = 0; !err && k < n_files; k++)
			err = sort_input(files[k], to);
	}
	return err;
}

// The executable, given by itself or with --binary: what its machine code says of the sites that the files name.
static void explain_sites(const struct args *args, const struct sorted *s, struct evidence *ev)
{
	const char *path = s->binaries.len ? s->binaries.at[0] : args_str(args, "binary", NULL);
	cleanup(file_closep) struct file *f = NULL;
	cleanup(gobin_closep) struct gobin *g = NULL;
	if (!path || s->cores.len) // a core's executable was looked at with it
		return;
	struct err *err = file_open(path, &f);
	if (!err)
		err = gobin_open(file_view(f), &g);
	if (err)
		gap_add_err(&ev->gaps, GAP_CODE_NOT_FOLLOWED, path, err);
	else
		diagnose_why(ev, g);
}

struct err *diagnose_files(const struct args *args, const char *const *inputs, size_t n, struct evidence *ev)
{
	cleanup(arena_freep) struct arena *arena = arena_new();
	struct sorted s = {0};
	struct err *err = arena ? sort_inputs(inputs, n, arena, &s) : &err_nomem;
	ev->target.kind = EV_FILES;
	for (size_t i = 0; !err && i < n; i++)
		err = vec_push(&ev->target.inputs, MAX_INPUTS, "inputs", ev_cstr(ev, inputs[i]));
	if (!err && s.cores.len)
		err = diagnose_core(args, s.cores.at[0], ev);
	if (!err && s.profiles.len)
		err = diagnose_profiles(s.profiles.at, s.profiles.len, ev);
	if (!err && s.traces.len)
		err = diagnose_traces(s.traces.at, s.traces.len, ev);
	if (!err)
		explain_sites(args, &s, ev);
	if (!err && s.binaries.len == n)
		err = err_new(ERR_USAGE, "%s alone says nothing of what grows; whyheap escape %s shows its allocations", inputs[0], inputs[0]);
	for (size_t i = 0; !err && i < s.others.len; i++) {
		enum input_kind kind;
		if ((err = input_kind_of(s.others.at[i], &kind)))
			break;
		if (!s.profiles.len && !s.cores.len && !s.traces.len)
			err = err_new(ERR_UNSUPPORTED, "%s is %s: diagnose does not read that yet", s.others.at[i], input_kind_name(kind));
		else
			gap_add(&ev->gaps, GAP_INPUT_NOT_READ, s.others.at[i], input_kind_name(kind));
	}
	vec_fini(&s.profiles);
	vec_fini(&s.cores);
	vec_fini(&s.traces);
	vec_fini(&s.binaries);
	vec_fini(&s.others);
	return err;
}
