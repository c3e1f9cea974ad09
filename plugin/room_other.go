//go:build !linux

package plugin

import "runtime/debug"

// room gives memory for a large stream, zeroed. It counts as heap: a quarter of it may become garbage before that is
// collected.
func room(size int) []byte {
	text := make([]byte, size)
	debug.SetGCPercent(25)
	return text
}
