package service

import (
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/eventlog"
)

// Supported is nil on Windows, and otherwise says that there are no services.
func Supported() error { return nil }

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
	var events Events = noEvents{}
	if log, err := eventlog.Open(Name); err == nil { // a service runs without it, too
		defer log.Close()
		events = log
	}
	h := &handler{daemon: daemon, events: events, stopTimeout: stopTimeout + stopMargin}
	if err := svc.Run(Name, h); err != nil {
		_ = events.Error(eventError, fmt.Sprintf("cannot run as a service: %s", err))
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

// noEvents stands for an event log that could not be opened: whoever starts the
// service by hand sees what is wrong on the standard error.
type noEvents struct{}

func (noEvents) Info(uint32, string) error { return nil }

func (noEvents) Warning(_ uint32, message string) error {
	_, err := fmt.Fprintln(os.Stderr, message)
	return err
}

func (noEvents) Error(_ uint32, message string) error {
	_, err := fmt.Fprintln(os.Stderr, message)
	return err
}
