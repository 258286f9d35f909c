// Attaching: where the image lies, what is where in it, and whether that holds on this target.
#include "read/goruntime/rt.h"

#include <string.h>

static const uint16_t class_to_size[68] = { // internal/runtime/gc/sizeclasses.go: the same from 1.21 to 1.27
	0,    8,    16,   24,   32,   48,   64,   80,    96,    112,   128,   144,   160,   176,   192,   208,   224,
	240,  256,  288,  320,  352,  384,  416,  448,   480,   512,   576,   640,   704,   768,   896,   1024,  1152,
	1280, 1408, 1536, 1792, 2048, 2304, 2688, 3072,  3200,  3456,  4096,  4864,  5376,  6144,  6528,  6784,  6912,
	8192, 9472, 9728, 10240, 10880, 12288, 13568, 14336, 16384, 18432, 19072, 20480, 21760, 24576, 27264, 28672, 32768,
};

const struct gaps *rt_gaps(const struct rt *rt) { return &rt->gaps; }
const struct gobin *rt_gobin(const struct rt *rt) { return rt->g; }
addr_t rt_bias(const struct rt *rt) { return rt->bias; }
bool rt_has_memstats(const struct rt *rt) { return rt->has_memstats; }
bool rt_has_buckets(const struct rt *rt) { return rt->has_buckets; }
bool rt_has_goroutines(const struct rt *rt) { return rt->has_goroutines; }
bool rt_has_spans(const struct rt *rt) { return rt->has_spans; }

bool rt_in_text(const struct rt *rt, addr_t pc)
{
	const struct gobin_moduledata *md = gobin_moduledata(rt->g);
	return pc - rt->bias >= md->text && pc - rt->bias < md->etext;
}

// ---- bias -----------------------------------------------------------------------------------------------------------

// The moduledata lies at md->addr + bias, and says so: its first word, minpc and maxpc are the file's, moved by bias.
static bool bias_fits(const struct rt *rt, const struct gobin_moduledata *md, addr_t bias)
{
	enum { MIN_PC_OFF = 160 }; // since 1.18; maxpc, text and etext follow
	uint64_t first, pcs[4];
	struct err *err = mem_u64(rt->mem, md->addr + bias, &first);
	if (!err)
		err = mem_read(rt->mem, md->addr + bias + MIN_PC_OFF, pcs, sizeof(pcs));
	if (err)
		return err_free(err), false;
	return first == md->pc_header + bias && pcs[0] == md->min_pc + bias && pcs[1] == md->max_pc + bias;
}

static struct err *find_bias(struct rt *rt)
{
	const struct gobin_moduledata *md = gobin_moduledata(rt->g);
	const struct gobin_segment *seg;
	size_t n_seg = gobin_segments(rt->g, &seg), n;
	if (!md)
		return err_new(ERR_UNSUPPORTED, "the executable's moduledata was not found");
	if (bias_fits(rt, md, 0))
		return NULL;
	const struct target_map *maps = target_maps(rt->target, &n);
	for (size_t i = 0; i < n && n_seg; i++) {
		addr_t bias = maps[i].start - (seg[0].addr & ~(addr_t)4095);
		if ((!i || maps[i].start != maps[i - 1].end || !maps[i].off) && bias_fits(rt, md, bias)) {
			rt->bias = bias;
			return NULL;
		}
	}
	return err_new(ERR_UNSUPPORTED, "the executable does not belong to this memory: its moduledata is nowhere in it");
}

// ---- reading helpers ------------------------------------------------------------------------------------------------

struct err *rt_readv(struct rt *rt, struct mem_range *ranges, size_t n)
{
	struct err *err = NULL;
	for (size_t i = 0; !err && i < n; i += RT_IOV)
		err = rt->mem->readv(rt->mem->ctx, ranges + i, n - i < RT_IOV ? n - i : RT_IOV);
	return err;
}

