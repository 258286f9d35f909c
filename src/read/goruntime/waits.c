// What waiting goroutines wait on. Source: src/runtime/chan.go, select.go, sema.go, netpoll.go, time.go, go1.21 to go1.27.
//
// Channels come from g.waiting (sudog.c); semaphores from g.waiting since 1.26 and from the table of semaphores before;
// the network from the pollDesc that lies on the goroutine's own stack. A channel of a timer says when it will fire.
#include "read/goruntime/gor.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_SUDOG = 256, MAX_HCHAN = 256, MAX_TIMER = 256, MAX_POLLDESC = 512, SEMA_ROOTS = 251, MAX_WAITERS = 16 << 20, POLL_WORDS = 96, COND_NOTIFY = 16 };

static const struct { const char *prefix; enum rt_wait wait; } reasons[] = {
	{"chan receive (nil chan)", RT_WAIT_NIL_CHAN}, {"chan send (nil chan)", RT_WAIT_NIL_CHAN}, {"select (no cases)", RT_WAIT_EMPTY_SELECT},
	{"chan receive", RT_WAIT_CHAN_RECV}, {"chan send", RT_WAIT_CHAN_SEND}, {"select", RT_WAIT_SELECT}, {"sleep", RT_WAIT_SLEEP},
	{"IO wait", RT_WAIT_IO}, {"sync.Mutex", RT_WAIT_MUTEX}, {"sync.RWMutex", RT_WAIT_RWMUTEX}, {"sync.WaitGroup", RT_WAIT_WAITGROUP},
	{"sync.Cond", RT_WAIT_COND}, {"semacquire", RT_WAIT_SEMA},
};

static enum rt_wait wait_of(const char *reason)
{
	for (size_t i = 0; *reason && i < countof(reasons); i++)
		if (!strncmp(reason, reasons[i].prefix, strlen(reasons[i].prefix)))
			return reasons[i].wait;
	return *reason ? RT_WAIT_OTHER : RT_WAIT_NONE;
}

// Since 1.26 elem and c of a sudog are two words: the collector's leak search zeroes the first, the second stays.
static uint64_t second_word(const struct rt *rt, enum rt_key k, const uint8_t *sudog)
{
	uint64_t v;
	memcpy(&v, sudog + rt_off(rt, k) + (rt_size(rt, k) >= 16 ? 8 : 0), 8);
	return v;
}

static struct err *add_object(struct rt_census *c, struct rt_goroutine *o, struct rt_wait_object object)
{
	if (!o->n_objects)
		o->objects_at = c->objects.len;
	struct err *err = vec_push(&c->objects, MAX_WAITERS, "wait objects", object);
	if (!err)
		o->n_objects++;
	return err;
}

// ---- channels -----------------------------------------------------------------------------------------------------

// A timer channel fires at a known time; a stopped timer's never does.
static void timer_of(const struct rt *rt, addr_t timer, struct rt_goroutine *o)
{
	uint8_t t[MAX_TIMER];
	if (!rt_known(rt, K_TIMER_WHEN) || !rt_known(rt, K_SIZEOF_TIMER) || rt_off(rt, K_SIZEOF_TIMER) > sizeof(t) ||
	    !gor_read(rt, timer, t, rt_off(rt, K_SIZEOF_TIMER)))
		return;
	int64_t when = (int64_t)rt_get(rt, K_TIMER_WHEN, t), period = rt_known(rt, K_TIMER_PERIOD) ? (int64_t)rt_get(rt, K_TIMER_PERIOD, t) : 0;
	if (when <= 0)
		return;
	if (period > 0 && o->wake != RT_WAKE_ONCE) {
		o->wake = RT_WAKE_TICKER;
		o->wake_period_ns = period;
		o->wake_ns = when;
	} else if (period <= 0 && (o->wake != RT_WAKE_ONCE || when < o->wake_ns)) {
		o->wake = RT_WAKE_ONCE;
		o->wake_ns = when;
	}
}

