// What the files of this room share.
#pragma once
#include "read/target/target.h"

#include <time.h>

enum { TARGET_PAGE = 4096, TARGET_MAPS_MAX = 1 << 20, FILE_MAP_FROM = 16 << 20 };

struct target_maps {
	VEC(struct target_map) at;
	char *text; // the paths' bytes; NULL where they lie elsewhere
};

struct core;

struct target {
	enum target_kind kind;
	int64_t pid;
	struct mem mem;
	struct target_maps maps;
	struct file *exe_file;
	char *exe_path; // NULL: not known
	bool exe_deleted;
	instant_t started;
	struct gaps gaps;
	VEC(struct target_thread) threads;
	// A process.
	int proc_fd; // /proc/PID: stays with this process when the number is given to another
	int mem_fd;  // /proc/PID/mem, where process_vm_readv is filtered out; else -1
	int64_t clock_offset_ns; // its CLOCK_MONOTONIC - ours
	// A core.
	struct core *core;
};

void target_maps_fini(struct target_maps *m);
// text is taken over (freed also on an err) and cut into the paths.
must_use struct err *target_maps_parse(char *text, struct target_maps *ret);
const struct target_map *target_maps_find(const struct target_map *at, size_t n, addr_t addr);

int64_t clock_ns(clockid_t id);
const char *stat_behind_name(const char *stat); // its third field on; NULL: not a stat
must_use struct err *proc_text_at(int dir_fd, const char *name, size_t max, struct strbuf *ret);
must_use struct err *file_open_at(int dir_fd, const char *path, const char *called, struct file **ret);

// Seconds and nanoseconds of the "monotonic" line of timens_offsets.
bool timens_parse(const char *text, int64_t *ret_ns);

// Why the system does not let us read a process. Gathered by permission_facts, judged by permission_err.
struct permission {
	int64_t pid;
	uint32_t our_uid, uid[3], our_gid, gid[3]; // real, effective, saved
	bool our_cap;          // we hold CAP_SYS_PTRACE
	int yama;              // kernel.yama.ptrace_scope, -1 = no Yama
	bool dumpable;         // false: it forbade it (setuid, capabilities on the file, prctl)
	uint64_t caps_beyond;  // it holds these, we do not
	bool other_userns;     // its user namespace is not ours
	bool in_container;     // we are root, yet without the capability
};
void permission_facts(int proc_fd, int64_t pid, struct permission *ret);
must_use struct err *permission_err(const struct permission *p, const char *what);

// Fills t->core, mappings, threads and pid. The bytes must outlive t. Also after an err t->core is core_free's.
must_use struct err *core_parse(struct view bytes, struct target *t);
void core_free(struct core *c);
instant_t core_written(const struct core *c);
