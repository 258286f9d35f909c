package main

import (
	"context"
	"net"
	"os"
	"reflect"
	"runtime"
	"runtime/pprof"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

const long = time.Hour // far beyond any test: quiet

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func chanAddr[T any](c chan T) uintptr { return *(*uintptr)(unsafe.Pointer(&c)) }

func wait(shape string, addr uintptr) { note(waiter{shape: shape, goid: goid(), addr: addr, fd: -1}) }

func waitUntil(shape string, addr uintptr, d time.Duration) {
	note(waiter{shape: shape, goid: goid(), addr: addr, fd: -1, due: time.Now().Add(d).UnixNano()})
}

func waitFD(shape string, fd int, due int64) {
	note(waiter{shape: shape, goid: goid(), fd: fd, due: due})
}

// What the shapes wait on; globals, so that nothing is unreachable unless meant to be.
var (
	chRecv     = make(chan int)
	chSend     = make(chan string)
	chFull     = make(chan int, 3)
	chSelect   = make(chan int)
	chSelect2  = make(chan *node)
	chRange    = make(chan struct{}, 8)
	chNil      chan int
	mutex      sync.Mutex
	rwForRead  sync.RWMutex
	rwForWrite sync.RWMutex
	group      sync.WaitGroup
	condMu     sync.Mutex
	cond       = sync.NewCond(&condMu)
	chParked   = make(chan int)
	keepAlive  []any
)

func startShapes() {
	mutex.Lock()
	rwForRead.Lock()
	rwForWrite.RLock()
	group.Add(1)
	for len(chFull) < cap(chFull) {
		chFull <- 1
	}
	for _, f := range []func(){chanRecv, chanSend, chanFull, chanRange, nilRecv, nilSend, selectNone, selectTwo, selectTimer, unreachable,
		mutexLock, rwRead, rwWrite, waitGroup, condWait, sleeper, timerWait, tickerWait, contextWait, contextCancelled,
		lockedThread, deferred, panicking, deepStack, reflected, madeFunc, labelled} {
		go f()
	}
	go inlineOuter(chParked)
	go withArguments(1, "two", chParked)
	go (&pair[string, int]{"generic", 1}).block(chParked)
	go promoted{&base{chParked}}.block()
	var b blocker = &base{chParked}
	go b.block()
	method := (&base{chParked}).block
	go method()
	go func() {
		wait("closure", chanAddr(chParked))
		<-chParked
	}()
	for i := 0; i < 25; i++ {
		go groupMember(i)
	}
	startNet()
	startSyscall()
	startNewer()
	startCgo()
	finalizerShape()
	time.Sleep(200 * time.Millisecond) // all are where they will stay
	runtime.GC()                       // gives them a waitsince and starts the finalizer
	time.Sleep(100 * time.Millisecond)
}

func chanRecv() {
	wait("chan_recv", chanAddr(chRecv))
	<-chRecv
}

func chanSend() {
	wait("chan_send", chanAddr(chSend))
	chSend <- "never"
}

func chanFull() {
	wait("chan_send_full", chanAddr(chFull))
	chFull <- 4
}

func chanRange() {
	wait("chan_range", chanAddr(chRange))
	for range chRange {
	}
}

func nilRecv() {
	wait("nil_recv", 0)
	<-chNil
}

func nilSend() {
	wait("nil_send", 0)
	chNil <- 1
}

func selectNone() {
	wait("select_none", 0)
	select {}
}

func selectTwo() {
	note(waiter{shape: "select_two", goid: goid(), addr: chanAddr(chSelect), also: chanAddr(chSelect2), fd: -1})
	select {
	case v := <-chSelect:
		println(v)
	case chSelect2 <- list:
	}
}

func selectTimer() {
	t := time.NewTimer(long)
	note(waiter{shape: "select_timer", goid: goid(), addr: chanAddr(chSelect), also: uintptr(unsafe.Pointer(t)), fd: -1, due: time.Now().Add(long).UnixNano()})
	select {
	case <-chSelect:
	case <-t.C:
	}
}

// unreachable waits on a channel that nobody else has.
func unreachable() {
	c := make(chan [4]int)
	wait("unreachable", chanAddr(c))
	<-c
}

func mutexLock() {
	wait("mutex", uintptr(unsafe.Pointer(&mutex)))
	mutex.Lock()
}

func rwRead() {
	wait("rwmutex_rlock", uintptr(unsafe.Pointer(&rwForRead)))
	rwForRead.RLock()
}

func rwWrite() {
	wait("rwmutex_lock", uintptr(unsafe.Pointer(&rwForWrite)))
	rwForWrite.Lock()
}

func waitGroup() {
	wait("waitgroup", uintptr(unsafe.Pointer(&group)))
	group.Wait()
}

func condWait() {
	wait("cond", uintptr(unsafe.Pointer(cond)))
	condMu.Lock()
	cond.Wait()
}

func sleeper() {
	waitUntil("sleep", 0, long)
	time.Sleep(long)
}

func timerWait() {
	t := time.NewTimer(2 * long)
	waitUntil("timer", uintptr(unsafe.Pointer(t)), 2*long)
	<-t.C
}

func tickerWait() {
	t := time.NewTicker(long)
	waitUntil("ticker", uintptr(unsafe.Pointer(t)), long)
	for range t.C {
	}
}

func contextWait() {
	ctx, cancel := context.WithTimeout(context.Background(), 3*long)
	defer cancel()
	waitUntil("context_timeout", 0, 3*long)
	<-ctx.Done()
}

func contextCancelled() {
	ctx, cancel := context.WithCancel(context.Background())
	keepAlive = append(keepAlive, cancel)
	wait("context_cancel", 0)
	<-ctx.Done()
}

func lockedThread() {
	runtime.LockOSThread()
	wait("locked_thread", chanAddr(chParked))
	<-chParked
}

func deferred() {
	defer func() {
		wait("deferred", chanAddr(chParked))
		<-chParked
	}()
}

func panicking() {
	defer func() { _ = recover() }()
	defer func() {
		wait("panicking", chanAddr(chParked))
		<-chParked
	}()
	var p *node
	_ = p.value[1] // a signal's panic: sigpanic is on the stack
}

//go:noinline
func down(n int, pad [16]uint64) uint64 {
	if n == 0 {
		wait("deep_stack", chanAddr(chParked))
		return uint64(<-chParked)
	}
	pad[n%16]++
	return down(n-1, pad) + pad[0]
}

func deepStack() { down(150, [16]uint64{}) } // the dump leaves out the middle

func viaReflect(c chan int) {
	wait("reflect_call", chanAddr(c))
	<-c
}

func reflected() { reflect.ValueOf(viaReflect).Call([]reflect.Value{reflect.ValueOf(chParked)}) }

func madeFunc() {
	f := func(args []reflect.Value) []reflect.Value {
		wait("reflect_makefunc", chanAddr(chParked))
		<-chParked
		return nil
	}
	var made func(int)
	reflect.ValueOf(&made).Elem().Set(reflect.MakeFunc(reflect.TypeOf(made), f))
	made(7)
}

func labelled() {
	pprof.Do(context.Background(), pprof.Labels("room", "lobby", "shard", "7"), func(context.Context) {
		note(waiter{shape: "labelled", goid: goid(), addr: chanAddr(chParked), fd: -1, labels: "room=lobby shard=7"})
		<-chParked
	})
}

func inlineInner(c chan int) { <-c }

func inlineOuter(c chan int) {
	wait("inlined", chanAddr(c))
	inlineInner(c)
}

func withArguments(a int, b string, c chan int) {
	wait("with_arguments", chanAddr(c))
	<-c
	println(a, b)
}

func (p *pair[K, V]) block(c chan int) {
	wait("generic_method", chanAddr(c))
	<-c
}

type blocker interface{ block() }
type base struct{ c chan int }
type promoted struct{ *base }

func (b *base) block() {
	wait("method", chanAddr(b.c))
	<-b.c
}

func groupMember(i int) {
	note(waiter{shape: "group", goid: goid(), addr: chanAddr(chParked), fd: -1})
	<-chParked
}

func fdOf(c syscall.Conn) int {
	fd := -1
	raw, err := c.SyscallConn()
	must(err)
	must(raw.Control(func(p uintptr) { fd = int(p) }))
	return fd
}

func startNet() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	dial := func() (net.Conn, net.Conn) {
		a, err := net.Dial("tcp", l.Addr().String())
		must(err)
		b, err := l.Accept()
		must(err)
		keepAlive = append(keepAlive, a, b)
		return a, b
	}
	c1, _ := dial()
	c2, _ := dial()
	c3, _ := dial()
	go netRead(c1.(*net.TCPConn))
	go netDeadline(c2.(*net.TCPConn))
	go netWrite(c3.(*net.TCPConn))
	go netAccept(l.(*net.TCPListener))
	u, err := net.ListenPacket("udp", "127.0.0.1:0")
	must(err)
	go udpRead(u.(*net.UDPConn))
	r, w, err := os.Pipe()
	must(err)
	keepAlive = append(keepAlive, r, w)
	go pipeRead(r)
}

