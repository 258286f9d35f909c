#include "base/err.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct err {
	enum err_kind kind;
	char *message;
};

struct err err_nomem = {ERR_NOMEM, (char[]){"out of memory"}};

static struct err *err_adopt(enum err_kind kind, char *message)
{
	struct err *err = message ? malloc(sizeof(*err)) : NULL;
	if (!err) {
		free(message);
		return &err_nomem;
	}
	*err = (struct err){kind, message};
	return err;
}

static char *vformat(const char *fmt, va_list ap) __attribute__((format(printf, 1, 0)));
static char *vformat(const char *fmt, va_list ap)
{
	char *s = NULL;
	return vasprintf(&s, fmt, ap) < 0 ? NULL : s;
}

struct err *err_new(enum err_kind kind, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	char *s = vformat(fmt, ap);
	va_end(ap);
	return err_adopt(kind, s);
}

struct err *err_input(const char *source, uint64_t off, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	char *what = vformat(fmt, ap), *s = NULL;
	va_end(ap);
	if (what && asprintf(&s, "%s+0x%" PRIx64 ": %s", source, off, what) < 0)
		s = NULL;
	free(what);
	return err_adopt(ERR_INPUT, s);
}

struct err *err_os(int errno_value, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	char *what = vformat(fmt, ap), *s = NULL;
	va_end(ap);
	if (what && asprintf(&s, "%s: %s", what, strerror(errno_value)) < 0)
		s = NULL;
	free(what);
	enum err_kind kind = ERR_OS;
	if (errno_value == EPERM || errno_value == EACCES)
		kind = ERR_PERMISSION;
	else if (errno_value == ESRCH)
		kind = ERR_GONE;
	return err_adopt(kind, s);
}

struct err *err_while(struct err *err, const char *fmt, ...)
{
	if (!err || err == &err_nomem)
		return err;
	va_list ap;
	va_start(ap, fmt);
	char *doing = vformat(fmt, ap), *s = NULL;
	va_end(ap);
	if (doing && asprintf(&s, "%s: %s", doing, err->message) >= 0) {
		free(err->message);
		err->message = s;
	} // no memory for context: the bare error is still true
	free(doing);
	return err;
}

enum err_kind err_kind(const struct err *err) { return err->kind; }
const char *err_message(const struct err *err) { return err->message; }

void err_free(struct err *err)
{
	if (!err || err == &err_nomem)
		return;
	free(err->message);
	free(err);
}
