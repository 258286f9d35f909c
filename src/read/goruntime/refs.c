// Globals of a stripped program: known runtime functions are decoded, and the operands that point into the writable part
// are held against tables/go-refs: "function F has N such operands, the k-th is symbol S + addend". Every function votes; a
// function with another N has another shape (other build flags, another patch) and does not.
//
// A vote stands when nobody dissents, or when one in eight does: a table of another release is wrong in whole blocks.
// The window of operands begins at .go.buildinfo, the first thing behind the relocated read-only part: position-independent
// programs keep type descriptors and closures in front of it, whose operands would change N.
#include "read/goruntime/rt.h"

#include <Zydis/Zydis.h>
#include <string.h>

static const struct ref { const char *function; uint16_t n, k, global; uint32_t addend, sets; } refs[] = {
#define REF(...) {__VA_ARGS__},
#include "go_refs.inc"
#undef REF
};

enum { MAX_OPERANDS = 512, MAX_CODE = 64 << 10, CANDIDATES = 8, MAX_DISSENT = 8 };

struct votes { addr_t addr[CANDIDATES]; uint32_t count[CANDIDATES]; uint32_t all; };

// Start of the Go part of the writable data, as link addresses. 0: not found.
static addr_t window_start(const struct gobin *g)
{
	static const uint8_t magic[14] = "\xff Go buildinf:";
	const struct gobin_segment *s;
	size_t n = gobin_segments(g, &s);
	addr_t first = 0;
	for (size_t i = 0; i < n; i++) {
		if (!s[i].w)
			continue;
		if (!first || s[i].addr < first)
			first = s[i].addr;
		for (size_t off = (16 - (s[i].addr & 15)) & 15; off + sizeof(magic) <= s[i].bytes.len; off += 16)
			if (!memcmp(s[i].bytes.data + off, magic, sizeof(magic)))
				return s[i].addr + off;
	}
	return first;
}

// The operands of [entry, entry + len) inside [lo, hi), in order. Returns how many (MAX_OPERANDS: too many).
static size_t operands(const ZydisDecoder *decoder, const uint8_t *code, size_t len, addr_t entry, addr_t lo, addr_t hi,
		       addr_t ret[MAX_OPERANDS])
{
	size_t n = 0;
	for (size_t off = 0; off < len && n < MAX_OPERANDS; ) {
		ZydisDecodedInstruction in;
		if (!ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(decoder, NULL, code + off, len - off, &in))) {
			off++;
			continue;
		}
		off += in.length;
		if (!(in.attributes & ZYDIS_ATTRIB_HAS_MODRM) || in.raw.modrm.mod != 0 || in.raw.modrm.rm != 5)
			continue;
		addr_t at = entry + off + (addr_t)in.raw.disp.value;
		if (at >= lo && at < hi)
			ret[n++] = at;
	}
	return n;
}

static void vote(struct votes *v, addr_t addr)
{
	v->all++;
	for (size_t i = 0; i < CANDIDATES; i++) {
		if (v->count[i] && v->addr[i] != addr)
			continue;
		v->addr[i] = addr;
		v->count[i]++;
		return;
	}
}

static addr_t winner(const struct votes *v)
{
	size_t best = 0;
	for (size_t i = 1; i < CANDIDATES; i++)
		if (v->count[i] > v->count[best])
			best = i;
	uint32_t dissent = v->all - v->count[best];
	return dissent * MAX_DISSENT <= v->count[best] ? v->addr[best] : 0;
}

struct err *refs_vote(struct rt *rt)
{
	bool exact;
	int set = layout_refs_set(rt, &exact);
	const struct gobin_moduledata *md = gobin_moduledata(rt->g);
	ZydisDecoder decoder;
	if (set < 0 || !md || rt->arch != GOBIN_AMD64 ||
	    !ZYAN_SUCCESS(ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64)) ||
	    !ZYAN_SUCCESS(ZydisDecoderEnableMode(&decoder, ZYDIS_DECODER_MODE_MINIMAL, ZYAN_TRUE)))
		return NULL;
	addr_t lo = window_start(rt->g), hi = max_u64(md->end, md->enoptrbss);
	if (md->addr < lo && md->addr >= lo - 4096)
		lo = md->addr;
	struct votes *all = calloc(G_COUNT, sizeof(*all));
	uint8_t *code = malloc(MAX_CODE);
	addr_t *ops = malloc(MAX_OPERANDS * sizeof(*ops));
	struct err *err = all && code && ops ? NULL : &err_nomem;
	for (size_t i = 0, next; !err && i < countof(refs); i = next) {
		struct gobin_func f;
		size_t n = SIZE_MAX; // not decoded yet
		for (next = i; next < countof(refs) && !strcmp(refs[next].function, refs[i].function); next++) {
			const struct ref *r = &refs[next];
			if (!(r->sets >> set & 1) || rt->lay.globals[r->global])
				continue;
			if (n == SIZE_MAX) {
				n = 0;
				if (!gobin_func_named(rt->g, r->function, &f) || f.end <= f.entry || f.end - f.entry > MAX_CODE)
					continue;
				struct err *unread = gobin_read(rt->g, f.entry, code, f.end - f.entry);
				if (!unread)
					n = operands(&decoder, code, f.end - f.entry, f.entry, lo, hi, ops);
				err_free(unread);
			}
			if (n == r->n && r->k < n)
				vote(&all[r->global], ops[r->k] - r->addend);
		}
	}
	for (enum rt_global g = 0; !err && g < G_COUNT; g++) {
		addr_t at = all[g].all ? winner(&all[g]) : 0;
		if (rt->lay.globals[g] || !at || at < lo || at >= hi)
			continue;
		rt->lay.globals[g] = at + rt->bias;
		rt->lay.global_from[g] = RT_FROM_DISASSEMBLY;
	}
	free(all);
	free(code);
	free(ops);
	return err;
}