static struct err *channel(struct rt *rt, addr_t addr, struct rt_goroutine *o, struct rt_census *c)
{
	uint8_t h[MAX_HCHAN];
	struct rt_wait_object object = {.addr = addr, .type = ""};
	if (rt_known(rt, K_SIZEOF_HCHAN) && rt_off(rt, K_SIZEOF_HCHAN) <= sizeof(h) && gor_read(rt, addr, h, rt_off(rt, K_SIZEOF_HCHAN))) {
		object.len = rt_known(rt, K_HCHAN_QCOUNT) ? rt_get(rt, K_HCHAN_QCOUNT, h) : 0;
		object.cap = rt_known(rt, K_HCHAN_DATAQSIZ) ? rt_get(rt, K_HCHAN_DATAQSIZ, h) : 0;
		object.closed = rt_known(rt, K_HCHAN_CLOSED) && rt_get(rt, K_HCHAN_CLOSED, h);
		if (rt_known(rt, K_HCHAN_ELEMTYPE))
			object.type = gor_type_name(rt, rt_get(rt, K_HCHAN_ELEMTYPE, h));
		if (rt_known(rt, K_HCHAN_TIMER) && rt_get(rt, K_HCHAN_TIMER, h))
			timer_of(rt, rt_get(rt, K_HCHAN_TIMER, h), o);
	}
	return add_object(c, o, object);
}

// g.waiting: one sudog per case of a select, chained through waitlink.
static struct err *channels(struct rt *rt, const struct gor_item *it, struct rt_goroutine *o, struct rt_census *c)
{
	uint8_t s[MAX_SUDOG];
	addr_t at = rt_get(rt, K_G_WAITING, it->g);
	struct err *err = NULL;
	for (unsigned i = 0; !err && at && i < GOR_MAX_OBJECTS; i++) {
		if (!gor_read(rt, at, s, rt_off(rt, K_SIZEOF_SUDOG)) || rt_get(rt, K_SUDOG_G, s) != it->addr)
			break; // moved on meanwhile
		addr_t chan = second_word(rt, K_SUDOG_C, s);
		if (chan)
			err = channel(rt, chan, o, c);
		at = rt_get(rt, K_SUDOG_WAITLINK, s);
	}
	return err;
}

// ---- semaphores ---------------------------------------------------------------------------------------------------

struct treap { VEC(addr_t) stack; };

// One waiter list of a treap node: the node itself, then its waitlinks. Bounded, for the memory may be torn.
static struct err *waiters_of(struct rt *rt, addr_t node, const uint8_t *s, uint64_t *budget)
{
	uint8_t w[MAX_SUDOG];
	addr_t sema = second_word(rt, K_SUDOG_ELEM, s), at = node;
	memcpy(w, s, rt_off(rt, K_SIZEOF_SUDOG));
	while (at && *budget && --*budget) {
		uint64_t *slot = map_at(rt->gor->sema_of, rt_get(rt, K_SUDOG_G, w), NULL);
		if (!slot)
			return &err_nomem;
		*slot = sema;
		at = rt_get(rt, K_SUDOG_WAITLINK, w);
		if (!at || !gor_read(rt, at, w, rt_off(rt, K_SIZEOF_SUDOG)))
			break;
	}
	return NULL;
}

static struct err *walk_treap(struct rt *rt, addr_t root, uint64_t *budget)
{
	struct treap t = {0};
	struct err *err = vec_push(&t.stack, 4096, "nodes", root);
	while (!err && t.stack.len && *budget) {
		uint8_t s[MAX_SUDOG];
		addr_t node = t.stack.at[--t.stack.len];
		if (!gor_read(rt, node, s, rt_off(rt, K_SIZEOF_SUDOG)))
			continue;
		err = waiters_of(rt, node, s, budget);
		enum rt_key sides[] = {K_SUDOG_PREV, K_SUDOG_NEXT};
		for (int i = 0; !err && i < 2; i++)
			if (rt_get(rt, sides[i], s))
				err = vec_push(&t.stack, 4096, "nodes", rt_get(rt, sides[i], s));
	}
	vec_fini(&t.stack);
	return err;
}

