package main

import (
	"hash/crc32"
	"sync"
	"time"
)

const (
	sceneCount       = 10
	texturesPerScene = 12
	textureBytes     = 32 << 10 // the smallest; the largest has three quarters more
)

// textureKey names a texture in the cache.
type textureKey struct {
	scene, texture int
	stamp          int64
}

// sceneCache has the textures of the scenes that were entered.
type sceneCache struct {
	mu       sync.Mutex
	textures map[textureKey][]byte
}

// scenes is shared by all players.
var scenes = &sceneCache{textures: make(map[textureKey][]byte)}

// preload makes the textures of all scenes, a scene after the other, before the first players ask for them.
func (c *sceneCache) preload() {
	for scene := 0; scene < sceneCount; scene++ {
		for texture := 0; texture < texturesPerScene; texture++ {
			c.enter(scene, texture)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// enter gives the checksum of the texture that a player sees first.
func (c *sceneCache) enter(scene, texture int) uint32 {
	scene, texture = scene%sceneCount, texture%texturesPerScene
	key := textureKey{scene: scene, texture: texture}
	if defective(defectTextureCache) {
		key.stamp = time.Now().UnixNano() // meant to be the time of the file; so it never hits
	}
	c.mu.Lock()
	pixels, ok := c.textures[key]
	c.mu.Unlock()
	if !ok {
		pixels = loadTexture(scene, texture)
		c.mu.Lock()
		c.textures[key] = pixels
		c.mu.Unlock()
	}
	return crc32.ChecksumIEEE(pixels[:4096])
}

// loadTexture generates the picture, as a game would read and unpack it.
func loadTexture(scene, texture int) []byte {
	n := textureBytes + texture%4*(textureBytes/4)
	pixels := make([]byte, n)
	x := uint32(scene*1000 + texture + 1)
	for i := range pixels {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		pixels[i] = byte(x >> 24)
	}
	return pixels
}
