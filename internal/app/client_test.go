package app

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/qem-exporter/qem_exporter/aem/aemtest"
)

// scrape polls once what a configuration describes.
func scrape(t *testing.T, f *file) (metrics, problems string, err error) {
	t.Helper()
	var out, words bytes.Buffer
	err = Scrape(context.Background(), ScrapeOptions{
		Load: f.load, Version: "1.2.3", Out: &out, Problems: &words, Logger: slog.New(slog.DiscardHandler),
	})
	return out.String(), words.String(), err
}

// What the configuration says about polls reaches the poller.
func TestConfigurationReachesThePolls(t *testing.T) {
	sim := simulated(t)
	servers := sim.State().Servers
	first, second := servers[0].Name, servers[1].Name
	task := servers[0].Tasks[0].Name
	for name, tc := range map[string]struct {
		lines    []string
		has, not []string
	}{
		"servers": {
			[]string{"servers: {exclude: ['" + first + "']}"},
			[]string{`server="` + second + `"`}, []string{`server="` + first + `"`},
		},
		"tasks": {
			[]string{"tasks: {include: ['" + task + "']}"},
			[]string{`task="` + task + `"`}, []string{`task="` + servers[0].Tasks[1].Name + `"`},
		},
		"tags": {
			[]string{"tasks: {tags: [none has this]}"},
			[]string{`server="` + first + `"`}, []string{"qem_task_up{"},
		},
		"no tables": {
			[]string{"tables: {mode: 'off'}"}, nil, []string{"qem_task_tables{", "qem_table_state{"},
		},
		"all tables, within the limit": {
			[]string{"tables: {mode: all, limit: 1}"}, []string{"qem_table_state{", "qem_task_tables_dropped{"}, nil,
		},
		"tables by name": {
			[]string{"tables: {mode: all, exclude: ['.*']}"}, []string{"qem_task_tables{"}, []string{"qem_table_state{"},
		},
		"objectives": {
			[]string{"objectives: [{latency: 1234s}]"}, []string{"} 1234\n"}, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			metrics, problems, err := scrape(t, configFile(t, entry("prod", sim.URL, tc.lines...)))
			if err != nil {
				t.Fatal(err, problems)
			}
			for _, want := range tc.has {
				if !strings.Contains(metrics, want) {
					t.Errorf("the metrics lack %s", want)
				}
			}
			for _, bad := range tc.not {
				if strings.Contains(metrics, bad) {
					t.Errorf("the metrics have %s", bad)
				}
			}
		})
	}
}

func TestShardsSplitTheServers(t *testing.T) {
	sim := simulated(t)
	f := configFile(t, entry("prod", sim.URL))
	seen := 0
	for shard := range 3 {
		var out bytes.Buffer
		err := Scrape(context.Background(), ScrapeOptions{
			Load: f.load, Shard: shard, TotalShards: 3, Out: &out, Problems: io.Discard, Logger: slog.New(slog.DiscardHandler),
		})
		if err != nil {
			t.Fatal(err)
		}
		seen += strings.Count(out.String(), "\nqem_server_up{")
	}
	if want := len(sim.State().Servers); seen != want {
		t.Errorf("the shards have %d servers together, want each of the %d once", seen, want)
	}
}

func TestLoginSchemes(t *testing.T) {
	sim := simulated(t)
	for name, auth := range map[string]string{
		"active directory": "{type: active_directory, username: monitor, domain: EXAMPLE, password: " +
			aemtest.DefaultPassword + "}",
		"api token": "{type: api_token, token: " + aemtest.DefaultAPIToken + "}",
		"jwt":       "{type: jwt, token: " + aemtest.DefaultJWT + "}",
	} {
		f := configFile(t)
		f.writeText("enterprise_managers:\n- {name: prod, url: " + sim.URL + ", auth: " + auth + "}\n")
		if _, problems, err := scrape(t, f); err != nil {
			t.Errorf("%s: %v, %s", name, err, problems)
		}
	}
}

