//go:build !go1.23

package main

func coroutines(stop <-chan struct{}) {}
