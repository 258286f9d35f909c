// Errors: NULL is success, anything else is owned by whoever holds it.
// An err says *no answer*. An answer with a hole in it is a gap (see gap.h), not an err.
#pragma once
#include "base/base.h"

enum err_kind {
	ERR_NOMEM,       // never carries context; err_nomem is static
	ERR_INPUT,       // malformed bytes: the file is wrong, not us
	ERR_UNSUPPORTED, // well-formed, but a version or feature we do not read
	ERR_OS,          // a system call failed
	ERR_PERMISSION,  // the system forbids it; the message says which rule and what helps
	ERR_LIMIT,       // the input asks for more than we are willing to spend
	ERR_GONE,        // the process ended, the address is not mapped (any more)
	ERR_USAGE,       // the person asked for something that cannot be: exit status 2
};

struct err;
extern struct err err_nomem;

#define never_null __attribute__((returns_nonnull)) // an err maker always makes one: compilers need not fear the rest
must_use never_null struct err *err_new(enum err_kind kind, const char *fmt, ...) format_printf(2, 3);
// Malformed input, found `off` bytes into `source` (copied into the message).
must_use never_null struct err *err_input(const char *source, uint64_t off, const char *fmt, ...) format_printf(3, 4);
// ERR_OS (ERR_PERMISSION for EPERM and EACCES, ERR_GONE for ESRCH) with strerror(errno_value) behind the text.
must_use never_null struct err *err_os(int errno_value, const char *fmt, ...) format_printf(2, 3);
// Put "while doing this" in front of the message. Passes NULL through. Takes and returns ownership.
must_use struct err *err_while(struct err *err, const char *fmt, ...) format_printf(2, 3);

enum err_kind err_kind(const struct err *err);
const char *err_message(const struct err *err);
void err_free(struct err *err); // NULL is fine
static inline void err_freep(struct err **e) { err_free(*e); }
