#include "reading.h"

#define HEADER "{\"version\":0,\"package\":\"a/b\",\"goos\":\"linux\",\"goarch\":\"amd64\",\"gc_version\":\"go1.27.4\",\"file\":\"/s/x.go\"}\n"
#define AT(l, c) "{\"start\":{\"line\":" #l ",\"character\":" #c "},\"end\":{\"line\":" #l ",\"character\":" #c "}}"
#define LOC(l, c, m) "{\"location\":{\"uri\":\"file:///s/y.go\",\"range\":" AT(l, c) "},\"message\":\"" m "\"}"

TEST(the_log_gives_flow_and_inner_positions)
{
	cleanup(escape_freep) struct escape *e = reading(HEADER
		"{\"range\":" AT(74, 36) ",\"severity\":3,\"code\":\"escape\",\"source\":\"go compiler\",\"message\":\"p escapes to heap\","
		"\"relatedInformation\":[" LOC(59, 36, "inlineLoc") "," LOC(74, 36, "escflow:    flow: ~r0 \xe2\x86\x90 \\u0026p:") ","
		LOC(59, 57, "inlineLoc") "," LOC(74, 36, "escflow:      from \\u0026p (address-of)") "," LOC(59, 58, "inlineLoc") ","
		LOC(74, 21, "escflow:      from return ~r0 (return)") "]}\n"
		"{\"range\":" AT(74, 36) ",\"severity\":3,\"code\":\"escape\",\"source\":\"go compiler\",\"message\":\"\"}\n"
		"{\"range\":" AT(80, 1) ",\"severity\":3,\"code\":\"leak\",\"source\":\"go compiler\",\"message\":\"parameter s leaks to {heap} with derefs=1\"}\n"
		"{\"range\":" AT(90, 1) ",\"severity\":3,\"code\":\"nilcheck\",\"source\":\"go compiler\",\"message\":\"\"}\n");
	const struct escape_item *items = NULL;
	size_t n = e ? escape_items(e, &items) : 0;
	CHECK(n == 2, "%zu items", n);
	if (n != 2)
		return;
	CHECK(items[0].kind == ESCAPE_MOVED && items[0].construct == CONSTRUCT_RETURN_OF_ADDRESS);
	CHECK(!strcmp(items[0].pos.file, "/s/x.go") && items[0].pos.line == 74 && !strcmp(items[0].package, "a/b"));
	CHECK(items[0].n_inner == 1 && escape_inner_at(e, items[0].first_inner)->line == 59);
	CHECK(items[0].n_edges == 1);
	const struct escape_edge *edge = escape_edge_at(e, items[0].first_edge);
	CHECK(edge->n_steps == 2 && edge->derefs == -1);
	CHECK(escape_step_at(e, edge->first_step)->pos.line == 59 && escape_step_at(e, edge->first_step)->pos.col == 58);
	CHECK(escape_step_at(e, edge->first_step + 1)->pos.line == 74);
	CHECK(items[1].kind == ESCAPE_PARAM_LEAKS && !strcmp(items[1].subject, "s") && !strcmp(items[1].detail, "{heap}"));
}

TEST(broken_log_lines_are_counted_and_strange_ones_survive)
{
	static const struct { const char *line; uint64_t ignored; } rows[] = {
		{"{\"range\":", 1}, {"[]", 1}, {"{}", 1}, {"{\"code\":5}", 1},
		{"{\"code\":\"escape\",\"range\":{\"start\":{\"line\":-4}}}", 0},
		{"{\"code\":\"leak\",\"message\":\"parameter leaks to with derefs=\",\"range\":" AT(1, 1) "}", 0},
		{"{\"code\":\"escape\",\"message\":\"x escapes to heap\",\"range\":" AT(1, 1) ",\"relatedInformation\":[1,{},"
		 LOC(1, 1, "escflow: from nowhere (x)") "]}", 0},
	};
	for (size_t i = 0; i < countof(rows); i++) {
		char text[1024];
		snprintf(text, sizeof(text), HEADER "%s\n", rows[i].line);
		cleanup(escape_freep) struct escape *e = reading(text);
		CHECK(e && escape_lines_ignored(e) == rows[i].ignored, "row %zu", i);
	}
}
