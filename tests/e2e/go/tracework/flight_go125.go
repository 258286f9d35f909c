//go:build go1.25

package main

import (
	"fmt"
	"os"
	"runtime/trace"
	"time"
)

var recorder *trace.FlightRecorder
var flightPath string

func recordFlight(path string, keep time.Duration) {
	recorder = trace.NewFlightRecorder(trace.FlightRecorderConfig{MinAge: keep})
	flightPath = path
	if err := recorder.Start(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func finishFlight() {
	if recorder == nil {
		return
	}
	f, err := os.Create(flightPath)
	if err == nil {
		_, err = recorder.WriteTo(f)
		f.Close()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	recorder.Stop()
}
