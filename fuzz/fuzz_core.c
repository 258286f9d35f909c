// Any bytes as a core: mappings must ascend, reads must stay inside what was asked and give the same twice.
#include "read/target/private.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool ok)
{
	if (!ok)
		__builtin_trap();
}

static void read_at(const struct target *t, addr_t addr)
{
	uint8_t a[600], b[600];
	struct mem_range r[2] = {{addr, a, sizeof(a), 0}, {addr, b, sizeof(b), 0}};
	const struct mem *m = target_mem(t);
	err_free(m->readv(m->ctx, r, 2));
	expect(r[0].got <= sizeof(a) && r[0].got == r[1].got && !memcmp(a, b, r[0].got));
	expect(!r[0].got || target_map_at(t, addr));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct target *t = calloc(1, sizeof(*t));
	if (!t)
		return 0;
	t->proc_fd = t->mem_fd = -1;
	struct err *err = core_parse((struct view){data, size, "core"}, t);
	if (!err) {
		size_t n;
		const struct target_map *maps = target_maps(t, &n);
		for (size_t i = 0; i < n; i++) {
			expect(maps[i].start < maps[i].end && (!i || maps[i - 1].end <= maps[i].start));
			expect(target_map_at(t, maps[i].start) == &maps[i] && target_map_at(t, maps[i].end - 1) == &maps[i]);
			if (i < 64) {
				read_at(t, maps[i].start);
				read_at(t, maps[i].end - 1);
				read_at(t, maps[i].start - 1);
			}
		}
		const struct target_thread *threads;
		size_t k = target_threads(t, &threads);
		for (size_t i = 0; i < k && i < 64; i++)
			read_at(t, threads[i].sp);
	}
	err_free(err);
	target_close(t);
	return 0;
}
