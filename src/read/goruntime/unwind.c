// Stacks of goroutines that do not run. Source: src/runtime/traceback.go (unwinder.next), go1.27.
//
// sp + delta(pc) is the slot of the return address (amd64); on arm64 the link register is saved at sp, and a leaf's is in
// g.sched.lr. A frame that cannot be read or named ends the stack: never guessed.
#include "read/goruntime/gor.h"

#include <string.h>

enum { MAX_PCS = 4 << 20 };

static struct pc_info look_up(struct rt *rt, addr_t pc)
{
	struct pc_info info = {0};
	struct gobin_func f;
	struct err *err = gobin_func_find(rt->g, pc - rt->bias, &f);
	if (!err) {
		err = gobin_pcsp(rt->g, &f, pc - rt->bias, &info.delta);
		info.known = !err;
		info.entry = f.entry + rt->bias;
		info.flags = f.flags;
		// The frame above these was interrupted at its pc, not at a call.
		info.exact_above = !strcmp(f.name, "runtime.sigpanic") || !strcmp(f.name, "runtime.asyncPreempt");
	}
	err_free(err);
	return info;
}

static struct err *info_of(struct rt *rt, addr_t pc, struct pc_info *ret)
{
	struct rt_gor *gor = rt->gor;
	bool fresh;
	uint64_t *slot = map_at(gor->pcs, pc, &fresh);
	if (!slot)
		return &err_nomem;
	if (fresh) {
		*slot = gor->infos.len;
		struct err *err = vec_push(&gor->infos, MAX_PCS, "program counters", look_up(rt, pc));
		if (err)
			return err;
	}
	*ret = gor->infos.at[*slot];
	return NULL;
}

static bool stack_word(const struct gor_item *it, addr_t addr, uint64_t *ret)
{
	if (addr < it->sp || addr - it->sp > it->stack_len || it->stack_len - (addr - it->sp) < 8)
		return false;
	memcpy(ret, it->stack + (addr - it->sp), 8);
	return true;
}

struct err *gor_unwind(struct rt *rt, struct gor_item *it, struct rt_census *c)
{
	struct rt_goroutine *out = &it->out;
	addr_t pc = it->pc, sp = it->sp;
	bool exact = false; // pc is where it was interrupted, not a return address
	out->stack_at = c->pcs.len;
	out->stack_partial = true;
	for (unsigned i = 0; i < GOR_MAX_FRAMES && pc; i++) {
		struct pc_info info;
		struct err *err = info_of(rt, exact ? pc : pc - 1, &info);
		if (!err && !i && (!info.known || pc == info.entry || pc - 1 < info.entry)) { // not started yet: pc is the entry
			exact = true;
			err = info_of(rt, pc, &info);
		}
		if (err)
			return err;
		if (!info.known)
			break;
		if ((err = vec_push(&c->pcs, 256u << 20, "return addresses", exact ? pc + 1 : pc)))
			return err;
		out->n_stack++;
		if (info.flags & GOBIN_TOP_FRAME) {
			out->stack_partial = false;
			break;
		}
		if (i && (info.flags & GOBIN_SP_WRITE))
			break;
		addr_t slot = sp + (uint64_t)info.delta;
		uint64_t ret;
		if (rt->arch == GOBIN_ARM64) {
			if (!info.delta && !i && rt_known(rt, K_G_SCHED_LR))
				ret = rt_get(rt, K_G_SCHED_LR, it->g);
			else if (!stack_word(it, sp, &ret))
				break;
			sp = slot;
		} else {
			if (!stack_word(it, slot, &ret))
				break;
			sp = slot + 8;
		}
		exact = info.exact_above;
		pc = ret;
	}
	return NULL;
}
