package main

import (
	"encoding/binary"
	"fmt"
	"io"
)

// A message on the wire: its length (2 bytes, of what follows), its kind (1 byte), its body.
const (
	msgLogin   = 'L' // name
	msgWelcome = 'W' // id of the player's entity
	msgMove    = 'M' // dx, dy as int16
	msgChat    = 'C' // text
	msgEnter   = 'E' // scene, texture
	msgScene   = 'S' // checksum of the texture
	msgState   = 'T' // positions of what is near
	msgPing    = 'P'
	msgBye     = 'B'

	headBytes = 3
	bodyMax   = 8 << 10
)

// bodyLength checks a message's head.
func bodyLength(head []byte) (int, error) {
	n := int(binary.LittleEndian.Uint16(head)) - 1
	if n < 0 || n > bodyMax {
		return 0, fmt.Errorf("message of %d bytes", n)
	}
	return n, nil
}

// appendMessage puts one behind the others in b.
func appendMessage(b []byte, kind byte, body ...byte) []byte {
	b = binary.LittleEndian.AppendUint16(b, uint16(len(body)+1))
	b = append(b, kind)
	return append(b, body...)
}

// readMessage reads one into buf, which must have room for the longest.
func readMessage(r io.Reader, buf []byte) (kind byte, body []byte, err error) {
	if _, err = io.ReadFull(r, buf[:headBytes]); err != nil {
		return 0, nil, err
	}
	kind = buf[2]
	n, err := bodyLength(buf)
	if err != nil {
		return 0, nil, err
	}
	body = buf[headBytes : headBytes+n]
	_, err = io.ReadFull(r, body)
	return kind, body, err
}
