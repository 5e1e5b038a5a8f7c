//go:build torture

package e2e

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/qem-exporter/qem_exporter/aem/aemtest"
	"github.com/qem-exporter/qem_exporter/internal/testkit/process"
)

// mutated spoils one answer in eight: bytes, its length, its status, or its end.
func mutated(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := httptest.NewRecorder()
		next.ServeHTTP(answer, r)
		body, status := answer.Body.Bytes(), answer.Code
		if rand.IntN(8) == 0 && len(body) > 0 {
			switch rand.IntN(5) {
			case 0:
				for range 1 + rand.IntN(8) {
					body[rand.IntN(len(body))] = byte(rand.IntN(256))
				}
			case 1:
				body = body[:rand.IntN(len(body))]
			case 2:
				body = append(body, body...)
			case 3:
				status = []int{204, 301, 403, 404, 429, 500, 503}[rand.IntN(7)]
			case 4:
				panic(http.ErrAbortHandler)
			}
		}
		for name, values := range answer.Header() {
			w.Header()[name] = values
		}
		w.Header().Del("Content-Length")
		w.WriteHeader(status)
		_, _ = w.Write(body)
	})
}

// TestTorture lets a binary with the race detector live through mutated answers, expired sessions,
// reloads and scrapers, for TORTURE (10 minutes): it reports nothing and ends when it is asked to.
func TestTorture(t *testing.T) {
	length, err := time.ParseDuration(cmp.Or(os.Getenv("TORTURE"), "10m"))
	if err != nil {
		t.Fatal(err)
	}
	racing := filepath.Join(t.TempDir(), "qem_exporter")
	building := exec.CommandContext(t.Context(), "go", "build", "-race", "-o", racing, "..")
	if out, err := building.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	sim := aemtest.New(aemtest.Options{
		Seed: 1, Servers: 6, TasksPerServer: 20, TablesPerTask: 5, Incidents: true, Speed: 20,
	})
	t.Cleanup(sim.Close)
	manager := httptest.NewServer(mutated(sim))
	t.Cleanup(manager.Close)
	path := process.File(t, "qem.yml", "")
	configure := func(i int) {
		text := fmt.Sprintf("enterprise_managers:\n- {name: prod, url: %s, poll_interval: 1s, request_timeout: 1s,\n"+
			"    retries: %d, tables: {mode: %q}, auth: {username: %s, domain: %s, password: %s}}\n",
			manager.URL+aemtest.Path, i/20%3, []string{"all", "errors", "summary"}[i%3],
			aemtest.DefaultUser, aemtest.DefaultDomain, aemtest.DefaultPassword)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Error(err)
		}
	}
	configure(0)
	p := process.Launch(t, racing, "--config.file="+path, "--web.listen-address=127.0.0.1:0")
	base := "http://" + p.Address()
	ctx, cancel := context.WithTimeout(t.Context(), length)
	defer cancel()
	var busy sync.WaitGroup
	for _, page := range []string{
		"/metrics", "/metrics?name[]=qem_up", "/", "/api/v1/status?details=true", "/api/v1/events",
	} {
		busy.Go(func() {
			for ctx.Err() == nil {
				if response, err := process.Client().Get(base + page); err == nil {
					_, _ = io.Copy(io.Discard, response.Body)
					_ = response.Body.Close()
				}
			}
		})
	}
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for i := 1; ctx.Err() == nil; i++ {
		select {
		case <-ticker.C:
			configure(i)
			p.Signal(syscall.SIGHUP)
			if i%7 == 0 {
				sim.ExpireSessions()
			}
		case <-ctx.Done():
		}
	}
	busy.Wait()
	p.Signal(syscall.SIGTERM)
	if code := p.Wait(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	for _, bad := range []string{"DATA RACE", "panic:", "fatal error:"} {
		if strings.Contains(p.Written(), bad) {
			t.Errorf("it reports %s", bad)
		}
	}
}
