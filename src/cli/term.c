#include "cli/term.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

volatile int term_interrupted;

struct show_style term_style(const struct args *args)
{
	const char *when = args_str(args, "color", "auto"), *term = getenv("TERM"), *no = getenv("NO_COLOR");
	struct winsize w = {0};
	bool tty = isatty(STDOUT_FILENO);
	struct show_style style = {.color = !strcmp(when, "always") || (!strcmp(when, "auto") && tty && !(no && *no) && term && strcmp(term, "dumb"))};
	if (tty && !ioctl(STDOUT_FILENO, TIOCGWINSZ, &w))
		style.width = w.ws_col;
	return style;
}

static bool showing(void)
{
	static int tty = -1;
	if (tty < 0)
		tty = isatty(STDERR_FILENO);
	return tty;
}

void term_progress(const char *fmt, ...)
{
	if (!showing())
		return;
	va_list ap;
	va_start(ap, fmt);
	fputs("\r\033[K", stderr);
	vfprintf(stderr, fmt, ap);
	fflush(stderr);
	va_end(ap);
}

void term_progress_end(void)
{
	if (showing())
		fputs("\r\033[K", stderr);
}

static void on_signal(int sig)
{
	if (term_interrupted++)
		_exit(128 + sig);
}

void term_catch_interrupts(void)
{
	struct sigaction sa = {.sa_handler = on_signal};
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
}
