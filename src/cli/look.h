// What the verbs share that show one process or core as it is: stats, goroutines.
#pragma once
#include "base/gap.h"
#include "base/strbuf.h"
#include "cli/args.h"
#include "read/target/target.h"

// A process id or a core (with --binary); anything else is the user's mistake.
must_use struct err *look_open(const struct args *args, const char *verb, const char *what, struct target **ret);
// Text: sentences. JSON: `,"limits": [...]`, to be put into an object behind other members.
must_use struct err *look_gaps(const struct args *args, const struct gaps *gaps, struct strbuf *out);
