package testkit_test

import (
	"context"
	"math/rand/v2"
	"net"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/aem/aemtest"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
	"github.com/qem-exporter/qem_exporter/internal/poll"
	"github.com/qem-exporter/qem_exporter/internal/poll/choose"
)

// wires is a network without sockets, on which fake time can pass. It counts the ends that are open.
type wires struct {
	accept chan net.Conn
	closed chan struct{}
	once   sync.Once
	open   atomic.Int64
	dialed atomic.Int64
}

func newWires() *wires { return &wires{accept: make(chan net.Conn), closed: make(chan struct{})} }

func (w *wires) Accept() (net.Conn, error) {
	select {
	case c := <-w.accept:
		return c, nil
	case <-w.closed:
		return nil, net.ErrClosed
	}
}

func (w *wires) Close() error {
	w.once.Do(func() { close(w.closed) })
	return nil
}

func (w *wires) Addr() net.Addr { return &net.TCPAddr{} }

func (w *wires) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case w.accept <- far:
	case <-w.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	w.open.Add(1)
	w.dialed.Add(1)
	return &wire{Conn: near, open: &w.open}, nil
}

type wire struct {
	net.Conn
	open *atomic.Int64
	once sync.Once
}

func (c *wire) Close() error {
	c.once.Do(func() { c.open.Add(-1) })
	return c.Conn.Close()
}

// nowhere takes what is published to nobody.
type nowhere struct{}

func (nowhere) Roster(*fleet.Roster)  {}
func (nowhere) Server(*fleet.Server)  {}
func (nowhere) Gone(string)           {}
func (nowhere) Polled(fleet.Result)   {}
func (nowhere) Failed(string, string) {}

// TestConnectionsStayFlat: through net/http, with servers that hang, break off, answer slowly or lose the
// session for a quarter of a day, no more connections are open than calls may be made at once, and none is left at the end.
func TestConnectionsStayFlat(t *testing.T) {
	const (
		atOnce     = 6
		goroutines = 4*atOnce + 16 // two at each end of a connection, and what polls
	)
	synctest.Test(t, func(t *testing.T) {
		sim := aemtest.New(aemtest.Options{Seed: 3, Servers: 4, TasksPerServer: 4, TablesPerTask: 2})
		defer sim.Close()
		network := newWires()
		server := &http.Server{Handler: sim}
		serving := make(chan struct{})
		go func() {
			defer close(serving)
			_ = server.Serve(network)
		}()
		transport := aem.NewTransport(aem.TransportOptions{MaxConnections: atOnce})
		transport.DialContext = network.dial
		client, err := aem.New("http://qem.example.com", aem.APIToken(aemtest.DefaultAPIToken), aem.WithPlainHTTP(),
			aem.WithTransport(transport), aem.WithTimeout(10*time.Second))
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 6*time.Hour)
		defer cancel()
		var busy sync.WaitGroup
		poller := poll.New(client, poll.Options{
			Publisher: nowhere{}, Concurrency: atOnce, PollInterval: 4 * time.Minute,
			StateInterval: time.Minute, RequestTimeout: 10 * time.Second, Tables: choose.TableOptions{Mode: choose.All},
		})
		busy.Go(func() { poller.Run(ctx) })
		busy.Go(func() { trouble(ctx, sim) })

		var most int64
		late := 0
		for range 6 {
			for range 60 {
				time.Sleep(time.Minute)
				synctest.Wait()
				most = max(most, network.open.Load())
			}
			late = max(late, runtime.NumGoroutine())
		}
		busy.Wait()
		sim.ClearFaults()
		if err := client.Close(context.Background()); err != nil {
			t.Error(err)
		}
		transport.CloseIdleConnections()
		synctest.Wait()
		t.Logf("%d requests over %d connections, at most %d at once; %d goroutines", sim.Requests(""),
			network.dialed.Load(), most, late)
		if most > atOnce || network.open.Load() != 0 || late > goroutines || sim.ActiveSessions() != 0 {
			t.Errorf("at most %d connections for %d calls at once, %d left; %d goroutines; %d sessions left",
				most, atOnce, network.open.Load(), late, sim.ActiveSessions())
		}
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		<-serving
	})
}

// trouble brings a fault of one server after the other, and of all of them now and then.
func trouble(ctx context.Context, sim *aemtest.Simulator) {
	random := rand.New(rand.NewPCG(7, 7))
	faults := []aemtest.Fault{
		{Kind: aemtest.FaultHang}, {Kind: aemtest.FaultReset}, {Kind: aemtest.FaultTruncate}, {Kind: aemtest.FaultSlow},
		{Kind: aemtest.FaultHTML}, {Kind: aemtest.FaultStatus, Status: 503, RetryAfter: time.Second},
		{Kind: aemtest.FaultLatency, Latency: 9 * time.Second}, {Kind: aemtest.FaultExpiredSession},
	}
	for ctx.Err() == nil {
		f := faults[random.IntN(len(faults))]
		if servers := sim.State().Servers; random.IntN(4) > 0 {
			f.Server = servers[random.IntN(len(servers))].Name
		}
		handle := sim.AddFault(f)
		select {
		case <-ctx.Done():
		case <-time.After(time.Duration(random.IntN(20)) * time.Minute):
		}
		handle.Remove()
	}
}
