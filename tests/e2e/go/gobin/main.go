// What a program knows of its own functions and types. On stdin: the link address of main.main, then an address a line; for each
// the runtime's answer with every inlined level. "types" prints reflect's view of all types reached from the values below.
package main

import (
	"bufio"
	"container/list"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"runtime"
	"sort"
	"strconv"
	"strings"
	"sync"
	"text/tabwriter"
	"time"
	"unsafe"

	"example.com/gobin/levels"
)

type pair[K comparable, V any] struct {
	key K
	val V
}

func (p *pair[K, V]) swap(v V) V { old := p.val; p.val = v; return old }

type tree struct {
	left, right *tree
	pair[string, map[int][]*tree]
	fn    func(int, ...string) (error, bool)
	ch    <-chan [3]struct{ a, b uint16 }
	any   interface{ Do(x complex128) }
	_     [0]uint64
	bytes [40]byte
	note  struct {
		text string `json:"text,omitempty"`
		at   time.Time
	}
}

type bag map[pair[int8, bool]]chan<- float32

var (
	sink  any
	roots = []any{
		tree{}, bag{}, &pair[string, any]{}, pair[[2]string, *bag]{}, list.List{}, json.Decoder{}, sync.Map{}, tabwriter.Writer{},
		time.Timer{}, reflect.Value{}, os.File{}, strings.Builder{}, errors.New(""), map[string]func(){}, [7][]rune{}, runtime.MemStats{},
		unsafe.Pointer(nil), struct{ reader *bufio.Reader }{}, complex64(0), uintptr(0), new(any),
	}
)

func frames(pc uintptr) {
	stk := levels.Expand([]uintptr{pc + 1})
	fs := runtime.CallersFrames(stk)
	for {
		f, more := fs.Next()
		fmt.Printf("\t%s\t%s\t%d\n", f.Function, f.File, f.Line)
		if !more {
			return
		}
	}
}

func typeAddr(t reflect.Type) uintptr { return (*[2]uintptr)(unsafe.Pointer(&t))[1] }

func types(bias uintptr) {
	seen := map[reflect.Type]bool{}
	var visit func(t reflect.Type)
	visit = func(t reflect.Type) {
		if seen[t] {
			return
		}
		seen[t] = true
		switch t.Kind() {
		case reflect.Array, reflect.Chan, reflect.Pointer, reflect.Slice:
			visit(t.Elem())
		case reflect.Map:
			visit(t.Key())
			visit(t.Elem())
		case reflect.Func:
			for i := 0; i < t.NumIn(); i++ {
				visit(t.In(i))
			}
			for i := 0; i < t.NumOut(); i++ {
				visit(t.Out(i))
			}
		case reflect.Struct:
			for i := 0; i < t.NumField(); i++ {
				visit(t.Field(i).Type)
			}
		}
	}
	for _, r := range roots {
		visit(reflect.TypeOf(r))
	}
	all := make([]reflect.Type, 0, len(seen))
	for t := range seen {
		all = append(all, t)
	}
	sort.Slice(all, func(i, j int) bool { return typeAddr(all[i]) < typeAddr(all[j]) })
	for _, t := range all {
		path := ""
		if t.Name() != "" && t.PkgPath() != "" {
			path = t.PkgPath() + "." + t.Name()
		}
		fmt.Printf("type\t%#x\t%s\t%s\t%d\t%s\n", typeAddr(t)-bias, t, t.Kind(), t.Size(), path)
		if t.Kind() == reflect.Struct {
			for i := 0; i < t.NumField(); i++ {
				f := t.Field(i)
				fmt.Printf("\t%s\t%s\t%d\n", f.Name, f.Type, f.Offset)
			}
		}
	}
}

func main() {
	startCgo()
	sink = (&pair[string, any]{}).swap(1)
	in := bufio.NewScanner(os.Stdin)
	if !in.Scan() {
		return
	}
	link, err := strconv.ParseUint(in.Text(), 0, 64)
	if err != nil {
		panic(err)
	}
	bias := reflect.ValueOf(main).Pointer() - uintptr(link)
	for in.Scan() {
		if in.Text() == "types" {
			types(bias)
			continue
		}
		pc, err := strconv.ParseUint(in.Text(), 0, 64)
		if err != nil {
			panic(err)
		}
		fmt.Printf("pc\t%#x\n", pc)
		frames(uintptr(pc) + bias)
	}
}