struct err *gor_semaphores(struct rt *rt)
{
	static const enum rt_key keys[] = {K_SUDOG_G, K_SUDOG_ELEM, K_SUDOG_C, K_SUDOG_NEXT, K_SUDOG_PREV, K_SUDOG_WAITLINK, K_SIZEOF_SUDOG, K_SEMAROOT_TREAP};
	map_free(rt->gor->sema_of);
	rt->gor->sema_of = NULL;
	for (size_t i = 0; i < countof(keys); i++)
		if (!rt_known(rt, keys[i]))
			return NULL;
	if (rt_size(rt, K_SUDOG_C) >= 16 || !rt_global(rt, G_SEMTABLE) || rt_off(rt, K_SIZEOF_SUDOG) > MAX_SUDOG)
		return NULL; // g.waiting tells
	if (!(rt->gor->sema_of = map_new()))
		return &err_nomem;
	uint64_t budget = MAX_WAITERS;
	uint32_t stride = rt_known(rt, K_SIZEOF_SEMTABLE) ? rt_off(rt, K_SIZEOF_SEMTABLE) / SEMA_ROOTS : rt->arch == GOBIN_ARM64 ? 128 : 64;
	for (unsigned i = 0; i < SEMA_ROOTS; i++) {
		uint64_t root;
		if (!gor_read(rt, rt_global(rt, G_SEMTABLE) + (uint64_t)i * stride + rt_off(rt, K_SEMAROOT_TREAP), &root, 8) || !root)
			continue;
		struct err *err = walk_treap(rt, root, &budget);
		if (err)
			return err;
	}
	return NULL;
}

// Where a semaphore lies in the thing a program knows: Mutex{state, sema}, RWMutex{w, writerSem, readerSem},
// WaitGroup{state uint64, sema}, Cond{L, notify}. The second of two writers waits in the RWMutex's w: at its address.
static addr_t into_object(const struct rt_goroutine *o)
{
	if (o->wait == RT_WAIT_MUTEX)
		return 4;
	if (o->wait == RT_WAIT_RWMUTEX)
		return strstr(o->wait_reason, "RLock") ? 12 : 8;
	return o->wait == RT_WAIT_WAITGROUP ? 8 : o->wait == RT_WAIT_COND ? COND_NOTIFY : 0;
}

// Up to 1.25 a Cond's waiters stand in its own list only: a word of the waiter's stack that points to a notifyList with the
// waiter in it is that list. 0: not found.
static addr_t cond_list(const struct rt *rt, const struct gor_item *it)
{
	enum { STACK_WORDS = 64, MAX_LIST = 4096 };
	uint8_t s[MAX_SUDOG];
	if (!rt_known(rt, K_NOTIFYLIST_HEAD) || !rt_known(rt, K_NOTIFYLIST_TAIL))
		return 0;
	for (size_t w = 0; w < STACK_WORDS && (w + 1) * 8 <= it->stack_len; w++) {
		uint64_t p, at, tail, last = 0;
		bool found = false;
		memcpy(&p, it->stack + w * 8, 8);
		if (p % 8 || p < 0x10000 || p >> 47 || rt_in_text(rt, p) || !gor_read(rt, p + rt_off(rt, K_NOTIFYLIST_HEAD), &at, 8) ||
		    !gor_read(rt, p + rt_off(rt, K_NOTIFYLIST_TAIL), &tail, 8))
			continue;
		for (unsigned i = 0; at && at % 8 == 0 && i < MAX_LIST && gor_read(rt, at, s, rt_off(rt, K_SIZEOF_SUDOG)); i++) {
			found = found || rt_get(rt, K_SUDOG_G, s) == it->addr;
			last = at;
			at = rt_get(rt, K_SUDOG_NEXT, s);
		}
		if (found && last == tail) // a pointer to the list's lock would read the tail as head
			return p;
	}
	return 0;
}

