package service

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/eventlog"
	"golang.org/x/sys/windows/svc/mgr"
)

// What the list of services shows.
const (
	displayName = "Qlik Enterprise Manager exporter for Prometheus"
	description = "Polls Qlik Enterprise Managers and serves metrics of their Replicate and Compose servers, tasks and " +
		"tables."
)

// account is the one with the least rights that reaches the network. The service's
// own identity (NT SERVICE\qem_exporter) is added to it, so that files can be made
// readable for this service alone.
const account = `NT AUTHORITY\LocalService`

// recoveryActions are what Windows does after the first, second and every later
// failure; recoveryReset is after how long it counts from one again.
var recoveryActions = []mgr.RecoveryAction{
	{Type: mgr.ServiceRestart, Delay: 5 * time.Second},
	{Type: mgr.ServiceRestart, Delay: 30 * time.Second},
	{Type: mgr.ServiceRestart, Delay: time.Minute},
}

const recoveryReset = 24 * time.Hour

// Manage installs, removes, starts or stops the service of this program.
func Manage(ctx context.Context, command string, arguments []string) error {
	m, err := mgr.Connect()
	if errors.Is(err, windows.ERROR_ACCESS_DENIED) {
		return errors.New("managing services needs an administrator: start the command in an elevated prompt")
	}
	if err != nil {
		return fmt.Errorf("cannot reach the service control manager: %w", err)
	}
	defer m.Disconnect()
	if command == Install {
		return install(m, arguments)
	}
	s, err := m.OpenService(Name)
	if errors.Is(err, windows.ERROR_SERVICE_DOES_NOT_EXIST) {
		return errors.New("the service is not installed")
	}
	if err != nil {
		return fmt.Errorf("cannot open the service: %w", err)
	}
	defer s.Close()
	switch command {
	case Start:
		return begin(ctx, s)
	case Stop:
		return end(ctx, s)
	}
	return uninstall(ctx, s)
}

func install(m *mgr.Mgr, arguments []string) error {
	executable, err := os.Executable()
	if err != nil {
		return fmt.Errorf("cannot find the program: %w", err)
	}
	s, err := m.CreateService(Name, executable, mgr.Config{
		StartType:        mgr.StartAutomatic,
		DelayedAutoStart: true, // after the network
		ErrorControl:     mgr.ErrorNormal,
		DisplayName:      displayName,
		Description:      description,
		ServiceStartName: account,
		SidType:          windows.SERVICE_SID_TYPE_UNRESTRICTED,
	}, arguments...)
	if errors.Is(err, windows.ERROR_SERVICE_EXISTS) {
		return errors.New("the service is installed: uninstall it first")
	}
	if err != nil {
		return fmt.Errorf("cannot create the service: %w", err)
	}
	defer s.Close()
	if err := finish(s); err != nil {
		return errors.Join(err, s.Delete())
	}
	return nil
}

// finish sets up what a service needs beyond its existence.
func finish(s *mgr.Service) error {
	err := s.SetRecoveryActions(recoveryActions, uint32(recoveryReset.Seconds()))
	if err == nil {
		// Also when it ends with an error, not only when it crashes.
		err = s.SetRecoveryActionsOnNonCrashFailures(true)
	}
	if err != nil {
		return fmt.Errorf("cannot set the recovery actions: %w", err)
	}
	_ = eventlog.Remove(Name) // one that an earlier version left
	if err := eventlog.InstallAsEventCreate(Name, eventlog.Info|eventlog.Warning|eventlog.Error); err != nil {
		return fmt.Errorf("cannot set up the event log: %w", err)
	}
	return nil
}

func uninstall(ctx context.Context, s *mgr.Service) error {
	if err := end(ctx, s); err != nil {
		return err
	}
	if err := s.Delete(); err != nil {
		return fmt.Errorf("cannot remove the service: %w", err)
	}
	if err := eventlog.Remove(Name); err != nil && !errors.Is(err, windows.ERROR_FILE_NOT_FOUND) {
		return fmt.Errorf("cannot remove the source of the event log: %w", err)
	}
	return nil
}

func begin(ctx context.Context, s *mgr.Service) error {
	if err := s.Start(); err != nil && !errors.Is(err, windows.ERROR_SERVICE_ALREADY_RUNNING) {
		return fmt.Errorf("cannot start the service: %w", err)
	}
	return await(ctx, running, query(s))
}

// end stops a service; one that does not run is as it should be.
func end(ctx context.Context, s *mgr.Service) error {
	_, err := s.Control(svc.Stop)
	if err != nil && !errors.Is(err, windows.ERROR_SERVICE_NOT_ACTIVE) {
		return fmt.Errorf("cannot stop the service: %w", err)
	}
	return await(ctx, stopped, query(s))
}

func query(s *mgr.Service) func() (state, error) {
	return func() (state, error) {
		status, err := s.Query()
		if err != nil {
			return stopped, fmt.Errorf("cannot ask for the state of the service: %w", err)
		}
		return state(status.State), nil
	}
}
