// Events one by one.
#include "views/trace/trace.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

bool view_events_want(const struct view_events *f, const struct trace_event *e)
{
	if (f->to_ns && (e->t_ns < f->from_ns || e->t_ns > f->to_ns))
		return false;
	if (f->goroutine != TRACE_NONE) {
		bool names = e->kind == TRACE_GO_CREATE || e->kind == TRACE_GO_CREATE_BLOCKED ||
			     e->kind == TRACE_GO_CREATE_SYSCALL || e->kind == TRACE_GO_START ||
			     e->kind == TRACE_GO_UNBLOCK || e->kind == TRACE_GO_STATUS ||
			     e->kind == TRACE_GO_STATUS_STACK || e->kind == TRACE_GO_SWITCH ||
			     e->kind == TRACE_GO_SWITCH_DESTROY;
		if (e->g != f->goroutine && !(names && e->args[0] == f->goroutine))
			return false;
	}
	return !f->kind || strcasestr(trace_spec(e->kind)->name, f->kind);
}

static void put_quoted(struct trace_str s, struct strbuf *out)
{
	strbuf_putc(out, '"');
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.s[i];
		if (c < ' ' || c >= 127 || c == '"' || c == '\\')
			strbuf_printf(out, "\\%02x", c);
		else
			strbuf_putc(out, (char)c);
	}
	strbuf_putc(out, '"');
}

void view_event_raw(const struct trace *t, const struct trace_event *e, struct strbuf *out)
{
	const struct trace_spec *spec = trace_spec(e->kind);
	strbuf_printf(out, "%lld %u %lld %d %lld", (long long)e->t_ns, e->kind, (long long)e->m, e->p, (long long)e->g);
	for (unsigned i = 0; i < spec->n; i++) {
		strbuf_putc(out, ' ');
		if (spec->strings >> i & 1) {
			put_quoted(trace_string(t, e->args[i]), out);
		} else if (spec->stacks >> i & 1) {
			struct trace_stack stack = trace_stack(t, e->args[i]);
			if (!stack.n)
				strbuf_putc(out, '-');
			for (uint32_t j = 0; j < stack.n; j++) {
				struct trace_str func = trace_string(t, stack.frames[j].func);
				strbuf_printf(out, "%s%llx:%.*s", j ? ";" : "", (unsigned long long)stack.frames[j].pc, (int)func.len, func.s);
			}
		} else {
			strbuf_printf(out, "%llu", (unsigned long long)e->args[i]);
		}
	}
	strbuf_putc(out, '\n');
}

// Names of the values that are plain numbers, as Go's sources have them.
static const char *const number_names[TRACE_KIND_MAX + 1][TRACE_ARGS] = {
	[TRACE_PROCS_CHANGE] = {"procs"},
	[TRACE_PROC_START] = {"proc", "seq"},
	[TRACE_PROC_STEAL] = {"proc", "seq", "thread"},
	[TRACE_PROC_STATUS] = {"proc", "status"},
	[TRACE_GO_CREATE] = {"goroutine"},
	[TRACE_GO_CREATE_SYSCALL] = {"goroutine"},
	[TRACE_GO_START] = {"goroutine", "seq"},
	[TRACE_GO_UNBLOCK] = {"goroutine", "seq"},
	[TRACE_GO_SYSCALL_BEGIN] = {"seq"},
	[TRACE_GO_STATUS] = {"goroutine", "thread", "status"},
	[TRACE_GO_STATUS_STACK] = {"goroutine", "thread", "status"},
	[TRACE_GC_ACTIVE] = {"seq"},
	[TRACE_GC_BEGIN] = {"seq"},
	[TRACE_GC_END] = {"seq"},
	[TRACE_GC_SWEEP_ACTIVE] = {"proc"},
	[TRACE_GC_SWEEP_END] = {"swept", "reclaimed"},
	[TRACE_GC_MARK_ASSIST_ACTIVE] = {"goroutine"},
	[TRACE_HEAP_ALLOC] = {"bytes"},
	[TRACE_HEAP_GOAL] = {"bytes"},
	[TRACE_USER_TASK_BEGIN] = {"task", "parent"},
	[TRACE_USER_TASK_END] = {"task"},
	[TRACE_USER_REGION_BEGIN] = {"task"},
	[TRACE_USER_REGION_END] = {"task"},
	[TRACE_USER_LOG] = {"task"},
	[TRACE_GO_SWITCH] = {"goroutine", "seq"},
	[TRACE_GO_SWITCH_DESTROY] = {"goroutine", "seq"},
	[TRACE_GO_CREATE_BLOCKED] = {"goroutine"},
	[TRACE_SPAN] = {"span", "pages", "kind"},
	[129] = {"span", "pages", "kind"},
	[130] = {"span"},
	[131] = {"object", "type"},
	[132] = {"object", "type"},
	[133] = {"object"},
	[134] = {"stack", "order"},
	[135] = {"stack", "order"},
	[136] = {"stack"},
};

