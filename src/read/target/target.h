// target: where bytes come from: a live process, a core file, a file on disk, a URL.
//   reads   /proc/PID, process_vm_readv, ELF cores, files (mapped), HTTP
//   gives   struct mem (read at an address), mappings, the executable's bytes, clocks
//   knows   Linux; namespaces of the target (its root, its time offsets); nothing of Go
//   costs   maps are read at open and on target_refresh; memory reads copy once; files above 16 MiB are mapped, not read
//   not     ptrace, stopping, writing: nothing in the target is ever changed here
#pragma once
#include "base/gap.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "base/vec.h"
#include "base/view.h"

struct file;
struct target;

enum target_kind { TARGET_PROCESS, TARGET_CORE };

struct target_map {
	addr_t start, end;
	uint64_t off;       // in the file
	uint64_t inode;     // 0 = anonymous
	bool r, w, x, shared;
	const char *path;   // "" if none; "[heap]", "[stack]" as the kernel names them; borrowed until target_refresh
};

// ERR_GONE: no such process; ERR_PERMISSION: says which of ptrace_scope, capability, other user, and what helps;
// ERR_UNSUPPORTED: 32-bit.
must_use struct err *target_open_pid(int64_t pid, struct target **ret);
// exe: path of the executable, NULL if the core is self-contained or names one that is still there.
must_use struct err *target_open_core(const char *path, const char *exe, struct target **ret);
void target_close(struct target *t);
static inline void target_closep(struct target **t) { target_close(*t); }

enum target_kind target_kind(const struct target *t);
int64_t target_pid(const struct target *t); // a core: the pid it had
const struct mem *target_mem(const struct target *t);
must_use struct err *target_refresh(struct target *t); // reads the mappings again
const struct target_map *target_maps(const struct target *t, size_t *ret_n); // ascending
const struct target_map *target_map_at(const struct target *t, addr_t addr); // NULL: not mapped
// The executable, mapped: /proc/PID/exe (deleted and replaced ones too), through the target's own root. Empty view and a
// gap where it cannot be had.
struct view target_exe(const struct target *t);
const char *target_exe_path(const struct target *t); // as the target sees it, " (deleted)" cut off
bool target_exe_deleted(const struct target *t); // or another file lies under its name now
// The target's CLOCK_MONOTONIC in ns now (its time namespace's), and the wall clock belonging to it. A core: monotonic_ns is
// 0, not known (the runtime's own words tell it), wall is when the file was written.
struct target_clock { int64_t monotonic_ns; instant_t wall; };
must_use struct err *target_clock(const struct target *t, struct target_clock *ret);
instant_t target_started(const struct target *t); // 0 = not known
bool target_alive(const struct target *t); // false once it has ended (a zombie too); a core: false
const struct gaps *target_gaps(const struct target *t);
// A file by the path the target knows it by, through its own root: a shared library, sources. Core: this machine's.
must_use struct err *target_file(const struct target *t, const char *path, struct file **ret);
// Threads' registers in a core (NT_PRSTATUS); a live process has none without ptrace.
struct target_thread { int64_t tid; uint64_t pc, sp, bp; };
size_t target_threads(const struct target *t, const struct target_thread **ret);

// A file on disk as bytes.
must_use struct err *file_open(const char *path, struct file **ret); // "-" is standard input (read whole, at most 4 GiB)
void file_close(struct file *f);
static inline void file_closep(struct file **f) { file_close(*f); }
struct view file_view(const struct file *f);

// What an http or https URL answers, whole. ERR_INPUT: another status than 200, with the endpoint's own reason.
struct url_options {
	double timeout_seconds;      // 0: 60
	const char *user;            // "name:password" for basic authentication; NULL: none
	const char *const *headers;  // "Name: value"
	size_t n_headers;
	const char *ca_file;         // NULL: the system's
	bool insecure;               // do not check the server's certificate
	size_t max_bytes;            // 0: 1 GiB
};
must_use struct err *url_fetch(const char *url, const struct url_options *o, struct strbuf *ret);

// A text file of /proc/PID, or of /proc itself (pid 0), whole; crossing max is ERR_LIMIT. What ret held is dropped.
must_use struct err *procfs_text(int64_t pid, const char *name, size_t max, struct strbuf *ret);
// The same line by line, for long ones: a line of more than 4095 bytes is cut. false from fn ends it.
must_use struct err *procfs_lines(int64_t pid, const char *name, bool (*fn)(void *ctx, char *line), void *ctx);
// One line of maps, or the head of one in smaps, is cut into its parts; path borrows from it. false: not such a line.
bool procfs_map_line(char *line, struct target_map *ret);
// Nanoseconds since 1970 at which a process began, from the text of its stat; 0 = not to be read.
instant_t procfs_started(const char *stat);
// "Name:   12345 kB" in such a text: the number behind the name, times 1024 where kB stands; false if not there.
bool procfs_field(const char *text, const char *name, uint64_t *ret);
