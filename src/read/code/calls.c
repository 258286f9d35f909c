// What a call does to registers, and what it means for pointers among its arguments.
#include "read/code/parts.h"

#include <string.h>

static const uint8_t args[] = {RAX, RBX, RCX, RDI, RSI, R8, R9, R10, R11}; // integer arguments, in order

// Go keeps nothing in registers across a call but the stack pointer, the frame pointer and g.
static void clobber(struct state *s)
{
	for (unsigned r = 0; r < 16; r++)
		if (r != RSP && r != RBP)
			s->reg[r] = 0;
	while (s->n && s->slot[s->n - 1].key >= SLOT_XMM)
		s->n--;
	s->fresh = 0;
}

static void result(struct state *s, uint8_t reg, val v)
{
	s->reg[reg] = v;
	s->fresh |= 1u << (reg + 16);
}

// The word of a stack object that an argument points to, and the word before: an interface's data and type.
static struct err *pass_stack(struct function *f, const struct state *s, int32_t off, int32_t bytes, uint32_t insn,
			      struct code_sink sink)
{
	struct err *err = NULL;
	for (uint32_t n = 0; n < s->n && !err; n++) {
		int32_t key = s->slot[n].key;
		if (key < off || key >= off + bytes || !val_is_site(s->slot[n].v))
			continue;
		struct code_sink here = sink;
		val before = state_slot(s, key - 8);
		bool boxed = val_kind(before) == V_ADDR && type_of_word(f->code, val_addr(before));
		if (here.kind == CODE_TO_CALL && boxed)
			here.kind = CODE_TO_INTERFACE;
		if (boxed || here.kind != CODE_TO_CALL || key == off)
			err = sink_note(f, s->slot[n].v, insn, here);
	}
	return err;
}

// Argument words of a callee, from its frame: register arguments have spill space there. All nine where not known.
static unsigned words_of(const struct function *f, addr_t callee)
{
	struct gobin_func info;
	struct err *err = gobin_func_find(f->g, callee, &info);
	bool known = !err && info.entry == callee && !(info.flags & GOBIN_ASM) && info.args_bytes >= 0;
	err_free(err);
	return known ? (unsigned)((uint32_t)info.args_bytes / 8) : countof(args);
}

static bool is_reflect(const struct function *f, addr_t callee)
{
	struct gobin_func info;
	struct err *err = callee ? gobin_func_find(f->g, callee, &info) : NULL;
	bool yes = callee && !err && (!strncmp(info.name, "reflect.", 8) || !strncmp(info.name, "internal/reflectlite.", 21));
	err_free(err);
	return yes;
}

// An ordinary callee: every argument that is, or points to a stack object with, a site's pointer.
static struct err *pass_arguments(struct function *f, const struct state *s, uint32_t insn, addr_t callee, bool generic)
{
	bool any = false;
	for (size_t k = 0; k < countof(args) && !any; k++)
		any = val_is_site(s->reg[args[k]]) || val_kind(s->reg[args[k]]) == V_STACK;
	if (!any)
		return NULL;
	struct err *err = NULL;
	unsigned words = callee ? words_of(f, callee) : countof(args);
	struct code_sink sink = {.kind = CODE_TO_CALL, .addr = callee, .reflect = is_reflect(f, callee)};
	for (unsigned k = 0; k < countof(args) && k < words && !err; k++) {
		val v = s->reg[args[k]];
		bool fresh = (s->fresh | s->fresh >> 16) >> args[k] & 1;
		if (!callee && !fresh)
			continue; // left over from before
		if (val_kind(v) == V_STACK) {
			// a slice's length tells how much of the object is passed
			val len = k + 1 < countof(args) ? s->reg[args[k + 1]] : 0;
			int32_t bytes = val_kind(len) == V_CONST && val_off(len) > 0 && val_off(len) < 64 ? 16 * val_off(len) : 16;
			err = pass_stack(f, s, val_off(v), bytes, insn, sink);
			continue;
		}
		struct code_sink here = sink;
		val before = k ? s->reg[args[k - 1]] : 0;
		// before a generic callee's argument may stand its dictionary, which begins with types like an itab
		if (val_kind(before) == V_ADDR && (generic ? is_type(f->code, val_addr(before))
							   : type_of_word(f->code, val_addr(before)) != 0))
			here.kind = CODE_TO_INTERFACE;
		err = sink_note(f, v, insn, here);
	}
	// arguments that did not fit into registers
	if (!err && words > countof(args) && val_kind(s->reg[RSP]) == V_STACK)
		err = pass_stack(f, s, val_off(s->reg[RSP]), 8 * (int32_t)(words < 64 ? words : 64), insn, sink);
	return err;
}

static addr_t type_in(const struct state *s, uint8_t reg)
{
	return reg != NOREG && val_kind(s->reg[reg]) == V_ADDR ? val_addr(s->reg[reg]) : 0;
}

