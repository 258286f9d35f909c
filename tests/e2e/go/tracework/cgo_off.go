//go:build !cgo

package main

func callbacks(stop <-chan struct{}) {}
