// What registers and stack slots hold, and how two paths meet. A pointer of a site that comes by one path only stays
// (it may be there); every other value stays only where both paths agree.
#include "read/code/parts.h"

#include <string.h>

static size_t slot_pos(const struct slot *slots, uint32_t n, int32_t key)
{
	size_t lo = 0, hi = n;
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		if (slots[mid].key < key)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

val state_slot(const struct state *s, int32_t key)
{
	size_t at = slot_pos(s->slot, s->n, key);
	return at < s->n && s->slot[at].key == key ? s->slot[at].v : 0;
}

void state_set_slot(struct state *s, int32_t key, val v)
{
	size_t at = slot_pos(s->slot, s->n, key);
	bool there = at < s->n && s->slot[at].key == key;
	if (there && v) {
		s->slot[at].v = v;
	} else if (there) {
		memmove(&s->slot[at], &s->slot[at + 1], (s->n - at - 1) * sizeof(s->slot[0]));
		s->n--;
	} else if (v && s->n < SLOTS_MAX) { // full: the value is forgotten, which is always allowed
		memmove(&s->slot[at + 1], &s->slot[at], (s->n - at) * sizeof(s->slot[0]));
		s->slot[at] = (struct slot){key, v};
		s->n++;
	}
}

static void set_add(struct set *s, uint32_t site)
{
	unsigned at = 0;
	while (at < s->n && s->site[at] < site)
		at++;
	if (at < s->n && s->site[at] == site)
		return;
	if (s->n == SET_MAX) {
		s->n = UINT8_MAX; // too many: given up
		return;
	}
	memmove(&s->site[at + 1], &s->site[at], (s->n - at) * sizeof(s->site[0]));
	s->site[at] = site;
	s->n++;
}

static void set_add_val(const struct function *f, struct set *s, val v)
{
	if (val_kind(v) == V_SITE) {
		set_add(s, val_id(v));
		return;
	}
	if (val_id(v) == SET_MANY) {
		s->n = UINT8_MAX;
		return;
	}
	const struct set *from = &f->sets.at[val_id(v)];
	for (unsigned k = 0; k < from->n && s->n != UINT8_MAX; k++)
		set_add(s, from->site[k]);
}

static val set_join(struct function *f, val a, val b)
{
	struct set s = {0};
	set_add_val(f, &s, a);
	if (s.n != UINT8_MAX)
		set_add_val(f, &s, b);
	if (s.n == UINT8_MAX)
		return val_make(V_SET, SET_MANY, 0);
	if (s.n == 1)
		return val_make(V_SITE, s.site[0], 0);
	for (size_t k = 0; k < f->sets.len; k++)
		if (f->sets.at[k].n == s.n && !memcmp(f->sets.at[k].site, s.site, s.n * sizeof(s.site[0])))
			return val_make(V_SET, (uint32_t)k, 0);
	struct err *err = vec_push(&f->sets, SETS_MAX, "sets of sites", s);
	if (err) {
		err_free(err);
		return val_make(V_SET, SET_MANY, 0);
	}
	return val_make(V_SET, (uint32_t)f->sets.len - 1, 0);
}

val val_join(struct function *f, val a, val b)
{
	if (a == b)
		return a;
	bool sa = val_is_site(a), sb = val_is_site(b);
	if (sa && sb)
		return set_join(f, a, b);
	return sa ? a : sb ? b : 0;
}

void state_load(const struct saved *from, struct state *ret)
{
	memcpy(ret->reg, from->reg, sizeof(ret->reg));
	ret->fresh = from->fresh;
	ret->n = from->n;
	if (from->n)
		memcpy(ret->slot, from->slot, from->n * sizeof(ret->slot[0]));
}

static struct err *save(struct function *f, struct saved *to, const struct slot *slots, uint32_t n)
{
	if (n > to->cap) {
		uint32_t cap = n + 4;
		struct slot *grown = arena_alloc(f->slots, cap * sizeof(*grown));
		if (!grown)
			return &err_nomem;
		to->slot = grown;
		to->cap = cap;
	}
	if (n)
		memcpy(to->slot, slots, n * sizeof(*slots));
	to->n = n;
	return NULL;
}

struct err *state_join(struct function *f, struct saved *to, const struct state *s, bool *ret_changed)
{
	if (!to->reached) {
		memcpy(to->reg, s->reg, sizeof(to->reg));
		to->fresh = s->fresh;
		to->reached = true;
		*ret_changed = true;
		return save(f, to, s->slot, s->n);
	}
	bool changed = (to->fresh & s->fresh) != to->fresh;
	to->fresh &= s->fresh;
	for (unsigned r = 0; r < 16; r++)
		if (to->reg[r] != s->reg[r]) {
			val v = val_join(f, to->reg[r], s->reg[r]);
			changed |= v != to->reg[r];
			to->reg[r] = v;
		}
	struct slot joined[2 * SLOTS_MAX];
	uint32_t n = 0, a = 0, b = 0;
	while (a < to->n || b < s->n) {
		int64_t ka = a < to->n ? to->slot[a].key : INT64_MAX, kb = b < s->n ? s->slot[b].key : INT64_MAX;
		int64_t key = ka < kb ? ka : kb;
		val va = ka == key ? to->slot[a].v : 0, vb = kb == key ? s->slot[b].v : 0;
		a += ka == key;
		b += kb == key;
		val v = va == vb ? va : val_join(f, va, vb);
		changed |= v != va;
		if (v && n < SLOTS_MAX)
			joined[n++] = (struct slot){(int32_t)key, v};
	}
	*ret_changed = changed;
	return changed ? save(f, to, joined, n) : NULL;
}