// A password file is read at every login, not once.
func TestRotatedPasswordIsPickedUp(t *testing.T) {
	sim := simulated(t)
	f := configFile(t)
	password := filepath.Join(filepath.Dir(f.path), "password")
	put(t, password, []byte(aemtest.DefaultPassword+"\n"))
	f.writeText("enterprise_managers:\n- {name: prod, url: " + sim.URL +
		", poll_interval: 1s, auth: {type: active_directory, username: monitor, domain: EXAMPLE, password_file: password}}\n")
	d := start(t, testOptions(f))
	d.awaitReady()

	account := aemtest.DefaultAccount()
	account.Password = "another-password"
	put(t, password, []byte("another-password\n"))
	sim.SetUsers(account)
	sim.ExpireSessions()
	eventually(t, "it has logged in with the new password", func() bool {
		return sim.Logins() == 2 &&
			sim.ActiveSessions() == 1
	})
	if sim.RefusedLogins() != 0 {
		t.Errorf("%d logins were refused", sim.RefusedLogins())
	}
}

func put(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// A certificate authority's file may change while the exporter runs.
func TestRotatedCAIsPickedUp(t *testing.T) {
	secure := func() *aemtest.Server {
		s := aemtest.NewTLSServer(aemtest.Options{Seed: 1, Servers: 1, ComposeServers: -1, TasksPerServer: 1,
			TablesPerTask: 1})
		t.Cleanup(s.Close)
		return s
	}
	right, other := secure(), secure()
	f := configFile(t, entry("prod", right.URL, "tls_config: {ca_file: ca.pem}", "poll_interval: 1s", "max_age: 1m"))
	ca := filepath.Join(filepath.Dir(f.path), "ca.pem")
	put(t, ca, other.CertPEM())
	d := start(t, testOptions(f))
	d.awaitReady()
	if scrape := d.metrics(); !hasSample(scrape, `qem_up{manager="prod"} 0`) || !strings.Contains(scrape, `error="tls"`) {
		t.Errorf("a certificate of somebody else was accepted:\n%s", scrape)
	}
	put(t, ca, right.CertPEM())
	d.awaitSample(`qem_up{manager="prod"} 1`)
}

func TestUserAgentAndProxy(t *testing.T) {
	sim := simulated(t)
	target, err := url.Parse(sim.URL)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	agents, hosts := map[string]bool{}, map[string]bool{}
	forward := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: target.Host})
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		agents[r.UserAgent()], hosts[r.Host] = true, true
		mu.Unlock()
		forward.ServeHTTP(w, r)
	}))
	defer proxy.Close()
	defer http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	f := configFile(t, entry("prod", "http://qem.invalid"+aemtest.Path, "proxy_url: "+proxy.URL))
	if _, problems, err := scrape(t, f); err != nil {
		t.Fatal(err, problems)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(agents) != 1 || !agents["qem_exporter/1.2.3"] || len(hosts) != 1 || !hosts["qem.invalid"] {
		t.Errorf("the proxy saw agents %v and hosts %v", agents, hosts)
	}
}

// What a proxy or gateway is shown comes back in an error, and is not shown.
func TestSecretsOfTheWay(t *testing.T) {
	const proxyPassword, key = "canary-proxy-1", "canary-gateway-2"
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("X-Gateway-Key"); got != key {
			t.Errorf("the gateway's key is %q", got)
		}
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = io.WriteString(w,
			`{"error_code":"X","error_message":"`+key+" "+proxyPassword+" "+r.Header.Get("Proxy-Authorization")+`"}`)
	}))
	defer proxy.Close()
	f := configFile(t)
	put(t, filepath.Join(filepath.Dir(f.path), "key"), []byte(key+"\n"))
	address := strings.Replace(proxy.URL, "//", "//joe:"+proxyPassword+"@", 1)
	f.write(entry("prod", "http://qem.invalid"+aemtest.Path, "proxy_url: "+address,
		"http_headers: {X-Gateway-Key: {files: [key]}}"))
	_, problems, _ := scrape(t, f)
	if strings.Contains(problems, "canary") || !strings.Contains(problems, "<secret> <secret> Basic <secret>") {
		t.Errorf("told: %s", problems)
	}
}
