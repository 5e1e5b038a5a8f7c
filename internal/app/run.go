package app

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"sync"
)

// Run is an App's whole life: it starts, reloads whenever hangups says so, and
// stops when the context ends or a listener fails. started is called once it runs.
//
// Being asked to end is no error, even if something could not be ended in time:
// that is logged.
func Run(ctx context.Context, o Options, hangups <-chan os.Signal, started func(*App)) error {
	a, err := New(o)
	if err != nil {
		return err
	}
	return a.run(ctx, hangups, started)
}

func (a *App) run(ctx context.Context, hangups <-chan os.Signal, started func(*App)) error {
	if err := a.Start(ctx); err != nil {
		if errors.Is(err, context.Canceled) && ctx.Err() != nil {
			return nil
		}
		return err
	}
	if started != nil {
		started(a)
	}
	tell(a.options.Supervisor.Ready)
	failure := a.reloadUntilEnd(ctx, hangups)
	tell(a.options.Supervisor.Stopping)
	if err := a.Stop(context.WithoutCancel(ctx)); err != nil {
		a.logger.Warn("not everything could be ended properly", slog.Any("err", err))
	}
	return failure
}

// reloadUntilEnd returns when the context ends, or with the error of a listener
// that failed. Reloads run beside, so that a slow one does not hold up the end.
func (a *App) reloadUntilEnd(ctx context.Context, hangups <-chan os.Signal) error {
	ctx, cancel := context.WithCancel(ctx)
	var reloading sync.WaitGroup
	defer reloading.Wait()
	defer cancel()
	reloading.Go(func() {
		for {
			select {
			case <-hangups:
				_ = a.Reload(ctx) // logs its outcome
			case <-ctx.Done():
				return
			}
		}
	})
	if watch := a.options.Supervisor.Watch; watch != nil {
		reloading.Go(func() { watch(ctx, a.healthy) })
	}
	select {
	case <-ctx.Done():
		return nil
	case err := <-a.failures:
		return err
	}
}
