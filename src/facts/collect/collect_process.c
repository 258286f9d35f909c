// The process and its executable -> who the target is.
#include "base/strbuf.h"
#include "facts/collect/collect.h"

#include <string.h>

enum { MAX_LAYOUTS = 64 };

struct err *collect_process(struct evidence *ev, const struct target *t, const struct gobin *g)
{
	struct ev_target *to = &ev->target;
	to->kind = target_kind(t) == TARGET_CORE ? EV_CORE : EV_PROCESS;
	to->pid = target_pid(t);
	to->exe = ev_cstr(ev, target_exe_path(t));
	to->started = target_started(t);
	gaps_join(&ev->gaps, target_gaps(t));
	if (!g)
		return evidence_check(ev);
	const struct gobin_buildinfo *b = gobin_buildinfo(g);
	to->go_version = b->experiments[0] ? ev_cstr(ev, arena_printf(ev->arena, "%s X:%s", b->go_version, b->experiments))
					   : ev_cstr(ev, b->go_version);
	to->module = ev_cstr(ev, b->module[0] ? b->module : b->path);
	to->module_version = ev_cstr(ev, b->module_version);
	to->build_id = ev_cstr(ev, b->build_id);
	to->arch = ev_cstr(ev, gobin_arch(g) == GOBIN_ARM64 ? "arm64" : "amd64");
	to->stripped = gobin_stripped(g);
	gaps_join(&ev->gaps, gobin_gaps(g));
	return evidence_check(ev);
}

struct err *collect_layouts(struct evidence *ev, const struct rt *rt)
{
	static const enum ev_layout_from from[] = {
		[RT_FROM_TYPE_DESCRIPTORS] = EV_FROM_TYPE_DESCRIPTORS, [RT_FROM_DWARF] = EV_FROM_DWARF,
		[RT_FROM_TABLE] = EV_FROM_TABLE, [RT_FROM_DISASSEMBLY] = EV_FROM_DISASSEMBLY,
	};
	const struct rt_layout *l;
	size_t n = rt_layouts(rt, &l);
	cleanup(strbuf_finip) struct strbuf names = {0};
	cleanup(map_freep) struct map *done = map_new();
	if (!done)
		return &err_nomem;
	for (size_t i = 0; i < n; i++) { // one row for all structs that came from the same
		if (map_find(done, i, NULL))
			continue;
		names.len = 0;
		for (size_t k = i; k < n; k++) {
			bool same = l[k].from == l[i].from && !strcmp(l[k].table ? l[k].table : "", l[i].table ? l[i].table : "");
			if (!same)
				continue;
			if (!map_at(done, k, NULL))
				return &err_nomem;
			strbuf_printf(&names, "%s%s", names.len ? " " : "", l[k].structs);
		}
		struct ev_layout to = {ev_cstr(ev, strbuf_str(&names)), from[l[i].from], l[i].table ? ev_cstr(ev, l[i].table) : 0};
		struct err *err = strbuf_check(&names);
		if (!err)
			err = vec_push(&ev->target.layouts, MAX_LAYOUTS, "layouts", to);
		if (err)
			return err;
	}
	gaps_join(&ev->gaps, rt_gaps(rt));
	return evidence_check(ev);
}
