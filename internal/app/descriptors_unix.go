//go:build unix

package app

import (
	"math"
	"syscall"
)

func descriptors() int {
	var limit syscall.Rlimit
	err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit)
	if err != nil || uint64(limit.Cur) > math.MaxInt32 { //nolint:unconvert // it is signed on FreeBSD
		return math.MaxInt32
	}
	return int(limit.Cur)
}
