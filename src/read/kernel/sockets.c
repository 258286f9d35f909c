// The socket tables of the target's network namespace: /proc/PID/net/{tcp,tcp6,udp,udp6,unix}
// (net/ipv4/tcp_ipv4.c: tcp4_seq_show, net/unix/af_unix.c: unix_seq_show). Addresses stand as 32-bit words of the
// machine's order, ports as numbers.
#include "read/kernel/private.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void kernel_sockets_fini(struct kernel_sockets *s) { vec_fini(&s->at); }

const char *kernel_socket_state(uint8_t state)
{
	static const char *const names[] = {"?", "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2", "TIME_WAIT", "CLOSE",
		"CLOSE_WAIT", "LAST_ACK", "LISTEN", "CLOSING", "NEW_SYN_RECV"};
	return state < countof(names) ? names[state] : "?";
}

static const uint8_t v4_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

const char *kernel_socket_address(const uint8_t a[16], uint16_t port, char ret[64])
{
	char text[INET6_ADDRSTRLEN] = "?";
	bool v4 = !memcmp(a, v4_prefix, sizeof(v4_prefix));
	inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? a + 12 : a, text, sizeof(text));
	snprintf(ret, 64, v4 ? "%s:%u" : "[%s]:%u", text, port);
	return ret;
}

static bool hex(const char **p, unsigned max_digits, uint64_t *ret)
{
	uint64_t x = 0;
	unsigned n = 0;
	for (;; n++) {
		char c = (*p)[n];
		unsigned d = c >= '0' && c <= '9' ? (unsigned)(c - '0') : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A' + 10) :
			c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10) : 16;
		if (d == 16)
			break;
		if (n == max_digits)
			return false;
		x = x << 4 | d;
	}
	*p += n;
	*ret = x;
	return n > 0;
}

static bool skip(const char **p, char c)
{
	if (**p != c)
		return false;
	++*p;
	return true;
}

static void blanks(const char **p) { *p += strspn(*p, " "); }

static bool address(const char **p, bool v6, uint8_t ret[16], uint16_t *ret_port)
{
	char word[9] = "";
	uint64_t x;
	memset(ret, 0, 16);
	if (!v6)
		memcpy(ret, v4_prefix, sizeof(v4_prefix));
	for (unsigned i = v6 ? 0 : 3; i < 4; i++) {
		if (strnlen(*p, 8) < 8)
			return false;
		memcpy(word, *p, 8);
		const char *w = word;
		if (!hex(&w, 8, &x) || *w)
			return false;
		uint32_t u = (uint32_t)x;
		memcpy(ret + 4 * i, &u, 4);
		*p += 8;
	}
	if (!skip(p, ':') || !hex(p, 4, &x))
		return false;
	*ret_port = (uint16_t)x;
	return true;
}

// "  0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 12345 ..."
bool socket_inet_line(const char *p, enum kernel_proto proto, struct kernel_socket *ret)
{
	struct kernel_socket s = {.proto = proto, .fd = -1, .peer = -1};
	bool v6 = proto == KERNEL_TCP6 || proto == KERNEL_UDP6;
	uint64_t state, timer, x;
	blanks(&p);
	p += strspn(p, "0123456789");
	if (!skip(&p, ':'))
		return false;
	blanks(&p);
	if (!address(&p, v6, s.local, &s.local_port) || !skip(&p, ' ') || !address(&p, v6, s.remote, &s.remote_port) || !skip(&p, ' '))
		return false;
	if (!hex(&p, 2, &state) || !skip(&p, ' ') || !hex(&p, 8, &s.tx_queue) || !skip(&p, ':') || !hex(&p, 8, &s.rx_queue))
		return false;
	blanks(&p);
	if (!hex(&p, 2, &timer) || !skip(&p, ':') || !hex(&p, 16, &x))
		return false;
	for (int i = 0; i < 3; i++) { // retransmissions (hex), uid, timeout
		blanks(&p);
		if (!hex(&p, 16, &x))
			return false;
	}
	blanks(&p);
	char *end;
	s.inode = strtoull(p, &end, 10);
	if (end == p)
		return false;
	s.state = (uint8_t)state;
	s.timer = (uint8_t)timer;
	*ret = s;
	return true;
}

