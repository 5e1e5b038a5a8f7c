package service

import (
	"fmt"
	"log/slog"
	"os"
	"time"

	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/eventlog"
)

// IsService tells whether Windows started this process as a service.
func IsService() bool {
	is, err := svc.IsWindowsService()
	return err == nil && is
}

// stopMargin is what a daemon gets on top of the time that it needs at most to end.
const stopMargin = 5 * time.Second

// Run runs the daemon as the service that Windows has started, and returns the exit
// code of the process. It registers with Windows before the daemon does anything,
// because Windows gives up on a service that takes longer than 30 s for that.
// The daemon may take stopTimeout to end.
func Run(daemon Daemon, stopTimeout time.Duration) int {
	var events Events = toStderr
	if log, err := eventlog.Open(Name); err == nil { // a service runs without it, too
		defer log.Close()
		events = toEventLog(log)
	}
	h := &handler{daemon: daemon, events: events, stopTimeout: stopTimeout + stopMargin}
	if err := svc.Run(Name, h); err != nil {
		_ = events(slog.LevelError, fmt.Sprintf("cannot run as a service: %s", err))
		return 1
	}
	return h.code
}

type handler struct {
	daemon      Daemon
	events      Events
	stopTimeout time.Duration
	code        int
}

// Execute is called by Windows, once. The error that it returns is specific to the
// service, so that it starts the recovery actions.
func (h *handler) Execute(_ []string, changes <-chan svc.ChangeRequest, statuses chan<- svc.Status) (bool, uint32) {
	s := &supervisor[svc.ChangeRequest]{
		requests:    changes,
		kind:        func(c svc.ChangeRequest) request { return request(c.Cmd) },
		report:      func(now state) { statuses <- h.status(now) },
		events:      h.events,
		stopTimeout: h.stopTimeout,
	}
	if err := s.run(h.daemon); err != nil {
		h.code = 1
	}
	return true, uint32(h.code)
}

// startHint is how long Windows should expect a start to take.
const startHint = 30 * time.Second

func (h *handler) status(now state) svc.Status {
	s := svc.Status{State: svc.State(now)}
	switch now {
	case startPending:
		s.WaitHint = uint32(startHint.Milliseconds())
	case running:
		s.Accepts = svc.AcceptStop | svc.AcceptShutdown | svc.AcceptParamChange
	case stopPending:
		s.WaitHint = uint32(h.stopTimeout.Milliseconds())
	}
	return s
}

// toEventLog writes to the event log of Windows. Each severity has an identifier of its
// own, for filters.
func toEventLog(log *eventlog.Log) Events {
	return func(severity slog.Level, message string) error {
		switch {
		case severity >= slog.LevelError:
			return log.Error(3, message)
		case severity >= slog.LevelWarn:
			return log.Warning(2, message)
		}
		return log.Info(1, message)
	}
}

// toStderr stands for an event log that could not be opened: whoever starts the service
// by hand sees what is wrong.
func toStderr(severity slog.Level, message string) error {
	if severity < slog.LevelWarn {
		return nil
	}
	_, err := fmt.Fprintln(os.Stderr, message)
	return err
}
