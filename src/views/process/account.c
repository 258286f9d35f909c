// The resident account as a table with a bar each.
#include "views/process/process.h"

#include <stdlib.h>
#include <string.h>

static const char *const words[ACCOUNT_PARTS] = {
	[ACCOUNT_HEAP_LIVE] = "live objects",
	[ACCOUNT_HEAP_GARBAGE] = "garbage not yet swept",
	[ACCOUNT_HEAP_FREE_SLOTS] = "free slots in heap spans",
	[ACCOUNT_HEAP_IDLE] = "idle heap, not given back",
	[ACCOUNT_STACKS] = "goroutine stacks",
	[ACCOUNT_RUNTIME] = "the Go runtime's own",
	[ACCOUNT_GLOBALS] = "globals",
	[ACCOUNT_CODE] = "code and constants",
	[ACCOUNT_C_HEAP] = "C heap, own mappings",
	[ACCOUNT_THREAD_STACKS] = "thread stacks",
	[ACCOUNT_MAPPED_FILES] = "mapped files, shared memory",
	[ACCOUNT_OTHER] = "other",
};

static void notes(struct table *t, const struct account *a, const struct kernel_limit *l)
{
	char x[FMT_MAX], y[FMT_MAX], z[FMT_MAX];
	if (l && l->from == KERNEL_LIMIT_CGROUP)
		table_note(t, "limit: %s by %s, %s of it left", fmt_bytes(x, (double)l->bytes), l->path, fmt_bytes(y, (double)l->available));
	else if (l && l->from == KERNEL_LIMIT_MACHINE)
		table_note(t, "limit: the machine's %s, %s of it left", fmt_bytes(x, (double)l->bytes), fmt_bytes(y, (double)l->available));
	if (a->swap)
		table_note(t, "%s more are swapped out", fmt_bytes(x, (double)a->swap));
	if (a->anon_huge > a->rss / 10)
		table_note(t, "%s are in transparent huge pages: these are resident as a whole, also where nobody touched them",
			   fmt_bytes(z, (double)a->anon_huge));
}

struct err *view_account(const struct account *a, const struct kernel_limit *limit, struct table **ret)
{
	char x[FMT_MAX];
	cleanup(table_freep) struct table *t = table_new(NULL);
	if (!t)
		return &err_nomem;
	table_column(t, CELL_TEXT, "name", NULL);
	table_column(t, CELL_TEXT, "what", "resident memory");
	table_column(t, CELL_BYTES, "bytes", "bytes");
	table_column(t, CELL_PERCENT, "share", "share");
	table_column(t, CELL_BAR, "bar", "");
	for (enum account_part p = 0; p < ACCOUNT_PARTS; p++) {
		double share = a->rss ? (double)a->parts[p] / (double)a->rss : 0;
		table_row(t);
		table_text(t, account_names[p]);
		table_text(t, words[p]);
		table_count(t, a->parts[p]);
		table_number(t, share);
		table_number(t, share);
	}
	table_note(t, "all together: %s", fmt_bytes(x, (double)a->rss));
	notes(t, a, limit);
	struct err *err = table_check(t);
	if (!err)
		*ret = take(t);
	return err;
}

struct err *view_account_json(const struct account *a, const struct kernel_limit *limit, int64_t pid, struct strbuf *out)
{
	strbuf_printf(out, "{\"pid\":%lld,\"rss\":%llu,", (long long)pid, (unsigned long long)a->rss);
	if (limit && limit->from != KERNEL_LIMIT_NONE)
		strbuf_printf(out, "\"limit\":%llu,", (unsigned long long)limit->bytes);
	strbuf_printf(out, "\"swap\":%llu,\"huge_pages\":%llu,\"parts\":[", (unsigned long long)a->swap, (unsigned long long)a->anon_huge);
	for (enum account_part p = 0; p < ACCOUNT_PARTS; p++)
		strbuf_printf(out, "%s\n {\"name\":\"%s\",\"bytes\":%llu}", p ? "," : "", account_names[p], (unsigned long long)a->parts[p]);
	strbuf_puts(out, "]");
	return strbuf_check(out);
}
