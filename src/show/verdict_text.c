// verdict -> what a person on call reads: the sentence first, then each finding's who, when, where, why, what to do, with
// its evidence; then what was cleared, and what could not be determined with the command that would.
#include "show/show.h"

#include <math.h>
#include <string.h>

struct page {
	const struct evidence *ev;
	struct show_style style;
	struct strbuf *out;
};

enum { LABEL = 11, WIDTH = 100 };

static const char *bold(const struct page *p) { return p->style.color ? "\033[1m" : ""; }
static const char *dim(const struct page *p) { return p->style.color ? "\033[2m" : ""; }
static const char *red(const struct page *p) { return p->style.color ? "\033[1;31m" : ""; }
static const char *yellow(const struct page *p) { return p->style.color ? "\033[33m" : ""; }
static const char *green(const struct page *p) { return p->style.color ? "\033[32m" : ""; }
static const char *plain(const struct page *p) { return p->style.color ? "\033[0m" : ""; }

// "  label      text", wrapped under itself.
static void line(const struct page *p, const char *label, const char *text)
{
	if (!*text)
		return;
	unsigned width = p->style.width && p->style.width < WIDTH ? p->style.width : WIDTH;
	strbuf_printf(p->out, "  %s%-*s%s", dim(p), LABEL, label, plain(p));
	size_t column = LABEL + 2, indent = column;
	while (*text) {
		size_t len = strcspn(text, " ");
		if (column > indent && column + 1 + len > width) {
			strbuf_printf(p->out, "\n%*s", (int)indent, "");
			column = indent;
		} else if (column > indent) {
			strbuf_putc(p->out, ' ');
			column++;
		}
		strbuf_put(p->out, text, len);
		column += len;
		text += len + (text[len] == ' ');
	}
	strbuf_putc(p->out, '\n');
}

static void say_line(const struct page *p, const char *label, struct say say)
{
	cleanup(strbuf_finip) struct strbuf b = {0};
	show_say(p->ev, say, &b);
	line(p, label, strbuf_str(&b));
}

static void place_line(const struct page *p, const char *label, place_id place)
{
	struct place at = ev_get_place(p->ev, place);
	cleanup(strbuf_finip) struct strbuf b = {0};
	if (!place)
		return;
	strbuf_puts(&b, ev_str(p->ev, at.function));
	if (at.line)
		strbuf_printf(&b, "  %s:%u", ev_str(p->ev, at.file), at.line);
	line(p, label, strbuf_str(&b));
}

static void when_lines(const struct page *p, const struct finding *f)
{
	char a[FMT_MAX], b[FMT_MAX], c[FMT_MAX];
	cleanup(strbuf_finip) struct strbuf since = {0}, rate = {0}, until = {0};
	if (f->onset)
		strbuf_printf(&since, "%s (give or take %s)", fmt_clock(a, f->onset, p->ev->to), fmt_seconds(b, f->onset_uncertainty_seconds));
	line(p, "since", strbuf_str(&since));
	if (f->rate_objects > 0)
		strbuf_printf(&rate, "%.3g a second", f->rate_objects);
	if (f->rate_bytes > 0) {
		strbuf_printf(&rate, "%s%s a second", rate.len ? ", " : "", fmt_bytes(a, f->rate_bytes));
		if (f->rate_bytes_range[1] > 0)
			strbuf_printf(&rate, " (%s to %s)", fmt_bytes(b, f->rate_bytes_range[0]), fmt_bytes(c, f->rate_bytes_range[1]));
	}
	line(p, "how fast", strbuf_str(&rate));
	if (f->exhaustion) {
		strbuf_printf(&until, "in %s at this rate", fmt_seconds(a, (double)(f->exhaustion - p->ev->to) / 1e9));
		if (f->exhaustion_range[0])
			strbuf_printf(&until, " (%s to %s)", fmt_seconds(b, (double)(f->exhaustion_range[0] - p->ev->to) / 1e9),
				      fmt_seconds(c, (double)(f->exhaustion_range[1] - p->ev->to) / 1e9));
		strbuf_printf(&until, ", of a limit of %s", fmt_bytes(a, (double)p->ev->limit.bytes));
	}
	line(p, "runs out", strbuf_str(&until));
	say_line(p, "levels off", f->levels_off_because);
	say_line(p, "trigger", f->trigger);
}

