// A program whose resident memory has a known part of every kind. It prints READY and its own statistics, and sleeps.
//
//	-live N -idle N   MiB of live objects; MiB that were live once and are kept by the runtime
//	-goroutines N     each with a stack of 16 KiB or more
//	-map N            MiB mapped by the program itself, touched, outside of Go's heap
//	-file PATH        a file mapped, each page read
//	-c N              MiB from C's malloc (built with cgo only)
//	-grow N           MiB more each second, for two minutes
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	_ "net/http/pprof"
	"os"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"
)

var (
	keep  [][]byte
	other [][]byte
	hold  = make(chan struct{})
)

func touched(b []byte) []byte {
	for i := 0; i < len(b); i += 4096 {
		b[i] = 1
	}
	return b
}

//go:noinline
func deep(n int, started chan<- struct{}) byte {
	var frame [4096]byte
	frame[n] = byte(n)
	if n > 0 {
		return frame[n] + deep(n-1, started)
	}
	started <- struct{}{}
	<-hold
	return frame[0]
}

func mapFile(path string) []byte {
	f, err := os.Open(path)
	if err != nil {
		panic(err)
	}
	st, _ := f.Stat()
	b, err := syscall.Mmap(int(f.Fd()), 0, int(st.Size()), syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		panic(err)
	}
	sum := byte(0)
	for i := 0; i < len(b); i += 4096 {
		sum += b[i]
	}
	hidden = sum
	return b
}

var hidden byte

func main() {
	live := flag.Int("live", 0, "")
	idle := flag.Int("idle", 0, "")
	goroutines := flag.Int("goroutines", 0, "")
	mapped := flag.Int("map", 0, "")
	file := flag.String("file", "", "")
	c := flag.Int("c", 0, "")
	listen := flag.String("listen", "", "")
	grow := flag.Int("grow", 0, "")
	flag.Parse()
	debug.SetGCPercent(-1)
	for i := 0; i < *live; i++ {
		keep = append(keep, touched(make([]byte, 1<<20)))
	}
	var once [][]byte
	for i := 0; i < *idle; i++ {
		once = append(once, touched(make([]byte, 1<<20)))
	}
	started := make(chan struct{})
	for i := 0; i < *goroutines; i++ {
		go deep(2, started)
		<-started
	}
	if *mapped > 0 {
		b, err := syscall.Mmap(-1, 0, *mapped<<20, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE|syscall.MAP_ANON)
		if err != nil {
			panic(err)
		}
		other = append(other, touched(b))
	}
	if *file != "" {
		other = append(other, mapFile(*file))
	}
	fromC(*c)
	if *listen != "" {
		go http.ListenAndServe(*listen, nil)
		time.Sleep(200 * time.Millisecond)
	}
	runtime.KeepAlive(once)
	once = nil
	runtime.GC()
	runtime.GC() // the first one's garbage is swept by now
	var ms runtime.MemStats
	runtime.ReadMemStats(&ms)
	out, _ := json.Marshal(map[string]any{"alloc": ms.HeapAlloc, "idle": ms.HeapIdle - ms.HeapReleased, "stack": ms.StackInuse,
		"goroutines": runtime.NumGoroutine()})
	fmt.Printf("READY %s\n", out)
	for i := 0; i < 1200 && *grow > 0; i++ {
		keep = append(keep, touched(make([]byte, *grow<<20/10)))
		time.Sleep(100 * time.Millisecond)
	}
	time.Sleep(time.Hour)
}
