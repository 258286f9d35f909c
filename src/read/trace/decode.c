// Decoding the timed events of a thread's batches: src/internal/trace/batchcursor.go. No order, no meaning.
#include "read/trace/ahead.h"

#include <stdlib.h>

// Values behind the time, by kind; 0xff: no event that may stand in a batch.
static uint8_t n_args[256];

__attribute__((constructor)) static void fill_n_args(void)
{
	for (unsigned i = 0; i < countof(n_args); i++) {
		const struct trace_spec *spec = i == TRACE_CPU_SAMPLE ? NULL : trace_spec(i);
		n_args[i] = spec ? spec->n : 0xff;
	}
}

static bool next_batch(struct cursor *c)
{
	if (c->batch == UINT32_MAX)
		return false;
	const struct batch_ref *b = &c->batches[c->batch];
	c->w = (struct wire){b->data, b->data + b->len};
	c->t_ns = wire_ns(c->clock, b->ts);
	c->batch = b->next;
	return true;
}

// One event where its end may be the batch's end.
static bool decode_slow(struct wire *w, struct rec *r, uint64_t *ret_dt)
{
	uint8_t kind;
	if (!wire_u8(w, &kind) || n_args[kind] == 0xff || !wire_uv(w, ret_dt))
		return false;
	r->kind = kind;
	for (unsigned i = 0; i < n_args[kind]; i++)
		if (!wire_uv(w, &r->args[i]))
			return false;
	return true;
}

enum { EVENT_BYTES_MAX = 1 + WIRE_UV_MAX * (1 + TRACE_ARGS) };

void chunk_decode(struct cursor *c, struct chunk *ch)
{
	uint32_t n = 0;
	while (n < c->cap) {
		if (c->w.p == c->w.end && !next_batch(c))
			break;
		struct wire w = c->w;
		int64_t t_ns = c->t_ns;
		bool bad = false;
		while (n < c->cap && w.end - w.p >= EVENT_BYTES_MAX) {
			struct rec *r = &ch->recs[n];
			const uint8_t *p = w.p;
			uint8_t kind = *p++, args = n_args[kind];
			uint64_t dt;
			if (__builtin_expect(args == 0xff, 0)) {
				bad = true;
				break;
			}
			p = wire_uv_fast(p, &dt, &bad);
			for (unsigned i = 0; i < args; i++)
				p = wire_uv_fast(p, &r->args[i], &bad);
			if (__builtin_expect(bad, 0))
				break;
			t_ns = wire_add(t_ns, wire_ns(c->clock, dt));
			r->t_ns = t_ns;
			r->kind = kind;
			w.p = p;
			n++;
		}
		while (!bad && n < c->cap && w.p < w.end) {
			uint64_t dt;
			if (!decode_slow(&w, &ch->recs[n], &dt)) {
				bad = true;
				break;
			}
			t_ns = wire_add(t_ns, wire_ns(c->clock, dt));
			ch->recs[n++].t_ns = t_ns;
		}
		if (bad) {
			c->bad_batches++;
			w.p = w.end; // without its length nothing behind it can be read
		}
		c->w = w;
		c->t_ns = t_ns;
	}
	ch->n = n;
	ch->last = n < c->cap;
}

struct cursor *cursor_new(void) { return calloc(1, sizeof(struct cursor)); }

void cursor_free(struct cursor *c)
{
	if (!c)
		return;
	free(c->chunks[0].recs);
	free(c->chunks[1].recs);
	free(c);
}
