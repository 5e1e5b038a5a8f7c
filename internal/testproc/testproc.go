// Package testproc is internal/testkit/process for those who have not moved yet.
package testproc

import (
	"os/exec"
	"testing"

	"github.com/qem-exporter/qem_exporter/internal/testkit/process"
)

// Started matches what the daemon logs when it serves, and has its address as a group.
const Started = `qem_exporter started.*?(127\.0\.0\.1:\d+)`

// Output is what a program has written.
type Output = process.Output

// What others still call by these names.
var (
	Main        = process.Main
	Build       = process.Build
	Find        = process.Find
	Eventually  = process.Eventually
	Within      = process.Within
	FreeAddress = process.FreeAddress
	File        = process.File
)

// Start starts a command, which ends with the test, and returns what it writes to stderr.
func Start(t testing.TB, cmd *exec.Cmd) *Output { return &process.Start(t, cmd).Stderr }
