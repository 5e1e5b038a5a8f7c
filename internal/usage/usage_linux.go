package usage

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
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

// MemoryOf reads the memory of a process; "self" is this one.
func MemoryOf(pid string) (Memory, error) {
	status, err := os.ReadFile("/proc/" + pid + "/status")
	if err != nil {
		return Memory{}, err
	}
	var m Memory
	for lines := bufio.NewScanner(bytes.NewReader(status)); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), ":")
		to := map[string]*int64{"VmRSS": &m.Resident, "VmHWM": &m.Peak}[name]
		if to == nil {
			continue
		}
		kilobytes, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
		if err != nil {
			return Memory{}, fmt.Errorf("memory of process %s: %w", pid, err)
		}
		*to = kilobytes << 10
	}
	return m, nil
}

// ResetPeak makes the peak of a process what it holds now.
func ResetPeak(pid string) error {
	return os.WriteFile("/proc/"+pid+"/clear_refs", []byte("5"), 0)
}

// PeakOf is how far the resident memory of this process rises above what it was while
// work runs, in bytes.
func PeakOf(work func()) (int64, error) {
	debug.FreeOSMemory()
	if err := ResetPeak("self"); err != nil {
		return 0, err
	}
	before, err := MemoryOf("self")
	if err != nil {
		return 0, err
	}
	work()
	after, err := MemoryOf("self")
	return after.Peak - before.Resident, err
}
