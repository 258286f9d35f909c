// kernel: what Linux says about a process: memory by mapping, resident pages, limits, descriptors, sockets, threads.
//   reads   /proc/PID (smaps, pagemap, status, stat, fd, net, cgroup, mountinfo), cgroup files, /proc/meminfo
//   gives   plain structs
//   knows   cgroup v1 and v2, the target's namespaces; not Go
//   costs   status and fd count: under 1 ms; fds: 1 us each; sockets: every row of the network namespace is read;
//           smaps 10-50 ms for 3 GiB and takes the target's mmap lock: never in a loop
//   not     counts of executions, probes
#pragma once
#include "base/gap.h"
#include "base/vec.h"
#include "read/target/target.h"

struct kernel_status { // /proc/PID/status and stat: cheap
	uint64_t rss, rss_anon, rss_file, rss_shmem, vm_swap, vm_size, page_tables; // bytes
	uint64_t threads;
	char name[64]; // of the main thread, at most 15 characters
	int64_t uid, ppid;
	instant_t started; // 0 = not known
	bool ended;        // a zombie
};
must_use struct err *kernel_status(int64_t pid, struct kernel_status *ret);
// Every process id there is, ascending.
struct kernel_pids { VEC(int64_t) at; };
must_use struct err *kernel_pids(struct kernel_pids *ret);

enum kernel_limit_from { KERNEL_LIMIT_NONE, KERNEL_LIMIT_CGROUP, KERNEL_LIMIT_MACHINE };
struct kernel_limit {
	uint64_t bytes, used, available; // used without what can be given back at once (inactive file pages)
	enum kernel_limit_from from;
	bool soft;      // memory.high: slowed down there, not killed
	char path[256]; // the cgroup's folder; "" for the machine
};
// Of the process' cgroups on the way to the root and the machine: the one with the least available. A cgroup that cannot be
// looked at counts as without limit.
must_use struct err *kernel_limit(int64_t pid, struct kernel_limit *ret);

struct kernel_map {
	addr_t start, end;
	uint64_t rss, anonymous, swap, anon_huge, off, inode;
	bool r, w, x, shared, grows_down;
	char path[128]; // its end, where longer
};
struct kernel_maps { VEC(struct kernel_map) at; }; // ascending
void kernel_maps_fini(struct kernel_maps *m);
must_use struct err *kernel_smaps(int64_t pid, struct kernel_maps *ret);

// Resident pages of [start, end), as ascending runs that do not touch: present, not swapped out, not the shared page of
// zeros (from Linux 6.7; before, that one cannot be told and counts).
struct kernel_run { addr_t start, end; };
struct kernel_runs { VEC(struct kernel_run) at; };
void kernel_runs_fini(struct kernel_runs *r);
// Appends; ranges must be asked for in ascending order.
must_use struct err *kernel_resident(int64_t pid, addr_t start, addr_t end, struct kernel_runs *ret);

enum kernel_fd_kind { KERNEL_FD_FILE, KERNEL_FD_SOCKET, KERNEL_FD_PIPE, KERNEL_FD_ANON, KERNEL_FD_OTHER };
struct kernel_fd {
	int32_t fd;
	enum kernel_fd_kind kind;
	uint64_t inode; // sockets and pipes; else 0
	char what[48];  // "eventpoll"; the end of a path
};
struct kernel_fds { VEC(struct kernel_fd) at; }; // by number
void kernel_fds_fini(struct kernel_fds *f);
must_use struct err *kernel_fds(int64_t pid, struct kernel_fds *ret);
must_use struct err *kernel_fd_count(int64_t pid, uint64_t *ret);

enum kernel_proto { KERNEL_TCP, KERNEL_TCP6, KERNEL_UDP, KERNEL_UDP6, KERNEL_UNIX };
struct kernel_socket {
	uint64_t inode; // 0: belongs to nobody any more
	enum kernel_proto proto;
	uint8_t state; // TCP: 1 ESTABLISHED, 8 CLOSE_WAIT, 10 LISTEN
	uint8_t timer; // kernel timer: 0 none, 1 retransmission, 2 keep-alive, 3 TIME_WAIT, 4 window probe
	uint8_t local[16], remote[16]; // network order; IPv4 as ::ffff:a.b.c.d
	uint16_t local_port, remote_port;
	uint64_t tx_queue, rx_queue; // bytes
	int32_t fd;          // of the target, -1 if not its own
	int32_t peer;        // row with the addresses exchanged, owned by somebody; -1 = none
	bool same_machine;   // the other end's address is on this machine: with no peer, it is gone
	bool accepted;       // local port is one that the target listens on
};
struct kernel_sockets { VEC(struct kernel_socket) at; }; // the target's own, and their peers
void kernel_sockets_fini(struct kernel_sockets *s);
must_use struct err *kernel_sockets(int64_t pid, const struct kernel_fds *fds, struct kernel_sockets *ret);
const char *kernel_socket_state(uint8_t state); // "ESTABLISHED"; "?" for a number that has none
const char *kernel_socket_address(const uint8_t address[16], uint16_t port, char ret[64]); // "127.0.0.1:80", "[::1]:80"

// Where threads' stack pointers are, as far as it may be read: /proc/PID/task/*/syscall. A running thread has none.
struct kernel_thread { int64_t tid; addr_t sp; };
struct kernel_threads { VEC(struct kernel_thread) at; };
must_use struct err *kernel_threads(int64_t pid, struct kernel_threads *ret);
