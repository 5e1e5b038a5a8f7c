package app

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qem-exporter/qem_exporter/aem/aemtest"
	"github.com/qem-exporter/qem_exporter/internal/testkit/process"
)

func TestServesWhatItPolled(t *testing.T) {
	bubble(t, func(b *bench) {
		sim, down := b.simulated(), b.simulated()
		down.AddFault(aemtest.Fault{Kind: aemtest.FaultStatus, Status: 500})
		f := configFile(b)
		f.writeText("enterprise_managers:" + entry("prod", sim.URL) + entry("down", down.URL, "retries: 0") +
			"links: {grafana: 'https://grafana.example.com'}\n")
		d := b.start(testOptions(f))
		d.awaitReady() // a first poll that ended badly is one

		scrape := d.metrics()
		for _, line := range []string{
			`qem_up{manager="prod"} 1`,
			`qem_server_up{manager="prod",server=`,
			`qem_task_state{manager="prod",server=`,
			`qem_polls_total{manager="prod",result="success"} 3`,
			`qem_state_interval_seconds{manager="prod"} 15`,
			`qem_api_logins_total{manager="prod",result="success"} 1`,
			`qem_api_requests_total{code="200",manager="prod",operation="GetServerList"} 1`,
			`qem_up{manager="down"} 0`,
			`qem_polls_total{manager="down",result="failure"} 1`,
			`qem_exporter_config_last_reload_successful 1`,
			`qem_exporter_build_info{`,
			`go_goroutines `,
			`process_start_time_seconds `,
		} {
			if !hasSample(scrape, line) {
				b.Errorf("the scrape lacks %s", line)
			}
		}
		if _, page := d.get("/"); !strings.Contains(page, "prod") || !strings.Contains(page, sim.URL) {
			b.Errorf("the status page lacks the manager:\n%s", page)
		}
		if got := d.status().Links.Grafana; got != "https://grafana.example.com" {
			b.Errorf("the page leads to %q", got)
		}
		if _, text := d.get("/config"); !strings.Contains(text, sim.URL) || strings.Contains(text, aemtest.DefaultPassword) {
			b.Errorf("/config:\n%s", text)
		}
	})
}

// Until every first poll has ended the exporter is not ready, but it answers.
func TestReadiness(t *testing.T) {
	bubble(t, func(b *bench) {
		quick, slow := b.simulated(), b.simulated()
		hang := slow.AddFault(aemtest.Fault{Operation: "GetServerList", Kind: aemtest.FaultHang})
		d := b.start(testOptions(configFile(b,
			entry("quick", quick.URL),
			entry("slow", slow.URL, "request_timeout: 60s", "retries: 0"))))

		d.awaitSample(`qem_up{manager="quick"} 1`)
		d.await("the slow one is being asked", func() bool { return hang.Hits() > 0 })
		d.await("only the slow one is waited for", func() bool {
			code, body := d.get("/-/ready")
			return code == http.StatusServiceUnavailable && strings.Contains(body, "slow") && !strings.Contains(body, "quick")
		})
		if code, _ := d.get("/-/healthy"); code != http.StatusOK {
			b.Errorf("healthy = %d", code)
		}
		if !hasSample(d.metrics(), `qem_up{manager="slow"} 0`) {
			b.Error("qem_up of a manager that was not polled yet is not 0")
		}
	})
}

func TestStopLogsOut(t *testing.T) {
	bubble(t, func(b *bench) {
		one, two := b.simulated(), b.simulated()
		d := b.start(testOptions(configFile(b, entry("one", one.URL), entry("two", two.URL))))
		d.awaitReady()
		if n := one.ActiveSessions() + two.ActiveSessions(); n != 2 {
			b.Fatalf("%d sessions while running, want 2", n)
		}
		var stopping sync.WaitGroup
		for range 3 {
			stopping.Go(func() {
				if err := d.Stop(context.Background()); err != nil {
					b.Errorf("stop: %v", err)
				}
				if n := one.ActiveSessions() + two.ActiveSessions(); n != 0 {
					b.Errorf("%d sessions after stop, want none", n)
				}
			})
		}
		stopping.Wait()
		if n := one.Logouts() + two.Logouts(); n != 2 {
			b.Errorf("%d logouts, want 2", n)
		}
		if _, err := d.dial(); err == nil {
			b.Error("still listening after stop")
		}
		if err := d.Reload(context.Background()); !errors.Is(err, ErrNotRunning) {
			b.Errorf("reload after stop: %v", err)
		}
		if err := d.Start(context.Background()); !errors.Is(err, ErrAlreadyStarted) {
			b.Errorf("start after stop: %v", err)
		}
	})
}

func TestStopBeforeStart(t *testing.T) {
	bubble(t, func(b *bench) {
		a := b.app(testOptions(configFile(b, entry("prod", "http://none.example.com"))))
		if err := a.Reload(context.Background()); !errors.Is(err, ErrNotRunning) {
			b.Errorf("reload before start: %v", err)
		}
		if err := a.Stop(context.Background()); err != nil {
			b.Errorf("stop: %v", err)
		}
		if err := a.Start(context.Background()); !errors.Is(err, ErrAlreadyStarted) {
			b.Errorf("start after stop: %v", err)
		}
	})
}

