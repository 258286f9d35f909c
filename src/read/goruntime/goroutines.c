// The census: every goroutine with its state, reason, stack and what it waits on. Source: src/runtime/runtime2.go (g),
// proc.go, traceback.go, go1.21 to go1.27.
//
// A goroutine is believed when goid, state, stack and its saved pc and sp read the same before and after its stack was
// read; it is tried again, then counted as torn and left out. Goroutines are read in batches, so memory stays small.
#include "read/goruntime/gor.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { STATUS_SCAN = 0x1000, STATUS_DEADEXTRA = 11, MAX_REASON = 64, MAX_GOROUTINES = 16 << 20 };

static void gor_free(struct rt_gor *gor)
{
	if (!gor)
		return;
	for (size_t i = 0; i < GOR_WAIT_REASONS; i++)
		free(gor->reasons[i]);
	for (size_t i = 0; i < gor->type_names.len; i++)
		free(gor->type_names.at[i]);
	vec_fini(&gor->type_names);
	interner_free(gor->label_text);
	map_free(gor->labels_of);
	vec_fini(&gor->infos);
	map_free(gor->pcs);
	map_free(gor->sema_of);
	map_free(gor->types);
	free(gor);
}

bool gor_read(const struct rt *rt, addr_t addr, void *buf, size_t len)
{
	struct mem_range r = {addr, buf, len, 0};
	struct err *err = addr ? rt->mem->readv(rt->mem->ctx, &r, 1) : NULL;
	bool ok = addr && !err && r.got == len;
	err_free(err);
	return ok;
}

struct err *gor_state(struct rt *rt)
{
	if (rt->gor)
		return NULL;
	struct rt_gor *gor = calloc(1, sizeof(*gor));
	if (!gor || !(gor->pcs = map_new()) || !(gor->types = map_new()) || !(gor->label_text = interner_new())) {
		gor_free(gor);
		return &err_nomem;
	}
	rt->gor = gor;
	rt->gor_free = gor_free;
	return NULL;
}

static bool is_string(const struct rt *rt, const uint64_t header[2], const char *want)
{
	char text[MAX_REASON];
	size_t len = strlen(want);
	return header[1] == len && gor_read(rt, header[0], text, len) && !memcmp(text, want, len);
}

// The table by its content, where no function tells where it is (stripped and linked by the system's linker): the second
// and third reason have been the same two in every release.
static addr_t find_reasons(struct rt *rt)
{
	enum { CHUNK = 64 << 10 };
	const struct gobin_moduledata *md = gobin_moduledata(rt->g);
	uint64_t *words = malloc(CHUNK + 6 * 8);
	addr_t found = 0;
	for (addr_t at = md->data; words && !found && at < md->edata; at += CHUNK) {
		struct mem_range r = {at + rt->bias, words, CHUNK + 5 * 8, 0};
		err_free(rt->mem->readv(rt->mem->ctx, &r, 1));
		for (size_t i = 0; !found && i < CHUNK / 8 && (i + 6) * 8 <= r.got; i++)
			if (!words[i + 1] && words[i + 3] == 17 && words[i + 5] == 7 && is_string(rt, words + i + 2, "GC assist marking") &&
			    is_string(rt, words + i + 4, "IO wait"))
				found = at + rt->bias + i * 8;
	}
	free(words);
	return found;
}

// Strings of the target's own table: numbers differ from release to release.
static void read_reasons(struct rt *rt)
{
	struct { uint64_t data, len; } headers[GOR_WAIT_REASONS];
	addr_t table = rt_global(rt, G_WAITREASONSTRINGS);
	if (!table)
		table = find_reasons(rt);
	struct mem_range r = {table, headers, sizeof(headers), 0};
	rt->gor->reasons_read = true;
	if (!table) {
		gap_add(&rt->gaps, GAP_LAYOUT_UNKNOWN, "wait reasons", "runtime.waitReasonStrings was not found");
		return;
	}
	err_free(rt_readv(rt, &r, 1));
	for (size_t i = 0; i < r.got / sizeof(*headers); i++) {
		char text[MAX_REASON + 1] = "";
		if (!headers[i].len || headers[i].len > MAX_REASON)
			continue;
		struct err *err = mem_read(rt->mem, headers[i].data, text, headers[i].len);
		bool printable = !err;
		for (const char *p = text; printable && *p; p++)
			printable = *p >= ' ' && *p < 127;
		err_free(err);
		if (!printable)
			break; // behind the table
		rt->gor->reasons[i] = strdup(text);
	}
}

