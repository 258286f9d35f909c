// v1 items as v2 events: after src/internal/trace/tracev1.go (traceV1Converter), so that both formats read alike.
#include "read/trace/v1.h"

#include <string.h>

// Strings that v1 does not write: reasons and kinds of stops, in the order of enum builtin.
enum builtin {
	S_FOREVER, S_PREEMPTED, S_GOSCHED, S_SLEEP, S_SEND, S_RECV, S_NETWORK, S_SYNC, S_COND, S_SELECT, S_EMPTY, S_ASSIST,
	S_STW, // and 16 more
};
static const char *const builtins[] = {
	"forever", "preempted", "runtime.Gosched", "sleep", "chan send", "chan receive", "network", "sync",
	"sync.(*Cond).Wait", "select", "", "GC mark assist wait for work", "", "GC mark termination",
	"GC sweep termination", "write heap dump", "goroutine profile", "goroutine profile cleanup",
	"all goroutine stack trace", "read mem stats", "AllThreadsSyscall", "GOMAXPROCS", "start trace", "stop trace",
	"CountPagesInUse (test)", "ReadMetricsSlow (test)", "ReadMemStatsSlow (test)", "PageCachePagesLeaked (test)",
	"ResetDebugLog (test)",
};
enum { STW_KINDS = 17 };

struct err *v1_convert_init(struct v1 *v)
{
	v->first_builtin++;
	v->initial = true;
	v->last_ns = -1;
	for (size_t i = 0; i < countof(builtins); i++) {
		struct err *err = tables_add_string(&v->t->tables, v->first_builtin + i, builtins[i], strlen(builtins[i]));
		if (err)
			return err;
	}
	return NULL;
}

static uint64_t builtin(const struct v1 *v, unsigned i) { return v->first_builtin + i; }

static int64_t ns_of(const struct v1 *v, uint64_t ts)
{
	double ns = (double)(ts - v->min_ts) * v->ns_per_tick;
	return ts >= v->min_ts && ns < (double)WIRE_NS_MAX ? (int64_t)ns : 0;
}

static uint64_t *thread_of(struct v1 *v, int32_t p, struct err **ret_err)
{
	if (p < 0 || p >= V1_PROCS_MAX)
		return NULL;
	if ((*ret_err = vec_reserve(&v->threads, (size_t)p + 1, V1_PROCS_MAX, "processors of a trace")) ||
	    (*ret_err = vec_reserve(&v->seen_procs, (size_t)p + 1, V1_PROCS_MAX, "processors of a trace")))
		return NULL;
	while (v->threads.len <= (size_t)p)
		v->threads.at[v->threads.len++] = 0;
	while (v->seen_procs.len <= (size_t)p)
		v->seen_procs.at[v->seen_procs.len++] = 0;
	return &v->threads.at[p];
}

static struct trace_event *put(struct v1 *v, int64_t t_ns, unsigned kind, uint64_t g, uint64_t m, int32_t p)
{
	struct trace_event *e = &v->t->block[v->t->n++];
	v->last_ns = wire_after(v->last_ns, t_ns);
	*e = (struct trace_event){.t_ns = v->last_ns, .g = g, .m = m, .p = p, .kind = (uint8_t)kind};
	return e;
}

static void heard_of(struct v1 *v, uint64_t g)
{
	uint64_t at;
	if (map_find(v->created_at, g, &at) && at)
		*map_at(v->created_at, g, NULL) = 0;
}

// The first Gomaxprocs ends the list of what was there: those not heard of since can run.
static bool initial_over(struct v1 *v, int64_t t_ns)
{
	while (v->created.len && v->t->n < BLOCK_EVENTS) {
		uint64_t g = v->created.at[--v->created.len], at;
		if (!map_find(v->created_at, g, &at) || !at)
			continue;
		struct trace_event *e = put(v, t_ns, TRACE_GO_STATUS, TRACE_NONE, TRACE_NONE, -1);
		e->args[0] = g;
		e->args[1] = TRACE_NONE;
		e->args[2] = TRACE_G_RUNNABLE;
	}
	return !v->created.len;
}

static void status(struct trace_event *e, uint64_t g, enum trace_g_status st)
{
	e->kind = TRACE_GO_STATUS;
	e->args[0] = g;
	e->args[1] = TRACE_NONE;
	e->args[2] = st;
}

static void reason(const struct v1 *v, struct trace_event *e, unsigned kind, enum builtin why, uint32_t stack)
{
	e->kind = (uint8_t)kind;
	e->args[0] = builtin(v, why);
	e->args[1] = stack;
}

// Whether Go's reader would take a syscall for a blocking one: a CPU sample of the goroutine in between hides it.
static bool sample_between(const struct v1 *v, const struct v1_item *it)
{
	const struct tables *t = &v->t->tables;
	size_t lo = 0, hi = t->samples.len;
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		if (t->samples.at[mid].ts < it->ts)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; lo < t->samples.len && t->samples.at[lo].ts < it->args[3]; lo++)
		if (t->samples.at[lo].g == it->g)
			return true;
	return false;
}

