// kernel: what Linux says about a process: memory by mapping, resident pages, limits, descriptors, sockets, threads.
//   reads   /proc/PID (smaps, pagemap, status, fd, fdinfo, net, cgroup), cgroup files, /proc/meminfo
//   gives   plain structs
//   knows   cgroup v1 and v2, the target's namespaces; not Go
//   costs   status and fd listing: under 1 ms; smaps 10-50 ms for 3 GiB and takes the target's mmap lock: never in a loop
//   not     counts of executions (later: counts.c), probes
#pragma once
#include "base/gap.h"
#include "base/vec.h"
#include "read/target/target.h"

struct kernel_status { // /proc/PID/status and stat: cheap
	uint64_t rss, rss_anon, rss_file, rss_shmem, vm_swap, vm_size;
	uint64_t threads;
	char name[64];
	int64_t uid, ppid;
};
must_use struct err *kernel_status(int64_t pid, struct kernel_status *ret);

enum kernel_limit_from { KERNEL_LIMIT_NONE, KERNEL_LIMIT_CGROUP, KERNEL_LIMIT_MACHINE };
struct kernel_limit { uint64_t bytes, used, available; enum kernel_limit_from from; char path[256]; };
must_use struct err *kernel_limit(int64_t pid, struct kernel_limit *ret); // the smallest on the way to the root, else the machine

struct kernel_map { addr_t start, end; uint64_t rss, anonymous, swap, anon_huge; bool r, w, x, shared; uint64_t inode; char path[256]; };
struct kernel_maps { VEC(struct kernel_map) at; };
void kernel_maps_fini(struct kernel_maps *m);
must_use struct err *kernel_smaps(int64_t pid, struct kernel_maps *ret);
// Bit i of ret: page i of [start, start + pages * 4096) is resident (present, not swapped).
must_use struct err *kernel_pagemap(int64_t pid, addr_t start, uint64_t pages, uint8_t *ret);

enum kernel_fd_kind { KERNEL_FD_FILE, KERNEL_FD_SOCKET, KERNEL_FD_PIPE, KERNEL_FD_ANON, KERNEL_FD_OTHER };
struct kernel_fd { int32_t fd; enum kernel_fd_kind kind; uint64_t inode; char what[48]; }; // what: "eventpoll", a path's tail
struct kernel_fds { VEC(struct kernel_fd) at; };
void kernel_fds_fini(struct kernel_fds *f);
must_use struct err *kernel_fds(int64_t pid, struct kernel_fds *ret);
must_use struct err *kernel_fd_count(int64_t pid, uint64_t *ret);

enum kernel_proto { KERNEL_TCP, KERNEL_TCP6, KERNEL_UDP, KERNEL_UDP6, KERNEL_UNIX };
struct kernel_socket {
	uint64_t inode;
	enum kernel_proto proto;
	uint8_t state;                // TCP: 1 ESTABLISHED, 8 CLOSE_WAIT, 10 LISTEN
	uint8_t local[16], remote[16]; uint16_t local_port, remote_port;
	uint64_t tx_queue, rx_queue;  // bytes
	int32_t fd;                   // of the target, -1 if not its own
	int32_t peer;                 // index of the row with the addresses exchanged, -1 = not on this machine or gone
	bool accepted;                // local port is one that a LISTEN row of the target has
};
struct kernel_sockets { VEC(struct kernel_socket) at; };
void kernel_sockets_fini(struct kernel_sockets *s);
must_use struct err *kernel_sockets(int64_t pid, const struct kernel_fds *fds, struct kernel_sockets *ret);
const char *kernel_socket_state(uint8_t state); // "ESTABLISHED"
