package app

import (
	"context"
	"log/slog"
	"time"

	"github.com/qem-exporter/qem_exporter/internal/config"
)

// Reload reads the configuration again and puts it in force: unchanged
// Enterprise Managers keep their pollers and sessions, changed and new ones
// start, and then those that are gone are stopped and logged out. After an error
// everything is as it was.
//
// Reloads happen one after the other. When the context ends first, the reload
// goes on and logs its outcome.
func (a *App) Reload(ctx context.Context) error {
	if a.running.Load() == nil {
		return ErrNotRunning
	}
	reply := make(chan error, 1)
	select {
	case a.reloads <- reply:
	case <-a.life.Done():
		return ErrNotRunning
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-reply:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// serveReloads does the reloads that Reload asks for, until the life ends.
func (a *App) serveReloads() {
	for {
		select {
		case reply := <-a.reloads:
			reply <- a.reload()
		case <-a.life.Done():
			return
		}
	}
}

type reloadFailure struct {
	err error
	at  time.Time
}

// reload builds everything that is new before it touches anything that runs.
func (a *App) reload() error {
	tell(a.options.Supervisor.Reloading)
	defer tell(a.options.Supervisor.Ready)
	now := time.Now()
	next, err := a.load(a.running.Load())
	a.collector.ConfigReloaded(err == nil, now)
	a.reloadFailure.Store(nil)
	if err != nil {
		a.reloadFailure.Store(&reloadFailure{err, now})
		a.logger.Error("reload failed, the configuration stays as it was", slog.Any("err", err))
		return err
	}
	change := a.swap(next)
	a.warn(next.config)
	a.logger.Info("configuration reloaded",
		slog.Int("enterprise_managers", len(next.units)),
		slog.Int("added", change.added),
		slog.Int("changed", change.changed),
		slog.Int("removed", change.removed))
	return nil
}

// warn logs what is legal in a configuration and yet a likely slip.
func (a *App) warn(cfg *config.Config) {
	for _, w := range cfg.Warnings() {
		a.logger.Warn("the configuration is perhaps not what was meant", slog.String("warning", w))
	}
}
