// Every goroutine by itself: as Go's own dump prints it (src/runtime/traceback.go, goroutineheader, traceback2; go1.27), and
// as JSON with all that is known. Written piece by piece: 100,000 goroutines are not held as text.
#include "views/process/private.h"

#include <string.h>

enum { FLUSH = 64 << 10 };

struct writer {
	const struct rt *rt;
	const struct rt_census *c;
	struct frames *frames;
	struct strbuf out;
	void (*put)(void *ctx, const char *s, size_t n);
	void *ctx;
};

static struct err *flush(struct writer *w, size_t least)
{
	struct err *err = strbuf_check(&w->out);
	if (err || w->out.len < least)
		return err;
	w->put(w->ctx, strbuf_str(&w->out), w->out.len);
	w->out.len = 0;
	return NULL;
}

// ---- text -----------------------------------------------------------------------------------------------------------

static void put_label(struct strbuf *out, const char *s)
{
	bool plain = s[0] != '\0';
	for (const char *p = s; plain && *p; p++)
		plain = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || strchr("._/", *p);
	if (plain)
		strbuf_puts(out, s);
	else
		strbuf_printf(out, "\"%s\"", s);
}

static void put_head(struct writer *w, const struct rt_goroutine *g)
{
	char state[64];
	strbuf_printf(&w->out, "goroutine %llu [%s", (unsigned long long)g->id, goroutine_state(g, state));
	int64_t since = g->wait_since_ns, now = w->c->taken_monotonic_ns;
	if (since && now - since >= 60000000000 && (g->status == RT_WAITING || g->status == RT_SYSCALL))
		strbuf_printf(&w->out, ", %lld minutes", (long long)((now - since) / 60000000000));
	strbuf_puts(&w->out, g->locked ? ", locked to thread]" : "]");
	for (uint32_t i = 0; i < g->n_labels; i++) {
		strbuf_puts(&w->out, i ? ", " : " {");
		put_label(&w->out, w->c->labels.at[g->labels_at + 2ull * i]);
		strbuf_puts(&w->out, ": ");
		put_label(&w->out, w->c->labels.at[g->labels_at + 2ull * i + 1]);
	}
	strbuf_puts(&w->out, g->n_labels ? "}:\n" : ":\n");
}

// What Go's dump leaves out: the runtime's own frames, except a panic in the middle, and compiler-made wrappers.
static bool shown(const struct shown_frame *f, bool innermost, bool callee_panics)
{
	if (f->wrapper && !callee_panics)
		return false;
	return !f->runtime || (!innermost && !strcmp(f->function, "runtime.gopanic"));
}

static void put_frame(struct strbuf *out, const struct shown_frame *f, bool last_level)
{
	strbuf_printf(out, "%s(...)\n\t%s:%u", strcmp(f->function, "runtime.gopanic") ? f->function : "panic", f->file, f->line);
	if (last_level)
		strbuf_printf(out, " +0x%x", f->offset + 1);
	strbuf_putc(out, '\n');
}

static struct err *put_stack(struct writer *w, const struct rt_goroutine *g)
{
	bool panics = false, innermost = true;
	for (uint32_t i = 0; i < g->n_stack; i++) {
		const struct shown_frame *at;
		size_t n;
		struct err *err = frames_at(w->frames, w->c->pcs.at[g->stack_at + i], &at, &n);
		if (err)
			return err;
		for (size_t k = 0; k < n; k++) {
			if (shown(&at[k], innermost, panics))
				put_frame(&w->out, &at[k], k + 1 == n);
			panics = at[k].panics;
			innermost = false;
		}
	}
	if (g->status == RT_RUNNING)
		strbuf_puts(&w->out, "\tgoroutine running on other thread; stack unavailable\n");
	else if (g->stack_partial)
		strbuf_puts(&w->out, "\t(the rest of the stack could not be read)\n");
	return NULL;
}

