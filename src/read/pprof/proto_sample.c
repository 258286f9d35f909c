// profile.proto, second pass: the samples. This is the loop that large profiles are made of.
#include "read/pprof/proto.h"

#include <sys/mman.h>

enum { RELEASE_STEP = 4 << 20, LABELS_MAX = 4096 };

struct sample_reader {
	struct proto *d;
	VEC(struct pprof_label) labels;
	int64_t values[PPROF_TYPES_MAX];
	size_t n_values;
};

// What grows large is faulted in by 2 MiB at a time, where the system allows it.
static void huge_pages(void *at, size_t bytes)
{
	uintptr_t from = ((uintptr_t)at + 4095) & ~(uintptr_t)4095, to = ((uintptr_t)at + bytes) & ~(uintptr_t)4095;
	if (bytes >= 8 << 20)
		madvise((void *)from, to - from, MADV_HUGEPAGE);
}

static struct err *no_location(const struct proto *d, const uint8_t *at, uint64_t id)
{
	return err_input(d->v.source, (uint64_t)(at - d->v.data), "a sample has location %llu, which is not there", (unsigned long long)id);
}

static struct err *read_locations(struct proto *d, const struct field *f)
{
	struct pprof *p = d->p;
	struct cur c = cur_of(f->data, f->len);
	struct err *err;
	uint64_t id;
	uint32_t row;
	if (f->wire == WIRE_VARINT)
		return (row = ids_find(&d->locations, f->x)) == PPROF_NONE ? no_location(d, f->data ? f->data : d->v.data, f->x) : build_frame(p, row);
	// No more ids than bytes: one check for all of them.
	if (f->len > p->frames.cap - p->frames.len && (err = vec_reserve(&p->frames, p->frames.len + f->len, PPROF_FRAMES_MAX, "stack frames")))
		return err;
	uint32_t *to = p->frames.at + p->frames.len;
	uint64_t in_order = d->locations.in_order ? d->location_ids.len : 0;
	while (c.p < c.end) {
		if (!cur_varint(&c, &id))
			return proto_err(d, c.p, c.why);
		if (id - 1 < in_order) {
			*to++ = (uint32_t)(id - 1);
			continue;
		}
		if ((row = ids_find(&d->locations, id)) == PPROF_NONE)
			return no_location(d, c.p, id);
		*to++ = row;
	}
	p->frames.len = (size_t)(to - p->frames.at);
	return NULL;
}

static struct err *read_values(struct sample_reader *s, const struct field *f)
{
	struct cur c = cur_of(f->data, f->len);
	uint64_t x = f->x;
	bool one = f->wire == WIRE_VARINT;
	while (one || c.p < c.end) {
		if (!one && !cur_varint(&c, &x))
			return proto_err(s->d, c.p, c.why);
		if (s->n_values < PPROF_TYPES_MAX)
			s->values[s->n_values] = (int64_t)x;
		s->n_values++;
		if (one)
			break;
	}
	return NULL;
}

static struct err *read_label(struct sample_reader *s, const struct field *f)
{
	struct cur c = cur_of(f->data, f->len);
	uint64_t key = 0, str = 0, num = 0, unit = 0;
	for (struct field g; cur_field(&c, &g); ) {
		if (g.number > 4)
			continue;
		if (g.wire != WIRE_VARINT)
			return proto_err(s->d, c.p, NULL);
		switch (g.number) {
		case 1: key = g.x; break;
		case 2: str = g.x; break;
		case 3: num = g.x; break;
		case 4: unit = g.x; break;
		}
	}
	struct pprof_label row = {.num = str ? 0 : (int64_t)num, .is_num = !str};
	struct err *err;
	if (c.why)
		return proto_err(s->d, c.p, c.why);
	if ((err = proto_string(s->d, f->data, key, &row.key)) || (err = proto_string(s->d, f->data, str, &row.str)) ||
	    (err = proto_string(s->d, f->data, str ? 0 : unit, &row.unit)))
		return err;
	if (!str && !num && !unit)
		return NULL; // a label without a value is none
	return vec_push(&s->labels, LABELS_MAX, "labels in one sample", row);
}

static struct err *read_sample(struct sample_reader *s, const struct field *sample)
{
	struct proto *d = s->d;
	struct cur c = cur_of(sample->data, sample->len);
	size_t stack = d->p->frames.len;
	uint32_t labels = 0;
	struct err *err = NULL;
	s->n_values = 0;
	s->labels.len = 0;
	for (struct field f; !err && cur_field(&c, &f); ) {
		if (f.number > 3)
			continue;
		if (f.wire != WIRE_BYTES && (f.wire != WIRE_VARINT || f.number == 3))
			return proto_err(d, c.p, NULL);
		switch (f.number) {
		case 1: err = read_locations(d, &f); break;
		case 2: err = read_values(s, &f); break;
		case 3: err = read_label(s, &f); break;
		}
	}
	if (err || c.why)
		return err ? err : proto_err(d, c.p, c.why);
	if (s->n_values != d->p->types.len)
		return err_input(d->v.source, (uint64_t)(sample->data - d->v.data), "a sample has %zu values, the profile has %zu value types", s->n_values, d->p->types.len);
	if (s->labels.len && (err = build_labels(d->p, s->labels.at, s->labels.len, &labels)))
		return err;
	size_t depth = d->p->frames.len - stack;
	if ((err = build_stack(d->p, stack, &stack)))
		return err;
	return build_sample_at(d->p, stack, depth, s->values, labels);
}

// All of it at once: what is not written to costs nothing, and nothing is ever moved.
static struct err *make_room(struct proto *d)
{
	struct pprof *p = d->p;
	struct err *err;
	if ((err = vec_reserve(&p->frames, d->varints + 64, PPROF_FRAMES_MAX, "stack frames")) ||
	    (err = vec_reserve(&p->stack, d->samples, PPROF_SAMPLES_MAX, "samples")) || (err = vec_reserve(&p->depth, d->samples, PPROF_SAMPLES_MAX, "samples")) ||
	    (err = vec_reserve(&p->label_set, d->samples, PPROF_SAMPLES_MAX, "samples")) ||
	    (err = vec_reserve(&p->values, d->samples * p->types.len, (size_t)PPROF_SAMPLES_MAX * PPROF_TYPES_MAX, "values")))
		return err;
	huge_pages(p->frames.at, p->frames.cap * sizeof(*p->frames.at));
	huge_pages(p->values.at, p->values.cap * sizeof(*p->values.at));
	return NULL;
}

struct err *proto_samples(struct proto *d)
{
	struct sample_reader s = {.d = d};
	struct cur c = cur_of(d->v.data, d->v.len);
	const uint8_t *release = c.p + RELEASE_STEP;
	struct err *err = build_index(d->p);
	if (!err)
		err = make_room(d);
	for (struct field f; !err && cur_field(&c, &f); ) {
		if (f.number == 2)
			err = read_sample(&s, &f);
		if (d->owned && c.p >= release) {
			inflated_release(d->owned, (size_t)(f.data ? f.data - d->v.data : 0));
			release = c.p + RELEASE_STEP;
		}
	}
	vec_fini(&s.labels);
	return err;
}
