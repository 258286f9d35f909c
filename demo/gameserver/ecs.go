package main

// storage holds the components of one kind, the living ones in a row.
type storage[T any] struct {
	items []T
	first int // none before this one is alive
}

// grow makes room for n more at the end and gives them.
func (s *storage[T]) grow(n int) []T {
	at := len(s.items)
	s.items = append(s.items, make([]T, n)...)
	return s.items[at:]
}

// alive gives those from the first living one on.
func (s *storage[T]) alive() []T { return s.items[s.first:] }

// compact forgets the n oldest; the room is used again.
func (s *storage[T]) compact(n int) {
	s.first += n
	if defective(defectSliceGrow) { // the dead stay where they are, and the storage only ever grows
		return
	}
	kept := copy(s.items, s.items[s.first:])
	clearTail(s.items[kept:])
	s.items, s.first = s.items[:kept], 0
}

func clearTail[T any](tail []T) {
	var zero T
	for i := range tail {
		tail[i] = zero
	}
}

// projectile is the component that comes and goes most.
type projectile struct {
	where, speed position
	born         uint64 // frame
	damage       float32
	owner        int32
	trail        [3]position
}

// avatar is a player's body.
type avatar struct {
	where  position
	player *session
}
