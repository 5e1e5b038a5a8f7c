//go:build !windows

package service

import (
	"context"
	"time"
)

// IsService tells whether Windows started this process as a service.
func IsService() bool { return false }

// Run runs the daemon as the service that Windows has started, and returns the exit
// code of the process.
func Run(Daemon, time.Duration) int { return 1 }

// Install makes a service of this program, which Windows starts with the arguments
// when it starts itself.
func Install([]string) error { return ErrNotWindows }

// Uninstall stops the service and removes it.
func Uninstall(context.Context) error { return ErrNotWindows }

// Start starts the service and waits until it runs.
func Start(context.Context) error { return ErrNotWindows }

// Stop stops the service and waits until it has ended.
func Stop(context.Context) error { return ErrNotWindows }