func netRead(c *net.TCPConn) {
	waitFD("net_read", fdOf(c), 0)
	c.Read(make([]byte, 64))
}

func netDeadline(c *net.TCPConn) {
	due := time.Now().Add(long)
	must(c.SetReadDeadline(due))
	waitFD("net_read_deadline", fdOf(c), due.UnixNano())
	c.Read(make([]byte, 64))
}

func netWrite(c *net.TCPConn) {
	waitFD("net_write", fdOf(c), 0)
	b := make([]byte, 1<<20)
	for {
		if _, err := c.Write(b); err != nil {
			return
		}
	}
}

func netAccept(l *net.TCPListener) {
	waitFD("net_accept", fdOf(l), 0)
	l.Accept()
}

func udpRead(c *net.UDPConn) {
	waitFD("udp_read", fdOf(c), 0)
	c.ReadFrom(make([]byte, 64))
}

func pipeRead(r *os.File) {
	raw, err := r.SyscallConn()
	must(err)
	fd := -1
	must(raw.Control(func(p uintptr) { fd = int(p) }))
	waitFD("pipe_read", fd, 0)
	r.Read(make([]byte, 64))
}

func startSyscall() {
	var p [2]int
	must(syscall.Pipe(p[:]))
	go blockedSyscall(p[0])
}

func blockedSyscall(fd int) {
	waitFD("syscall", fd, 0)
	var b [8]byte
	syscall.Read(fd, b[:])
}

// finalizerShape leaves the finalizer goroutine blocked in one of ours.
func finalizerShape() {
	x := new(withPointers)
	runtime.SetFinalizer(x, func(*withPointers) {
		wait("finalizer", chanAddr(chParked))
		<-chParked
	})
}

// ---- many, for censuses ----

var chMany = make(chan int)

func manyA(i int) { <-chMany }
func manyB(i int) { chMany2 <- i }
func manyC(i int) {
	select {
	case <-chMany:
	case <-chParked:
	}
}
func manyD(i int) { time.Sleep(long) }

var chMany2 = make(chan int)

func startMany(n int) {
	for i := 0; i < n; i++ {
		switch i % 4 {
		case 0:
			go manyA(i)
		case 1:
			go manyB(i)
		case 2:
			go manyC(i)
		case 3:
			go manyD(i)
		}
	}
	if n > 0 {
		time.Sleep(time.Second)
	}
}
