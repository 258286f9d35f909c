// A window of a trace in the JSON that Perfetto's and Chrome's viewers open: processors with what ran on them, stops of
// the world, collections, the heap, logs and goroutines' waits as tracks.
#include "views/trace/private.h"

#include <inttypes.h>
#include <stdlib.h>

enum { PID_PROCS = 1, PID_WORLD = 2, PID_GOROUTINES = 3, OPEN_MAX = 1 << 20 };

struct open_slice { int64_t t_ns; bool open; };

struct view_perfetto {
	int64_t first_ns; // what time 0 is
	bool any;
	VEC(struct open_slice) running; // by processor
	struct map *waits;              // goroutine -> since
};

static void json_text(struct trace_str s, struct strbuf *out)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.s[i];
		if (c == '"' || c == '\\')
			strbuf_printf(out, "\\%c", c);
		else if (c < ' ' || c >= 127)
			strbuf_printf(out, "\\u%04x", c);
		else
			strbuf_putc(out, (char)c);
	}
}

static double us(const struct view_perfetto *p, int64_t t_ns) { return (double)(t_ns - p->first_ns) / 1e3; }

static void begin(struct view_perfetto *p, struct strbuf *out, const char *phase, int64_t t_ns, int pid, uint64_t tid)
{
	strbuf_printf(out, "%s{\"ph\":\"%s\",\"ts\":%.3f,\"pid\":%d,\"tid\":%" PRIu64, p->any ? ",\n" : "\n", phase, us(p, t_ns), pid, tid);
	p->any = true;
}

struct view_perfetto *view_perfetto_new(int64_t first_ns, struct strbuf *out)
{
	static const char *const names[] = {"", "processors", "world", "goroutines waiting"};
	struct view_perfetto *p = calloc(1, sizeof(*p));
	if (!p || !(p->waits = map_new())) {
		free(p);
		return NULL;
	}
	p->first_ns = first_ns;
	strbuf_puts(out, "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[");
	for (int pid = PID_PROCS; pid <= PID_GOROUTINES; pid++) {
		begin(p, out, "M", first_ns, pid, 0);
		strbuf_printf(out, ",\"name\":\"process_name\",\"args\":{\"name\":\"%s\"}}", names[pid]);
	}
	return p;
}

void view_perfetto_free(struct view_perfetto *p)
{
	if (!p)
		return;
	vec_fini(&p->running);
	map_free(p->waits);
	free(p);
}

static void where(const struct trace *t, uint64_t stack, struct strbuf *out)
{
	struct trace_stack s = trace_stack(t, stack);
	strbuf_puts(out, ",\"args\":{\"stack\":\"");
	for (uint32_t i = 0; i < s.n; i++) {
		json_text(trace_string(t, s.frames[i].func), out);
		strbuf_printf(out, ":%u%s", s.frames[i].line, i + 1 < s.n ? "\\n" : "");
	}
	strbuf_puts(out, "\"}}");
}

static struct err *run_begin(struct view_perfetto *p, const struct trace_event *e, uint64_t g, struct strbuf *out)
{
	if (e->p < 0)
		return NULL;
	struct err *err = vec_reserve(&p->running, (size_t)e->p + 1, OPEN_MAX, "processors");
	if (err)
		return err;
	while (p->running.len <= (size_t)e->p)
		p->running.at[p->running.len++] = (struct open_slice){0};
	if (p->running.at[e->p].open) {
		begin(p, out, "E", e->t_ns, PID_PROCS, (uint64_t)e->p);
		strbuf_putc(out, '}');
	}
	p->running.at[e->p] = (struct open_slice){e->t_ns, true};
	begin(p, out, "B", e->t_ns, PID_PROCS, (uint64_t)e->p);
	strbuf_printf(out, ",\"name\":\"G%" PRIu64 "\"}", g);
	return NULL;
}

