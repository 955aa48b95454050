package runtime

import "unsafe"

// The host asks for memory for what it hands over. It never asks for more of it.
//
//go:wasmexport cabi_realloc
func reallocate(old unsafe.Pointer, oldSize, align, size uintptr) unsafe.Pointer {
	if old != nil || oldSize != 0 {
		panic("memory of the host's was to grow")
	}
	return Allocate(&fromHost, size, align)
}
