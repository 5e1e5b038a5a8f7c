// Package cli is the command line of qem_exporter: its flags, its commands and the
// signals that it obeys.
package cli

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/KimMachineGun/automemlimit/memlimit"

	"github.com/qem-exporter/qem_exporter/internal/app"
	"github.com/qem-exporter/qem_exporter/internal/service"
)

// Run does what the command line says and returns the exit code of the process.
func Run(args []string) int {
	if service.IsService() {
		return service.Run(serviceDaemon(args), app.StopTimeout)
	}
	return run(args)
}

// run does what the command line says and returns the exit code.
func run(args []string) int {
	flags := newFlags()
	command, err := flags.cli.Parse(args)
	if err != nil {
		return fail(os.Stderr, fmt.Errorf("%w, try --help", err))
	}
	logger, queue := flags.newLogger()
	defer queue.Close(flushTimeout)
	ctx := untilTerminated(command == flags.serve.FullCommand())
	switch command {
	case flags.checkConfig.FullCommand():
		return flags.checkConfigs()
	case flags.healthcheck.FullCommand():
		err = flags.askHealth(ctx)
	case flags.scrape.FullCommand():
		err = app.Scrape(ctx, flags.appOptions(logger), output(), os.Stderr)
	case flags.simulate.FullCommand():
		err = app.Simulate(ctx, flags.simulateAddress, sized(flags.simulateFleet), os.Stdout, logger)
	case flags.demo.FullCommand():
		signal.Ignore(syscall.SIGPIPE)
		err = app.Demo(ctx, flags.appOptions(logger), sized(flags.demoFleet), os.Stdout)
	case flags.serve.FullCommand():
		signal.Ignore(syscall.SIGPIPE) // a reader of the log that dies is no reason to
		hangups := make(chan os.Signal, 1)
		signal.Notify(hangups, syscall.SIGHUP)
		err = serve(ctx, flags.daemonOptions(logger, queue), hangups)
	default:
		err = flags.manageService(ctx, command, args)
	}
	if err != nil {
		return fail(queue, err)
	}
	return 0
}

func fail(w io.Writer, err error) int {
	fmt.Fprintf(w, "qem_exporter: error: %s\n", err)
	return 1
}

// help is where usage texts go. Kingpin panics where it cannot be written.
type help struct{}

func (help) Write(p []byte) (int, error) {
	n, err := os.Stdout.Write(p)
	if err != nil {
		os.Exit(fail(os.Stderr, err))
	}
	return n, nil
}

// serve is the daemon. It loads the configuration again whenever hangups says so.
func serve(ctx context.Context, o app.Options, hangups <-chan os.Signal) error {
	// Without a cgroup there is no limit to take over, which is nothing to worry about.
	if limit, err := memlimit.Set(memlimit.WithRatio(0.9)); err != nil {
		o.Logger.Debug("no memory limit taken from the cgroup", slog.Any("err", err))
	} else {
		o.Logger.Debug("memory limit", slog.Int64("bytes", limit))
	}
	return app.Run(ctx, o, hangups, nil)
}

// untilTerminated ends with the first SIGINT or SIGTERM; the second ends the
// process at once. For a command that does not reload, so it is with SIGHUP, which a
// terminal that closes sends: the session is to be ended then too.
func untilTerminated(reloads bool) context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !reloads && !signal.Ignored(syscall.SIGHUP) { // as nohup has it
		signal.Notify(signals, syscall.SIGHUP)
	}
	go func() {
		<-signals
		cancel()
		<-signals
		os.Exit(1)
	}()
	return ctx
}
