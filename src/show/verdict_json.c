// verdict -> docs/contract/verdict.schema.json. A field that is not known is left out; limits say why.
#include "show/show.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

static json_t *string(const char *s)
{
	json_t *j = json_stringn_nocheck(s, strlen(s));
	return j;
}

// Nothing is put where there is nothing to say.
static void put(json_t *o, const char *key, json_t *value)
{
	if (value)
		json_object_set_new(o, key, value);
}

static void put_text(json_t *o, const char *key, const char *s)
{
	if (s && *s)
		put(o, key, string(s));
}

static void put_str(json_t *o, const char *key, const struct evidence *ev, str_id id) { put_text(o, key, ev_str(ev, id)); }

static void put_say(json_t *o, const char *key, const struct evidence *ev, struct say say)
{
	cleanup(strbuf_finip) struct strbuf b = {0};
	show_say(ev, say, &b);
	put_text(o, key, strbuf_str(&b));
}

static void put_instant(json_t *o, const char *key, instant_t t)
{
	char s[FMT_MAX];
	if (t)
		put(o, key, json_string(fmt_instant(s, t)));
}

static void put_real(json_t *o, const char *key, double x)
{
	if (isfinite(x))
		put(o, key, json_real(x));
}

static void put_count(json_t *o, const char *key, uint64_t n)
{
	if (n)
		put(o, key, json_integer((json_int_t)n));
}

static json_t *place(const struct evidence *ev, place_id id)
{
	struct place p = ev_get_place(ev, id);
	if (!id || !p.function)
		return NULL;
	json_t *o = json_object();
	const char *f = ev_str(ev, p.function), *slash = strrchr(f, '/');
	put_text(o, "function", f);
	put_str(o, "file", ev, p.file);
	put_count(o, "line", p.line);
	const char *dot = strchr(slash ? slash : f, '.');
	if (dot)
		put(o, "package", json_stringn(f, (size_t)(dot - f)));
	return o;
}

static json_t *stack(const struct evidence *ev, stack_id id)
{
	struct stack s = ev_get_stack(ev, id);
	if (!s.len)
		return NULL;
	json_t *a = json_array();
	for (uint32_t i = 0; i < s.len; i++) {
		json_t *p = place(ev, s.frames[i]);
		if (p)
			json_array_append_new(a, p);
	}
	return a;
}

static json_t *target(const struct evidence *ev)
{
	static const char *const kinds[] = {"process", "core", "url", "files", "store"};
	static const char *const froms[] = {"type_descriptors", "dwarf", "table", "disassembly"};
	const struct ev_target *t = &ev->target;
	json_t *o = json_object();
	put_text(o, "kind", kinds[t->kind]);
	put_count(o, "pid", (uint64_t)t->pid);
	put_str(o, "exe", ev, t->exe);
	put_str(o, "build_id", ev, t->build_id);
	put_str(o, "module", ev, t->module);
	put_str(o, "module_version", ev, t->module_version);
	put_str(o, "go_version", ev, t->go_version);
	put_str(o, "arch", ev, t->arch);
	if (t->stripped >= 0)
		put(o, "stripped", json_boolean(t->stripped));
	json_t *layouts = t->layouts.len ? json_array() : NULL;
	for (size_t i = 0; i < t->layouts.len; i++) {
		const struct ev_layout *l = &t->layouts.at[i];
		json_t *row = json_object(), *names = json_array();
		for (const char *p = ev_str(ev, l->structs); *p;) {
			size_t len = strcspn(p, " ");
			if (len)
				json_array_append_new(names, json_stringn(p, len));
			p += len + (p[len] == ' ');
		}
		put(row, "structs", names);
		put_text(row, "from", froms[l->from]);
		put_str(row, "table", ev, l->table);
		json_array_append_new(layouts, row);
	}
	put(o, "layout", layouts);
	put_instant(o, "started", t->started);
	json_t *inputs = t->inputs.len ? json_array() : NULL;
	for (size_t i = 0; i < t->inputs.len; i++)
		json_array_append_new(inputs, string(ev_str(ev, t->inputs.at[i])));
	put(o, "inputs", inputs);
	return o;
}

