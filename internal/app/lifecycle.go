package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"time"
)

// Start reads the configuration, listens, and starts to poll and serve. The
// context bounds the start alone. After an error nothing runs; an App starts
// once in its life.
func (a *App) Start(ctx context.Context) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.state != created {
		return ErrAlreadyStarted
	}
	a.state = started
	if err := a.start(ctx); err != nil {
		a.state = stopping
		return errors.Join(err, a.teardown(context.WithoutCancel(ctx)))
	}
	return nil
}

// start goes from what is most likely to be wrong to what others can see.
func (a *App) start(ctx context.Context) error {
	a.begun = time.Now()
	next, err := a.load(nil)
	if err != nil {
		return err
	}
	listeners, err := a.listen(ctx, a.options)
	if err != nil {
		return err
	}
	a.listeners = listeners
	http := newServers(listeners, a.handler, a.options.MaxConnections, a.logger)
	a.deferCleanup("http", http.stop)

	a.warn(next.config)
	a.swap(next)
	a.deferCleanup("pollers", func(ctx context.Context) error {
		endUnits(ctx, a.running.Load().units)
		return nil
	})
	a.collector.ConfigReloaded(true, a.begun)
	a.inBackground("reload", a.serveReloads)
	a.inBackground("memory", a.tidyMemory)
	http.start(a.options.WebConfigFile, a.logger, a.fail)

	a.logger.Info("qem_exporter started",
		slog.String("version", a.options.Version),
		slog.String("go_version", runtime.Version()),
		slog.Any("listen_addresses", addresses(listeners)),
		slog.Int("enterprise_managers", len(next.units)),
		slog.Int("shard", a.options.Shard),
		slog.Int("total_shards", a.options.TotalShards))
	return nil
}

// Stop ends the polls, logs out of every Enterprise Manager and lets the
// requests that are being answered finish, all of it within StopTimeout and the
// context. Stopping again waits for the first stop and returns what it returned.
func (a *App) Stop(ctx context.Context) error {
	a.mu.Lock()
	if a.state == stopping {
		a.mu.Unlock()
		<-a.stopped
		return a.stopErr
	}
	a.state = stopping
	a.mu.Unlock()
	return a.teardown(ctx)
}

// teardown undoes the start in reverse order; one bound holds for the whole, and
// a step that fails does not keep the others from running. It runs once.
func (a *App) teardown(ctx context.Context) error {
	begun := time.Now()
	ctx, cancel := context.WithTimeout(ctx, StopTimeout)
	defer cancel()
	a.endLife()
	var errs []error
	for _, c := range slices.Backward(a.cleanups) {
		if err := c.run(ctx); err != nil {
			errs = append(errs, fmt.Errorf("stop %s: %w", c.name, err))
		}
	}
	a.stopErr = errors.Join(errs...)
	close(a.stopped)
	if len(a.cleanups) > 0 {
		a.logger.Info("qem_exporter stopped", slog.Duration("took", time.Since(begun)))
	}
	return a.stopErr
}

// fail notes why a listener failed. One failure ends the process, so that a
// second one has nobody to be told to.
func (a *App) fail(err error) {
	select {
	case a.failures <- err:
	default:
	}
}

func (a *App) deferCleanup(name string, run func(context.Context) error) {
	a.cleanups = append(a.cleanups, cleanup{name: name, run: run})
}

// inBackground runs something that ends with the life, which the teardown waits for.
func (a *App) inBackground(name string, run func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		run()
	}()
	a.deferCleanup(name, func(ctx context.Context) error { return wait(ctx, done) })
}

// wait waits for a channel to close, as long as the context lets it.
func wait(ctx context.Context, done <-chan struct{}) error {
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// healthy says why the daemon is not, if it is not.
func (a *App) healthy() error {
	for _, u := range a.running.Load().units {
		if why := u.poller.Wedged(); why != "" {
			return fmt.Errorf("%s is not read: %s", u.manager.Name, why)
		}
	}
	return nil
}
