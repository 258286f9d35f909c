// Regular expressions over a profile's strings: PCRE2 in the place of Go's RE2; differences in docs/formats/pprof.md.
#pragma once
#include "read/pprof/pprof.h"

struct regex;
must_use struct err *regex_new(const char *option, const char *pattern, struct regex **ret); // option: for the message
void regex_free(struct regex *rx); // NULL is fine
static inline void regex_freep(struct regex **rx) { regex_free(*rx); }
bool regex_matches(struct regex *rx, const char *s, size_t len); // anywhere in it
// The same for a string of the profile; each is tried once.
bool regex_matches_id(struct regex *rx, const struct pprof *p, uint32_t id);
