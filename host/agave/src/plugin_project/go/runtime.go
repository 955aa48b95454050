// Package runtime is what the generated bindings are made of: handles of the host's resources,
// and memory that the host may write into.
package runtime

import (
	"runtime"
	"unsafe"
)

// Handle is the number of a resource of the host's; 0 once it was given away.
type Handle struct{ value int32 }

// MakeHandle makes one of a number that the host gave.
func MakeHandle(value int32) *Handle { return &Handle{value} }

// Use is the number of a handle that stays.
func (handle *Handle) Use() int32 {
	if handle.value == 0 {
		panic("the resource was given away")
	}
	return handle.value
}

// Take is the number of a handle that goes.
func (handle *Handle) Take() int32 {
	value := handle.Use()
	handle.value = 0
	return value
}

// TakeOrNil is the same, or 0 where it is gone already.
func (handle *Handle) TakeOrNil() int32 {
	value := handle.value
	handle.value = 0
	return value
}

// Set gives a handle that is gone another number.
func (handle *Handle) Set(value int32) { handle.value = value }

// Allocate gives memory for size bytes that stays in its place until it is unpinned. It is
// aligned for everything.
func Allocate(pinner *runtime.Pinner, size, _ uintptr) unsafe.Pointer {
	if size == 0 {
		return nil
	}
	memory := unsafe.Pointer(unsafe.SliceData(make([]uint64, (size+7)/8)))
	pinner.Pin(memory)
	bytes += size
	return memory
}

// What the host wrote its arguments and answers into.
var fromHost runtime.Pinner

// Go collects beside the program, and between calls nothing runs: left alone, a plugin that is
// called often outgrows its limit. So it is told to, once in so many calls or bytes.
const (
	mostCalls = 1024
	mostBytes = 1 << 20
)

var calls, bytes uintptr

// Unpin lets go of what the host wrote: from here on it is collected like anything else.
func Unpin() {
	fromHost.Unpin()
	calls++
	if calls >= mostCalls || bytes >= mostBytes {
		calls, bytes = 0, 0
		runtime.GC()
	}
}
