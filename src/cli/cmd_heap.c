// whyheap heap: a profile in pprof's views.
#include "cli/cli.h"
#include "read/pprof/pprof.h"
#include "read/target/target.h"
#include "views/profile/profile.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct request {
	struct profile_options o;
	enum profile_view view;
	const char *regex;
	const char *const *names;
	size_t n;
	const char *const *bases;
	size_t n_bases;
	bool diff;
};

struct loader { const struct args *args; struct gaps gaps; };

// ---- input --------------------------------------------------------------------------------------------------------

static void close_file(void *ctx)
{
	struct file **f = ctx;
	file_close(take(*f));
}

// "http://host/debug/pprof/heap"; --seconds is put in, and gives the time it may take.
static struct err *load_url(struct loader *l, const char *url, struct pprof **ret)
{
	cleanup(strbuf_finip) struct strbuf full = {0}, bytes = {0};
	struct url_options o = {.user = args_str(l->args, "user", NULL), .ca_file = args_str(l->args, "tls_ca", NULL), .insecure = args_flag(l->args, "insecure")};
	double seconds = args_seconds(l->args, "seconds", 0);
	o.n_headers = args_all(l->args, "header", &o.headers);
	o.timeout_seconds = args_seconds(l->args, "timeout", seconds > 0 ? 1.5 * seconds + 5 : 60);
	strbuf_puts(&full, url);
	if (seconds > 0)
		strbuf_printf(&full, "%cseconds=%.0f", strchr(url, '?') ? '&' : '?', seconds);
	struct err *err = strbuf_check(&full);
	if (!err)
		err = url_fetch(strbuf_str(&full), &o, &bytes);
	return err ? err : pprof_read((struct view){(const uint8_t *)strbuf_str(&bytes), bytes.len, url}, args_bytes(l->args, "max-inflated", 0), ret);
}

static struct err *load_file(struct loader *l, const char *name, struct pprof **ret)
{
	cleanup(file_closep) struct file *f = NULL;
	struct err *err = file_open(name, &f);
	if (err)
		return err;
	struct view bytes = file_view(f);
	bytes.source = name; // outlives the file
	return pprof_read_once(bytes, args_bytes(l->args, "max-inflated", 0), close_file, &f, ret);
}

static struct err *load(void *ctx, const char *name, struct pprof **ret)
{
	struct loader *l = ctx;
	cleanup(pprof_freep) struct pprof *p = NULL;
	struct err *err = strstr(name, "://") ? load_url(l, name, &p) : load_file(l, name, &p);
	if (err || (err = profile_prepare(p, args_flag(l->args, "all_frames"))))
		return err;
	gaps_join(&l->gaps, &p->gaps);
	*ret = take(p);
	return NULL;
}

