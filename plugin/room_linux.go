package plugin

import "syscall"

// room gives address space for a large stream, zeroed. It is no heap, of which the collector would wait for a multiple to become garbage.
func room(size int) []byte {
	text, err := syscall.Mmap(-1, 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE|syscall.MAP_NORESERVE)
	if err != nil {
		return make([]byte, size)
	}
	return text
}
