package cli

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"strings"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/promslog"
	promslogflag "github.com/prometheus/common/promslog/flag"
	"github.com/prometheus/common/version"

	"github.com/qem-exporter/qem_exporter/aem/aemtest"
	"github.com/qem-exporter/qem_exporter/internal/app"
	"github.com/qem-exporter/qem_exporter/internal/config"
	"github.com/qem-exporter/qem_exporter/internal/service"
)

type flags struct {
	cli *kingpin.Application
	log promslog.Config

	configFile string
	app        app.Options

	externalURL, prefix string

	serve, checkConfig, scrape, simulate, demo, healthcheck *kingpin.CmdClause

	checkFiles      []string
	simulateAddress string
	simulateFleet   aemtest.Options
	demoFleet       aemtest.Options
}

func newFlags() *flags {
	if version.Version == "" {
		version.Version = "devel" // built without the Makefile
	}
	f := &flags{cli: kingpin.New("qem_exporter",
		"Prometheus exporter for Qlik Enterprise Manager: Replicate and Compose servers, tasks and tables.")}
	f.cli.UsageWriter(help{})
	f.cli.Version(version.Print("qem_exporter"))
	f.cli.HelpFlag.Short('h')
	f.addDaemonFlags()
	promslogflag.AddFlags(f.cli, &f.log)

	f.serve = f.cli.Command("serve", "Poll and serve the metrics; what happens without a command.").Default()
	f.checkConfig = f.cli.Command("check-config",
		"Check configuration files, or the environment without any; exit 1 when one is not valid.")
	f.checkConfig.Arg("file", "Configuration files.").StringsVar(&f.checkFiles)
	f.healthcheck = f.cli.Command("healthcheck",
		"Ask the exporter that runs here with the same flags whether it is healthy; exit 1 when not.")
	f.scrape = f.cli.Command("scrape",
		"Poll once and print the metrics; exit 1 when an Enterprise Manager could not be read.")
	f.simulate = f.cli.Command("simulate", "Serve a simulated Enterprise Manager on a loopback address.")
	f.simulate.Flag("listen-address",
		"Loopback address to serve on.").Default("127.0.0.1:10046").StringVar(&f.simulateAddress)
	addFleetFlags(f.simulate, &f.simulateFleet, "false")
	f.demo = f.cli.Command("demo", "Run the exporter on a simulated Enterprise Manager, with nothing to set up.")
	addFleetFlags(f.demo, &f.demoFleet, "true")
	f.addServiceCommands()
	for _, c := range []*kingpin.CmdClause{f.simulate, f.demo} {
		c.Validate(f.refuseConfigFile)
	}
	f.cli.Validate(func(*kingpin.Application) error { return f.check() })
	return f
}

// check refuses numbers that mean nothing.
func (f *flags) check() error {
	if u, err := url.Parse(f.externalURL); f.externalURL != "" && (err != nil || u.Scheme != "http" &&
		u.Scheme != "https" || u.Host == "") {
		return errors.New("--web.external-url must be a URL such as https://monitoring.example.com/qem")
	}
	if f.app.MaxConnections < 1 {
		return fmt.Errorf("--web.max-connections is %d: it must be at least 1", f.app.MaxConnections)
	}
	if f.app.TotalShards < 1 {
		return fmt.Errorf("--total-shards is %d: it must be at least 1", f.app.TotalShards)
	}
	for _, o := range []aemtest.Options{f.simulateFleet, f.demoFleet} {
		if o.Servers < 0 || o.TasksPerServer < 0 || o.TablesPerTask < 0 || o.Latency < 0 {
			return errors.New("--servers, --tasks, --tables and --latency must not be negative")
		}
		if o.Speed < 0 {
			return errors.New("--speed must not be negative")
		}
	}
	return nil
}

// refuseConfigFile is for the commands that would ignore it.
func (f *flags) refuseConfigFile(c *kingpin.CmdClause) error {
	if f.configFile != "" {
		return fmt.Errorf("%s takes no --config.file: it simulates an Enterprise Manager instead of polling one that is "+
			"configured", c.FullCommand())
	}
	return nil
}

