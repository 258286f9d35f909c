// Globals of a stripped program: functions vote with their operands.
#include "image.h"
#include "test.h"

#include <string.h>

// n times lea rax, [rip + d] to addrs[i], then ret; with something in between that has no such operand.
static addr_t lea(struct image *im, addr_t at, const addr_t *addrs, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		static const uint8_t other[] = {0x48, 0x89, 0x44, 0x24, 0x08}; // mov [rsp+8], rax
		memcpy(image_at(im, at, sizeof(other)), other, sizeof(other));
		at += sizeof(other);
		static const uint8_t op[] = {0x48, 0x8d, 0x05};
		memcpy(image_at(im, at, 3), op, 3);
		image_put(im, at + 3, addrs[i] - (at + 7), 4);
		at += 7;
	}
	image_put(im, at, 0xc3, 1);
	return at + 1;
}

// The table's rows for gcController in 1.27, by function: all references of the first, its k-th is S + addend.
static const struct { const char *function; size_t n, k; uint32_t addend; } rows[] = {
	{"runtime.(*mspan).setUserArenaChunkToFault", 6, 0, 312},
};

static struct rt *vote(struct image *im)
{
	static struct rt rt;
	rt = (struct rt){.g = image_gobin(im), .minor = im->minor, .patch = im->patch, .arch = im->arch};
	struct err *err = globals_find(&rt);
	CHECK(!err);
	return &rt;
}

static struct image *stripped(addr_t target, size_t n)
{
	struct image *im = image_new(27, 4, "");
	addr_t ops[8];
	image_fill(im);
	im->stripped = true;
	for (size_t i = 0; i < countof(ops); i++)
		ops[i] = image_global(G_WORK) + 8 * i;
	ops[rows[0].k] = target + rows[0].addend;
	addr_t end = lea(im, AT_TEXT + 0x100, ops, n);
	image_function(rows[0].function, AT_TEXT + 0x100, end);
	return im;
}

TEST(a_known_function_leads_to_a_global)
{
	cleanup(image_freep) struct image *im = stripped(image_global(G_GCCONTROLLER), rows[0].n);
	struct rt *rt = vote(im);
	CHECK(rt_global(rt, G_GCCONTROLLER) == image_global(G_GCCONTROLLER));
	CHECK(rt->lay.global_from[G_GCCONTROLLER] == RT_FROM_DISASSEMBLY && !rt_global(rt, G_MHEAP));
}

TEST(a_function_of_another_shape_has_no_vote)
{
	cleanup(image_freep) struct image *im = stripped(image_global(G_GCCONTROLLER), rows[0].n + 1);
	CHECK(!rt_global(vote(im), G_GCCONTROLLER));
}

TEST(what_lies_outside_of_the_writable_part_is_no_operand)
{
	cleanup(image_freep) struct image *im = stripped(0x480000, rows[0].n); // one fewer inside
	CHECK(!rt_global(vote(im), G_GCCONTROLLER));
}

TEST(symbols_win_over_votes)
{
	cleanup(image_freep) struct image *im = stripped(image_global(G_GCCONTROLLER) + 64, rows[0].n);
	im->stripped = false;
	CHECK(rt_global(vote(im), G_GCCONTROLLER) == image_global(G_GCCONTROLLER));
}

TEST(nobody_votes_on_another_architecture)
{
	cleanup(image_freep) struct image *im = stripped(image_global(G_GCCONTROLLER), rows[0].n);
	im->arch = GOBIN_ARM64;
	CHECK(!rt_global(vote(im), G_GCCONTROLLER));
}
