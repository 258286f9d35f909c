// Cores laid out by hand: what lies in the file, what was never written, what was cut off.
#include "read/target/core.h"
#include "test.h"

#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PAGE = 4096, NOTE_OFF = 1024, NOTE_LEN = 2048, DATA_OFF = 4096, LOADS = 7 };

struct image {
	Elf64_Ehdr eh;
	Elf64_Phdr ph[1 + LOADS];
	uint8_t pad[NOTE_OFF - sizeof(Elf64_Ehdr) - (1 + LOADS) * sizeof(Elf64_Phdr)];
	uint8_t notes[NOTE_LEN];
	uint8_t pad2[DATA_OFF - NOTE_OFF - NOTE_LEN];
	uint8_t data[4 * PAGE];
};

static void put_note(struct image *im, size_t *at, uint32_t type, const void *desc, uint32_t len)
{
	Elf64_Nhdr h = {5, len, type};
	memcpy(im->notes + *at, &h, sizeof(h));
	memcpy(im->notes + *at + sizeof(h), "CORE\0\0\0", 8);
	memcpy(im->notes + *at + sizeof(h) + 8, desc, len);
	*at += sizeof(h) + 8 + ((len + 3) & ~3u);
}

// text of the program (first page in the core), its data in the core, heap in the core, heap never written, a reserve
// without rights, a library, a stack.
static struct image *make(void)
{
	struct image *im = calloc(1, sizeof(*im));
	memcpy(im->eh.e_ident, ELFMAG, SELFMAG);
	im->eh.e_ident[EI_CLASS] = ELFCLASS64;
	im->eh.e_ident[EI_DATA] = ELFDATA2LSB;
	im->eh.e_type = ET_CORE;
	im->eh.e_machine = EM_X86_64;
	im->eh.e_phoff = sizeof(im->eh);
	im->eh.e_phentsize = sizeof(Elf64_Phdr);
	im->eh.e_phnum = 1 + LOADS;
	im->ph[0] = (Elf64_Phdr){.p_type = PT_NOTE, .p_offset = NOTE_OFF, .p_filesz = NOTE_LEN};
	static const struct { uint64_t addr, mem, off, file; uint32_t flags; } loads[LOADS] = {
		{0x400000, 3 * PAGE, DATA_OFF, PAGE, PF_R | PF_X},
		{0x500000, PAGE, DATA_OFF + PAGE, PAGE, PF_R | PF_W},
		{0xc000000000, PAGE, DATA_OFF + 2 * PAGE, PAGE, PF_R | PF_W},
		{0xc000001000, 2 * PAGE, 0, 0, PF_R | PF_W},
		{0xc000003000, PAGE, 0, 0, 0},
		{0x7f0000000000, PAGE, 0, 0, PF_R | PF_X},
		{0x7ffffff00000, PAGE, DATA_OFF + 3 * PAGE, PAGE, PF_R | PF_W},
	};
	for (size_t i = 0; i < LOADS; i++)
		im->ph[1 + i] = (Elf64_Phdr){.p_type = PT_LOAD, .p_flags = loads[i].flags, .p_offset = loads[i].off,
			.p_vaddr = loads[i].addr, .p_filesz = loads[i].file, .p_memsz = loads[i].mem};
	for (size_t i = 0; i < sizeof(im->data); i++)
		im->data[i] = (uint8_t)(i / PAGE * 16 + i % 13 + 1);
	size_t at = 0;
	uint8_t status[336] = {0}, ps[136] = {0};
	for (uint32_t tid = 41; tid < 43; tid++) {
		uint64_t reg = tid * 16;
		memcpy(status + 32, &tid, 4);
		memcpy(status + 112 + 8 * 16, &reg, 8);
		reg++;
		memcpy(status + 112 + 8 * 19, &reg, 8);
		put_note(im, &at, NT_PRSTATUS, status, sizeof(status));
	}
	ps[24] = 40;
	put_note(im, &at, NT_PRPSINFO, ps, sizeof(ps));
	uint64_t auxv[] = {AT_PHDR, 0x400040, AT_ENTRY, 0x401000, AT_NULL, 0};
	put_note(im, &at, NT_AUXV, auxv, sizeof(auxv));
	struct { uint64_t n, page, at[9]; char names[32]; } files = {3, PAGE,
		{0x7f0000000000, 0x7f0000001000, 7, 0x400000, 0x403000, 0, 0x500000, 0x501000, 3}, "/lib/l.so\0/srv/game\0/srv/game"};
	put_note(im, &at, NT_FILE, &files, sizeof(files));
	return im;
}

