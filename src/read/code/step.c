// One instruction's effect on registers and stack slots.
#include "read/code/parts.h"

static val shift(val v, int64_t by)
{
	if (!by)
		return v;
	switch (val_kind(v)) {
	case V_CONST:
		return val_const((int64_t)val_off(v) + by);
	case V_ADDR:
		return val_address(val_addr(v) + (uint64_t)by);
	case V_STACK:
	case V_SITE:
	case V_PARAM: {
		int64_t off = (int64_t)val_off(v) + by;
		return off == (int32_t)off ? val_make(val_kind(v), val_id(v), (int32_t)off) : 0;
	}
	case V_SET:
	case V_SLOT:
	case V_BARRIER:
		return v;
	case V_LOAD: // inside what it points to; the offset is kept where the id leaves room for it
		return val_make(V_LOAD, val_id(v), val_off(v) + (int32_t)by);
	case V_NONE:
		break;
	}
	return 0;
}

// The address a memory operand means. *ret_exact: no index in it.
static val place_of(const struct state *s, const struct insn *i, bool *ret_exact)
{
	*ret_exact = i->index == NOREG;
	if (i->base == NOREG)
		return *ret_exact ? val_address((addr_t)i->value) : 0;
	val base = i->base < 16 ? s->reg[i->base] : 0;
	if (!*ret_exact && !base && i->scale == 1 && i->index < 16)
		return s->reg[i->index]; // base and index are interchangeable then
	return shift(base, i->value);
}

val load_word(struct function *f, const struct state *s, val place)
{
	switch (val_kind(place)) {
	case V_STACK:
		return state_slot(s, val_off(place));
	case V_ADDR:
	case V_PARAM:
	case V_LOAD:
	case V_SITE: {
		// base and offset apart, so that the same word is the same value
		int32_t off = val_kind(place) == V_ADDR ? 0 : val_off(place);
		val base = val_kind(place) == V_ADDR ? place : val_make(val_kind(place), val_id(place), 0);
		for (size_t k = f->loads.len; k-- > 0;)
			if (f->loads.at[k].base == base && f->loads.at[k].off == off)
				return val_make(V_LOAD, (uint32_t)k, 0);
		struct err *err = vec_push(&f->loads, LOADS_MAX, "words loaded", (struct load){base, off});
		err_free(err); // past the maximum: not followed
		return err ? 0 : val_make(V_LOAD, (uint32_t)f->loads.len - 1, 0);
	}
	case V_NONE:
	case V_CONST:
	case V_SET:
	case V_SLOT:
	case V_BARRIER:
		break;
	}
	return 0;
}

static void set_reg(struct state *s, uint8_t reg, val v)
{
	if (reg < 16) {
		s->reg[reg] = v;
		s->fresh |= 1u << reg;
		s->fresh &= ~(1u << (reg + 16));
	} else if (reg < REGS) {
		int32_t key = SLOT_XMM + 16 * (reg - XMM0);
		state_set_slot(s, key, v);
		state_set_slot(s, key + 8, 0);
	}
}

static val reg_word(const struct state *s, uint8_t reg, unsigned word)
{
	if (reg < 16)
		return word ? 0 : s->reg[reg];
	return state_slot(s, SLOT_XMM + 16 * (reg - XMM0) + 8 * (int32_t)word);
}

static struct err *store_word(struct function *f, struct state *s, val place, bool exact, val v, uint32_t insn)
{
	if (val_kind(place) == V_STACK) {
		if (exact)
			state_set_slot(s, val_off(place), v);
		return NULL;
	}
	return val_is_site(v) ? sink_store(f, place, v, insn) : NULL;
}

static struct err *move(struct function *f, struct state *s, const struct insn *i, uint32_t k)
{
	bool exact;
	unsigned words = i->width >= 8 ? i->width / 8u : 1;
	if (words > 2 && i->dst_on == ON_REG) { // 32 bytes at once: not followed
		set_reg(s, i->dst, 0);
		return NULL;
	}
	if (i->dst_on == ON_REG) {
		val v[2] = {0, 0};
		if (i->src_on == ON_IMM)
			v[0] = i->width == 4 ? val_const((int64_t)(uint32_t)i->imm) : val_const(i->imm);
		else if (i->src_on == ON_REG)
			for (unsigned w = 0; w < words; w++)
				v[w] = reg_word(s, i->src, w);
		else if (i->width >= 8)
			for (unsigned w = 0; w < words; w++) {
				val place = place_of(s, i, &exact);
				v[w] = exact ? load_word(f, s, shift(place, 8 * (int64_t)w)) : 0;
			}
		if (i->width == 4 && val_kind(v[0]) != V_CONST)
			v[0] = 0;
		set_reg(s, i->dst, v[0]);
		if (i->dst >= XMM0 && i->dst < REGS && words == 2)
			state_set_slot(s, SLOT_XMM + 16 * (i->dst - XMM0) + 8, v[1]);
		return NULL;
	}
	if (i->dst_on != ON_MEM)
		return NULL;
	val place = place_of(s, i, &exact);
	struct err *err = NULL;
	for (unsigned w = 0; w < words && !err; w++) {
		val v = 0;
		if (i->width >= 8 && i->src_on == ON_REG && words <= 2)
			v = i->src == XMM15 ? val_const(0) : reg_word(s, i->src, w); // X15 is zero in Go code
		else if (i->width == 8 && i->src_on == ON_IMM)
			v = val_const(i->imm);
		if (i->width < 8 && val_kind(place) == V_STACK)
			place = val_make(V_STACK, 0, val_off(place) & ~7);
		err = store_word(f, s, shift(place, 8 * (int64_t)w), exact, v, k);
	}
	return err;
}