void view_event_text(const struct trace *t, const struct trace_event *e, int64_t first_ns, struct strbuf *out)
{
	const struct trace_spec *spec = trace_spec(e->kind);
	char g[24] = "-", p[12] = "-";
	if (e->g != TRACE_NONE)
		snprintf(g, sizeof(g), "%llu", (unsigned long long)e->g);
	if (e->p >= 0)
		snprintf(p, sizeof(p), "%d", e->p);
	strbuf_printf(out, "%15.9f  P %-3s G %-8s %-20s", (double)(e->t_ns - first_ns) / 1e9, p, g, spec->name);
	struct trace_stack where = {0};
	for (unsigned i = 0; i < spec->n; i++) {
		if (spec->strings >> i & 1) {
			struct trace_str s = trace_string(t, e->args[i]);
			if (s.len) {
				strbuf_putc(out, ' ');
				put_quoted(s, out);
			}
		} else if (spec->stacks >> i & 1) {
			where = trace_stack(t, e->args[i]);
		} else if (number_names[e->kind][i] && e->args[i] != TRACE_NONE) {
			strbuf_printf(out, " %s=%llu", number_names[e->kind][i], (unsigned long long)e->args[i]);
		}
	}
	for (uint32_t j = 0; j < where.n && j < 3; j++) {
		struct trace_str func = trace_string(t, where.frames[j].func);
		strbuf_printf(out, "%s%.*s:%u", j ? " < " : "  at ", (int)func.len, func.s, where.frames[j].line);
	}
	strbuf_putc(out, '\n');
}

static void put_json(struct trace_str s, struct strbuf *out)
{
	strbuf_putc(out, '"');
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.s[i];
		if (c == '"' || c == '\\')
			strbuf_printf(out, "\\%c", c);
		else if (c < ' ' || c >= 127) // bytes that need not be UTF-8: as Latin-1, so that the output always is
			strbuf_printf(out, "\\u%04x", c);
		else
			strbuf_putc(out, (char)c);
	}
	strbuf_putc(out, '"');
}

void view_event_json(const struct trace *t, const struct trace_event *e, int64_t first_ns, struct strbuf *out)
{
	const struct trace_spec *spec = trace_spec(e->kind);
	strbuf_printf(out, "{\"t_ns\":%lld,\"at\":%.9f,\"kind\":\"%s\"", (long long)e->t_ns, (double)(e->t_ns - first_ns) / 1e9, spec->name);
	if (e->g != TRACE_NONE)
		strbuf_printf(out, ",\"g\":%llu", (unsigned long long)e->g);
	if (e->p >= 0)
		strbuf_printf(out, ",\"p\":%d", e->p);
	if (e->m != TRACE_NONE)
		strbuf_printf(out, ",\"thread\":%llu", (unsigned long long)e->m);
	unsigned strings = 0;
	struct trace_stack where = {0};
	for (unsigned i = 0; i < spec->n; i++) {
		if (spec->strings >> i & 1) {
			strbuf_puts(out, strings++ ? ",\"value\":" : ",\"text\":");
			put_json(trace_string(t, e->args[i]), out);
		} else if (spec->stacks >> i & 1) {
			where = trace_stack(t, e->args[i]);
		} else if (number_names[e->kind][i] && e->args[i] != TRACE_NONE) {
			strbuf_printf(out, ",\"%s\":%llu", number_names[e->kind][i], (unsigned long long)e->args[i]);
		}
	}
	for (uint32_t j = 0; j < where.n; j++) {
		strbuf_puts(out, j ? ",{\"function\":" : ",\"stack\":[{\"function\":");
		put_json(trace_string(t, where.frames[j].func), out);
		strbuf_puts(out, ",\"file\":");
		put_json(trace_string(t, where.frames[j].file), out);
		strbuf_printf(out, ",\"line\":%u}", where.frames[j].line);
	}
	strbuf_puts(out, where.n ? "]}" : "}");
}
