// The kernel's texts: the first byte chooses which; parts are divided by NUL.
#include "read/kernel/private.h"
#include "read/target/private.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool ok)
{
	if (!ok)
		__builtin_trap();
}

static void each_line(char *text, bool (*fn)(void *, char *), void *ctx)
{
	for (char *line = text, *next; line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = 0;
		if (!fn(ctx, line))
			return;
	}
}

static void maps(char *text)
{
	struct target_maps m = {0};
	char *copy = strdup(text);
	struct err *err = copy ? target_maps_parse(copy, &m) : NULL;
	for (size_t i = 0; i < m.at.len; i++)
		expect(m.at.at[i].start < m.at.at[i].end && (!i || m.at.at[i - 1].end <= m.at.at[i].start) &&
		       target_maps_find(m.at.at, m.at.len, m.at.at[i].start) == &m.at.at[i] && strlen(m.at.at[i].path) < 1u << 20);
	err_free(err);
	target_maps_fini(&m);
}

static void smaps(char *text)
{
	struct kernel_maps out = {0};
	struct smaps s = {&out, NULL};
	each_line(text, smaps_line, &s);
	for (size_t i = 0; i < out.at.len; i++)
		expect((!i || out.at.at[i - 1].end <= out.at.at[i].start) && strlen(out.at.at[i].path) < sizeof(out.at.at[i].path));
	err_free(s.err);
	kernel_maps_fini(&out);
}

struct rows { struct kernel_sockets s; struct kernel_fds fds; };

static bool socket_row(void *ctx, char *line)
{
	struct rows *r = ctx;
	struct kernel_socket k;
	struct kernel_fd fd = {.fd = (int32_t)r->fds.at.len};
	bool listens;
	if (!socket_inet_line(line, KERNEL_TCP, &k) && !socket_inet_line(line, KERNEL_TCP6, &k) && !socket_unix_line(line, &k, &listens)) {
		fd_describe(line, &fd);
		expect(strlen(fd.what) < sizeof(fd.what));
		err_free(vec_push(&r->fds.at, 4096, "descriptors", fd));
		return true;
	}
	char text[64];
	expect(strlen(kernel_socket_address(k.local, k.local_port, text)) < sizeof(text) && kernel_socket_state(k.state));
	err_free(vec_push(&r->s.at, 4096, "sockets", k));
	return true;
}

static void sockets(char *text)
{
	struct rows r = {0};
	each_line(text, socket_row, &r);
	struct err *err = sockets_join(&r.s, &r.fds);
	for (size_t i = 0; !err && i < r.s.at.len; i++) {
		const struct kernel_socket *k = &r.s.at.at[i];
		expect(k->peer < (int32_t)r.s.at.len && (k->peer < 0 || r.s.at.at[k->peer].inode));
	}
	err_free(err);
	kernel_sockets_fini(&r.s);
	kernel_fds_fini(&r.fds);
}

static void limits(char *a, const char *b)
{
	struct kernel_limit l = {0};
	cgroup_limit(&(struct cgroup_view){a, b, "/nonexistent"}, &l);
	cgroup_limit(&(struct cgroup_view){NULL, b, "/nonexistent"}, &l);
	expect(l.from == KERNEL_LIMIT_NONE);
	machine_limit(a, &l);
	expect(l.used <= l.bytes);
}

static void small_ones(const char *a, const char *b)
{
	struct kernel_status st;
	addr_t sp;
	int64_t ns;
	status_parse(a, b, &st);
	expect(strlen(st.name) < sizeof(st.name));
	expect(!syscall_sp(a, &sp) || sp);
	if (timens_parse(a, &ns))
		expect(strstr(a, "monotonic") != NULL);
	procfs_started(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	char *text = malloc(size);
	if (!text)
		return 0;
	memcpy(text, data + 1, size - 1);
	text[size - 1] = 0;
	size_t first = strlen(text);
	const char *second = first + 1 < size ? text + first + 1 : "";
	switch (data[0] % 5) {
	case 0: maps(text); break;
	case 1: smaps(text); break;
	case 2: sockets(text); break;
	case 3: limits(text, second); break;
	case 4: small_ones(text, second); break;
	}
	free(text);
	return 0;
}
