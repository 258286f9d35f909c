// The second core: a thread that decodes wanted chunks in the order in which they were asked for. See ahead.h.
#include "read/trace/ahead.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

enum { RING = 1024, SPINS = 300 };

static inline void relax(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

struct ahead {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wanted;
	_Atomic unsigned head, tail; // head: next to take; the merge alone moves tail
	_Atomic bool busy, sleeping, stop;
	struct { struct cursor *c; struct chunk *chunk; } ring[RING];
};

static bool take_one(struct ahead *a)
{
	unsigned head = atomic_load(&a->head);
	if (head == atomic_load(&a->tail))
		return false;
	struct cursor *c = a->ring[head % RING].c;
	struct chunk *chunk = a->ring[head % RING].chunk;
	int wanted = CHUNK_WANTED;
	atomic_store(&a->busy, true);
	atomic_store(&a->head, head + 1);
	// The merge may have come first and decoded it by itself.
	if (atomic_compare_exchange_strong(&chunk->state, &wanted, CHUNK_BUSY)) {
		chunk_decode(c, chunk);
		atomic_store(&chunk->state, CHUNK_READY);
	}
	atomic_store(&a->busy, false);
	return true;
}

static void *run(void *arg)
{
	struct ahead *a = arg;
	for (unsigned idle = 0; !atomic_load(&a->stop);) {
		if (take_one(a)) {
			idle = 0;
		} else if (++idle < SPINS) {
			relax();
		} else {
			pthread_mutex_lock(&a->lock);
			atomic_store(&a->sleeping, true);
			while (atomic_load(&a->head) == atomic_load(&a->tail) && !atomic_load(&a->stop))
				pthread_cond_wait(&a->wanted, &a->lock);
			atomic_store(&a->sleeping, false);
			pthread_mutex_unlock(&a->lock);
			idle = 0;
		}
	}
	return NULL;
}

struct ahead *ahead_new(void)
{
	struct ahead *a = calloc(1, sizeof(*a));
	if (!a)
		return NULL;
	pthread_mutex_init(&a->lock, NULL);
	pthread_cond_init(&a->wanted, NULL);
	if (pthread_create(&a->thread, NULL, run, a)) {
		free(a);
		return NULL;
	}
	return a;
}

static void wake(struct ahead *a)
{
	if (!atomic_load(&a->sleeping))
		return;
	pthread_mutex_lock(&a->lock);
	pthread_cond_signal(&a->wanted);
	pthread_mutex_unlock(&a->lock);
}

void ahead_free(struct ahead *a)
{
	if (!a)
		return;
	atomic_store(&a->stop, true);
	pthread_mutex_lock(&a->lock);
	pthread_cond_signal(&a->wanted);
	pthread_mutex_unlock(&a->lock);
	pthread_join(a->thread, NULL);
	pthread_cond_destroy(&a->wanted);
	pthread_mutex_destroy(&a->lock);
	free(a);
}

void ahead_rest(struct ahead *a)
{
	while (a && (atomic_load(&a->head) != atomic_load(&a->tail) || atomic_load(&a->busy)))
		sched_yield();
}

static void want(struct ahead *a, struct cursor *c, struct chunk *chunk)
{
	unsigned tail = atomic_load(&a->tail);
	if (tail - atomic_load(&a->head) == RING)
		return; // stays empty: the merge decodes it when it comes to it
	atomic_store(&chunk->state, CHUNK_WANTED);
	a->ring[tail % RING].c = c;
	a->ring[tail % RING].chunk = chunk;
	atomic_store(&a->tail, tail + 1);
	wake(a);
}

static bool adopt(struct cursor *c, struct ahead *a, struct chunk *chunk)
{
	c->now = chunk;
	c->at = chunk->recs;
	c->end = chunk->recs + chunk->n;
	struct chunk *other = &c->chunks[chunk == &c->chunks[0]];
	c->next = chunk->last ? NULL : other;
	if (c->next) {
		atomic_store(&other->state, CHUNK_EMPTY);
		if (a)
			want(a, c, other);
	}
	return chunk->n != 0;
}

struct err *cursor_start(struct cursor *c, struct ahead *a, const struct batch_ref *batches, uint32_t cap,
			 struct wire_clock clock, bool *ret_any)
{
	if (cap > c->cap) {
		for (unsigned i = 0; i < countof(c->chunks); i++) {
			struct rec *recs = realloc(c->chunks[i].recs, cap * sizeof(*recs));
			if (!recs)
				return &err_nomem;
			c->chunks[i].recs = recs;
		}
		c->cap = cap;
	}
	c->batches = batches;
	c->clock = clock;
	c->batch = c->first;
	c->w = (struct wire){NULL, NULL};
	c->bad_batches = 0;
	chunk_decode(c, &c->chunks[0]);
	*ret_any = adopt(c, a, &c->chunks[0]);
	return NULL;
}

bool cursor_refill(struct cursor *c, struct ahead *a)
{
	struct chunk *chunk = c->next;
	if (!chunk)
		return false;
	int state = CHUNK_WANTED;
	if (atomic_compare_exchange_strong(&chunk->state, &state, CHUNK_BUSY) || state == CHUNK_EMPTY) {
		chunk_decode(c, chunk);
	} else {
		while (atomic_load(&chunk->state) != CHUNK_READY)
			relax();
	}
	return adopt(c, a, chunk);
}