static void run_end(struct view_perfetto *p, const struct trace_event *e, struct strbuf *out)
{
	if (e->p < 0 || (size_t)e->p >= p->running.len || !p->running.at[e->p].open)
		return;
	p->running.at[e->p].open = false;
	begin(p, out, "E", e->t_ns, PID_PROCS, (uint64_t)e->p);
	strbuf_putc(out, '}');
}

static struct err *wait_begin(struct view_perfetto *p, const struct trace *t, const struct trace_event *e, struct strbuf *out)
{
	uint64_t *at = map_at(p->waits, e->g, NULL);
	if (!at)
		return &err_nomem;
	*at = 1;
	begin(p, out, "B", e->t_ns, PID_GOROUTINES, e->g);
	strbuf_puts(out, ",\"name\":\"");
	json_text(trace_string(t, e->args[0]), out);
	strbuf_putc(out, '"');
	where(t, e->args[1], out);
	return NULL;
}

static void wait_end(struct view_perfetto *p, const struct trace_event *e, uint64_t g, struct strbuf *out)
{
	uint64_t open;
	if (!map_find(p->waits, g, &open) || !open)
		return;
	*map_at(p->waits, g, NULL) = 0;
	begin(p, out, "E", e->t_ns, PID_GOROUTINES, g);
	strbuf_putc(out, '}');
}

static void named(struct view_perfetto *p, const struct trace_event *e, const char *phase, uint64_t tid, struct trace_str name, struct strbuf *out)
{
	begin(p, out, phase, e->t_ns, PID_WORLD, tid);
	strbuf_puts(out, ",\"name\":\"");
	json_text(name, out);
	strbuf_puts(out, "\"}");
}

struct err *view_perfetto_event(struct view_perfetto *p, const struct trace *t, const struct trace_event *e, struct strbuf *out)
{
	static const struct trace_str gc = {"collection", 10}, stop = {"", 0};
	struct err *err = NULL;
	switch (e->kind) {
	case TRACE_GO_START: return run_begin(p, e, e->args[0], out);
	case TRACE_GO_BLOCK:
		err = e->g == TRACE_NONE ? NULL : wait_begin(p, t, e, out);
		run_end(p, e, out);
		return err;
	case TRACE_GO_STOP:
	case TRACE_GO_DESTROY:
	case TRACE_GO_DESTROY_SYSCALL:
	case TRACE_PROC_STOP: run_end(p, e, out); return NULL;
	case TRACE_GO_UNBLOCK:
	case TRACE_GO_SWITCH:
	case TRACE_GO_SWITCH_DESTROY: wait_end(p, e, e->args[0], out); return NULL;
	case TRACE_STW_BEGIN: named(p, e, "B", 1, trace_string(t, e->args[0]), out); return NULL;
	case TRACE_STW_END: named(p, e, "E", 1, stop, out); return NULL;
	case TRACE_GC_BEGIN: named(p, e, "B", 2, gc, out); return NULL;
	case TRACE_GC_END: named(p, e, "E", 2, gc, out); return NULL;
	case TRACE_HEAP_ALLOC:
		begin(p, out, "C", e->t_ns, PID_WORLD, 0);
		strbuf_printf(out, ",\"name\":\"heap\",\"args\":{\"bytes\":%" PRIu64 "}}", e->args[0]);
		return NULL;
	case TRACE_USER_LOG: named(p, e, "i", 3, trace_string(t, e->args[2]), out); return NULL;
	case TRACE_USER_TASK_BEGIN:
	case TRACE_USER_TASK_END:
		begin(p, out, e->kind == TRACE_USER_TASK_BEGIN ? "b" : "e", e->t_ns, PID_WORLD, 4);
		strbuf_printf(out, ",\"cat\":\"task\",\"id\":%" PRIu64 ",\"name\":\"", e->args[0]);
		json_text(trace_string(t, e->kind == TRACE_USER_TASK_BEGIN ? e->args[2] : e->args[3]), out);
		strbuf_puts(out, "\"}");
		return NULL;
	default: return NULL;
	}
}

void view_perfetto_end(struct view_perfetto *p, struct strbuf *out)
{
	(void)p;
	strbuf_puts(out, "\n]}\n");
}
