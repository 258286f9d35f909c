// ELF cores, as the kernel (fs/binfmt_elf.c: elf_core_dump, fs/coredump.c: vma_dump_size) and gcore write them.
// Which bytes of a mapping lie in the file, and what the others are:
//   [start, start + in_file)      in the core (holes of a sparse file read as zeros)
//   [.., start + p_filesz)        cut off with the file's end: not known
//   [.., end) of a file's mapping not dumped because unchanged: the executable's bytes, other files' are not known
//   [.., end) of an anonymous one never written: zeros (only where anonymous memory was dumped at all, see core_parse)
// Invariants after core_parse: (1) segments ascend and do not overlap; (2) off + in_file lies inside the core.
#include "read/target/core.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SEGMENTS_MAX = TARGET_MAPS_MAX };

void core_free(struct core *c)
{
	if (!c)
		return;
	vec_fini(&c->seg);
	vec_fini(&c->files);
	file_close(c->file);
	if (c->fd >= 0)
		close(c->fd);
	free(c);
}

instant_t core_written(const struct core *c) { return c->written; }

// ---- memory -------------------------------------------------------------------------------------------------------

static size_t find_segment(const struct core *c, addr_t addr)
{
	size_t lo = 0, hi = c->seg.len;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (c->seg.at[mid].end <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static size_t from_core(const struct core *c, uint64_t off, void *buf, size_t len)
{
	if (c->fd < 0) {
		memcpy(buf, c->bytes.data + off, len);
		return len;
	}
	size_t got = 0;
	while (got < len) {
		ssize_t n = pread(c->fd, (char *)buf + got, len - got, (off_t)(off + got));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		got += (size_t)n;
	}
	return got;
}

// Bytes at addr from one segment, of one kind; 0: not to be had.
static size_t piece(const struct target *t, addr_t addr, void *buf, size_t len)
{
	const struct core *c = t->core;
	size_t i = find_segment(c, addr);
	if (i == c->seg.len || c->seg.at[i].start > addr)
		return 0;
	const struct core_segment *s = &c->seg.at[i];
	uint64_t at = addr - s->start;
	len = (size_t)min_u64(len, s->end - addr);
	if (at < s->in_file)
		return from_core(c, s->off + at, buf, (size_t)min_u64(len, s->in_file - at));
	if (at < s->dumped || !s->r)
		return 0;
	if (!s->has_file) {
		memset(buf, 0, len);
		return len;
	}
	struct view exe = target_exe(t);
	uint64_t off = s->file_off + at;
	if (!s->is_exe || off >= exe.len)
		return 0;
	len = (size_t)min_u64(len, exe.len - off);
	memcpy(buf, exe.data + off, len);
	return len;
}

static struct err *core_readv(void *ctx, struct mem_range *r, size_t n)
{
	const struct target *t = ctx;
	for (size_t i = 0; i < n; i++) {
		r[i].got = 0;
		for (size_t k = 1; k && r[i].got < r[i].len; r[i].got += k)
			k = piece(t, r[i].addr + r[i].got, (char *)r[i].buf + r[i].got, r[i].len - r[i].got);
	}
	return NULL;
}

// ---- headers ------------------------------------------------------------------------------------------------------

static struct err *check_header(struct view b, Elf64_Ehdr *h)
{
	static const struct { const char *magic; size_t len; const char *command; } packed[] = {
		{"\x28\xb5\x2f\xfd", 4, "zstd -d"}, {"\x04\x22\x4d\x18", 4, "lz4 -d"}, {"\x1f\x8b", 2, "gzip -d"}, {"\xfd" "7zXZ", 5, "xz -d"},
	};
	for (size_t i = 0; i < countof(packed); i++)
		if (b.len > 6 && !memcmp(b.data, packed[i].magic, packed[i].len))
			return err_new(ERR_UNSUPPORTED, "%s: is compressed; unpack it first: %s %s", b.source, packed[i].command, b.source);
	if (b.len < EI_NIDENT || memcmp(b.data, ELFMAG, SELFMAG))
		return err_input(b.source, 0, "not an ELF core file");
	if (b.data[EI_CLASS] != ELFCLASS64)
		return err_new(ERR_UNSUPPORTED, "%s: is the core of a 32-bit program; 64-bit ones can be read", b.source);
	if (b.data[EI_DATA] != ELFDATA2LSB)
		return err_new(ERR_UNSUPPORTED, "%s: is big-endian; amd64 and arm64 can be read", b.source);
	struct err *err = view_bytes(b, 0, h, sizeof(*h));
	if (err)
		return err;
	if (h->e_type != ET_CORE)
		return err_input(b.source, 16, "an ELF file of type %u, not a core", h->e_type);
	if (h->e_machine != EM_X86_64 && h->e_machine != EM_AARCH64)
		return err_new(ERR_UNSUPPORTED, "%s: is of ELF machine %u; amd64 (62) and arm64 (183) can be read", b.source, h->e_machine);
	if (h->e_phentsize != sizeof(Elf64_Phdr))
		return err_input(b.source, 54, "program headers of %u bytes, 56 expected", h->e_phentsize);
	return NULL;
}

// More than 65534 mappings: the number stands in the first section header.
static struct err *count_headers(struct view b, const Elf64_Ehdr *h, uint64_t *ret)
{
	Elf64_Shdr s;
	*ret = h->e_phnum;
	if (h->e_phnum != PN_XNUM)
		return NULL;
	struct err *err = view_bytes(b, h->e_shoff, &s, sizeof(s));
	if (err)
		return err_while(err, "reading how many program headers there are");
	if (s.sh_info > SEGMENTS_MAX)
		return err_new(ERR_LIMIT, "%s: %u mappings; at most %d are read", b.source, s.sh_info, SEGMENTS_MAX);
	*ret = s.sh_info;
	return NULL;
}

static struct err *add_load(struct core *c, const Elf64_Phdr *p)
{
	if (!p->p_memsz)
		return NULL;
	struct core_segment s = {.start = p->p_vaddr, .off = p->p_offset, .r = p->p_flags & PF_R, .w = p->p_flags & PF_W,
		.x = p->p_flags & PF_X};
	if (__builtin_add_overflow(p->p_vaddr, p->p_memsz, &s.end))
		return err_input(c->bytes.source, p->p_offset, "a mapping at 0x%llx that ends above 2^64", (unsigned long long)p->p_vaddr);
	s.dumped = min_u64(p->p_filesz, p->p_memsz);
	s.in_file = p->p_offset < c->bytes.len ? min_u64(s.dumped, c->bytes.len - p->p_offset) : 0;
	return vec_push(&c->seg, SEGMENTS_MAX, "mappings of a core", s);
}

static int by_file_start(const void *a, const void *b)
{
	const struct core_file *x = a, *y = b;
	return (x->start > y->start) - (x->start < y->start);
}

static int by_start(const void *a, const void *b)
{
	const struct core_segment *x = a, *y = b;
	return (x->start > y->start) - (x->start < y->start);
}

static struct err *read_headers(struct core *c, struct target *t)
{
	Elf64_Ehdr h;
	uint64_t n;
	struct err *err;
	if ((err = check_header(c->bytes, &h)) || (err = count_headers(c->bytes, &h, &n)))
		return err;
	c->machine = h.e_machine;
	for (uint64_t i = 0; i < n; i++) {
		Elf64_Phdr p;
		uint64_t off;
		if (__builtin_add_overflow(h.e_phoff, i * sizeof(p), &off) || !view_has(c->bytes, off, sizeof(p)))
			return err_input(c->bytes.source, h.e_phoff, "truncated inside the program headers: %llu are there, %llu were written",
				(unsigned long long)i, (unsigned long long)n);
		if ((err = view_bytes(c->bytes, off, &p, sizeof(p))))
			return err;
		if (p.p_type == PT_LOAD)
			err = add_load(c, &p);
		else if (p.p_type == PT_NOTE)
			err = core_notes(c, t, p.p_offset, p.p_filesz);
		if (err)
			return err;
	}
	if (c->seg.len)
		qsort(c->seg.at, c->seg.len, sizeof(*c->seg.at), by_start);
	if (c->files.len)
		qsort(c->files.at, c->files.len, sizeof(*c->files.at), by_file_start);
	for (size_t i = 1; i < c->seg.len; i++)
		if (c->seg.at[i].start < c->seg.at[i - 1].end)
			return err_input(c->bytes.source, h.e_phoff, "two mappings share address 0x%llx", (unsigned long long)c->seg.at[i].start);
	return NULL;
}

// ---- mappings and holes ---------------------------------------------------------------------------------------------

static const struct core_file *file_at(const struct core *c, addr_t addr)
{
	size_t lo = 0, hi = c->files.len; // the first that begins above addr
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (c->files.at[mid].start <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo && addr < c->files.at[lo - 1].end ? &c->files.at[lo - 1] : NULL;
}

static struct err *make_maps(struct core *c, struct target *t)
{
	const struct core_file *exe = file_at(c, c->entry);
	if (!exe && (exe = file_at(c, c->phdr)) == NULL && c->files.len && !c->entry)
		exe = &c->files.at[0];
	if (exe && !(t->exe_path = strdup(exe->path)))
		return &err_nomem;
	for (size_t i = 0; i < c->seg.len; i++) {
		struct core_segment *s = &c->seg.at[i];
		const struct core_file *f = file_at(c, s->start);
		struct target_map m = {s->start, s->end, 0, 0, s->r, s->w, s->x, false, ""};
		if (f) {
			s->has_file = true;
			s->file_off = f->off + (s->start - f->start);
			s->is_exe = exe && !strcmp(f->path, exe->path);
			m.off = s->file_off;
			m.inode = 1;
			m.path = f->path;
		}
		struct err *err = vec_push(&t->maps.at, TARGET_MAPS_MAX, "mappings", m);
		if (err)
			return err;
	}
	return NULL;
}

static struct err *account_for_holes(struct core *c, struct target *t)
{
	uint64_t cut = 0, memory = 0, left_out = 0;
	for (size_t i = 0; i < c->seg.len; i++) {
		const struct core_segment *s = &c->seg.at[i];
		cut += s->dumped - s->in_file;
		if (s->w && !s->has_file) {
			memory += s->in_file;
			left_out += !s->dumped && s->r ? s->end - s->start : 0;
		}
	}
	if (!memory)
		return err_new(ERR_UNSUPPORTED, "%s: a core without memory: %zu mappings, none of the program's own data is in the file%s",
			c->bytes.source, c->seg.len, cut ? " (it was cut off; ulimit -c unlimited lets it be written whole)"
			: left_out ? " (echo 0x33 > /proc/PID/coredump_filter has it written)" : "");
	if (cut) {
		char detail[64];
		snprintf(detail, sizeof(detail), "%llu", (unsigned long long)cut);
		gap_add(&t->gaps, GAP_CORE_TRUNCATED, c->bytes.source, detail);
	}
	return NULL;
}

struct err *core_parse(struct view bytes, struct target *t)
{
	struct core *c = calloc(1, sizeof(*c));
	if (!c)
		return &err_nomem;
	c->fd = -1;
	c->bytes = bytes;
	t->core = c;
	t->kind = TARGET_CORE;
	t->mem = (struct mem){t, core_readv};
	struct err *err;
	if ((err = read_headers(c, t)) || (err = make_maps(c, t)))
		return err;
	return account_for_holes(c, t);
}
