package main

import (
	"errors"
	"fmt"
	"io"
	"reflect"
	"sort"
	"strconv"
	"strings"
	"sync"
)

type P struct{ X, Y int }
type Q struct {
	N    string
	Next *Q
}
type Big struct{ A [32]int }
type BigP struct {
	A [16]int
	P *int
}
type Small struct{ A, B byte }
type Shape interface{ Area() float64 }
type Sq struct{ S float64 }

func (s Sq) Area() float64 { return s.S * s.S }
func (p *P) Sum() int      { return p.X + p.Y }
func (p P) Val() int       { return p.X }
func (p *P) Keep(q *P) *P  { gp = q; return p }

var (
	gp   *P
	gany any
	gf   func() int
	gs   []int
	gb   []byte
	gstr string
	gm   map[string]*P
	gc   chan *P
	gsh  Shape
	gq   *Q
	gbig *Big
	gi   *int
	gsp  []*P
	gerr error
)

//go:noinline
func use(x any) {}

//go:noinline
func useP(p *P) int { return p.X }

//go:noinline
func leakP(p *P) { gp = p }

func c01_ctor(x, y int) *P  { p := P{x, y}; return &p }
func c02_lit(x int) *P      { return &P{X: x} }
func c03_new() *int         { return new(int) }
func c04_litptr() *Q        { return &Q{N: "a"} }
func c05_big() *Big         { return &Big{} }
func c06_bigp() *BigP       { return new(BigP) }
func c07_small() *Small     { return &Small{1, 2} }
func c08_two() (*int, *int) { a, b := 1, 2; return &a, &b }
func c09_two_cond(f bool) *int {
	a, b := 1, 2
	if f {
		return &a
	}
	return &b
}
func c10_inl() *P                      { return c01_ctor(3, 4) }
func c11_closure_val(n int) func() int { return func() int { return n } }
func c12_closure_ref() func() int {
	n := 0
	return func() int { n++; return n }
}
func c13_closure_wide(b Big) func() int { return func() int { return b.A[3] } }
func c14_closure_local(n int) int {
	f := func() int { return n * 2 }
	return f()
}
func c15_box_int(n int)             { gany = n }
func c16_box_zero()                 { gany = 0 }
func c17_box_small(b byte)          { gany = b }
func c18_box_string(s string)       { gany = s }
func c19_box_struct(p P)            { gany = p }
func c20_box_ptr(p *P)              { gany = p }
func c21_box_slice(s []int)         { gany = s }
func c22_box_iface(s Sq)            { gsh = s }
func c23_box_empty()                { gany = struct{}{} }
func c24_box_const()                { gany = "const" }
func c25_sprintf(n int) string      { return fmt.Sprintf("%d", n) }
func c26_println(s string)          { fmt.Println(s) }
func c27_fprintf(w io.Writer, p *P) { fmt.Fprintf(w, "%v", p) }
func c28_errorf(e error) error      { return fmt.Errorf("x: %w", e) }
func c29_reflect(p P) int           { return reflect.ValueOf(p).NumField() }
func c30_reflect_typeof(p P) string { return reflect.TypeOf(p).Name() }
func c31_append_esc(n int) []int {
	var s []int
	for i := 0; i < n; i++ {
		s = append(s, i)
	}
	return s
}
func c32_append_noesc(n int) int {
	var s []int
	for i := 0; i < n; i++ {
		s = append(s, i)
	}
	t := 0
	for _, v := range s {
		t += v
	}
	return t
}
func c33_append_cap(n int) (r []*P) {
	var s []*P
	for i := 0; i < n; i++ {
		s = append(s, nil)
	}
	gs = append(gs, cap(s))
	return s
}
func c34_append_make(s []int, n int) []int     { return append(s, make([]int, n)...) }
func c35_append_one(s []int, v int) []int      { return append(s, v) }
func c36_append_slice(s, t []byte) []byte      { return append(s, t...) }
func c37_append_str(s []byte, t string) []byte { return append(s, t...) }
func c38_make_const() []int                    { return make([]int, 10) }
func c39_make_unknown(n int) []int             { return make([]int, n) }
func c40_make_unknown_local(n int) int {
	s := make([]int, n)
	for i := range s {
		s[i] = i
	}
	return len(s)
}
func c41_make_bytes_local(n int) int {
	b := make([]byte, n)
	return copy(b, "hello")
}
func c42_make_cap_local(n int) int {
	b := make([]byte, 0, n)
	b = append(b, 'x')
	return len(b)
}
func c43_make_const_64k() int {
	b := make([]byte, 64<<10)
	return len(b) + int(b[5])
}
func c44_make_const_64k1() byte {
	b := make([]byte, 64<<10+1)
	return b[len(gs)]
}
func c45_var_200k() byte {
	var b [200 << 10]byte
	return b[len(gs)]
}
func c46_make_copy(s []int) []int {
	t := make([]int, len(s))
	copy(t, s)
	return t
}
func c47_make_copy_ptr(s []*P) []*P {
	t := make([]*P, len(s))
	copy(t, s)
	return t
}
func c48_map_insert(k string, p P)      { gm[k] = &p }
func c49_map_make(n int) map[string]int { return make(map[string]int, n) }
func c50_map_small() int {
	m := map[string]int{"a": 1}
	return m[gstr]
}
func c51_map_lit() map[int]*P                          { return map[int]*P{1: {1, 2}} }
func c52_str2bytes(s string) []byte                    { return []byte(s) }
func c53_bytes2str(b []byte) string                    { return string(b) }
func c54_bytes2str_key(m map[string]int, b []byte) int { return m[string(b)] }
func c55_str2bytes_ro(s string) int {
	n := 0
	for _, c := range []byte(s) {
		n += int(c)
	}
	return n
}
func c56_concat(a, b string) string       { return a + "/" + b }
func c57_concat_local(a, b string) bool   { return a+b == "xy" }
func c58_concat_bytes(a, b string) []byte { return []byte(a + b) }
func c59_runes(s string) []rune           { return []rune(s) }
func c60_intstr(r rune) string            { return string(r) }
func c61_itoa(n int) string               { return strconv.Itoa(n) }
func c62_method_value(p *P) func() int    { return p.Sum }
func c63_method_value_local(p *P) int     { f := p.Sum; return f() }
func c64_method_expr() func(*P) int       { return (*P).Sum }
func c65_go(p *P)                         { go useP(p) }
func c66_go_closure(n int) {
	go func() { gs[0] = n }()
}
func c67_defer(p *P) { defer useP(p) }
func c68_defer_loop(ps []*P) {
	for _, p := range ps {
		defer useP(p)
	}
}
func c69_send(n int)         { gc <- &P{n, n} }
func c70_makechan() chan int { return make(chan int, 4) }
func c71_chan_local() int {
	c := make(chan int, 1)
	c <- 1
	return <-c
}
func c72_variadic(a, b *P) { vari(a, b) }

