// Command qemctl does on the command line, and in scripts, what the exporter never does:
// it starts and stops tasks, moves definitions, tests endpoints and changes permissions.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
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
	ending := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // as nohup has it; a terminal that closes leaves no session open
		ending = append(ending, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), ending...)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr, func(o aem.TransportOptions) http.RoundTripper {
		return aem.NewTransport(o)
	})
	stop()
	os.Exit(code)
}

// run does what the command line says and returns the exit code. What is done but cannot be printed, as to
// a full disk, is an error.
func run(ctx context.Context, args []string, in io.Reader, out, errors io.Writer, through transport) int {
	printed := &output{to: out}
	code := do(ctx, args, in, printed, errors, through)
	if printed.err != nil && code == exitOK {
		fmt.Fprintf(errors, "qemctl: the output is incomplete: %v\n", printed.err)
		return exitError
	}
	return code
}

// A transport reaches Enterprise Manager.
type transport func(aem.TransportOptions) http.RoundTripper

// output keeps the first error instead of returning it: kingpin panics where help cannot be written.
type output struct {
	to  io.Writer
	err error
}

func (o *output) Write(p []byte) (int, error) {
	if o.err == nil {
		_, o.err = o.to.Write(p)
	}
	return len(p), nil
}

func do(ctx context.Context, args []string, in io.Reader, out, errors io.Writer, through transport) int {
	c := newCommand(in, out, errors)
	c.through = through
	action, err := c.parse(args)
	if err != nil {
		fmt.Fprintf(errors, "qemctl: %v, try --help\n", err)
		return exitUsage
	}
	if action == nil { // help, or the version
		return exitOK
	}
	if c.limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.limit)
		defer cancel()
	}
	err = c.connected(ctx, action)
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
