// Spans: what the Go heap is made of (src/runtime/mheap.go: mspan). mheap_.allspans lists every mspan ever made; free ones
// are recycled. mspans lie in fixalloc chunks of 16 KiB, in the order of the list for the most part: neighbours are read as
// one range.
//
// Slots allocated = mspan.allocCount, kept by the runtime with every cached span's own counter. In a span not yet swept
// since the last mark the mark bits say what is live: gcmarkBits, or'ed with the marks inside the page (Green Tea, objects
// of 16 to 512 bytes: the last 128 bytes of the page).
#include "read/goruntime/rt.h"

#include <string.h>

enum {
	PAGE = 8192,
	N_CLASSES = 68,
	BATCH = 1024,         // mspans at a time
	MAX_MSPAN = 512,
	MAX_MARK_BYTES = 128, // 1024 slots of 8 bytes
	INLINE_MARKS = 128,   // bytes at the end of the page
	INLINE_MARKS_AT = 64, // of these
	INLINE_CLASS_AT = 127,
	ARENA_SHIFT = 26,
	IN_USE = 1,
	MANUAL = 2,
	READ_RETRIES = 3,
};

struct one { struct rt_span span; addr_t marks; uint64_t sweepgen; bool stable, inline_marks; };

struct rt_span_state {
	VEC(addr_t) list;
	VEC(uint8_t) bytes;
	VEC(struct one) at;
	VEC(struct rt_range) arenas;
	struct mem_range iov[BATCH * 2];
	uint8_t marks[BATCH][MAX_MARK_BYTES], inlined[BATCH][INLINE_MARKS];
};

void span_state_free(struct rt_span_state *s)
{
	if (!s)
		return;
	vec_fini(&s->list);
	vec_fini(&s->bytes);
	vec_fini(&s->at);
	vec_fini(&s->arenas);
	free(s);
}

static struct err *state_get(struct rt *rt, struct rt_span_state **ret)
{
	struct err *err = NULL;
	if (!rt->spans)
		rt->spans = calloc(1, sizeof(*rt->spans));
	*ret = rt->spans;
	if (!rt->spans)
		return &err_nomem;
	err = vec_reserve(&rt->spans->bytes, BATCH * MAX_MSPAN, BATCH * MAX_MSPAN, "spans");
	return err ? err : vec_reserve(&rt->spans->at, BATCH, BATCH, "spans");
}

// The list itself: growth replaces its backing array and unmaps the old one.
static struct err *read_list(struct rt *rt, struct rt_span_state *s)
{
	struct err *err = NULL;
	for (int i = 0; i < RT_RETRIES; i++) {
		addr_t data = 0;
		uint64_t n = 0;
		err_free(err);
		err = rt_slice(rt, rt_global(rt, G_MHEAP) + rt_off(rt, K_MHEAP_ALLSPANS), 8, RT_MAX_SPANS, "allspans", &data, &n);
		if (!err)
			err = vec_reserve(&s->list, n, RT_MAX_SPANS, "spans");
		if (!err)
			err = mem_read(rt->mem, data, s->list.at, n * sizeof(addr_t));
		s->list.len = err ? 0 : n;
		if (!err || err_kind(err) != ERR_GONE)
			return err;
	}
	return err;
}

// ---- one span -------------------------------------------------------------------------------------------------------

// What a span is, if the bytes make sense. allocated > slots and the like: caught in the middle of a change.
static bool decode(const struct rt *rt, const uint8_t *b, uint64_t heap_sweepgen, struct one *ret)
{
	struct rt_span s = {
		.base = rt_get(rt, K_MSPAN_STARTADDR, b),
		.pages = rt_get(rt, K_MSPAN_NPAGES, b),
		.state = (uint8_t)rt_get(rt, K_MSPAN_STATE, b),
		.span_class = (uint8_t)rt_get(rt, K_MSPAN_SPANCLASS, b),
	};
	*ret = (struct one){.span = s};
	if (s.state > MANUAL)
		return false;
	if (s.state == 0)
		return true;
	if (s.base % PAGE || !s.pages || s.pages > 1ull << 35)
		return false;
	if (s.state == MANUAL) {
		ret->span = s;
		return true;
	}
	uint64_t elem = rt_get(rt, K_MSPAN_ELEMSIZE, b), slots = rt_get(rt, K_MSPAN_NELEMS, b);
	uint64_t allocated = rt_get(rt, K_MSPAN_ALLOCCOUNT, b), free_index = rt_get(rt, K_MSPAN_FREEINDEX, b);
	uint32_t c = s.span_class >> 1;
	if (!elem || !slots || slots > s.pages * PAGE / 8 || elem > s.pages * PAGE / slots || allocated > slots || free_index > slots ||
	    c >= N_CLASSES || (c && elem != rt->class_size[c]))
		return false;
	s.elem_bytes = (uint32_t)min_u64(elem, UINT32_MAX);
	s.slots = (uint32_t)slots;
	s.allocated = s.marked_live = (uint32_t)allocated;
	uint64_t gen = rt_get(rt, K_MSPAN_SWEEPGEN, b);
	s.unswept = (uint32_t)gen == (uint32_t)(heap_sweepgen - 2) || (uint32_t)gen == (uint32_t)(heap_sweepgen + 1);
	ret->span = s;
	ret->marks = rt_known(rt, K_MSPAN_GCMARKBITS) ? rt_get(rt, K_MSPAN_GCMARKBITS, b) : 0;
	ret->inline_marks = rt_known(rt, K_SIZEOF_SPANINLINEMARKBITS) && elem >= 16 && elem <= 512;
	return true;
}

