//go:build !e2e

package alerts_test

// everything is whether all that the stories can tell is played: it takes a minute of the processor.
const everything = false
