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
	"log/slog"
	"os"
)

// Name is that of the service and of its source in the event log.
const Name = "qem_exporter"

// ErrNotWindows is what everything returns where there are no Windows services.
var ErrNotWindows = errors.New("there are Windows services on Windows only: elsewhere use a unit of systemd or a " +
	"container, see deploy/ in the repository")

// What Manage can do with the service.
const (
	Install   = "install"   // for Windows to start it, with the arguments, when it starts itself
	Uninstall = "uninstall" // after its end
	Start     = "start"     // and wait until it runs
	Stop      = "stop"      // and wait until it has ended
)

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

// Events is an event log, such as that of Windows.
type Events func(severity slog.Level, message string) error