static struct err *task(struct v1 *v, const struct v1_item *it, struct trace_event *e)
{
	bool fresh;
	uint64_t *at = map_at(v->tasks, it->args[0], &fresh);
	if (!at)
		return &err_nomem;
	e->args[0] = it->args[0];
	if (it->kind == V1_TASK_END) {
		e->kind = TRACE_USER_TASK_END;
		e->args[1] = it->stack;
		e->args[2] = *at ? v->task.at[*at - 1].parent : TRACE_NONE;
		e->args[3] = *at ? v->task.at[*at - 1].name : 0;
		*at = 0;
		return NULL;
	}
	e->kind = TRACE_USER_TASK_BEGIN;
	e->args[1] = it->args[1] ? it->args[1] : TRACE_NONE;
	e->args[2] = it->args[2];
	e->args[3] = it->stack;
	if (!*at) {
		struct err *err = vec_push(&v->task, 1u << 24, "tasks of a trace", (struct v1_task){it->args[1], it->args[2]});
		if (err)
			return err;
		*at = v->task.len;
	}
	return NULL;
}

static void syscall_begin(struct v1 *v, const struct v1_item *it, struct trace_event *e, int64_t t_ns)
{
	e->kind = TRACE_GO_SYSCALL_BEGIN;
	e->args[1] = it->stack;
	if (it->blocks && !sample_between(v, it))
		return;
	// One that did not block has no end in the file: the shortest there is.
	put(v, t_ns + 1, TRACE_GO_SYSCALL_END, it->g, e->m, it->p);
}

// Kinds whose values carry over, with where the stack goes. 0xff: it has none.
static const struct { uint8_t kind, stack; } plain[V1_KINDS] = {
	[V1_GC_START] = {TRACE_GC_BEGIN, 1}, [V1_GC_DONE] = {TRACE_GC_END, 0xff}, [V1_STW_DONE] = {TRACE_STW_END, 0xff},
	[V1_SWEEP_START] = {TRACE_GC_SWEEP_BEGIN, 0}, [V1_SWEEP_DONE] = {TRACE_GC_SWEEP_END, 0xff},
	[V1_GO_END] = {TRACE_GO_DESTROY, 0xff}, [V1_GO_UNBLOCK] = {TRACE_GO_UNBLOCK, 2},
	[V1_GO_UNBLOCK_LOCAL] = {TRACE_GO_UNBLOCK, 2}, [V1_GO_SYS_EXIT] = {TRACE_GO_SYSCALL_END_BLOCKED, 0xff},
	[V1_GO_SYS_EXIT_LOCAL] = {TRACE_GO_SYSCALL_END_BLOCKED, 0xff}, [V1_HEAP_ALLOC] = {TRACE_HEAP_ALLOC, 0xff},
	[V1_HEAP_GOAL] = {TRACE_HEAP_GOAL, 0xff}, [V1_ASSIST_START] = {TRACE_GC_MARK_ASSIST_BEGIN, 0},
	[V1_ASSIST_DONE] = {TRACE_GC_MARK_ASSIST_END, 0xff}, [V1_GO_CREATE] = {TRACE_GO_CREATE, 2},
	[V1_GOMAXPROCS] = {TRACE_PROCS_CHANGE, 1},
};

static const struct { uint8_t kind, why; } blocks[V1_KINDS] = {
	[V1_GO_STOP] = {TRACE_GO_BLOCK, S_FOREVER}, [V1_GO_SCHED] = {TRACE_GO_STOP, S_GOSCHED},
	[V1_GO_PREEMPT] = {TRACE_GO_STOP, S_PREEMPTED}, [V1_GO_SLEEP] = {TRACE_GO_BLOCK, S_SLEEP},
	[V1_GO_BLOCK] = {TRACE_GO_BLOCK, S_EMPTY}, [V1_GO_BLOCK_SEND] = {TRACE_GO_BLOCK, S_SEND},
	[V1_GO_BLOCK_RECV] = {TRACE_GO_BLOCK, S_RECV}, [V1_GO_BLOCK_SELECT] = {TRACE_GO_BLOCK, S_SELECT},
	[V1_GO_BLOCK_SYNC] = {TRACE_GO_BLOCK, S_SYNC}, [V1_GO_BLOCK_COND] = {TRACE_GO_BLOCK, S_COND},
	[V1_GO_BLOCK_NET] = {TRACE_GO_BLOCK, S_NETWORK}, [V1_GO_BLOCK_GC] = {TRACE_GO_BLOCK, S_ASSIST},
};

