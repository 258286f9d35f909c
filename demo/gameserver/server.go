package main

import (
	"io"
	"net"
	"sync"
)

// server takes players in and gives what they say to the world.
type server struct {
	listener net.Listener
	pool     *connPool
	world    *world
	chat     chatLog
}

func newServer(l net.Listener, w *world) *server {
	s := &server{listener: l, pool: newConnPool(), world: w}
	go scenes.preload()
	return s
}

func (s *server) acceptLoop() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.pool.admit(s, conn)
	}
}

// readLoop reads a connection until it ends; its first message must be a login.
func (s *server) readLoop(pc *playerConn) {
	var player *session
	defer func() {
		if player != nil {
			player.close()
			player.tasks.Done()
		}
	}()
	for {
		if _, err := io.ReadFull(pc.in, pc.scratch[:headBytes]); err != nil {
			return
		}
		n, err := bodyLength(pc.scratch)
		if err != nil {
			return
		}
		kind, body := pc.scratch[2], pc.scratch[headBytes:headBytes+n]
		if _, err := io.ReadFull(pc.in, body); err != nil {
			return
		}
		if player == nil {
			if kind != msgLogin || !s.pool.loggedIn(pc) {
				return
			}
			player = s.startSession(pc, string(body))
			continue
		}
		if kind == msgBye {
			return
		}
		s.handle(player, kind, body)
	}
}

func (s *server) handle(player *session, kind byte, body []byte) {
	switch {
	case kind == msgMove && len(body) == 4:
		s.world.push(player, int16(body[0])|int16(body[1])<<8, int16(body[2])|int16(body[3])<<8)
	case kind == msgChat:
		s.chat.add(player.name + ": " + string(body))
		s.world.broadcast(appendMessage(nil, msgChat, body...))
	case kind == msgEnter && len(body) == 2:
		sum := scenes.enter(int(body[0]), int(body[1]))
		player.offer(appendMessage(nil, msgScene, byte(sum), byte(sum>>8), byte(sum>>16), byte(sum>>24)))
	}
}

// chatLog keeps the last lines.
type chatLog struct {
	mu    sync.Mutex
	next  int
	lines [200]string
}

func (c *chatLog) add(line string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lines[c.next%len(c.lines)] = line
	c.next++
}
