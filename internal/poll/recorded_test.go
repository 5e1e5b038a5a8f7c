package poll

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/aem/aemtest"
)

// requestCount counts HTTP requests.
type requestCount struct{ atomic.Int64 }

func (c *requestCount) Request(string, int, time.Duration) { c.Add(1) }
func (c *requestCount) Failed(string, string)              {}
func (c *requestCount) Retry(string)                       {}
func (c *requestCount) Login(bool)                         {}

// recorded is a simulated Enterprise Manager of 50 × 200 tasks with 20 tables each in another process, which
// answers from its memory what it was asked before: its own work is to leave time for the poller's.
type recorded struct {
	URL         string
	Certificate []byte
}

// recordedLatency is the variable that makes this test program a recorded one.
const recordedLatency = "QEM_TEST_RECORDED_LATENCY"

func startRecorded(b *testing.B, latency time.Duration) (em recorded) {
	b.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env, cmd.Stderr = append(os.Environ(), recordedLatency+"="+latency.String()), os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	if err := json.NewDecoder(out).Decode(&em); err != nil {
		b.Fatal(err)
	}
	return em
}

// client is tuned as the daemon's, and counts its requests and connections.
func (em recorded) client(b *testing.B, concurrency int, requests *requestCount,
	connections *atomic.Int64) *aem.Client {
	b.Helper()
	certificate, err := x509.ParseCertificate(em.Certificate)
	if err != nil {
		b.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(certificate)
	transport := aem.NewTransport(aem.TransportOptions{TLS: &tls.Config{RootCAs: roots}, MaxConnections: concurrency})
	dial := transport.DialContext
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		connections.Add(1)
		return dial(ctx, network, address)
	}
	client, err := aem.New(em.URL, aem.APIToken(aemtest.DefaultAPIToken), aem.WithTransport(transport),
		aem.WithObserver(requests))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = client.Close(context.Background()) })
	return client
}

// serveRecorded is the other process. It ends when it is killed.
func serveRecorded(latency time.Duration) error {
	sim := aemtest.New(aemtest.Options{
		Servers: 50, ComposeServers: -1, TasksPerServer: 200, TablesPerTask: 20, Healthy: true,
	})
	var answers sync.Map // request URI → *httptest.ResponseRecorder
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		<-time.After(latency)
		if r.Method != http.MethodGet || r.Header.Get(aemtest.SessionHeader) == "" {
			sim.ServeHTTP(w, r)
			return
		}
		known, ok := answers.Load(r.RequestURI)
		if !ok {
			answer := httptest.NewRecorder()
			sim.ServeHTTP(answer, r)
			known, _ = answers.LoadOrStore(r.RequestURI, answer)
		}
		answer := known.(*httptest.ResponseRecorder)
		w.Header().Set("Content-Type", answer.Header().Get("Content-Type"))
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes())
	}))
	found := recorded{server.URL + aemtest.Path, server.Certificate().Raw}
	if err := json.NewEncoder(os.Stdout).Encode(found); err != nil {
		return fmt.Errorf("telling the address: %w", err)
	}
	select {}
}
