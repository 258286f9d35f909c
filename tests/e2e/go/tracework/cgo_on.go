//go:build cgo

package main

/*
#include <pthread.h>
extern void goTick(int);
static void *body(void *arg) { for (int i = 0; i < 3; i++) goTick(i); return arg; }
static void foreign(void) { pthread_t t; if (!pthread_create(&t, 0, body, 0)) pthread_join(t, 0); }
*/
import "C"
import "time"

var ticks int

//export goTick
func goTick(n C.int) { ticks += int(n) }

// callbacks: threads of C that call into Go.
func callbacks(stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		default:
		}
		C.foreign()
		time.Sleep(20 * time.Millisecond)
	}
}
