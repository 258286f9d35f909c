//go:build cgo && oraclecgo

package main

/*
static int twice(int x) { return 2 * x; }
*/
import "C"

func startCgo() { sink = C.twice(21) }