static struct err *semaphore(struct rt *rt, const struct gor_item *it, struct rt_goroutine *o, struct rt_census *c)
{
	uint8_t s[MAX_SUDOG];
	uint64_t sema = 0;
	addr_t at = rt_get(rt, K_G_WAITING, it->g);
	if (rt->gor->sema_of && o->wait == RT_WAIT_COND)
		sema = cond_list(rt, it);
	else if (rt->gor->sema_of)
		map_find(rt->gor->sema_of, it->addr, &sema);
	else if (at && gor_read(rt, at, s, rt_off(rt, K_SIZEOF_SUDOG)) && rt_get(rt, K_SUDOG_G, s) == it->addr)
		sema = second_word(rt, K_SUDOG_ELEM, s);
	if (!sema)
		return NULL;
	static const char *const types[] = {[RT_WAIT_MUTEX] = "sync.Mutex", [RT_WAIT_RWMUTEX] = "sync.RWMutex", [RT_WAIT_WAITGROUP] = "sync.WaitGroup",
					    [RT_WAIT_COND] = "sync.Cond", [RT_WAIT_SEMA] = ""};
	return add_object(c, o, (struct rt_wait_object){.addr = sema - into_object(o), .type = types[o->wait] ? types[o->wait] : ""});
}

// Before 1.24 a WaitGroup's wait reads "semacquire": the frame tells.
static bool in_waitgroup(const struct rt *rt, const struct rt_goroutine *o, const struct rt_census *c)
{
	for (uint32_t i = 0; i < o->n_stack && i < 8; i++) {
		struct gobin_func f;
		struct err *err = gobin_func_find(rt->g, c->pcs.at[o->stack_at + i] - 1 - rt->bias, &f);
		bool is = !err && !strcmp(f.name, "sync.(*WaitGroup).Wait");
		err_free(err);
		if (is)
			return true;
	}
	return false;
}

// ---- network ------------------------------------------------------------------------------------------------------

struct candidate { uint32_t item; addr_t addr; uint64_t rg_wg[2]; };

static bool plausible(const struct rt *rt, const struct gor_item *it, uint64_t p)
{
	return p > 0x10000 && p < 1ull << 47 && p % 8 == 0 && (p < it->stack_lo || p >= it->stack_hi) && !rt_in_text(rt, p) && p != it->addr;
}

static void poll_desc(struct rt *rt, const struct candidate *k, struct gor_item *it)
{
	uint8_t d[MAX_POLLDESC];
	bool reads = k->rg_wg[0] == it->addr;
	enum rt_key deadline = reads ? K_POLLDESC_RD : K_POLLDESC_WD;
	if (!rt_known(rt, K_SIZEOF_POLLDESC) || rt_off(rt, K_SIZEOF_POLLDESC) > sizeof(d) || !gor_read(rt, k->addr, d, rt_off(rt, K_SIZEOF_POLLDESC)))
		return;
	uint64_t fd = rt_known(rt, K_POLLDESC_FD) ? rt_get(rt, K_POLLDESC_FD, d) : UINT64_MAX;
	if (fd < 1 << 30)
		it->out.fd = (int32_t)fd;
	int64_t when = rt_known(rt, deadline) ? (int64_t)rt_get(rt, deadline, d) : 0;
	if (when > 0) {
		it->out.wake = RT_WAKE_ONCE;
		it->out.wake_ns = when;
	}
}

