package main

import (
	"sync"
	"sync/atomic"
	"time"
)

const (
	historyKept    = 2048 // positions, to rewind a player to what he saw when he shot
	heartbeatEvery = 500 * time.Millisecond
	outboxMax      = 16
)

type position struct{ x, y, z, t float32 }

// session is a player who has logged in.
type session struct {
	name     string
	entity   int
	conn     *playerConn
	outbox   chan []byte
	closed   chan struct{}
	once     sync.Once
	tasks    sync.WaitGroup // its reading and its writing
	world    *world
	seenPing atomic.Int64
	history  [historyKept]position
	at       int
}

func (s *server) startSession(pc *playerConn, name string) *session {
	p := &session{name: name, conn: pc, world: s.world, outbox: make(chan []byte, outboxMax), closed: make(chan struct{})}
	p.entity = s.world.join(p)
	p.offer(appendMessage(nil, msgWelcome, byte(p.entity), byte(p.entity>>8)))
	p.tasks.Add(2)
	go p.writeLoop()
	p.startHeartbeat()
	p.startMonitor(s)
	return p
}

// startMonitor watches the session until both its tasks have ended, and then says how long it was.
func (p *session) startMonitor(s *server) {
	began := time.Now()
	go func() {
		p.tasks.Wait()
		s.world.stats.finished(time.Since(began), p.at)
	}()
}

// startHeartbeat pings the player for as long as the session lives.
func (p *session) startHeartbeat() {
	if defective(defectTicker) {
		go func() {
			ticker := time.NewTicker(heartbeatEvery)
			for range ticker.C { // nothing ends it when the session is closed
				p.ping()
			}
		}()
		return
	}
	go func() {
		ticker := time.NewTicker(heartbeatEvery)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				p.ping()
			case <-p.closed:
				return
			}
		}
	}()
}

func (p *session) ping() {
	p.seenPing.Store(time.Now().UnixNano())
	p.offer(appendMessage(nil, msgPing))
}

// offer puts a message into the outbox; a player too slow to read loses it.
func (p *session) offer(message []byte) {
	select {
	case <-p.closed:
	case p.outbox <- message:
	default:
	}
}

func (p *session) writeLoop() {
	for {
		select {
		case message := <-p.outbox:
			if _, err := p.conn.out.Write(message); err != nil {
				p.tasks.Done()
				return
			}
			if len(p.outbox) == 0 && p.conn.out.Flush() != nil {
				p.tasks.Done()
				return
			}
		case <-p.closed:
			if defective(defectMonitor) { // this way out forgets that somebody waits for the task
				return
			}
			p.tasks.Done()
			return
		}
	}
}

// remember notes where the player was.
func (p *session) remember(where position) {
	p.history[p.at%historyKept] = where
	p.at++
}

func (p *session) close() {
	p.once.Do(func() {
		close(p.closed)
		p.world.leave(p)
	})
}

// sessionStats adds up what the monitors report.
type sessionStats struct {
	mu       sync.Mutex
	sessions int
	moves    int
	seconds  float64
}

func (s *sessionStats) finished(length time.Duration, moves int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessions++
	s.moves += moves
	s.seconds += length.Seconds()
}