//go:noinline
func vari(ps ...*P)                  { gsp = ps }
func c73_variadic_local(a, b *P) int { return vcount(a, b) }

//go:noinline
func vcount(ps ...*P) int { return len(ps) }

func Gen[T any](v T) *T { return &v }

//go:noinline
func GenNI[T any](v T) *T    { return &v }
func c74_generic(n int) *int { return Gen(n) }
func c75_generic_ni(p P) *P  { return GenNI(p) }
func GBox[T any](v T) any    { return v }
func c76_gbox(n int) any     { return GBox(n) }

type List[T any] struct {
	v    T
	next *List[T]
}

func (l *List[T]) Push(v T) *List[T]           { return &List[T]{v, l} }
func c77_generic_meth(l *List[int]) *List[int] { return l.Push(1) }
func c78_iface_call(s Shape, p *P) float64 {
	q := P{1, 2}
	use(&q)
	return s.Area()
}
func c79_iface_arg(w io.Writer, n int) {
	var buf [16]byte
	w.Write(buf[:n])
}
func c80_devirt(n int) float64 {
	var s Shape = Sq{float64(n)}
	return s.Area()
}
func c81_sort(s []int) { sort.Slice(s, func(i, j int) bool { return s[i] < s[j] }) }
func c82_builder(n int) string {
	var b strings.Builder
	for i := 0; i < n; i++ {
		b.WriteByte('x')
	}
	return b.String()
}
func c83_loopvar() (r []*int) {
	for i := 0; i < 3; i++ {
		r = append(r, &i)
	}
	return
}
func c84_leak_param(p *P) *P       { return p }
func c85_leak_content(pp **P)      { gp = *pp }
func c86_struct_of_ptr(n int) *Q   { return &Q{Next: &Q{N: strconv.Itoa(n)}} }
func c87_slice_lit(n int) []int    { return []int{n, 2, 3} }
func c88_slice_lit_ptr() []*P      { return []*P{{1, 2}, {3, 4}} }
func c89_array_ptr() *[4]int       { return &[4]int{1} }
func c90_errors_new() error        { return errors.New("x") }
func c91_pool(p *sync.Pool)        { p.Put(new(P)) }
func c92_once(o *sync.Once, n int) { o.Do(func() { gs = append(gs, n) }) }
func c93_typeswitch(x any) *int {
	switch v := x.(type) {
	case int:
		return &v
	}
	return nil
}
func c94_funcvar(b bool) int {
	f := useP
	if b {
		f = useP2
	}
	p := P{1, 2}
	return f(&p)
}

