package plugin

import "syscall"

// room gives address space for a large stream, zeroed. It is no heap, of which the collector would wait for a multiple
// to become garbage. Large pages take a thousand faults off 4 MB, which is a twentieth of the processor time of
// patching them.
// https://docs.kernel.org/admin-guide/mm/transhuge.html
func room(size int) []byte {
	text, err := syscall.Mmap(-1, 0, size, syscall.PROT_READ|syscall.PROT_WRITE,
		syscall.MAP_ANON|syscall.MAP_PRIVATE|syscall.MAP_NORESERVE)
	if err != nil {
		return make([]byte, size)
	}
	_ = syscall.Madvise(text, syscall.MADV_HUGEPAGE) // a kernel without them says no
	return text
}