static void read_type(struct function *f, struct code_site *site, const struct entry *row, const struct state *s)
{
	if (row->type == NOREG) {
		if (!row->type_after || site->type_from != CODE_TYPE_AFTER)
			site->type_from = row->type_after ? CODE_TYPE_UNKNOWN : CODE_TYPE_NONE;
		return;
	}
	val v = s->reg[row->type];
	site->type = 0;
	site->type_from = CODE_TYPE_UNKNOWN;
	site->nil_type = val_kind(v) == V_CONST && !val_off(v);
	if (site->nil_type) {
		site->type_from = CODE_TYPE_NONE;
	} else if (val_kind(v) == V_ADDR && is_type(f->code, val_addr(v))) {
		site->type = val_addr(v);
		site->type_from = CODE_TYPE_OPERAND;
	} else if (val_kind(v) == V_LOAD && !val_off(v)) {
		const struct load *l = &f->loads.at[val_id(v)];
		if (val_kind(l->base) == V_PARAM) {
			uint32_t index = (uint32_t)(site - f->code->sites.at);
			for (size_t k = f->code->dict_uses.len; k-- > 0 && f->code->dict_uses.at[k].site >= f->first_site;)
				if (f->code->dict_uses.at[k].site == index)
					return;
			// past the maximum the type stays unknown
			err_free(vec_push(&f->code->dict_uses, SITES_MAX, "dictionary uses",
					  (struct dict_use){index, (uint8_t)val_id(l->base), l->off}));
		}
	}
}

// The function of a func value: a static one is an address of a word in the binary.
static addr_t func_of(const struct function *f, val v)
{
	uint64_t word = 0;
	if (val_kind(v) == V_ADDR) {
		err_free(gobin_read(f->g, val_addr(v), &word, sizeof(word)));
	} else if (val_kind(v) == V_SITE && !val_off(v)) {
		return f->code->sites.at[f->first_site + val_id(v)].started;
	}
	return word >= f->code->text && word < f->code->etext ? word : 0;
}

static struct err *entry_call(struct function *f, uint32_t insn, struct code_site *site, struct state *s)
{
	const struct entry *row = f->code->entries.at[site->entry].row;
	uint32_t id = (uint32_t)(site - f->code->sites.at) - f->first_site;
	struct err *err = NULL;
	read_type(f, site, row, s);
	site->bytes = row->size != NOREG && val_kind(s->reg[row->size]) == V_CONST ? (uint64_t)(uint32_t)val_off(s->reg[row->size]) : 0;
	site->count_known = row->count != NOREG && val_kind(s->reg[row->count]) == V_CONST;
	site->count = site->count_known ? (uint64_t)(uint32_t)val_off(s->reg[row->count]) : 0;
	if (row->buf != NOREG) {
		val b = s->reg[row->buf];
		site->buf = val_kind(b) == V_STACK ? CODE_BUF_STACK : val_kind(b) == V_CONST ? CODE_BUF_NIL : CODE_BUF_NONE;
	}
	val pointer = val_make(V_SITE, id, 0);
	switch (row->kind) {
	case CODE_MAPASSIGN: {
		struct code_sink sink = {.kind = CODE_TO_MAP, .base_type = site->type, .key = true};
		val map = s->reg[RBX], key = s->reg[RCX];
		// make(map) by itself has no type: its first insertion has
		if (val_kind(map) == V_SITE && site->type) {
			struct code_site *made = &f->code->sites.at[f->first_site + val_id(map)];
			if (f->code->entries.at[made->entry].row->kind == CODE_MAKEMAP && !made->type)
				made->type = site->type, made->type_from = CODE_TYPE_AFTER;
		}
		err = val_kind(key) == V_STACK ? pass_stack(f, s, val_off(key), 16, insn, sink) : sink_note(f, key, insn, sink);
		pointer = val_make(V_SLOT, id, 0);
		break;
	}
	case CODE_GO:
	case CODE_DEFER:
		site->started = func_of(f, s->reg[RAX]);
		err = sink_note(f, s->reg[RAX], insn, (struct code_sink){.kind = row->kind == CODE_GO ? CODE_TO_GO : CODE_TO_DEFER});
		pointer = 0;
		break;
	case CODE_GROWSLICE:
	case CODE_MOVESLICE: { // the old backing store goes on living in the new one
		val old = s->reg[row->kind == CODE_GROWSLICE ? RAX : RBX];
		pointer = val_is_site(old) ? val_join(f, pointer, old) : pointer;
		break;
	}
	case CODE_NEW:
		if (!site->is_closure && type_is_closure(f->code, site->type)) {
			site->is_closure = true;
			closure_function(f, insn, site);
		}
		break;
	case CODE_MALLOC:
	case CODE_MAKESLICE:
	case CODE_BOX:
	case CODE_MAKEMAP:
	case CODE_MAKECHAN:
	case CODE_STRING:
	case CODE_REFLECT:
	case CODE_OTHER:
	case CODE_CALL:
	case CODE_ENTRIES:
		break;
	}
	clobber(s);
	result(s, RAX, pointer);
	return err;
}

