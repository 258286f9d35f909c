//go:build withc

package main

// #include <stdlib.h>
// #include <string.h>
// #include <pthread.h>
// #include <unistd.h>
// static void *wait_for_ever(void *x) { pause(); return x; }
// static void take(int mib) {
//	pthread_t t;
//	if (mib && !pthread_create(&t, NULL, wait_for_ever, NULL)) pthread_detach(t);
//	for (int i = 0; i < mib; i++) {       // half in small pieces (brk, arenas), half mapped
//		if (i % 2) { for (int k = 0; k < 1024; k++) memset(malloc(1000), 1, 1000); }
//		else memset(malloc(1 << 20), 1, 1 << 20);
//	}
// }
import "C"

func fromC(mib int) { C.take(C.int(mib)) }
