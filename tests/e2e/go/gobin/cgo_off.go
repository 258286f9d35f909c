//go:build !cgo || !oraclecgo

package main

func startCgo() {}
