package service

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/coreos/go-systemd/v22/journal"
)

// Ready tells systemd, where the unit asks for it, that the daemon serves.
func Ready() { notify(daemon.SdNotifyReady) }

// Reloading tells it that a reload begins, which Ready ends.
func Reloading() { notify(daemon.SdNotifyReloading + "\n" + daemon.SdNotifyMonotonicUsec()) }

// Stopping tells it that the end begins.
func Stopping() { notify(daemon.SdNotifyStopping) }

// notify is of no use to anybody where it fails.
func notify(state string) { _, _ = daemon.SdNotify(false, state) }

// Watchdog tells systemd that the daemon lives for as long as it is healthy, until
// the context ends, where the unit asks for it.
func Watchdog(ctx context.Context, healthy func() error) {
	limit, err := daemon.SdWatchdogEnabled(false)
	if err != nil || limit <= 0 {
		return
	}
	tick := time.NewTicker(limit / 3)
	defer tick.Stop()
	for {
		if healthy() == nil {
			notify(daemon.SdNotifyWatchdog)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// ToJournal reports whether what is written to the standard error output goes to
// systemd's journal.
func ToJournal() bool {
	is, err := journal.StderrIsJournalStream()
	return err == nil && is
}

// Journal is systemd's journal as an event log: a number before each line is its
// priority.
func Journal(to io.Writer) Events {
	return func(severity slog.Level, message string) error {
		priority := 6
		switch {
		case severity >= slog.LevelError:
			priority = 3
		case severity >= slog.LevelWarn:
			priority = 4
		}
		_, err := io.WriteString(to, fmt.Sprintf("<%d>%s", priority, message))
		return err
	}
}
