// gameserver is a small multiplayer game server with its own players, to show whyheap on.
//
// A 60 Hz main loop moves an entity-component world; players log in over TCP, move, chat and change scenes; bots in the
// same process play them over the loopback. -leak=NAME switches on exactly one defect; -leak=none is the healthy twin
// with the same load. It prints one line READY when it plays, and FRAMES (how evenly the main loop ran) at its end and
// on SIGUSR1; SIGUSR2 begins the frame statistics anew.
package main

import (
	"flag"
	"fmt"
	"net"
	"net/http"
	_ "net/http/pprof" // served only with -pprof
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"
)

func main() {
	leak := flag.String("leak", "none", "the defect to switch on: "+defectNames())
	after := flag.Duration("leak-after", 0, "switch it on this long after the start")
	pprofAddr := flag.String("pprof", "", "serve net/http/pprof at this address; without it there is no endpoint")
	duration := flag.Duration("d", 0, "end by itself after this long; 0: run until told to end")
	listen := flag.String("listen", "127.0.0.1:0", "address that players connect to")
	profiled := flag.Duration("selfprofile", 0, "read MemStats and write a heap profile this often, as a profiler inside would")
	flag.Parse()

	if err := chooseDefect(*leak, *after); err != nil {
		fmt.Fprintln(os.Stderr, "gameserver:", err)
		os.Exit(2)
	}
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		fmt.Fprintln(os.Stderr, "gameserver:", err)
		os.Exit(1)
	}
	if *pprofAddr != "" {
		go func() { fmt.Fprintln(os.Stderr, "gameserver: pprof:", http.ListenAndServe(*pprofAddr, nil)) }()
	}
	if *profiled > 0 {
		go profileMyself(*profiled)
	}

	w := newWorld()
	s := newServer(listener, w)
	go s.acceptLoop()
	go newBotHost(listener.Addr().String()).run()

	stop := make(chan struct{})
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGUSR1, syscall.SIGUSR2)
	go func() {
		for sig := range signals {
			switch sig {
			case syscall.SIGUSR1:
				fmt.Println(w.frames.report())
			case syscall.SIGUSR2:
				w.frames.reset()
			default:
				close(stop)
				return
			}
		}
	}()
	if *duration > 0 {
		time.AfterFunc(*duration, func() { signals <- syscall.SIGTERM })
	}
	fmt.Printf("READY pid=%d go=%s players=%s\n", os.Getpid(), runtime.Version(), listener.Addr())
	w.loop(stop)
	fmt.Println(w.frames.report())
}
