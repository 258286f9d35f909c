#include "cli/args.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct value {
	const struct option_def *def;
	const char *text; // NULL for a flag
	double number;
};

struct args {
	const struct verb *verb;
	struct value *values;
	const char **inputs, **texts; // texts: scratch for args_all
	size_t n_values, n_inputs;
};

static const struct { const char *unit; double factor; } durations[] = {
	{"ns", 1e-9}, {"us", 1e-6}, {"ms", 1e-3}, {"s", 1}, {"m", 60}, {"min", 60}, {"h", 3600}, {"d", 86400}, {"", 1},
}, sizes[] = {
	{"", 1}, {"b", 1}, {"k", 1024}, {"kb", 1024}, {"kib", 1024}, {"m", 1048576}, {"mb", 1048576}, {"mib", 1048576},
	{"g", 1073741824}, {"gb", 1073741824}, {"gib", 1073741824}, {"t", 1099511627776.0}, {"tib", 1099511627776.0},
};

static bool number_of(const struct option_def *d, const char *text, double *ret)
{
	char *end;
	errno = 0;
	double x = strtod(text, &end);
	if (end == text || errno == ERANGE || !isfinite(x))
		return false;
	if (d->type == OPTION_DURATION || d->type == OPTION_BYTES) {
		bool time = d->type == OPTION_DURATION;
		double total = 0;
		for (;;) { // 1m30s adds up
			size_t len = 0;
			while (isalpha((unsigned char)end[len]))
				len++;
			double factor = -1;
			for (size_t i = 0; i < (time ? countof(durations) : countof(sizes)); i++) {
				const char *u = time ? durations[i].unit : sizes[i].unit;
				if (strlen(u) == len && !strncasecmp(u, end, len))
					factor = time ? durations[i].factor : sizes[i].factor;
			}
			if (factor < 0)
				return false;
			total += x * factor;
			end += len;
			if (!*end || !time || !len)
				break;
			char *next;
			x = strtod(end, &next);
			if (next == end)
				return false;
			end = next;
		}
		x = total;
	}
	if (*end || (d->type != OPTION_NUMBER && x < 0) || (d->type == OPTION_COUNT && (x != floor(x) || x > 9e15)))
		return false;
	*ret = x;
	return true;
}

static bool among(const char *words, const char *word)
{
	size_t len = strlen(word);
	for (const char *p = words; p; p = strchr(p, '|') ? strchr(p, '|') + 1 : NULL)
		if (!strncmp(p, word, len) && (p[len] == '|' || !p[len]))
			return true;
	return false;
}