// "ffff8880...: 00000002 00000000 00010000 0001 01 12345 /run/x": references, protocol, flags, type, state, inode.
bool socket_unix_line(const char *p, struct kernel_socket *ret, bool *ret_listens)
{
	struct kernel_socket s = {.proto = KERNEL_UNIX, .fd = -1, .peer = -1};
	uint64_t field[5], x;
	if (!hex(&p, 16, &x) || !skip(&p, ':'))
		return false;
	for (size_t i = 0; i < countof(field); i++) {
		blanks(&p);
		if (!hex(&p, 16, &field[i]))
			return false;
	}
	blanks(&p);
	char *end;
	s.inode = strtoull(p, &end, 10);
	if (end == p)
		return false;
	s.state = (uint8_t)field[4];
	*ret_listens = field[2] & 0x10000; // __SO_ACCEPTCON
	*ret = s;
	return true;
}

// ---- joining ------------------------------------------------------------------------------------------------------

struct inode_fd { uint64_t inode; int32_t fd; };

static int by_inode(const void *a, const void *b)
{
	const struct inode_fd *x = a, *y = b;
	return (x->inode > y->inode) - (x->inode < y->inode);
}

static struct err *mark_own(struct kernel_sockets *s, const struct kernel_fds *fds)
{
	VEC(struct inode_fd) own = {0};
	struct err *err = vec_reserve(&own, fds->at.len + 1, KERNEL_FDS_MAX + 1, "descriptors");
	if (err)
		return err;
	for (size_t i = 0; i < fds->at.len; i++)
		if (fds->at.at[i].kind == KERNEL_FD_SOCKET)
			own.at[own.len++] = (struct inode_fd){fds->at.at[i].inode, fds->at.at[i].fd};
	qsort(own.at, own.len, sizeof(*own.at), by_inode);
	for (size_t i = 0; i < s->at.len; i++) {
		struct inode_fd key = {s->at.at[i].inode, 0}, *found;
		found = key.inode ? bsearch(&key, own.at, own.len, sizeof(*own.at), by_inode) : NULL;
		if (found)
			s->at.at[i].fd = found->fd;
	}
	vec_fini(&own);
	return NULL;
}

static bool is_tcp(const struct kernel_socket *s) { return s->proto == KERNEL_TCP || s->proto == KERNEL_TCP6; }

static void mark_accepted(struct kernel_sockets *s)
{
	uint8_t listens[65536 / 8] = {0};
	for (size_t i = 0; i < s->at.len; i++) {
		const struct kernel_socket *k = &s->at.at[i];
		if (is_tcp(k) && k->state == 10 && k->fd >= 0)
			listens[k->local_port / 8] |= (uint8_t)(1u << k->local_port % 8);
	}
	for (size_t i = 0; i < s->at.len; i++) {
		struct kernel_socket *k = &s->at.at[i];
		k->accepted = is_tcp(k) && k->state != 10 && listens[k->local_port / 8] >> k->local_port % 8 & 1;
	}
}

static int compare_ends(const struct kernel_socket *a, const struct kernel_socket *b, bool exchanged)
{
	const uint8_t *bl = exchanged ? b->remote : b->local, *br = exchanged ? b->local : b->remote;
	int c = memcmp(a->local, bl, 16);
	if (!c)
		c = memcmp(a->remote, br, 16);
	if (!c)
		c = a->local_port - (exchanged ? b->remote_port : b->local_port);
	return c ? c : a->remote_port - (exchanged ? b->local_port : b->remote_port);
}

static int by_ends(const void *a, const void *b, void *ctx)
{
	const struct kernel_socket *at = ctx;
	const struct kernel_socket *x = &at[*(const uint32_t *)a], *y = &at[*(const uint32_t *)b];
	int c = compare_ends(x, y, false);
	return c ? c : (x->inode < y->inode) - (x->inode > y->inode); // owned ones first
}

