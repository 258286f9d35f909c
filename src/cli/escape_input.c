#include "cli/escape_input.h"
#include "cli/diagnose.h"
#include "cli/inputs.h"
#include "facts/collect/collect.h"
#include "read/pprof/pprof.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OUTPUT_MAX = 1 << 30 };

struct err *binary_open(const char *word, struct binary *ret)
{
	struct binary b = {0};
	enum input_kind kind;
	struct err *err = input_kind_of(word, &kind);
	if (!err && kind == INPUT_PID) {
		err = target_open_pid(strtoll(word, NULL, 10), &b.target);
		if (!err)
			err = diagnose_gobin(b.target, &b.g);
	} else if (!err) {
		err = file_open(word, &b.file);
		if (!err)
			err = gobin_open(file_view(b.file), &b.g);
	}
	if (!err)
		err = code_scan(b.g, &b.code);
	if (err)
		binary_fini(&b);
	else
		*ret = b;
	return err_while(err, "%s", word);
}

void binary_fini(struct binary *b)
{
	code_close(b->code);
	gobin_close(b->g);
	file_close(b->file);
	target_close(b->target);
	*b = (struct binary){0};
}

bool is_package(const char *word)
{
	enum input_kind kind;
	if (!strcmp(word, "-")) // standard input: it can be read only once
		return false;
	if (strstr(word, "..."))
		return true;
	struct err *err = input_kind_of(word, &kind);
	bool folder = !err && kind == INPUT_DIRECTORY, missing = err != NULL;
	err_free(err);
	return folder || (missing && strchr(word, '/'));
}

// ---- the compiler ---------------------------------------------------------------------------------------------------

enum { ARGV_MAX = 256 };