static struct err *put_creator(struct writer *w, const struct rt_goroutine *g)
{
	const struct shown_frame *at;
	size_t n = 0;
	struct err *err = g->go_pc && g->id != 1 ? frames_at(w->frames, g->go_pc, &at, &n) : NULL;
	if (err || !n || at[n - 1].runtime)
		return err;
	strbuf_printf(&w->out, "created by %s", at[n - 1].function);
	if (g->parent_id)
		strbuf_printf(&w->out, " in goroutine %llu", (unsigned long long)g->parent_id);
	strbuf_printf(&w->out, "\n\t%s:%u +0x%x\n", at[0].file, at[0].line, at[n - 1].offset);
	return NULL;
}

static struct err *put_text(struct writer *w, const struct rt_goroutine *g)
{
	put_head(w, g);
	struct err *err = put_stack(w, g);
	if (!err)
		err = put_creator(w, g);
	strbuf_putc(&w->out, '\n');
	return err;
}

// ---- JSON -----------------------------------------------------------------------------------------------------------

static void put_string(struct strbuf *out, const char *s)
{
	strbuf_putc(out, '"');
	for (const unsigned char *p = (const unsigned char *)s; *p; p++) {
		if (*p == '"' || *p == '\\')
			strbuf_putc(out, '\\');
		if (*p < ' ')
			strbuf_printf(out, "\\u%04x", *p);
		else
			strbuf_putc(out, (char)*p);
	}
	strbuf_putc(out, '"');
}

static void put_place(struct strbuf *out, const char *function, const char *file, uint32_t line)
{
	strbuf_puts(out, "{\"function\":");
	put_string(out, function);
	strbuf_puts(out, ",\"file\":");
	put_string(out, file);
	strbuf_printf(out, ",\"line\":%u", line);
}

static struct err *put_json_stack(struct writer *w, const struct rt_goroutine *g)
{
	bool comma = false, panics = false;
	strbuf_puts(&w->out, ",\"frames\":[");
	for (uint32_t i = 0; i < g->n_stack; i++) {
		const struct shown_frame *at;
		size_t n;
		struct err *err = frames_at(w->frames, w->c->pcs.at[g->stack_at + i], &at, &n);
		if (err)
			return err;
		for (size_t k = 0; k < n; k++) {
			strbuf_puts(&w->out, comma ? "," : "");
			put_place(&w->out, at[k].function, at[k].file, at[k].line);
			strbuf_puts(&w->out, shown(&at[k], !comma, panics) ? "}" : ",\"hidden\":true}");
			panics = at[k].panics;
			comma = true;
		}
	}
	strbuf_puts(&w->out, "]");
	return NULL;
}

static struct err *put_json_creator(struct writer *w, const struct rt_goroutine *g)
{
	const struct shown_frame *at;
	size_t n = 0;
	struct err *err = g->go_pc ? frames_at(w->frames, g->go_pc, &at, &n) : NULL;
	if (err || !n)
		return err;
	strbuf_puts(&w->out, ",\"created_by\":");
	put_place(&w->out, at[n - 1].function, at[0].file, at[0].line);
	strbuf_printf(&w->out, ",\"goroutine\":%llu}", (unsigned long long)g->parent_id);
	return NULL;
}

static const char *const waits[] = {
	[RT_WAIT_NONE] = "", [RT_WAIT_CHAN_RECV] = "chan receive", [RT_WAIT_CHAN_SEND] = "chan send", [RT_WAIT_SELECT] = "select",
	[RT_WAIT_NIL_CHAN] = "nil chan", [RT_WAIT_EMPTY_SELECT] = "empty select", [RT_WAIT_MUTEX] = "mutex", [RT_WAIT_RWMUTEX] = "rwmutex",
	[RT_WAIT_WAITGROUP] = "waitgroup", [RT_WAIT_COND] = "cond", [RT_WAIT_SEMA] = "semaphore", [RT_WAIT_SLEEP] = "sleep", [RT_WAIT_IO] = "io",
	[RT_WAIT_OTHER] = "other",
};
static const char *const wakes[] = {
	[RT_WAKE_UNKNOWN] = "unknown", [RT_WAKE_NONE] = "none", [RT_WAKE_ONCE] = "once", [RT_WAKE_MAYBE] = "maybe", [RT_WAKE_TICKER] = "ticker",
	[RT_WAKE_IO] = "io", [RT_WAKE_RUNNING] = "running",
};

