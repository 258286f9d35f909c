// Inside of the core reader.
#pragma once
#include "read/target/private.h"

struct core_segment {
	addr_t start, end;
	uint64_t off, in_file; // where its bytes lie in the core, how many are there
	uint64_t dumped;       // how many were meant to be
	uint64_t file_off;     // of the mapped file, where has_file
	bool r, w, x, has_file, is_exe;
};

struct core_file { // NT_FILE
	addr_t start, end;
	uint64_t off; // bytes
	const char *path; // borrowed from the core's bytes
};

struct core {
	struct view bytes;  // headers and notes; memory too where fd is -1
	struct file *file;  // owns the bytes; NULL: the caller does
	int fd;             // memory is read from here, so that a large core does not become resident
	uint16_t machine;   // EM_X86_64, EM_AARCH64
	instant_t written;  // when the file was; 0 = not known
	addr_t entry, phdr; // auxv; 0 = not known
	VEC(struct core_segment) seg;
	VEC(struct core_file) files;
};

must_use struct err *core_notes(struct core *c, struct target *t, uint64_t off, uint64_t len);
