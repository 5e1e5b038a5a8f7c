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

// handler is the service in the terms of Windows.
type handler struct {
	daemon      Daemon
	events      Events
	stopTimeout time.Duration
	code        int
}

// Execute is called by Windows, once. The error that it returns is specific to the
// service, so that it starts the recovery actions.
func (h *handler) Execute(_ []string, changes <-chan svc.ChangeRequest, statuses chan<- svc.Status) (bool, uint32) {
	requests := make(chan request)
	ended := make(chan struct{})
	defer close(ended)
	go func() {
		for {
			select {
			case c := <-changes:
				select {
				case requests <- toRequest(c.Cmd):
				case <-ended:
					return
				}
			case <-ended:
				return
			}
		}
	}()
	s := &supervisor{
		requests:    requests,
		report:      func(now state) { statuses <- h.status(now) },
		events:      h.events,
		stopTimeout: h.stopTimeout,
	}
	if err := s.run(h.daemon); err != nil {
		h.code = 1
	}
	return true, uint32(h.code)
}

func (h *handler) status(s state) svc.Status {
	switch s {
	case startPending:
		return svc.Status{State: svc.StartPending, WaitHint: milliseconds(startHint)}
	case running:
		return svc.Status{State: svc.Running, Accepts: svc.AcceptStop | svc.AcceptShutdown | svc.AcceptParamChange}
	case stopPending:
		return svc.Status{State: svc.StopPending, WaitHint: milliseconds(h.stopTimeout)}
	}
	return svc.Status{State: svc.Stopped}
}

func milliseconds(d time.Duration) uint32 { return uint32(d.Milliseconds()) }

func toRequest(c svc.Cmd) request {
	switch c {
	case svc.Interrogate:
		return interrogate
	case svc.Stop:
		return stop
	case svc.Shutdown:
		return shutdown
	case svc.ParamChange:
		return paramChange
	}
	return otherRequest
}

func toState(s svc.State) state {
	switch s {
	case svc.Stopped:
		return stopped
	case svc.StartPending:
		return startPending
	case svc.Running:
		return running
	case svc.StopPending:
		return stopPending
	}
	return otherState
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
