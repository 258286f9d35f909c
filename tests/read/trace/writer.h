// Lays out execution traces byte by byte, for tests.
#pragma once
#include "base/strbuf.h"
#include "read/trace/trace.h"

#include <string.h>

static inline void w_uv(struct strbuf *b, uint64_t x)
{
	for (; x >= 0x80; x >>= 7)
		strbuf_putc(b, (char)(x | 0x80));
	strbuf_putc(b, (char)x);
}

static inline void w_header(struct strbuf *b, unsigned version)
{
	strbuf_printf(b, "go 1.%02u trace", version);
	strbuf_put(b, "\0\0\0", 3);
}

// A byte, then numbers: an event, a table's entry.
static inline void w_numbers(struct strbuf *b, const uint64_t *x, size_t n)
{
	strbuf_putc(b, (char)x[0]);
	for (size_t i = 1; i < n; i++)
		w_uv(b, x[i]);
}
#define W(b, ...) w_numbers((b), (const uint64_t[]){__VA_ARGS__}, sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))

// v2: puts `body` into a batch and empties it.
static inline void w_batch(struct strbuf *b, uint64_t gen, uint64_t m, uint64_t ts, struct strbuf *body)
{
	W(b, 1, gen, m, ts, body->len);
	strbuf_put(b, strbuf_str(body), body->len);
	body->len = 0;
}

static inline void w_string(struct strbuf *b, uint64_t id, const char *s)
{
	W(b, 5, id, strlen(s));
	strbuf_puts(b, s);
}

// The tables of a generation: strings 1 "chan send", 2 "main.f", 3 "main.go"; stack 1: main.f at main.go:7.
static inline void w_tables(struct strbuf *b, uint64_t gen)
{
	cleanup(strbuf_finip) struct strbuf body = {0};
	strbuf_putc(&body, 2);
	W(&body, 3, 1, 1, 0x1000, 2, 3, 7);
	w_batch(b, gen, TRACE_NONE, 0, &body);
	strbuf_putc(&body, 4);
	w_string(&body, 1, "chan send");
	w_string(&body, 2, "main.f");
	w_string(&body, 3, "main.go");
	w_batch(b, gen, TRACE_NONE, 0, &body);
}

// 1.25 and later: the clock of 64 ns and one snapshot.
static inline void w_sync(struct strbuf *b, uint64_t gen, uint64_t ts)
{
	cleanup(strbuf_finip) struct strbuf body = {0};
	strbuf_putc(&body, 50);
	W(&body, 8, 15625000);
	W(&body, 51, 0, ts * 64 + 5, 1700000000, 42);
	w_batch(b, gen, TRACE_NONE, ts, &body);
}

static inline struct view w_view(const struct strbuf *b)
{
	return (struct view){(const uint8_t *)strbuf_str(b), b->len, "test.trace"};
}

// Everything a trace gives, as one line an event: "kind@ns g/p arg,arg;".
static inline struct err *w_read(struct view v, bool one_thread, struct strbuf *out, struct trace **ret)
{
	const struct trace_event *ev;
	struct trace_options opt = {.one_thread = one_thread};
	size_t n = 0;
	struct err *err = trace_open(v, &opt, ret);
	while (!err && !(err = trace_next(*ret, &ev, &n)) && n)
		for (size_t i = 0; i < n; i++) {
			const struct trace_spec *spec = trace_spec(ev[i].kind);
			strbuf_printf(out, "%s@%lld g%lld p%d", spec->name, (long long)ev[i].t_ns, (long long)ev[i].g, ev[i].p);
			for (unsigned j = 0; j < spec->n; j++)
				strbuf_printf(out, " %lld", (long long)ev[i].args[j]);
			strbuf_putc(out, '\n');
		}
	return err;
}
