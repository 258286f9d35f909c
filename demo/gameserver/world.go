package main

import (
	"encoding/binary"
	"sync"
	"time"
)

const (
	framesPerSecond  = 60
	regionCount      = 16
	wavePerFrame     = 12 // projectiles a frame and region
	projectileFrames = 40 // that each lives
	stateEveryFrames = 3
	pictureEvery     = 3 // frames between two pictures for the spectators
	pictureBytes     = 8 << 10
	visibilityBytes  = 256 << 10
	stateBytes       = 2 << 10
	stateEntityBytes = 8
)

// world is everything that moves. Its main loop begins one frame after the other; each is updated and then drawn.
type world struct {
	frames   frameTimes
	stats    sessionStats
	pictures chan []byte // for the spectators' stream

	mu      sync.Mutex
	frame   uint64
	players map[int]*avatar
	nextID  int
	regions [regionCount]storage[projectile]
	visible []uint32
	shown   int // pictures that spectators saw
}

func newWorld() *world {
	w := &world{players: make(map[int]*avatar), pictures: make(chan []byte)}
	go w.spectate()
	return w
}

// loop runs until stop is closed.
func (w *world) loop(stop chan struct{}) {
	ticker := time.NewTicker(time.Second / framesPerSecond)
	defer ticker.Stop()
	for {
		select {
		case <-stop:
			return
		case <-ticker.C:
		}
		began := time.Now()
		updated, drawn := make(chan uint64, 1), make(chan struct{}, 1)
		go w.update(updated)
		go w.draw(<-updated, drawn)
		<-drawn
		w.frames.record(began, time.Since(began))
	}
}

// update moves everything by one frame.
func (w *world) update(done chan uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.frame++
	for i := range w.regions {
		w.updateRegion(&w.regions[i], i)
	}
	for _, a := range w.players {
		a.where.t = float32(w.frame)
		a.player.remember(a.where)
	}
	done <- w.frame
}

func (w *world) updateRegion(r *storage[projectile], number int) {
	dead := 0
	all := r.alive()
	for i := range all {
		p := &all[i]
		if w.frame-p.born >= projectileFrames {
			dead = i + 1
			continue
		}
		p.trail[w.frame%3] = p.where
		p.where.x += p.speed.x
		p.where.y += p.speed.y
	}
	if dead > 0 {
		r.compact(dead)
	}
	for i, fresh := 0, r.grow(wavePerFrame); i < len(fresh); i++ {
		fresh[i] = projectile{born: w.frame, damage: 1, owner: int32(number), speed: position{x: float32(i), y: float32(number)}}
	}
}

// draw finds out what is visible, tells the players, and now and then makes a picture for the spectators.
func (w *world) draw(frame uint64, done chan struct{}) {
	w.compose(frame)
	done <- struct{}{}
	if frame%pictureEvery == 0 {
		picture := make([]byte, pictureBytes)
		binary.LittleEndian.PutUint64(picture, frame)
		w.pictures <- picture
	}
}

func (w *world) compose(frame uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.visible = make([]uint32, visibilityBytes/4)
	for i := range w.regions {
		for k, p := range w.regions[i].alive() {
			w.visible[(int(p.where.x)+k)&(len(w.visible)-1)]++
		}
	}
	if frame%stateEveryFrames != 0 {
		return
	}
	for _, a := range w.players {
		state := make([]byte, 0, stateBytes)
		for i := 0; i < stateBytes/stateEntityBytes-2; i++ {
			state = binary.LittleEndian.AppendUint32(state, uint32(i))
			state = binary.LittleEndian.AppendUint32(state, w.visible[i])
		}
		a.player.offer(appendMessage(make([]byte, 0, stateBytes), msgState, state...))
	}
}

// spectate is the stream of pictures to those who only watch.
func (w *world) spectate() {
	for picture := range w.pictures {
		if defective(defectSpawn) { // the stream was ended; those who draw do not know
			return
		}
		w.mu.Lock()
		w.shown += len(picture) / pictureBytes
		w.mu.Unlock()
	}
}

// join gives a player a body.
func (w *world) join(p *session) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.nextID++
	w.players[w.nextID] = &avatar{player: p}
	return w.nextID
}

func (w *world) leave(p *session) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.players, p.entity)
}

func (w *world) push(p *session, dx, dy int16) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if a := w.players[p.entity]; a != nil {
		a.where.x += float32(dx)
		a.where.y += float32(dy)
	}
}

func (w *world) broadcast(message []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, a := range w.players {
		a.player.offer(message)
	}
}
