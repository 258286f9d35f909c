#include "show/show.h"
#include "test.h"

static struct table *sample(void)
{
	struct table *t = table_new("sites");
	table_column(t, CELL_BYTES, "bytes", "bytes");
	table_column(t, CELL_COUNT, "objects", "objects");
	table_column(t, CELL_TEXT, "function", "function");
	table_column(t, CELL_NUMBER, "raw", NULL);
	table_row(t);
	table_number(t, 1536);
	table_count(t, 12345);
	table_text(t, "main.f, \"g\"");
	table_number(t, 0.5);
	table_row(t);
	table_empty(t);
	table_count(t, 7);
	table_text(t, "b");
	table_note(t, "2 of 2");
	return t;
}

TEST(text_is_aligned_and_hides_columns_without_heading)
{
	cleanup(table_freep) struct table *t = sample();
	cleanup(strbuf_finip) struct strbuf b = {0};
	cleanup(err_freep) struct err *err = show_table_text(t, (struct show_style){0}, &b);
	CHECK(!err && !strcmp(strbuf_str(&b), "sites\n"
		"   bytes  objects  function\n"
		"1.50 KiB   12,345  main.f, \"g\"\n"
		"       -        7  b\n"
		"2 of 2\n"), "%s", strbuf_str(&b));
}

TEST(json_leaves_out_what_is_not_known)
{
	cleanup(table_freep) struct table *t = sample();
	cleanup(strbuf_finip) struct strbuf b = {0};
	cleanup(err_freep) struct err *err = show_table_json(t, &b);
	CHECK(!err && !strcmp(strbuf_str(&b), "[\n {\"bytes\":1536,\"objects\":12345,\"function\":\"main.f, \\\"g\\\"\",\"raw\":0.5},\n"
		" {\"objects\":7,\"function\":\"b\"}\n]\n"), "%s", strbuf_str(&b));
}

TEST(csv_quotes_what_needs_it)
{
	cleanup(table_freep) struct table *t = sample();
	cleanup(strbuf_finip) struct strbuf b = {0};
	cleanup(err_freep) struct err *err = show_table_csv(t, &b);
	CHECK(!err && !strcmp(strbuf_str(&b), "bytes,objects,function,raw\r\n1536,12345,\"main.f, \"\"g\"\"\",0.5\r\n,7,b,\r\n"), "%s",
	      strbuf_str(&b));
}

TEST(a_gap_reads_as_sentences)
{
	struct gaps g = {0};
	gap_add(&g, GAP_LAYOUT_UNKNOWN, "mheap", "no table for go1.28");
	struct gap_text t = {0};
	cleanup(err_freep) struct err *err = show_gap(&g.at[0], &t);
	CHECK(!err && !strcmp(t.what, "the runtime's mheap cannot be read") && !strcmp(t.because, "no table for go1.28"));
	gap_text_fini(&t);
	gaps_fini(&g);
}