static json_t *window(const struct evidence *ev)
{
	json_t *o = json_object();
	put_instant(o, "from", ev->from);
	put_instant(o, "to", ev->to);
	put(o, "gc_cycles", json_integer(ev->gc_cycles));
	put(o, "gc_cycles_missed", json_integer(ev->gc_cycles_missed));
	if (ev->clock_error_seconds >= 0)
		put_real(o, "clock_error_seconds", ev->clock_error_seconds);
	return o;
}

static json_t *account(const struct evidence *ev)
{
	json_t *o = json_object();
	put_count(o, "limit", ev->limit.bytes);
	if (!ev->account.known)
		return o;
	put(o, "rss", json_integer((json_int_t)ev->account.rss));
	json_t *parts = json_array();
	for (size_t i = 0; i < EV_PARTS; i++) {
		json_t *p = json_object();
		put_text(p, "name", ev_part_names[i]);
		put(p, "bytes", json_integer((json_int_t)ev->account.parts[i]));
		json_array_append_new(parts, p);
	}
	put(o, "parts", parts);
	return o;
}

static json_t *goroutines(const struct evidence *ev, const struct finding *f)
{
	const struct ev_group *g = f->group;
	if (!g)
		return NULL;
	json_t *o = json_object();
	put_count(o, "count", f->count);
	put_str(o, "state", ev, g->state);
	put_str(o, "wait_reason", ev, g->wait_reason);
	put(o, "blocked_at", place(ev, g->blocked_at));
	put(o, "entry", place(ev, g->entry));
	put(o, "created_by", place(ev, g->created_by));
	if (g->oldest_wait_seconds >= 0)
		put_real(o, "oldest_wait_seconds", g->oldest_wait_seconds);
	put_str(o, "waits_on", ev, g->waits_on);
	return o;
}

static json_t *resource(const struct evidence *ev, const struct finding *f)
{
	if (!f->resource)
		return NULL;
	json_t *o = json_object();
	put_str(o, "kind", ev, f->resource->kind);
	put_count(o, "count", f->count);
	if (f->resource->state) {
		json_t *state = json_object();
		put_count(state, ev_str(ev, f->resource->state), f->count);
		put(o, "state", state);
	}
	return o;
}

static json_t *who(const struct evidence *ev, const struct finding *f)
{
	json_t *o = json_object();
	put_str(o, "type", ev, f->type);
	put_count(o, "count", f->count);
	put_count(o, "bytes", f->bytes);
	put(o, "site", place(ev, f->site));
	put(o, "stack", stack(ev, f->stack));
	if (f->holder_root) {
		json_t *h = json_object();
		put_str(h, "root", ev, f->holder_root);
		put_text(h, "root_kind", f->holder_root_kind);
		put(o, "holder", h);
	}
	put(o, "goroutines", goroutines(ev, f));
	put(o, "resource", resource(ev, f));
	return o;
}

static json_t *when(const struct evidence *ev, const struct finding *f)
{
	json_t *o = json_object();
	char s[FMT_MAX];
	put_instant(o, "onset", f->onset);
	if (f->onset)
		put_real(o, "uncertainty_seconds", f->onset_uncertainty_seconds);
	put_real(o, "rate_bytes_per_second", f->rate_bytes);
	put_real(o, "rate_objects_per_second", f->rate_objects);
	if (isfinite(f->rate_bytes_range[0]) && isfinite(f->rate_bytes_range[1]))
		put(o, "rate_bytes_range", json_pack("[f,f]", f->rate_bytes_range[0], f->rate_bytes_range[1]));
	put_instant(o, "exhaustion", f->exhaustion);
	if (f->exhaustion_range[0] && f->exhaustion_range[1]) {
		json_t *range = json_array();
		for (int i = 0; i < 2; i++)
			json_array_append_new(range, json_string(fmt_instant(s, f->exhaustion_range[i])));
		put(o, "exhaustion_range", range);
	}
	if (f->levels_off_because.key) {
		json_t *l = json_object();
		put_instant(l, "at", f->levels_off_at);
		put_count(l, "bytes", f->levels_off_bytes);
		put_count(l, "count", f->levels_off_count);
		put_say(l, "because", ev, f->levels_off_because);
		put(o, "levels_off", l);
	}
	put_say(o, "trigger", ev, f->trigger);
	return o;
}

