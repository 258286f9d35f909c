// Functions, lines, inlined calls, stack depths, pcdata.
#include "read/gobin/gobin.h"
#include "test.h"

#include "fixture.h"

static struct gobin *must_open(struct fix *f, struct fix_options o)
{
	fix_make(f, o);
	struct gobin *g = NULL;
	struct err *err = gobin_open((struct view){f->bytes, FIX_BYTES, "shop"}, &g);
	CHECK(!err, "%s", err ? err_message(err) : "");
	err_free(err);
	return g;
}

#define GEN "main.(*Gen[go.shape.[]uint8]).Map[go.shape.int]"

TEST(finds_the_function_that_holds_an_address)
{
	static const struct { addr_t pc; const char *name; addr_t entry, end; uint32_t line; uint8_t flags; } rows[] = {
		{FIX_TEXT, "runtime.rt0_go", FIX_TEXT, FIX_TEXT + 0x40, 3, GOBIN_ASM},
		{FIX_TEXT + 0x3f, "runtime.rt0_go", FIX_TEXT, FIX_TEXT + 0x40, 3, GOBIN_ASM},
		{FIX_TEXT + 0x40, GEN, FIX_TEXT + 0x40, FIX_TEXT + 0x100, 10, 0},
		{FIX_TEXT + 0x11f, "main.main", FIX_TEXT + 0x100, FIX_TEXT + 0x120, 20, GOBIN_TOP_FRAME},
		{FIX_TEXT + 0x120, NULL, 0, 0, 0, 0},
		{FIX_TEXT - 1, NULL, 0, 0, 0, 0},
		{0, NULL, 0, 0, 0, 0},
		{UINT64_MAX, NULL, 0, 0, 0, 0},
	};
	cleanup(fix_freep) struct fix f;
	cleanup(gobin_closep) struct gobin *g = must_open(&f, (struct fix_options){.minor = 27});
	CHECK(gobin_func_count(g) == 3);
	for (size_t i = 0; i < countof(rows); i++) {
		struct gobin_func got = {0};
		struct err *err = gobin_func_find(g, rows[i].pc, &got);
		CHECK(!err == !!rows[i].name, "row %zu", i);
		if (!err)
			CHECK(!strcmp(got.name, rows[i].name) && got.entry == rows[i].entry && got.end == rows[i].end && got.start_line == rows[i].line &&
			      got.flags == rows[i].flags && got.args_bytes == 16, "row %zu: %s", i, got.name);
		else
			CHECK(err_kind(err) == ERR_INPUT && !got.name);
		err_free(err);
	}
}

TEST(finds_functions_by_name_and_by_index)
{
	cleanup(fix_freep) struct fix f;
	cleanup(gobin_closep) struct gobin *g = must_open(&f, (struct fix_options){.minor = 26, .pie = true});
	struct gobin_func got, other;
	CHECK(gobin_func_named(g, GEN, &got) && got.index == 1);
	CHECK(!gobin_func_named(g, "main.helper", &got)); // only ever inlined
	struct err *err = gobin_func_at(g, 2, &other);
	CHECK(!err && !strcmp(other.name, "main.main"));
	err_free(err);
	err = gobin_func_at(g, 3, &other);
	CHECK(err);
	err_free(err);
}

TEST(gives_every_inlined_level_innermost_first)
{
	static const struct { uint32_t off; size_t n; struct { const char *function, *file; uint32_t line; } at[3]; } rows[] = {
		{0x00, 1, {{"runtime.rt0_go", "runtime/asm.s", 3}}},
		{0x10, 1, {{"runtime.rt0_go", "runtime/asm.s", 5}}},
		{0x40, 1, {{GEN, "example/main.go", 10}}},
		{0x58, 2, {{"main.helper", "strings/inner.go", 77}, {GEN, "example/main.go", 10}}},
		{0x67, 2, {{"main.helper", "strings/inner.go", 77}, {GEN, "example/main.go", 10}}},
		{0x68, 3, {{"strings.inner", "strings/inner.go", 90}, {"main.helper", "strings/inner.go", 77}, {GEN, "example/main.go", 10}}},
		{0x70, 2, {{"main.helper", "strings/inner.go", 78}, {GEN, "example/main.go", 10}}},
		{0x78, 1, {{GEN, "example/main.go", 12}}},
		{0x104, 1, {{"main.main", "example/main.go", 20}}},
		{0x120, 0, {{NULL, NULL, 0}}},
	};
	for (int form = 0; form < 4; form++) {
		cleanup(fix_freep) struct fix f;
		cleanup(gobin_closep) struct gobin *g = must_open(&f, (struct fix_options){.minor = 24 + form, .pie = form & 1, .arm64 = form == 2});
		for (size_t i = 0; i < countof(rows); i++) {
			struct gobin_frame got[8];
			size_t n = gobin_frames(g, FIX_TEXT + rows[i].off, got, 8);
			CHECK(n == rows[i].n, "form %d row %zu: %zu levels", form, i, n);
			for (size_t k = 0; k < n && k < rows[i].n; k++)
				CHECK(!strcmp(got[k].function, rows[i].at[k].function) && !strcmp(got[k].file, rows[i].at[k].file) &&
				      got[k].line == rows[i].at[k].line && got[k].inlined == (k + 1 < n), "form %d row %zu level %zu: %s %s:%u", form, i, k,
				      got[k].function, got[k].file, got[k].line);
		}
		struct gobin_frame two[2];
		CHECK(gobin_frames(g, FIX_TEXT + 0x68, two, 2) == 2 && !two[1].inlined); // no room: the outermost is kept
		CHECK(!gobin_frames(g, FIX_TEXT + 0x68, two, 0));
	}
}

