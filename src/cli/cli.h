// cli: verbs. The only room that prints, opens what the person named, and decides the exit status.
//   reads   argv through args.h
//   gives   cmd_<verb>.c, one function each: struct err *cmd_x(const struct args *, int *ret_status);
//           an err is printed by main: status 2 for ERR_USAGE, else 3
//   not     phrases (show/), decisions (judge/)
#pragma once
#include "cli/args.h"
