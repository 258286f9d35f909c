package main

import (
	"bufio"
	"net"
	"sync"
	"time"
)

const (
	loginTimeout = 2 * time.Second
	freeMax      = 64
)

// playerConn is a connection with its buffers, which are used again for the next one.
type playerConn struct {
	id      uint64
	conn    net.Conn
	in      *bufio.Reader
	out     *bufio.Writer
	scratch []byte
	login   *time.Timer
}

// connPool has the buffers that are free, and the connections that have not logged in yet.
type connPool struct {
	mu      sync.Mutex
	nextID  uint64
	free    []*playerConn
	waiting map[uint64]*playerConn
}

func newConnPool() *connPool { return &connPool{waiting: make(map[uint64]*playerConn)} }

// admit takes a new connection; one that has not logged in when the time is over is hung up.
func (p *connPool) admit(s *server, conn net.Conn) {
	pc := p.get(conn)
	pc.login = time.AfterFunc(loginTimeout, func() { p.expire(pc) })
	go func() {
		s.readLoop(pc)
		p.put(pc)
	}()
}

func (p *connPool) get(conn net.Conn) *playerConn {
	p.mu.Lock()
	defer p.mu.Unlock()
	var pc *playerConn
	if n := len(p.free); n > 0 {
		pc, p.free[n-1] = p.free[n-1], nil
		p.free = p.free[:n-1]
		pc.in.Reset(conn)
		pc.out.Reset(conn)
	} else {
		pc = &playerConn{in: bufio.NewReader(conn), out: bufio.NewWriter(conn), scratch: make([]byte, headBytes+bodyMax)}
	}
	p.nextID++
	pc.id, pc.conn = p.nextID, conn
	p.waiting[pc.id] = pc
	return pc
}

// loggedIn says whether it came in time.
func (p *connPool) loggedIn(pc *playerConn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, waits := p.waiting[pc.id]
	delete(p.waiting, pc.id)
	pc.login.Stop()
	return waits
}

// expire is called when the time to log in is over.
func (p *connPool) expire(pc *playerConn) {
	p.mu.Lock()
	_, late := p.waiting[pc.id]
	delete(p.waiting, pc.id)
	p.mu.Unlock()
	if !late || defective(defectConnPool) { // the entry is forgotten, and with it that the connection is to be closed
		return
	}
	pc.conn.Close()
}

// put takes the buffers back when the reading has ended.
func (p *connPool) put(pc *playerConn) {
	pc.conn.Close()
	pc.login.Stop()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.waiting, pc.id)
	if len(p.free) >= freeMax {
		return
	}
	// A new one around the old buffers: the timer's closure may still have this one.
	p.free = append(p.free, &playerConn{in: pc.in, out: pc.out, scratch: pc.scratch})
}
