package main

import (
	"fmt"
	"strings"
	"sync/atomic"
	"time"
)

// A defect is one of the mistakes that -leak can switch on; the code asks for it where the mistake was made.
type defect int32

const (
	defectNone defect = iota
	defectConnPool
	defectTextureCache
	defectMonitor
	defectSpawn
	defectSliceGrow
	defectTicker
)

var defectName = [...]string{"none", "connpool", "texturecache", "monitor", "spawn", "slicegrow", "ticker"}

var activeDefect atomic.Int32

func defectNames() string { return strings.Join(defectName[:], " ") }

func defective(d defect) bool { return defect(activeDefect.Load()) == d }

// chooseDefect switches it on, now or later, and says when that was.
func chooseDefect(name string, after time.Duration) error {
	for i, n := range defectName {
		if n != name {
			continue
		}
		if i == int(defectNone) {
			return nil
		}
		on := func() {
			activeDefect.Store(int32(i))
			now := time.Now()
			fmt.Printf("LEAK %s on at_ns=%d at=%s\n", name, now.UnixNano(), now.UTC().Format(time.RFC3339Nano))
		}
		if after > 0 {
			time.AfterFunc(after, on)
		} else {
			on()
		}
		return nil
	}
	return fmt.Errorf("no defect is called %q; there are %s", name, defectNames())
}
