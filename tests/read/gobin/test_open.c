// Opening: ELF, build information, moduledata, relocations, symbols, DWARF; what is refused, and with which words.
#include "read/gobin/gobin.h"
#include "test.h"

#include "fixture.h"

static struct err *open_fix(struct fix *f, struct gobin **ret)
{
	return gobin_open((struct view){f->bytes, FIX_BYTES, "shop"}, ret);
}

static struct gobin *must_open(struct fix *f)
{
	struct gobin *g = NULL;
	struct err *err = open_fix(f, &g);
	CHECK(!err, "%s", err ? err_message(err) : "");
	err_free(err);
	return g;
}

TEST(every_form_of_moduledata_is_told_apart_by_its_values)
{
	static const struct { struct fix_options o; size_t size; bool links, epclntab; } rows[] = {
		{{.minor = 21}, 592, true, false},
		{{.minor = 25, .sections = true}, 584, true, false},
		{{.minor = 26}, 592, true, true},
		{{.minor = 26, .pie = true, .sections = true}, 592, true, true},
		{{.minor = 27}, 568, false, true},
		{{.minor = 27, .pie = true}, 568, false, true},
		{{.minor = 27, .sections = true, .symbols = true}, 568, false, true},
		{{.minor = 27, .arm64 = true, .pie = true}, 568, false, true},
		{{.minor = 27, .version = "go1.31.2"}, 0, false, true}, // a release nobody knows that kept the form
		{{.minor = 27, .version = "devel go1.28-abc", .sections = true}, 568, false, true},
	};
	for (size_t i = 0; i < countof(rows); i++) {
		cleanup(fix_freep) struct fix f;
		fix_make(&f, rows[i].o);
		cleanup(gobin_closep) struct gobin *g = must_open(&f);
		if (!g)
			continue;
		const struct gobin_moduledata *m = gobin_moduledata(g);
		CHECK(m->addr == FIX_RW_SEG + FIX_MD && m->pc_header == FIX_RO_SEG && m->text == FIX_TEXT, "row %zu", i);
		CHECK(m->types == FIX_RO_SEG + FIX_TYPES && m->etypes == FIX_RO_SEG + FIX_ETYPES, "row %zu", i);
		CHECK(m->gofunc == FIX_RO_SEG + FIX_GOFUNC && m->rodata == FIX_RO_SEG, "row %zu", i);
		CHECK(m->size == rows[i].size, "row %zu: %zu", i, m->size);
		CHECK((m->n_typelinks == f.n_links) == rows[i].links && !m->typedesclen == rows[i].links, "row %zu", i);
		CHECK((m->epclntab != 0) == rows[i].epclntab, "row %zu", i);
		CHECK(m->noptrdata == FIX_RW_SEG + 0x800 && m->end == FIX_RW_SEG + 0x8a0 && m->gcbss == FIX_RW_SEG + 0x8c0, "row %zu", i);
		CHECK(gobin_is_pie(g) == rows[i].o.pie && (gobin_arch(g) == GOBIN_ARM64) == rows[i].o.arm64);
		CHECK(!gobin_gaps(g)->len, "row %zu", i);
	}
}

