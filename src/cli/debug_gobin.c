// whyheap debug pcln|types|buildinfo FILE: what read/gobin makes of an executable, as lines.
#include "cli/debug_gobin.h"
#include "base/strbuf.h"
#include "cli/inputs.h"
#include "read/gobin/gobin.h"
#include "read/target/target.h"

#include <inttypes.h>
#include <stdlib.h>

enum { MAX_LEVELS = 64 };

static void buildinfo(const struct gobin *g)
{
	const struct gobin_buildinfo *b = gobin_buildinfo(g);
	const struct gobin_moduledata *m = gobin_moduledata(g);
	printf("go\t%s\nminor\t%d\npatch\t%d\nexperiments\t%s\nmain package\t%s\nmodule\t%s\nmodule version\t%s\nbuild id\t%s\n", b->go_version,
	       b->minor, b->patch, b->experiments, b->path, b->module, b->module_version, b->build_id);
	printf("machine\t%s\nstripped\t%d\nposition-independent\t%d\ndwarf\t%d\nfunctions\t%u\n", gobin_arch(g) == GOBIN_ARM64 ? "arm64" : "amd64",
	       gobin_stripped(g), gobin_is_pie(g), gobin_has_dwarf(g), gobin_func_count(g));
	printf("moduledata\t%#" PRIx64 "\t%zu bytes\ntext\t%#" PRIx64 "\t%#" PRIx64 "\ntypes\t%#" PRIx64 "\t%#" PRIx64 "\nfuncdata\t%#" PRIx64 "\n",
	       m->addr, m->size, m->text, m->etext, m->types, m->etypes, m->gofunc);
	fputs(b->modinfo, stdout);
	const struct gaps *gaps = gobin_gaps(g);
	for (size_t i = 0; i < gaps->len; i++)
		printf("gap\t%s\t%s\n", gaps->at[i].subject, gaps->at[i].detail);
}

static void frames(const struct gobin *g, addr_t pc)
{
	struct gobin_frame f[MAX_LEVELS];
	char name[GOBIN_NAME_MAX];
	size_t n = gobin_frames(g, pc, f, MAX_LEVELS);
	for (size_t i = 0; i < n; i++)
		printf("%#" PRIx64 "\t%zu\t%s\t%s\t%u\n", pc, i, gobin_name(f[i].function, name), f[i].file, f[i].line);
	if (!n)
		printf("%#" PRIx64 "\tnone\n", pc);
}

static void functions(const struct gobin *g)
{
	struct gobin_func f;
	for (uint32_t i = 0; i < gobin_func_count(g); i++) {
		struct err *err = gobin_func_at(g, i, &f);
		if (!err)
			printf("%#" PRIx64 "\t%#" PRIx64 "\t%s\n", f.entry, f.end, f.name);
		err_free(err);
	}
}

static bool print_type(void *ctx, addr_t addr)
{
	static const char *const kinds[] = {
		"invalid", "bool", "int", "int8", "int16", "int32", "int64", "uint", "uint8", "uint16", "uint32", "uint64", "uintptr", "float32",
		"float64", "complex64", "complex128", "array", "chan", "func", "interface", "map", "ptr", "slice", "string", "struct",
		"unsafe.Pointer",
	};
	const struct gobin *g = ctx;
	struct gobin_type t;
	struct err *err = gobin_type_at(g, addr, &t);
	if (err)
		return err_free(err), true;
	printf("%#" PRIx64 "\t%s\t%s\t%" PRIu64 "\t%" PRIu64 "\n", addr, t.name, kinds[t.kind], t.size, t.ptr_bytes);
	for (uint32_t i = 0; i < t.n_fields; i++) {
		struct gobin_field f;
		struct gobin_type of = {0};
		err = gobin_type_field(g, &t, i, &f);
		if (!err)
			err = gobin_type_at(g, f.type, &of);
		if (!err)
			printf("\t%s\t%s\t%" PRIu64 "\n", f.name, of.name, f.off);
		err_free(err);
	}
	return true;
}

static struct err *types(const struct gobin *g, const char *const *names, size_t n)
{
	addr_t at;
	for (size_t i = 0; i < n; i++)
		if (!strncmp(names[i], "0x", 2))
			print_type((void *)(uintptr_t)g, strtoull(names[i], NULL, 16));
		else if (gobin_type_named(g, names[i], &at))
			print_type((void *)(uintptr_t)g, at);
		else
			printf("none\t%s\n", names[i]);
	return n ? NULL : gobin_types(g, print_type, (void *)(uintptr_t)g);
}

struct err *debug_gobin(const char *thing, const char *const *inputs, size_t n)
{
	cleanup(file_closep) struct file *f = NULL;
	cleanup(gobin_closep) struct gobin *g = NULL;
	if (!n)
		return err_new(ERR_USAGE, "debug %s: which executable?", thing);
	struct err *err = file_open(inputs[0], &f);
	if (!err)
		err = gobin_open(file_view(f), &g);
	if (err)
		return err;
	if (!strcmp(thing, "types"))
		return types(g, inputs + 1, n - 1);
	if (!strcmp(thing, "buildinfo"))
		buildinfo(g);
	else if (n == 1)
		functions(g);
	for (size_t i = 1; i < n && !strcmp(thing, "pcln"); i++)
		frames(g, strtoull(inputs[i], NULL, 0));
	return NULL;
}