const char *gor_reason(struct rt *rt, uint8_t index)
{
	if (!rt->gor->reasons_read)
		read_reasons(rt);
	const char *s = index < GOR_WAIT_REASONS ? rt->gor->reasons[index] : NULL;
	return s ? s : "";
}

const char *gor_type_name(struct rt *rt, addr_t type)
{
	bool fresh;
	uint64_t *slot = map_at(rt->gor->types, type, &fresh);
	if (!slot)
		return "";
	if (fresh) {
		struct gobin_type t;
		struct err *err = gobin_type_at(rt->g, type - rt->bias, &t);
		char *name = strdup(err ? "" : t.name);
		err_free(err);
		*slot = rt->gor->type_names.len;
		if (!name || (err = vec_push(&rt->gor->type_names, 1 << 20, "type names", name))) {
			free(name);
			*slot = UINT64_MAX;
		}
	}
	return *slot == UINT64_MAX ? "" : rt->gor->type_names.at[*slot];
}

static bool runtime_at(const struct rt *rt, addr_t pc, struct gobin_func *ret)
{
	struct err *err = gobin_func_find(rt->g, pc - rt->bias, ret);
	bool own = !err && !strncmp(ret->name, "runtime.", 8);
	err_free(err);
	return own;
}

// src/runtime/traceback.go (isSystemGoroutine). Those that run finalizers and cleanups count while in a user's function.
static bool is_system(const struct rt *rt, const struct rt_goroutine *o, const struct rt_census *c)
{
	struct gobin_func f, at;
	if (!runtime_at(rt, o->start_pc, &f))
		return false;
	const char *name = f.name + strlen("runtime.");
	if (!strcmp(name, "main") || !strcmp(name, "corostart") || !strcmp(name, "handleAsyncEvent"))
		return false;
	if (strcmp(name, "runFinalizers") && strcmp(name, "runfinq") && strcmp(name, "runCleanups"))
		return true;
	for (uint32_t i = 0; i < o->n_stack; i++)
		if (!runtime_at(rt, c->pcs.at[o->stack_at + i] - 1, &at))
			return false;
	return true;
}

static uint64_t get_if(const struct rt *rt, enum rt_key k, const void *base) { return rt_known(rt, k) ? rt_get(rt, k, base) : 0; }

// Is there anything of it to read, and from where?
static bool begin(const struct rt *rt, struct gor_item *it)
{
	uint32_t status = (uint32_t)rt_get(rt, K_G_ATOMICSTATUS, it->g) & ~(uint32_t)STATUS_SCAN;
	struct rt_goroutine *o = &it->out;
	*o = (struct rt_goroutine){.addr = it->addr, .fd = -1};
	o->status = status;
	o->id = rt_get(rt, K_G_GOID, it->g);
	if (status == RT_IDLE || status == RT_DEAD || status == STATUS_DEADEXTRA)
		return false;
	it->stack_lo = rt_get(rt, K_G_STACK_LO, it->g);
	it->stack_hi = rt_get(rt, K_G_STACK_HI, it->g);
	it->sp = rt_get(rt, K_G_SCHED_SP, it->g);
	it->pc = rt_get(rt, K_G_SCHED_PC, it->g);
	addr_t syscall_sp = get_if(rt, K_G_SYSCALLSP, it->g);
	if (syscall_sp) {
		it->sp = syscall_sp;
		it->pc = get_if(rt, K_G_SYSCALLPC, it->g);
	}
	o->stack_bytes = it->stack_hi > it->stack_lo ? it->stack_hi - it->stack_lo : 0;
	o->parent_id = get_if(rt, K_G_PARENTGOID, it->g);
	o->go_pc = get_if(rt, K_G_GOPC, it->g);
	o->start_pc = get_if(rt, K_G_STARTPC, it->g);
	o->tracking_seq = (uint8_t)get_if(rt, K_G_TRACKINGSEQ, it->g);
	o->wait_since_ns = (int64_t)get_if(rt, K_G_WAITSINCE, it->g);
	o->locked = get_if(rt, K_G_LOCKEDM, it->g) != 0;
	it->stack_len = 0;
	if (status != RT_RUNNING && status != RT_COPYSTACK && it->sp >= it->stack_lo && it->sp < it->stack_hi) {
		size_t used = it->stack_hi - it->sp;
		it->stack_len = used < GOR_STACK_READ ? used : GOR_STACK_READ;
	}
	return true;
}

