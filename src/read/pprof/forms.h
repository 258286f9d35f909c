// The readers of the single forms, behind pprof_read. Each fills an empty profile.
#pragma once
#include "read/pprof/pprof.h"

// What a gzip file became: its own pages, given back one by one while they are read.
struct inflated { uint8_t *data; size_t len, cap, released; };

bool gzip_starts(struct view v);
// The first bytes of what it holds; false if it cannot be inflated at all.
bool gzip_head(struct view v, uint8_t *to, size_t cap, size_t *ret_len);
must_use struct err *gzip_inflate(struct view v, uint64_t max, struct inflated *ret);
void inflated_release(struct inflated *f, size_t until); // [0, until) will not be read again
void inflated_fini(struct inflated *f);

bool proto_starts(struct view v);
bool dump_starts(struct view v);
must_use struct err *proto_read(struct view v, struct inflated *owned, struct pprof *p); // owned: NULL if not ours
must_use struct err *heap_read(struct view v, struct pprof *p);
must_use struct err *count_read(struct view v, struct pprof *p);
must_use struct err *contention_read(struct view v, struct pprof *p);
struct lines;
void memstats_read(struct lines *ls, struct pprof_memstats *to); // behind its heading
must_use struct err *dump_read(struct view v, struct pprof *p);
