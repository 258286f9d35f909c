// A lock-free ring of pointers between one producer and one consumer. A full ring refuses; it never blocks.
#pragma once
#include "base/base.h"

#include <stdatomic.h>

enum { RING_SLOTS = 256 }; // a power of two

struct ring {
	_Atomic uint32_t head, tail; // head: next to write, the producer's; tail: next to read, the consumer's
	void *slots[RING_SLOTS];
};

static inline bool ring_put(struct ring *r, void *p)
{
	uint32_t head = atomic_load_explicit(&r->head, memory_order_relaxed);
	if (head - atomic_load_explicit(&r->tail, memory_order_acquire) == RING_SLOTS)
		return false;
	r->slots[head % RING_SLOTS] = p;
	atomic_store_explicit(&r->head, head + 1, memory_order_release);
	return true;
}

static inline void *ring_get(struct ring *r) // NULL: empty
{
	uint32_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
	if (tail == atomic_load_explicit(&r->head, memory_order_acquire))
		return NULL;
	void *p = r->slots[tail % RING_SLOTS];
	atomic_store_explicit(&r->tail, tail + 1, memory_order_release);
	return p;
}
