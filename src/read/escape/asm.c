// -S listings: calls into the runtime's allocation entries with the operands that a straight line before the call
// puts into registers.
//
//	pkg.f STEXT [dupok] size=N ... funcid=0xN        fields in another order since 1.27: not read
//	<tab>0xPC DDDDD (FILE:LINE)<tab>OP<tab>ARGS
//	<tab>HEX BYTES, <tab>rel ...                      skipped
#include "read/escape/parts.h"

enum { REGS = 16 };
static const char *const reg_names[REGS] = {"AX", "BX", "CX", "DX", "SI", "DI", "BP", "SP",
					     "R8", "R9", "R10", "R11", "R12", "R13", "R14", "R15"};
enum { AX, BX, CX, DX, SI };

struct operand {
	enum { NOTHING, TYPE, NUMBER, STACK } what;
	struct span type;
	uint64_t number;
};

struct listing {
	const char *function;
	struct operand reg[REGS];
	ptrdiff_t untyped; // index of a call whose type comes after it (the interface's first word); -1 none
};

// Where each entry has its type, size and buffer. A type register of -1: none.
static const struct { const char *name; bool prefix; int type, size, buf; bool after; } entries[] = {
	{"newobject", false, AX, -1, -1, false},
	{"mallocgc", true, BX, AX, -1, false},
	{"growslice", true, SI, -1, -1, false},
	{"makeslice", true, AX, -1, -1, false},
	{"moveSlice", true, AX, -1, -1, false},
	{"convTnoptr", false, AX, -1, -1, false},
	{"convT", false, AX, -1, -1, false},
	{"convT", true, -1, -1, -1, true},
	{"makemap_small", false, -1, -1, -1, false},
	{"makemap", true, AX, -1, -1, false},
	{"mapassign", true, AX, -1, -1, false},
	{"makechan", true, AX, -1, -1, false},
	{"newproc", false, -1, -1, -1, false},
	{"deferproc", true, -1, -1, -1, false},
	{"concatstring", true, -1, -1, AX, false},
	{"concatbyte", true, -1, -1, AX, false},
	{"slicebytetostring", false, -1, -1, AX, false},
	{"stringtoslicebyte", false, -1, -1, AX, false},
	{"slicerunetostring", false, -1, -1, AX, false},
	{"stringtoslicerune", false, -1, -1, AX, false},
	{"intstring", false, -1, -1, AX, false},
};

static ptrdiff_t entry_find(struct span name)
{
	if (!span_eat(&name, "runtime."))
		return -1;
	for (size_t i = 0; i < countof(entries); i++)
		if (entries[i].prefix ? span_starts(name, entries[i].name) : span_is(name, entries[i].name))
			return (ptrdiff_t)i;
	return -1;
}

static int reg_of(struct span s)
{
	for (int i = 0; i < REGS; i++)
		if (span_is(s, reg_names[i]))
			return i;
	return -1;
}

static struct operand operand_parse(const struct listing *l, struct span op, struct span src)
{
	struct span s = src;
	if (span_is(op, "LEAQ") && span_eat(&s, "type:") && span_eat_end(&s, "(SB)")) {
		span_eat(&s, "noalg.");
		return (struct operand){.what = TYPE, .type = s};
	}
	// the first word of a non-empty interface: go:itab.T,I
	if (span_is(op, "LEAQ") && span_eat(&s, "go:itab.")) {
		ptrdiff_t comma = span_rfind(s, ",");
		if (comma > 0)
			return (struct operand){.what = TYPE, .type = span_cut(s, (size_t)comma)};
	}
	if (span_is(op, "LEAQ") && span_eat_end(&s, "(SP)"))
		return (struct operand){.what = STACK};
	if ((span_is(op, "MOVL") || span_is(op, "MOVQ")) && span_eat(&s, "$")) {
		uint64_t n;
		if (span_number(&s, &n) && !s.len)
			return (struct operand){.what = NUMBER, .number = n};
	}
	int reg = reg_of(src);
	if (reg >= 0 && span_is(op, "MOVQ"))
		return l->reg[reg];
	return (struct operand){.what = NOTHING};
}

