// What the verbs share that start from a process, a core or files.
#pragma once
#include "base/arena.h"
#include "cli/args.h"
#include "facts/evidence/evidence.h"
#include "read/gobin/gobin.h"
#include "read/target/target.h"

// The target's executable as a gobin: from its file, or from its memory where the file cannot be had.
must_use struct err *diagnose_gobin(const struct target *t, struct gobin **ret);
must_use struct err *diagnose_core(const struct args *args, const char *path, struct evidence *ev);
// Profiles, traces, dumps, a core, an executable, URLs, directories, in any mixture -> facts.
must_use struct err *diagnose_files(const struct args *args, const char *const *inputs, size_t n, struct evidence *ev);
// Heap and goroutine profiles and dumps, one or a series, in any order.
must_use struct err *diagnose_profiles(const char *const *paths, size_t n, struct evidence *ev);
// Execution traces; after whatever else knows the instants of collections.
must_use struct err *diagnose_traces(const char *const *paths, size_t n, struct evidence *ev);
// The files of a directory, by name; they live in the arena.
must_use struct err *diagnose_directory(const char *path, struct arena *arena, const char *const **ret, size_t *ret_n);
// Why each site in the evidence allocates, from the executable's machine code. What it cannot say is a gap.
void diagnose_why(struct evidence *ev, const struct gobin *g);
