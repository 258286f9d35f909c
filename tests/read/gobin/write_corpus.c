// write_corpus FOLDER: the fuzz corpora of read/gobin, from the same fixture the tests use. Run by hand when it changes.
#include "fixture.h"

#include <sys/stat.h>

static void save(const char *dir, const char *target, const char *name, const uint8_t *head, size_t head_len, const uint8_t *bytes, size_t len)
{
	char path[4096];
	snprintf(path, sizeof(path), "%s/%s", dir, target);
	mkdir(path, 0777);
	snprintf(path, sizeof(path), "%s/%s/%s", dir, target, name);
	FILE *out = fopen(path, "wbe");
	if (!out || fwrite(head, 1, head_len, out) != head_len || fwrite(bytes, 1, len, out) != len || fclose(out))
		exit((perror(path), 1));
}

int main(int argc, char **argv)
{
	static const struct { const char *name; struct fix_options o; } elfs[] = {
		{"plain-1.27", {.minor = 27, .sections = true, .symbols = true, .dwarf = true}},
		{"stripped-1.25", {.minor = 25, .sections = true}},
		{"pie-1.26", {.minor = 26, .pie = true, .sections = true}},
		{"pie-arm64-1.27", {.minor = 27, .pie = true, .arm64 = true}},
		{"split-text", {.minor = 24, .split_text = true, .sections = true, .symbols = true}},
	};
	if (argc != 2)
		return fputs("usage: write_corpus FOLDER\n", stderr), 2;
	for (size_t i = 0; i < countof(elfs); i++) {
		struct fix f;
		fix_make(&f, elfs[i].o);
		save(argv[1], "elf", elfs[i].name, NULL, 0, f.bytes, FIX_BYTES);
		uint8_t head[3] = {(uint8_t)i, 0, 0};
		save(argv[1], "pclntab", elfs[i].name, head, 3, fix_ro(&f, 0), 0xa00);
		head[0] = (uint8_t)(f.o.minor - 25);
		if (f.o.minor >= 25)
			save(argv[1], "types", elfs[i].name, head, 3, fix_ro(&f, FIX_TYPES), 0x1200);
		fix_free(&f);
	}
	static const struct { const char *name, *version; uint8_t how; } builds[] = {
		{"experiments", "go1.27.4-X:arenas,simd", 1}, {"space", "go1.25.4 X:nogreenteagc", 0}, {"devel", "devel go1.28-abc", 3},
	};
	for (size_t i = 0; i < countof(builds); i++) {
		struct fix f;
		fix_make(&f, (struct fix_options){.minor = 27, .version = builds[i].version});
		save(argv[1], "buildinfo", builds[i].name, &builds[i].how, 1, fix_rw(&f, FIX_BUILD), 0x100);
		fix_free(&f);
	}
	static const uint8_t by_variable = 3;
	save(argv[1], "buildinfo", "none", &by_variable, 1, NULL, 0);
	return 0;
}
