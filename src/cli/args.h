// The command line: what the options' tables allow, what was given.
//   reads   argv; options.inc, generated from options/*.yaml
//   gives   values by option name; asking for a name that is not in the verb's table is a bug (assert)
//   knows   --opt value, --opt=value, -opt value, -opt=value, one-letter forms, `--` ends options
#pragma once
#include "base/err.h"
#include "base/strbuf.h"

enum option_type { OPTION_FLAG, OPTION_STRING, OPTION_DURATION, OPTION_BYTES, OPTION_NUMBER, OPTION_COUNT };

struct option_def {
	const char *name, *letter, *arg; // letter, arg: NULL if none
	enum option_type type;
	const char *values, *conflicts; // "a|b|c" or NULL
	bool multi, hidden;
	const char *help;
};

struct example_def { const char *run, *does; };

struct args;

struct verb {
	const char *name, *summary, *args, *about;
	const struct option_def *options;
	size_t n_options;
	const struct example_def *examples; // ends with run == NULL
	bool hidden;
	struct err *(*run)(const struct args *args, int *ret_status);
};

must_use struct err *args_parse(const struct verb *verb, int argc, char **argv, struct args **ret);
void args_free(struct args *a);
static inline void args_freep(struct args **a) { args_free(*a); }

const struct verb *args_verb(const struct args *a);
bool args_flag(const struct args *a, const char *name);
const char *args_str(const struct args *a, const char *name, const char *otherwise);
double args_seconds(const struct args *a, const char *name, double otherwise); // OPTION_DURATION
uint64_t args_bytes(const struct args *a, const char *name, uint64_t otherwise); // OPTION_BYTES
double args_number(const struct args *a, const char *name, double otherwise);
uint64_t args_count(const struct args *a, const char *name, uint64_t otherwise);
// Every value of a `multi` option, in order.
size_t args_all(const struct args *a, const char *name, const char *const **ret);
// What is not an option.
size_t args_inputs(const struct args *a, const char *const **ret);

// The nearest of `words` ("a|b|c"), or NULL if none is near; ret is static.
const char *args_nearest(const char *word, const char *words);
void args_help(const struct verb *verb, struct strbuf *out);
