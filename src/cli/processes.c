#include "cli/processes.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { MAX_PROCESSES = 1 << 20, MAX_LISTENED = 3 };

static void process_close(struct process *p)
{
	rt_detach(p->rt);
	gobin_close(p->bin);
	target_close(p->target);
	free(p->because);
	free(p->program);
	free(p->listens);
	*p = (struct process){0};
}

void processes_fini(struct processes *p)
{
	for (size_t i = 0; i < p->at.len; i++)
		process_close(&p->at.at[i]);
	vec_fini(&p->at);
	map_free(p->not_go);
	p->not_go = NULL;
}

static instant_t now_ns(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec * 1000000000ll + ts.tv_nsec;
}

// ---- is it Go? ------------------------------------------------------------------------------------------------------

static uint64_t *known_as_not_go(struct processes *all, int64_t pid)
{
	char path[48];
	struct stat st;
	snprintf(path, sizeof(path), "/proc/%" PRId64 "/exe", pid);
	if (stat(path, &st))
		return NULL;
	return map_at(all->not_go, hash_u64(st.st_dev) ^ st.st_ino, NULL);
}

static char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return strdup(slash && slash[1] ? slash + 1 : path);
}

// One that may not be read: it is taken for Go if what its command line names is a Go program.
static bool guess_by_command(struct process *p)
{
	cleanup(strbuf_finip) struct strbuf cmd = {0};
	cleanup(file_closep) struct file *f = NULL;
	cleanup(gobin_closep) struct gobin *g = NULL;
	struct err *err = procfs_text(p->pid, "cmdline", 1 << 20, &cmd);
	if (!err && strbuf_str(&cmd)[0] != '/')
		return false;
	if (!err)
		err = file_open(cmd.s, &f);
	if (!err)
		err = gobin_open(file_view(f), &g);
	bool go = !err && (p->program = base_name(cmd.s));
	err_free(err);
	return go;
}

static bool open_readable(struct process *p)
{
	struct err *err = gobin_open(target_exe(p->target), &p->bin);
	if (err) { // not a Go program, or one that ended
		err_free(err);
		return false;
	}
	p->program = base_name(target_exe_path(p->target));
	struct gobin_func f;
	p->pprof_linked = gobin_func_named(p->bin, "net/http/pprof.Index", &f);
	err_free(rt_attach(p->target, p->bin, &p->rt)); // the row shows what is missing
	return true;
}

// true: a Go process, opened as far as it may be.
static bool open_process(struct processes *all, struct process *p)
{
	uint64_t *not_go = known_as_not_go(all, p->pid);
	if (not_go && *not_go)
		return false;
	struct err *err = target_open_pid(p->pid, &p->target);
	bool go;
	if (err && err_kind(err) == ERR_PERMISSION) {
		p->because = strdup(err_message(err));
		go = guess_by_command(p);
	} else {
		go = !err && open_readable(p);
		if (!err && !go && not_go)
			*not_go = 1;
	}
	err_free(err);
	return go;
}

// ---- what changes ---------------------------------------------------------------------------------------------------

static void look_at_sockets(struct process *p)
{
	struct kernel_fds fds = {0};
	struct kernel_sockets s = {0};
	cleanup(strbuf_finip) struct strbuf b = {0};
	struct err *err = kernel_fds(p->pid, &fds);
	if (!err)
		err = kernel_sockets(p->pid, &fds, &s);
	size_t n = 0;
	for (size_t i = 0; !err && i < s.at.len; i++) {
		const struct kernel_socket *k = &s.at.at[i];
		char address[64];
		if (k->fd < 0 || k->state != 10 || (k->proto != KERNEL_TCP && k->proto != KERNEL_TCP6))
			continue;
		if (n++ < MAX_LISTENED)
			strbuf_printf(&b, "%s%s", n > 1 ? ", " : "", kernel_socket_address(k->local, k->local_port, address));
	}
	if (n > MAX_LISTENED)
		strbuf_printf(&b, " and %zu more", n - MAX_LISTENED);
	err_free(err);
	kernel_sockets_fini(&s);
	kernel_fds_fini(&fds);
	free(p->listens);
	p->listens = b.failed ? NULL : take(b.s);
}