static uint32_t bits(const uint8_t *p, uint32_t n)
{
	uint32_t sum = 0;
	for (uint32_t i = 0; i < n / 8; i++)
		sum += (uint32_t)__builtin_popcount(p[i]);
	return sum + (n % 8 ? (uint32_t)__builtin_popcount(p[n / 8] & ((1u << n % 8) - 1)) : 0);
}

// marked_live of the unswept among at[0..n): whole mark bits in one round. Exactly as many bytes as there are: a block
// may end at the end of a mapping.
static struct err *read_marks(struct rt *rt, struct rt_span_state *s, size_t n)
{
	size_t m = 0;
	for (size_t i = 0; i < n; i++) {
		struct one *o = &s->at.at[i];
		if (!o->span.unswept || !o->marks || o->span.slots > MAX_MARK_BYTES * 8)
			continue;
		size_t len = (o->span.slots + 63) / 64 * 8;
		s->iov[m++] = (struct mem_range){o->marks, s->marks[i], len, 0};
		if (o->inline_marks)
			s->iov[m++] = (struct mem_range){o->span.base + PAGE - INLINE_MARKS, s->inlined[i], INLINE_MARKS, 0};
	}
	struct err *err = rt_readv(rt, s->iov, m);
	for (size_t i = 0, k = 0; !err && i < n; i++) {
		struct one *o = &s->at.at[i];
		if (!o->span.unswept || !o->marks || o->span.slots > MAX_MARK_BYTES * 8)
			continue;
		const struct mem_range *r = &s->iov[k++], *in = o->inline_marks ? &s->iov[k++] : NULL;
		if (r->got != r->len)
			continue;
		if (in && in->got == INLINE_MARKS && s->inlined[i][INLINE_CLASS_AT] == o->span.span_class)
			for (size_t j = 0; j < 63 && j < r->len; j++)
				s->marks[i][j] |= s->inlined[i][INLINE_MARKS_AT + j];
		o->span.marked_live = min_u64(bits(s->marks[i], o->span.slots), o->span.allocated) & UINT32_MAX;
	}
	return err;
}

// Reads list[from, from + n) into at[0..n).
static struct err *read_batch(struct rt *rt, struct rt_span_state *s, size_t from, size_t n, uint64_t sweepgen)
{
	uint32_t size = rt_off(rt, K_SIZEOF_MSPAN);
	size_t m = 0;
	for (size_t i = 0; i < n; i++) {
		addr_t a = s->list.at[from + i];
		struct mem_range *last = m ? &s->iov[m - 1] : NULL;
		if (last && a == last->addr + last->len)
			last->len += size;
		else
			s->iov[m++] = (struct mem_range){a, s->bytes.at + i * size, size, 0};
	}
	struct err *err = rt_readv(rt, s->iov, m);
	for (size_t i = 0; !err && i < m; i++)
		memset((uint8_t *)s->iov[i].buf + s->iov[i].got, 0xff, s->iov[i].len - s->iov[i].got); // no span looks like that
	for (size_t i = 0; !err && i < n; i++) {
		struct one *o = &s->at.at[i];
		uint8_t *b = s->bytes.at + i * size;
		o->stable = decode(rt, b, sweepgen, o);
		for (int k = 0; !err && !o->stable && k < READ_RETRIES; k++) {
			struct mem_range r = {s->list.at[from + i], b, size, 0};
			err = rt->mem->readv(rt->mem->ctx, &r, 1);
			o->stable = !err && r.got == size && decode(rt, b, sweepgen, o);
		}
	}
	return err;
}

