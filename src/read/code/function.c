// One function: decode, find blocks, follow values to a fixed point, read the sites.
#include "read/code/parts.h"

#include <string.h>

// A function's work is bounded: blocks times visits, and bytes of saved states.
enum { MAX_VISITS = 24, MAX_STATE_BYTES = 64 << 20, AFTER_MAX = 48 };

static struct err *find_sites(struct function *f)
{
	struct code *c = f->code;
	struct err *err = vec_reserve(&f->site_of, f->insns.len + 1, MAX_INSNS + 1, "instructions of a function");
	if (err)
		return err;
	memset(f->site_of.at, 0, f->insns.len * sizeof(f->site_of.at[0]));
	f->first_site = (uint32_t)c->sites.len;
	for (uint32_t k = 0; k < f->insns.len && !err; k++) {
		const struct insn *i = &f->insns.at[k];
		uint64_t what = 0;
		bool direct = i->op == OP_CALL, indirect = i->op == OP_CALL_INDIRECT;
		if (direct && map_find(c->callees, (addr_t)i->value, &what) && (what & 0xff) == SPECIAL_ENTRY)
			what >>= 8;
		else if (c->asked && ((direct && (addr_t)i->value == c->asked) || (indirect && c->asked == CODE_ANY_INDIRECT)))
			what = 0; // the first entry is CODE_CALL's
		else
			continue;
		struct code_site s = {.call = f->info.entry + i->off, .function = f->info.entry, .entry = (uint16_t)what};
		if ((err = vec_push(&c->sites, SITES_MAX, "allocation sites", s)))
			break;
		f->site_of.at[k] = (uint32_t)c->sites.len - f->first_site;
	}
	f->n_sites = (uint32_t)c->sites.len - f->first_site;
	return err;
}

static void entry_state(struct state *s)
{
	static const uint8_t params[] = {RAX, RBX, RCX, RDI, RSI, R8, R9, R10, R11, RDX}; // DX: a closure's own object
	memset(s->reg, 0, sizeof(s->reg));
	s->n = s->fresh = 0;
	for (size_t k = 0; k < countof(params); k++)
		s->reg[params[k]] = val_make(V_PARAM, params[k], 0);
	s->reg[RSP] = val_make(V_STACK, 0, 0);
}

static struct err *leave(struct function *f, uint32_t to, const struct state *s)
{
	if (to == NOBLOCK)
		return NULL;
	bool changed = false;
	struct saved *saved = &f->saved.at[to];
	struct err *err = state_join(f, saved, s, &changed);
	saved->dirty |= changed;
	return err;
}

static struct err *visit(struct function *f, uint32_t b)
{
	struct state s;
	const struct block *block = &f->blocks.at.at[b];
	f->saved.at[b].dirty = false;
	state_load(&f->saved.at[b], &s);
	struct err *err = step_block(f, b, &s);
	for (unsigned k = 0; k < 2 && !err; k++)
		err = leave(f, block->to[k], &s);
	for (uint32_t k = 0; k < block->n_table && !err; k++)
		err = leave(f, f->blocks.targets.at[block->table + k], &s);
	return err;
}

// Blocks in address order, again from the first that changed, which is near reverse postorder in Go's layout.
static struct err *follow(struct function *f)
{
	size_t n = f->blocks.at.len;
	struct err *err = vec_reserve(&f->saved, n, MAX_INSNS, "blocks of a function");
	if (err)
		return err;
	memset(f->saved.at, 0, n * sizeof(f->saved.at[0]));
	struct state s;
	entry_state(&s);
	if ((err = leave(f, 0, &s)))
		return err;
	uint64_t visits = 0;
	for (bool again = true; again;) {
		again = false;
		for (uint32_t b = 0; b < n && !err; b++) {
			if (!f->saved.at[b].dirty)
				continue;
			if (visits++ > MAX_VISITS * (uint64_t)n || arena_bytes(f->slots) > MAX_STATE_BYTES) {
				f->cut = true;
				return NULL;
			}
			err = visit(f, b);
			again = true;
		}
		if (err)
			return err;
		// what nothing known leads to (an unread jump table, recovery): nothing is known there
		for (uint32_t b = 0; b < n && !again; b++)
			if (!f->saved.at[b].reached) {
				memset(&s, 0, sizeof(s.reg) + sizeof(s.fresh) + sizeof(s.n));
				s.reg[RSP] = 0;
				err = leave(f, b, &s);
				again = true;
				break;
			}
		if (err)
			return err;
	}
	return NULL;
}