// A pollDesc is a word of the waiter's stack whose rg or wg is the waiter.
static struct err *network(struct rt *rt, struct gor_item *items, size_t n)
{
	if (!rt_known(rt, K_POLLDESC_RG) || !rt_known(rt, K_POLLDESC_WG) || rt_off(rt, K_POLLDESC_WG) != rt_off(rt, K_POLLDESC_RG) + 8)
		return NULL;
	VEC(struct candidate) found = {0};
	VEC(struct mem_range) ranges = {0};
	struct err *err = NULL;
	for (size_t i = 0; !err && i < n; i++) {
		if (items[i].out.wait != RT_WAIT_IO)
			continue;
		items[i].out.wake = RT_WAKE_IO;
		for (size_t w = 0; !err && w < POLL_WORDS && (w + 1) * 8 <= items[i].stack_len; w++) {
			uint64_t p;
			memcpy(&p, items[i].stack + w * 8, 8);
			if (plausible(rt, &items[i], p))
				err = vec_push(&found, 1 << 20, "candidates", (struct candidate){(uint32_t)i, p, {0, 0}});
		}
	}
	for (size_t i = 0; !err && i < found.len; i++)
		err = vec_push(&ranges, 1 << 20, "candidates", (struct mem_range){found.at[i].addr + rt_off(rt, K_POLLDESC_RG), found.at[i].rg_wg, 16, 0});
	if (!err)
		err = rt_readv(rt, ranges.at, ranges.len);
	for (size_t i = 0; !err && i < found.len; i++) {
		struct gor_item *it = &items[found.at[i].item];
		bool its_own = ranges.at[i].got == 16 && (found.at[i].rg_wg[0] == it->addr || found.at[i].rg_wg[1] == it->addr);
		if (its_own && it->out.fd < 0)
			poll_desc(rt, &found.at[i], it);
	}
	vec_fini(&found);
	vec_fini(&ranges);
	return err;
}

// ---- all of a batch -----------------------------------------------------------------------------------------------

static void sleeper(const struct rt *rt, const struct gor_item *it, struct rt_goroutine *o)
{
	uint8_t t[MAX_TIMER];
	if (rt_known(rt, K_G_SLEEPWHEN))
		o->wake_ns = (int64_t)rt_get(rt, K_G_SLEEPWHEN, it->g);
	else if (rt_known(rt, K_G_TIMER) && rt_known(rt, K_TIMER_WHEN) && rt_known(rt, K_SIZEOF_TIMER) && rt_off(rt, K_SIZEOF_TIMER) <= sizeof(t) &&
		 gor_read(rt, rt_get(rt, K_G_TIMER, it->g), t, rt_off(rt, K_SIZEOF_TIMER)))
		o->wake_ns = (int64_t)rt_get(rt, K_TIMER_WHEN, t);
	if (o->wake_ns > 0)
		o->wake = RT_WAKE_ONCE;
}

static bool has_sudogs(const struct rt *rt)
{
	static const enum rt_key keys[] = {K_G_WAITING, K_SUDOG_G, K_SUDOG_C, K_SUDOG_ELEM, K_SUDOG_WAITLINK, K_SIZEOF_SUDOG};
	for (size_t i = 0; i < countof(keys); i++)
		if (!rt_known(rt, keys[i]))
			return false;
	return rt_off(rt, K_SIZEOF_SUDOG) <= MAX_SUDOG;
}

struct err *gor_waits(struct rt *rt, struct gor_item *items, size_t n, struct rt_census *c)
{
	bool sudogs = has_sudogs(rt);
	struct err *err = NULL;
	for (size_t i = 0; !err && i < n; i++) {
		struct rt_goroutine *o = &items[i].out;
		o->wait = wait_of(o->wait_reason);
		if (o->wait == RT_WAIT_NONE)
			continue;
		if (o->wait == RT_WAIT_SEMA && in_waitgroup(rt, o, c))
			o->wait = RT_WAIT_WAITGROUP;
		o->wake = RT_WAKE_NONE;
		switch (o->wait) {
		case RT_WAIT_CHAN_RECV:
		case RT_WAIT_CHAN_SEND:
		case RT_WAIT_SELECT:
			if (sudogs)
				err = channels(rt, &items[i], o, c);
			else
				o->wake = RT_WAKE_UNKNOWN;
			break;
		case RT_WAIT_MUTEX:
		case RT_WAIT_RWMUTEX:
		case RT_WAIT_WAITGROUP:
		case RT_WAIT_COND:
		case RT_WAIT_SEMA:
			if (sudogs)
				err = semaphore(rt, &items[i], o, c);
			break;
		case RT_WAIT_SLEEP:
			sleeper(rt, &items[i], o);
			break;
		case RT_WAIT_NONE:
		case RT_WAIT_NIL_CHAN:
		case RT_WAIT_EMPTY_SELECT:
		case RT_WAIT_IO:
		case RT_WAIT_OTHER:
			break;
		}
	}
	return err ? err : network(rt, items, n);
}