static struct target *new_target(void)
{
	struct target *t = calloc(1, sizeof(*t));
	t->proc_fd = t->mem_fd = -1;
	return t;
}

static struct err *parse(const void *im, size_t len, struct target **ret)
{
	*ret = new_target();
	return core_parse((struct view){im, len, "core"}, *ret);
}

TEST(every_kind_of_page_gives_what_the_process_had)
{
	struct image *im = make();
	cleanup(target_closep) struct target *t = NULL;
	cleanup(err_freep) struct err *err = parse(im, sizeof(*im), &t);
	CHECK(!err, "%s", err ? err_message(err) : "");
	if (err)
		return;
	uint8_t *program = calloc(1, 4 * PAGE);
	memcpy(program, im->data, PAGE);
	memset(program + PAGE, 0xee, 3 * PAGE);
	static const uint8_t zeros[2 * PAGE];
	const struct { const char *what; addr_t addr; size_t len, got; const void *want; } rows[] = {
		{"in the core", 0x500010, 100, 100, im->data + PAGE + 16},
		{"heap and on into what was never written", 0xc000000ff0, 48, 48, NULL},
		{"never written", 0xc000001000, 2 * PAGE, 2 * PAGE, zeros},
		{"up to what has no rights", 0xc000002f00, 512, 256, zeros},
		{"no rights", 0xc000003000, 8, 0, NULL},
		{"a library's unchanged page", 0x7f0000000000, 8, 0, NULL},
		{"not mapped", 0x1000, 8, 0, NULL},
		{"stack", 0x7ffffff00000, PAGE, PAGE, im->data + 3 * PAGE},
		{"program without its file", 0x400ff0, 32, 16, im->data + PAGE - 16},
	};
	uint8_t buf[3 * PAGE];
	for (size_t i = 0; i < countof(rows); i++) {
		struct mem_range r = {rows[i].addr, buf, rows[i].len, 0};
		err_free(t->mem.readv(t->mem.ctx, &r, 1));
		CHECK(r.got == rows[i].got, "%s: %zu", rows[i].what, r.got);
		CHECK(!rows[i].want || !memcmp(buf, rows[i].want, r.got), "%s", rows[i].what);
	}
	struct mem_range r = {0xc000000ff0, buf, 32, 0};
	err_free(t->mem.readv(t->mem.ctx, &r, 1));
	CHECK(!memcmp(buf, im->data + 3 * PAGE - 16, 16) && !memcmp(buf + 16, zeros, 16));

	char path[] = "/tmp/whyheap-test-XXXXXX";
	int fd = mkstemp(path);
	CHECK(write(fd, program, 4 * PAGE) == 4 * PAGE);
	close(fd);
	cleanup(err_freep) struct err *open = file_open(path, &t->exe_file);
	unlink(path);
	r = (struct mem_range){0x400ff0, buf, 2 * PAGE, 0};
	err_free(t->mem.readv(t->mem.ctx, &r, 1));
	CHECK(!open && r.got == 2 * PAGE && !memcmp(buf, program + PAGE - 16, 2 * PAGE), "%zu", r.got);
	free(program);
	free(im);
}

