// trace views: what a trace says, as tables and lines for people who want to look.
//   reads   read/trace (events, study)
//   gives   tables (show/show.h), lines in a strbuf
//   knows   headings, what is worth a row
//   costs   linear in what is shown
//   not     decisions: whether something is a leak is the judge's
#pragma once
#include "facts/evidence/evidence.h"
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

// The views. `top` rows at most, 0 = all. NULL: out of memory; table_check says so for the rows.
struct table *view_trace_gc(const struct study *s, size_t top);
struct table *view_trace_pauses(const struct study *s, size_t top);
struct table *view_trace_spawns(const struct study *s, size_t top);     // most alive first
struct table *view_trace_blocks(const struct study *s, size_t top);     // where goroutines wait, longest in all first
struct table *view_trace_open(const struct study *s, size_t top);       // waits that had not ended, most goroutines first
struct table *view_trace_tasks(const struct study *s, size_t top);
struct table *view_trace_goroutines(const struct study *s, size_t top); // alive at the end, longest in their state first
struct table *view_trace_logs(const struct study *s, size_t top);
struct table *view_trace_cpu(const struct study *s, size_t top);

// One screen; width of the terminal, 0 = 100.
must_use struct err *view_trace_summary(const struct trace *t, const struct study *s, struct show_style style, struct strbuf *out);
must_use struct err *view_trace_summary_json(const struct trace *t, const struct study *s, struct strbuf *out);

// Places: "main.(*Pool).Get pool.go:41".
struct view_place { const char *func, *file; uint32_t line; };
struct view_place view_place_user(const struct study *s, study_stack_id id); // first frame outside the standard library
struct view_place view_place_root(const struct study *s, study_stack_id id); // the outermost: what the goroutine runs

// Time spent at places as a gzipped profile.proto, as `go tool trace -pprof=` makes them.
enum view_profile { VIEW_PROFILE_NET, VIEW_PROFILE_SYNC, VIEW_PROFILE_SYSCALL, VIEW_PROFILE_SCHED };
must_use struct err *view_trace_profile(const struct study *s, enum view_profile kind, struct strbuf *out);

// Events as the JSON that Perfetto's UI opens: new, each event, end; text is appended to out.
struct view_perfetto;
struct view_perfetto *view_perfetto_new(int64_t first_ns, struct strbuf *out); // NULL: out of memory
void view_perfetto_free(struct view_perfetto *p);
static inline void view_perfetto_freep(struct view_perfetto **p) { view_perfetto_free(*p); }
must_use struct err *view_perfetto_event(struct view_perfetto *p, const struct trace *t, const struct trace_event *e, struct strbuf *out);
void view_perfetto_end(struct view_perfetto *p, struct strbuf *out);
