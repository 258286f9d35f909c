package main

import (
	"bufio"
	"fmt"
	"io"
	"math/rand"
	"net"
	"time"
)

const (
	botEvery     = 66 * time.Millisecond // one that plays, and one that only connects
	botPlays     = 2500 * time.Millisecond
	botActsEvery = 120 * time.Millisecond
)

// botHost brings players: those who play and leave, and those who connect and never log in.
type botHost struct{ addr string }

func newBotHost(addr string) *botHost { return &botHost{addr: addr} }

func (h *botHost) run() {
	for n := 0; ; n++ {
		go h.play(n)
		if n%4 == 3 {
			go h.playLate(n)
		} else {
			go h.connectOnly()
		}
		time.Sleep(botEvery)
	}
}

// play logs in at once, moves, chats, changes scenes, and says good-bye.
func (h *botHost) play(n int) {
	conn, err := net.Dial("tcp", h.addr)
	if err != nil {
		return
	}
	defer conn.Close()
	h.playOn(conn, n)
}

// playLate takes nearly as long to log in as is allowed.
func (h *botHost) playLate(n int) {
	conn, err := net.Dial("tcp", h.addr)
	if err != nil {
		return
	}
	defer conn.Close()
	time.Sleep(loginTimeout * 3 / 4)
	h.playOn(conn, n)
}

func (h *botHost) playOn(conn net.Conn, n int) {
	if _, err := conn.Write(appendMessage(nil, msgLogin, []byte(fmt.Sprintf("bot%d", n))...)); err != nil {
		return
	}
	in, buf := bufio.NewReader(conn), make([]byte, headBytes+bodyMax)
	if kind, _, err := readMessage(in, buf); err != nil || kind != msgWelcome {
		return
	}
	go func() { // what the server says is read and forgotten
		for {
			if _, _, err := readMessage(in, buf); err != nil {
				return
			}
		}
	}()
	random := rand.New(rand.NewSource(int64(n)))
	until := time.Now().Add(botPlays + time.Duration(random.Intn(1000))*time.Millisecond)
	for act := 0; time.Now().Before(until); act++ {
		var say []byte
		switch {
		case act%16 == 7:
			say = appendMessage(nil, msgChat, []byte("anybody there?")...)
		case act%8 == 3:
			say = appendMessage(nil, msgEnter, byte(random.Intn(sceneCount)), byte(random.Intn(texturesPerScene)))
		default:
			say = appendMessage(nil, msgMove, byte(random.Intn(5)), 0, byte(random.Intn(5)), 0)
		}
		if _, err := conn.Write(say); err != nil {
			return
		}
		time.Sleep(botActsEvery)
	}
	_, _ = conn.Write(appendMessage(nil, msgBye))
}

// connectOnly waits for the server to speak, as an app does that the player left open at the title; the server hangs up
// when the time to log in is over.
func (h *botHost) connectOnly() {
	conn, err := net.Dial("tcp", h.addr)
	if err != nil {
		return
	}
	defer conn.Close()
	var head [headBytes]byte
	_, _ = io.ReadFull(conn, head[:])
}