func (f *flags) addDaemonFlags() {
	f.cli.Flag("config.file",
		"Configuration file. Without it QEM_URL, QEM_USERNAME, QEM_PASSWORD and the like describe one Enterprise "+
			"Manager.").StringVar(&f.configFile)
	f.cli.Flag("web.listen-address",
		"Address to listen on; repeatable.").Default(":10045").StringsVar(&f.app.ListenAddresses)
	f.cli.Flag("web.systemd-socket",
		"Take the sockets of systemd instead of listening (Linux only).").BoolVar(&f.app.SystemdSocket)
	f.cli.Flag("web.config.file",
		"File that sets up TLS, basic authentication and a rate limit. See: "+
			"https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md").
		StringVar(&f.app.WebConfigFile)
	f.cli.Flag("web.telemetry-path", "Path of the metrics.").Default("/metrics").StringVar(&f.app.TelemetryPath)
	f.cli.Flag("web.external-url",
		"URL under which the exporter is reached from outside, for example through a reverse proxy; its path is the "+
			"default of --web.route-prefix.").StringVar(&f.externalURL)
	f.cli.Flag("web.route-prefix", "Prefix of all paths. Default: the path of --web.external-url.").StringVar(&f.prefix)
	f.cli.Flag("web.max-connections",
		"Open connections at most, and at most half of the process's file descriptors; beyond, the one that has gone "+
			"longest without a request is closed.").Default("512").IntVar(&f.app.MaxConnections)
	f.cli.Flag("web.enable-lifecycle", "Allow a reload by POST /-/reload.").BoolVar(&f.app.EnableLifecycle)
	f.cli.Flag("web.enable-pprof", "Serve profiles at /debug/pprof/.").BoolVar(&f.app.EnablePprof)
	f.cli.Flag("shard", "Which part of the servers to poll, from 0 to total-shards - 1.").Default("0").IntVar(&f.app.Shard)
	f.cli.Flag("total-shards",
		"Into how many parts the servers are split, by a hash of manager and server name.").Default("1").
		IntVar(&f.app.TotalShards)
}

func addFleetFlags(c *kingpin.CmdClause, o *aemtest.Options, incidents string) {
	c.Flag("servers", "Replicate servers.").Default("3").IntVar(&o.Servers)
	c.Flag("tasks", "Tasks of a server.").Default("10").IntVar(&o.TasksPerServer)
	c.Flag("tables", "Tables of a task.").Default("8").IntVar(&o.TablesPerTask)
	c.Flag("seed", "Which fleet: the same seed makes the same one.").Default("1").Uint64Var(&o.Seed)
	c.Flag("speed", "How fast the simulated time goes.").Default("1").Float64Var(&o.Speed)
	c.Flag("incidents", "Let things go wrong every now and then.").Default(incidents).BoolVar(&o.Incidents)
	c.Flag("latency", "How long every call takes at least.").Default("0s").DurationVar(&o.Latency)
}

// sized is the fleet that the flags ask for: to the simulator, 0 means its default.
func sized(o aemtest.Options) aemtest.Options {
	for _, n := range []*int{&o.Servers, &o.TasksPerServer, &o.TablesPerTask} {
		if *n == 0 {
			*n = -1
		}
	}
	return o
}

// load reads the configuration file, or the environment when there is none.
func (f *flags) load() (*config.Config, error) {
	if f.configFile == "" {
		return config.FromEnv(os.Environ())
	}
	return config.Load(f.configFile, os.Environ())
}

// routePrefix is what the paths begin with: "/qem", or "".
func (f *flags) routePrefix() string {
	prefix := f.prefix
	if prefix == "" {
		if u, err := url.Parse(f.externalURL); err == nil {
			prefix = u.Path
		}
	}
	if prefix = strings.Trim(prefix, "/"); prefix != "" {
		return "/" + prefix
	}
	return ""
}

func (f *flags) appOptions(logger *slog.Logger) app.Options {
	o := f.app
	o.Load = f.load
	o.RoutePrefix = f.routePrefix()
	o.Version = version.Version
	o.Logger = logger
	return o
}

// daemonOptions are those of a process that systemd may have started.
func (f *flags) daemonOptions(logger *slog.Logger, queue *service.Queue) app.Options {
	o := f.appOptions(logger)
	o.LogLinesDropped = queue.Dropped
	o.Supervisor = app.Supervisor{
		Ready: service.Ready, Reloading: service.Reloading, Stopping: service.Stopping, Watch: service.Watchdog,
	}
	return o
}

// output is where a scrape prints the metrics.
func output() io.Writer {
	if info, err := os.Stdout.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
		return &app.Terminal{To: os.Stdout}
	}
	return os.Stdout
}
