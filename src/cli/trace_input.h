// A trace from a file or standard input, plain or compressed.
#pragma once
#include "cli/args.h"
#include "read/target/target.h"
#include "read/trace/trace.h"

struct trace_input {
	struct file *file;
	struct trace *trace;
	void *unpacked; // a file without a name, mapped; NULL if the bytes were plain
	size_t unpacked_len;
	instant_t modified; // 0 = not known
};

must_use struct err *trace_input_open(const char *path, struct trace_input *ret); // fini it also after an error
void trace_input_fini(struct trace_input *in);
// What this machine's clocks and the file's time say of the trace's clock.
struct align_hints trace_input_hints(const struct trace_input *in);