TEST(text_in_two_pieces)
{
	cleanup(fix_freep) struct fix f;
	cleanup(gobin_closep) struct gobin *g = must_open(&f, (struct fix_options){.minor = 27, .split_text = true});
	struct gobin_func got;
	CHECK(gobin_func_named(g, "main.main", &got) && got.entry == FIX_TEXT + 0x500 && got.end == FIX_TEXT + 0x520);
	struct err *err = gobin_func_find(g, FIX_TEXT + 0x510, &got);
	CHECK(!err && !strcmp(got.name, "main.main"));
	err_free(err);
	err = gobin_func_find(g, FIX_TEXT + 0x104, &got);
	CHECK(err); // between the pieces
	err_free(err);
	struct gobin_frame at[2];
	CHECK(gobin_frames(g, FIX_TEXT + 0x51f, at, 2) == 1 && at[0].line == 20);
	CHECK(gobin_frames(g, FIX_TEXT + 0x68, at, 2) == 2);
}

TEST(depths_of_the_stack_and_pcdata)
{
	cleanup(fix_freep) struct fix f;
	cleanup(gobin_closep) struct gobin *g = must_open(&f, (struct fix_options){.minor = 27});
	struct gobin_func fn;
	int32_t v;
	CHECK(gobin_func_named(g, GEN, &fn));
	static const struct { uint32_t off; int32_t sp, inl; } rows[] = {{0x40, 0, -1}, {0x48, 32, -1}, {0x68, 32, 1}, {0xf8, 0, -1}};
	for (size_t i = 0; i < countof(rows); i++) {
		struct err *err = gobin_pcsp(g, &fn, FIX_TEXT + rows[i].off, &v);
		CHECK(!err && v == rows[i].sp, "row %zu: %d", i, v);
		err_free(err);
		err = gobin_pcdata(g, &fn, 2, FIX_TEXT + rows[i].off, &v);
		CHECK(!err && v == rows[i].inl, "row %zu: %d", i, v);
		err_free(err);
	}
	struct err *err = gobin_pcdata(g, &fn, 0, fn.entry, &v);
	CHECK(!err && v == -1); // a table that is not there
	err_free(err);
	err = gobin_pcdata(g, &fn, 99, fn.entry, &v);
	CHECK(!err && v == -1);
	err_free(err);
	err = gobin_pcsp(g, &fn, fn.end, &v);
	CHECK(err && strstr(err_message(err), "is not in"));
	err_free(err);
	CHECK(gobin_funcdata(g, &fn, 3) == FIX_RO_SEG + FIX_GOFUNC + 0x10 && !gobin_funcdata(g, &fn, 0) && !gobin_funcdata(g, &fn, 4));
}

TEST(damaged_tables_answer_less_and_never_wrongly)
{
	static const struct { size_t at; uint32_t value; const char *what; } rows[] = {
		{FIX_FUNCS + 8 + 4, 0x10000, "a _func outside"},
		{FIX_FUNCS + 8, 0x200, "a table out of order"},
		{FIX_FUNCS + 16, 0x40, "an empty function"},
		{FIX_FUNCS + 32 + 44 + 4, 0xffff, "a name outside"},
	};
	for (size_t i = 0; i < countof(rows); i++) {
		cleanup(fix_freep) struct fix f;
		cleanup(gobin_closep) struct gobin *g = must_open(&f, (struct fix_options){.minor = 27});
		put_u32(fix_ro(&f, rows[i].at), rows[i].value); // the view is the caller's, and is read when asked
		struct gobin_func fn;
		struct gobin_frame at[4];
		struct err *err = gobin_func_at(g, 1, &fn);
		CHECK(err && strstr(err_message(err), "damaged"), "%s", rows[i].what);
		err_free(err);
		for (addr_t pc = FIX_TEXT; pc < FIX_TEXT + 0x120; pc++) {
			size_t n = gobin_frames(g, pc, at, 4);
			CHECK(n <= 4 && (!n || (at[n - 1].entry <= pc && at[n - 1].function)), "%s", rows[i].what);
		}
	}
	static const struct { size_t at; uint32_t value; size_t levels; } calls[] = {
		{FIX_GOFUNC + 0x10 + 16 + 4, 0xffff, 1}, // a name outside: the physical function
		{FIX_GOFUNC + 0x10 + 16 + 8, 0xffff, 1}, // called from nowhere
		{FIX_GOFUNC + 0x10 + 16 + 8, 0x28, 2},   // called from itself
	};
	for (size_t i = 0; i < countof(calls); i++) {
		cleanup(fix_freep) struct fix f;
		cleanup(gobin_closep) struct gobin *g = must_open(&f, (struct fix_options){.minor = 27});
		put_u32(fix_ro(&f, calls[i].at), calls[i].value);
		struct gobin_frame at[8];
		size_t n = gobin_frames(g, FIX_TEXT + 0x68, at, 8);
		CHECK(n == calls[i].levels && !at[n - 1].inlined, "row %zu: %zu", i, n);
	}
}
