package app

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/qem-exporter/qem_exporter/aem/aemtest"
)

// What the configuration says about polls reaches the poller.
func TestConfigurationReachesThePolls(t *testing.T) {
	bubble(t, func(b *bench) {
		sim := b.simulated()
		servers := sim.State().Servers
		first, second := servers[0].Name, servers[1].Name
		task := servers[0].Tasks[0].Name
		for name, tc := range map[string]struct {
			lines    string
			has, not []string
		}{
			"servers": {"servers: {exclude: ['" + first + "']}", []string{`server="` + second + `"`},
				[]string{`server="` + first + `"`}},
			"tasks": {"tasks: {include: ['" + task + "']}", []string{`task="` + task + `"`},
				[]string{`task="` + servers[0].Tasks[1].Name + `"`}},
			"tags":      {"tasks: {tags: [none has this]}", []string{`server="` + first + `"`}, []string{"qem_task_up{"}},
			"no tables": {"tables: {mode: 'off'}", nil, []string{"qem_task_tables{", "qem_table_state{"}},
			"all tables, within the limit": {"tables: {mode: all, limit: 1}",
				[]string{"qem_table_state{", "qem_task_tables_dropped{"}, nil},
			"tables by name": {"tables: {mode: all, exclude: ['.*']}", []string{"qem_task_tables{"},
				[]string{"qem_table_state{"}},
			"objectives": {"objectives: [{latency: 1234s}]", []string{"} 1234\n"}, nil},
		} {
			metrics, problems, err := b.scrape(testOptions(configFile(b, entry("prod", sim.URL, tc.lines))))
			if err != nil {
				b.Fatal(name, err, problems)
			}
			for _, want := range tc.has {
				if !strings.Contains(metrics, want) {
					b.Errorf("%s: the metrics lack %s", name, want)
				}
			}
			for _, bad := range tc.not {
				if strings.Contains(metrics, bad) {
					b.Errorf("%s: the metrics have %s", name, bad)
				}
			}
		}
	})
}

func TestShardsSplitTheServers(t *testing.T) {
	bubble(t, func(b *bench) {
		sim := b.simulated()
		o := testOptions(configFile(b, entry("prod", sim.URL)))
		o.TotalShards = 3
		seen := 0
		for o.Shard = range o.TotalShards {
			metrics, _, err := b.scrape(o)
			if err != nil {
				b.Fatal(err)
			}
			seen += strings.Count(metrics, "\nqem_server_up{")
		}
		if want := len(sim.State().Servers); seen != want {
			b.Errorf("the shards have %d servers together, want each of the %d once", seen, want)
		}
	})
}

func TestLoginSchemes(t *testing.T) {
	bubble(t, func(b *bench) {
		sim := b.simulated()
		for _, auth := range []string{
			"type: active_directory, username: monitor, domain: EXAMPLE, password: " + aemtest.DefaultPassword,
			"type: api_token, token: " + aemtest.DefaultAPIToken,
			"type: jwt, token: " + aemtest.DefaultJWT,
		} {
			f := configFile(b, "\n- {name: prod, url: '"+sim.URL+"', auth: {"+auth+"}}\n")
			if _, problems, err := b.scrape(testOptions(f)); err != nil {
				b.Errorf("%s: %v, %s", auth, err, problems)
			}
		}
	})
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
	f := configFile(t, entry("prod", right.URL, "tls_config: {ca_file: ca.pem}"))
	ca := filepath.Join(filepath.Dir(f.path), "ca.pem")
	put(t, ca, string(other.CertPEM()))
	cfg, err := f.load()
	if err != nil {
		t.Fatal(err)
	}
	transport, err := newTransport(cfg.Managers()[0])
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: transport}
	t.Cleanup(client.CloseIdleConnections)
	if _, err := client.Get(right.URL); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("a certificate of somebody else: %v", err)
	}
	put(t, ca, string(right.CertPEM()))
	response, err := client.Get(right.URL)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
}

// scrapeForReal polls once, with sockets.
func scrapeForReal(t *testing.T, f *file) (problems string, err error) {
	t.Helper()
	var words bytes.Buffer
	err = Scrape(t.Context(), testOptions(f), io.Discard, &words)
	return words.String(), err
}

func TestUserAgentAndProxy(t *testing.T) {
	sim := aemtest.NewServer(aemtest.Options{Seed: 1, Servers: 1, TasksPerServer: 1})
	t.Cleanup(sim.Close)
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
	if problems, err := scrapeForReal(t, f); err != nil {
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
	put(t, filepath.Join(filepath.Dir(f.path), "key"), key+"\n")
	address := strings.Replace(proxy.URL, "//", "//joe:"+proxyPassword+"@", 1)
	f.write(entry("prod", "http://qem.invalid"+aemtest.Path, "proxy_url: "+address,
		"http_headers: {X-Gateway-Key: {files: [key]}}"))
	problems, _ := scrapeForReal(t, f)
	if strings.Contains(problems, "canary") || !strings.Contains(problems, "<secret> <secret> Basic <secret>") {
		t.Errorf("told: %s", problems)
	}
}
