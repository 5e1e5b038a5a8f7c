//go:build !race

package poll

// fewer divides the sizes of the largest fleets.
const fewer = 1
