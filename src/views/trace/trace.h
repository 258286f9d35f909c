// trace views: what a trace says, as tables and lines for people who want to look.
//   reads   read/trace (events, study)
//   gives   tables (show/show.h), lines in a strbuf
//   knows   headings, what is worth a row
//   costs   linear in what is shown
//   not     decisions: whether something is a leak is the judge's
#pragma once
#include "read/trace/trace.h"
#include "show/show.h"

// What a person asked for among the events.
struct view_events {
	int64_t from_ns, to_ns; // of the trace's clock; 0, 0 = all
	uint64_t goroutine;     // TRACE_NONE = all
	const char *kind;       // part of its name, any case; NULL = all
};

bool view_events_want(const struct view_events *f, const struct trace_event *e);
// One line an event: seconds since `first_ns`, processor, goroutine, kind, values, where.
void view_event_text(const struct trace *t, const struct trace_event *e, int64_t first_ns, struct strbuf *out);
void view_event_json(const struct trace *t, const struct trace_event *e, int64_t first_ns, struct strbuf *out);
// As the file has it, for comparison with another reader: time, kind's number, thread, processor, goroutine, values.
void view_event_raw(const struct trace *t, const struct trace_event *e, struct strbuf *out);
