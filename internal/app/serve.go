package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/coreos/go-systemd/v22/activation"
	toolkit "github.com/prometheus/exporter-toolkit/web"
)

// Limits of the HTTP servers. A scrape is answered from memory, so that whoever
// needs longer is stuck or means ill.
const (
	readHeaderTimeout = 10 * time.Second
	readTimeout       = 30 * time.Second
	writeTimeout      = 2 * time.Minute // a large scrape over a slow line; a CPU profile
	idleTimeout       = 5 * time.Minute // longer than any usual scrape interval
	maxHeaderBytes    = 64 << 10
)

// listen opens every socket, or none.
func listen(ctx context.Context, o Options) ([]net.Listener, error) {
	if o.SystemdSocket {
		return systemdListeners()
	}
	var listeners []net.Listener
	for _, address := range o.ListenAddresses {
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
		if err != nil {
			closeAll(listeners)
			return nil, fmt.Errorf("cannot listen on %s: %w", address, err)
		}
		listeners = append(listeners, l)
	}
	return listeners, nil
}

func systemdListeners() ([]net.Listener, error) {
	activated, err := activation.Listeners()
	if err != nil {
		return nil, fmt.Errorf("cannot take the sockets of systemd: %w", err)
	}
	var listeners []net.Listener
	for _, l := range activated {
		if l != nil { // nil stands for a descriptor that is no stream socket
			listeners = append(listeners, l)
		}
	}
	if len(listeners) == 0 {
		return nil, errors.New("systemd handed over no socket: --web.systemd-socket needs a socket unit")
	}
	return listeners, nil
}

func closeAll(listeners []net.Listener) {
	for _, l := range listeners {
		_ = l.Close()
	}
}

func addresses(listeners []net.Listener) []string {
	var texts []string
	for _, l := range listeners {
		texts = append(texts, l.Addr().String())
	}
	return texts
}

// servers answer on the listeners. Each listener has an http.Server of its own,
// because the toolkit writes to the one that it is given.
type servers struct {
	listeners []net.Listener
	list      []*http.Server // list[i] serves listeners[i]
	serving   sync.WaitGroup
}

func newServers(listeners []net.Listener, handler http.Handler, most int, logger *slog.Logger) *servers {
	s := &servers{}
	all := newConnections(most)
	for _, l := range listeners {
		s.listeners = append(s.listeners, boundedListener{l, all})
		s.list = append(s.list, &http.Server{
			Handler:           noted(handler),
			ConnContext:       withConnection,
			ReadHeaderTimeout: readHeaderTimeout,
			ReadTimeout:       readTimeout,
			WriteTimeout:      writeTimeout,
			IdleTimeout:       idleTimeout,
			MaxHeaderBytes:    maxHeaderBytes,
			ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
		})
	}
	return s
}

// start serves until stop; failed is called for a listener that ends by itself.
func (s *servers) start(webConfigFile string, logger *slog.Logger, failed func(error)) {
	for i, l := range s.listeners {
		s.serving.Go(func() {
			err := toolkit.Serve(l, s.list[i], &toolkit.FlagConfig{WebConfigFile: &webConfigFile}, logger)
			if err != nil && !errors.Is(err, http.ErrServerClosed) {
				failed(fmt.Errorf("serve %s: %w", l.Addr(), err))
			}
		})
	}
}

// stop waits for the requests that are being answered.
func (s *servers) stop(ctx context.Context) error {
	errs := make([]error, len(s.list))
	var ending sync.WaitGroup
	for i, server := range s.list {
		ending.Go(func() { errs[i] = shutdown(ctx, server) })
	}
	ending.Wait()
	closeAll(s.listeners) // one that its server never came to serve is still open
	s.serving.Wait()
	return errors.Join(errs...)
}

// shutdown lets the requests in flight finish, and cuts them off when time is up.
func shutdown(ctx context.Context, server *http.Server) error {
	err := server.Shutdown(ctx)
	if err != nil {
		_ = server.Close()
	}
	return err
}
