// The handle: which format it is, gaps, strings that are kept.
#include "read/trace/v1.h"
#include "read/trace/v2.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEADER_BYTES = 16 };

static struct err *header(struct view b, unsigned *ret_version)
{
	char head[HEADER_BYTES + 1] = {0};
	struct err *err = view_bytes(b, 0, head, HEADER_BYTES);
	if (err)
		return err_while(err, "reading the trace's header");
	if (memcmp(head, "go 1.", 5))
		return err_input(b.source, 0, "not an execution trace: 'go 1.NN trace' wanted");
	unsigned n = 0, digits = 0;
	for (; digits < 2 && head[5 + digits] >= '0' && head[5 + digits] <= '9'; digits++)
		n = n * 10 + (unsigned)(head[5 + digits] - '0');
	if (!digits || memcmp(head + 5 + digits, " trace\0\0\0", digits == 2 ? 9 : 10))
		return err_input(b.source, 5, "not an execution trace: 'go 1.NN trace' wanted");
	*ret_version = n;
	return NULL;
}

struct err *trace_open(struct view bytes, const struct trace_options *opt, struct trace **ret)
{
	cleanup(trace_closep) struct trace *t = NULL;
	unsigned version = 0;
	struct err *err = header(bytes, &version);
	if (err)
		return err;
	if (version < 11)
		return err_new(ERR_UNSUPPORTED, "%s: execution traces of Go 1.%u are not read; 1.11 and later are", bytes.source, version);
	if (version > 26)
		return err_new(ERR_UNSUPPORTED, "%s: trace format 'go 1.%u' is not known; the newest known is 'go 1.26'", bytes.source, version);
	if (!(t = calloc(1, sizeof(*t))) || !(t->kept = interner_new()))
		return &err_nomem;
	t->bytes = bytes;
	if (opt)
		t->opt = *opt;
	t->info.version = version;
	t->info.clock = version >= 22 ? TRACE_CLOCK_MONOTONIC : TRACE_CLOCK_TICKS;
	if ((err = version < 22 ? v1_open(t, &t->v1) : v2_open(t, &t->v2)))
		return err;
	*ret = take(t);
	return NULL;
}

void trace_close(struct trace *t)
{
	if (!t)
		return;
	v1_close(t->v1);
	v2_close(t->v2);
	tables_fini(&t->tables);
	interner_free(t->kept);
	gaps_fini(&t->gaps);
	free(t);
}

struct err *trace_next(struct trace *t, const struct trace_event **ret, size_t *ret_n)
{
	t->n = 0;
	struct err *err = t->v1 ? v1_next(t->v1) : v2_next(t->v2);
	if (err)
		return err;
	*ret = t->block;
	*ret_n = t->n;
	return NULL;
}

const struct trace_info *trace_info(const struct trace *t) { return &t->info; }
const struct gaps *trace_gaps(const struct trace *t) { return &t->gaps; }
uint64_t trace_generation(const struct trace *t) { return t->gen; }

struct trace_str trace_string(const struct trace *t, uint64_t id)
{
	struct trace_str s = {"", 0};
	if (!(id & KEPT_BIT)) {
		uint64_t off = id & ~INLINE_BIT, len;
		if (!(id & INLINE_BIT) || !t->v1 || off >= t->bytes.len)
			return tables_string(&t->tables, id);
		struct wire w = {t->bytes.data + off, t->bytes.data + t->bytes.len};
		if (wire_uv(&w, &len) && len <= (uint64_t)(w.end - w.p))
			s = (struct trace_str){(const char *)w.p, len};
		return s;
	}
	if ((id & ~KEPT_BIT) < interner_len(t->kept))
		s.s = interner_str(t->kept, (uint32_t)(id & ~KEPT_BIT), &s.len);
	return s;
}

struct trace_stack trace_stack(const struct trace *t, uint64_t id) { return tables_stack(&t->tables, id); }

struct err *trace_keep(struct trace *t, struct trace_str s, uint64_t *ret)
{
	uint32_t id = interner_id(t->kept, s.s, s.len);
	if (id == INTERN_NOMEM)
		return &err_nomem;
	*ret = id | KEPT_BIT;
	return NULL;
}

void trace_gap_at(struct trace *t, enum gap_code code, uint64_t off, const char *what)
{
	char detail[128];
	if (what)
		snprintf(detail, sizeof(detail), "at byte %llu: %s", (unsigned long long)off, what);
	else
		snprintf(detail, sizeof(detail), "%llu", (unsigned long long)off);
	gap_add(&t->gaps, code, t->bytes.source, detail);
}
