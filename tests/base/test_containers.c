#include "base/arena.h"
#include "base/gap.h"
#include "base/map.h"
#include "base/vec.h"
#include "test.h"

TEST(a_map_keeps_what_it_was_given_through_growth)
{
	cleanup(map_freep) struct map *m = map_new();
	for (uint64_t i = 0; i < 5000; i++)
		*map_at(m, i * 4096, NULL) = i;
	CHECK(map_len(m) == 5000);
	uint64_t v = 0, sum = 0, key;
	for (uint64_t i = 0; i < 5000; i++)
		CHECK(map_find(m, i * 4096, &v) && v == i, "key %llu", (unsigned long long)i);
	CHECK(!map_find(m, 1, &v));
	size_t pos = 0, n = 0;
	while (map_next(m, &pos, &key, &v))
		sum += v, n++;
	CHECK(n == 5000 && sum == 4999u * 5000 / 2);
}

TEST(interning_gives_equal_strings_equal_ids)
{
	cleanup(interner_freep) struct interner *in = interner_new();
	char s[16];
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < 1000; i++) {
			int n = snprintf(s, sizeof(s), "name%d", i);
			CHECK(interner_id(in, s, (size_t)n) == (uint32_t)i);
		}
	CHECK(interner_len(in) == 1000);
	size_t len;
	CHECK(!strcmp(interner_str(in, 42, &len), "name42") && len == 6);
	uint32_t id;
	CHECK(!interner_find(in, "other", 5, &id));
	CHECK(interner_find(in, "name7", 5, &id) && id == 7);
}

TEST(a_vector_refuses_to_pass_its_maximum)
{
	VEC(int) v = {0};
	struct err *err = NULL;
	for (int i = 0; i < 100 && !err; i++)
		err = vec_push(&v, 50, "numbers", i);
	CHECK(err && err_kind(err) == ERR_LIMIT && v.len == 50 && v.at[49] == 49);
	CHECK(err && strstr(err_message(err), "51 numbers wanted, at most 50"));
	err_free(err);
	vec_fini(&v);
}

TEST(an_arena_gives_zeroed_memory_of_any_size)
{
	cleanup(arena_freep) struct arena *a = arena_new();
	for (size_t i = 0; i < 300; i++) {
		uint8_t *p = arena_alloc(a, i * 97);
		CHECK(p && (uintptr_t)p % 16 == 0);
		for (size_t k = 0; k < i * 97; k++)
			if (p[k]++)
				CHECK(false, "byte %zu of %zu is not zero", k, i * 97);
	}
	CHECK(!strcmp(arena_printf(a, "%d-%s", 7, "x"), "7-x"));
}

TEST(a_gap_is_said_once)
{
	struct gaps g = {0};
	gap_add(&g, GAP_LAYOUT_UNKNOWN, "mheap", "no table");
	gap_add(&g, GAP_LAYOUT_UNKNOWN, "mheap", "no table");
	gap_add(&g, GAP_LAYOUT_UNKNOWN, "bucket", NULL);
	CHECK(g.len == 2 && gaps_has(&g, GAP_LAYOUT_UNKNOWN) && !strcmp(g.at[1].detail, ""));
	gaps_fini(&g);
}