TEST(mappings_threads_and_the_program_are_named)
{
	struct image *im = make();
	cleanup(target_closep) struct target *t = NULL;
	cleanup(err_freep) struct err *err = parse(im, sizeof(*im), &t);
	CHECK(!err, "%s", err ? err_message(err) : "");
	if (err)
		return;
	size_t n;
	const struct target_map *maps = target_maps(t, &n);
	CHECK(n == LOADS);
	for (size_t i = 1; i < n; i++)
		CHECK(maps[i].start >= maps[i - 1].end);
	const struct target_map *m = target_map_at(t, 0x500000);
	CHECK(m && m->off == 3 * PAGE && !strcmp(m->path, "/srv/game") && m->inode && m->w && !m->x);
	m = target_map_at(t, 0xc000003000);
	CHECK(m && !m->r && !m->inode && !*m->path);
	CHECK(!strcmp(target_exe_path(t), "/srv/game") && target_pid(t) == 40 && !target_alive(t));
	const struct target_thread *th;
	CHECK(target_threads(t, &th) == 2 && th[0].tid == 41 && th[1].tid == 42 && th[1].pc == 42 * 16 && th[1].sp == 42 * 16 + 1);
	CHECK(!target_gaps(t)->len);
	struct target_clock c;
	cleanup(err_freep) struct err *clock = target_clock(t, &c);
	CHECK(!clock && !c.monotonic_ns);
	free(im);
}

TEST(what_cannot_be_read_is_refused_with_a_sentence)
{
	static const struct { const char *what; size_t off; uint64_t value; size_t bytes; enum err_kind kind; const char *says; } rows[] = {
		{"magic", 0, 0, 1, ERR_INPUT, "core+0x0: not an ELF core file"},
		{"32-bit", EI_CLASS, ELFCLASS32, 1, ERR_UNSUPPORTED, "core: is the core of a 32-bit program; 64-bit ones can be read"},
		{"endian", EI_DATA, ELFDATA2MSB, 1, ERR_UNSUPPORTED, "core: is big-endian; amd64 and arm64 can be read"},
		{"zstd", 0, 0xfd2fb528, 4, ERR_UNSUPPORTED, "core: is compressed; unpack it first: zstd -d core"},
		{"type", offsetof(Elf64_Ehdr, e_type), ET_EXEC, 2, ERR_INPUT, "core+0x10: an ELF file of type 2, not a core"},
		{"machine", offsetof(Elf64_Ehdr, e_machine), 8, 2, ERR_UNSUPPORTED, "core: is of ELF machine 8; amd64 (62) and arm64 (183) can be read"},
		{"size", offsetof(Elf64_Ehdr, e_phentsize), 32, 2, ERR_INPUT, "core+0x36: program headers of 32 bytes, 56 expected"},
		{"many", offsetof(Elf64_Ehdr, e_phnum), 999, 2, ERR_INPUT, "core+0x40: truncated inside the program headers: 364 are there, 999 were written"},
		{"overlap", offsetof(struct image, ph[3].p_vaddr), 0x500800, 8, ERR_INPUT, "core+0x40: two mappings share address 0x500800"},
		{"wrap", offsetof(struct image, ph[3].p_memsz), ~0ull, 8, ERR_INPUT, "ends above 2^64"},
		{"notes", offsetof(struct image, ph[0].p_offset), 1ull << 40, 8, ERR_INPUT, "reading the notes: core+0x10000000000: truncated"},
		{"status", NOTE_OFF + 4, 100, 4, ERR_INPUT, "a thread's status of 100 bytes, 336 expected"},
		{"note", NOTE_OFF + 4, 0x7fffffff, 4, ERR_INPUT, "reading a note of type 0x1: core+0x"},
	};
	for (size_t i = 0; i < countof(rows); i++) {
		struct image *im = make();
		memcpy((uint8_t *)im + rows[i].off, &rows[i].value, rows[i].bytes);
		cleanup(target_closep) struct target *t = NULL;
		cleanup(err_freep) struct err *err = parse(im, sizeof(*im), &t);
			CHECK(err && err_kind(err) == rows[i].kind && strstr(err_message(err), rows[i].says), "%s: %s", rows[i].what,
			      err ? err_message(err) : "accepted");
		free(im);
	}
}

