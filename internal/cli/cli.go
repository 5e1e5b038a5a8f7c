// Package cli is the command line of qem_exporter: its flags, its commands and the
// signals that it obeys.
package cli

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/KimMachineGun/automemlimit/memlimit"
	"github.com/prometheus/common/promslog"

	"github.com/qem-exporter/qem_exporter/internal/app"
	"github.com/qem-exporter/qem_exporter/internal/config"
	"github.com/qem-exporter/qem_exporter/internal/service"
)

// Run does what the command line says and returns the exit code of the process.
func Run(args []string) int {
	if service.IsService() {
		return service.Run(serviceDaemon(args), app.DefaultStopTimeout)
	}
	return run(args)
}

// run does what the command line says and returns the exit code.
func run(args []string) int {
	flags := newFlags()
	command, err := flags.cli.Parse(args)
	if err != nil {
		return fail(fmt.Errorf("%w, try --help", err))
	}
	logger := promslog.New(&flags.log)
	ctx := untilTerminated()
	switch command {
	case flags.checkConfig.FullCommand():
		return checkConfig(flags.checkFiles)
	case flags.scrape.FullCommand():
		err = app.Scrape(ctx, flags.scrapeOptions(logger))
	case flags.simulate.FullCommand():
		err = app.Simulate(ctx, flags.simulateOptions(logger))
	case flags.demo.FullCommand():
		err = app.Demo(ctx, flags.demoOptions(logger))
	case flags.serve.FullCommand():
		hangups := make(chan os.Signal, 1)
		signal.Notify(hangups, syscall.SIGHUP)
		err = serve(ctx, flags.appOptions(logger), hangups, nil)
	default:
		err = flags.manageService(ctx, command, args)
	}
	if err != nil {
		return fail(err)
	}
	return 0
}

func fail(err error) int {
	fmt.Fprintf(os.Stderr, "qem_exporter: error: %s\n", err)
	return 1
}

// serve is the daemon. It loads the configuration again whenever hangups says so,
// and calls started once it serves.
func serve(ctx context.Context, o app.Options, hangups <-chan os.Signal, started func(*app.App)) error {
	// Without a cgroup there is no limit to take over, which is nothing to worry about.
	if limit, err := memlimit.Set(memlimit.WithRatio(0.9)); err != nil {
		o.Logger.Debug("no memory limit taken from the cgroup", slog.Any("err", err))
	} else {
		o.Logger.Debug("memory limit", slog.Int64("bytes", limit))
	}
	return app.Run(ctx, o, hangups, started)
}

// checkConfig tells every problem of every file, or that there is none.
func checkConfig(files []string) int {
	code := 0
	for _, file := range files {
		cfg, err := config.Load(file, os.Environ())
		if err != nil {
			code = 1
			fmt.Fprintln(os.Stderr, err) // names the file, one problem a line
			continue
		}
		noun := "Enterprise Managers"
		if len(cfg.Managers()) == 1 {
			noun = "Enterprise Manager"
		}
		fmt.Printf("%s: ok, %d %s\n", file, len(cfg.Managers()), noun)
	}
	return code
}

// untilTerminated ends with the first SIGINT or SIGTERM; the second ends the
// process at once.
func untilTerminated() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		cancel()
		<-signals
		os.Exit(1)
	}()
	return ctx
}
