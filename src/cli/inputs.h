// What the person named: a process, a URL, or a file told apart by its content, never by its name.
#pragma once
#include "base/view.h"

enum input_kind {
	INPUT_PID, INPUT_URL, INPUT_DIRECTORY,
	INPUT_CORE, INPUT_BINARY,       // ELF
	INPUT_TRACE,                    // "go 1.N trace", plain or compressed
	INPUT_PROFILE,                  // profile.proto, plain or gzip
	INPUT_TEXT,                     // heap, goroutine and other text profiles and dumps
	INPUT_UNKNOWN,
};

// Of a word on the command line. ERR_OS where there is no such file.
must_use struct err *input_kind_of(const char *word, enum input_kind *ret);
// Of bytes alone.
enum input_kind input_kind_of_bytes(struct view bytes);
const char *input_kind_name(enum input_kind kind);