static void stack_lines(const struct page *p, const struct finding *f)
{
	enum { MOST = 8 };
	struct stack s = ev_get_stack(p->ev, f->stack);
	uint32_t first = 0, end;
	// The runtime's own frames at the leaf say nothing that the wait reason does not.
	while (first + 1 < s.len && ev_is_runtime(ev_str(p->ev, ev_get_place(p->ev, s.frames[first]).function)))
		first++;
	// Nor do the library's on the way down to the wait: two above the place are enough.
	for (uint32_t i = first; i < s.len; i++)
		if (s.frames[i] == f->site) {
			first = i > first + 2 ? i - 2 : first;
			break;
		}
	end = s.len - first < MOST ? s.len : first + MOST;
	for (uint32_t i = first; i < end; i++)
		place_line(p, i == first ? "stack" : "", s.frames[i]);
	if (s.len > end) {
		cleanup(strbuf_finip) struct strbuf b = {0};
		strbuf_printf(&b, "... %u more", s.len - end);
		line(p, "", strbuf_str(&b));
	}
}

static void finding_lines(const struct page *p, const struct finding *f, size_t number)
{
	const char *colour = f->severity >= 7 ? red(p) : f->severity >= 4 ? yellow(p) : dim(p);
	cleanup(strbuf_finip) struct strbuf title = {0}, sure = {0};
	show_say(p->ev, f->title, &title);
	strbuf_printf(p->out, "\n%s%zu. %s%s\n", colour, number, strbuf_str(&title), plain(p));
	strbuf_printf(&sure, "%s, %s; severity %.1f of 10, confidence %.0f%%", finding_kind_names[f->kind], finding_class_names[f->class],
		      f->severity, f->confidence * 100);
	line(p, "what", strbuf_str(&sure));
	place_line(p, "where", f->site);
	if (f->group) {
		place_line(p, "goroutine", f->group->entry);
		place_line(p, "made by", f->group->created_by);
		cleanup(strbuf_finip) struct strbuf waits = {0};
		strbuf_printf(&waits, "%s%s%s", ev_str(p->ev, f->group->wait_reason), f->group->waits_on ? " on " : "", ev_str(p->ev, f->group->waits_on));
		line(p, "waits", strbuf_str(&waits));
	}
	when_lines(p, f);
	say_line(p, "why", f->reason);
	if (f->why) {
		cleanup(strbuf_finip) struct strbuf b = {0};
		strbuf_printf(&b, "%s, from the %s", ev_construct_names[f->why->construct], f->why->source == EV_WHY_COMPILER ? "compiler" : "machine code");
		for (size_t i = 0; i < f->why->flow.len; i++)
			strbuf_printf(&b, "%s%s", i ? " -> " : ": ", ev_str(p->ev, f->why->flow.at[i]));
		line(p, "on heap", strbuf_str(&b));
	}
	say_line(p, "fix", f->advice);
	say_line(p, "decide by", f->decide_by);
	stack_lines(p, f);
	for (size_t i = 0; i < f->evidence.len; i++) {
		cleanup(strbuf_finip) struct strbuf b = {0};
		strbuf_printf(&b, "[%s] ", evidence_from_names[f->evidence.at[i].from]);
		show_say(p->ev, f->evidence.at[i].say, &b);
		line(p, i ? "" : "evidence", strbuf_str(&b));
	}
}