// An Enterprise Manager that hangs holds up neither a reload nor the end.
func TestHangingManagerHoldsUpNothing(t *testing.T) {
	for name, ending := range map[string]func(*stand) error{
		"stop": func(s *stand) error { return s.Stop(context.Background()) },
		"reload": func(s *stand) error {
			s.file.write(entry("other", "http://other.example.com"))
			return s.Reload(context.Background())
		},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, func(s *stand) {
				s.after(time.Minute)
				hang := s.sim.AddFault(aemtest.Fault{Kind: aemtest.FaultHang})
				time.Sleep(20 * time.Second)
				begun := time.Now()
				if err := ending(s); err != nil || hang.Hits() == 0 {
					t.Errorf("%v, with %d calls that hang", err, hang.Hits())
				}
				if took := time.Since(begun); took > retireTimeout {
					t.Errorf("it took %v, want at most %v", took, retireTimeout)
				}
				hang.Remove()
			})
		})
	}
}

// A request that is being answered is answered before the end.
func TestStopDrains(t *testing.T) {
	bubble(t, func(b *bench) {
		leave := make(chan struct{})
		d := b.app(testOptions(configFile(b, entry("prod", b.simulated().URL))))
		d.handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			<-leave
			_, _ = io.WriteString(w, "answered")
		})
		if err := d.Start(b.Context()); err != nil {
			b.Fatal(err)
		}
		answer, stopped := make(chan string, 1), make(chan error, 1)
		go func() {
			_, body := d.get("/")
			answer <- body
		}()
		synctest.Wait()
		go func() { stopped <- d.Stop(context.Background()) }()
		synctest.Wait()
		if _, err := d.dial(); err == nil || len(stopped) > 0 {
			b.Errorf("still listening, or stopped already: %v", err)
		}
		close(leave)
		if got := <-answer; got != "answered" {
			b.Errorf("the request in flight got %q", got)
		}
		if err := <-stopped; err != nil {
			b.Errorf("stop: %v", err)
		}
	})
}

func TestStartFails(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	good := func() *file { return configFile(t, entry("prod", "http://127.0.0.1:1")) }
	for name, tc := range map[string]struct {
		change func(*Options)
		want   string
	}{
		"address in use": {func(o *Options) {
			o.ListenAddresses = append(o.ListenAddresses,
				taken.Addr().String())
		}, taken.Addr().String()},
		"no address":             {func(o *Options) { o.ListenAddresses = []string{"nonsense"} }, "nonsense"},
		"systemd without socket": {func(o *Options) { o.SystemdSocket = true }, "systemd"},
	} {
		t.Run(name, func(t *testing.T) {
			o := testOptions(good())
			tc.change(&o)
			a, err := New(o)
			if err != nil {
				t.Fatal(err)
			}
			err = a.Start(context.Background())
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("start: %v, want an error with %q", err, tc.want)
			}
			if err := a.Stop(context.Background()); err != nil {
				t.Errorf("stop after a failed start: %v", err)
			}
		})
	}
}

// Only with sockets of the system can an address be chosen, and only they are closed by themselves.
func TestRunServesUntilAListenerFails(t *testing.T) {
	sim := aemtest.NewServer(aemtest.Options{Seed: 1, Servers: 1, ComposeServers: -1, TasksPerServer: 1, Healthy: true})
	t.Cleanup(sim.Close)
	o := testOptions(configFile(t, entry("prod", sim.URL)))
	o.ListenAddresses = []string{"127.0.0.1:0", "127.0.0.1:0"}
	o.WebConfigFile = filepath.Join(t.TempDir(), "web.yml")
	put(t, o.WebConfigFile, "http_server_config: {headers: {X-Frame-Options: sameorigin}}\n")
	client := process.Client()
	err := Run(t.Context(), o, nil, func(a *App) {
		if len(a.Addrs()) != 2 {
			t.Errorf("addresses %v, want two", a.Addrs())
		}
		for _, addr := range a.Addrs() {
			status, header, _ := process.Fetch(t, client, "GET", "http://"+addr.String()+"/-/healthy", http.Header{})
			if status != http.StatusOK || header.Get("X-Frame-Options") != "sameorigin" {
				t.Errorf("%s: %d, headers %v", addr, status, header)
			}
		}
		process.Eventually(t, "it is up", process.Patience, func() bool { return a.status().Managers[0].View.Complete })
		_ = a.listeners[0].Close()
	})
	if err == nil || !strings.Contains(err.Error(), "serve 127.0.0.1:") {
		t.Errorf("run: %v, want the listener's error", err)
	}
	if n := sim.ActiveSessions(); n != 0 || sim.Logins() != 1 {
		t.Errorf("%d sessions left of %d", n, sim.Logins())
	}
}

func TestRunReloadsUntilItsContextEnds(t *testing.T) {
	bubble(t, func(b *bench) {
		sim := b.simulated()
		f := configFile(b, entry("before", sim.URL))
		d := b.app(testOptions(f))
		ctx, cancel := context.WithCancel(b.Context())
		hangups, ended := make(chan os.Signal, 1), make(chan error, 1)
		go func() { ended <- d.run(ctx, hangups, nil) }()
		synctest.Wait()
		f.write(entry("after", sim.URL))
		hangups <- os.Interrupt
		synctest.Wait()
		if name := d.status().Managers[0].Name; name != "after" {
			b.Errorf("the configuration in force has %s", name)
		}
		cancel()
		if err := <-ended; err != nil {
			b.Errorf("run: %v", err)
		}
	})
}