static struct err *call(struct escape *e, struct listing *l, ptrdiff_t kind, struct span name, struct escape_pos pos,
			uint32_t pc)
{
	struct escape_call c = {.function = l->function, .entry = keep_name(e, name), .file = pos.file,
				.line = pos.line, .pc = pc, .type = ""};
	int type = entries[kind].type, size = entries[kind].size, buf = entries[kind].buf;
	if (type >= 0 && l->reg[type].what == TYPE)
		c.type = keep_name(e, l->reg[type].type);
	c.nil_type = type >= 0 && l->reg[type].what == NUMBER && !l->reg[type].number;
	if (size >= 0 && l->reg[size].what == NUMBER)
		c.size = l->reg[size].number;
	if (buf >= 0 && l->reg[buf].what == STACK)
		c.buf = ESCAPE_BUF_STACK;
	else if (buf >= 0 && l->reg[buf].what == NUMBER)
		c.buf = ESCAPE_BUF_NIL;
	l->untyped = entries[kind].after ? (ptrdiff_t)e->calls.len : -1;
	return vec_push(&e->calls, CALLS_MAX, "allocation calls", c);
}

static struct err *instruction(struct escape *e, struct listing *l, struct span op, struct span args,
			       struct escape_pos pos, uint32_t pc)
{
	if (span_is(op, "CALL")) {
		struct err *err = NULL;
		struct span name = args;
		l->untyped = -1;
		if (span_eat_end(&name, "(SB)")) {
			ptrdiff_t kind = entry_find(name);
			if (kind >= 0)
				err = call(e, l, kind, name, pos, pc);
		}
		memset(l->reg, 0, sizeof(l->reg));
		return err;
	}
	if (span_is(op, "RET") || span_is(op, "TEXT")) {
		memset(l->reg, 0, sizeof(l->reg));
		l->untyped = -1;
		return NULL;
	}
	if (span_starts(op, "CMP") || span_starts(op, "TEST") || span_starts(op, "J") || span_starts(op, "BT"))
		return NULL;
	ptrdiff_t comma = span_rfind(args, ", ");
	int dst = reg_of(comma < 0 ? args : span_skip(args, (size_t)comma + 2));
	if (dst < 0)
		return NULL;
	struct span src = comma < 0 ? args : span_cut(args, (size_t)comma);
	if (span_starts(op, "XOR") && reg_of(src) == dst)
		l->reg[dst] = (struct operand){.what = NUMBER, .number = 0};
	else
		l->reg[dst] = operand_parse(l, op, src);
	if (l->reg[dst].what == TYPE && l->untyped >= 0) {
		e->calls.at[l->untyped].type = keep_name(e, l->reg[dst].type);
		l->untyped = -1;
	}
	return NULL;
}

// <tab>0xPC DDDDD (FILE:LINE)<tab>OP<tab>ARGS
static struct err *read_line(struct escape *e, struct listing *l, struct span line, bool *ret_known)
{
	uint64_t pc, number;
	*ret_known = false;
	if (!span_eat(&line, "\t")) {
		ptrdiff_t text = span_find(line, " STEXT ");
		if (text < 0) { // data symbols, package headers, -m lines between
			*ret_known = span_starts(line, "# ") || span_find(line, " size=") > 0;
			return NULL;
		}
		*l = (struct listing){.function = keep_name(e, span_cut(line, (size_t)text)), .untyped = -1};
		*ret_known = true;
		return NULL;
	}
	*ret_known = span_starts(line, "0x") || span_starts(line, "rel ");
	ptrdiff_t open = span_find(line, " ("), close = span_find(line, ")\t");
	if (!l->function || !span_starts(line, "0x") || open < 0 || close < open)
		return NULL;
	struct span at = span_cut(span_skip(line, (size_t)open + 2), (size_t)(close - open - 2));
	ptrdiff_t colon = span_rfind(at, ":"), blank = span_find(line, " ");
	struct span dec = span_skip(line, (size_t)blank + 1), digits = span_skip(at, (size_t)colon + 1);
	if (colon < 0 || !span_number(&dec, &pc) || !span_number(&digits, &number) || pc > UINT32_MAX || number > UINT32_MAX)
		return NULL;
	struct span rest = span_skip(line, (size_t)close + 2);
	ptrdiff_t tab = span_find(rest, "\t");
	struct span op = tab < 0 ? rest : span_cut(rest, (size_t)tab);
	struct span args = tab < 0 ? (struct span){"", 0} : span_skip(rest, (size_t)tab + 1);
	struct escape_pos pos = {keep_name(e, span_cut(at, (size_t)colon)), (uint32_t)number, 0};
	return instruction(e, l, op, args, pos, (uint32_t)pc);
}

struct err *escape_add_asm(struct escape *e, struct view text, uint64_t *ret_understood)
{
	struct listing l = {.untyped = -1};
	size_t off = 0;
	struct span line;
	*ret_understood = 0;
	while (line_next(text, &off, &line)) {
		bool known = true;
		struct err *err = line.len ? read_line(e, &l, line, &known) : NULL;
		if (err)
			return err;
		*ret_understood += known && line.len;
		e->ignored += !known;
	}
	return NULL;
}