static json_t *why(const struct evidence *ev, const struct finding *f)
{
	json_t *o = json_object();
	put_say(o, "reason", ev, f->reason);
	if (f->why) {
		put_text(o, "construct", ev_construct_names[f->why->construct]);
		put_text(o, "source", f->why->source == EV_WHY_COMPILER ? "compiler" : "binary");
		put(o, "place", place(ev, f->why->place));
		put_str(o, "instruction", ev, f->why->instruction);
		json_t *flow = f->why->flow.len ? json_array() : NULL;
		for (size_t i = 0; i < f->why->flow.len; i++)
			json_array_append_new(flow, string(ev_str(ev, f->why->flow.at[i])));
		put(o, "flow", flow);
	}
	return o;
}

// Stable from run to run and build to build: rule, site's function, creator's function; no numbers.
static void put_id(json_t *o, const struct evidence *ev, const struct finding *f)
{
	cleanup(strbuf_finip) struct strbuf b = {0};
	strbuf_printf(&b, "%s:%s", show_rule(f->rule)->name, ev_str(ev, ev_get_place(ev, f->site).function));
	if (f->group)
		strbuf_printf(&b, ":%s", ev_str(ev, ev_get_place(ev, f->group->created_by).function));
	if (f->resource)
		strbuf_printf(&b, ":%s %s", ev_str(ev, f->resource->kind), ev_str(ev, f->resource->state));
	put_text(o, "id", strbuf_str(&b));
}

static json_t *finding(const struct evidence *ev, const struct finding *f)
{
	json_t *o = json_object();
	put_id(o, ev, f);
	put_text(o, "kind", finding_kind_names[f->kind]);
	put_text(o, "rule", show_rule(f->rule)->name);
	put_text(o, "class", finding_class_names[f->class]);
	put_say(o, "decide_by", ev, f->decide_by);
	put_real(o, "severity", f->severity);
	put_real(o, "confidence", f->confidence);
	put_text(o, "proof", finding_proof_names[f->proof]);
	put_say(o, "title", ev, f->title);
	put(o, "who", who(ev, f));
	put(o, "when", when(ev, f));
	put(o, "why", why(ev, f));
	json_t *fix = json_object();
	put_say(fix, "advice", ev, f->advice);
	put(fix, "place", place(ev, f->fix_place));
	put(o, "fix", fix);
	json_t *evidence = json_array();
	for (size_t i = 0; i < f->evidence.len; i++) {
		json_t *e = json_object();
		put_text(e, "from", evidence_from_names[f->evidence.at[i].from]);
		put_say(e, "says", ev, f->evidence.at[i].say);
		json_array_append_new(evidence, e);
	}
	put(o, "evidence", evidence);
	return o;
}

static struct err *limits(const struct evidence *ev, json_t *to)
{
	for (size_t i = 0; i < ev->gaps.len; i++) {
		struct gap_text t = {0};
		struct err *err = show_gap(&ev->gaps.at[i], &t);
		if (err)
			return err;
		json_t *o = json_object();
		put_text(o, "what", t.what);
		put_text(o, "because", t.because);
		put_text(o, "remedy", t.remedy);
		json_array_append_new(to, o);
		gap_text_fini(&t);
	}
	return NULL;
}

static int sink(const char *buffer, size_t size, void *out)
{
	strbuf_put(out, buffer, size);
	return 0;
}

struct err *show_verdict_json(const struct verdict *v, struct strbuf *out)
{
	const struct evidence *ev = v->evidence;
	json_t *o = json_object(), *findings = json_array(), *cleared = json_array(), *gaps = json_array();
	put_text(o, "schema", "verdict/1");
	put(o, "target", target(ev));
	put(o, "window", window(ev));
	put_say(o, "summary", ev, v->summary);
	put(o, "account", account(ev));
	for (size_t i = 0; i < v->findings.len; i++)
		json_array_append_new(findings, finding(ev, &v->findings.at[i]));
	for (size_t i = 0; i < v->cleared.len; i++) {
		json_t *c = json_object();
		put_say(c, "what", ev, v->cleared.at[i].what);
		put_say(c, "because", ev, v->cleared.at[i].because);
		json_array_append_new(cleared, c);
	}
	struct err *err = limits(ev, gaps);
	put(o, "findings", findings);
	put(o, "cleared", cleared);
	put(o, "limits", gaps);
	if (!err && json_dump_callback(o, sink, out, JSON_INDENT(2) | JSON_REAL_PRECISION(9)))
		err = &err_nomem;
	json_decref(o);
	strbuf_putc(out, '\n');
	return err ? err : strbuf_check(out);
}
