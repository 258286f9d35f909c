// Bytes -> struct insn, by Zydis. Only what a value can flow through is told apart; of everything else we keep which
// registers it writes.
#include "read/code/parts.h"

#include <Zydis/Zydis.h>
#include <stdlib.h>
#include <string.h>

struct decoder {
	ZydisDecoder z;
};

struct decoder *decoder_new(void)
{
	struct decoder *d = malloc(sizeof(*d));
	if (d && !ZYAN_SUCCESS(ZydisDecoderInit(&d->z, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64))) {
		free(d);
		return NULL;
	}
	return d;
}

void decoder_free(struct decoder *d) { free(d); }

// Our number of a general or vector register, NOREG for others (flags, rip, mask registers).
static uint8_t reg_of(ZydisRegister r)
{
	ZydisRegisterClass c = ZydisRegisterGetClass(r);
	if (c == ZYDIS_REGCLASS_XMM || c == ZYDIS_REGCLASS_YMM || c == ZYDIS_REGCLASS_ZMM) {
		ZyanI8 id = ZydisRegisterGetId(r);
		return id < 16 ? (uint8_t)(XMM0 + id) : NOREG;
	}
	ZydisRegister whole = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, r);
	if (ZydisRegisterGetClass(whole) != ZYDIS_REGCLASS_GPR64)
		return NOREG;
	return (uint8_t)(whole - ZYDIS_REGISTER_RAX);
}

static void kill(struct insn *i, uint8_t reg)
{
	if (reg < 32)
		i->kills |= 1u << reg;
}

// A memory operand; false: one we do not follow (thread-local storage).
static bool memory(struct insn *i, const ZydisDecodedOperand *o, addr_t next)
{
	i->base = i->index = NOREG;
	i->scale = o->mem.scale;
	i->value = o->mem.disp.has_displacement ? o->mem.disp.value : 0;
	if (o->mem.segment == ZYDIS_REGISTER_FS || o->mem.segment == ZYDIS_REGISTER_GS)
		return false;
	if (o->mem.base == ZYDIS_REGISTER_RIP) {
		i->value += (int64_t)next;
		return true;
	}
	if (o->mem.base != ZYDIS_REGISTER_NONE)
		i->base = reg_of(o->mem.base);
	if (o->mem.index != ZYDIS_REGISTER_NONE)
		i->index = reg_of(o->mem.index);
	return true;
}

static bool operand(struct insn *i, const ZydisDecodedOperand *o, addr_t next, uint8_t *ret_on, uint8_t *ret_reg)
{
	switch (o->type) {
	case ZYDIS_OPERAND_TYPE_REGISTER:
		*ret_on = ON_REG;
		*ret_reg = reg_of(o->reg.value);
		return *ret_reg != NOREG;
	case ZYDIS_OPERAND_TYPE_MEMORY:
		*ret_on = ON_MEM;
		return memory(i, o, next);
	case ZYDIS_OPERAND_TYPE_IMMEDIATE:
		*ret_on = ON_IMM;
		i->imm = (int32_t)o->imm.value.s;
		return o->imm.value.s == i->imm || (o->size == 32 && (uint32_t)o->imm.value.u == o->imm.value.u);
	case ZYDIS_OPERAND_TYPE_UNUSED:
	case ZYDIS_OPERAND_TYPE_POINTER:
		break;
	}
	return false;
}

static enum op op_of(ZydisMnemonic m)
{
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wswitch-enum"
	switch (m) {
	case ZYDIS_MNEMONIC_MOV:
	case ZYDIS_MNEMONIC_MOVQ:
	case ZYDIS_MNEMONIC_MOVUPS:
	case ZYDIS_MNEMONIC_MOVUPD:
	case ZYDIS_MNEMONIC_MOVAPS:
	case ZYDIS_MNEMONIC_MOVDQU:
	case ZYDIS_MNEMONIC_MOVDQA:
	case ZYDIS_MNEMONIC_VMOVDQU:
	case ZYDIS_MNEMONIC_VMOVUPS:
		return OP_MOVE;
	case ZYDIS_MNEMONIC_LEA: return OP_LEA;
	case ZYDIS_MNEMONIC_ADD:
	case ZYDIS_MNEMONIC_SUB:
	case ZYDIS_MNEMONIC_INC:
	case ZYDIS_MNEMONIC_DEC:
		return OP_ADD;
	case ZYDIS_MNEMONIC_XOR:
	case ZYDIS_MNEMONIC_XORPS:
	case ZYDIS_MNEMONIC_PXOR:
		return OP_ZERO;
	case ZYDIS_MNEMONIC_CALL: return OP_CALL;
	case ZYDIS_MNEMONIC_JMP: return OP_JUMP;
	case ZYDIS_MNEMONIC_RET: return OP_RET;
	case ZYDIS_MNEMONIC_INT3:
	case ZYDIS_MNEMONIC_UD2:
		return OP_TRAP;
	case ZYDIS_MNEMONIC_PUSH: return OP_PUSH;
	case ZYDIS_MNEMONIC_POP: return OP_POP;
	case ZYDIS_MNEMONIC_XCHG: return OP_XCHG;
	case ZYDIS_MNEMONIC_CMOVB ... ZYDIS_MNEMONIC_CMOVZ: return OP_CMOV;
	default: return OP_OTHER;
	}
#pragma GCC diagnostic pop
}

