#include "views/process/frames.h"
#include "base/arena.h"
#include "base/map.h"
#include "facts/evidence/evidence.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_LEVELS = 64 };

struct run { size_t n; struct shown_frame at[]; };

struct frames {
	const struct rt *rt;
	struct arena *arena;
	struct map *pcs; // pc -> struct run *
	struct map *entries; // pc -> char *
	int wrapper_id;      // -1: not known
};

struct frames *frames_new(const struct rt *rt)
{
	cleanup(frames_freep) struct frames *f = calloc(1, sizeof(*f));
	struct gobin_func last;
	if (!f || !(f->arena = arena_new()) || !(f->pcs = map_new()) || !(f->entries = map_new()))
		return NULL;
	f->rt = rt;
	// internal/abi/symtab.go: FuncIDWrapper is the last id, behind systemstack_switch; its number moves.
	f->wrapper_id = gobin_func_named(rt_gobin(rt), "runtime.systemstack_switch", &last) ? last.func_id + 1 : -1;
	return take(f);
}

void frames_free(struct frames *f)
{
	if (!f)
		return;
	arena_free(f->arena);
	map_free(f->pcs);
	map_free(f->entries);
	free(f);
}

static bool upper(char c) { return c >= 'A' && c <= 'Z'; }

// src/runtime/traceback.go (isExportedRuntime): Gosched, (*Func).Name.
static bool exported(const char *name)
{
	const char *method = strrchr(name, '.');
	if (!method)
		return upper(name[0]);
	const char *type = !strncmp(name, "(*", 2) ? name + 2 : name;
	return upper(type[0]) && upper(method[1]);
}

static struct shown_frame show(struct frames *f, const struct gobin_frame *g, addr_t pc, bool *ret_nomem)
{
	char name[GOBIN_NAME_MAX];
	struct shown_frame s = {.file = g->file, .line = g->line, .offset = (uint32_t)(pc - rt_bias(f->rt) - g->entry)};
	s.function = arena_strdup(f->arena, gobin_name(g->function, name));
	*ret_nomem |= !s.function;
	s.stdlib = ev_is_stdlib(g->function);
	bool own = !strncmp(g->function, "runtime.", 8);
	s.panics = !strcmp(g->function, "runtime.gopanic") || !strcmp(g->function, "runtime.sigpanic") || !strcmp(g->function, "runtime.panicwrap");
	bool context = !strcmp(g->function, "runtime.runFinalizers") || !strcmp(g->function, "runtime.runCleanups"); // always shown, from 1.25
	s.runtime = !strchr(g->function, '.') || (own && !context && !exported(g->function + 8));
	s.wrapper = f->wrapper_id >= 0 && g->func_id == f->wrapper_id;
	return s;
}

struct err *frames_at(struct frames *f, addr_t pc, const struct shown_frame **ret, size_t *ret_n)
{
	bool nomem = false;
	uint64_t *slot = map_at(f->pcs, pc, NULL);
	if (!slot)
		return &err_nomem;
	if (!*slot) {
		struct gobin_frame g[MAX_LEVELS];
		size_t n = rt_frames(f->rt, pc, g, countof(g));
		struct run *run = arena_alloc(f->arena, sizeof(*run) + n * sizeof(run->at[0]));
		if (!run)
			return &err_nomem;
		for (run->n = 0; run->n < n; run->n++)
			run->at[run->n] = show(f, &g[run->n], pc, &nomem);
		if (nomem)
			return &err_nomem;
		*slot = (uint64_t)(uintptr_t)run;
	}
	const struct run *run = (const struct run *)(uintptr_t)*slot;
	*ret = run->at;
	*ret_n = run->n;
	return NULL;
}

const char *frames_entry(struct frames *f, addr_t pc)
{
	bool fresh;
	uint64_t *slot = map_at(f->entries, pc, &fresh);
	if (slot && fresh) {
		struct gobin_func g;
		char name[GOBIN_NAME_MAX];
		struct err *err = gobin_func_find(rt_gobin(f->rt), pc - rt_bias(f->rt), &g);
		*slot = err ? 0 : (uint64_t)(uintptr_t)arena_strdup(f->arena, gobin_name(g.name, name));
		err_free(err);
	}
	return slot && *slot ? (const char *)(uintptr_t)*slot : "";
}
