package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"

	"github.com/qem-exporter/qem_exporter/aem/aemtest"
)

type simulator struct {
	url    string
	failed chan error
	stop   func(context.Context) error // also once the context has ended
}

const simulatorConnections = 512

// startSimulator serves a simulated Enterprise Manager on a loopback address: its
// credentials are public.
func startSimulator(ctx context.Context, listenAddress string, o aemtest.Options, logger *slog.Logger) (*simulator,
	error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", listenAddress)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s: %w", listenAddress, err)
	}
	if tcp, ok := l.Addr().(*net.TCPAddr); !ok || !tcp.IP.IsLoopback() {
		_ = l.Close()
		return nil, fmt.Errorf("the simulator listens on loopback addresses only, such as 127.0.0.1:10046, not on %s",
			listenAddress)
	}
	sim := aemtest.New(o)
	serving := newServers([]net.Listener{l}, sim, simulatorConnections, logger)
	s := &simulator{url: "http://" + l.Addr().String() + aemtest.Path, failed: make(chan error, 1)}
	s.stop = func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), StopTimeout)
		defer cancel()
		sim.Close()
		return serving.stop(ctx)
	}
	serving.start("", slog.New(slog.DiscardHandler), func(err error) { s.failed <- err })
	return s, nil
}

// Simulate serves a simulated Enterprise Manager until the context ends, and tells out
// where it is and how to poll it.
func Simulate(ctx context.Context, address string, fleet aemtest.Options, out io.Writer, logger *slog.Logger) error {
	s, err := startSimulator(ctx, address, fleet, logger)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, `Simulated Enterprise Manager: %[1]s
  user %[2]s, domain %[3]s, password %[4]s (the same everywhere, not a secret)
Poll it once:
  QEM_URL=%[1]s QEM_USERNAME='%[3]s\%[2]s' QEM_PASSWORD=%[4]s qem_exporter scrape
`, s.url, aemtest.DefaultUser, aemtest.DefaultDomain, aemtest.DefaultPassword)
	select {
	case <-ctx.Done():
		err = nil
	case err = <-s.failed:
	}
	return errors.Join(err, s.stop(ctx))
}
