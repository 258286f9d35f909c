//go:build !withc

package main

func fromC(mib int) {
	if mib > 0 {
		panic("built without C")
	}
}
