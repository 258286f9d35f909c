// Heap text, debug=1: runtime/pprof's writeHeapInternal and the C++ form that google/pprof's legacy_profile.go reads.
// The numbers are raw samples; they are scaled here as pprof scales them, and kept raw beside (p->counts).
#include "read/pprof/forms.h"
#include "read/pprof/text.h"

#include <stdlib.h>

struct heap {
	struct pprof *p;
	struct view v;
	struct text_stack stack;
	bool scaled;      // by the sampling rate
	bool has_alloc;
	uint32_t bytes;   // the string "bytes"
	bool open;        // a sample was begun
	int64_t values[4], counts[2], size;
};

// "IN_OBJECTS: IN_BYTES [OBJECTS: BYTES] @"
static bool four(struct line *l, int64_t ret[4])
{
	static const char *const after[] = {":", "[", ":", "]"};
	for (int i = 0; i < 4; i++) {
		line_spaces(l);
		if (!line_integer(l, &ret[i]))
			return false;
		line_spaces(l);
		if (!line_take(l, after[i]))
			return false;
	}
	line_spaces(l);
	return line_take(l, "@");
}

// " heap/1048576" and its older forms.
static struct err *read_rate(struct heap *h, struct line l)
{
	int64_t rate = 0;
	line_spaces(&l);
	const char *word = l.s;
	while (l.s < l.end && *l.s != '/' && *l.s != ' ')
		l.s++;
	struct line name = {word, l.s, 0};
	if (line_take(&l, "/") && !line_integer(&l, &rate))
		return text_err(h->v, &l, "a sampling rate wanted behind the '/'");
	size_t len = line_left(&name);
	h->scaled = true;
	h->p->period = rate;
	if (len == 4 && line_starts(&name, "heap"))
		h->p->period = rate / 2; // Go writes twice its rate, for the sake of old readers
	else if ((len == 7 && line_starts(&name, "heap_v2")) || (len == 8 && line_starts(&name, "heapz_v2")))
		;
	else if (line_starts(&name, "heapprofile") || line_starts(&name, "growth") || line_starts(&name, "fragmentation"))
		h->p->period = 1, h->scaled = false;
	else
		return text_err(h->v, &name, "an unknown kind of heap profile");
	return NULL;
}

static struct err *read_header(struct heap *h, struct lines *ls)
{
	struct line l;
	int64_t n[4];
	struct err *err;
	struct pprof *p = h->p;
	if (!lines_next(ls, &l) || !line_take(&l, "heap profile:") || !four(&l, n))
		return text_err(h->v, &l, "a heap profile begins with 'heap profile: N: N [N: N] @ heap/RATE'");
	if ((err = read_rate(h, l)))
		return err;
	h->has_alloc = (n[2] != n[0] && n[2]) || (n[3] != n[1] && n[3]);
	if (h->has_alloc) {
		if ((err = build_type(p, "alloc_objects", "count")) || (err = build_type(p, "alloc_space", "bytes")) ||
		    (err = build_type(p, "inuse_objects", "count")) || (err = build_type(p, "inuse_space", "bytes")))
			return err;
	} else if ((err = build_type(p, "objects", "count")) || (err = build_type(p, "space", "bytes"))) {
		return err;
	}
	p->raw = true;
	if ((err = build_string(p, "space", 5, &p->period_type.type)) || (err = build_string(p, "bytes", 5, &p->period_type.unit)))
		return err;
	h->bytes = p->period_type.unit;
	return NULL;
}

static struct err *scale(struct heap *h, const struct line *l, int64_t objects, int64_t bytes, int64_t ret[2])
{
	if (!objects && bytes)
		return text_err(h->v, l, "a sample of 0 objects has bytes");
	ret[0] = objects;
	ret[1] = bytes;
	if (!objects)
		return NULL;
	h->size = bytes / objects;
	if (!h->scaled || h->p->period <= 1 || !bytes)
		return NULL;
	double s = pprof_heap_scale_mean(objects, bytes, h->p->period);
	ret[0] = (int64_t)((double)objects * s);
	ret[1] = (int64_t)((double)bytes * s);
	return NULL;
}

static struct err *end_sample(struct heap *h)
{
	struct pprof *p = h->p;
	size_t at = p->frames.len;
	uint32_t labels;
	struct pprof_label size = {.key = h->bytes, .num = h->size, .is_num = true};
	struct err *err;
	if (!h->open)
		return NULL;
	h->open = false;
	if ((err = text_frames(p, &h->stack)) || (err = build_labels(p, &size, 1, &labels)) ||
	    (err = build_sample(p, at, h->has_alloc ? h->values : h->values + 2, labels)))
		return err;
	for (int i = 0; !err && i < 2; i++)
		err = vec_push(&p->counts, PPROF_SAMPLES_MAX, "samples", h->counts[i]);
	return err;
}

static struct err *begin_sample(struct heap *h, struct line l)
{
	int64_t n[4];
	struct line at = l;
	struct err *err;
	if (!four(&at, n))
		return text_err(h->v, &l, "a sample 'N: N [N: N] @ 0x...' wanted");
	h->stack.pcs.len = h->stack.symbols.len = 0;
	h->open = true;
	h->size = 0;
	h->counts[0] = n[0];
	h->counts[1] = n[2];
	if ((h->has_alloc && (err = scale(h, &l, n[2], n[3], h->values))) || (err = scale(h, &l, n[0], n[1], h->values + 2)))
		return err;
	if ((err = text_pcs(&h->stack, &at)))
		return err_while(err, "%s+0x%llx", h->v.source, (unsigned long long)l.off);
	return NULL;
}

// Leaves the reader behind the samples; *ret_maps: a memory map follows.
static struct err *read_samples(struct heap *h, struct lines *ls, bool *ret_maps)
{
	struct err *err = NULL;
	for (struct line l; !err && lines_next(ls, &l); ) {
		line_spaces(&l);
		if (line_starts(&l, "MAPPED_LIBRARIES:") || line_starts(&l, "--- Memory map: ---")) {
			*ret_maps = true;
			break;
		}
		if (line_starts(&l, "# runtime.MemStats")) {
			memstats_read(ls, &h->p->memstats);
			break;
		}
		if (l.s == l.end)
			continue;
		if (*l.s == '#') {
			err = h->open ? text_symbol(h->p, &h->stack, l) : NULL;
			continue;
		}
		if (!(err = end_sample(h)))
			err = begin_sample(h, l);
	}
	return err ? err : end_sample(h);
}

struct err *heap_read(struct view v, struct pprof *p)
{
	struct heap h = {.p = p, .v = v};
	struct lines ls = {v, 0};
	bool maps = false;
	struct err *err = build_index(p);
	if (!err && !(err = read_header(&h, &ls)))
		err = read_samples(&h, &ls, &maps);
	text_stack_fini(&h.stack);
	return err || !maps ? err : text_maps(p, &ls);
}
