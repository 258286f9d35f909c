// Limits, descriptors and sockets over time -> limit and resources.
//
// A socket is stale when its receive queue held the same bytes at the first look and at the end: nobody reads it (a reader
// that waited would have been woken).
#include "facts/collect/collect.h"
#include "read/kernel/kernel.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_POINTS = 4096 };

struct collect_kernel {
	struct evidence *ev;
	int64_t pid;
	struct map *unread; // socket inode -> bytes in the receive queue at the first look
	bool looked;
};

struct collect_kernel *collect_kernel_new(struct evidence *ev, const struct target *t)
{
	cleanup(collect_kernel_freep) struct collect_kernel *c = calloc(1, sizeof(*c));
	if (!c || !(c->unread = map_new()))
		return NULL;
	c->ev = ev;
	c->pid = target_pid(t);
	return take(c);
}

void collect_kernel_free(struct collect_kernel *c)
{
	if (!c)
		return;
	map_free(c->unread);
	free(c);
}

struct err *collect_limit(struct evidence *ev, int64_t pid, int64_t go_memory_limit)
{
	struct kernel_limit l;
	struct kernel_status s;
	struct err *err = kernel_limit(pid, &l);
	if (err)
		return err;
	ev->limit = (struct ev_limit){l.bytes, l.available, l.from == KERNEL_LIMIT_CGROUP ? EV_LIMIT_CGROUP : EV_LIMIT_MACHINE};
	if (go_memory_limit <= 0 || go_memory_limit == INT64_MAX || (uint64_t)go_memory_limit >= l.bytes || (err = kernel_status(pid, &s)))
		return err;
	uint64_t limit = (uint64_t)go_memory_limit;
	ev->limit = (struct ev_limit){limit, limit > s.rss ? limit - s.rss : 0, EV_LIMIT_GOMEMLIMIT};
	return NULL;
}

static struct err *count_one(struct evidence *ev, instant_t at, const char *kind, const char *state, bool accepted, struct ev_resource **ret)
{
	struct ev_resource *r = ev_resource_at(ev, ev_cstr(ev, kind), ev_cstr(ev, state));
	*ret = r;
	if (!r)
		return evidence_check(ev);
	r->accepted_side = r->accepted_side || accepted;
	if (r->points.len && r->points.at[r->points.len - 1].at == at) {
		r->points.at[r->points.len - 1].count++;
		return NULL;
	}
	return vec_push(&r->points, MAX_POINTS, "looks at descriptors", (struct ev_resource_point){at, 1});
}

static struct err *count_socket(struct collect_kernel *c, instant_t at, const struct kernel_socket *s, bool end)
{
	static const char *const protos[] = {"tcp sockets", "tcp sockets", "udp sockets", "udp sockets", "unix sockets"};
	bool tcp = s->proto == KERNEL_TCP || s->proto == KERNEL_TCP6;
	struct ev_resource *r;
	struct err *err = count_one(c->ev, at, protos[s->proto], tcp ? kernel_socket_state(s->state) : "", s->accepted, &r);
	uint64_t before;
	if (err || !r || !tcp || !s->rx_queue || s->state == 10)
		return err;
	if (!c->looked) {
		uint64_t *slot = map_at(c->unread, s->inode, NULL);
		if (!slot)
			return &err_nomem;
		*slot = s->rx_queue;
	} else if (end && map_find(c->unread, s->inode, &before) && before == s->rx_queue) {
		r->unread_stale++;
	}
	return NULL;
}

static struct err *look(struct collect_kernel *c, instant_t at, bool end)
{
	static const char *const kinds[] = {"files", "sockets", "pipes", "", "other descriptors"};
	struct kernel_fds fds = {0};
	struct kernel_sockets sockets = {0};
	struct err *err = kernel_fds(c->pid, &fds);
	if (!err)
		err = kernel_sockets(c->pid, &fds, &sockets);
	struct ev_resource *r;
	for (size_t i = 0; !err && i < sockets.at.len; i++)
		if (sockets.at.at[i].fd >= 0)
			err = count_socket(c, at, &sockets.at.at[i], end);
	for (size_t i = 0; !err && i < fds.at.len; i++) {
		const struct kernel_fd *f = &fds.at.at[i];
		if (f->kind != KERNEL_FD_SOCKET)
			err = count_one(c->ev, at, f->kind == KERNEL_FD_ANON ? f->what : kinds[f->kind], "", false, &r);
	}
	// What was there before and is not now has none.
	for (size_t i = 0; !err && i < c->ev->resources.len; i++) {
		struct ev_resource *gone = &c->ev->resources.at[i];
		if (gone->points.len && gone->points.at[gone->points.len - 1].at != at)
			err = vec_push(&gone->points, MAX_POINTS, "looks at descriptors", (struct ev_resource_point){at, 0});
	}
	c->looked = true;
	kernel_fds_fini(&fds);
	kernel_sockets_fini(&sockets);
	return err;
}

struct err *collect_kernel_look(struct collect_kernel *c, instant_t at) { return look(c, at, false); }
struct err *collect_kernel_end(struct collect_kernel *c, instant_t at) { return look(c, at, true); }
