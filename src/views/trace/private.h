// What the files of this room share.
#pragma once
#include "views/trace/trace.h"

static inline double seconds_of(const struct study *s, int64_t t_ns) { return (double)(t_ns - s->first_ns) / 1e9; }

// Three columns of a place: function, file and line (JSON alone), and one for people.
void place_columns(struct table *t, const char *key, const char *heading);
void place_cells(struct table *t, struct view_place p);
