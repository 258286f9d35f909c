package main

import (
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

// A writer into memory that was set aside: writing the truth must not change it.
type quietWriter struct {
	b []byte
	n int
}

func (w *quietWriter) str(s string) {
	w.n += copy(w.b[w.n:], s)
}

func (w *quietWriter) num(v uint64) {
	var d [20]byte
	i := len(d)
	for {
		i--
		d[i] = byte('0' + v%10)
		v /= 10
		if v == 0 {
			break
		}
	}
	w.n += copy(w.b[w.n:], d[i:])
}

func (w *quietWriter) hex(v uint64) {
	const digits = "0123456789abcdef"
	w.str(`"0x`)
	for shift := 60; shift >= 0; shift -= 4 {
		if v>>uint(shift) != 0 || shift == 0 {
			if w.n < len(w.b) {
				w.b[w.n] = digits[v>>uint(shift)&15]
				w.n++
			}
		}
	}
	w.str(`"`)
}

// quoted writes names only: nothing in them needs more than these two escapes.
func (w *quietWriter) quoted(s string) {
	w.str(`"`)
	for i := 0; i < len(s); i++ {
		if s[i] == '"' || s[i] == '\\' {
			w.str(`\`)
		}
		if w.n < len(w.b) {
			w.b[w.n] = s[i]
			w.n++
		}
	}
	w.str(`"`)
}

func (w *quietWriter) field(name string, v uint64) {
	w.quoted(name)
	w.str(":")
	w.num(v)
	w.str(",")
}

// waiter is what a goroutine says about itself before it blocks.
type waiter struct {
	shape  string
	goid   uint64
	addr   uintptr // of the channel, mutex, wait group, timer ... it is going to wait on; 0 if none
	also   uintptr // of a second one
	fd     int     // its descriptor, -1 if none
	due    int64   // wall time in ns at which it is going to be woken; 0 never
	labels string
}

// object is something on the heap or among the globals whose address and type the program knows.
type object struct {
	name, typ string
	addr      uintptr
	size      uintptr
	count     int
}

var (
	listMu   sync.Mutex
	waiters  []waiter
	objects  []object
	stats    runtime.MemStats
	statsNow runtime.MemStats
	json     quietWriter
	dump     []byte
	limit    int64
	dumpTime time.Duration // that the world stood still for the goroutine dump
)

func init() {
	json.b = offHeap(16 << 20)
	dump = offHeap(256 << 20)
}

func offHeap(n int) []byte {
	b, err := syscall.Mmap(-1, 0, n, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE|syscall.MAP_NORESERVE)
	if err != nil {
		panic(err)
	}
	return b
}

func note(w waiter) {
	listMu.Lock()
	waiters = append(waiters, w)
	listMu.Unlock()
}

func keep(name, typ string, p unsafe.Pointer, size uintptr, count int) {
	objects = append(objects, object{name, typ, uintptr(p), size, count})
}

func goid() uint64 {
	var b [64]byte
	n := runtime.Stack(b[:], false)
	id := uint64(0)
	for _, c := range b[len("goroutine "):n] {
		if c < '0' || c > '9' {
			break
		}
		id = id*10 + uint64(c-'0')
	}
	return id
}

// truth writes the parts that allocate first and the counted ones last, into memory set aside.
func truth(dir string, nogc bool) {
	if !nogc {
		runtime.GC()
		time.Sleep(20 * time.Millisecond) // finalizers that became due
		runtime.GC()
	}
	limit = debug.SetMemoryLimit(-1)
	writeProfile(filepath.Join(dir, "heap.txt"), "heap", 1)
	writeProfile(filepath.Join(dir, "goroutines1.txt"), "goroutine", 1)
	text := create(filepath.Join(dir, "goroutines.txt"))
	out := create(filepath.Join(dir, "truth.json"))
	answer := []byte("TRUTH " + dir + "\n")
	for pass := 0; pass < 2; pass++ { // the first pass grows this goroutine's stack
		began := time.Now()
		n := runtime.Stack(dump, true)
		dumpTime = time.Since(began)
		runtime.ReadMemStats(&stats)
		writeTruth()
		if pass == 1 {
			writeAll(text, dump[:n])
			writeAll(out, json.b[:json.n])
		}
	}
	syscall.Close(text)
	syscall.Close(out)
	writeAll(1, answer)
}

func writeProfile(path, name string, form int) {
	f, err := os.Create(path)
	if err != nil {
		panic(err)
	}
	if err := pprof.Lookup(name).WriteTo(f, form); err != nil {
		panic(err)
	}
	f.Close()
}

func create(path string) int {
	fd, err := syscall.Open(path, syscall.O_CREAT|syscall.O_TRUNC|syscall.O_WRONLY|syscall.O_CLOEXEC, 0o644)
	if err != nil {
		panic(err)
	}
	return fd
}

func writeAll(fd int, b []byte) {
	for len(b) > 0 {
		n, err := syscall.Write(fd, b)
		if err == syscall.EINTR || err == syscall.EAGAIN {
			continue
		}
		if err != nil {
			os.Exit(3)
		}
		b = b[n:]
	}
}

func writeTruth() {
	w := &json
	w.n = 0
	w.str(`{"go":`)
	w.quoted(runtime.Version())
	w.str(`,`)
	w.field("pid", uint64(syscall.Getpid()))
	w.field("gomaxprocs", uint64(runtime.GOMAXPROCS(0)))
	w.field("num_goroutine", uint64(runtime.NumGoroutine()))
	w.field("memory_limit", uint64(limit))
	w.field("mem_profile_rate", uint64(runtime.MemProfileRate))
	w.field("dump_ns", uint64(dumpTime))
	w.str(`"memstats":`)
	writeStats(w, &stats)
	w.str(`,"waiters":[`)
	listMu.Lock()
	for i := range waiters {
		writeWaiter(w, &waiters[i], i > 0)
	}
	listMu.Unlock()
	w.str(`],"objects":[`)
	for i := range objects {
		o := &objects[i]
		if i > 0 {
			w.str(",")
		}
		w.str(`{"name":`)
		w.quoted(o.name)
		w.str(`,"type":`)
		w.quoted(o.typ)
		w.str(`,"addr":`)
		w.hex(uint64(o.addr))
		w.str(`,"count":`)
		w.num(uint64(o.count))
		w.str(`,"size":`)
		w.num(uint64(o.size))
		w.str(`}`)
	}
	w.str("]}\n")
}

func writeWaiter(w *quietWriter, x *waiter, comma bool) {
	if comma {
		w.str(",")
	}
	w.str(`{"shape":`)
	w.quoted(x.shape)
	w.str(`,"goid":`)
	w.num(x.goid)
	if x.addr != 0 {
		w.str(`,"addr":`)
		w.hex(uint64(x.addr))
	}
	if x.also != 0 {
		w.str(`,"also":`)
		w.hex(uint64(x.also))
	}
	if x.fd >= 0 {
		w.str(`,"fd":`)
		w.num(uint64(x.fd))
	}
	if x.due != 0 {
		w.str(`,"due_ns":`)
		w.num(uint64(x.due))
	}
	if x.labels != "" {
		w.str(`,"labels":`)
		w.quoted(x.labels)
	}
	w.str(`}`)
}

func writeStats(w *quietWriter, m *runtime.MemStats) {
	w.str(`{`)
	w.field("Alloc", m.Alloc)
	w.field("TotalAlloc", m.TotalAlloc)
	w.field("Sys", m.Sys)
	w.field("Mallocs", m.Mallocs)
	w.field("Frees", m.Frees)
	w.field("HeapAlloc", m.HeapAlloc)
	w.field("HeapSys", m.HeapSys)
	w.field("HeapIdle", m.HeapIdle)
	w.field("HeapInuse", m.HeapInuse)
	w.field("HeapReleased", m.HeapReleased)
	w.field("HeapObjects", m.HeapObjects)
	w.field("StackInuse", m.StackInuse)
	w.field("StackSys", m.StackSys)
	w.field("MSpanInuse", m.MSpanInuse)
	w.field("MSpanSys", m.MSpanSys)
	w.field("MCacheInuse", m.MCacheInuse)
	w.field("MCacheSys", m.MCacheSys)
	w.field("BuckHashSys", m.BuckHashSys)
	w.field("GCSys", m.GCSys)
	w.field("OtherSys", m.OtherSys)
	w.field("NextGC", m.NextGC)
	w.field("LastGC", m.LastGC)
	w.field("PauseTotalNs", m.PauseTotalNs)
	w.field("NumGC", uint64(m.NumGC))
	w.field("NumForcedGC", uint64(m.NumForcedGC))
	w.str(`"PauseEnd":[`)
	n := int(m.NumGC)
	if n > len(m.PauseEnd) {
		n = len(m.PauseEnd)
	}
	for i := 0; i < n; i++ { // oldest first
		if i > 0 {
			w.str(",")
		}
		w.num(m.PauseEnd[(int(m.NumGC)-n+i)%len(m.PauseEnd)])
	}
	w.str(`],"BySize":[`)
	for i := range m.BySize {
		if i > 0 {
			w.str(",")
		}
		w.str(`{`)
		w.field("Size", uint64(m.BySize[i].Size))
		w.field("Mallocs", m.BySize[i].Mallocs)
		w.str(`"Frees":`)
		w.num(m.BySize[i].Frees)
		w.str(`}`)
	}
	w.str(`]}`)
}

// checkStats is called in the middle of the command line, before anything is allocated for it.
func checkStats() {
	runtime.ReadMemStats(&statsNow)
}

func check() {
	json.n = 0
	writeStats(&json, &statsNow)
	json.str("\n")
	writeAll(1, json.b[:json.n])
}
