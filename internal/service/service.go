// Package service runs a daemon as a Windows service, and installs, removes,
// starts and stops that service. On other systems every function says that there
// are no Windows services.
//
// What decides something is here and in the files without a system in their name,
// so that it is tested everywhere; the files for Windows only translate.
package service

import (
	"context"
	"errors"
	"os"
	"time"
)

// Name is that of the service and of its source in the event log.
const Name = "qem_exporter"

// ErrNotWindows is what everything returns where there are no Windows services.
var ErrNotWindows = errors.New("there are Windows services on Windows only: elsewhere use a unit of systemd or a " +
	"container, see deploy/ in the repository")

// Session is what the daemon of a service gets.
type Session struct {
	// Ready is to be called once the daemon serves: the service is then running.
	Ready func()
	// Reloads says when to load the configuration again ("sc control qem_exporter
	// paramchange").
	Reloads <-chan os.Signal
	// Events is the event log.
	Events Events
}

// Daemon runs until the context ends, which it does when Windows stops the service
// or shuts down.
type Daemon func(context.Context, Session) error

// Events is the event log of Windows.
type Events interface {
	Info(id uint32, message string) error
	Warning(id uint32, message string) error
	Error(id uint32, message string) error
}

// The identifiers of our events: one a severity, for filters on the event log.
const (
	eventInfo    = 1
	eventWarning = 2
	eventError   = 3
)

const (
	startHint = 30 * time.Second // how long Windows should expect a start to take
	pollState = 200 * time.Millisecond
)