static int path_order(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

// A directory stands for the files in it, by name.
static struct err *expand(const char *name, struct arena *arena, const char *const **names, size_t *n)
{
	VEC(char *) found = {0};
	struct stat st;
	struct err *err = NULL;
	if (stat(name, &st) || !S_ISDIR(st.st_mode))
		return NULL;
	DIR *d = opendir(name);
	for (struct dirent *e; d && !err && (e = readdir(d)); ) {
		char *path = e->d_name[0] == '.' ? NULL : arena_printf(arena, "%s/%s", name, e->d_name);
		if (path && !stat(path, &st) && S_ISREG(st.st_mode))
			err = vec_push(&found, 100000, "files in a directory", path);
	}
	if (d)
		closedir(d);
	qsort(found.at, found.len, sizeof(*found.at), path_order);
	const char **list = arena_alloc(arena, (found.len + 1) * sizeof(*list));
	if (!err && !found.len)
		err = err_new(ERR_INPUT, "%s: no profile in this directory", name);
	if (!err && !list)
		err = &err_nomem;
	for (size_t i = 0; !err && i < found.len; i++)
		list[i] = found.at[i];
	if (!err) {
		*names = list;
		*n = found.len;
	}
	vec_fini(&found);
	return err;
}

// ---- sources, for list -------------------------------------------------------------------------------------------

struct sources { struct arena *arena; const char *dirs; };

static const char *read_source(struct arena *arena, const char *path)
{
	struct stat st;
	cleanup(file_closep) struct file *f = NULL;
	if (stat(path, &st) || !S_ISREG(st.st_mode) || st.st_size > 16 << 20)
		return NULL;
	cleanup(err_freep) struct err *err = file_open(path, &f);
	return err ? NULL : arena_strndup(arena, (const char *)file_view(f).data, file_view(f).len);
}

// By its own name, else below each folder of -source_path, with ever fewer of its leading folders.
static const char *source_text(void *ctx, const char *path)
{
	struct sources *s = ctx;
	const char *text = read_source(s->arena, path);
	for (const char *dir = s->dirs, *end; !text && *dir; dir = *end ? end + 1 : end) {
		end = strchrnul(dir, ':');
		for (const char *tail = path; !text && tail; tail = strchr(tail, '/') ? strchr(tail, '/') + 1 : NULL) {
			const char *full = arena_printf(s->arena, "%.*s/%s", (int)(end - dir), dir, tail);
			text = full ? read_source(s->arena, full) : NULL;
		}
	}
	return text;
}

// ---- the command line ---------------------------------------------------------------------------------------------

static const struct { const char *name; enum profile_view view; bool regex, option; } views[] = {
	{"top", PROFILE_TOP, false, true}, {"text", PROFILE_TOP, false, true}, {"tree", PROFILE_TREE, false, true},
	{"peek", PROFILE_PEEK, true, true}, {"traces", PROFILE_TRACES, false, true}, {"tags", PROFILE_TAGS, false, true},
	{"comments", PROFILE_COMMENTS, false, true}, {"flame", PROFILE_FLAME, false, true}, {"dot", PROFILE_DOT, false, true},
	{"list", PROFILE_LIST, true, true}, {"proto", PROFILE_PROTO, false, true}, {"folded", PROFILE_FOLDED, false, true},
	{"speedscope", PROFILE_SPEEDSCOPE, false, true},
};

static struct err *read_view(const struct args *a, struct request *q)
{
	bool chosen = false;
	for (size_t i = 0; i < countof(views); i++) {
		const char *regex = views[i].regex ? args_str(a, views[i].name, NULL) : NULL;
		if (!views[i].option || (views[i].regex ? !regex : !args_flag(a, views[i].name)))
			continue;
		if (chosen && q->view != views[i].view)
			return err_new(ERR_USAGE, "one view at a time");
		chosen = true;
		q->view = views[i].view;
		q->regex = regex;
	}
	if (chosen || !q->n)
		return NULL;
	if (!strcmp(q->names[0], "diff")) {
		if (q->n != 3)
			return err_new(ERR_USAGE, "heap diff wants two profiles: BEFORE and AFTER");
		q->bases = q->names + 1;
		q->n_bases = 1;
		q->diff = true;
		q->names += 2;
		q->n = 1;
		return NULL;
	}
	for (size_t i = 0; i < countof(views); i++) {
		size_t words = 1 + views[i].regex;
		if (strcmp(q->names[0], views[i].name))
			continue;
		if (q->n < words)
			return err_new(ERR_USAGE, "heap %s wants a regular expression", views[i].name);
		q->view = views[i].view;
		q->regex = views[i].regex ? q->names[1] : NULL;
		q->names += words;
		q->n -= words;
		return NULL;
	}
	return NULL;
}

static struct err *read_type(const struct args *a, struct profile_options *o)
{
	static const struct { const char *flag, *type; } shortcuts[] = {
		{"total_delay", "delay"}, {"mean_delay", "delay"}, {"contentions", "contentions"}, {"inuse_space", "inuse_space"},
		{"inuse_objects", "inuse_objects"}, {"alloc_space", "alloc_space"}, {"alloc_objects", "alloc_objects"},
	};
	o->sample_index = args_str(a, "sample_index", "");
	o->mean = args_flag(a, "mean") || args_flag(a, "mean_delay");
	for (size_t i = 0; i < countof(shortcuts); i++) {
		if (!args_flag(a, shortcuts[i].flag))
			continue;
		if (*o->sample_index)
			return err_new(ERR_USAGE, "one kind of value at a time: --%s and '%s'", shortcuts[i].flag, o->sample_index);
		o->sample_index = shortcuts[i].type;
	}
	return NULL;
}

static struct err *read_granularity(const struct args *a, enum profile_granularity *ret)
{
	static const struct { const char *flag; enum profile_granularity g; } rows[] = {
		{"functions", PROFILE_FUNCTIONS}, {"filefunctions", PROFILE_FILEFUNCTIONS}, {"files", PROFILE_FILES},
		{"lines", PROFILE_LINES}, {"addresses", PROFILE_ADDRESSES},
	};
	const char *given = NULL;
	for (size_t i = 0; i < countof(rows); i++) {
		if (!args_flag(a, rows[i].flag))
			continue;
		if (given)
			return err_new(ERR_USAGE, "--%s and --%s exclude each other", given, rows[i].flag);
		given = rows[i].flag;
		*ret = rows[i].g;
	}
	return NULL;
}

static struct err *read_options(const struct args *a, struct request *q)
{
	struct profile_options *o = &q->o;
	const struct { const char *name; const char **to; } texts[] = {
		{"focus", &o->focus}, {"ignore", &o->ignore}, {"hide", &o->hide}, {"show", &o->show}, {"show_from", &o->show_from},
		{"prune_from", &o->prune_from}, {"tagfocus", &o->tagfocus}, {"tagignore", &o->tagignore}, {"tagshow", &o->tagshow},
		{"taghide", &o->taghide}, {"tagroot", &o->tagroot}, {"tagleaf", &o->tagleaf}, {"unit", &o->unit},
		{"trim_path", &o->trim_path}, {"source_path", &o->source_path},
	};
	const struct { const char *name; bool *to; } flags[] = {
		{"noinlines", &o->no_inlines}, {"showcolumns", &o->columns}, {"call_tree", &o->call_tree}, {"drop_negative", &o->drop_negative},
		{"relative_percentages", &o->relative}, {"compact_labels", &o->compact}, {"cum", &o->cum}, {"all_frames", &o->all_frames},
	};
	for (size_t i = 0; i < countof(texts); i++)
		*texts[i].to = args_str(a, texts[i].name, NULL);
	for (size_t i = 0; i < countof(flags); i++)
		*flags[i].to = args_flag(a, flags[i].name);
	o->node_count = (int)args_number(a, "nodecount", -1);
	o->node_fraction = args_number(a, "nodefraction", 0.005);
	o->edge_fraction = args_number(a, "edgefraction", 0.001);
	o->divide_by = args_number(a, "divide_by", 1);
	o->no_trim = !strcmp(args_str(a, "trim", "true"), "false");
	o->error_bars = strcmp(args_str(a, "columns", "all"), "pprof") != 0;
	if (o->divide_by == 0)
		return err_new(ERR_USAGE, "--divide_by 0 cannot be");
	struct err *err = read_type(a, o);
	return err ? err : read_granularity(a, &o->granularity);
}

static struct err *read_bases(const struct args *a, struct request *q)
{
	const char *const *base, *const *diff;
	size_t n = args_all(a, "base", &base), d;
	struct err *err = NULL;
	if (n) {
		q->bases = base;
		q->n_bases = n;
	}
	if ((d = args_all(a, "diff_base", &diff))) {
		if (n || q->n_bases)
			return err_new(ERR_USAGE, "--base and --diff_base exclude each other");
		q->bases = diff;
		q->n_bases = d;
		q->diff = true;
	}
	if (args_flag(a, "normalize") && !q->n_bases)
		err = err_new(ERR_USAGE, "--normalize wants a --base or --diff_base");
	return err;
}

static void tell(struct loader *l, const struct strbuf *notes)
{
	cleanup(strbuf_finip) struct strbuf gaps = {0};
	cleanup(err_freep) struct err *err = show_gaps_text(&l->gaps, &gaps);
	if (!err && gaps.len)
		fputs(strbuf_str(&gaps), stderr);
	if (notes->len)
		fputs(strbuf_str(notes), stderr);
}

static struct err *write_out(const struct args *a, enum profile_view view, const struct strbuf *out)
{
	const char *path = args_str(a, "output", NULL);
	if (!path && view == PROFILE_PROTO && isatty(STDOUT_FILENO))
		return err_new(ERR_USAGE, "a profile is no text: --output FILE, or a pipe");
	FILE *f = path ? fopen(path, "we") : stdout;
	if (!f)
		return err_os(errno, "%s", path);
	bool good = fwrite(strbuf_str(out), 1, out->len, f) == out->len;
	if (path)
		good = !fclose(f) && good;
	return good ? NULL : err_os(errno, "%s", path ? path : "standard output");
}

struct err *cmd_heap(const struct args *args, int *ret_status); // main.c, from the options' table
struct err *cmd_heap(const struct args *a, int *ret_status)
{
	struct request q = {.o = PROFILE_OPTIONS_DEFAULT, .view = PROFILE_TOP};
	struct loader l = {.args = a};
	cleanup(arena_freep) struct arena *arena = arena_new();
	cleanup(strbuf_finip) struct strbuf out = {0}, notes = {0};
	cleanup(pprof_freep) struct pprof *p = NULL;
	struct err *err;
	(void)ret_status;
	q.n = args_inputs(a, &q.names);
	if (!arena)
		return &err_nomem;
	if ((err = read_view(a, &q)) || (err = read_options(a, &q)) || (err = read_bases(a, &q)))
		return err;
	if (!q.n)
		return err_new(ERR_USAGE, "heap wants a profile");
	if (q.n == 1 && (err = expand(q.names[0], arena, &q.names, &q.n)))
		return err;
	struct sources sources = {arena, q.o.source_path ? q.o.source_path : "."};
	q.o.source = source_text;
	q.o.source_ctx = &sources;
	struct profile_source source = {.load = load, .ctx = &l};
	err = profile_combine(&source, q.names, q.n, q.bases, q.n_bases, q.diff, args_flag(a, "normalize"), &p);
	if (!err)
		err = profile_show(p, q.view, &q.o, q.regex, &out, &notes);
	tell(&l, &notes);
	gaps_fini(&l.gaps);
	return err ? err : write_out(a, q.view, &out);
}
