#include "reading.h"

#define P "./x.go:7:2: "

TEST(each_message_of_m_is_known_by_its_kind)
{
	static const struct { const char *line; enum escape_kind kind; const char *subject, *detail; } rows[] = {
		{"moved to heap: x", ESCAPE_MOVED, "x", ""},
		{"moved to heap: .autotmp_2", ESCAPE_MOVED, ".autotmp_2", ""},
		{"&T{...} escapes to heap", ESCAPE_HEAP, "&T{...}", ""},
		{"new(<node DYNAMICTYPE>) escapes to heap", ESCAPE_HEAP, "new(<node DYNAMICTYPE>)", ""},
		{"*(*Box).Put[go.shape.int](b, &.dict.(*Box).Put[int], 3) escapes to heap", ESCAPE_HEAP,
		 "*(*Box).Put[go.shape.int](b, &.dict.(*Box).Put[int], 3)", ""},
		{"\"a: escapes to heap in b\" escapes to heap", ESCAPE_HEAP, "\"a: escapes to heap in b\"", ""},
		{"append escapes to heap", ESCAPE_HEAP, "append", ""},
		{"... argument does not escape", ESCAPE_STAYS, "... argument", ""},
		{"p does not escape", ESCAPE_STAYS, "p", ""},
		{"leaking param: p", ESCAPE_PARAM_LEAKS, "p", "{heap}"},
		{"leaking param content: pp", ESCAPE_PARAM_LEAKS, "pp", "content"},
		{"leaking param: p to result ~r0 level=0", ESCAPE_PARAM_LEAKS, "p", "result ~r0 level=0"},
		{"can inline (*T).M with cost 6 as: method(*T) func() int { return 1 }", ESCAPE_CAN_INLINE, "", "6"},
		{"cannot inline f: function too complex: cost 83 exceeds budget 80", ESCAPE_CANNOT_INLINE, "",
		 "function too complex: cost 83 exceeds budget 80"},
		{"inlining call to errors.New", ESCAPE_INLINES, "errors.New", ""},
		{"devirtualizing s.Area to Sq", ESCAPE_DEVIRTUALIZES, "s.Area to Sq", ""},
		{"zero-copy string->[]byte conversion", ESCAPE_ZERO_COPY, "", ""},
		{"assuming p is unsafe uintptr", ESCAPE_OTHER, "assuming p is unsafe uintptr", ""},
		{"f capturing by value: n (addr=false assign=false width=128)", ESCAPE_CAPTURES, "n", ""},
	};
	for (size_t i = 0; i < countof(rows); i++) {
		char text[512];
		snprintf(text, sizeof(text), "# a/b\n" P "%s\n", rows[i].line);
		cleanup(escape_freep) struct escape *e = reading(text);
		const struct escape_item *items = NULL;
		size_t n = e ? escape_items(e, &items) : 0;
		CHECK(n == 1 && items[0].kind == rows[i].kind, "%s", rows[i].line);
		if (n != 1)
			continue;
		CHECK(!strcmp(items[0].subject, rows[i].subject), "%s: %s", rows[i].line, items[0].subject);
		CHECK(!strcmp(items[0].detail, rows[i].detail), "%s: %s", rows[i].line, items[0].detail);
		CHECK(!strcmp(items[0].package, "a/b") && items[0].pos.line == 7 && items[0].pos.col == 2, "%s", rows[i].line);
	}
}