static struct err *proc(struct v1 *v, const struct v1_item *it, struct trace_event *e)
{
	struct err *err = NULL;
	uint64_t *thread = thread_of(v, it->p, &err);
	bool start = it->kind == V1_PROC_START;
	if (!thread)
		return err;
	e->args[0] = (uint64_t)it->p;
	if (v->seen_procs.at[it->p]) {
		e->kind = start ? TRACE_PROC_START : TRACE_PROC_STOP;
	} else {
		e->kind = TRACE_PROC_STATUS;
		e->args[1] = start ? 1 : 2;
	}
	v->seen_procs.at[it->p] = 1;
	*thread = start ? it->args[0] + 1 : 0;
	if (start)
		e->m = it->args[0];
	return NULL;
}

static struct err *before_start(struct v1 *v, const struct v1_item *it)
{
	bool fresh;
	uint64_t *at = map_at(v->created_at, it->args[0], &fresh);
	if (!at)
		return &err_nomem;
	*at = 1;
	return fresh ? vec_push(&v->created, 1u << 26, "goroutines of a trace", it->args[0]) : NULL;
}

static uint64_t stw_kind(const struct v1 *v, uint64_t kind)
{
	if (v->t->info.version < 21)
		return kind < 2 ? builtin(v, S_STW + 1 + (unsigned)kind) : builtin(v, S_STW);
	return builtin(v, S_STW + (kind < STW_KINDS ? (unsigned)kind : 0));
}

struct err *v1_convert(struct v1 *v, const struct v1_item *it)
{
	struct err *err = NULL;
	if (!v->started) {
		v->started = true;
		v->min_ts = it->ts;
	}
	int64_t t_ns = ns_of(v, it->ts);
	if (v->initial && it->kind == V1_GOMAXPROCS) {
		v->initial = !initial_over(v, t_ns);
		return NULL;
	}
	if (it->kind == V1_GO_SYS_BLOCK || it->kind == V1_FUTILE_WAKEUP)
		return NULL;
	if (v->initial && it->kind == V1_GO_CREATE)
		return before_start(v, it);
	int32_t p = it->kind == V1_GO_SYS_EXIT || it->kind == V1_GO_SYS_EXIT_LOCAL ? V1_SYSCALL_P
		    : it->kind == V1_GC_START				       ? V1_GC_P
										       : it->p;
	if (it->kind == V1_GO_UNBLOCK && map_find(v->timers, it->g, NULL))
		p = V1_TIMER_P;
	const uint64_t *thread = it->kind == V1_CPU_SAMPLE ? NULL : thread_of(v, p, &err);
	if (err)
		return err;
	struct trace_event *e = put(v, t_ns, 0, it->g ? it->g : TRACE_NONE, thread && *thread ? *thread - 1 : TRACE_NONE, p);
	for (unsigned i = 0; i < TRACE_ARGS; i++)
		e->args[i] = it->args[i];
	if (plain[it->kind].kind) {
		e->kind = plain[it->kind].kind;
		if (plain[it->kind].stack != 0xff)
			e->args[plain[it->kind].stack] = it->stack;
		if (it->kind == V1_STW_DONE)
			e->args[0] = v->stw;
		return NULL;
	}
	if (blocks[it->kind].kind) {
		reason(v, e, blocks[it->kind].kind, blocks[it->kind].why, it->stack);
		return NULL;
	}
	switch (it->kind) {
	case V1_PROC_START:
	case V1_PROC_STOP: return proc(v, it, e);
	case V1_STW_START:
		e->kind = TRACE_STW_BEGIN;
		e->args[0] = v->stw = stw_kind(v, it->args[0]);
		e->args[1] = 0;
		return NULL;
	case V1_GO_START:
	case V1_GO_START_LOCAL:
		e->kind = TRACE_GO_START;
		if (v->initial) {
			status(e, it->args[0], TRACE_G_RUNNING);
			heard_of(v, it->args[0]);
		}
		return NULL;
	case V1_GO_START_LABEL:
		e->kind = TRACE_GO_START;
		put(v, t_ns, TRACE_GO_LABEL, it->g, e->m, p)->args[0] = it->args[2];
		return NULL;
	case V1_GO_SYSCALL: syscall_begin(v, it, e, t_ns); return NULL;
	case V1_GO_WAITING:
	case V1_GO_IN_SYSCALL:
		status(e, it->args[0], it->kind == V1_GO_WAITING ? TRACE_G_WAITING : TRACE_G_SYSCALL);
		heard_of(v, it->args[0]);
		return NULL;
	case V1_TASK_CREATE:
	case V1_TASK_END: return task(v, it, e);
	case V1_REGION:
		e->kind = it->args[1] ? TRACE_USER_REGION_END : TRACE_USER_REGION_BEGIN;
		e->args[1] = it->args[2];
		e->args[2] = it->stack;
		return NULL;
	case V1_LOG:
		e->kind = TRACE_USER_LOG;
		e->args[3] = it->stack;
		return NULL;
	default:
		assert(it->kind == V1_CPU_SAMPLE);
		e->kind = TRACE_CPU_SAMPLE;
		e->args[0] = it->stack;
		return NULL;
	}
}
