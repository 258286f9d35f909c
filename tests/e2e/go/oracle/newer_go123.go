//go:build go1.23

package main

import "iter"

// startNewer: coroutines and range over functions, of Go 1.23 and later.
func startNewer() {
	next, stop := iter.Pull(numbers)
	next()
	keepAlive = append(keepAlive, stop)
	go overFunc()
}

func numbers(yield func(int) bool) {
	wait("coroutine", 0)
	for i := 0; yield(i); i++ {
	}
}

func eachParked(yield func(chan int) bool) { yield(chParked) }

func overFunc() {
	for c := range eachParked {
		wait("range_func", chanAddr(c))
		<-c
	}
}
