// Times at places as a profile.proto: what `go tool trace -pprof=` makes (src/cmd/trace/pprof.go), from the same waits.
#include "views/trace/private.h"

#include <string.h>
#include <zlib.h>

struct profile {
	struct strbuf body;
	struct interner *strings, *functions, *locations; // ids from 0; functions and locations are written as id + 1
	bool nomem;
};

enum { PROFILE_SAMPLE_TYPE = 1, PROFILE_SAMPLE, PROFILE_LOCATION = 4, PROFILE_FUNCTION, PROFILE_STRING, PROFILE_PERIOD_TYPE = 11, PROFILE_PERIOD };

static void uv(struct strbuf *b, uint64_t x)
{
	for (; x >= 0x80; x >>= 7)
		strbuf_putc(b, (char)(x | 0x80));
	strbuf_putc(b, (char)x);
}

static void number(struct strbuf *b, unsigned field, uint64_t x)
{
	uv(b, field << 3);
	uv(b, x);
}

static void message(struct strbuf *b, unsigned field, const void *bytes, size_t len)
{
	uv(b, field << 3 | 2);
	uv(b, len);
	strbuf_put(b, bytes, len);
}

static uint64_t string_of(struct profile *p, const char *s)
{
	uint32_t id = interner_id(p->strings, s, strlen(s));
	p->nomem |= id == INTERN_NOMEM;
	return id;
}

static void value_type(struct profile *p, unsigned field, const char *type, const char *unit)
{
	cleanup(strbuf_finip) struct strbuf m = {0};
	number(&m, 1, string_of(p, type));
	number(&m, 2, string_of(p, unit));
	message(&p->body, field, strbuf_str(&m), m.len);
}

static uint64_t function_of(struct profile *p, const char *name, const char *file)
{
	uint64_t key[2] = {string_of(p, name), string_of(p, file)};
	uint32_t before = interner_len(p->functions), id = interner_id(p->functions, key, sizeof(key));
	p->nomem |= id == INTERN_NOMEM;
	if (id == before) {
		cleanup(strbuf_finip) struct strbuf m = {0};
		number(&m, 1, id + 1u);
		number(&m, 2, key[0]);
		number(&m, 3, key[0]);
		number(&m, 4, key[1]);
		message(&p->body, PROFILE_FUNCTION, strbuf_str(&m), m.len);
	}
	return id + 1ull;
}

// Frames of one pc may differ, inlined ones do: each is a location of its own.
static uint64_t location_of(struct profile *p, const struct study *s, const struct study_frame *f)
{
	uint64_t function = function_of(p, study_str(s, f->func), study_str(s, f->file));
	uint64_t key[3] = {f->pc, function, f->line};
	uint32_t before = interner_len(p->locations), id = interner_id(p->locations, key, sizeof(key));
	p->nomem |= id == INTERN_NOMEM;
	if (id == before) {
		cleanup(strbuf_finip) struct strbuf m = {0}, line = {0};
		number(&line, 1, function);
		number(&line, 2, f->line);
		number(&m, 1, id + 1u);
		number(&m, 3, f->pc);
		message(&m, 4, strbuf_str(&line), line.len);
		message(&p->body, PROFILE_LOCATION, strbuf_str(&m), m.len);
	}
	return id + 1ull;
}

static bool wanted(const struct study *s, const struct study_wait *w, enum view_profile kind)
{
	const char *reason = study_str(s, w->reason);
	switch (kind) {
	case VIEW_PROFILE_NET: return w->state == TRACE_G_WAITING && !strcmp(reason, "network");
	case VIEW_PROFILE_SYNC:
		return w->state == TRACE_G_WAITING && (strstr(reason, "chan") || strstr(reason, "sync") || strstr(reason, "select"));
	case VIEW_PROFILE_SYSCALL: return w->state == TRACE_G_SYSCALL;
	case VIEW_PROFILE_SCHED: return w->state == TRACE_G_RUNNABLE;
	}
	return false;
}

static void sample(struct profile *p, const struct study *s, const struct study_wait *w)
{
	cleanup(strbuf_finip) struct strbuf m = {0}, list = {0};
	uint32_t n;
	const struct study_frame *f = study_stack(s, w->stack, &n);
	for (uint32_t i = 0; i < n; i++)
		uv(&list, location_of(p, s, &f[i]));
	if (n)
		message(&m, 1, strbuf_str(&list), list.len);
	list.len = 0;
	uv(&list, w->pprof_count);
	uv(&list, (uint64_t)w->pprof_ns);
	message(&m, 2, strbuf_str(&list), list.len);
	message(&p->body, PROFILE_SAMPLE, strbuf_str(&m), m.len);
}

static struct err *gzip(const struct strbuf *in, struct strbuf *out)
{
	z_stream z = {0};
	uint8_t buf[1 << 15];
	if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return &err_nomem;
	z.next_in = (uint8_t *)(uintptr_t)strbuf_str(in);
	z.avail_in = (unsigned)in->len;
	for (int r = Z_OK; r == Z_OK;) {
		z.next_out = buf;
		z.avail_out = sizeof(buf);
		r = deflate(&z, Z_FINISH);
		strbuf_put(out, buf, sizeof(buf) - z.avail_out);
	}
	deflateEnd(&z);
	return strbuf_check(out);
}

struct err *view_trace_profile(const struct study *s, enum view_profile kind, struct strbuf *out)
{
	struct profile p = {.strings = interner_new(), .functions = interner_new(), .locations = interner_new()};
	struct err *err = NULL;
	p.nomem = !p.strings || !p.functions || !p.locations;
	if (!p.nomem) {
		string_of(&p, "");
		value_type(&p, PROFILE_SAMPLE_TYPE, "contentions", "count");
		value_type(&p, PROFILE_SAMPLE_TYPE, "delay", "nanoseconds");
		for (size_t i = 0; i < s->waits.len; i++)
			if (s->waits.at[i].pprof_ns > 0 && wanted(s, &s->waits.at[i], kind))
				sample(&p, s, &s->waits.at[i]);
		value_type(&p, PROFILE_PERIOD_TYPE, "trace", "count");
		number(&p.body, PROFILE_PERIOD, 1);
		for (uint32_t i = 0; !p.nomem && i < interner_len(p.strings); i++) {
			size_t len;
			const char *text = interner_str(p.strings, i, &len);
			message(&p.body, PROFILE_STRING, text, len);
		}
		err = strbuf_check(&p.body);
	}
	if (p.nomem)
		err = &err_nomem;
	if (!err)
		err = gzip(&p.body, out);
	interner_free(p.strings);
	interner_free(p.functions);
	interner_free(p.locations);
	strbuf_fini(&p.body);
	return err;
}
