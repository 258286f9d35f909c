// What the tables of this folder share.
#pragma once
#include "views/escape/escape.h"

enum { FRAMES = 32, HOPS = 6 };

// Does the filter let a place through? Frames innermost first.
bool place_passes(const struct view_filter *f, const struct gobin_frame *frames, size_t n);
bool is_standard(const char *function); // of the standard library or the runtime
// "stored in main.World.players -> returned by main.f"
void flow_text(const struct code *c, const struct code_site *s, struct strbuf *out);
const char *short_file(const char *path); // last two parts