static void exec_go(char *const *argv, int out)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	execvp(argv[0], argv);
	dprintf(STDERR_FILENO, "go: %s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

static struct err *read_all(int fd, struct strbuf *ret)
{
	char part[65536];
	for (;;) {
		ssize_t n = read(fd, part, sizeof(part));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_os(errno, "reading the compiler's output");
		if (!n)
			return strbuf_check(ret);
		if (ret->len + (size_t)n > OUTPUT_MAX)
			return err_new(ERR_LIMIT, "the compiler's output is longer than %d bytes", OUTPUT_MAX);
		strbuf_put(ret, part, (size_t)n);
	}
}

static struct err *run(char *const *argv, struct strbuf *ret, int *ret_status)
{
	int fd[2];
	if (pipe2(fd, O_CLOEXEC))
		return err_os(errno, "pipe");
	pid_t pid = fork();
	if (pid < 0) {
		int e = errno;
		close(fd[0]);
		close(fd[1]);
		return err_os(e, "fork");
	}
	if (!pid)
		exec_go(argv, fd[1]);
	close(fd[1]);
	struct err *err = read_all(fd[0], ret);
	close(fd[0]);
	while (waitpid(pid, ret_status, 0) < 0 && errno == EINTR)
		;
	return err;
}

static char *writable(const char *s) { return (char *)(uintptr_t)s; } // exec takes char *, and changes nothing

struct err *compiler_run(const struct args *args, const char *const *packages, size_t n, struct escape *e)
{
	char *argv[ARGV_MAX];
	size_t k = 0;
	const char *go = args_str(args, "go", "go"), *tags = args_str(args, "tags", NULL);
	if (n > ARGV_MAX - 16)
		return err_new(ERR_LIMIT, "%zu packages, at most %d are given to the compiler at once", n, ARGV_MAX - 16);
	const char *fixed[] = {go, "build", "-gcflags=-m=2", "-o", "/dev/null"};
	for (size_t i = 0; i < countof(fixed); i++)
		argv[k++] = writable(fixed[i]);
	if (args_flag(args, "race"))
		argv[k++] = writable("-race");
	if (tags) {
		argv[k++] = writable("-tags");
		argv[k++] = writable(tags);
	}
	argv[k++] = writable("--");
	for (size_t i = 0; i < n; i++)
		argv[k++] = writable(packages[i]);
	argv[k] = NULL;
	cleanup(strbuf_finip) struct strbuf out = {0};
	int status = 0;
	struct err *err = run(argv, &out, &status);
	if (!err && (!WIFEXITED(status) || WEXITSTATUS(status))) {
		const char *last = strbuf_str(&out);
		return err_new(ERR_INPUT, "%s build failed: %.*s", go, (int)(out.len < 2000 ? out.len : 2000), last);
	}
	return err ? err : escape_add(e, (struct view){(const uint8_t *)strbuf_str(&out), out.len, "go build"});
}

struct err *compiler_output(const char *path, struct escape *e)
{
	cleanup(file_closep) struct file *f = NULL;
	struct err *err = file_open(path, &f);
	return err ? err : escape_add(e, file_view(f));
}

// ---- lines that hold memory -------------------------------------------------------------------------------------------

struct hot { struct evidence *ev; };

struct err *hot_open(const char *path, struct hot **ret)
{
	cleanup(hot_closep) struct hot *h = calloc(1, sizeof(*h));
	cleanup(file_closep) struct file *f = NULL;
	cleanup(pprof_freep) struct pprof *p = NULL;
	cleanup(collect_pprof_freep) struct collect_pprof *c = NULL;
	if (!h || !(h->ev = evidence_new()))
		return &err_nomem;
	struct err *err = file_open(path, &f);
	if (!err)
		err = pprof_read(file_view(f), 0, &p);
	if (!err && !(c = collect_pprof_new(h->ev)))
		err = &err_nomem;
	if (!err)
		err = collect_pprof_add(c, p, path, 1);
	if (!err && !h->ev->sites.len)
		err = err_new(ERR_INPUT, "no allocation site in it: a heap profile is wanted");
	if (err)
		return err_while(err, "%s", path);
	*ret = take(h);
	return NULL;
}

void hot_close(struct hot *h)
{
	if (h)
		evidence_free(h->ev);
	free(h);
}

static bool same_place(const struct evidence *ev, place_id id, const char *function, uint32_t line)
{
	struct place p = ev_get_place(ev, id);
	return p.line == line && !strcmp(ev_str(ev, p.function), function);
}

bool hot_bytes(const struct hot *h, const char *function, uint32_t line, uint64_t *ret_bytes, uint64_t *ret_objects)
{
	double bytes = 0, objects = 0;
	for (size_t i = 0; i < h->ev->sites.len; i++) {
		const struct ev_site *s = &h->ev->sites.at[i];
		struct stack st = ev_get_stack(h->ev, s->stack);
		const struct ev_site_point *p = s->points.len ? &s->points.at[s->points.len - 1] : NULL;
		bool here = same_place(h->ev, s->site, function, line) || (st.len && same_place(h->ev, st.frames[0], function, line));
		if (!p || !p->live_bytes || !here)
			continue;
		double n;
		bytes += ev_unsample(p->live_objects, p->live_bytes, s->rate, &n);
		objects += n;
	}
	*ret_bytes = (uint64_t)bytes;
	*ret_objects = (uint64_t)objects;
	return bytes > 0;
}

bool hot_line(void *hot, const char *function, const char *file, uint32_t line)
{
	uint64_t bytes, objects;
	if (function[0])
		return hot_bytes(hot, function, line, &bytes, &objects);
	// old compilers do not name the function: file and line decide
	const struct evidence *ev = ((struct hot *)hot)->ev;
	const char *base = strrchr(file, '/');
	base = base ? base + 1 : file;
	for (size_t i = 0; i < ev->sites.len; i++) {
		const struct ev_site *s = &ev->sites.at[i];
		struct place p = ev_get_place(ev, s->site);
		const char *other = strrchr(ev_str(ev, p.file), '/');
		if (p.line == line && s->points.len && s->points.at[s->points.len - 1].live_bytes &&
		    !strcmp(other ? other + 1 : ev_str(ev, p.file), base))
			return true;
	}
	return false;
}
