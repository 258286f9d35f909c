//go:build go1.23

package main

import (
	"iter"
	"time"
)

// coroutines: iter.Pull switches goroutines directly.
func coroutines(stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		default:
		}
		next, end := iter.Pull(func(yield func(int) bool) {
			for i := 0; i < 5 && yield(i); i++ {
			}
		})
		for _, ok := next(); ok; _, ok = next() {
		}
		end()
		time.Sleep(5 * time.Millisecond)
	}
}
