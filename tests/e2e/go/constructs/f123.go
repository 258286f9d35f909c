//go:build go1.23

package main

import (
	"iter"
	"maps"
	"slices"
	"unique"
)

func e01_seq(n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := 0; i < n; i++ {
			if !yield(i) {
				return
			}
		}
	}
}
func e02_rangefunc(n int) int {
	t := 0
	for v := range e01_seq(n) {
		t += v
	}
	return t
}
func e03_rangefunc_esc(n int) (r []*int) {
	for v := range e01_seq(n) {
		r = append(r, &v)
	}
	return
}
func e04_rangefunc_iface(s iter.Seq[*P]) *P {
	for v := range s {
		return v
	}
	return nil
}
func e05_pull(n int) int {
	next, stop := iter.Pull(e01_seq(n))
	defer stop()
	v, _ := next()
	return v
}
func e06_collect(m map[string]int) []string     { return slices.Sorted(maps.Keys(m)) }
func e07_unique(s string) unique.Handle[string] { return unique.Make(s) }
func e08_rangefunc_defer(n int) {
	for v := range e01_seq(n) {
		defer use(v)
	}
}
func e09_unique_struct(p P) unique.Handle[P] { return unique.Make(p) }
func e10_slices_concat(a, b []int) []int     { return slices.Concat(a, b) }
func e11_slices_clone(a []int) []int         { return slices.Clone(a) }
func e12_range_int(n int) (r []*int) {
	for i := range n {
		r = append(r, &i)
	}
	return
}

func init() {
	all = append(all, e01_seq, e02_rangefunc, e03_rangefunc_esc, e04_rangefunc_iface, e05_pull, e06_collect, e07_unique, e08_rangefunc_defer, e09_unique_struct, e10_slices_concat, e11_slices_clone, e12_range_int)
}
