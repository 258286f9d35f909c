// Frames of goroutines' return addresses, looked up once each: what the goroutine views share.
#pragma once
#include "read/goruntime/goruntime.h"

struct shown_frame {
	const char *function; // as Go prints it
	const char *file;
	uint32_t line, offset; // offset: of the pc in the physical function
	bool stdlib;           // of the standard library or the runtime
	bool runtime;          // the runtime's own and not exported: Go's dumps leave it out
	bool wrapper;          // made by the compiler: left out too, unless it called a panic
	bool panics;           // gopanic, sigpanic, panicwrap
};

struct frames;

struct frames *frames_new(const struct rt *rt); // NULL: nomem; rt must outlive it
void frames_free(struct frames *f);
static inline void frames_freep(struct frames **f) { frames_free(*f); }
// Of one return address, innermost first. They live as long as f. 0: no function there.
must_use struct err *frames_at(struct frames *f, addr_t pc, const struct shown_frame **ret, size_t *ret_n);
// Printed name of the function that begins at pc; "" if there is none. Lives as long as f.
const char *frames_entry(struct frames *f, addr_t pc);
