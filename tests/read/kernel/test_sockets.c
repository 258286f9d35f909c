// Socket tables: rows as the kernel prints them, joined to descriptors and peers.
#include "read/kernel/private.h"
#include "test.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

TEST(rows_are_read_in_all_families)
{
	struct kernel_socket s;
	char text[64];
	CHECK(socket_inet_line("   0: 0100007F:1F90 0200007F:C350 08 00000010:0000000A 02:000A7D13 00000002  1000        0 54321 2 0000000000000000 20",
		KERNEL_TCP, &s));
	CHECK(s.inode == 54321 && s.state == 8 && s.tx_queue == 16 && s.rx_queue == 10 && s.timer == 2 && s.fd == -1 && s.peer == -1);
	CHECK(!strcmp(kernel_socket_address(s.local, s.local_port, text), "127.0.0.1:8080"), "%s", text);
	CHECK(!strcmp(kernel_socket_address(s.remote, s.remote_port, text), "127.0.0.2:50000"), "%s", text);
	CHECK(!strcmp(kernel_socket_state(s.state), "CLOSE_WAIT") && !strcmp(kernel_socket_state(99), "?"));
	CHECK(socket_inet_line(" 12: 00000000000000000000000001000000:0050 0000000000000000FFFF00000100007F:0051 01 00000000:00000000 00:00000000 00000000     0        0 7 1",
		KERNEL_TCP6, &s));
	CHECK(!strcmp(kernel_socket_address(s.local, s.local_port, text), "[::1]:80"), "%s", text);
	CHECK(!strcmp(kernel_socket_address(s.remote, s.remote_port, text), "127.0.0.1:81"), "%s", text);
	bool listens;
	CHECK(socket_unix_line("0000000000000000: 00000002 00000000 00010000 0001 01 8765 /run/x.sock", &s, &listens) && listens && s.inode == 8765);
	CHECK(socket_unix_line("ffff888000000000: 00000003 00000000 00000000 0001 03 99", &s, &listens) && !listens && s.state == 3);
}

TEST(what_is_no_row_is_left_out)
{
	static const char *const rows[] = {
		"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode", "",
		"   0: 0100007F:1F90", "   0: 0100007F:1F90 0200007F:C350 08 00000010:0000000A 02:000A7D13 00000002  1000        0 ",
		"   0: 0100007G:1F90 0200007F:C350 08 00000010:0000000A 02:000A7D13 00000002  1000        0 1",
		"   0: 0100007F:1F900 0200007F:C350 08 00000010:0000000A 02:000A7D13 00000002  1000        0 1",
		"   0: 0100007F:1F90 0200007F:C350 108 00000010:0000000A 02:000A7D13 00000002  1000        0 1",
	};
	struct kernel_socket s;
	bool listens;
	for (size_t i = 0; i < countof(rows); i++)
		CHECK(!socket_inet_line(rows[i], KERNEL_TCP, &s) && !socket_unix_line(rows[i], &s, &listens), "%s", rows[i]);
}

static struct kernel_socket row(uint8_t last, uint16_t port, uint8_t remote, uint16_t remote_port, uint8_t state, uint64_t inode)
{
	struct kernel_socket s = {.inode = inode, .state = state, .local_port = port, .remote_port = remote_port, .fd = -1, .peer = -1};
	s.local[10] = s.local[11] = s.remote[10] = s.remote[11] = 0xff;
	s.local[12] = s.remote[12] = 10;
	s.local[15] = last;
	s.remote[15] = remote;
	return s;
}

