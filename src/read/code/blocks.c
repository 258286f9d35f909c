// Where control goes: blocks from branches, calls left inside. A switch's jump table is read from the binary:
// LEAQ table, R; JMP (R)(X*8), entries are code addresses of this function (cmd/compile, since 1.19).
#include "read/code/parts.h"

enum { MAX_TABLE = 4096, MAX_TARGETS = 1 << 18, BACK = 12 };

uint32_t insn_at(const struct function *f, addr_t a)
{
	if (a < f->info.entry || a >= f->info.end)
		return NOBLOCK;
	uint64_t off = a - f->info.entry;
	size_t lo = 0, hi = f->insns.len;
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		if (f->insns.at[mid].off < off)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < f->insns.len && f->insns.at[lo].off == off ? (uint32_t)lo : NOBLOCK;
}

// The table's address, loaded into the jump's base register a few instructions before.
static addr_t table_of(const struct function *f, uint32_t jump)
{
	const struct insn *j = &f->insns.at[jump];
	if (j->src_on != ON_MEM || j->base == NOREG || j->index == NOREG || j->scale != 8)
		return 0;
	for (uint32_t k = jump; k > 0 && jump - k < BACK; k--) {
		const struct insn *i = &f->insns.at[k - 1];
		if (i->op == OP_LEA && i->dst == j->base && i->base == NOREG && i->index == NOREG)
			return (addr_t)i->value + (addr_t)j->value;
		if ((i->dst_on == ON_REG && i->dst == j->base) || (i->kills >> j->base & 1))
			return 0;
	}
	return 0;
}

static struct err *read_table(struct function *f, addr_t table, uint32_t *ret_first, uint32_t *ret_n)
{
	struct err *err = NULL;
	*ret_first = (uint32_t)f->blocks.targets.len;
	*ret_n = 0;
	while (table && !err && *ret_n < MAX_TABLE) {
		uint64_t word;
		struct err *gone = gobin_read(f->g, table + 8 * (uint64_t)*ret_n, &word, sizeof(word));
		uint32_t to = gone ? NOBLOCK : insn_at(f, word);
		err_free(gone);
		if (to == NOBLOCK)
			break;
		err = vec_push(&f->blocks.targets, MAX_TARGETS, "jump table entries", to);
		*ret_n += !err;
	}
	return err;
}

static bool ends_block(const struct insn *i)
{
	return i->op == OP_JUMP || i->op == OP_JUMP_INDIRECT || i->op == OP_BRANCH || i->op == OP_RET || i->op == OP_TRAP;
}

// of_off: per instruction 0, or 1 where a block starts, then the block's number + 1
static struct err *mark(struct function *f)
{
	struct err *err = vec_reserve(&f->blocks.of_off, f->insns.len + 1, MAX_INSNS + 1, "instructions of a function");
	if (err)
		return err;
	uint32_t *starts = f->blocks.of_off.at;
	memset(starts, 0, (f->insns.len + 1) * sizeof(*starts));
	starts[0] = 1;
	for (uint32_t k = 0; k < f->insns.len; k++) {
		const struct insn *i = &f->insns.at[k];
		if (!ends_block(i))
			continue;
		starts[k + 1] = 1;
		if (i->op == OP_JUMP || i->op == OP_BRANCH) {
			uint32_t to = insn_at(f, (addr_t)i->value);
			if (to != NOBLOCK)
				starts[to] = 1;
		} else if (i->op == OP_JUMP_INDIRECT) {
			uint32_t first, n;
			if ((err = read_table(f, table_of(f, k), &first, &n)))
				return err;
			for (uint32_t t = 0; t < n; t++)
				starts[f->blocks.targets.at[first + t]] = 1;
			f->insns.at[k].imm = (int32_t)n; // its entries follow one another in `targets`
		}
	}
	return NULL;
}

struct err *blocks_find(struct function *f)
{
	f->blocks.at.len = f->blocks.targets.len = 0;
	struct err *err = mark(f);
	uint32_t *starts = f->blocks.of_off.at, table = 0;
	for (uint32_t k = 0; !err && k < f->insns.len; k++)
		if (starts[k]) {
			starts[k] = (uint32_t)f->blocks.at.len + 1;
			err = vec_push(&f->blocks.at, MAX_INSNS, "blocks of a function", (struct block){k, k + 1, {NOBLOCK, NOBLOCK}, 0, 0});
		} else {
			f->blocks.at.at[f->blocks.at.len - 1].end = k + 1;
		}
	for (size_t b = 0; !err && b < f->blocks.at.len; b++) {
		struct block *block = &f->blocks.at.at[b];
		const struct insn *last = &f->insns.at[block->end - 1];
		uint32_t next = block->end < f->insns.len ? (uint32_t)b + 1 : NOBLOCK;
		uint32_t to = last->op == OP_JUMP || last->op == OP_BRANCH ? insn_at(f, (addr_t)last->value) : NOBLOCK;
		if (to != NOBLOCK)
			block->to[1] = starts[to] - 1;
		if (!ends_block(last) || last->op == OP_BRANCH)
			block->to[0] = next;
		if (last->op == OP_JUMP_INDIRECT) {
			block->table = table;
			block->n_table = (uint32_t)last->imm;
			table += block->n_table;
		}
	}
	for (size_t t = 0; !err && t < f->blocks.targets.len; t++)
		f->blocks.targets.at[t] = starts[f->blocks.targets.at[t]] - 1;
	return err;
}