// convT64 and its kin have no type argument: the interface's first word is loaded soon after. Follows jumps.
static bool fits(const struct code *c, const char *name, addr_t type)
{
	struct gobin_type t;
	struct err *err = gobin_type_at(c->g, type, &t);
	err_free(err);
	if (err)
		return false;
	if (!strcmp(name, "runtime.convTstring"))
		return t.kind == GOBIN_STRING || t.size == 16;
	if (!strcmp(name, "runtime.convTslice"))
		return t.kind == GOBIN_SLICE || t.size == 24;
	return t.size == (!strcmp(name, "runtime.convT16") ? 2u : !strcmp(name, "runtime.convT32") ? 4u : 8u);
}

static void type_after(struct function *f, uint32_t call, struct code_site *s)
{
	const char *name = f->code->entries.at[s->entry].name;
	uint32_t k = call + 1;
	for (unsigned n = 0; n < AFTER_MAX && k < f->insns.len; n++) {
		const struct insn *i = &f->insns.at[k];
		if (i->op == OP_RET || i->op == OP_TRAP || i->op == OP_JUMP_INDIRECT)
			return;
		if (i->op == OP_LEA && i->base == NOREG && i->index == NOREG) {
			addr_t type = type_of_word(f->code, (addr_t)i->value);
			if (type && fits(f->code, name, type)) {
				s->type = type;
				s->type_from = CODE_TYPE_AFTER;
				return;
			}
		}
		k++;
		if (i->op == OP_JUMP) {
			uint32_t to = insn_at(f, (addr_t)i->value);
			if (to == NOBLOCK)
				return;
			k = to;
		}
	}
}

// The function a closure's object starts with: LEAQ f, R; MOVQ R, (AX).
void closure_function(struct function *f, uint32_t call, struct code_site *s)
{
	uint8_t reg = NOREG;
	addr_t func = 0;
	for (uint32_t k = call + 1; k < f->insns.len && k < call + AFTER_MAX / 3; k++) {
		const struct insn *i = &f->insns.at[k];
		if (i->op == OP_LEA && i->base == NOREG && i->index == NOREG && (addr_t)i->value >= f->code->text &&
		    (addr_t)i->value < f->code->etext) {
			func = (addr_t)i->value;
			reg = i->dst;
		} else if (i->op == OP_MOVE && i->dst_on == ON_MEM && i->src_on == ON_REG && i->src == reg && !i->value &&
			   i->base != RSP) {
			s->started = func;
			return;
		} else if (i->op == OP_CALL || i->op == OP_RET) {
			return;
		}
	}
}

static void finish_sites(struct function *f)
{
	for (uint32_t k = 0; k < f->insns.len; k++) {
		if (!f->site_of.at[k])
			continue;
		struct code_site *s = &f->code->sites.at[f->first_site + f->site_of.at[k] - 1];
		const struct entry *row = f->code->entries.at[s->entry].row;
		if (row->type_after)
			type_after(f, k, s);
		if (row->kind == CODE_NEW && s->type) {
			struct gobin_type t;
			struct err *err = gobin_type_at(f->g, s->type, &t);
			if (!err) {
				s->bytes = t.size;
				s->is_closure = type_is_closure(f->code, s->type);
			}
			err_free(err);
		}
	}
}

struct err *code_function(struct code *c, const struct gobin_func *info, struct view bytes)
{
	struct function *f = &c->f;
	f->code = c;
	f->g = c->g;
	f->info = *info;
	f->cut = false;
	f->insns.len = f->sets.len = f->loads.len = f->notes.len = 0;
	arena_free(f->slots);
	if (!(f->slots = arena_new()))
		return &err_nomem;
	struct err *err = decode_function(c->decoder, bytes.data, bytes.len, info->entry, &f->insns);
	if (!err)
		err = find_sites(f);
	if (!err)
		err = blocks_find(f);
	if (!err && f->insns.len) {
		// closures are told by their type before anything is stored into them
		err = follow(f);
	}
	if (err)
		return err_while(err, "following %s", info->name);
	finish_sites(f);
	err = sinks_take(f);
	c->stats.functions_decoded++;
	c->stats.bytes_decoded += bytes.len;
	c->stats.instructions += f->insns.len;
	c->stats.cut_states += f->cut;
	for (uint32_t k = 0; k < f->n_sites; k++) {
		struct code_site *s = &c->sites.at[f->first_site + k];
		s->construct = site_construct(c, s);
	}
	return err;
}
