// The notes of a core: threads (NT_PRSTATUS), the process (NT_PRPSINFO), auxiliary vector (NT_AUXV), mapped files (NT_FILE).
// Layouts: include/linux/elfcore.h and the architectures' user_regs_struct.
#include "read/target/core.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

enum { FILES_MAX = TARGET_MAPS_MAX, THREADS_MAX = 1 << 20 };

// Offsets in elf_prstatus; registers are u64 from `regs` on.
static const struct registers { uint16_t machine; unsigned size, pid, regs, pc, sp, bp; } layouts[] = {
	{EM_X86_64, 336, 32, 112, 16, 19, 4},
	{EM_AARCH64, 392, 32, 112, 32, 31, 29},
};

static struct err *prstatus(struct core *c, struct target *t, struct view d)
{
	const struct registers *l = c->machine == EM_X86_64 ? &layouts[0] : &layouts[1];
	struct target_thread th;
	uint32_t tid;
	struct err *err;
	if (d.len < l->size)
		return err_input(c->bytes.source, (uint64_t)(d.data - c->bytes.data), "a thread's status of %zu bytes, %u expected", d.len, l->size);
	if ((err = view_u32(d, l->pid, &tid)) || (err = view_u64(d, l->regs + 8 * l->pc, &th.pc)) ||
	    (err = view_u64(d, l->regs + 8 * l->sp, &th.sp)) || (err = view_u64(d, l->regs + 8 * l->bp, &th.bp)))
		return err;
	th.tid = (int32_t)tid;
	if (!t->pid)
		t->pid = th.tid;
	return vec_push(&t->threads, THREADS_MAX, "threads of a core", th);
}

static struct err *prpsinfo(struct target *t, struct view d)
{
	uint32_t pid;
	struct err *err = view_u32(d, 24, &pid);
	if (!err)
		t->pid = (int32_t)pid;
	return err;
}

static struct err *auxv(struct core *c, struct view d)
{
	for (uint64_t off = 0; view_has(d, off, 16); off += 16) {
		uint64_t kind, value;
		struct err *err;
		if ((err = view_u64(d, off, &kind)) || (err = view_u64(d, off + 8, &value)))
			return err;
		if (kind == AT_NULL)
			break;
		if (kind == AT_ENTRY)
			c->entry = value;
		if (kind == AT_PHDR)
			c->phdr = value;
	}
	return NULL;
}

// count, page size, count * (start, end, offset in pages), count paths.
static struct err *files(struct core *c, struct view d)
{
	uint64_t n, page;
	struct err *err;
	if ((err = view_u64(d, 0, &n)) || (err = view_u64(d, 8, &page)))
		return err;
	if (n > FILES_MAX || !view_has(d, 16, n * 24))
		return err_input(c->bytes.source, (uint64_t)(d.data - c->bytes.data), "%llu mapped files do not fit into a note of %zu bytes",
			(unsigned long long)n, d.len);
	uint64_t name = 16 + n * 24;
	for (uint64_t i = 0; i < n; i++) {
		struct core_file f;
		uint64_t pages;
		if ((err = view_u64(d, 16 + i * 24, &f.start)) || (err = view_u64(d, 24 + i * 24, &f.end)) ||
		    (err = view_u64(d, 32 + i * 24, &pages)) || (err = view_cstr(d, name, &f.path)))
			return err_while(err, "reading mapped file %llu", (unsigned long long)i);
		name += strlen(f.path) + 1;
		if (__builtin_mul_overflow(pages, page, &f.off))
			return err_input(c->bytes.source, 0, "mapped file %llu begins beyond 2^64", (unsigned long long)i);
		if ((err = vec_push(&c->files, FILES_MAX, "mapped files of a core", f)))
			return err;
	}
	return NULL;
}

static struct err *note(struct core *c, struct target *t, uint32_t type, const char *name, struct view d)
{
	if (strcmp(name, "CORE"))
		return NULL;
	switch (type) {
	case NT_PRSTATUS: return prstatus(c, t, d);
	case NT_PRPSINFO: return prpsinfo(t, d);
	case NT_AUXV: return auxv(c, d);
	case NT_FILE: return files(c, d);
	}
	return NULL;
}

static uint64_t aligned(uint64_t x) { return (x + 3) & ~3ull; }

struct err *core_notes(struct core *c, struct target *t, uint64_t off, uint64_t len)
{
	struct view notes;
	struct err *err = view_sub(c->bytes, off, len, &notes);
	if (err)
		return err_while(err, "reading the notes");
	for (uint64_t at = 0; view_has(notes, at, sizeof(Elf64_Nhdr));) {
		Elf64_Nhdr h;
		struct view desc;
		char name[8] = "";
		if ((err = view_bytes(notes, at, &h, sizeof(h))))
			return err;
		uint64_t name_off = at + sizeof(h), desc_off = name_off + aligned(h.n_namesz);
		if (h.n_namesz < sizeof(name) && (err = view_bytes(notes, name_off, name, h.n_namesz)))
			return err;
		if ((err = view_sub(notes, desc_off, h.n_descsz, &desc)) || (err = note(c, t, h.n_type, name, desc)))
			return err_while(err, "reading a note of type 0x%x", h.n_type);
		at = desc_off + aligned(h.n_descsz);
	}
	return NULL;
}