TEST(a_core_without_memory_says_how_to_get_one_with_it)
{
	struct image *im = make();
	for (size_t i = 1; i <= LOADS; i++)
		im->ph[i].p_filesz = 0;
	cleanup(target_closep) struct target *t = NULL;
	cleanup(err_freep) struct err *err = parse(im, sizeof(*im), &t);
	CHECK(err && err_kind(err) == ERR_UNSUPPORTED && strstr(err_message(err), "a core without memory: 7 mappings") &&
	      strstr(err_message(err), "coredump_filter"), "%s", err ? err_message(err) : "accepted");
	free(im);
}

TEST(a_truncated_core_tells_and_gives_the_rest)
{
	struct image *im = make();
	cleanup(target_closep) struct target *t = NULL;
	cleanup(err_freep) struct err *err = parse(im, sizeof(*im) - PAGE - 100, &t);
	CHECK(!err, "%s", err ? err_message(err) : "");
	if (err)
		return;
	CHECK(gaps_has(target_gaps(t), GAP_CORE_TRUNCATED) && !strcmp(target_gaps(t)->at[0].detail, "4196"), "%s", target_gaps(t)->at[0].detail);
	uint8_t buf[PAGE];
	struct mem_range r[] = {{0xc000000000, buf, PAGE, 0}, {0x7ffffff00000, buf, 8, 0}};
	err = t->mem.readv(t->mem.ctx, r, 2);
	CHECK(!err && r[0].got == PAGE - 100 && r[1].got == 0);
	free(im);
}

TEST(a_core_cut_at_every_length_is_refused_or_told)
{
	struct image *im = make();
	for (size_t len = 0; len < sizeof(*im); len += len < 3100 ? 1 : 97) {
		uint8_t *copy = malloc(len ? len : 1);
		memcpy(copy, im, len);
		cleanup(target_closep) struct target *t = NULL;
		cleanup(err_freep) struct err *err = parse(copy, len, &t);
		CHECK(err || gaps_has(target_gaps(t), GAP_CORE_TRUNCATED), "%zu", len);
		free(copy);
	}
	free(im);
}

static void write_file(char *path, const void *data, size_t len)
{
	int fd = mkstemp(path);
	CHECK(fd >= 0 && write(fd, data, len) == (ssize_t)len);
	close(fd);
}

TEST(the_executable_given_must_be_the_one)
{
	struct image *im = make();
	char core[] = "/tmp/whyheap-test-XXXXXX", right[] = "/tmp/whyheap-test-XXXXXX", wrong[] = "/tmp/whyheap-test-XXXXXX";
	write_file(core, im, sizeof(*im));
	write_file(right, im->data, 3 * PAGE);
	write_file(wrong, im->data + 100, 3 * PAGE);
	cleanup(target_closep) struct target *none = NULL, *given = NULL, *other = NULL;
	cleanup(err_freep) struct err *err = target_open_core(core, NULL, &none);
	CHECK(!err && gaps_has(target_gaps(none), GAP_EXECUTABLE_MISSING) && !target_exe(none).len);
	err = target_open_core(core, right, &given);
	CHECK(!err && target_exe(given).len == 3 * PAGE && !target_gaps(given)->len);
	uint64_t word;
	cleanup(err_freep) struct err *read = given ? mem_u64(target_mem(given), 0x401000, &word) : NULL;
	CHECK(!read && !memcmp(&word, im->data + PAGE, 8));
	cleanup(err_freep) struct err *bad = target_open_core(core, wrong, &other);
	CHECK(bad && strstr(err_message(bad), "is not the program of this core") && !other, "%s", bad ? err_message(bad) : "");
	cleanup(err_freep) struct err *missing = target_open_core(core, "/nowhere/x", &other);
	CHECK(missing && strstr(err_message(missing), "/nowhere/x: No such file"));
	unlink(core);
	unlink(right);
	unlink(wrong);
	free(im);
}