TEST(build_information_is_split)
{
	static const struct { const char *version, *go, *experiments; int minor, patch; } rows[] = {
		{"go1.27.4", "go1.27.4", "", 27, 4},
		{"go1.26", "go1.26", "", 26, 0},
		{"go1.25.4 X:nogreenteagc", "go1.25.4", "nogreenteagc", 25, 4},
		{"go1.27.4-X:mapsplitgroup,arenas", "go1.27.4", "mapsplitgroup,arenas", 27, 4},
		{"go1.21.13 (Red Hat 1.21.13-4.el9)", "go1.21.13 (Red Hat 1.21.13-4.el9)", "", 21, 13},
		{"go1.28rc1", "go1.28rc1", "", 28, 0},
		{"devel go1.28-d4d2 Tue", "devel go1.28-d4d2 Tue", "", -1, -1},
		{"go1.2x", "go1.2x", "", -1, -1},
		{"go1.27.", "go1.27.", "", -1, -1},
		{"go1.99999999", "go1.99999999", "", -1, -1},
		{"goX:1", "goX:1", "", -1, -1},
	};
	for (size_t i = 0; i < countof(rows); i++) {
		cleanup(fix_freep) struct fix f;
		fix_make(&f, (struct fix_options){.minor = 27, .version = rows[i].version});
		cleanup(gobin_closep) struct gobin *g = must_open(&f);
		const struct gobin_buildinfo *b = gobin_buildinfo(g);
		CHECK(!strcmp(b->go_version, rows[i].go) && !strcmp(b->experiments, rows[i].experiments), "%s|%s", b->go_version, b->experiments);
		CHECK(b->minor == rows[i].minor && b->patch == rows[i].patch, "%s: %d.%d", rows[i].version, b->minor, b->patch);
		CHECK(!strcmp(b->path, "example.com/shop") && !strcmp(b->module, "example.com/shop") && !strcmp(b->module_version, "v1.4.2"));
		CHECK(!strncmp(b->modinfo, "path\texample.com/shop\nmod\t", 26) && !strcmp(b->build_id, "id/one"), "%s", b->build_id);
	}
}

TEST(damaged_build_information_is_a_gap)
{
	static const struct { size_t at; uint8_t byte; const char *detail; } rows[] = {
		{15, 0, "Go 1.17"}, {32, 0xff, "truncated"}, {41, 0xff, "truncated"},
	};
	for (size_t i = 0; i < countof(rows); i++) {
		cleanup(fix_freep) struct fix f;
		fix_make(&f, (struct fix_options){.minor = 27, .sections = true});
		memset(fix_rw(&f, FIX_BUILD + rows[i].at), rows[i].byte, rows[i].at == 15 ? 1 : 3);
		if (rows[i].at != 15) // a length of 2 MB
			*fix_rw(&f, FIX_BUILD + rows[i].at + 2) = 0x7f;
		cleanup(gobin_closep) struct gobin *g = must_open(&f);
		const struct gaps *gaps = gobin_gaps(g);
		CHECK(gaps->len == 1 && strstr(gaps->at[0].detail, rows[i].detail), "row %zu: %s", i, gaps->len ? gaps->at[0].detail : "");
	}
}

TEST(without_build_information_the_variable_says_the_version)
{
	cleanup(fix_freep) struct fix f;
	fix_make(&f, (struct fix_options){.minor = 27, .sections = true, .symbols = true});
	memset(fix_rw(&f, FIX_BUILD), 0, 64);
	cleanup(gobin_closep) struct gobin *g = must_open(&f);
	CHECK(!strcmp(gobin_buildinfo(g)->go_version, "go1.27.9") && gobin_buildinfo(g)->patch == 9);
	CHECK(!*gobin_buildinfo(g)->modinfo);
}

TEST(words_of_a_position_independent_program_are_relocated)
{
	for (int arm = 0; arm < 2; arm++) {
		cleanup(fix_freep) struct fix f;
		fix_make(&f, (struct fix_options){.minor = 26, .pie = true, .arm64 = arm});
		cleanup(gobin_closep) struct gobin *g = must_open(&f);
		uint64_t word;
		const struct gobin_segment *s;
		struct err *err = gobin_read(g, FIX_RW_SEG + FIX_MD + 8, &word, 8);
		CHECK(!err && word == FIX_RO_SEG + FIX_NAMES);
		err_free(err);
		CHECK(gobin_segments(g, &s) == 3 && s[0].addr == FIX_TEXT_SEG && s[0].x && s[2].addr == FIX_RW_SEG && s[2].w);
		CHECK(!memcmp(s[2].bytes.data + 8, &word, 8)); // what is scanned is relocated too
		CHECK(!memcmp(fix_rw(&f, FIX_MD), "\0\0\0\0\0\0\0", 8)); // and the caller's bytes stay as they were
		err = gobin_read(g, FIX_RW_SEG + FIX_RW_LEN - 4, &word, 8);
		CHECK(err && err_kind(err) == ERR_INPUT); // .bss is not in the file
		err_free(err);
	}
}

