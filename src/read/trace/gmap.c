// See gmap.h. Removal shifts the entries behind back into the hole (Knuth, algorithm R of 6.4).
#include "read/trace/gmap.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_CAP = 1024 };

static struct err *resize(struct gmap *m, size_t cap)
{
	struct gmap_entry *at = malloc(cap * sizeof(*at));
	if (!at)
		return &err_nomem;
	memset(at, 0xff, cap * sizeof(*at));
	struct gmap n = {at, m->len, cap - 1};
	for (size_t i = 0; m->at && i <= m->mask; i++) {
		if (m->at[i].id == UINT64_MAX)
			continue;
		size_t j = gmap_home(&n, m->at[i].id);
		while (at[j].id != UINT64_MAX)
			j = (j + 1) & n.mask;
		at[j] = m->at[i];
	}
	free(m->at);
	*m = n;
	return NULL;
}

struct err *gmap_init(struct gmap *m)
{
	*m = (struct gmap){0};
	return resize(m, FIRST_CAP);
}

void gmap_fini(struct gmap *m)
{
	free(m->at);
	*m = (struct gmap){0};
}

struct err *gmap_put(struct gmap *m, uint64_t id, uint32_t slot)
{
	assert(id != UINT64_MAX);
	if ((m->len + 1) * 2 > m->mask + 1) {
		struct err *err = resize(m, (m->mask + 1) * 2);
		if (err)
			return err;
	}
	size_t i = gmap_home(m, id);
	while (m->at[i].id != UINT64_MAX)
		i = (i + 1) & m->mask;
	m->at[i] = (struct gmap_entry){id, slot};
	m->len++;
	return NULL;
}

void gmap_remove(struct gmap *m, uint64_t id)
{
	size_t hole = gmap_home(m, id);
	while (m->at[hole].id != id) {
		if (m->at[hole].id == UINT64_MAX)
			return;
		hole = (hole + 1) & m->mask;
	}
	m->len--;
	for (size_t i = hole;;) {
		m->at[hole].id = UINT64_MAX;
		do {
			i = (i + 1) & m->mask;
			if (m->at[i].id == UINT64_MAX)
				return;
			// An entry may fill the hole unless its home lies cyclically in (hole, i].
		} while (((i - gmap_home(m, m->at[i].id)) & m->mask) < ((i - hole) & m->mask));
		m->at[hole] = m->at[i];
		hole = i;
	}
}
