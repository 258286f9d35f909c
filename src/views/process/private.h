// What the goroutine views share.
#pragma once
#include "views/process/frames.h"
#include "views/process/process.h"

#include <stdio.h>

// As Go's dumps say it: "chan receive", "running", "select (leaked)".
const char *goroutine_state(const struct rt_goroutine *g, char ret[64]);
const char *goroutine_wake(enum rt_wake w);
// The first frame outside the runtime, else the innermost; and the first outside the standard library. NULL: none. They
// live as long as f.
must_use struct err *goroutine_blocked(struct frames *f, const struct rt_census *c, const struct rt_goroutine *g, const struct shown_frame **ret,
				       const struct shown_frame **ret_user);