static struct err *each(struct rt *rt, bool (*fn)(void *, const struct rt_span *), void *ctx, bool marks, uint64_t *ret_all,
			uint64_t *ret_moving)
{
	struct rt_span_state *s;
	uint32_t sweepgen = 0;
	if (!rt->has_spans)
		return err_new(ERR_UNSUPPORTED, "the spans of this runtime cannot be read");
	struct err *err = state_get(rt, &s);
	if (!err)
		err = read_list(rt, s);
	if (!err)
		err = mem_u32(rt->mem, rt_global(rt, G_MHEAP) + rt_off(rt, K_MHEAP_SWEEPGEN), &sweepgen);
	*ret_all = err ? 0 : s->list.len;
	*ret_moving = 0;
	for (size_t i = 0; !err && i < s->list.len; i += BATCH) {
		size_t n = s->list.len - i < BATCH ? s->list.len - i : BATCH;
		err = read_batch(rt, s, i, n, sweepgen);
		if (!err && marks)
			err = read_marks(rt, s, n);
		for (size_t k = 0; !err && k < n; k++) {
			*ret_moving += !s->at.at[k].stable;
			if (s->at.at[k].stable && !fn(ctx, &s->at.at[k].span))
				return NULL;
		}
	}
	return err ? err_while(err, "reading the spans") : NULL;
}

// ---- the census -----------------------------------------------------------------------------------------------------

static bool sum(void *ctx, const struct rt_span *s)
{
	struct rt_spans *r = ctx;
	uint64_t bytes = s->pages * PAGE;
	if (s->state == MANUAL)
		r->stack_bytes += bytes;
	if (s->state != IN_USE)
		return true;
	uint64_t elem = s->slots == 1 && !(s->span_class >> 1) ? bytes : s->elem_bytes;
	struct rt_class *c = &r->classes[s->span_class >> 1];
	r->in_use++;
	r->pages_in_use_bytes += bytes;
	r->objects += s->allocated;
	r->object_bytes += s->allocated * elem;
	r->free_slot_bytes += (uint64_t)(s->slots - s->allocated) * elem;
	c->elem_bytes = s->span_class >> 1 ? s->elem_bytes : 0;
	c->spans++;
	c->slots += s->slots;
	c->allocated += s->allocated;
	c->bytes_in_use += s->allocated * elem;
	return true;
}

struct err *rt_spans(struct rt *rt, struct rt_spans *ret)
{
	struct rt_spans r = {0};
	struct err *err = each(rt, sum, &r, false, &r.spans, &r.moving);
	if (!err)
		*ret = r;
	return err;
}

struct err *rt_each_span(struct rt *rt, bool (*fn)(void *ctx, const struct rt_span *span), void *ctx)
{
	uint64_t all, moving;
	return each(rt, fn, ctx, true, &all, &moving);
}

// ---- arenas ---------------------------------------------------------------------------------------------------------

static int by_start(const void *a, const void *b)
{
	addr_t x = ((const struct rt_range *)a)->start, y = ((const struct rt_range *)b)->start;
	return x < y ? -1 : x > y;
}

static struct err *add_arenas(struct rt *rt, struct rt_span_state *s, enum rt_key list)
{
	addr_t data = 0;
	uint64_t n = 0;
	if (!rt_known(rt, list))
		return NULL;
	struct err *err = rt_slice(rt, rt_global(rt, G_MHEAP) + rt_off(rt, list), 8, 1 << 22, "arenas", &data, &n);
	for (uint64_t i = 0; !err && i < n; i++) {
		addr_t index, base = rt->arch == GOBIN_AMD64 ? 0xffff800000000000 : 0;
		err = mem_u64(rt->mem, data + i * 8, &index); // arenaIdx is a uint
		if (!err)
			err = vec_push(&s->arenas, 1 << 22, "arenas",
				       (struct rt_range){(index << ARENA_SHIFT) + base, ((index + 1) << ARENA_SHIFT) + base});
	}
	return err;
}

struct err *rt_arenas(struct rt *rt, const struct rt_range **ret, size_t *ret_n)
{
	struct rt_span_state *s;
	if (!rt->has_spans)
		return err_new(ERR_UNSUPPORTED, "the arenas of this runtime cannot be read");
	struct err *err = state_get(rt, &s);
	if (err)
		return err;
	s->arenas.len = 0;
	err = add_arenas(rt, s, K_MHEAP_ALLARENAS); // up to 1.24
	if (!err)
		err = add_arenas(rt, s, K_MHEAP_HEAPARENAS);
	if (!err)
		err = add_arenas(rt, s, K_MHEAP_USERARENAARENAS);
	if (err)
		return err_while(err, "reading the arenas");
	if (s->arenas.len)
		qsort(s->arenas.at, s->arenas.len, sizeof(*s->arenas.at), by_start);
	*ret = s->arenas.at;
	*ret_n = s->arenas.len;
	return NULL;
}
