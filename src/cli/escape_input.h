// What `escape` and `explain` read: a binary or process with its sites, the compiler's output, lines that hold memory.
#pragma once
#include "cli/args.h"
#include "read/code/code.h"
#include "read/escape/escape.h"
#include "read/gobin/gobin.h"
#include "read/target/target.h"

struct binary {
	struct file *file;
	struct target *target;
	struct gobin *g;
	struct code *code;
};
must_use struct err *binary_open(const char *word, struct binary *ret); // a file or a pid
void binary_fini(struct binary *b);

bool is_package(const char *word); // ./x, a/b/..., a folder
// Runs the compiler on packages; what it says goes into e.
must_use struct err *compiler_run(const struct args *args, const char *const *packages, size_t n, struct escape *e);
must_use struct err *compiler_output(const char *path, struct escape *e);

// Lines of a heap profile with memory in use.
struct hot;
must_use struct err *hot_open(const char *path, struct hot **ret);
void hot_close(struct hot *h);
static inline void hot_closep(struct hot **h) { hot_close(*h); }
bool hot_line(void *hot, const char *function, const char *file, uint32_t line);
// Bytes and objects in use at a function's line; false: none.
bool hot_bytes(const struct hot *h, const char *function, uint32_t line, uint64_t *ret_bytes, uint64_t *ret_objects);