TEST(moduledata_is_found_by_section_by_symbol_and_by_scan)
{
	static const struct { struct fix_options o; bool hide_pclntab; } rows[] = {
		{{.minor = 27, .sections = true}, false},                 // .go.module
		{{.minor = 25, .sections = true}, false},                 // .gopclntab, then the word that points to it
		{{.minor = 25, .sections = true, .symbols = true}, true}, // runtime.firstmoduledata
		{{.minor = 25}, false},                                   // nothing but the bytes
	};
	for (size_t i = 0; i < countof(rows); i++) {
		cleanup(fix_freep) struct fix f;
		fix_make(&f, rows[i].o);
		if (rows[i].hide_pclntab)
			put_u64(f.bytes + FIX_SECTION_FILE + 64 + 16, FIX_TEXT);
		// a decoy: a header in front of the real one that no moduledata points to
		memcpy(f.bytes + 0x1800, fix_ro(&f, FIX_PCLN), 72);
		cleanup(gobin_closep) struct gobin *g = must_open(&f);
		CHECK(g && gobin_moduledata(g)->addr == FIX_RW_SEG + FIX_MD && gobin_func_count(g) == 3, "row %zu", i);
	}
}

TEST(segments_from_memory_are_enough_and_are_copied)
{
	cleanup(fix_freep) struct fix f;
	fix_make(&f, (struct fix_options){.minor = 27});
	struct gobin_segment s[] = {
		{FIX_RW_SEG, {fix_rw(&f, 0), FIX_RW_LEN, "memory"}, true, false},
		{FIX_TEXT_SEG, {f.bytes, FIX_RO_FILE, "memory"}, false, true},
		{FIX_RO_SEG, {fix_ro(&f, 0), FIX_RO_LEN, "memory"}, false, false},
	};
	cleanup(gobin_closep) struct gobin *g = NULL;
	struct err *err = gobin_open_segments(s, countof(s), &g);
	CHECK(!err, "%s", err ? err_message(err) : "");
	err_free(err);
	memset(f.bytes, 0xaa, FIX_BYTES);
	struct gobin_func fn;
	CHECK(g && gobin_func_named(g, "main.main", &fn) && fn.entry == FIX_TEXT + 0x100 && gobin_stripped(g) && !gobin_has_dwarf(g));
	CHECK(!strcmp(gobin_buildinfo(g)->go_version, "go1.27.3"));
	err = gobin_open_segments(NULL, 0, &g);
	CHECK(err && err_kind(err) == ERR_UNSUPPORTED);
	err_free(err);
}

TEST(symbols_by_name_and_by_address)
{
	cleanup(fix_freep) struct fix f;
	fix_make(&f, (struct fix_options){.minor = 27, .sections = true, .symbols = true});
	cleanup(gobin_closep) struct gobin *g = must_open(&f);
	addr_t addr;
	uint64_t size, off;
	CHECK(!gobin_stripped(g) && gobin_symbol(g, "main.global", &addr, &size) && addr == FIX_RW_SEG + FIX_GLOBAL && size == 64);
	CHECK(gobin_symbol(g, "runtime.firstmoduledata", &addr, NULL) && addr == FIX_RW_SEG);
	CHECK(!gobin_symbol(g, "main.nothing", &addr, &size));
	static const struct { addr_t addr; const char *name; uint64_t off; } rows[] = {
		{FIX_RW_SEG + FIX_GLOBAL, "main.global", 0}, {FIX_RW_SEG + FIX_GLOBAL + 63, "main.global", 63},
		{FIX_RW_SEG + FIX_GLOBAL + 64, "runtime.buildVersion", 0}, {FIX_RW_SEG + FIX_GLOBAL + 80, NULL, 0}, {4, NULL, 0},
		{FIX_RW_SEG + 8, "runtime.firstmoduledata", 8},
	};
	for (size_t i = 0; i < countof(rows); i++) {
		const char *name = gobin_symbol_at(g, rows[i].addr, &off);
		CHECK(!name == !rows[i].name && (!name || (!strcmp(name, rows[i].name) && off == rows[i].off)), "row %zu: %s", i, name ? name : "-");
	}
}

