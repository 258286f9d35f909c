// The terminal: whether to colour, how wide, and a line of progress on standard error that goes away again.
#pragma once
#include "cli/args.h"
#include "show/show.h"

struct show_style term_style(const struct args *args); // --color, NO_COLOR, TERM, a terminal or not
void term_progress(const char *fmt, ...) format_printf(1, 2); // nothing where standard error is no terminal
void term_progress_end(void);
// SIGINT and SIGTERM set this; a second one ends the program at once.
extern volatile int term_interrupted;
void term_catch_interrupts(void);
