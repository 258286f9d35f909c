//go:build go1.24

package main

import (
	"runtime"
	"testing"
	"weak"
)

func e20_weak() weak.Pointer[P] { return weak.Make(&P{1, 2}) }
func e21_cleanup(p *P)          { runtime.AddCleanup(p, func(n int) {}, 3) }
func e22_bloop(b *testing.B) {
	for b.Loop() {
		useP(&P{1, 2})
	}
}
func e23_weak_value(w weak.Pointer[P]) *P { return w.Value() }

func init() { all = append(all, e20_weak, e21_cleanup, e22_bloop, e23_weak_value) }
