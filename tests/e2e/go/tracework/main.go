// tracework: a program with a bit of everything that a trace can say, which writes its own trace.
//
//	tracework -out FILE [-for 2s] [-load N] [-samples] [-callbacks=false] [-flight FILE -keep 1s]
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"runtime/pprof"
	"runtime/trace"
	"sync"
	"time"
)

var (
	sink   [][]byte
	leaked = make(chan int)
)

func worker(ctx context.Context, in <-chan int, out chan<- int) {
	for n := range in {
		trace.WithRegion(ctx, "work", func() {
			b := make([]byte, 1024+n%4096)
			b[0] = byte(n)
			out <- len(b)
		})
	}
}

func echo(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() { io.Copy(c, c); c.Close() }()
	}
}

func client(addr string, stop <-chan struct{}) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return
	}
	defer c.Close()
	buf := make([]byte, 256)
	for {
		select {
		case <-stop:
			return
		default:
		}
		c.Write(buf)
		io.ReadFull(c, buf)
		time.Sleep(time.Millisecond)
	}
}

func files(stop <-chan struct{}) {
	buf := make([]byte, 4096)
	for {
		select {
		case <-stop:
			return
		default:
		}
		f, err := os.Open("/proc/self/status")
		if err == nil {
			f.Read(buf)
			f.Close()
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func spawner(stop <-chan struct{}) {
	t := time.NewTicker(10 * time.Millisecond)
	defer t.Stop()
	for {
		select {
		case <-stop:
			return
		case <-t.C:
			go func() { leaked <- 1 }()
			go func() { runtime.Gosched() }()
		}
	}
}

func locks(mu *sync.Mutex, cond *sync.Cond, stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			cond.Broadcast()
			return
		default:
		}
		mu.Lock()
		time.Sleep(100 * time.Microsecond)
		mu.Unlock()
		cond.Signal()
		runtime.Gosched()
	}
}

func waiter(cond *sync.Cond, stop <-chan struct{}) {
	for {
		cond.L.Lock()
		cond.Wait()
		cond.L.Unlock()
		select {
		case <-stop:
			return
		default:
		}
	}
}

func frame(n int) {
	ctx, task := trace.NewTask(context.Background(), "frame")
	defer task.End()
	trace.Logf(ctx, "frame", "number %d", n)
	in, out := make(chan int, 4), make(chan int)
	for i := 0; i < 4; i++ {
		go worker(ctx, in, out)
	}
	go func() {
		for i := 0; i < 40; i++ {
			in <- i * n
		}
		close(in)
	}()
	sum := 0
	for i := 0; i < 40; i++ {
		sum += <-out
	}
	sink = append(sink, make([]byte, sum%65536))
	if len(sink) > 200 {
		sink = nil
	}
}

func load(stop <-chan struct{}) {
	a, b := make(chan int), make(chan int)
	go func() {
		for n := range a {
			b <- n
		}
		close(b)
	}()
	for n := 0; ; n++ {
		select {
		case <-stop:
			close(a)
			return
		default:
		}
		a <- n
		<-b
	}
}

func main() {
	out := flag.String("out", "", "the trace")
	d := flag.Duration("for", 2*time.Second, "how long")
	loads := flag.Int("load", 0, "pairs of goroutines that do nothing but talk")
	samples := flag.Bool("samples", false, "CPU samples too")
	calls := flag.Bool("callbacks", true, "threads of C call into Go, where there is cgo")
	flight := flag.String("flight", "", "a flight recorder's file")
	flag.Parse()

	go func() { select {} }() // asleep before the trace begins
	go func() { <-leaked }()
	time.Sleep(10 * time.Millisecond)
	if *samples {
		pprof.StartCPUProfile(io.Discard)
		defer pprof.StopCPUProfile()
	}
	if *flight != "" {
		recordFlight(*flight, *d/2)
	}
	if *out != "" {
		f, err := os.Create(*out)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		if err := trace.Start(f); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		defer f.Close()
		defer trace.Stop()
	}
	stop := make(chan struct{})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	go echo(l)
	var mu sync.Mutex
	cond := sync.NewCond(&sync.Mutex{})
	go client(l.Addr().String(), stop)
	go files(stop)
	go spawner(stop)
	go locks(&mu, cond, stop)
	go locks(&mu, cond, stop)
	go waiter(cond, stop)
	go coroutines(stop)
	if *calls {
		go callbacks(stop)
	}
	for i := 0; i < *loads; i++ {
		go load(stop)
	}
	time.AfterFunc(*d/3, func() { runtime.GC() })
	end := time.Now().Add(*d)
	for n := 1; time.Now().Before(end); n++ {
		frame(n)
		time.Sleep(5 * time.Millisecond)
	}
	close(stop)
	l.Close()
	finishFlight()
}
