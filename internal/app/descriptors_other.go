//go:build !unix

package app

import "math"

// descriptors is how many files the process may have open: here there is no limit.
func descriptors() int { return math.MaxInt32 }