static void head_lines(const struct page *p)
{
	const struct ev_target *t = &p->ev->target;
	char a[FMT_MAX], b[FMT_MAX];
	cleanup(strbuf_finip) struct strbuf s = {0};
	if (t->pid)
		strbuf_printf(&s, "pid %lld, ", (long long)t->pid);
	strbuf_printf(&s, "%s", ev_str(p->ev, t->exe));
	if (t->module)
		strbuf_printf(&s, " (%s%s%s)", ev_str(p->ev, t->module), t->module_version ? " " : "", ev_str(p->ev, t->module_version));
	if (t->go_version)
		strbuf_printf(&s, ", %s%s", ev_str(p->ev, t->go_version), t->stripped == 1 ? ", stripped" : "");
	for (size_t i = 0; i < t->inputs.len; i++)
		strbuf_printf(&s, "%s%s", s.len ? ", " : "", ev_str(p->ev, t->inputs.at[i]));
	line(p, "target", strbuf_str(&s));
	strbuf_fini(&s);
	if (p->ev->account.known)
		strbuf_printf(&s, "%s resident", fmt_bytes(a, (double)p->ev->account.rss));
	if (p->ev->limit.bytes)
		strbuf_printf(&s, "%slimit %s, %s left", s.len ? ", " : "", fmt_bytes(a, (double)p->ev->limit.bytes), fmt_bytes(b, (double)p->ev->limit.available));
	line(p, "memory", strbuf_str(&s));
}

struct err *show_verdict_text(const struct verdict *v, struct show_style style, struct strbuf *out)
{
	const struct page p = {v->evidence, style, out};
	const char *colour = verdict_severity(v) >= 7 ? red(&p) : verdict_severity(v) >= 4 ? yellow(&p) : v->findings.len ? bold(&p) : green(&p);
	cleanup(strbuf_finip) struct strbuf s = {0};
	show_say(v->evidence, v->summary, &s);
	strbuf_printf(out, "%s%s%s\n", colour, strbuf_str(&s), plain(&p));
	head_lines(&p);
	for (size_t i = 0; i < v->findings.len; i++)
		finding_lines(&p, &v->findings.at[i], i + 1);
	if (v->cleared.len)
		strbuf_printf(out, "\n%slooked like growth and was found healthy%s\n", bold(&p), plain(&p));
	for (size_t i = 0; i < v->cleared.len; i++) {
		cleanup(strbuf_finip) struct strbuf b = {0};
		show_say(v->evidence, v->cleared.at[i].what, &b);
		strbuf_puts(&b, ": ");
		show_say(v->evidence, v->cleared.at[i].because, &b);
		strbuf_printf(out, "  %s\n", strbuf_str(&b));
	}
	if (v->evidence->gaps.len)
		strbuf_printf(out, "\n%scould not be determined%s\n", bold(&p), plain(&p));
	struct err *err = show_gaps_text(&v->evidence->gaps, out);
	return err ? err : strbuf_check(out);
}

struct err *show_verdict_notes(const struct verdict *v, struct table **ret)
{
	cleanup(table_freep) struct table *t = table_new("why each rule fired or did not");
	if (!t)
		return &err_nomem;
	table_column(t, CELL_TEXT, "rule", "rule");
	table_column(t, CELL_TEXT, "about", "about");
	table_column(t, CELL_TEXT, "because", "because");
	for (size_t i = 0; i < v->log.len; i++) {
		cleanup(strbuf_finip) struct strbuf about = {0}, because = {0};
		show_say(v->evidence, (struct say){.key = SAY_ABOUT, .v = {v->log.at[i].subject}}, &about);
		show_say(v->evidence, v->log.at[i].why, &because);
		table_row(t);
		table_text(t, show_rule(v->log.at[i].rule)->name);
		table_text(t, strbuf_str(&about));
		table_text(t, strbuf_str(&because));
	}
	struct err *err = table_check(t);
	if (!err)
		*ret = take(t);
	return err;
}
