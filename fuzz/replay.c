// main() for fuzz targets built without an engine: run every file of the named folders once.
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay(const char *dir, const char *name)
{
	char path[4096];
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	FILE *f = fopen(path, "rbe");
	if (!f || fseek(f, 0, SEEK_END))
		return perror(path), 1;
	size_t n = (size_t)ftell(f);
	uint8_t *buf = malloc(n ? n : 1); // exact size, so that ASan sees one byte too far
	rewind(f);
	if (fread(buf, 1, n, f) != n)
		return perror(path), 1;
	fclose(f);
	LLVMFuzzerTestOneInput(buf, n);
	free(buf);
	return 0;
}

int main(int argc, char **argv)
{
	int bad = 0, n = 0;
	for (int i = 1; i < argc; i++) {
		DIR *d = argv[i][0] ? opendir(argv[i]) : NULL;
		for (struct dirent *e; d && (e = readdir(d)); )
			if (e->d_name[0] != '.')
				bad += replay(argv[i], e->d_name), n++;
		if (d)
			closedir(d);
	}
	printf("%d inputs\n", n);
	return bad || !n;
}