struct err *rt_slice(struct rt *rt, addr_t addr, uint32_t elem, uint64_t max, const char *what, addr_t *ret_data, uint64_t *ret_len)
{
	uint64_t a[3], b[3];
	uint8_t last[8];
	for (int i = 0; i < RT_RETRIES; i++) {
		struct err *err = mem_read(rt->mem, addr, a, sizeof(a));
		if (!err)
			err = mem_read(rt->mem, addr, b, sizeof(b));
		if (err)
			return err_while(err, "reading %s", what);
		if (!memcmp(a, b, sizeof(a)) && a[1] <= a[2] && a[1] <= max) {
			err = a[1] ? mem_read(rt->mem, a[0] + (a[1] - 1) * elem, last, elem < 8 ? elem : 8) : NULL;
			if (err)
				return err_while(err, "reading %s", what);
			*ret_data = a[0];
			*ret_len = a[1];
			return NULL;
		}
	}
	return err_new(ERR_INPUT, "%s at 0x%llx is no slice: length %llu, capacity %llu", what, (unsigned long long)addr,
		       (unsigned long long)a[1], (unsigned long long)a[2]);
}

struct err *rt_ps(struct rt *rt)
{
	addr_t data = 0;
	uint64_t n = 0;
	struct err *err = rt_slice(rt, rt_global(rt, G_ALLP), 8, RT_MAX_PS, "allp", &data, &n);
	if (!err)
		err = vec_reserve(&rt->allp, n, RT_MAX_PS, "allp");
	if (!err)
		err = mem_read(rt->mem, data, rt->allp.at, n * sizeof(addr_t));
	rt->allp.len = err ? 0 : n;
	return err;
}

bool rt_needs(struct rt *rt, const char *subject, const enum rt_key *keys, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (rt_known(rt, keys[i]))
			continue;
		char text[256];
		enum rt_struct s = layout_struct_of(keys[i]);
		snprintf(text, sizeof(text), "%s%s%s is not known for this release", layout_struct_name(s),
			 layout_field_name(keys[i])[0] ? "." : "", layout_field_name(keys[i]));
		if (!rt->lay.refused[s])
			gap_add(&rt->gaps, GAP_LAYOUT_UNKNOWN, layout_short_name(s), text);
		gap_add(&rt->gaps, GAP_RUNTIME_PART_UNREADABLE, subject, text);
		return false;
	}
	return true;
}

bool rt_needs_globals(struct rt *rt, const char *subject, const enum rt_global *globals, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (rt_global(rt, globals[i]))
			continue;
		char text[128];
		snprintf(text, sizeof(text), "%s was not found", layout_global_name(globals[i]));
		gap_add(&rt->gaps, GAP_RUNTIME_PART_UNREADABLE, subject, text);
		return false;
	}
	return true;
}

// ---- attach ---------------------------------------------------------------------------------------------------------

struct err *rt_attach(struct target *t, const struct gobin *g, struct rt **ret)
{
	cleanup(rt_detachp) struct rt *rt = calloc(1, sizeof(*rt));
	if (!rt)
		return &err_nomem;
	const struct gobin_buildinfo *bi = gobin_buildinfo(g);
	rt->target = t;
	rt->mem = target_mem(t);
	rt->g = g;
	rt->arch = gobin_arch(g);
	rt->minor = bi->minor;
	rt->patch = bi->patch < 0 ? 0 : bi->patch;
	for (size_t i = 0; i < countof(class_to_size); i++)
		rt->class_size[i] = class_to_size[i];
	struct err *err = find_bias(rt);
	if (!err)
		err = layout_load(rt);
	if (!err)
		err = globals_find(rt);
	if (err)
		return err;
	rt_check(rt);
	layout_show(rt);
	*ret = take(rt);
	return NULL;
}

void rt_detach(struct rt *rt)
{
	if (!rt)
		return;
	if (rt->gor_free)
		rt->gor_free(rt->gor);
	stats_free(rt->stats);
	bucket_state_free(rt->buckets);
	span_state_free(rt->spans);
	vec_fini(&rt->allp);
	gaps_fini(&rt->gaps);
	free(rt);
}

size_t rt_frames(const struct rt *rt, addr_t return_pc, struct gobin_frame *ret, size_t max)
{
	return gobin_frames(rt->g, return_pc - 1 - rt->bias, ret, max);
}