// X, the block's lines after the header, the verdict -> construct and where it ends
TEST(an_explanation_gives_the_construct_in_both_grammars)
{
	static const struct { const char *what, *verdict, *flow[4]; enum construct want; const char *target; } rows[] = {
		{"p", "moved to heap: p", {"flow: ~r0 ## &p:", "from &p (address-of) at ./x.go:8:9",
		 "from return &p (return) at ./x.go:8:2"}, CONSTRUCT_RETURN_OF_ADDRESS, "~r0"},
		{"p", "moved to heap: p", {"flow: out ## &p:", "from out = &p (assign) at ./x.go:8:2"},
		 CONSTRUCT_RETURN_OF_ADDRESS, "out"},
		{"n", "moved to heap: n", {"flow: {storage for func literal} ## &n:", "from n (captured by a closure) at ./x.go:8:2",
		 "from n (reference) at ./x.go:8:2"}, CONSTRUCT_CLOSURE_CAPTURE, "{storage for func literal}"},
		{"&P{...}", "&P{...} escapes to heap", {"flow: {heap} ## &{storage for &P{...}}:",
		 "from &P{...} (spill) at ./x.go:7:2", "from c <- (&P{...}) (send) at ./x.go:7:2"}, CONSTRUCT_SENT_ON_CHANNEL, "{heap}"},
		{"&P{...}", "&P{...} escapes to heap", {"flow: {heap} ## &{storage for &P{...}}:",
		 "from w.players[\"a\"] = &P{...} (assign) at ./x.go:7:2"}, CONSTRUCT_MAP_INSERT, "{heap}"},
		{"&P{...}", "&P{...} escapes to heap", {"flow: {heap} ## &{storage for &P{...}}:",
		 "from w.last = &P{...} (assign) at ./x.go:7:2"}, CONSTRUCT_STORED_IN_HEAP, "{heap}"},
		{"q", "moved to heap: q", {"flow: {heap} ## &q:", "from &q (interface-converted) at ./x.go:7:2",
		 "from use(&q) (call parameter) at ./x.go:7:2"}, CONSTRUCT_INTERFACE_CONVERSION, "{heap}"},
		{"q", "q escapes to heap", {"flow: {heap} ## &{storage for q}:", "from q (spill) at ./x.go:7:2",
		 "from reflect.ValueOf(q) (call parameter) at ./x.go:7:2"}, CONSTRUCT_REFLECTION, "{heap}"},
		{"b", "moved to heap: b", {"flow: {heap} ## &b:", "from b (too large for stack) at ./x.go:7:2"},
		 CONSTRUCT_TOO_LARGE, "{heap}"},
		{"append(s, v)", "append escapes to heap", {"flow: ~r0 ## &{storage for append(s, v)}:",
		 "from return append(s, v) (return) at ./x.go:7:2"}, CONSTRUCT_SLICE_GROWTH, "~r0"},
		{"make([]T, len(f(x, \"a = b\")))", "make([]T, len(f(x, \"a = b\"))) escapes to heap",
		 {"flow: ~r0 ## &{storage for make([]T, len(f(x, \"a = b\")))}:", "from return x (return) at ./x.go:7:2"},
		 CONSTRUCT_MAKE_SIZE_UNKNOWN, "~r0"},
		{"make([]T, 4, 64)", "make([]T, 4, 64) escapes to heap", {"flow: ~r0 ## &{storage for make([]T, 4, 64)}:",
		 "from return x (return) at ./x.go:7:2"}, CONSTRUCT_RETURN_OF_ADDRESS, "~r0"},
		{"a + \"/\" + b", "a + \"/\" + b escapes to heap", {"flow: ~r0 ## &{storage for a + \"/\" + b}:",
		 "from return a + \"/\" + b (return) at ./x.go:7:2"}, CONSTRUCT_STRING_CONVERSION, "~r0"},
		{"func literal", "func literal escapes to heap", {"flow: {heap} ## &{storage for func literal}:",
		 "from func literal (spill) at ./x.go:7:2"}, CONSTRUCT_GO_STATEMENT, "{heap}"},
		{"n", "n escapes to heap", {"flow: {storage for ... argument} ## &{storage for n}:",
		 "from n (spill) at ./x.go:7:2"}, CONSTRUCT_INTERFACE_CONVERSION, "{storage for ... argument}"},
	};
	for (int old = 0; old < 2; old++)
		for (size_t i = 0; i < countof(rows); i++) {
			char text[2048];
			int n = snprintf(text, sizeof(text), P "%s escapes to heap%s:\n", rows[i].what, old ? "" : " in f");
			for (size_t k = 0; k < countof(rows[i].flow) && rows[i].flow[k]; k++) {
				char line[256];
				snprintf(line, sizeof(line), "%s", rows[i].flow[k]);
				char *at = strstr(line, " ## ");
				if (at)
					*at = 0;
				n += snprintf(text + n, sizeof(text) - (size_t)n, P "  %s%s%s\n", line,
					      !at ? "" : old ? " = " : " \xe2\x86\x90 ", at ? at + 4 : "");
			}
			snprintf(text + n, sizeof(text) - (size_t)n, P "%s\n", rows[i].verdict);
			cleanup(escape_freep) struct escape *e = reading(text);
			const struct escape_item *items = NULL;
			size_t count = e ? escape_items(e, &items) : 0;
			CHECK(count == 1, "row %zu: %zu items", i, count);
			if (count != 1)
				continue;
			CHECK(items[0].construct == rows[i].want, "row %zu: %s", i, construct_name(items[0].construct));
			CHECK(!strcmp(escape_target(e, &items[0]), rows[i].target), "row %zu: %s", i, escape_target(e, &items[0]));
			CHECK(!strcmp(items[0].function, old ? "" : "f"), "row %zu", i);
		}
}