// The row whose ends are those of `of` exchanged; an owned one if there is one. len: none.
static uint32_t find_peer(const struct kernel_sockets *s, const uint32_t *order, uint32_t n, const struct kernel_socket *of)
{
	uint32_t lo = 0, hi = n;
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		if (compare_ends(&s->at.at[order[mid]], of, true) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < n && !compare_ends(&s->at.at[order[lo]], of, true) ? order[lo] : n;
}

static bool is_loopback(const uint8_t a[16])
{
	static const uint8_t v6[16] = {[15] = 1};
	return !memcmp(a, v6, 16) || (!memcmp(a, v4_prefix, 12) && a[12] == 127);
}

static void mark_peers(struct kernel_sockets *s, uint32_t *order)
{
	uint32_t n = (uint32_t)s->at.len;
	for (uint32_t i = 0; i < n; i++)
		order[i] = i;
	qsort_r(order, n, sizeof(*order), by_ends, s->at.at);
	for (uint32_t i = 0; i < n; i++) {
		struct kernel_socket *k = &s->at.at[i];
		if (k->fd < 0 || !is_tcp(k) || k->state == 10)
			continue;
		uint32_t peer = find_peer(s, order, n, k);
		k->same_machine = peer < n || is_loopback(k->remote) || !memcmp(k->local, k->remote, 16);
		if (peer < n && peer != i && s->at.at[peer].inode)
			k->peer = (int32_t)peer;
	}
}

// Keeps own rows and their peers; indexes follow.
static void drop_others(struct kernel_sockets *s, uint32_t *to)
{
	for (size_t i = 0; i < s->at.len; i++)
		to[i] = s->at.at[i].fd >= 0;
	for (size_t i = 0; i < s->at.len; i++)
		if (s->at.at[i].peer >= 0)
			to[s->at.at[i].peer] = 1;
	uint32_t n = 0;
	for (size_t i = 0; i < s->at.len; i++)
		to[i] = to[i] ? n++ : UINT32_MAX;
	for (size_t i = 0; i < s->at.len; i++) {
		if (to[i] == UINT32_MAX)
			continue;
		struct kernel_socket k = s->at.at[i];
		if (k.peer >= 0)
			k.peer = (int32_t)to[k.peer];
		s->at.at[to[i]] = k;
	}
	s->at.len = n;
}

struct err *sockets_join(struct kernel_sockets *s, const struct kernel_fds *fds)
{
	struct err *err = mark_own(s, fds);
	if (err || !s->at.len)
		return err;
	uint32_t *order = malloc(s->at.len * sizeof(*order));
	if (!order)
		return &err_nomem;
	mark_accepted(s);
	mark_peers(s, order);
	drop_others(s, order);
	free(order);
	return NULL;
}

// ---- reading ------------------------------------------------------------------------------------------------------

struct reading { struct kernel_sockets *out; enum kernel_proto proto; struct err *err; };

static bool one_line(void *ctx, char *line)
{
	struct reading *r = ctx;
	struct kernel_socket s;
	bool listens = false;
	if (r->proto == KERNEL_UNIX ? socket_unix_line(line, &s, &listens) : socket_inet_line(line, r->proto, &s))
		r->err = vec_push(&r->out->at, KERNEL_SOCKETS_MAX, "sockets", s);
	return !r->err;
}

struct err *kernel_sockets(int64_t pid, const struct kernel_fds *fds, struct kernel_sockets *ret)
{
	static const char *const names[] = {[KERNEL_TCP] = "net/tcp", [KERNEL_TCP6] = "net/tcp6", [KERNEL_UDP] = "net/udp",
		[KERNEL_UDP6] = "net/udp6", [KERNEL_UNIX] = "net/unix"};
	struct kernel_sockets all = {0};
	struct err *err = NULL;
	for (enum kernel_proto p = 0; !err && p <= KERNEL_UNIX; p++) {
		struct reading r = {&all, p, NULL};
		err = procfs_lines(pid, names[p], one_line, &r);
		if (err && err_kind(err) == ERR_OS && p != KERNEL_TCP) { // built without IPv6 or unix sockets
			err_free(err);
			err = NULL;
		}
		err = err ? err : r.err;
	}
	if (!err)
		err = sockets_join(&all, fds);
	if (err) {
		kernel_sockets_fini(&all);
		return err;
	}
	kernel_sockets_fini(ret);
	*ret = all;
	return NULL;
}
