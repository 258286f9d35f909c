// The oracle is a Go program with many shapes of goroutines and objects that tells the truth about itself, for
// tests that read the same process from outside.
//
// It prints READY pid=N go=VERSION and then obeys one command a line on its standard input, each answered by one line:
//
//	truth DIR        two collections, then DIR/{truth.json,goroutines.txt,goroutines1.txt,heap.txt}; answers TRUTH DIR
//	truth DIR nogc   the same without the collections
//	check            answers with its MemStats as they are now: equal to truth.json's when it was quiet in between
//	churn N          allocates and drops N objects and keeps N/8 of them; answers CHURNED N
//	gc               one collection; answers GC
//	quit             ends
//
// From the answer to TRUTH until the next command it is quiet: it allocates nothing, no timer is due, no collection
// starts (GOGC is off), and the main goroutine sits in a read system call.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"
)

var (
	rate       = flag.Int("memrate", 4096, "runtime.MemProfileRate")
	buckets    = flag.Int("buckets", 600, "number of further allocation stacks")
	goroutines = flag.Int("goroutines", 0, "number of further goroutines, in four groups")
	heapMiB    = flag.Int("heap", 0, "MiB of further heap: small linked objects")
	procs      = flag.Int("procs", 0, "GOMAXPROCS")
)

func main() {
	flag.Parse()
	runtime.MemProfileRate = *rate
	if *procs > 0 {
		runtime.GOMAXPROCS(*procs)
	}
	signal.Ignore(syscall.SIGPIPE)
	fillHeap()
	manyBuckets(*buckets)
	startShapes()
	startMany(*goroutines)
	if *heapMiB > 0 {
		bigHeap(*heapMiB)
	}
	debug.SetGCPercent(-1)
	runtime.GC()
	fmt.Printf("READY pid=%d go=%s\n", os.Getpid(), runtime.Version())
	for {
		line, ok := readLine()
		words := strings.Fields(line)
		switch {
		case !ok || len(words) == 0 || words[0] == "quit":
			return
		case words[0] == "truth" && len(words) >= 2:
			truth(words[1], len(words) > 2 && words[2] == "nogc")
		case words[0] == "check":
			check()
		case words[0] == "gc":
			runtime.GC()
			fmt.Println("GC")
		case words[0] == "churn" && len(words) == 2:
			n := 0
			fmt.Sscan(words[1], &n)
			churn(n)
			fmt.Println("CHURNED", n)
		default:
			fmt.Println("UNKNOWN", line)
		}
	}
}

var lineBuf [4096]byte

// readLine blocks in a plain system call and allocates only once a line has come.
func readLine() (string, bool) {
	n := 0
	for n < len(lineBuf) {
		k, err := syscall.Read(0, lineBuf[n:n+1])
		if err == syscall.EINTR {
			continue
		}
		if err != nil || k <= 0 {
			return "", false
		}
		if lineBuf[n] == '\n' {
			break
		}
		n++
		if n == 5 && string(lineBuf[:5]) == "check" { // answered before anything is allocated
			checkStats()
		}
	}
	return string(lineBuf[:n]), true
}
