// The scheduler's state between events. A goroutine's slot is used again after its end; a thread that still names the
// old one finds another id there.
#include "read/trace/v2.h"

#include "read/trace/gmap.h"

#include <stdlib.h>

struct err *v2_state_init(struct v2_state *s)
{
	if (!(s->g_at = calloc(1, sizeof(*s->g_at))) || !(s->m_at = map_new()) || !(s->tasks = map_new()))
		return &err_nomem;
	return gmap_init(s->g_at);
}

void v2_state_fini(struct v2_state *s)
{
	if (s->g_at)
		gmap_fini(s->g_at);
	free(s->g_at);
	map_free(s->m_at);
	map_free(s->tasks);
	vec_fini(&s->gs);
	vec_fini(&s->free_gs);
	vec_fini(&s->ps);
	vec_fini(&s->ms);
	vec_fini(&s->task);
	vec_fini(&s->free_tasks);
}

struct err *v2_state_m(struct v2_state *s, uint64_t id, uint32_t *ret)
{
	bool fresh;
	uint64_t *at = map_at(s->m_at, id, &fresh);
	if (!at)
		return &err_nomem;
	if (fresh) {
		struct v2_m m = {.id = id, .g = TRACE_NONE, .slot = V2_NO, .p = -1};
		*at = s->ms.len;
		struct err *err = vec_push(&s->ms, V2_THREADS_MAX, "threads of a trace", m);
		if (err)
			return err;
	}
	*ret = (uint32_t)*at;
	return NULL;
}

uint32_t v2_state_g_find(const struct v2_state *s, uint64_t id)
{
	uint32_t slot;
	return gmap_find(s->g_at, id, &slot) ? slot : V2_NO;
}

struct err *v2_state_g(struct v2_state *s, uint64_t id, uint32_t *ret_slot)
{
	if (gmap_find(s->g_at, id, ret_slot))
		return NULL;
	struct v2_g g = {.id = id, .status = TRACE_G_NONE};
	if (s->free_gs.len) {
		*ret_slot = s->free_gs.at[--s->free_gs.len];
		s->gs.at[*ret_slot] = g;
	} else {
		*ret_slot = (uint32_t)s->gs.len;
		struct err *err = vec_push(&s->gs, V2_GOROUTINES_MAX, "goroutines of a trace", g);
		if (err)
			return err;
		// So that ending it cannot fail.
		if ((err = vec_reserve(&s->free_gs, s->gs.len, V2_GOROUTINES_MAX, "goroutines of a trace")))
			return err;
	}
	return gmap_put(s->g_at, id, *ret_slot);
}

void v2_state_g_end(struct v2_state *s, uint32_t slot)
{
	gmap_remove(s->g_at, s->gs.at[slot].id);
	s->gs.at[slot].id = TRACE_NONE;
	s->gs.at[slot].status = TRACE_G_NONE;
	s->free_gs.at[s->free_gs.len++] = slot;
}
