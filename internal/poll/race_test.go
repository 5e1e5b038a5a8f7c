//go:build race

package poll

// fewer divides the sizes of the largest fleets: the race detector makes everything ten times
// as slow.
const fewer = 10