TEST(own_sockets_peers_and_accepted_ones_are_found)
{
	struct kernel_socket rows[] = {
		row(1, 80, 0, 0, 10, 100),     // we listen
		row(1, 80, 2, 5000, 1, 101),   // accepted, the other end on another machine
		row(1, 80, 1, 5001, 1, 102),   // accepted, the other end is ours too
		row(1, 5001, 1, 80, 1, 103),
		row(1, 80, 1, 5002, 8, 104),   // the other end was closed: its row has no owner any more
		row(1, 5002, 1, 80, 5, 0),
		row(1, 80, 1, 5003, 8, 105),   // and here it is gone altogether
		row(1, 7000, 1, 7001, 1, 900), // others' connection
		row(1, 7001, 1, 7000, 1, 901),
		row(1, 9000, 1, 7777, 1, 106), // we called somebody on this machine
		row(1, 7777, 1, 9000, 1, 902),
	};
	struct kernel_fd own[] = {{3, KERNEL_FD_SOCKET, 100, ""}, {4, KERNEL_FD_SOCKET, 101, ""}, {5, KERNEL_FD_SOCKET, 102, ""},
		{6, KERNEL_FD_SOCKET, 103, ""}, {7, KERNEL_FD_SOCKET, 104, ""}, {8, KERNEL_FD_SOCKET, 105, ""}, {9, KERNEL_FD_SOCKET, 106, ""},
		{10, KERNEL_FD_PIPE, 900, ""}};
	struct kernel_fds fds = {{own, countof(own), countof(own)}};
	struct kernel_sockets s = {0};
	for (size_t i = 0; i < countof(rows); i++)
		err_free(vec_push(&s.at, 100, "sockets", rows[i]));
	cleanup(err_freep) struct err *err = sockets_join(&s, &fds);
	CHECK(!err && s.at.len == 8, "%zu", s.at.len);
	static const struct { uint64_t inode; int32_t fd; uint64_t peer; bool same, accepted; } want[] = {
		{100, 3, 0, false, false}, {101, 4, 0, false, true}, {102, 5, 103, true, true}, {103, 6, 102, true, false},
		{104, 7, 0, true, true}, {105, 8, 0, true, true}, {106, 9, 902, true, false}, {902, -1, 0, false, false},
	};
	for (size_t i = 0; i < countof(want) && i < s.at.len; i++) {
		const struct kernel_socket *k = &s.at.at[i];
		CHECK(k->inode == want[i].inode && k->fd == want[i].fd, "%zu", i);
		CHECK((k->peer < 0 ? 0 : s.at.at[k->peer].inode) == want[i].peer, "inode %llu", (unsigned long long)k->inode);
		CHECK(k->same_machine == want[i].same && k->accepted == want[i].accepted, "inode %llu", (unsigned long long)k->inode);
	}
	kernel_sockets_fini(&s);
	cleanup(err_freep) struct err *none = sockets_join(&s, &fds);
	CHECK(!none && !s.at.len);
}

static const struct kernel_socket *of_fd(const struct kernel_sockets *s, int fd)
{
	for (size_t i = 0; i < s->at.len; i++)
		if (s->at.at[i].fd == fd)
			return &s->at.at[i];
	return NULL;
}

TEST(a_real_connection_has_its_peer_and_its_bytes)
{
	int l = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), c = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), un[2];
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	CHECK(!bind(l, (struct sockaddr *)&a, len) && !listen(l, 5) && !getsockname(l, (struct sockaddr *)&a, &len));
	CHECK(!connect(c, (struct sockaddr *)&a, len) && !socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, un));
	int s = accept4(l, NULL, NULL, SOCK_CLOEXEC);
	CHECK(write(c, "hello", 5) == 5);
	struct kernel_fds fds = {0};
	struct kernel_sockets all = {0};
	cleanup(err_freep) struct err *err = kernel_fds(getpid(), &fds);
	if (!err)
		err = kernel_sockets(getpid(), &fds, &all);
	CHECK(!err, "%s", err ? err_message(err) : "");
	const struct kernel_socket *kl = of_fd(&all, l), *kc = of_fd(&all, c), *ks = of_fd(&all, s), *ku = of_fd(&all, un[0]);
	CHECK(kl && kc && ks && ku);
	if (kl && kc && ks && ku) {
		CHECK(kl->state == 10 && kl->local_port == ntohs(a.sin_port) && !kl->accepted);
		CHECK(ks->accepted && !kc->accepted && ks->rx_queue == 5 && ks->state == 1 && ks->same_machine);
		CHECK(&all.at.at[ks->peer] == kc && &all.at.at[kc->peer] == ks && ku->proto == KERNEL_UNIX);
	}
	close(c);
	err = kernel_fds(getpid(), &fds);
	if (!err)
		err = kernel_sockets(getpid(), &fds, &all);
	ks = of_fd(&all, s);
	CHECK(!err && ks && ks->state == 8 && ks->peer < 0 && ks->same_machine);
	uint64_t count = 0, listed = fds.at.len;
	err = kernel_fd_count(getpid(), &count);
	CHECK(!err && (count == listed || count + 1 == listed || count == listed + 1), "%llu counted, %llu listed", (unsigned long long)count,
	      (unsigned long long)listed); // looking opens one itself
	close(s);
	close(l);
	close(un[0]);
	close(un[1]);
	kernel_fds_fini(&fds);
	kernel_sockets_fini(&all);
}