TEST(a_closure_of_defer_is_told_from_one_of_go)
{
	static const struct { const char *extra; enum construct want; } rows[] = {
		{P "can inline f.deferwrap1 with cost 60 as: func() { g() }\n", CONSTRUCT_DEFER},
		{P "can inline f.gowrap1 with cost 60 as: func() { g() }\n", CONSTRUCT_GO_STATEMENT},
		{"./x.go:5:6: cannot inline f: unhandled op DEFER\n", CONSTRUCT_DEFER},
		{"./x.go:5:6: cannot inline f: unhandled op GO\n", CONSTRUCT_GO_STATEMENT},
	};
	for (size_t i = 0; i < countof(rows); i++) {
		char text[1024];
		snprintf(text, sizeof(text), "%s" P "func literal escapes to heap in f:\n"
			 P "  flow: {heap} = &{storage for func literal}:\n" P "    from func literal (spill) at ./x.go:7:2\n"
			 P "func literal escapes to heap\n", rows[i].extra);
		cleanup(escape_freep) struct escape *e = reading(text);
		const struct escape_item *item = e ? find(e, ESCAPE_HEAP, "func literal") : NULL;
		CHECK(item && item->construct == rows[i].want, "row %zu", i);
	}
}

TEST(a_parameter_block_keeps_where_it_leaks)
{
	cleanup(escape_freep) struct escape *e = reading(
		"./x.go:5:8: parameter k leaks to {storage for map[string]int{...}} for (*W).Put with derefs=0:\n"
		"./x.go:5:8:   flow: {heap} \xe2\x86\x90 **k:\n");
	const struct escape_item *item = e ? find(e, ESCAPE_PARAM_LEAKS, "k") : NULL;
	CHECK(item && !strcmp(item->function, "(*W).Put"), "%s", item ? item->function : "none");
	CHECK(item && !strcmp(item->detail, "{storage for map[string]int{...}}"), "%s", item ? item->detail : "none");
	CHECK(item && item->n_edges == 1 && escape_edge_at(e, item->first_edge)->derefs == 2);
}

TEST(two_paths_of_one_value_are_one_item_and_one_more_path)
{
	cleanup(escape_freep) struct escape *e = reading(
		P "p escapes to heap in f:\n" P "  flow: ~r0 \xe2\x86\x90 &p:\n" P "    from return &p (return) at ./x.go:8:2\n"
		P "p escapes to heap in f:\n" P "  flow: {heap} \xe2\x86\x90 &p:\n" P "    from g = &p (assign) at ./x.go:8:2\n"
		P "moved to heap: p\n");
	const struct escape_item *items = NULL;
	size_t n = e ? escape_items(e, &items) : 0;
	CHECK(n == 2);
	if (n == 2) {
		CHECK(items[0].another_path && items[0].construct == CONSTRUCT_STORED_IN_HEAP);
		CHECK(items[1].kind == ESCAPE_MOVED && items[1].construct == CONSTRUCT_RETURN_OF_ADDRESS);
	}
}

TEST(what_is_no_compiler_output_is_refused)
{
	cleanup(escape_freep) struct escape *e = NULL;
	struct err *err = escape_new(&e);
	CHECK(!err);
	static const char text[] = "total 12\ndrwxr-xr-x 2 a b 4096 x\n";
	err = err ? err : escape_add(e, (struct view){(const uint8_t *)text, strlen(text), "listing"});
	CHECK(err && err_kind(err) == ERR_INPUT && strstr(err_message(err), "listing+0x0: not compiler output: none of 2 lines"),
	      "%s", err ? err_message(err) : "accepted");
	err_free(err);
}

TEST(an_unknown_line_among_known_ones_is_counted)
{
	cleanup(escape_freep) struct escape *e = reading("# a\n" P "moved to heap: x\n" P "a message of the year 2030\ngo: downloading x\n");
	CHECK(e && escape_lines_ignored(e) == 2);
}

TEST(text_cut_anywhere_is_read_as_far_as_it_goes)
{
	static const char text[] = "# a\n" P "p escapes to heap in f:\n" P "  flow: ~r0 \xe2\x86\x90 &p:\n"
		P "    from return &p (return) at ./x.go:8:2\n" P "moved to heap: p\n";
	for (size_t len = 0; len < sizeof(text); len++) {
		cleanup(escape_freep) struct escape *e = NULL;
		struct err *err = escape_new(&e);
		if (!err)
			err = escape_add(e, (struct view){(const uint8_t *)text, len, "cut"});
		CHECK(!err || err_kind(err) == ERR_INPUT, "at %zu", len);
		err_free(err);
		err = escape_finish(e);
		CHECK(!err, "at %zu", len);
		err_free(err);
	}
}
