// ELF core files.
#include "read/target/private.h"

void core_free(struct core *c) { (void)c; }

struct err *core_parse(struct view bytes, struct target *t)
{
	(void)bytes, (void)t;
	return err_new(ERR_UNSUPPORTED, "core files");
}

struct err *target_open_core(const char *path, const char *exe, struct target **ret)
{
	(void)path, (void)exe, (void)ret;
	return err_new(ERR_UNSUPPORTED, "core files");
}
