// Package app is the life of the daemon: what starts, in which order, what a
// reload replaces, and how everything ends.
//
//	a, err := app.New(options)
//	err = a.Start(ctx)      // listens, serves, polls
//	addresses := a.Addrs()  // known at once, also for ":0"
//	err = a.Reload(ctx)     // new configuration, or everything as it was
//	err = a.Stop(ctx)       // polls end, sessions are logged out, requests drain
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus/collectors"
	toolkit "github.com/prometheus/exporter-toolkit/web"

	"github.com/qem-exporter/qem_exporter/internal/config"
	"github.com/qem-exporter/qem_exporter/internal/exposition"
	"github.com/qem-exporter/qem_exporter/internal/web"
)

// Options says where the configuration comes from and how the daemon is reached.
type Options struct {
	// Load reads the configuration, at the start and at every reload.
	Load func() (*config.Config, error)

	ListenAddresses []string // host:port; port 0 lets the system choose
	SystemdSocket   bool     // take the sockets that systemd hands over instead
	WebConfigFile   string   // TLS, basic auth and rate limit, in the exporter-toolkit's format; "" is none
	TelemetryPath   string   // where the metrics are, such as /metrics
	RoutePrefix     string   // before every path, such as /qem
	MaxConnections  int      // of clients; never more than half of the process's descriptors
	EnableLifecycle bool     // POST /-/reload
	EnablePprof     bool     // /debug/pprof/

	// Shard of TotalShards is the part of the servers that this process polls.
	Shard, TotalShards int

	Version         string // of the exporter, for the user agent and the status page
	Logger          *slog.Logger
	LogLinesDropped func() uint64 // nil: none ever
	Supervisor      Supervisor    // is told by Run
}

// StopTimeout bounds everything that Stop does: below the 30 s that container platforms
// and the 90 s that systemd give before they kill.
const StopTimeout = 10 * time.Second

// Supervisor is whoever started the daemon and wants to know how it is; a function
// that is nil is not called.
type Supervisor struct {
	Ready     func()                              // it serves, with the configuration last asked for
	Reloading func()                              // until Ready
	Stopping  func()                              // until the end
	Watch     func(context.Context, func() error) // runs until the context ends, and may ask for the health
}

func tell(f func()) {
	if f != nil {
		f()
	}
}

// checkShard says what is wrong with the shard's number, if anything.
func (o Options) checkShard() error {
	if o.Shard < 0 || o.Shard >= o.TotalShards {
		return fmt.Errorf("shard is %d: it must be between 0 and total shards - 1, which is %d", o.Shard, o.TotalShards-1)
	}
	return nil
}

// The errors of an App that is not running.
var (
	ErrNotRunning     = errors.New("qem_exporter is not running")
	ErrAlreadyStarted = errors.New("qem_exporter was started before")
)

// App is the daemon. Its methods may be called from several goroutines.
type App struct {
	*factory
	handler   http.Handler
	listen    func(context.Context, Options) ([]net.Listener, error)
	listeners []net.Listener

	begun   time.Time
	running atomic.Pointer[generation] // nil before Start
	// reloadFailure is why the last reload failed; nil when it did not.
	reloadFailure atomic.Pointer[reloadFailure]
	reloads       chan chan error
	failures      chan error // of a listener that stopped serving although nobody asked for it

	life    context.Context // ends with Stop; everything that runs hangs on it
	endLife context.CancelFunc

	mu       sync.Mutex // guards the rest
	state    state
	cleanups []cleanup
	stopped  chan struct{} // closed when the teardown is over
	stopErr  error
}

type state int

const (
	created state = iota
	started
	stopping
)

// cleanup undoes one step of the start.
type cleanup struct {
	name string
	run  func(context.Context) error
}

// New checks the options and puts the daemon together. Nothing runs yet.
func New(o Options) (*App, error) {
	if err := o.checkShard(); err != nil {
		return nil, err
	}
	if err := toolkit.Validate(o.WebConfigFile); err != nil {
		return nil, fmt.Errorf("web configuration file %s: %w", o.WebConfigFile, err)
	}
	a := &App{
		factory:  newFactory(o),
		listen:   listen,
		reloads:  make(chan chan error),
		failures: make(chan error, 1),
		stopped:  make(chan struct{}),
	}
	a.life, a.endLife = context.WithCancel(context.Background())
	a.registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	pages := web.Options{
		TelemetryPath: o.TelemetryPath,
		RoutePrefix:   o.RoutePrefix,
		Metrics: exposition.NewHandler(exposition.HandlerOptions{
			Own:        a.registry,
			Snapshots:  a.collector.Current,
			Registerer: a.registry,
			Logger:     o.Logger,
		}),
		Status: a.status,
		Config: a.redacted,
		Pprof:  o.EnablePprof,
		Logger: o.Logger,
	}
	if o.EnableLifecycle {
		pages.Reload = a.Reload
	}
	handler, err := web.New(pages)
	if err != nil {
		return nil, err
	}
	a.handler = handler
	return a, nil
}

// Addrs are the addresses that are listened on, in the order of the options;
// nil before Start.
func (a *App) Addrs() []net.Addr {
	a.mu.Lock()
	defer a.mu.Unlock()
	var addrs []net.Addr
	for _, l := range a.listeners {
		addrs = append(addrs, l.Addr())
	}
	return addrs
}
