// Any bytes as compiler output: every index an item holds lies inside, every construct is one.
#include "read/escape/escape.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct escape *e = NULL;
	struct err *err = escape_new(&e);
	if (!err)
		err = escape_add(e, (struct view){data, size, "fuzz"});
	err_free(err);
	err = e ? escape_finish(e) : NULL;
	err_free(err);
	const struct escape_item *items;
	size_t n = e ? escape_items(e, &items) : 0;
	for (size_t i = 0; i < n; i++) {
		if (items[i].construct >= CONSTRUCTS || items[i].kind >= ESCAPE_KINDS || !items[i].pos.file || !items[i].subject ||
		    !items[i].function || !items[i].detail || !items[i].package)
			__builtin_trap();
		for (uint32_t k = 0; k < items[i].n_edges; k++) {
			const struct escape_edge *edge = escape_edge_at(e, items[i].first_edge + k);
			for (uint32_t s = 0; s < edge->n_steps; s++)
				if (!escape_step_at(e, edge->first_step + s)->why)
					__builtin_trap();
		}
		for (uint32_t k = 0; k < items[i].n_inner; k++)
			if (!escape_inner_at(e, items[i].first_inner + k)->file)
				__builtin_trap();
	}
	escape_free(e);
	return 0;
}
