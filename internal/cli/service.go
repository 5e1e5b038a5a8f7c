package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"github.com/qem-exporter/qem_exporter/internal/app"
	"github.com/qem-exporter/qem_exporter/internal/service"
)

// serviceTimeout bounds how long a command waits for the service to start or stop,
// which itself takes at most app.StopTimeout.
const serviceTimeout = 30 * time.Second

// addServiceCommands adds the commands for Windows. Elsewhere they are not in the
// help, and say why they do nothing.
func (f *flags) addServiceCommands() {
	c := f.cli.Command("service", "Manage the Windows service, as an administrator.")
	commands := []*kingpin.CmdClause{
		c,
		c.Command(service.Install,
			"Make a service that Windows starts with the flags given here, --config.file at least."),
		c.Command(service.Uninstall, "Stop and remove the service."),
		c.Command(service.Start, "Start the service and wait until it runs."),
		c.Command(service.Stop, "Stop the service and wait until it has ended."),
	}
	if runtime.GOOS != "windows" {
		for _, c := range commands {
			c.Hidden()
		}
	}
}

// manageService does what one of the service commands says.
func (f *flags) manageService(ctx context.Context, command string, args []string) error {
	if runtime.GOOS != "windows" {
		return fmt.Errorf("%s: %w", command, service.ErrNotWindows)
	}
	ctx, cancel := context.WithTimeout(ctx, serviceTimeout)
	defer cancel()
	command = strings.TrimPrefix(command, "service ")
	var arguments []string
	if command == service.Install {
		var err error
		if arguments, err = f.serviceArguments(args); err != nil {
			return err
		}
	}
	return service.Manage(ctx, command, arguments)
}

// serviceArguments are the flags of an installation, checked, for the command line
// of the service. A service starts in a folder of Windows, so that names of files
// are made absolute.
func (f *flags) serviceArguments(args []string) ([]string, error) {
	if f.configFile == "" {
		return nil, errors.New("a service needs --config.file: it does not have this window's environment")
	}
	if _, err := f.load(); err != nil {
		return nil, err
	}
	if _, err := app.New(f.appOptions(slog.New(slog.DiscardHandler))); err != nil {
		return nil, err
	}
	parsed, err := f.cli.ParseContext(args)
	if err != nil {
		return nil, err
	}
	var arguments []string
	for _, e := range parsed.Elements {
		clause, ok := e.Clause.(*kingpin.FlagClause)
		if !ok {
			continue
		}
		argument, err := serviceArgument(clause.Model(), *e.Value)
		if err != nil {
			return nil, err
		}
		arguments = append(arguments, argument)
	}
	return arguments, nil
}

func serviceArgument(flag *kingpin.FlagModel, value string) (string, error) {
	switch {
	case flag.IsBoolFlag() && value == "true":
		return "--" + flag.Name, nil
	case flag.IsBoolFlag():
		return "--no-" + flag.Name, nil
	case flag.Name == "config.file", flag.Name == "web.config.file":
		path, err := filepath.Abs(value)
		if err != nil {
			return "", fmt.Errorf("--%s: %w", flag.Name, err)
		}
		value = path
	}
	return "--" + flag.Name + "=" + value, nil
}

// serviceDaemon is what a Windows service runs whose command line has the given
// arguments: the daemon, which logs to the event log.
func serviceDaemon(args []string) service.Daemon {
	return func(ctx context.Context, s service.Session) error {
		flags := newFlags()
		command, err := flags.cli.Parse(args)
		if err != nil {
			return err
		}
		if command != flags.serve.FullCommand() {
			return fmt.Errorf("a service cannot run the command %s", command)
		}
		o := flags.appOptions(flags.logTo(s.Events))
		o.Supervisor.Ready = s.Ready
		return serve(ctx, o, s.Reloads)
	}
}
