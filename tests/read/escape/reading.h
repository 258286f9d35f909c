// One compiler output read to its end, for the tests of this folder.
#pragma once
#include "read/escape/escape.h"
#include "test.h"

#include <string.h>

static struct escape *reading(const char *text)
{
	struct escape *e = NULL;
	struct err *err = escape_new(&e);
	if (!err)
		err = escape_add(e, (struct view){(const uint8_t *)text, strlen(text), "input"});
	if (!err)
		err = escape_finish(e);
	if (err) {
		printf("# %s\n", err_message(err));
		err_free(err);
		escape_free(e);
		return NULL;
	}
	return e;
}

__attribute__((unused)) static const struct escape_item *find(const struct escape *e, enum escape_kind kind, const char *subject)
{
	const struct escape_item *items;
	size_t n = escape_items(e, &items);
	for (size_t i = 0; i < n; i++)
		if (items[i].kind == kind && !strcmp(items[i].subject, subject))
			return &items[i];
	return NULL;
}
