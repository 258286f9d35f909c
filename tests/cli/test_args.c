#include "cli/args.h"
#include "test.h"

#include <string.h>

static struct err *nothing(const struct args *args, int *ret_status)
{
	(void)args;
	(void)ret_status;
	return NULL;
}

static const struct option_def options[] = {
	{"for", NULL, "DURATION", OPTION_DURATION, NULL, NULL, false, false, "how long"},
	{"json", "j", NULL, OPTION_FLAG, NULL, "text", false, false, "JSON"},
	{"text", NULL, NULL, OPTION_FLAG, NULL, NULL, false, false, "text"},
	{"color", NULL, "WHEN", OPTION_STRING, "auto|always|never", NULL, false, false, "colour"},
	{"focus", NULL, "RE", OPTION_STRING, NULL, NULL, true, false, "focus"},
	{"room", NULL, "SIZE", OPTION_BYTES, NULL, NULL, false, false, "bytes"},
	{"n", NULL, "N", OPTION_COUNT, NULL, NULL, false, false, "count"},
};
static const struct example_def examples[] = {{"prog do x", "does x"}, {NULL, NULL}};
static const struct verb verb = {"do", "does it", "INPUT...", "", options, countof(options), examples, false, nothing};

static struct err *parse(const char *line, struct args **ret)
{
	static char copy[256];
	static char *argv[32];
	int argc = 0;
	snprintf(copy, sizeof(copy), "%s", line);
	for (char *p = copy; *p;) {
		argv[argc++] = p;
		p += strcspn(p, " ");
		if (*p)
			*p++ = 0;
	}
	return args_parse(&verb, argc, argv, ret);
}

TEST(options_are_understood_in_every_form)
{
	static const char *const lines[] = {"--for 90s a -json b", "-for=1m30s -j a b", "a --for=1.5m b --json", "a b -for 90 --json=true"};
	for (size_t i = 0; i < countof(lines); i++) {
		cleanup(args_freep) struct args *a = NULL;
		cleanup(err_freep) struct err *err = parse(lines[i], &a);
		const char *const *in;
		CHECK(!err && a, "%s: %s", lines[i], err ? err_message(err) : "");
		CHECK(a && args_seconds(a, "for", 0) == 90 && args_flag(a, "json") && !args_flag(a, "text"), "%s", lines[i]);
		CHECK(a && args_inputs(a, &in) == 2 && !strcmp(in[0], "a") && !strcmp(in[1], "b"), "%s", lines[i]);
	}
}

TEST(values_are_kept_and_defaults_given)
{
	cleanup(args_freep) struct args *a = NULL;
	cleanup(err_freep) struct err *err = parse("--focus x --focus=y --room 64MiB --n 12 -- --json", &a);
	const char *const *all, *const *in;
	CHECK(!err && a);
	if (!a)
		return;
	CHECK(args_all(a, "focus", &all) == 2 && !strcmp(all[0], "x") && !strcmp(all[1], "y"));
	CHECK(args_bytes(a, "room", 0) == 64 << 20 && args_count(a, "n", 0) == 12 && args_seconds(a, "for", 7) == 7);
	CHECK(!strcmp(args_str(a, "color", "auto"), "auto") && !args_flag(a, "json"));
	CHECK(args_inputs(a, &in) == 1 && !strcmp(in[0], "--json"));
}

TEST(mistakes_are_named_with_the_nearest_word)
{
	static const struct { const char *line, *says; } rows[] = {
		{"--jsin", "nearest is --json"}, {"--zzzzzzzzz", "--help lists them"}, {"--for", "--for wants DURATION"},
		{"--for soon", "a duration"}, {"--for -3s", "a duration"}, {"--color=alwys", "nearest is always"}, {"--json --text", "exclude each other"},
		{"--json=3", "takes no value"}, {"--n 1.5", "a whole number"}, {"--room 3parsecs", "a size"},
	};
	for (size_t i = 0; i < countof(rows); i++) {
		struct args *a = NULL;
		cleanup(err_freep) struct err *err = parse(rows[i].line, &a);
		CHECK(err && err_kind(err) == ERR_USAGE && strstr(err_message(err), rows[i].says), "%s: %s", rows[i].line,
		      err ? err_message(err) : "accepted");
		CHECK(!a);
		args_free(a);
	}
}

TEST(help_lists_every_option_and_example)
{
	cleanup(strbuf_finip) struct strbuf out = {0};
	args_help(&verb, &out);
	for (size_t i = 0; i < countof(options); i++)
		CHECK(strstr(strbuf_str(&out), options[i].name), "%s", options[i].name);
	CHECK(strstr(strbuf_str(&out), "prog do x") && strstr(strbuf_str(&out), "-j, --json"));
}