static void kill_written(struct insn *i, const ZydisDecodedOperand *ops, unsigned n)
{
	for (unsigned k = 0; k < n; k++)
		if (ops[k].type == ZYDIS_OPERAND_TYPE_REGISTER && (ops[k].actions & ZYDIS_OPERAND_ACTION_MASK_WRITE))
			kill(i, reg_of(ops[k].reg.value));
}

// OP_ADD and OP_ZERO only where the form allows; else they just write their destination.
static bool refine(struct insn *i, const ZydisDecodedInstruction *z, const ZydisDecodedOperand *ops)
{
	switch ((enum op)i->op) {
	case OP_ADD:
		if (ops[0].type != ZYDIS_OPERAND_TYPE_REGISTER || z->operand_width != 64)
			return false;
		if (z->mnemonic == ZYDIS_MNEMONIC_INC || z->mnemonic == ZYDIS_MNEMONIC_DEC)
			i->imm = z->mnemonic == ZYDIS_MNEMONIC_INC ? 1 : -1;
		else if (ops[1].type == ZYDIS_OPERAND_TYPE_IMMEDIATE)
			i->imm = z->mnemonic == ZYDIS_MNEMONIC_SUB ? -(int32_t)ops[1].imm.value.s : (int32_t)ops[1].imm.value.s;
		else
			return false;
		i->src_on = ON_IMM;
		return true;
	case OP_ZERO:
		return ops[0].type == ZYDIS_OPERAND_TYPE_REGISTER && ops[1].type == ZYDIS_OPERAND_TYPE_REGISTER &&
		       ops[0].reg.value == ops[1].reg.value;
	case OP_MOVE:
	case OP_CMOV:
	case OP_XCHG:
		return i->width >= 4; // narrower ones keep the rest of the register
	case OP_OTHER:
	case OP_LEA:
	case OP_CALL:
	case OP_CALL_INDIRECT:
	case OP_JUMP:
	case OP_JUMP_INDIRECT:
	case OP_BRANCH:
	case OP_RET:
	case OP_TRAP:
	case OP_PUSH:
	case OP_POP:
		return true;
	}
	return true;
}

static void control(struct insn *i, const ZydisDecodedInstruction *z, const ZydisDecodedOperand *ops, addr_t next)
{
	if (ops[0].type == ZYDIS_OPERAND_TYPE_IMMEDIATE) {
		i->value = (int64_t)(next + (uint64_t)ops[0].imm.value.s);
		return;
	}
	i->op = i->op == OP_CALL ? OP_CALL_INDIRECT : OP_JUMP_INDIRECT;
	uint8_t reg = NOREG;
	operand(i, &ops[0], next, &i->src_on, &reg);
	i->src = reg;
	(void)z;
}

static void translate(struct decoder *d, const ZydisDecoderContext *ctx, const ZydisDecodedInstruction *z, addr_t pc,
		      struct insn *i)
{
	ZydisDecodedOperand ops[ZYDIS_MAX_OPERAND_COUNT];
	addr_t next = pc + z->length;
	i->base = i->index = i->dst = i->src = NOREG;
	if (z->meta.category == ZYDIS_CATEGORY_COND_BR) {
		i->op = OP_BRANCH;
	} else {
		i->op = (uint8_t)op_of(z->mnemonic);
	}
	if (i->op == OP_RET || i->op == OP_TRAP)
		return;
	bool all = i->op == OP_OTHER;
	unsigned n = all ? z->operand_count : z->operand_count_visible;
	if (all && (z->mnemonic == ZYDIS_MNEMONIC_CMP || z->mnemonic == ZYDIS_MNEMONIC_TEST || z->mnemonic == ZYDIS_MNEMONIC_NOP))
		return;
	if (!ZYAN_SUCCESS(ZydisDecoderDecodeOperands(&d->z, ctx, z, ops, (ZyanU8)n)))
		n = 0;
	if (i->op == OP_CALL || i->op == OP_JUMP || i->op == OP_BRANCH) {
		if (n)
			control(i, z, ops, next);
		return;
	}
	if (all || n < 1) {
		kill_written(i, ops, n);
		return;
	}
	i->width = (uint8_t)(ops[0].size / 8);
	bool ok = operand(i, &ops[0], next, &i->dst_on, &i->dst);
	if (ok && n > 1 && i->op != OP_LEA)
		ok = operand(i, &ops[1], next, &i->src_on, &i->src);
	else if (ok && n > 1)
		ok = memory(i, &ops[1], next);
	if (i->op == OP_PUSH) { // its operand is a source
		i->src_on = i->dst_on, i->src = i->dst;
		i->dst_on = ON_NONE;
	}
	if (ok && refine(i, z, ops))
		return;
	i->op = OP_OTHER;
	kill_written(i, ops, n);
}

struct err *decode_function(struct decoder *d, const uint8_t *bytes, size_t len, addr_t entry, insns *ret)
{
	for (size_t off = 0; off < len;) {
		ZydisDecoderContext ctx;
		ZydisDecodedInstruction z;
		struct insn i = {.off = (uint32_t)off};
		if (ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(&d->z, &ctx, bytes + off, len - off, &z))) {
			i.len = z.length;
			translate(d, &ctx, &z, entry + off, &i);
		} else {
			i.len = 1;
			i.op = OP_TRAP;
		}
		struct err *err = vec_push(ret, MAX_INSNS, "instructions of a function", i);
		if (err)
			return err;
		off += i.len;
	}
	return NULL;
}
