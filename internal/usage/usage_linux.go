// Package usage tells the benchmarks what CPU time and memory a process has used. It
// works on Linux; elsewhere there are no benchmarks that need it.
package usage

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"syscall"
	"time"

	"github.com/prometheus/procfs"
)

// CPU is the CPU time that this process has used up to now, system calls and garbage
// collection included.
func CPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // neither argument can be wrong
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// OfCPU is the CPU time that this process uses while it runs work. Garbage that was
// there before does not count.
func OfCPU(work func()) time.Duration {
	runtime.GC()
	before := CPU()
	work()
	return CPU() - before
}

// Median is the middle one of the times; there must be one.
func Median(times []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(times))
	return sorted[len(sorted)/2]
}

// Memory is what a process holds, in bytes.
type Memory struct {
	Resident int64
	Peak     int64 // the most it held since ResetPeak, or since it began
}

// MemoryOf reads the memory of a process.
func MemoryOf(pid int) (Memory, error) {
	process, err := procfs.NewProc(pid)
	if err != nil {
		return Memory{}, err
	}
	status, err := process.NewStatus()
	return Memory{Resident: int64(status.VmRSS), Peak: int64(status.VmHWM)}, err
}

// ResetPeak makes the peak of a process what it holds now.
func ResetPeak(pid int) error {
	return os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0)
}

// PeakOf is how far the resident memory of this process rises above what it was while
// work runs, in bytes.
func PeakOf(work func()) (int64, error) {
	debug.FreeOSMemory()
	if err := ResetPeak(os.Getpid()); err != nil {
		return 0, err
	}
	before, err := MemoryOf(os.Getpid())
	if err != nil {
		return 0, err
	}
	work()
	after, err := MemoryOf(os.Getpid())
	return after.Peak - before.Resident, err
}
