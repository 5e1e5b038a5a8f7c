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

// Manage installs, removes, starts or stops the service of this program.
func Manage(context.Context, string, []string) error { return ErrNotWindows }
