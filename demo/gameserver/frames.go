package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/pprof"
	"sort"
	"sync"
	"time"
)

const framesKept = 60 * 120

// frameTimes remembers the last two minutes of frames in arrays that do not grow.
type frameTimes struct {
	mu         sync.Mutex
	started    time.Time // of the frame before
	count      int       // since the last reset
	longestGap time.Duration
	gaps       [framesKept]time.Duration // from the start of one frame to the start of the next
	work       [framesKept]time.Duration // from its start until its picture was drawn
}

// record notes a frame: when it began and how long it worked.
func (f *frameTimes) record(began time.Time, worked time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.started.IsZero() {
		gap := began.Sub(f.started)
		f.gaps[f.count%framesKept], f.work[f.count%framesKept] = gap, worked
		f.count++
		if gap > f.longestGap {
			f.longestGap = gap
		}
	}
	f.started = began
}

func (f *frameTimes) reset() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.count, f.longestGap, f.started = 0, 0, time.Time{}
}

func quantiles(all []time.Duration) (p50, p99, max int64) {
	if len(all) == 0 {
		return 0, 0, 0
	}
	s := append([]time.Duration(nil), all...)
	sort.Slice(s, func(i, k int) bool { return s[i] < s[k] })
	at := func(share float64) int64 { return s[int(share*float64(len(s)-1))].Microseconds() }
	return at(0.5), at(0.99), at(1)
}

// report is one line: how evenly the frames came and how long each worked.
func (f *frameTimes) report() string {
	f.mu.Lock()
	n := f.count
	if n > framesKept {
		n = framesKept
	}
	gaps, work := append([]time.Duration(nil), f.gaps[:n]...), append([]time.Duration(nil), f.work[:n]...)
	count, longest := f.count, f.longestGap
	f.mu.Unlock()
	g50, g99, gmax := quantiles(gaps)
	w50, w99, wmax := quantiles(work)
	return fmt.Sprintf("FRAMES n=%d gap_p50_us=%d gap_p99_us=%d gap_max_us=%d work_p50_us=%d work_p99_us=%d work_max_us=%d longest_gap_us=%d",
		count, g50, g99, gmax, w50, w99, wmax, longest.Microseconds())
}

// profileMyself is what a profiling agent inside the process does.
func profileMyself(every time.Duration) {
	var m runtime.MemStats
	for range time.Tick(every) {
		runtime.ReadMemStats(&m)
		_ = pprof.Lookup("heap").WriteTo(io.Discard, 0)
	}
}
