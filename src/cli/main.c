// The verb table and the exit status; everything else is in cmd_*.c.
#include "cli/cli.h"
#include "read/goruntime/goruntime.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "options.inc"

static const struct verb *find_verb(const char *name)
{
	for (size_t i = 0; i < countof(verbs); i++)
		if (!strcmp(verbs[i].name, name))
			return &verbs[i];
	return NULL;
}

static void overview(FILE *f)
{
	fputs("whyheap: why a Go program's memory grows: who, since when, why, which line, what to change\n\n"
	      "  whyheap PID|CORE|FILE...   diagnose it; nothing in the target is changed\n\n", f);
	for (size_t i = 0; i < countof(verbs); i++)
		if (!verbs[i].hidden)
			fprintf(f, "  %-12s %s\n", verbs[i].name, verbs[i].summary);
	fputs("\n  whyheap VERB --help says more; whyheap ps is what to type first when you do not know the pid\n", f);
}

// `whyheap 1234`, `whyheap heap.pb.gz`, `whyheap http://...`: diagnosis needs no verb.
static bool is_input(const char *word)
{
	size_t digits = strspn(word, "0123456789");
	return (digits && !word[digits]) || strstr(word, "://") || strchr(word, '/') || strchr(word, '.') || !access(word, F_OK);
}

static struct err *no_such_verb(const char *word)
{
	cleanup(strbuf_finip) struct strbuf words = {0};
	for (size_t i = 0; i < countof(verbs); i++)
		strbuf_printf(&words, "%s%s", i ? "|" : "", verbs[i].name);
	const char *near = args_nearest(word, strbuf_str(&words));
	if (near)
		return err_new(ERR_USAGE, "no verb, process or file '%s'; the nearest verb is %s", word, near);
	return err_new(ERR_USAGE, "no verb, process or file '%s'; whyheap --help lists the verbs", word);
}

static struct err *run(int argc, char **argv, int *ret_status)
{
	if (argc < 2) {
		overview(stderr);
		*ret_status = 2;
		return NULL;
	}
	const char *word = argv[1];
	if (!strcmp(word, "--version") || !strcmp(word, "-version") || !strcmp(word, "version")) {
		puts("whyheap " WHYHEAP_VERSION);
		return NULL;
	}
	bool help = !strcmp(word, "help") || !strcmp(word, "--help") || !strcmp(word, "-h") || !strcmp(word, "-help");
	const struct verb *verb = find_verb(help && argc > 2 ? argv[2] : word);
	if (help && !verb) {
		overview(stdout);
		return argc > 2 ? no_such_verb(argv[2]) : NULL;
	}
	int skip = 2;
	if (!verb) {
		verb = find_verb("diagnose");
		skip = 1;
		if (!verb || (word[0] != '-' && !is_input(word)))
			return no_such_verb(word);
	}
	for (int i = skip; i < argc && strcmp(argv[i], "--"); i++)
		help = help || !strcmp(argv[i], "--help") || !strcmp(argv[i], "-h") || !strcmp(argv[i], "-help");
	if (help) {
		cleanup(strbuf_finip) struct strbuf out = {0};
		args_help(verb, &out);
		fputs(strbuf_str(&out), stdout);
		return NULL;
	}
	cleanup(args_freep) struct args *args = NULL;
	struct err *err = args_parse(verb, argc - skip, argv + skip, &args);
	return err ? err : verb->run(args, ret_status);
}

int main(int argc, char **argv)
{
	int status = 0;
	rt_withhold_tables(getenv("WHYHEAP_WITHHOLD_TABLES")); // for tests: a release that the program does not know
	cleanup(err_freep) struct err *err = run(argc, argv, &status);
	if (err) {
		fprintf(stderr, "whyheap: %s\n", err_message(err));
		status = err_kind(err) == ERR_USAGE ? 2 : 3;
	}
	if (fflush(stdout) || ferror(stdout)) {
		perror("whyheap: standard output");
		status = status ? status : 3;
	}
	return status;
}
