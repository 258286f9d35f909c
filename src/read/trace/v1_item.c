// Items of v1: src/internal/trace/internal/tracev1/parser.go (readRawEvent, parseEvent).
#include "read/trace/v1.h"

#include <string.h>

// Values behind the time, and whether one more is a stack.
static const struct { uint8_t args; bool known, stack; } kinds[V1_KINDS] = {
	[V1_GOMAXPROCS] = {1, true, true}, [V1_PROC_START] = {1, true, false}, [V1_PROC_STOP] = {0, true, false},
	[V1_GC_START] = {1, true, true}, [V1_GC_DONE] = {0, true, false}, [V1_STW_START] = {1, true, false},
	[V1_STW_DONE] = {0, true, false}, [V1_SWEEP_START] = {0, true, true}, [V1_SWEEP_DONE] = {2, true, false},
	[V1_GO_CREATE] = {2, true, true}, [V1_GO_START] = {2, true, false}, [V1_GO_END] = {0, true, false},
	[V1_GO_STOP] = {0, true, true}, [V1_GO_SCHED] = {0, true, true}, [V1_GO_PREEMPT] = {0, true, true},
	[V1_GO_SLEEP] = {0, true, true}, [V1_GO_BLOCK] = {0, true, true}, [V1_GO_UNBLOCK] = {2, true, true},
	[V1_GO_BLOCK_SEND] = {0, true, true}, [V1_GO_BLOCK_RECV] = {0, true, true},
	[V1_GO_BLOCK_SELECT] = {0, true, true}, [V1_GO_BLOCK_SYNC] = {0, true, true},
	[V1_GO_BLOCK_COND] = {0, true, true}, [V1_GO_BLOCK_NET] = {0, true, true}, [V1_GO_SYSCALL] = {0, true, true},
	[V1_GO_SYS_EXIT] = {3, true, false}, [V1_GO_SYS_BLOCK] = {0, true, false}, [V1_GO_WAITING] = {1, true, false},
	[V1_GO_IN_SYSCALL] = {1, true, false}, [V1_HEAP_ALLOC] = {1, true, false}, [V1_HEAP_GOAL] = {1, true, false},
	[V1_FUTILE_WAKEUP] = {0, true, false}, [V1_GO_START_LOCAL] = {1, true, false},
	[V1_GO_UNBLOCK_LOCAL] = {1, true, true}, [V1_GO_SYS_EXIT_LOCAL] = {2, true, false},
	[V1_GO_START_LABEL] = {3, true, false}, [V1_GO_BLOCK_GC] = {0, true, true}, [V1_ASSIST_START] = {0, true, true},
	[V1_ASSIST_DONE] = {0, true, false}, [V1_TASK_CREATE] = {3, true, true}, [V1_TASK_END] = {1, true, true},
	[V1_REGION] = {3, true, true}, [V1_LOG] = {2, true, true}, [V1_CPU_SAMPLE] = {3, true, true},
};

bool v1_kind_known(unsigned kind) { return kind < V1_KINDS && kinds[kind].known; }
bool v1_kind_stack(unsigned kind) { return kinds[kind].stack; }
unsigned v1_kind_args(unsigned kind) { return kinds[kind].args; }

// The item whose first byte has just been passed. What has no time (batch, tables) is read by the scan.
bool v1_item_read(struct wire *w, unsigned kind_byte, struct v1_item *it, bool *ret_timed)
{
	unsigned kind = kind_byte & 63, n = (kind_byte >> 6) + 1;
	struct wire body = *w;
	uint64_t len, stack = 0;
	*ret_timed = v1_kind_known(kind);
	if (!*ret_timed)
		return false;
	if (n == 4) {
		if (!wire_uv(w, &len) || len > V1_ITEM_BYTES_MAX || len > (uint64_t)(w->end - w->p))
			return false;
		body = (struct wire){w->p, w->p + len};
		w->p += len;
	} else if (n != kinds[kind].args + kinds[kind].stack + 1u) {
		return false;
	}
	it->kind = (uint8_t)kind;
	if (!wire_uv(&body, &it->ts)) // the difference, for now
		return false;
	for (unsigned i = 0; i < V1_ARGS; i++)
		it->args[i] = 0;
	for (unsigned i = 0; i < kinds[kind].args; i++)
		if (!wire_uv(&body, &it->args[i]))
			return false;
	if (kinds[kind].stack && !wire_uv(&body, &stack))
		return false;
	it->stack = (uint32_t)stack;
	if (n != 4) {
		w->p = body.p;
	} else if (kind == V1_LOG) {
		const uint8_t *at = w->p;
		if (!wire_uv(w, &len) || len > V1_STRING_BYTES_MAX || len > (uint64_t)(w->end - w->p))
			return false;
		it->args[2] = (uint64_t)(uintptr_t)at; // where the message lies; made an id by the caller
		w->p += len;
	}
	return n != 4 || body.p == body.end;
}

void v1_item_apply(struct v1_item *it, uint64_t *ts, uint64_t *g)
{
	*ts += it->ts;
	it->ts = *ts;
	it->g = *g;
	switch (it->kind) {
	case V1_GO_START:
	case V1_GO_START_LOCAL:
	case V1_GO_START_LABEL: it->g = *g = it->args[0]; break;
	case V1_GO_END:
	case V1_GO_STOP:
	case V1_GO_SCHED:
	case V1_GO_PREEMPT:
	case V1_GO_SLEEP:
	case V1_GO_BLOCK:
	case V1_GO_BLOCK_SEND:
	case V1_GO_BLOCK_RECV:
	case V1_GO_BLOCK_SELECT:
	case V1_GO_BLOCK_SYNC:
	case V1_GO_BLOCK_COND:
	case V1_GO_BLOCK_NET:
	case V1_GO_SYS_BLOCK:
	case V1_GO_BLOCK_GC: *g = 0; break;
	case V1_GO_SYS_EXIT:
	case V1_GO_WAITING:
	case V1_GO_IN_SYSCALL: it->g = it->args[0]; break;
	default: break;
	}
}