static void put_json_waits(struct writer *w, const struct rt_goroutine *g)
{
	if (g->wait != RT_WAIT_NONE)
		strbuf_printf(&w->out, ",\"wait\":\"%s\"", waits[g->wait]);
	strbuf_printf(&w->out, ",\"wake\":\"%s\"", wakes[g->wake]);
	if (g->wake_ns && w->c->taken_monotonic_ns)
		strbuf_printf(&w->out, ",\"wake_in_s\":%.6f", (double)(g->wake_ns - w->c->taken_monotonic_ns) / 1e9);
	if (g->wake_period_ns)
		strbuf_printf(&w->out, ",\"period_s\":%.6f", (double)g->wake_period_ns / 1e9);
	if (g->fd >= 0)
		strbuf_printf(&w->out, ",\"fd\":%d", g->fd);
	if (!g->n_objects)
		return;
	strbuf_puts(&w->out, ",\"waits_on\":[");
	for (uint32_t i = 0; i < g->n_objects; i++) {
		const struct rt_wait_object *o = &w->c->objects.at[g->objects_at + i];
		strbuf_printf(&w->out, "%s{\"addr\":\"0x%llx\",\"type\":", i ? "," : "", (unsigned long long)o->addr);
		put_string(&w->out, o->type);
		strbuf_printf(&w->out, ",\"len\":%llu,\"cap\":%llu,\"closed\":%s}", (unsigned long long)o->len, (unsigned long long)o->cap,
			      o->closed ? "true" : "false");
	}
	strbuf_puts(&w->out, "]");
}

static struct err *put_json(struct writer *w, const struct rt_goroutine *g)
{
	char state[64];
	strbuf_printf(&w->out, "{\"id\":%llu,\"state\":\"%s\",\"status\":%d", (unsigned long long)g->id, goroutine_state(g, state), (int)g->status);
	strbuf_printf(&w->out, ",\"system\":%s,\"locked\":%s,\"stack_bytes\":%llu,\"tracking_seq\":%u", g->system ? "true" : "false",
		      g->locked ? "true" : "false", (unsigned long long)g->stack_bytes, g->tracking_seq);
	if (g->wait_since_ns && w->c->taken_monotonic_ns)
		strbuf_printf(&w->out, ",\"waits_at_most_s\":%.3f", (double)(w->c->taken_monotonic_ns - g->wait_since_ns) / 1e9);
	strbuf_puts(&w->out, ",\"entry\":");
	put_string(&w->out, frames_entry(w->frames, g->start_pc));
	put_json_waits(w, g);
	if (g->n_labels) {
		strbuf_puts(&w->out, ",\"labels\":{");
		for (uint32_t i = 0; i < g->n_labels; i++) {
			strbuf_puts(&w->out, i ? "," : "");
			put_string(&w->out, w->c->labels.at[g->labels_at + 2ull * i]);
			strbuf_puts(&w->out, ":");
			put_string(&w->out, w->c->labels.at[g->labels_at + 2ull * i + 1]);
		}
		strbuf_puts(&w->out, "}");
	}
	struct err *err = put_json_creator(w, g);
	if (!err)
		err = put_json_stack(w, g);
	strbuf_printf(&w->out, ",\"partial\":%s}", g->stack_partial ? "true" : "false");
	return err;
}

struct err *view_goroutines_all(const struct rt *rt, const struct rt_census *c, bool json, void (*put)(void *ctx, const char *s, size_t n), void *ctx)
{
	struct writer w = {.rt = rt, .c = c, .put = put, .ctx = ctx, .frames = frames_new(rt)};
	struct err *err = w.frames ? NULL : &err_nomem;
	bool comma = false;
	if (json)
		strbuf_puts(&w.out, "[");
	for (size_t i = 0; !err && i < c->at.len; i++) {
		const struct rt_goroutine *g = &c->at.at[i];
		if (!json && g->system)
			continue; // as Go's dump
		if (json)
			strbuf_puts(&w.out, comma ? ",\n" : "");
		comma = true;
		err = json ? put_json(&w, g) : put_text(&w, g);
		if (!err)
			err = flush(&w, FLUSH);
	}
	if (json)
		strbuf_puts(&w.out, "]");
	if (!err)
		err = flush(&w, 1);
	strbuf_fini(&w.out);
	frames_free(w.frames);
	return err;
}
