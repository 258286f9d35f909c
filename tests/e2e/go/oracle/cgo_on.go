//go:build cgo && oraclecgo

package main

/*
#include <unistd.h>

static int block_in_c(int fd)
{
	char c;
	return (int)read(fd, &c, 1);
}

void call_back(void);

*/
import "C"

import "syscall"

// startCgo: one goroutine blocked inside C, one in Go code that C called.
func startCgo() {
	var p [2]int
	must(syscall.Pipe(p[:]))
	go func() {
		waitFD("cgo_call", p[0], 0)
		C.block_in_c(C.int(p[0]))
	}()
	go C.call_back()
}

//export goCallback
func goCallback() {
	wait("cgo_callback", chanAddr(chParked))
	<-chParked
}
