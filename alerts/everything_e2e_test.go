//go:build e2e

package alerts_test

const everything = true
