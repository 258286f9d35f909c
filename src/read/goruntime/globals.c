// The runtime's global variables: by symbol where there is a symbol table, else by the vote of functions (refs.c).
#include "read/goruntime/rt.h"

struct err *globals_find(struct rt *rt)
{
	for (enum rt_global g = 0; g < G_COUNT; g++) {
		addr_t addr;
		uint64_t size;
		if (gobin_symbol(rt->g, layout_global_name(g), &addr, &size)) {
			rt->lay.globals[g] = addr + rt->bias;
			rt->lay.global_from[g] = RT_FROM_TABLE;
		}
	}
	const struct gobin_moduledata *md = gobin_moduledata(rt->g);
	if (!rt->lay.globals[G_FIRSTMODULEDATA] && md)
		rt->lay.globals[G_FIRSTMODULEDATA] = md->addr + rt->bias;
	// With a symbol table, a variable that is not in it does not exist in this release: no vote on it.
	bool symbols = rt->lay.globals[G_ALLGS] && rt->lay.globals[G_MHEAP];
	return symbols ? NULL : refs_vote(rt);
}
