// Goroutine id -> slot, with removal: open addressing, no tombstones. Goroutines come and go by the million.
#pragma once
#include "base/err.h"

struct gmap_entry {
	uint64_t id; // UINT64_MAX = free
	uint32_t slot;
};

struct gmap {
	struct gmap_entry *at;
	size_t len, mask; // mask: capacity - 1
};

must_use struct err *gmap_init(struct gmap *m);
void gmap_fini(struct gmap *m);
must_use struct err *gmap_put(struct gmap *m, uint64_t id, uint32_t slot); // id is not there, and not UINT64_MAX
void gmap_remove(struct gmap *m, uint64_t id);

static inline size_t gmap_home(const struct gmap *m, uint64_t id)
{
	return (size_t)((id * 0x9e3779b97f4a7c15ull) >> 20) & m->mask;
}

static inline bool gmap_find(const struct gmap *m, uint64_t id, uint32_t *ret)
{
	for (size_t i = gmap_home(m, id);; i = (i + 1) & m->mask) {
		if (m->at[i].id == id) {
			*ret = m->at[i].slot;
			return id != UINT64_MAX;
		}
		if (m->at[i].id == UINT64_MAX)
			return false;
	}
}
