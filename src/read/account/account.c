// The account: mappings one by one; those of the arenas page by page.
#include "read/account/private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const account_names[ACCOUNT_PARTS] = {
	"heap_live", "heap_garbage", "heap_free_slots", "heap_idle", "stacks", "runtime", "globals", "code", "c_heap",
	"thread_stacks", "mapped_files", "other",
};

void account_fini(struct account *a) { gaps_fini(&a->gaps); }

// What is resident of mapping m inside the arenas is added to the parts; *ret: how much of m, in resident bytes, is left.
static struct err *add_arenas(int64_t pid, const struct kernel_map *m, const struct go_heap *h, double parts[ACCOUNT_PARTS], uint64_t *ret)
{
	struct kernel_runs runs = {0};
	struct err *err = NULL;
	uint64_t covered = 0, resident = 0;
	for (size_t i = 0; !err && i < h->arenas.len; i++) {
		addr_t start = max_u64(m->start, h->arenas.at[i].start), end = min_u64(m->end, h->arenas.at[i].end);
		if (start >= end)
			continue;
		covered += end - start;
		err = kernel_resident(pid, start, end, &runs);
	}
	for (size_t i = 0; !err && i < runs.at.len; i++) {
		go_heap_add(h, runs.at.at[i], parts);
		resident += runs.at.at[i].end - runs.at.at[i].start;
	}
	kernel_runs_fini(&runs);
	// Wholly inside: the pages were just counted, which is newer than what smaps said.
	*ret = covered == m->end - m->start || resident >= m->rss ? 0 : m->rss - resident;
	return err;
}

static struct err *add_maps(const struct target *t, const struct kernel_maps *maps, const struct go_heap *h, struct outside *o,
	double parts[ACCOUNT_PARTS], struct account *a)
{
	for (size_t i = 0; i < maps->at.len; i++) {
		const struct kernel_map *m = &maps->at.at[i];
		a->swap += m->swap;
		a->anon_huge += m->anon_huge;
		if (!m->rss)
			continue;
		uint64_t left = m->rss;
		struct err *err = add_arenas(target_pid(t), m, h, parts, &left);
		if (err)
			return err;
		if (left)
			outside_add(o, i, left, parts);
	}
	return NULL;
}

// The runtime counts what it takes from the system for itself. More than that in "the rest" is memory that the program
// maps by itself.
static void cap_runtime(const struct go_heap *h, double parts[ACCOUNT_PARTS])
{
	enum { SLACK = 1 << 20 }; // its bookkeeping is not to the page
	double most = (double)h->runtime_sys + SLACK;
	if (!h->runtime_sys || parts[ACCOUNT_RUNTIME] <= most)
		return;
	parts[ACCOUNT_C_HEAP] += parts[ACCOUNT_RUNTIME] - most;
	parts[ACCOUNT_RUNTIME] = most;
}

// Whole bytes that add up: what rounding leaves goes to the largest part.
static void to_bytes(const double parts[ACCOUNT_PARTS], struct account *a)
{
	double sum = 0;
	size_t largest = 0;
	uint64_t whole = 0;
	for (size_t i = 0; i < ACCOUNT_PARTS; i++) {
		sum += parts[i];
		a->parts[i] = (uint64_t)floor(parts[i]);
		whole += a->parts[i];
		if (parts[i] > parts[largest])
			largest = i;
	}
	a->rss = (uint64_t)llround(sum);
	a->parts[largest] += a->rss - whole;
}

struct err *account_take(const struct target *t, struct rt *rt, struct account *ret)
{
	if (target_kind(t) != TARGET_PROCESS)
		return err_new(ERR_UNSUPPORTED, "a core file does not say which pages were resident: an account needs the process");
	struct account a = {0};
	double parts[ACCOUNT_PARTS] = {0};
	struct kernel_status st;
	struct kernel_maps maps = {0};
	struct go_heap h = {0};
	struct outside o = {0};
	struct err *err;
	if (!(err = kernel_status(target_pid(t), &st)) && !(err = go_heap_read(rt, &h, &a.gaps)) &&
	    !(err = kernel_smaps(target_pid(t), &maps)) && !(err = outside_read(t, &maps, &o)))
		err = add_maps(t, &maps, &h, &o, parts, &a);
	if (!err) {
		cap_runtime(&h, parts);
		a.status_rss = st.rss;
		to_bytes(parts, &a);
		if (a.parts[ACCOUNT_OTHER] > a.rss / 100) {
			char bytes[32];
			snprintf(bytes, sizeof(bytes), "%llu", (unsigned long long)a.parts[ACCOUNT_OTHER]);
			gap_add(&a.gaps, GAP_ACCOUNT_OTHER, bytes, h.known ? "no mark tells whose these mappings are" :
				"the runtime's spans, which would tell, could not be read");
		}
		*ret = a;
		a = (struct account){0};
	}
	account_fini(&a);
	go_heap_fini(&h);
	outside_fini(&o);
	kernel_maps_fini(&maps);
	return err;
}
