// The MemStats block at the end of heap text: "# NAME = VALUE", the same names in Go 1.21 to 1.27.
#include "read/pprof/forms.h"
#include "read/pprof/text.h"

static void circle(struct line l, uint64_t to[256])
{
	if (!line_take(&l, "["))
		return;
	for (int i = 0; i < 256 && line_decimal(&l, &to[i]); i++)
		line_spaces(&l);
}

void memstats_read(struct lines *ls, struct pprof_memstats *to)
{
	const struct { const char *name; uint64_t *to; } rows[] = {
		{"Alloc = ", &to->alloc}, {"TotalAlloc = ", &to->total_alloc}, {"Sys = ", &to->sys}, {"Mallocs = ", &to->mallocs},
		{"Frees = ", &to->frees}, {"HeapAlloc = ", &to->heap_alloc}, {"HeapSys = ", &to->heap_sys}, {"HeapIdle = ", &to->heap_idle},
		{"HeapInuse = ", &to->heap_inuse}, {"HeapReleased = ", &to->heap_released}, {"HeapObjects = ", &to->heap_objects},
		{"NextGC = ", &to->next_gc}, {"LastGC = ", &to->last_gc_ns}, {"NumGC = ", &to->num_gc},
		{"NumForcedGC = ", &to->num_forced_gc}, {"MaxRSS = ", &to->max_rss},
	};
	to->there = true;
	for (struct line l; lines_next(ls, &l); ) {
		if (!line_take(&l, "# "))
			continue;
		for (size_t i = 0; i < countof(rows); i++)
			if (line_take(&l, rows[i].name))
				line_decimal(&l, rows[i].to);
		if (line_take(&l, "Stack = ") && line_decimal(&l, &to->stack_inuse) && line_take(&l, " / "))
			line_decimal(&l, &to->stack_sys);
		if (line_take(&l, "PauseNs = "))
			circle(l, to->pause_ns);
		if (line_take(&l, "PauseEnd = "))
			circle(l, to->pause_end_ns);
	}
}
