package main

import (
	"fmt"
	"unsafe"
)

type node struct {
	next  *node
	value [3]uint64
}

type pair[K comparable, V any] struct {
	key K
	val V
}

func (p *pair[K, V]) hold() *pair[K, V] { return &pair[K, V]{p.key, p.val} }

type iface interface{ weight() int }

type withPointers struct {
	a, b *int
	name string
	list []*node
}

func (w *withPointers) weight() int { return len(w.list) }

var (
	list     *node
	sizes    [][]byte
	pointers [][]*int
	tiny     []*uint16
	big      [][]byte
	byName   = map[string]*withPointers{}
	byNumber = map[int64]int64{}
	anything []any
	faces    []iface
	pairs    []*pair[string, int]
	many     []any
	churned  []*node
	chained  *node
)

// fillHeap makes some objects of every size class, with and without pointers, and remembers addresses.
func fillHeap() {
	for i := 0; i < 1000; i++ {
		list = &node{next: list}
	}
	keep("list", "main.node", unsafe.Pointer(list), unsafe.Sizeof(*list), 1000)
	for n := 8; n <= 40000; n += n/4 + 8 {
		for k := 0; k < 5; k++ {
			b, p := make([]byte, n), make([]*int, (n+7)/8)
			sizes, pointers = append(sizes, b), append(pointers, p)
			if k == 0 {
				keep(fmt.Sprintf("sizes%d", n), "[]uint8", unsafe.Pointer(&b[0]), uintptr(n), 5)
				keep(fmt.Sprintf("pointers%d", n), "[]*int", unsafe.Pointer(&p[0]), uintptr(len(p)*8), 5)
			}
		}
	}
	for i := 0; i < 300; i++ {
		v := uint16(i)
		tiny = append(tiny, &v)
	}
	for i := 1; i <= 8; i++ {
		b := make([]byte, i*300000)
		big = append(big, b)
		keep(fmt.Sprintf("big%d", i), "[]uint8", unsafe.Pointer(&b[0]), uintptr(len(b)), 1)
	}
	for i := 0; i < 2000; i++ {
		w := &withPointers{name: fmt.Sprintf("entry %d", i), list: make([]*node, i%7)}
		byName[w.name] = w
		byNumber[int64(i)] = int64(i * i)
		if i%4 == 0 {
			faces = append(faces, w)
			anything = append(anything, w, i*1000, fmt.Sprint(i))
			pairs = append(pairs, (&pair[string, int]{w.name, i}).hold())
		}
	}
	keep("byName", "map[string]*main.withPointers", mapPointer(byName), 0, len(byName))
	keep("byNumber", "map[int64]int64", mapNumber(byNumber), 0, len(byNumber))
	keep("global list", "*main.node", unsafe.Pointer(&list), 8, 1)
	keep("global byName", "map[string]*main.withPointers", unsafe.Pointer(&byName), 8, 1)
}

func mapPointer(m map[string]*withPointers) unsafe.Pointer {
	return *(*unsafe.Pointer)(unsafe.Pointer(&m))
}
func mapNumber(m map[int64]int64) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&m)) }

// left and right make a distinct call stack for each path of bits.
//
//go:noinline
func left(path, depth int) any {
	if depth == 0 {
		return make([]byte, 600)
	}
	return turn(path, depth)
}

//go:noinline
func right(path, depth int) any {
	if depth == 0 {
		return &withPointers{list: make([]*node, 100)}
	}
	return turn(path, depth)
}

func turn(path, depth int) any { // small enough to be inlined into both
	if path&1 == 0 {
		return left(path>>1, depth-1)
	}
	return right(path>>1, depth-1)
}

func manyBuckets(n int) {
	depth := 1
	for 1<<depth < n {
		depth++
	}
	for i := 0; i < n; i++ {
		for k := 0; k < 40; k++ { // often enough to be sampled at the default rate here
			many = append(many, turn(i, depth))
		}
	}
}

func bigHeap(mib int) {
	for i := 0; i < mib<<20/32; i++ {
		chained = &node{next: chained}
	}
}

func churn(n int) {
	for i := 0; i < n; i++ {
		x := &node{value: [3]uint64{uint64(i)}}
		if i%8 == 0 {
			churned = append(churned, x)
		} else {
			anything[i%len(anything)] = x
		}
	}
}