TEST(stripped_programs_have_no_symbols)
{
	cleanup(fix_freep) struct fix f;
	fix_make(&f, (struct fix_options){.minor = 27, .sections = true});
	cleanup(gobin_closep) struct gobin *g = must_open(&f);
	addr_t addr;
	uint64_t off;
	CHECK(gobin_stripped(g) && !gobin_symbol(g, "main.global", &addr, NULL) && !gobin_symbol_at(g, FIX_RW_SEG, &off));
	CHECK(!gobin_has_dwarf(g) && !gobin_dwarf_field(g, "runtime.mheap", NULL, NULL, NULL));
}

TEST(dwarf_gives_fields_through_typedefs)
{
	cleanup(fix_freep) struct fix f;
	fix_make(&f, (struct fix_options){.minor = 27, .sections = true, .symbols = true, .dwarf = true});
	cleanup(gobin_closep) struct gobin *g = must_open(&f);
	static const struct { const char *type, *field; bool there; uint64_t off, size; } rows[] = {
		{"runtime.mheap", NULL, true, 0, 64}, {"runtime.mheap", "", true, 0, 64}, {"runtime.mheap", "lock", true, 0, 8},
		{"runtime.mheap", "state", true, 24, 16}, {"runtime.mheap", "state.value", true, 32, 8},
		{"runtime.mheap", "nothing", false, 0, 0}, {"runtime.mheap", "lock.value", false, 0, 0}, {"runtime.nothing", NULL, false, 0, 0},
	};
	CHECK(gobin_has_dwarf(g));
	for (size_t i = 0; i < countof(rows); i++) {
		uint64_t off = 99, size = 99;
		bool there = gobin_dwarf_field(g, rows[i].type, rows[i].field, &off, &size);
		CHECK(there == rows[i].there && (!there || (off == rows[i].off && size == rows[i].size)), "row %zu: %d %llu %llu", i, there,
		      (unsigned long long)off, (unsigned long long)size);
	}
}

TEST(what_is_no_go_program_is_refused_in_words)
{
	static const struct { size_t at; uint64_t value; enum err_kind kind; const char *words; } rows[] = {
		{0, 0, ERR_INPUT, "not an ELF file"},
		{4, 0x10101, ERR_UNSUPPORTED, "a 32-bit program"},
		{5, 0x102, ERR_UNSUPPORTED, "only amd64 and arm64"},
		{16, 0x3e0001, ERR_UNSUPPORTED, "neither a program nor a shared library"},
		{18, 40, ERR_UNSUPPORTED, "machine 40"},
		{32, 0xfffffffff, ERR_INPUT, "program headers do not fit"},
		{FIX_RO_FILE + FIX_PCLN, 0xfffffff0, ERR_INPUT, "built with go1.27.3, but its function tables"},
		{FIX_RO_FILE + FIX_PCLN + 8, 0, ERR_INPUT, "were not found"},
		{FIX_RO_FILE + FIX_PCLN + 8, 77, ERR_INPUT, "were not found"}, // more functions than ftab has
		{FIX_RW_FILE + FIX_MD + 8, 77, ERR_INPUT, "were not found"},
		{FIX_RW_FILE + FIX_MD + 160, 77, ERR_INPUT, "were not found"},
		{64 + 16, UINT64_MAX - 8, ERR_INPUT, "wraps around"},
	};
	for (size_t i = 0; i < countof(rows); i++) {
		cleanup(fix_freep) struct fix f;
		fix_make(&f, (struct fix_options){.minor = 27});
		memcpy(f.bytes + rows[i].at, &rows[i].value, rows[i].at == 18 || rows[i].at == 16 ? 4 : 8);
		struct gobin *g = NULL;
		struct err *err = open_fix(&f, &g);
		CHECK(err && err_kind(err) == rows[i].kind && strstr(err_message(err), rows[i].words), "row %zu: %s", i, err ? err_message(err) : "opened");
		err_free(err);
		gobin_close(g);
	}
}