static size_t distance(const char *a, size_t la, const char *b, size_t lb)
{
	size_t row[64];
	if (la >= 64 || lb >= 64)
		return 64;
	for (size_t j = 0; j <= lb; j++)
		row[j] = j;
	for (size_t i = 1; i <= la; i++) {
		size_t diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			size_t best = diagonal + (a[i - 1] != b[j - 1]);
			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[lb];
}

const char *args_nearest(const char *word, const char *words)
{
	static char near[64];
	size_t len = strlen(word), best = len / 3 + 2;
	near[0] = 0;
	for (const char *p = words; p; p = strchr(p, '|') ? strchr(p, '|') + 1 : NULL) {
		size_t n = strcspn(p, "|"), d = distance(word, len, p, n);
		if (d < best && n < sizeof(near)) {
			best = d;
			memcpy(near, p, n);
			near[n] = 0;
		}
	}
	return near[0] ? near : NULL;
}

static struct err *unknown_option(const struct verb *verb, const char *name)
{
	cleanup(strbuf_finip) struct strbuf words = {0};
	for (size_t i = 0; i < verb->n_options; i++)
		strbuf_printf(&words, "%s%s", i ? "|" : "", verb->options[i].name);
	const char *near = args_nearest(name, strbuf_str(&words));
	if (near)
		return err_new(ERR_USAGE, "no option --%s for %s; the nearest is --%s", name, verb->name, near);
	return err_new(ERR_USAGE, "no option --%s for %s; whyheap %s --help lists them", name, verb->name, verb->name);
}

static const struct option_def *find_option(const struct verb *verb, const char *name, size_t len)
{
	for (size_t i = 0; i < verb->n_options; i++) {
		const struct option_def *d = &verb->options[i];
		if ((strlen(d->name) == len && !strncmp(d->name, name, len)) ||
		    (len == 1 && d->letter && d->letter[0] == name[0]))
			return d;
	}
	return NULL;
}

static struct err *check_value(const struct verb *verb, const struct option_def *d, const char *text, double *ret)
{
	static const char *wanted[] = {"", "", "a duration such as 30s or 2m", "a size such as 64MiB", "a number", "a whole number"};
	if (d->values && !among(d->values, text)) {
		const char *near = args_nearest(text, d->values);
		return err_new(ERR_USAGE, "--%s %s: one of %s is wanted%s%s", d->name, text, d->values,
			       near ? "; the nearest is " : "", near ? near : "");
	}
	if (d->type > OPTION_STRING && !number_of(d, text, ret))
		return err_new(ERR_USAGE, "%s: --%s %s: %s is wanted", verb->name, d->name, text, wanted[d->type]);
	return NULL;
}

static struct err *check_conflicts(const struct args *a)
{
	for (size_t i = 0; i < a->n_values; i++)
		for (size_t j = 0; j < a->n_values; j++)
			if (a->values[i].def->conflicts && among(a->values[i].def->conflicts, a->values[j].def->name))
				return err_new(ERR_USAGE, "--%s and --%s exclude each other", a->values[i].def->name, a->values[j].def->name);
	return NULL;
}

struct err *args_parse(const struct verb *verb, int argc, char **argv, struct args **ret)
{
	cleanup(args_freep) struct args *a = calloc(1, sizeof(*a));
	size_t room = (size_t)argc + 1;
	if (!a || !(a->values = calloc(room, sizeof(*a->values))) || !(a->inputs = calloc(room, sizeof(*a->inputs))) ||
	    !(a->texts = calloc(room, sizeof(*a->texts))))
		return &err_nomem;
	a->verb = verb;
	bool options = true;
	for (int i = 0; i < argc; i++) {
		const char *word = argv[i];
		if (!options || word[0] != '-' || !word[1]) {
			a->inputs[a->n_inputs++] = word;
			continue;
		}
		if (!strcmp(word, "--")) {
			options = false;
			continue;
		}
		const char *name = word + (word[1] == '-' ? 2 : 1);
		size_t len = strcspn(name, "=");
		const struct option_def *d = find_option(verb, name, len);
		if (!d) {
			char copy[64];
			snprintf(copy, sizeof(copy), "%.*s", (int)(len < 60 ? len : 60), name);
			return unknown_option(verb, copy);
		}
		struct value v = {d, NULL, 0};
		if (d->type != OPTION_FLAG) {
			if (name[len] == '=')
				v.text = name + len + 1;
			else if (i + 1 < argc)
				v.text = argv[++i];
			else
				return err_new(ERR_USAGE, "--%s wants %s behind it", d->name, d->arg);
			struct err *err = check_value(verb, d, v.text, &v.number);
			if (err)
				return err;
		} else if (name[len] == '=' && strcmp(name + len, "=true")) {
			if (strcmp(name + len, "=false"))
				return err_new(ERR_USAGE, "--%s takes no value", d->name);
			continue;
		}
		a->values[a->n_values++] = v;
	}
	struct err *err = check_conflicts(a);
	if (!err)
		*ret = take(a);
	return err;
}

void args_free(struct args *a)
{
	if (!a)
		return;
	free(a->values);
	free(a->inputs);
	free(a->texts);
	free(a);
}

const struct verb *args_verb(const struct args *a) { return a->verb; }

// The last one given wins.
static const struct value *find_value(const struct args *a, const char *name, enum option_type type)
{
	const struct option_def *d = find_option(a->verb, name, strlen(name));
	assert(d && d->type == type);
	(void)type;
	for (size_t i = a->n_values; i-- > 0;)
		if (a->values[i].def == d)
			return &a->values[i];
	return NULL;
}

bool args_flag(const struct args *a, const char *name) { return find_value(a, name, OPTION_FLAG) != NULL; }

const char *args_str(const struct args *a, const char *name, const char *otherwise)
{
	const struct value *v = find_value(a, name, OPTION_STRING);
	return v ? v->text : otherwise;
}

static double number(const struct args *a, const char *name, enum option_type type, double otherwise)
{
	const struct value *v = find_value(a, name, type);
	return v ? v->number : otherwise;
}

double args_seconds(const struct args *a, const char *name, double o) { return number(a, name, OPTION_DURATION, o); }
double args_number(const struct args *a, const char *name, double o) { return number(a, name, OPTION_NUMBER, o); }

uint64_t args_bytes(const struct args *a, const char *name, uint64_t o)
{
	return (uint64_t)number(a, name, OPTION_BYTES, (double)o);
}

uint64_t args_count(const struct args *a, const char *name, uint64_t o)
{
	return (uint64_t)number(a, name, OPTION_COUNT, (double)o);
}

size_t args_all(const struct args *a, const char *name, const char *const **ret)
{
	const struct option_def *d = find_option(a->verb, name, strlen(name));
	assert(d && d->multi);
	size_t n = 0;
	for (size_t i = 0; i < a->n_values; i++)
		if (a->values[i].def == d)
			a->texts[n++] = a->values[i].text;
	*ret = a->texts;
	return n;
}

size_t args_inputs(const struct args *a, const char *const **ret)
{
	*ret = a->inputs;
	return a->n_inputs;
}

static void wrapped(struct strbuf *out, const char *text, int indent, int column)
{
	enum { WIDTH = 100 };
	for (const char *p = text; *p;) {
		if (*p == '\n' || *p == ' ') {
			if (*p == '\n') {
				strbuf_printf(out, "\n%*s", indent, "");
				column = indent;
			}
			p++;
			continue;
		}
		int len = (int)strcspn(p, " \n");
		if (column + 1 + len > WIDTH && column > indent) {
			strbuf_printf(out, "\n%*s", indent, "");
			column = indent;
		} else if (column > indent) {
			strbuf_putc(out, ' ');
			column++;
		}
		strbuf_put(out, p, (size_t)len);
		column += len;
		p += len;
	}
	strbuf_putc(out, '\n');
}

void args_help(const struct verb *verb, struct strbuf *out)
{
	strbuf_printf(out, "whyheap %s %s\n  %s\n", verb->name, verb->args, verb->summary);
	if (verb->about[0]) {
		strbuf_puts(out, "\n  ");
		wrapped(out, verb->about, 2, 2);
	}
	strbuf_puts(out, "\n");
	for (size_t i = 0; i < verb->n_options; i++) {
		const struct option_def *d = &verb->options[i];
		if (d->hidden)
			continue;
		cleanup(strbuf_finip) struct strbuf left = {0};
		if (d->letter)
			strbuf_printf(&left, "-%s, ", d->letter);
		strbuf_printf(&left, "--%s%s%s", d->name, d->arg ? " " : "", d->arg ? d->arg : "");
		strbuf_printf(out, "  %-26s ", strbuf_str(&left));
		if (left.len > 26)
			strbuf_printf(out, "\n%29s", "");
		wrapped(out, d->help, 29, 29);
	}
	for (const struct example_def *e = verb->examples; e->run; e++) {
		strbuf_printf(out, "%s  %s\n      ", e == verb->examples ? "\nexamples\n" : "", e->run);
		wrapped(out, e->does, 6, 6);
	}
}
