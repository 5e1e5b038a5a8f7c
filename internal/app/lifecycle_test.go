package app

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/qem-exporter/qem_exporter/aem/aemtest"
)

func TestServesWhatItPolled(t *testing.T) {
	sim := simulated(t)
	d := start(t, testOptions(configFile(t, entry("prod", sim.URL))))
	d.awaitReady()

	scrape := d.metrics()
	for _, line := range []string{
		`qem_up{manager="prod"} 1`,
		`qem_server_up{manager="prod",server=`,
		`qem_task_state{manager="prod",server=`,
		`qem_polls_total{manager="prod",result="success"} 3`,
		`qem_state_interval_seconds{manager="prod"} 15`,
		`qem_api_logins_total{manager="prod",result="success"} 1`,
		`qem_api_requests_total{code="200",manager="prod",operation="GetServerList"} 1`,
		`qem_exporter_config_last_reload_successful 1`,
		`qem_exporter_build_info{`,
		`go_goroutines `,
		`process_start_time_seconds `,
	} {
		if !hasSample(scrape, line) {
			t.Errorf("the scrape lacks %s", line)
		}
	}
	if _, page := d.get("/"); !strings.Contains(page, "prod") || !strings.Contains(page, sim.URL) {
		t.Errorf("the status page lacks the manager:\n%s", page)
	}
	if _, text := d.get("/config"); !strings.Contains(text, sim.URL) || strings.Contains(text, aemtest.DefaultPassword) {
		t.Errorf("/config:\n%s", text)
	}
}

// Until every first poll has ended the exporter is not ready, but it answers.
func TestReadiness(t *testing.T) {
	quick, slow := simulated(t), simulated(t)
	hang := slow.AddFault(aemtest.Fault{Operation: "GetServerList", Kind: aemtest.FaultHang})
	d := start(t, testOptions(configFile(t,
		entry("quick", quick.URL),
		entry("slow", slow.URL, "request_timeout: 60s", "retries: 0"))))

	d.awaitSample(`qem_up{manager="quick"} 1`)
	eventually(t, "the slow one is being asked", func() bool { return hang.Hits() > 0 })
	eventually(t, "only the slow one is waited for", func() bool {
		code, body := d.get("/-/ready")
		return code == http.StatusServiceUnavailable && strings.Contains(body, "slow") && !strings.Contains(body, "quick")
	})
	if code, _ := d.get("/-/healthy"); code != http.StatusOK {
		t.Errorf("healthy = %d", code)
	}
	if !hasSample(d.metrics(), `qem_up{manager="slow"} 0`) {
		t.Error("qem_up of a manager that was not polled yet is not 0")
	}
}

// A first poll that ended badly is a first poll.
func TestReadyAlthoughDown(t *testing.T) {
	sim := simulated(t)
	sim.AddFault(aemtest.Fault{Kind: aemtest.FaultStatus, Status: 500})
	d := start(t, testOptions(configFile(t, entry("down", sim.URL, "retries: 0"))))
	d.awaitReady()
	if scrape := d.metrics(); !hasSample(scrape, `qem_up{manager="down"} 0`) || !hasSample(scrape,
		`qem_polls_total{manager="down",result="failure"} 1`) {
		t.Error("the failed poll is not told")
	}
}

func TestStopLogsOut(t *testing.T) {
	one, two := simulated(t), simulated(t)
	d := start(t, testOptions(configFile(t, entry("one", one.URL), entry("two", two.URL))))
	d.awaitReady()
	if n := one.ActiveSessions() + two.ActiveSessions(); n != 2 {
		t.Fatalf("%d sessions while running, want 2", n)
	}
	var stopping sync.WaitGroup
	for range 3 {
		stopping.Go(func() {
			if err := d.Stop(context.Background()); err != nil {
				t.Errorf("stop: %v", err)
			}
			if n := one.ActiveSessions() + two.ActiveSessions(); n != 0 {
				t.Errorf("%d sessions after stop, want none", n)
			}
		})
	}
	stopping.Wait()
	if n := one.Logouts() + two.Logouts(); n != 2 {
		t.Errorf("%d logouts, want 2", n)
	}
	if _, err := net.Dial("tcp", d.Addrs()[0].String()); err == nil {
		t.Error("still listening after stop")
	}
	if err := d.Reload(context.Background()); !errors.Is(err, ErrNotRunning) {
		t.Errorf("reload after stop: %v", err)
	}
	if err := d.Start(context.Background()); !errors.Is(err, ErrAlreadyStarted) {
		t.Errorf("start after stop: %v", err)
	}
}