TEST(an_old_go_and_a_c_program_are_told_apart)
{
	for (int i = 0; i < 2; i++) {
		cleanup(fix_freep) struct fix f;
		fix_make(&f, (struct fix_options){.minor = 19});
		put_u32(fix_ro(&f, FIX_PCLN), 0xfffffff0);
		if (i)
			memset(fix_rw(&f, FIX_BUILD), 0, 16);
		struct gobin *g = NULL;
		struct err *err = open_fix(&f, &g);
		const char *want = i ? "not a Go program" : "only Go 1.20 and later";
		CHECK(err && err_kind(err) == ERR_UNSUPPORTED && strstr(err_message(err), want), "%s", err ? err_message(err) : "opened");
		err_free(err);
	}
}

TEST(an_unknown_form_of_moduledata_leaves_the_functions)
{
	cleanup(fix_freep) struct fix f;
	fix_make(&f, (struct fix_options){.minor = 27});
	put_u64(fix_rw(&f, FIX_MD + 328), 0x10); // the itabs do not end at etypes
	cleanup(gobin_closep) struct gobin *g = must_open(&f);
	struct gobin_frame at[4];
	addr_t type;
	CHECK(gobin_gaps(g)->len == 1 && gobin_gaps(g)->at[0].code == GAP_LAYOUT_UNKNOWN);
	CHECK(gobin_frames(g, FIX_TEXT + 0x6c, at, 4) == 1 && !at[0].inlined); // funcdata is out of reach
	CHECK(!gobin_moduledata(g)->types && !gobin_type_named(g, "string", &type));
	struct err *err = gobin_types(g, NULL, NULL);
	CHECK(err && err_kind(err) == ERR_UNSUPPORTED);
	err_free(err);
}

TEST(lying_sections_are_as_good_as_none)
{
	static const struct { size_t at; uint64_t value; } rows[] = {
		{40, FIX_BYTES - 8},                       // section headers at the file's end
		{FIX_SECTION_FILE + 4 * 64 + 24, 1ull << 60}, // names outside
		{FIX_SECTION_FILE + 64 + 16, 0x10},        // .gopclntab elsewhere
		{FIX_SECTION_FILE + 2 * 64 + 16, FIX_TEXT}, // .go.buildinfo elsewhere
		{FIX_SECTION_FILE + 3 * 64 + 16, FIX_RW_SEG + 8}, // .go.module elsewhere
		{FIX_SECTION_FILE + 5 * 64 + 24, 1ull << 40}, // .symtab outside
	};
	for (size_t i = 0; i < countof(rows); i++) {
		cleanup(fix_freep) struct fix f;
		fix_make(&f, (struct fix_options){.minor = 27, .sections = true, .symbols = true});
		put_u64(f.bytes + rows[i].at, rows[i].value);
		cleanup(gobin_closep) struct gobin *g = must_open(&f);
		addr_t addr;
		CHECK(g && gobin_func_count(g) == 3 && gobin_buildinfo(g)->minor == 27 && gobin_moduledata(g)->size == 568, "row %zu", i);
		if (g)
			(void)!gobin_symbol(g, "main.global", &addr, NULL);
	}
}

TEST(a_program_cut_at_any_length_is_refused_or_read)
{
	cleanup(fix_freep) struct fix f;
	fix_make(&f, (struct fix_options){.minor = 27, .sections = true, .symbols = true, .dwarf = true});
	size_t opened = 0;
	for (size_t len = 0; len <= FIX_BYTES; len += len < 0x200 ? 1 : 61) {
		uint8_t *cut = malloc(len ? len : 1); // its own end, so that a byte too far is seen
		memcpy(cut, f.bytes, len);
		struct gobin *g = NULL;
		struct err *err = gobin_open((struct view){cut, len, "cut"}, &g);
		addr_t addr;
		if (!err) {
			opened++;
			CHECK(len >= FIX_RW_FILE && gobin_func_count(g) == 3);
			(void)!gobin_symbol(g, "main.global", &addr, NULL);
			(void)!gobin_dwarf_field(g, "runtime.mheap", "state.value", NULL, NULL);
			(void)!gobin_type_named(g, "int", &addr);
		}
		err_free(err);
		gobin_close(g);
		free(cut);
	}
	CHECK(opened > 10 && opened < 200, "%zu", opened);
}