//go:noinline
func useP2(p *P) int { return p.Y }
func c95_funcvar_lit(b bool) int {
	f := func(p *P) int { return p.X }
	if b {
		f = func(p *P) int { return p.Y }
	}
	p := P{1, 2}
	return f(&p)
}
func c96_switch_table(n int) int {
	switch n {
	case 0:
		return 10
	case 1:
		return 20
	case 2:
		return 30
	case 3:
		return 77
	case 4:
		return 9
	}
	return -1
}
func c97_loop_alloc(n int) {
	for i := 0; i < n; i++ {
		gsp[i] = &P{1, 2}
	}
}
func c98_recursive(n int) *Q {
	if n == 0 {
		return nil
	}
	return &Q{Next: c98_recursive(n - 1)}
}
func c99_recover() (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
	}()
	return nil
}
func d00_min80() *[10]int   { return new([10]int) }
func d01_over80() *[11]int  { return new([11]int) }
func d02_ptr80() *[10]*P    { return new([10]*P) }
func d03_ptr88() *[11]*P    { return new([11]*P) }
func d04_tiny1() *byte      { return new(byte) }
func d05_tiny15() *[15]byte { return new([15]byte) }
func d06_16() *[16]byte     { return new([16]byte) }
func d07_zero() *struct{}   { return new(struct{}) }
func d08_three() (*byte, *int32, *int64) {
	a, b, c := byte(1), int32(2), int64(3)
	return &a, &b, &c
}
func d09_param_moved(n int, m int) (*int, *int) { return &n, &m }
func d10_result_moved() (n int, p *int)         { p = &n; return }
func d11_iface_slice(a, b int) []any            { return []any{a, b, "x"} }
func d12_append_any(s []any, n int) []any       { return append(s, n) }
func d13_bytes_buf() string {
	b := make([]byte, 0, 64)
	b = append(b, gstr...)
	return string(b)
}
func d14_chained(n int) string      { return "a" + strconv.Itoa(n) + "b" }
func d15_ptr_to_slice(n int) *[]int { s := make([]int, n); return &s }
func d16_anon(n int) any            { return struct{ A int }{n} }
func d17_append_local_small() int {
	var s []int
	s = append(s, 1)
	s = append(s, 2, 3)
	return len(s) + s[len(gs)]
}
func d18_make_ptr_local(n int) int {
	s := make([]*P, n)
	for i := range s {
		s[i] = nil
	}
	return len(s)
}
func d19_make_struct_local(n int) int {
	s := make([]Big, n)
	return len(s)
}

func init() {
	all = append(all, c01_ctor, c02_lit, c03_new, c04_litptr, c05_big, c06_bigp, c07_small, c08_two, c09_two_cond, c10_inl, c11_closure_val, c12_closure_ref, c13_closure_wide, c14_closure_local, c15_box_int, c16_box_zero, c17_box_small, c18_box_string, c19_box_struct, c20_box_ptr, c21_box_slice, c22_box_iface, c23_box_empty, c24_box_const, c25_sprintf, c26_println, c27_fprintf, c28_errorf, c29_reflect, c30_reflect_typeof, c31_append_esc, c32_append_noesc, c33_append_cap, c34_append_make, c35_append_one, c36_append_slice, c37_append_str, c38_make_const, c39_make_unknown, c40_make_unknown_local, c41_make_bytes_local, c42_make_cap_local, c43_make_const_64k, c44_make_const_64k1, c45_var_200k, c46_make_copy, c47_make_copy_ptr, c48_map_insert, c49_map_make, c50_map_small, c51_map_lit, c52_str2bytes, c53_bytes2str, c54_bytes2str_key, c55_str2bytes_ro, c56_concat, c57_concat_local, c58_concat_bytes, c59_runes, c60_intstr, c61_itoa, c62_method_value, c63_method_value_local, c64_method_expr, c65_go, c66_go_closure, c67_defer, c68_defer_loop, c69_send, c70_makechan, c71_chan_local, c72_variadic, c73_variadic_local, c74_generic, c75_generic_ni, c76_gbox, c77_generic_meth, c78_iface_call, c79_iface_arg, c80_devirt, c81_sort, c82_builder, c83_loopvar, c84_leak_param, c85_leak_content, c86_struct_of_ptr, c87_slice_lit, c88_slice_lit_ptr, c89_array_ptr, c90_errors_new, c91_pool, c92_once, c93_typeswitch, c94_funcvar, c95_funcvar_lit, c96_switch_table, c97_loop_alloc, c98_recursive, c99_recover, d00_min80, d01_over80, d02_ptr80, d03_ptr88, d04_tiny1, d05_tiny15, d06_16, d07_zero, d08_three, d09_param_moved, d10_result_moved, d11_iface_slice, d12_append_any, d13_bytes_buf, d14_chained, d15_ptr_to_slice, d16_anon, d17_append_local_small, d18_make_ptr_local, d19_make_struct_local)
}
