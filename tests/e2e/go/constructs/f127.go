//go:build go1.27

package main

type Box struct{ v any }

func (b *Box) Put[T any](v T) *T { b.v = v; return &v }

//go:noinline
func (b *Box) PutNI[T any](v T) *T { b.v = v; return &v }
func e40_genmeth(b *Box, n int) *int { return b.Put(n) }
func e41_genmeth_ni(b *Box, p P) *P { return b.PutNI(p) }
func e42_genmeth_value(b *Box) func(int) *int { return b.PutNI[int] }

type Emb struct{ P; Z int }

func e43_selkey(n int) *Emb { return &Emb{X: n, Z: 3} }

func init() { all = append(all, e40_genmeth,e41_genmeth_ni,e42_genmeth_value,e43_selkey) }