static bool same(const struct rt *rt, const struct gor_item *it)
{
	static const enum rt_key keys[] = {K_G_GOID, K_G_ATOMICSTATUS, K_G_STACK_LO, K_G_SCHED_SP, K_G_SCHED_PC};
	for (size_t i = 0; i < countof(keys); i++) {
		uint64_t a = rt_get(rt, keys[i], it->g), b = rt_get(rt, keys[i], it->again);
		if (keys[i] == K_G_ATOMICSTATUS)
			a &= ~(uint64_t)STATUS_SCAN, b &= ~(uint64_t)STATUS_SCAN;
		if (a != b)
			return false;
	}
	return true;
}

struct batch {
	struct gor_item *items;
	uint8_t *stacks; // all stacks of the batch, behind one another
	struct mem_range ranges[GOR_BATCH];
};

static struct err *read_gs(struct rt *rt, struct batch *b, size_t n, bool again)
{
	for (size_t i = 0; i < n; i++)
		b->ranges[i] = (struct mem_range){b->items[i].addr, again ? b->items[i].again : b->items[i].g, rt_off(rt, K_SIZEOF_G), 0};
	struct err *err = rt_readv(rt, b->ranges, n);
	for (size_t i = 0; !err && i < n; i++)
		if (b->ranges[i].got < b->ranges[i].len)
			memset(again ? b->items[i].again : b->items[i].g, 0, rt_off(rt, K_SIZEOF_G)); // dead: left out
	return err;
}

static struct err *read_stacks(struct rt *rt, struct batch *b, size_t n)
{
	size_t total = 0, k = 0;
	for (size_t i = 0; i < n; i++)
		total += b->items[i].stack_len;
	uint8_t *grown = realloc(b->stacks, total ? total : 1);
	if (!grown)
		return &err_nomem;
	b->stacks = grown;
	for (size_t i = 0, at = 0; i < n; i++) {
		b->items[i].stack = b->stacks + at;
		at += b->items[i].stack_len;
		b->ranges[k++] = (struct mem_range){b->items[i].sp, b->items[i].stack, b->items[i].stack_len, 0};
	}
	struct err *err = rt_readv(rt, b->ranges, k);
	for (size_t i = 0; !err && i < n; i++)
		b->items[i].stack_len = b->ranges[i].got;
	return err;
}

// Reads items[0..n), keeps those that read stable at the front (*ret_stable of them), the others behind.
static struct err *read_batch(struct rt *rt, struct batch *b, size_t n, size_t *ret_stable)
{
	struct err *err = read_gs(rt, b, n, false);
	size_t alive = 0;
	for (size_t i = 0; !err && i < n; i++)
		if (begin(rt, &b->items[i])) {
			struct gor_item tmp = b->items[alive];
			b->items[alive++] = b->items[i];
			b->items[i] = tmp;
		}
	if (!err)
		err = read_stacks(rt, b, alive);
	if (!err)
		err = read_gs(rt, b, alive, true);
	size_t stable = 0;
	for (size_t i = 0; !err && i < alive; i++) {
		bool running = b->items[i].out.status == RT_RUNNING || b->items[i].out.status == RT_RUNNABLE;
		b->items[i].out.stack_partial = running;
		if (running || same(rt, &b->items[i])) {
			struct gor_item tmp = b->items[stable];
			b->items[stable++] = b->items[i];
			b->items[i] = tmp;
		}
	}
	// Not stable: behind, as addresses to be tried again.
	for (size_t i = stable; i < alive; i++)
		b->items[i].out.id = UINT64_MAX;
	for (size_t i = alive; i < n; i++)
		b->items[i].out.id = 0;
	*ret_stable = stable;
	return err;
}

