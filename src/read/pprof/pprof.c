// Opening and closing a profile, and telling the forms apart.
#include "read/pprof/pprof.h"
#include "read/pprof/build.h"
#include "read/pprof/forms.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct err *pprof_new(struct pprof **ret)
{
	cleanup(pprof_freep) struct pprof *p = calloc(1, sizeof(*p));
	if (!p || !(p->strings = interner_new()) || interner_id(p->strings, "", 0) != 0)
		return &err_nomem;
	struct err *err = vec_push(&p->labels, PPROF_TABLE_MAX, "label sets", (struct pprof_labels){0});
	if (!err)
		*ret = take(p);
	return err;
}

void pprof_free(struct pprof *p)
{
	if (!p)
		return;
	interner_free(p->strings);
	vec_fini(&p->types);
	vec_fini(&p->comments);
	vec_fini(&p->mappings);
	vec_fini(&p->functions);
	vec_fini(&p->lines);
	vec_fini(&p->locations);
	vec_fini(&p->label_rows);
	vec_fini(&p->labels);
	vec_fini(&p->stack);
	vec_fini(&p->depth);
	vec_fini(&p->label_set);
	vec_fini(&p->values);
	vec_fini(&p->frames);
	vec_fini(&p->goroutines);
	vec_fini(&p->ancestors);
	vec_fini(&p->counts);
	gaps_fini(&p->gaps);
	pprof_drop_index(p);
	free(p);
}

static bool starts(struct view v, const char *with) { return v.len >= strlen(with) && !memcmp(v.data, with, strlen(with)); }

// The first line that is neither empty nor a comment.
static struct view first_line(struct view v)
{
	while (v.len) {
		const uint8_t *nl = memchr(v.data, '\n', v.len);
		size_t len = nl ? (size_t)(nl - v.data) : v.len;
		struct view line = {v.data, len, v.source};
		while (line.len && (*line.data == ' ' || *line.data == '\t' || *line.data == '\r'))
			line.data++, line.len--;
		if (line.len && *line.data != '#')
			return (struct view){v.data, len, v.source};
		v.data += len + !!nl;
		v.len -= len + !!nl;
	}
	return v;
}

static enum pprof_form form_of_plain(struct view v)
{
	struct view head = {v.data, min_u64(v.len, 4096), v.source};
	struct view line = first_line(head);
	if (starts(head, "heap profile:"))
		return PPROF_FORM_HEAP;
	if (starts(head, "--- contentionz ") || starts(head, "--- mutex:") || starts(head, "--- contention:"))
		return PPROF_FORM_CONTENTION;
	if (line.len && memmem(line.data, line.len, " profile: total ", 16))
		return PPROF_FORM_COUNT;
	if (dump_starts(head))
		return PPROF_FORM_DUMP;
	return proto_starts(v) ? PPROF_FORM_PROTO : PPROF_FORM_UNKNOWN;
}

enum pprof_form pprof_form_of(struct view bytes)
{
	uint8_t head[8192];
	size_t len = 0;
	if (!gzip_starts(bytes))
		return form_of_plain(bytes);
	if (!gzip_head(bytes, head, sizeof(head), &len))
		return PPROF_FORM_UNKNOWN;
	return form_of_plain((struct view){head, len, bytes.source});
}

static struct err *read_plain(struct view v, struct inflated *owned, struct pprof *p)
{
	switch (p->form = form_of_plain(v)) {
	case PPROF_FORM_HEAP: return heap_read(v, p);
	case PPROF_FORM_COUNT: return count_read(v, p);
	case PPROF_FORM_CONTENTION: return contention_read(v, p);
	case PPROF_FORM_DUMP: return dump_read(v, p);
	case PPROF_FORM_PROTO: return proto_read(v, owned, p);
	case PPROF_FORM_UNKNOWN: break;
	}
	if (!v.len)
		return err_input(v.source, 0, "empty: a profile was expected");
	return err_input(v.source, 0, "not a profile: neither profile.proto nor a heap, goroutine, mutex or block text");
}

struct err *pprof_read_once(struct view bytes, uint64_t inflated_max, void (*done)(void *ctx), void *ctx, struct pprof **ret)
{
	cleanup(pprof_freep) struct pprof *p = NULL;
	cleanup(inflated_fini) struct inflated inflated = {0};
	struct err *err = pprof_new(&p);
	if (!err && gzip_starts(bytes)) {
		err = gzip_inflate(bytes, inflated_max ? inflated_max : PPROF_INFLATED_MAX, &inflated);
		bytes = (struct view){inflated.data, inflated.len, bytes.source};
		if (!err && done)
			done(ctx);
	}
	if (!err)
		err = read_plain(bytes, inflated.data ? &inflated : NULL, p);
	if (!err)
		*ret = take(p);
	return err;
}

struct err *pprof_read(struct view bytes, uint64_t inflated_max, struct pprof **ret)
{
	return pprof_read_once(bytes, inflated_max, NULL, NULL, ret);
}

struct err *pprof_type_find(const struct pprof *p, const char *name, size_t *ret)
{
	if (!p->types.len)
		return err_new(ERR_INPUT, "the profile has no value types");
	if (!*name) {
		*ret = p->types.len - 1;
		for (size_t i = p->types.len; p->default_type && i-- > 0; )
			if (p->types.at[i].type == p->default_type)
				*ret = i;
		return NULL;
	}
	char *end;
	long n = strtol(name, &end, 10);
	if (!*end) {
		if (n < 0 || (unsigned long)n >= p->types.len)
			return err_new(ERR_USAGE, "sample index %s is outside 0 to %zu", name, p->types.len - 1);
		*ret = (size_t)n;
		return NULL;
	}
	const char *bare = strncmp(name, "inuse_", 6) ? name : name + 6;
	for (size_t i = 0; i < p->types.len; i++) {
		const char *type = pprof_str(p, p->types.at[i].type);
		if (!strcmp(type, name) || !strcmp(type, bare)) {
			*ret = i;
			return NULL;
		}
	}
	struct err *err = err_new(ERR_USAGE, "no sample index '%s': the last of its types is '%s'", name, pprof_str(p, p->types.at[p->types.len - 1].type));
	return err;
}

double pprof_heap_scale_mean(int64_t objects, int64_t bytes, int64_t rate)
{
	return rate <= 1 || !bytes || !objects ? 1 : 1 / (1 - exp(-((double)bytes / (double)objects) / (double)rate));
}

double pprof_heap_scale(int64_t size, int64_t rate) { return pprof_heap_scale_mean(1, size, rate); }
