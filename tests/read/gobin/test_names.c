// Function names as Go prints them. The wanted column is what runtime.funcNamePiecesForPrint of Go 1.27 gives.
#include "read/gobin/gobin.h"
#include "test.h"

#include <string.h>

TEST(type_arguments_become_dots)
{
	static const struct { const char *name, *want; } rows[] = {
		{"main.main", "main.main"},
		{"main.F[go.shape.int]", "main.F[...]"},
		{"main.F[go.shape.[]uint8].func1", "main.F[...].func1"},
		{"main.(*Gen[go.shape.*uint8]).Map[go.shape.struct { x [3]int }]", "main.(*Gen[...]).Map[...]"},
		{"main.(*Gen[go.shape.int]).Map[go.shape.[]int].func2", "main.(*Gen[...]).Map[...].func2"},
		{"gopkg.in/yaml%2ev3.Unmarshal", "gopkg.in/yaml%2ev3.Unmarshal"},
		{"main.odd[", "main.odd["},
		{"main.odd]", "main.odd]"},
		{"", ""},
	};
	char got[GOBIN_NAME_MAX];
	for (size_t i = 0; i < countof(rows); i++)
		CHECK(!strcmp(gobin_name(rows[i].name, got), rows[i].want), "%s -> %s", rows[i].name, got);
}

TEST(long_names_are_cut_and_not_overrun)
{
	char name[3 * GOBIN_NAME_MAX], got[GOBIN_NAME_MAX];
	for (size_t at = GOBIN_NAME_MAX - 8; at < GOBIN_NAME_MAX + 2; at++) {
		memset(name, 'a', sizeof(name));
		name[at] = '[';
		name[at + 5] = ']';
		name[sizeof(name) - 1] = 0;
		CHECK(strlen(gobin_name(name, got)) == GOBIN_NAME_MAX - 1);
	}
	memset(name, '[', sizeof(name) - 1);
	CHECK(strlen(gobin_name(name, got)) == GOBIN_NAME_MAX - 1);
}
