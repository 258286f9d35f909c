//go:build go1.26

package main

import "errors"

func e30_newexpr(n int) *int           { return new(n + 1) }
func e31_newexpr_str(s string) *string { return new(s + "x") }
func e32_newexpr_local(n int) int      { p := new(n); return *p }
func e33_astype(e error) bool          { _, ok := errors.AsType[*myErr](e); return ok }

type myErr struct{ s string }

func (m *myErr) Error() string { return m.s }

func init() { all = append(all, e30_newexpr, e31_newexpr_str, e32_newexpr_local, e33_astype) }
