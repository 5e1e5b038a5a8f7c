package cli

import (
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/qem-exporter/qem_exporter/aem/aemtest"
	"github.com/qem-exporter/qem_exporter/internal/testkit/process"
)

// binary is the built command.
var binary string

func TestMain(m *testing.M) { os.Exit(process.Main(m, "../..", &binary)) }

// launch starts the command with an environment of its own.
func launch(t *testing.T, env []string, args ...string) *process.Process {
	t.Helper()
	return process.Start(t, process.Command(env, binary, args...))
}

// command runs the command to its end.
func command(t *testing.T, env []string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	p := launch(t, env, args...)
	code = p.Wait()
	return code, p.Stdout.String(), p.Stderr.String()
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	process.Eventually(t, what, process.Patience, holds)
}

func simulated(t *testing.T) *aemtest.Server {
	t.Helper()
	s := aemtest.NewServer(aemtest.Options{Seed: 1, Servers: 2, TasksPerServer: 3, TablesPerTask: 2, Healthy: true})
	t.Cleanup(s.Close)
	return s
}

// environment describes a simulated Enterprise Manager in variables.
func environment(url string) []string {
	return []string{
		"QEM_URL=" + url,
		"QEM_USERNAME=" + aemtest.DefaultDomain + `\` + aemtest.DefaultUser,
		"QEM_PASSWORD=" + aemtest.DefaultPassword,
	}
}

// configText is a configuration of one manager with the default account.
func configText(name, url string) string {
	return fmt.Sprintf(`enterprise_managers:
- name: %s
  url: %s
  retries: 0
  auth: {type: active_directory, username: %s, domain: %s, password: %s}
`, name, url, aemtest.DefaultUser, aemtest.DefaultDomain, aemtest.DefaultPassword)
}

func rewrite(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestCommandLine(t *testing.T) {
	good := process.File(t, "good.yml", configText("prod", "https://qem.example.com"))
	bad := process.File(t, "bad.yml",
		"enterprise_managers:\n- {url: 'https://qem.example.com', colour: red, retries: many}\n")
	slip := process.File(t, "slip.yml", configText("prod",
		"https://qem.example.com")+"  tls_config: {insecure_skip_verify: true}\n")
	web := process.File(t, "web.yml", "rate_limit: {interval: 1s}\n")
	noCert := process.File(t, "no-cert.yml", "tls_server_config: {cert_file: none.pem, key_file: none.key}\n")
	for _, tc := range []struct {
		name   string
		args   []string
		code   int
		stdout []string
		stderr []string
	}{
		{"version", []string{"--version"}, 0, []string{"qem_exporter, version", "go version"}, nil},
		{"help", []string{"--help"}, 0, []string{
			"--config.file", "--web.listen-address", "--web.config.file", "--[no-]web.systemd-socket", "--web.telemetry-path",
			"--[no-]web.enable-lifecycle", "--[no-]web.enable-pprof", "--log.level", "--log.format", "--[no-]version",
			"--shard", "--total-shards", "check-config", "scrape", "simulate", "demo",
		}, nil},
		{"help of a command", []string{"simulate", "--help"}, 0, []string{"--servers", "--seed", "--speed",
			"--[no-]incidents", "--latency"}, nil},
		{"unknown flag", []string{"--colour"}, 1, nil, []string{"unknown long flag '--colour'", "try --help"}},
		{"unknown command", []string{"paint"}, 1, nil, []string{"paint"}},
		{"bad log level", []string{"--log.level=loud"}, 1, nil, []string{"loud"}},
		{"bad shard", []string{"--config.file=" + good, "--shard=3", "--total-shards=2"}, 1, nil, []string{"shard is 3"}},
		{"bad shard of a scrape", []string{"scrape", "--config.file=" + good, "--shard=3"}, 1, nil, []string{"shard is 3"}},
		{"negative shard", []string{"--config.file=" + good, "--shard=-1"}, 1, nil, []string{"shard is -1"}},
		{"no shards", []string{"--config.file=" + good, "--total-shards=0"}, 1, nil, []string{"--total-shards is 0"}},
		{"telemetry path taken", []string{"--config.file=" + good, "--web.telemetry-path=/"}, 1, nil,
			[]string{`telemetry path "/" is taken`}},
		{"no configuration", nil, 1, nil, []string{"--config.file", "QEM_URL"}},
		{"missing configuration", []string{"--config.file=/none.yml"}, 1, nil, []string{"/none.yml"}},
		{"bad configuration", []string{"--config.file=" + bad}, 1, nil, []string{"bad.yml", "colour"}},
		{"web configuration missing", []string{"--config.file=" + good, "--web.config.file=/none.yml"}, 1, nil,
			[]string{"/none.yml"}},
		{"web configuration bad", []string{"--config.file=" + good, "--web.config.file=" + noCert}, 1, nil,
			[]string{"none.pem"}},
		{"check", []string{"check-config", good}, 0, []string{good + ": ok, 1 Enterprise Manager\n"}, nil},
		{"check bad", []string{"check-config", bad}, 1, nil, []string{"colour", "retries"}},
		{"check several", []string{"check-config", bad, good}, 1, []string{good + ": ok"}, []string{"colour"}},
		{"check missing", []string{"check-config", "/none.yml"}, 1, nil, []string{"/none.yml"}},
		{"check nothing", []string{"check-config"}, 1, nil, []string{"QEM_URL"}},
		{"check web", []string{"check-config", good, "--web.config.file=" + good}, 1, []string{good + ": ok"},
			[]string{good}},
		{"check web alone", []string{"check-config", "--web.config.file=" + web}, 0, []string{web + ": ok\n"}, nil},
		{"warnings", []string{"check-config", slip}, 0, []string{slip + ": ok"}, []string{"warning: " + slip,
			"insecure_skip_verify"}},
		{"no health", []string{"healthcheck", "--web.listen-address=127.0.0.1:1"}, 1, nil, []string{"not healthy"}},
		{"prefix", []string{"--web.external-url=monitoring"}, 1, nil, []string{"--web.external-url must be a URL"}},
		{"negative fleet", []string{"simulate", "--servers=-1"}, 1, nil, []string{"must not be negative"}},
		{"time that runs backwards", []string{"demo", "--speed=-2"}, 1, nil, []string{"--speed"}},
		{"demo of a configuration", []string{"demo", "--config.file=" + good}, 1, nil,
			[]string{"demo takes no --config.file"}},
		{"simulator of a configuration", []string{"--config.file=" + good, "simulate"}, 1, nil,
			[]string{"simulate takes no --config.file"}},
		{"simulator for others", []string{"simulate", "--listen-address=0.0.0.0:0"}, 1, nil, []string{"loopback"}},
		{"install", []string{"service", "install"}, 1, nil, elsewhere("service install")},
		{"uninstall", []string{"service", "uninstall"}, 1, nil, elsewhere("service uninstall")},
		{"start", []string{"service", "start"}, 1, nil, elsewhere("service start")},
		{"stop", []string{"service", "stop"}, 1, nil, elsewhere("service stop")},
	} {
		t.Run(tc.name, func(t *testing.T) {
			code, stdout, stderr := command(t, nil, tc.args...)
			if code != tc.code {
				t.Errorf("exit code %d, want %d", code, tc.code)
			}
			for _, want := range tc.stdout {
				if !strings.Contains(stdout, want) {
					t.Errorf("stdout lacks %q", want)
				}
			}
			if tc.name == "help" && strings.Contains(stdout, "service install") != (runtime.GOOS == "windows") {
				t.Error("commands that do nothing here are shown, or others are not")
			}
			for _, want := range tc.stderr {
				if !strings.Contains(stderr, want) {
					t.Errorf("stderr lacks %q", want)
				}
			}
		})
	}
}

// elsewhere is what a command for Windows says on other systems.
func elsewhere(command string) []string {
	if runtime.GOOS == "windows" {
		return nil
	}
	return []string{command, "on Windows only"}
}

// A scrape that is interrupted has not read everything; also where the terminal closes, its session ends.
func TestScrapeIsInterrupted(t *testing.T) {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP) // below nohup the program would begin with it ignored, as it should
	defer signal.Stop(hangups)
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		t.Run(s.String(), func(t *testing.T) {
			sim := simulated(t)
			sim.AddFault(aemtest.Fault{Operation: "GetTaskDetails", Kind: aemtest.FaultHang})
			p := launch(t, environment(sim.URL), "scrape")
			eventually(t, "it reads tasks", func() bool { return sim.Requests("GetTaskDetails") > 0 })
			p.Signal(s)
			if code := p.Wait(); code != 1 || p.Stdout.String() != "" ||
				!strings.Contains(p.Stderr.String(), "interrupted: nothing is printed") {
				t.Errorf("exit code %d: %s", code, p.Written())
			}
			if sim.ActiveSessions() != 0 {
				t.Errorf("%d sessions left", sim.ActiveSessions())
			}
		})
	}
}

func TestScrapeTellsProblems(t *testing.T) {
	up, down := simulated(t), simulated(t)
	up.AddFault(aemtest.Fault{Operation: "GetTaskDetails", Times: 1, Kind: aemtest.FaultAPIError,
		Code: "AEM_GET_TASK_FAILED", Message: "no such task here"})
	down.AddFault(aemtest.Fault{Operation: "GetServerList", Kind: aemtest.FaultStatus, Status: 500})
	_, second, _ := strings.Cut(configText("second", down.URL), "\n")
	path := process.File(t, "qem.yml", configText("first", up.URL)+second)
	code, stdout, stderr := command(t, nil, "scrape", "--config.file="+path)
	if code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	for _, want := range []string{`qem_up{manager="first"} 1`, `qem_up{manager="second"} 0`} {
		if !strings.Contains(stdout, want) {
			t.Errorf("stdout lacks %s", want)
		}
	}
	for _, want := range []string{"first: server ", "no such task here", "second: ", "could not read second"} {
		if !strings.Contains(stderr, want) {
			t.Errorf("stderr lacks %q", want)
		}
	}
}
