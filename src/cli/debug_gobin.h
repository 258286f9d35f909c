// The doors into read/gobin, for cmd_debug.c.
#pragma once
#include "base/err.h"

// thing: pcln, types, buildinfo; inputs: the executable, then addresses (pcln) or names (types).
must_use struct err *debug_gobin(const char *thing, const char *const *inputs, size_t n);
