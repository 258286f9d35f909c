#include "read/pprof/pprof.h"
#include "test.h"

#include <string.h>

static struct pprof *read_dump(const char *text)
{
	struct pprof *p = NULL;
	cleanup(err_freep) struct err *err = pprof_read((struct view){(const uint8_t *)text, strlen(text), "t"}, 0, &p);
	CHECK(!err, "%s", err ? err_message(err) : "");
	return p;
}

// Labels of a sample as "k=v;k=v", without the state.
static void labels_of(const struct pprof *p, size_t i, char *out, size_t cap)
{
	const struct pprof_labels *set = &p->labels.at[p->label_set.at[i]];
	size_t n = 0;
	*out = 0;
	for (uint32_t r = set->start; r < set->start + set->len; r++)
		if (strcmp(pprof_str(p, p->label_rows.at[r].key), "state"))
			n += (size_t)snprintf(out + n, cap - n, "%s=%s;", pprof_str(p, p->label_rows.at[r].key), pprof_str(p, p->label_rows.at[r].str));
}

TEST(headers_of_every_version_are_understood)
{
	static const struct { const char *header, *status, *labels; unsigned minutes; bool leaked, locked; uint64_t bubble; } rows[] = {
		{"goroutine 1 [running]:", "running", "", 0, false, false, 0},
		{"goroutine 7 [chan receive, 12 minutes]:", "chan receive", "", 12, false, false, 0},
		{"goroutine 7 [chan receive (nil chan), 1 minutes, locked to thread]:", "chan receive (nil chan)", "", 1, false, true, 0},
		{"goroutine 5 [select (no cases) (leaked), synctest bubble 3]:", "select (no cases)", "", 0, true, false, 3},
		{"goroutine 5 [sleep (durable), synctest bubble 1]:", "sleep", "", 0, false, false, 1},
		{"goroutine 9 [GC worker (idle) (scan)]:", "GC worker (idle)", "", 0, false, false, 0},
		{"goroutine 1 gp=0xc000002380 m=0 mp=0x5a2a20 [running]:", "running", "", 0, false, false, 0},
		{"goroutine 1 [running labels:{\"k\": \"v\", \"user\": \"x y]:\"}]:", "running", "k=v;user=x y]:;", 0, false, false, 0},
		{"goroutine 1 [running] {k.v/_: \"\\u00fc\\x00\\xff\", user: \"x y]:\", zone: \"arena-7\"}:", "running", "k.v/_=\xc3\xbc;user=x y]:;zone=arena-7;", 0, false, false, 0},
		{"goroutine 23 [chan receive (leaked)] {\"player \\\"q\\\"\": \"a:b,c}\", zone: \"arena-7\"}:", "chan receive", "player \"q\"=a:b,c};zone=arena-7;", 0, true, false, 0},
		{"goroutine 7 gp=0xc0 m=nil [chan receive, locked to thread] {: v, k: , t: \"a\\tb\"}:", "chan receive", "=v;k=;t=a\tb;", 0, false, true, 0},
	};
	for (size_t i = 0; i < countof(rows); i++) {
		char text[512], labels[256];
		snprintf(text, sizeof(text), "%s\nmain.f(...)\n\t/a.go:3\n", rows[i].header);
		cleanup(pprof_freep) struct pprof *p = read_dump(text);
		if (!p)
			continue;
		CHECK(p->samples == 1 && p->goroutines.len == 1, "row %zu", i);
		const struct pprof_goroutine *g = &p->goroutines.at[0];
		labels_of(p, 0, labels, sizeof(labels));
		CHECK(!strcmp(pprof_str(p, g->status), rows[i].status), "row %zu: '%s'", i, pprof_str(p, g->status));
		CHECK(!strncmp(labels, rows[i].labels, strlen(labels)), "row %zu: '%s'", i, labels);
		CHECK(g->minutes == rows[i].minutes && g->leaked == rows[i].leaked && g->locked == rows[i].locked && g->bubble == rows[i].bubble, "row %zu", i);
		CHECK(p->depth.at[0] == 1, "row %zu", i);
	}
}

static const char dump[] =
	"panic: boom\n\n"
	"goroutine 1 [running]:\n"
	"main.(*T[...]).Do(0xc000012345, {0x1, 0x2, ...}, 0x3?)\n\t/src/my dir/a.go:12 +0x1d\n"
	"...203 frames elided...\n"
	"main.main()\n\t/src/a.go:40 +0x25 fp=0xc1 sp=0xc0 pc=0x4\n"
	"\n"
	"goroutine 18 [select, 3 minutes]:\n"
	"main.worker(...)\n\t/src/a.go:7\n"
	"created by main.start in goroutine 1\n\t/src/a.go:9 +0x5\n"
	"[originating from goroutine 1]:\n"
	"main.start(...)\n\t/src/a.go:9 +0x5\n"
	"main.main(...)\n\t/src/a.go:41 +0x5\n"
	"\n"
	"goroutine 19 [running]:\n"
	"\tgoroutine running on other thread; stack unavailable\n"
	"created by main.start\n\t/src/a.go:9 +0x5\n"
	"exit status 2\n";

TEST(bodies_with_elided_frames_creators_and_ancestors_are_read)
{
	cleanup(pprof_freep) struct pprof *p = read_dump(dump);
	if (!p)
		return;
	CHECK(p->samples == 3 && p->form == PPROF_FORM_DUMP);
	CHECK(p->goroutines.at[0].elided == 203 && p->depth.at[0] == 2);
	const struct pprof_line *line = &p->lines.at[p->locations.at[p->frames.at[0]].line_start];
	CHECK(line->line == 12 && !strcmp(pprof_str(p, p->functions.at[line->function].name), "main.(*T[...]).Do"));
	CHECK(!strcmp(pprof_str(p, p->functions.at[line->function].file), "/src/my dir/a.go"));
	CHECK(p->depth.at[1] == 1 && p->goroutines.at[1].creator == 1 && p->goroutines.at[1].created_by != PPROF_NONE && p->goroutines.at[1].minutes == 3);
	CHECK(p->ancestors.len == 1 && p->ancestors.at[0].id == 1 && p->ancestors.at[0].depth == 2);
	CHECK(p->goroutines.at[2].unavailable && p->depth.at[2] == 0 && p->goroutines.at[2].creator == 0);
}

TEST(a_dump_cut_anywhere_keeps_what_was_whole)
{
	size_t most = 0;
	for (size_t len = 40; len < sizeof(dump) - 1; len++) {
		struct pprof *p = NULL;
		char *exact = malloc(len);
		memcpy(exact, dump, len);
		cleanup(err_freep) struct err *err = pprof_read((struct view){(const uint8_t *)exact, len, "t"}, 0, &p);
		CHECK(!err, "at %zu: %s", len, err ? err_message(err) : "");
		if (p) {
			CHECK(p->samples >= most, "at %zu", len);
			most = p->samples;
		}
		pprof_free(p);
		free(exact);
	}
	CHECK(most == 3);
}