func TestStopBeforeStart(t *testing.T) {
	a, err := New(testOptions(configFile(t, entry("prod", "http://127.0.0.1:1"))))
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Reload(context.Background()); !errors.Is(err, ErrNotRunning) {
		t.Errorf("reload before start: %v", err)
	}
	if err := a.Stop(context.Background()); err != nil {
		t.Errorf("stop: %v", err)
	}
	if err := a.Start(context.Background()); !errors.Is(err, ErrAlreadyStarted) {
		t.Errorf("start after stop: %v", err)
	}
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
	entered, leave := make(chan struct{}), make(chan struct{})
	a, err := New(testOptions(configFile(t, entry("prod", simulated(t).URL))))
	if err != nil {
		t.Fatal(err)
	}
	a.handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(entered)
		<-leave
		_, _ = io.WriteString(w, "answered")
	})
	if err := a.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	answer := make(chan string, 1)
	go func() {
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		response, err := client.Get("http://" + a.Addrs()[0].String() + "/")
		if err != nil {
			answer <- err.Error()
			return
		}
		defer response.Body.Close()
		body, _ := io.ReadAll(response.Body)
		answer <- string(body)
	}()
	<-entered
	stopped := make(chan error, 1)
	go func() { stopped <- a.Stop(context.Background()) }()
	eventually(t, "the listener is closed", func() bool {
		conn, err := net.Dial("tcp", a.Addrs()[0].String())
		if err == nil {
			_ = conn.Close()
		}
		return err != nil
	})
	close(leave)
	if got := <-answer; got != "answered" {
		t.Errorf("the request in flight got %q", got)
	}
	if err := <-stopped; err != nil {
		t.Errorf("stop: %v", err)
	}
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
		"missing configuration": {func(o *Options) { o.Load = (&file{path: filepath.Join(t.TempDir(), "none.yml")}).load },
			"none.yml"},
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

func TestNewRefuses(t *testing.T) {
	badWeb := filepath.Join(t.TempDir(), "web.yml")
	if err := os.WriteFile(badWeb, []byte("tls_server_config: {cert_file: none.pem, key_file: none.key}\n"),
		0o600); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		change func(*Options)
		want   string
	}{
		"no configuration":    {func(o *Options) { o.Load = nil }, "configuration"},
		"no listener":         {func(o *Options) { o.ListenAddresses = nil }, "--web.listen-address"},
		"web config missing":  {func(o *Options) { o.WebConfigFile = "/none/web.yml" }, "/none/web.yml"},
		"web config bad":      {func(o *Options) { o.WebConfigFile = badWeb }, "none.pem"},
		"telemetry path":      {func(o *Options) { o.TelemetryPath = "/config" }, "/config"},
		"shard too high":      {func(o *Options) { o.Shard, o.TotalShards = 2, 2 }, "shard is 2"},
		"shard without total": {func(o *Options) { o.Shard = 1 }, "shard is 1"},
		"negative shard":      {func(o *Options) { o.Shard = -1 }, "shard is -1"},
		"negative total":      {func(o *Options) { o.TotalShards = -1 }, "total shards is -1"},
	} {
		t.Run(name, func(t *testing.T) {
			o := testOptions(configFile(t, entry("prod", "http://127.0.0.1:1")))
			tc.change(&o)
			if _, err := New(o); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want an error with %q", err, tc.want)
			}
		})
	}
}

func TestSeveralListeners(t *testing.T) {
	o := testOptions(configFile(t, entry("prod", simulated(t).URL)))
	o.ListenAddresses = []string{"127.0.0.1:0", "127.0.0.1:0"}
	o.WebConfigFile = filepath.Join(t.TempDir(), "web.yml")
	if err := os.WriteFile(o.WebConfigFile, []byte("http_server_config: {headers: {X-Frame-Options: sameorigin}}\n"),
		0o600); err != nil {
		t.Fatal(err)
	}
	d := start(t, o)
	if len(d.Addrs()) != 2 {
		t.Fatalf("addresses %v, want two", d.Addrs())
	}
	for _, addr := range d.Addrs() {
		response, err := d.client.Get("http://" + addr.String() + "/-/healthy")
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusOK || response.Header.Get("X-Frame-Options") != "sameorigin" {
			t.Errorf("%s: %d, headers %v", addr, response.StatusCode, response.Header)
		}
	}
}

// A listener that ends by itself ends the daemon, with an error.
func TestRunEndsWithItsListener(t *testing.T) {
	sim := simulated(t)
	err := Run(context.Background(), testOptions(configFile(t, entry("prod", sim.URL))), nil, func(a *App) {
		eventually(t, "it is up", func() bool { return sim.ActiveSessions() == 1 && a.status().Managers[0].View.Complete })
		_ = a.listeners[0].Close()
	})
	if err == nil || !strings.Contains(err.Error(), "serve 127.0.0.1:") {
		t.Errorf("run: %v, want the listener's error", err)
	}
	if n := sim.ActiveSessions(); n != 0 {
		t.Errorf("%d sessions left", n)
	}
}

func TestRunReloadsUntilItsContextEnds(t *testing.T) {
	sim := simulated(t)
	f := configFile(t, entry("before", sim.URL))
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	hangups := make(chan os.Signal, 1)
	var a *App
	ended, started := make(chan error, 1), make(chan struct{})
	go func() {
		ended <- Run(ctx, testOptions(f), hangups, func(running *App) { a = running; close(started) })
	}()
	<-started
	f.write(entry("after", sim.URL))
	hangups <- os.Interrupt
	eventually(t, "the new configuration is in force", func() bool { return a.status().Managers[0].Name == "after" })
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("run: %v", err)
	}
}

func TestLinksReachThePage(t *testing.T) {
	f := configFile(t)
	f.writeText("enterprise_managers:" + entry("prod", simulated(t).URL) +
		"links: {grafana: 'https://grafana.example.com'}\n")
	d := start(t, testOptions(f))
	d.awaitReady()
	task := d.status().Managers[0].View.Servers[0].Tasks[0].Name
	if _, page := d.get("/?q=" + url.QueryEscape("task:"+task)); !strings.Contains(page, task) {
		t.Fatalf("the page lacks %s", task)
	}
	if got := d.status().Links.Grafana; got != "https://grafana.example.com" {
		t.Errorf("the page leads to %q", got)
	}
}