static struct err *finish(struct rt *rt, struct batch *b, size_t n, struct rt_census *c)
{
	struct err *err = NULL;
	for (size_t i = 0; !err && i < n; i++) {
		struct gor_item *it = &b->items[i];
		it->out.wait_reason = it->out.status == RT_WAITING || it->out.status == RT_LEAKED
			? gor_reason(rt, (uint8_t)get_if(rt, K_G_WAITREASON, it->g)) : "";
		if (it->out.status == RT_RUNNING)
			it->out.wake = RT_WAKE_RUNNING;
		else
			err = gor_unwind(rt, it, c);
		if (it->out.status == RT_RUNNABLE || it->out.status == RT_SYSCALL || it->out.status == RT_PREEMPTED)
			it->out.wake = RT_WAKE_RUNNING;
		it->out.system = is_system(rt, &it->out, c);
	}
	for (size_t i = 0; !err && i < n; i++)
		err = gor_labels(rt, get_if(rt, K_G_LABELS, b->items[i].g), &b->items[i].out, c);
	if (!err)
		err = gor_waits(rt, b->items, n, c);
	for (size_t i = 0; !err && i < n; i++)
		err = vec_push(&c->at, MAX_GOROUTINES, "goroutines", b->items[i].out);
	return err;
}

static struct err *census_batch(struct rt *rt, struct batch *b, const addr_t *gs, size_t n, struct rt_census *c)
{
	for (size_t i = 0; i < n; i++)
		b->items[i].addr = gs[i];
	for (int round = 0; n; round++) {
		size_t stable;
		struct err *err = read_batch(rt, b, n, &stable);
		if (!err)
			err = finish(rt, b, stable, c);
		if (err)
			return err;
		size_t again = 0, dead = 0;
		for (size_t i = stable; i < n; i++) {
			if (b->items[i].out.id == UINT64_MAX)
				b->items[again++].addr = b->items[i].addr;
			else
				dead++;
		}
		c->dead += dead;
		if (round == RT_RETRIES) {
			c->torn += again;
			break;
		}
		n = again;
	}
	return NULL;
}

struct err *rt_goroutines(struct rt *rt, struct rt_census *c)
{
	if (!rt->has_goroutines)
		return err_new(ERR_UNSUPPORTED, "the goroutines of this runtime cannot be read");
	if (rt_off(rt, K_SIZEOF_G) > GOR_MAX_G)
		return err_new(ERR_UNSUPPORTED, "a goroutine's structure of %u bytes", rt_off(rt, K_SIZEOF_G));
	addr_t data;
	uint64_t len;
	struct err *err = gor_state(rt);
	if (!err)
		err = rt_slice(rt, rt_global(rt, G_ALLGS), 8, MAX_GOROUTINES, "allgs", &data, &len);
	if (err)
		return err;
	c->at.len = c->pcs.len = c->objects.len = c->labels.len = 0;
	c->all = len;
	c->dead = c->torn = 0;
	struct target_clock clock = {0};
	if (!(err = target_clock(rt->target, &clock)))
		c->taken_monotonic_ns = clock.monotonic_ns;
	map_free(rt->gor->labels_of);
	if (!(rt->gor->labels_of = map_new()) && !err)
		err = &err_nomem;
	if (!err)
		err = gor_semaphores(rt);
	struct batch *b = calloc(1, sizeof(*b));
	addr_t *gs = malloc((len ? len : 1) * sizeof(*gs));
	if (!err && (!b || !gs || !(b->items = calloc(GOR_BATCH, sizeof(*b->items)))))
		err = &err_nomem;
	if (!err)
		err = mem_read(rt->mem, data, gs, len * sizeof(*gs));
	for (uint64_t i = 0; !err && i < len; i += GOR_BATCH)
		err = census_batch(rt, b, gs + i, len - i < GOR_BATCH ? len - i : GOR_BATCH, c);
	if (!err)
		err = gor_timers(rt, c);
	free(gs);
	if (b) {
		free(b->items);
		free(b->stacks);
	}
	free(b);
	return err_while(err, "reading the goroutines");
}

void rt_census_fini(struct rt_census *c)
{
	vec_fini(&c->at);
	vec_fini(&c->pcs);
	vec_fini(&c->objects);
	vec_fini(&c->labels);
	*c = (struct rt_census){0};
}
