// The parsers of the kernel's texts, apart from where the texts come from.
#pragma once
#include "read/kernel/kernel.h"

enum { KERNEL_MAPS_MAX = 1 << 20, KERNEL_FDS_MAX = 1 << 22, KERNEL_SOCKETS_MAX = 1 << 22, KERNEL_RUNS_MAX = 1 << 24 };

void status_parse(const char *status, const char *stat, struct kernel_status *ret);

struct smaps { // state between lines
	struct kernel_maps *out;
	struct err *err;
};
bool smaps_line(void *smaps, char *line);

// Where cgroups are looked for. cgroup NULL: in the mount itself. prefix stands before every path (the target's root; a test's folder).
struct cgroup_view { const char *cgroup, *mountinfo, *prefix; };
// Lowers *ret where a cgroup leaves less; false: its folder could not be found.
bool cgroup_limit(const struct cgroup_view *v, struct kernel_limit *ret);
void machine_limit(const char *meminfo, struct kernel_limit *ret);

void fd_describe(const char *link, struct kernel_fd *ret);

// One row of tcp, tcp6, udp, udp6; false: not one (the heading).
bool socket_inet_line(const char *line, enum kernel_proto proto, struct kernel_socket *ret);
bool socket_unix_line(const char *line, struct kernel_socket *ret, bool *ret_listens);
// Own descriptors, peers and accepted ones are marked, what is neither own nor a peer is dropped.
must_use struct err *sockets_join(struct kernel_sockets *s, const struct kernel_fds *fds);

bool syscall_sp(const char *text, addr_t *ret);