static void kill(struct state *s, uint32_t kills)
{
	for (; kills; kills &= kills - 1)
		set_reg(s, (uint8_t)__builtin_ctz(kills), 0);
}

static struct err *returns(struct function *f, struct state *s, uint32_t k)
{
	static const uint8_t results[] = {RAX, RBX, RCX, RDI, RSI, R8, R9, R10, R11};
	struct err *err = NULL;
	for (size_t r = 0; r < countof(results) && !err; r++) {
		bool put = s->fresh >> results[r] & 1;
		err = sink_note(f, s->reg[results[r]], k, (struct code_sink){.kind = put ? CODE_RETURNED : CODE_MAYBE_RETURNED});
	}
	// results that did not fit into registers lie above the return address
	for (uint32_t n = 0; n < s->n && !err; n++)
		if (s->slot[n].key >= 8 && s->slot[n].key < SLOT_XMM)
			err = sink_note(f, s->slot[n].v, k, (struct code_sink){.kind = CODE_RETURNED});
	return err;
}

static struct err *step(struct function *f, struct state *s, uint32_t k)
{
	const struct insn *i = &f->insns.at[k];
	bool exact = false;
	switch ((enum op)i->op) {
	case OP_MOVE:
		return move(f, s, i, k);
	case OP_LEA: {
		val v = place_of(s, i, &exact);
		if (!exact && !val_is_site(v))
			v = 0;
		set_reg(s, i->dst, i->width == 8 ? v : 0);
		return NULL;
	}
	case OP_ADD:
		set_reg(s, i->dst, i->dst < 16 ? shift(s->reg[i->dst], i->imm) : 0);
		return NULL;
	case OP_ZERO:
		set_reg(s, i->dst, val_const(0));
		return NULL;
	case OP_CMOV:
		if (i->dst < 16)
			set_reg(s, i->dst, i->src_on == ON_REG && i->src < 16 ? val_join(f, s->reg[i->dst], s->reg[i->src]) : 0);
		return NULL;
	case OP_XCHG:
		if (i->dst_on == ON_REG && i->src_on == ON_REG && i->dst < 16 && i->src < 16) {
			val v = s->reg[i->dst];
			set_reg(s, i->dst, s->reg[i->src]);
			set_reg(s, i->src, v);
		} else if (i->dst_on == ON_REG || i->src_on == ON_REG) { // an atomic swap: a store and a load
			uint8_t reg = i->dst_on == ON_REG ? i->dst : i->src;
			val v = reg < 16 ? s->reg[reg] : 0;
			val place = place_of(s, i, &exact);
			struct err *err = store_word(f, s, place, exact, v, k);
			set_reg(s, reg, 0);
			return err;
		}
		return NULL;
	case OP_PUSH: {
		val sp = shift(s->reg[RSP], -8), v = i->src_on == ON_REG ? reg_word(s, i->src, 0) : 0;
		s->reg[RSP] = sp;
		if (val_kind(sp) == V_STACK)
			state_set_slot(s, val_off(sp), v);
		return NULL;
	}
	case OP_POP: {
		val v = val_kind(s->reg[RSP]) == V_STACK ? state_slot(s, val_off(s->reg[RSP])) : 0;
		s->reg[RSP] = shift(s->reg[RSP], 8);
		if (i->dst_on == ON_REG)
			set_reg(s, i->dst, v);
		return NULL;
	}
	case OP_CALL:
		return call_step(f, k, (addr_t)i->value, s);
	case OP_CALL_INDIRECT:
		return call_step(f, k, 0, s);
	case OP_RET:
		return returns(f, s, k);
	case OP_OTHER:
		kill(s, i->kills);
		return NULL;
	case OP_JUMP:
	case OP_JUMP_INDIRECT:
	case OP_BRANCH:
	case OP_TRAP:
		return NULL;
	}
	return NULL;
}

struct err *step_block(struct function *f, uint32_t block, struct state *s)
{
	const struct block *b = &f->blocks.at.at[block];
	struct err *err = NULL;
	for (uint32_t k = b->first; k < b->end && !err; k++)
		err = step(f, s, k);
	return err;
}
