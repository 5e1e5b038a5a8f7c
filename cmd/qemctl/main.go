// Command qemctl does on the command line, and in scripts, what the exporter never does:
// it starts and stops tasks, moves definitions, tests endpoints and changes permissions.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"syscall"

	"github.com/qem-exporter/qem_exporter/aem"
)

// The exit codes, for scripts.
const (
	exitOK          = 0
	exitError       = 1
	exitUsage       = 2
	exitTaskFailed  = 3 // a task, or a test of an endpoint, ended in an error
	exitTableErrors = 4 // the task ended well, but with tables in error
	exitTimeout     = 5 // it is not known how it ended
)

func main() {
	log.SetOutput(io.Discard) // net/http quotes there what a server sends unasked, which may be our own password
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run does what the command line says and returns the exit code.
func run(ctx context.Context, args []string, in io.Reader, out, errors io.Writer) int {
	c := newCommand(in, out, errors)
	do, err := c.parse(args)
	if err != nil {
		fmt.Fprintf(errors, "qemctl: %v, try --help\n", err)
		return exitUsage
	}
	if do == nil { // help, or the version
		return exitOK
	}
	if c.limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.limit)
		defer cancel()
	}
	err = c.connected(ctx, do)
	if err != nil {
		fmt.Fprintf(errors, "qemctl: %v\n", err)
	}
	return exitCode(err)
}

// An outcome is an error that has an exit code of its own.
type outcome struct {
	code int
	err  error
}

func (o outcome) Error() string { return o.err.Error() }
func (o outcome) Unwrap() error { return o.err }

func exitCode(err error) int {
	var o outcome
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &o):
		return o.code
	case errors.Is(err, aem.ErrTaskFailed):
		return exitTaskFailed
	case errors.Is(err, aem.ErrTaskTimeout), errors.Is(err, aem.ErrTestTimeout), errors.Is(err, aem.ErrTimeout):
		return exitTimeout
	}
	return exitError
}
