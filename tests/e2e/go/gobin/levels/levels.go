// Package levels borrows the runtime's expansion of an address into its inlined levels, which profiles are made with.
package levels

import (
	_ "runtime/pprof"
	_ "unsafe"
)

//go:linkname Expand runtime/pprof.runtime_expandFinalInlineFrame
func Expand(stk []uintptr) []uintptr
