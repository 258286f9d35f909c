// Writes profiles of every kind into a folder: the same in all releases, so that readers can be compared on them.
//
//	profiles FOLDER
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"sort"
	"strings"
	"sync"
	"time"
)

type node struct {
	left, right *node
	payload     []byte
}

type list[T any] struct{ items []T }

func (l *list[T]) add(x T) { l.items = append(l.items, x) }

type session struct {
	name   string
	buffer []byte
	peers  map[string]*session
}

var (
	held     []any
	sessions = map[string]*session{}
)

//go:noinline
func tree(depth int) *node {
	if depth == 0 {
		return nil
	}
	return &node{tree(depth - 1), tree(depth - 1), leaf(depth)}
}

func leaf(n int) []byte { return make([]byte, 64*n) } // inlined into tree

func open(i int) *session { // inlined
	s := newSession(fmt.Sprintf("player-%d", i))
	sessions[s.name] = s
	return s
}

//go:noinline
func newSession(name string) *session {
	return &session{name: name, buffer: make([]byte, 2048), peers: make(map[string]*session)}
}

func grow(n int) {
	var ints list[int]
	var words list[string]
	for i := 0; i < n; i++ {
		ints.add(i)
		words.add(strings.Repeat("x", i%50))
		if i%7 == 0 {
			held = append(held, open(i))
		}
	}
	held = append(held, ints.items, words.items, tree(10))
}

func garbage(n int) (total int) {
	for i := 0; i < n; i++ {
		parts := strings.Split(strings.Repeat("a,b,", 200), ",")
		sort.Strings(parts)
		total += len(parts)
	}
	return
}

// 400 functions' worth of distinct lines and stacks, by recursion through a table.
func fan(depth, branch int) {
	if depth == 0 {
		held = append(held, make([]byte, 512+branch))
		return
	}
	switch branch % 4 {
	case 0:
		fanA(depth-1, branch/4)
	case 1:
		fanB(depth-1, branch/4)
	case 2:
		func() { fan(depth-1, branch/4) }()
	default:
		fan(depth-1, branch/4)
	}
}

//go:noinline
func fanA(depth, branch int) { fan(depth, branch+1) }

//go:noinline
func fanB(depth, branch int) { fan(depth, branch+2) }

func contend(mu *sync.Mutex, wg *sync.WaitGroup) {
	defer wg.Done()
	for i := 0; i < 20; i++ {
		mu.Lock()
		time.Sleep(100 * time.Microsecond)
		mu.Unlock()
	}
}

func spin(d time.Duration) (n int) {
	for end := time.Now().Add(d); time.Now().Before(end); {
		n += garbage(3)
	}
	return
}

func wait(c chan int) { <-c }

func write(folder, name, profile string, debug int) {
	f, err := os.Create(filepath.Join(folder, name))
	if err == nil {
		if p := pprof.Lookup(profile); p != nil {
			err = p.WriteTo(f, debug)
		}
	}
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func main() {
	folder := os.Args[1]
	runtime.MemProfileRate = 16 << 10 // many sites, and still sampled
	runtime.SetMutexProfileFraction(1)
	runtime.SetBlockProfileRate(1)
	grow(300)
	runtime.GC()
	runtime.GC()
	write(folder, "heap-small.pb.gz", "heap", 0)

	grow(20000)
	for i := 0; i < 4096; i++ {
		fan(6, i)
	}
	garbage(2000)
	runtime.GC()
	runtime.GC()
	write(folder, "heap.pb.gz", "heap", 0)
	write(folder, "heap.txt", "heap", 1)
	write(folder, "allocs.pb.gz", "allocs", 0)

	var mu sync.Mutex
	var wg sync.WaitGroup
	for i := 0; i < 4; i++ {
		wg.Add(1)
		go contend(&mu, &wg)
	}
	wg.Wait()
	write(folder, "mutex.pb.gz", "mutex", 0)
	write(folder, "mutex.txt", "mutex", 1)
	write(folder, "block.pb.gz", "block", 0)
	write(folder, "block.txt", "block", 1)

	cpu, err := os.Create(filepath.Join(folder, "cpu.pb.gz"))
	if err != nil || pprof.StartCPUProfile(cpu) != nil {
		os.Exit(1)
	}
	for i := 0; i < 3; i++ {
		pprof.Do(context.Background(), pprof.Labels("room", fmt.Sprint("arena-", i), "phase", "match"), func(context.Context) { spin(150 * time.Millisecond) })
	}
	spin(100 * time.Millisecond)
	pprof.StopCPUProfile()
	cpu.Close()

	c := make(chan int)
	for i := 0; i < 60; i++ {
		pprof.Do(context.Background(), pprof.Labels("room", fmt.Sprint("arena-", i%3)), func(context.Context) { go wait(c) })
	}
	for i := 0; i < 30; i++ {
		go func() { select {} }()
	}
	time.Sleep(20 * time.Millisecond)
	write(folder, "goroutine.pb.gz", "goroutine", 0)
	write(folder, "goroutine.txt", "goroutine", 1)
	write(folder, "goroutine.dump", "goroutine", 2)
	write(folder, "threadcreate.pb.gz", "threadcreate", 0)
	write(folder, "threadcreate.txt", "threadcreate", 1)
	if pprof.Lookup("goroutineleak") != nil {
		write(folder, "goroutineleak.pb.gz", "goroutineleak", 0)
		write(folder, "goroutineleak.txt", "goroutineleak", 1)
	}
	close(c)

	grow(5000)
	held = held[:len(held)/2]
	runtime.GC()
	runtime.GC()
	write(folder, "heap-after.pb.gz", "heap", 0)
	write(folder, "heap-after.txt", "heap", 1)
	runtime.KeepAlive(held)
}