static void look_at_runtime(struct process *p)
{
	struct rt_memstats m;
	struct err *err = p->rt && rt_has_memstats(p->rt) ? rt_memstats(p->rt, &m) : NULL;
	if (p->rt && rt_has_memstats(p->rt) && !err)
		p->heap_live = m.num_gc && m.heap_marked ? m.heap_marked : m.heap_alloc;
	err_free(err);
	struct rt_census c = {0};
	err = p->rt && rt_has_goroutines(p->rt) ? rt_goroutines(p->rt, &c) : NULL;
	p->goroutines = err ? 0 : c.torn; // there, but not read to the end
	for (size_t i = 0; !err && i < c.at.len; i++)
		p->goroutines += !c.at.at[i].system; // as runtime.NumGoroutine counts
	err_free(err);
	rt_census_fini(&c);
}

static void look_again(struct process *p)
{
	p->last_at = now_ns();
	if (!p->first_at) {
		p->first_at = p->last_at;
		p->first_rss = p->status.rss;
	}
	err_free(kernel_limit(p->pid, &p->limit));
	if (!p->target)
		return;
	if (p->pprof_linked)
		look_at_sockets(p);
	look_at_runtime(p);
}

static struct process *find(struct processes *all, int64_t pid, instant_t started)
{
	for (size_t i = 0; i < all->at.len; i++) {
		int64_t apart = all->at.at[i].started - started; // the start is counted from boot in ticks, and moves a little
		if (all->at.at[i].pid == pid && apart < 1000000000 && apart > -1000000000)
			return &all->at.at[i];
	}
	return NULL;
}

static struct err *look_at(struct processes *all, int64_t pid)
{
	struct process fresh = {.pid = pid};
	struct err *err = kernel_status(pid, &fresh.status);
	if (err || fresh.status.ended || !fresh.status.vm_size) { // ended, or a thread of the kernel
		err_free(err);
		return NULL;
	}
	struct process *p = find(all, pid, fresh.status.started);
	if (!p) {
		fresh.started = fresh.status.started;
		if (!open_process(all, &fresh)) {
			process_close(&fresh);
			return NULL;
		}
		if ((err = vec_push(&all->at, MAX_PROCESSES, "processes", fresh))) {
			process_close(&fresh);
			return err;
		}
		p = &all->at.at[all->at.len - 1];
	}
	p->status = fresh.status;
	look_again(p);
	p->seen = !p->target || target_alive(p->target); // it may have ended meanwhile
	return NULL;
}

struct err *processes_look(struct processes *all)
{
	struct kernel_pids pids = {0};
	if (!all->not_go && !(all->not_go = map_new()))
		return &err_nomem;
	struct err *err = kernel_pids(&pids);
	for (size_t i = 0; i < all->at.len; i++)
		all->at.at[i].seen = false;
	for (size_t i = 0; !err && i < pids.at.len; i++)
		if (pids.at.at[i] != getpid())
			err = look_at(all, pids.at.at[i]);
	vec_fini(&pids.at);
	size_t n = 0;
	for (size_t i = 0; i < all->at.len; i++) {
		if (all->at.at[i].seen)
			all->at.at[n++] = all->at.at[i];
		else
			process_close(&all->at.at[i]);
	}
	all->at.len = n;
	return err;
}

static double growth(const struct process *p)
{
	return p->last_at > p->first_at ? ((double)p->status.rss - (double)p->first_rss) * 1e9 / (double)(p->last_at - p->first_at) : 0;
}

static int most_growth(const void *a, const void *b)
{
	double x = growth(a), y = growth(b);
	return (x < y) - (x > y);
}

static int most_memory(const void *a, const void *b)
{
	const struct process *x = a, *y = b;
	return (x->status.rss < y->status.rss) - (x->status.rss > y->status.rss);
}

void processes_sort(struct processes *all, bool by_growth)
{
	if (all->at.len)
		qsort(all->at.at, all->at.len, sizeof(*all->at.at), by_growth ? most_growth : most_memory);
}

struct process_row processes_row(const struct process *p)
{
	struct process_row r = {.pid = p->pid, .program = p->program ? p->program : p->status.name, .rss = p->status.rss,
		.heap_live = p->heap_live, .goroutines = p->goroutines, .started = p->started, .stripped = -1,
		.readable = p->target != NULL, .pprof_linked = p->pprof_linked, .because = p->because, .listens = p->listens,
		.growth_per_second = growth(p), .has_growth = p->last_at > p->first_at};
	if (p->limit.from != KERNEL_LIMIT_NONE) {
		r.limit = p->limit.bytes;
		r.limit_from = p->limit.from == KERNEL_LIMIT_CGROUP ? "cgroup" : "machine";
	}
	if (p->bin) {
		const struct gobin_buildinfo *b = gobin_buildinfo(p->bin);
		r.module = b->module;
		r.module_version = b->module_version;
		r.go_version = b->go_version;
		r.stripped = gobin_stripped(p->bin);
	}
	return r;
}