// chansend1(ch, &elem), selectnbsend(ch, &elem)
static struct err *send(struct function *f, const struct state *s, uint32_t insn)
{
	val ch = s->reg[RAX], elem = s->reg[RBX];
	struct code_sink sink = {.kind = CODE_TO_CHANNEL};
	if (val_kind(ch) == V_SITE)
		sink.base_type = f->code->sites.at[f->first_site + val_id(ch)].type;
	return val_kind(elem) == V_STACK ? pass_stack(f, s, val_off(elem), 64, insn, sink) : NULL;
}

// selectgo(&cases, ...): the first `nsends` of {channel, &elem} are sends
static struct err *select_cases(struct function *f, const struct state *s, uint32_t insn)
{
	val cases = s->reg[RAX], sends = s->reg[RDI];
	struct err *err = NULL;
	if (val_kind(cases) != V_STACK || val_kind(sends) != V_CONST)
		return NULL;
	for (int32_t k = 0; k < val_off(sends) && k < 64 && !err; k++) {
		val elem = state_slot(s, val_off(cases) + 16 * k + 8);
		if (val_kind(elem) == V_STACK)
			err = pass_stack(f, s, val_off(elem), 64, insn, (struct code_sink){.kind = CODE_TO_CHANNEL});
	}
	return err;
}

// typedmemmove(type, dst, src) and wbMove: words of a stack object go to dst.
static struct err *copy(struct function *f, struct state *s, uint32_t insn)
{
	val dst = s->reg[RBX], src = s->reg[RCX];
	struct gobin_type t;
	struct err *err = type_in(s, RAX) ? gobin_type_at(f->g, type_in(s, RAX), &t) : NULL;
	if (!type_in(s, RAX) || err || val_kind(src) != V_STACK || t.size > 4096) {
		err_free(err);
		return NULL;
	}
	for (uint32_t n = 0; n < s->n && !err; n++) {
		int32_t in = s->slot[n].key - val_off(src);
		if (in < 0 || in >= (int32_t)t.size || !val_is_site(s->slot[n].v))
			continue;
		val place = val_kind(dst) == V_ADDR ? val_address(val_addr(dst) + (uint64_t)in)
			  : dst ? val_make(val_kind(dst), val_id(dst), val_off(dst) + in) : 0;
		err = sink_store(f, place, s->slot[n].v, insn);
	}
	return err;
}

struct err *call_step(struct function *f, uint32_t insn, addr_t direct, struct state *s)
{
	uint64_t what = 0;
	bool known = direct && map_find(f->code->callees, direct, &what);
	struct err *err = NULL;
	uint32_t site = f->site_of.at[insn];
	if (site)
		return entry_call(f, insn, &f->code->sites.at[f->first_site + site - 1], s);
	switch (known ? (enum special)(what & 0xff) : SPECIAL_ENTRY) {
	case SPECIAL_BARRIER: // keeps every register but R11: where to put the pointers
		s->reg[R11] = val_make(V_BARRIER, 0, 0);
		return NULL;
	case SPECIAL_DUFF: // clobbers its pointers only
		s->reg[RDI] = s->reg[RSI] = 0;
		return NULL;
	case SPECIAL_SEND:
		err = send(f, s, insn);
		break;
	case SPECIAL_SELECT:
		err = select_cases(f, s, insn);
		break;
	case SPECIAL_COPY:
		err = copy(f, s, insn);
		break;
	case SPECIAL_PLAIN:
		break;
	case SPECIAL_GENERIC:
		for (unsigned k = 0; k < 4 && !err; k++) {
			val v = s->reg[args[k]];
			bool loaded = val_kind(v) == V_LOAD && !val_off(v) && val_kind(f->loads.at[val_id(v)].base) == V_PARAM;
			if (val_kind(v) != V_ADDR && !loaded)
				continue;
			struct dict_pass pass = {.callee = direct, .reg = args[k], .value = loaded ? 0 : v, .caller = f->info.entry};
			if (loaded) {
				pass.from_reg = (uint8_t)val_id(f->loads.at[val_id(v)].base);
				pass.from_off = f->loads.at[val_id(v)].off;
			}
			err = vec_push(&f->code->dict_passes, SITES_MAX, "dictionaries passed", pass);
		}
		if (!err)
			err = pass_arguments(f, s, insn, direct, true);
		break;
	case SPECIAL_ENTRY:
		err = pass_arguments(f, s, insn, direct, false);
		break;
	}
	clobber(s);
	return err;
}
