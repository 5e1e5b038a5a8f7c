package cli

import (
	"context"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/qem-exporter/qem_exporter/internal/service"
	"github.com/qem-exporter/qem_exporter/internal/testkit/process"
)

const serviceConfig = "enterprise_managers:\n- url: https://qem.example.com\n  auth: {username: u, password: p}\n"

// installArguments are what a service that is installed with args is started with.
func installArguments(args ...string) ([]string, error) {
	f := newFlags()
	if _, err := f.cli.Parse(args); err != nil {
		return nil, err
	}
	return f.serviceArguments(args)
}

func TestServiceArguments(t *testing.T) {
	path := process.File(t, "qem service.yml", serviceConfig)
	t.Chdir(filepath.Dir(path))
	rewrite(t, "web.yml", "http_server_config: {http2: true}\n")
	for name, tc := range map[string]struct{ args, want []string }{
		"a relative name": {
			[]string{"service", "install", "--config.file=qem service.yml"},
			[]string{"--config.file=" + path},
		},
		"a relative name of the web configuration": {
			[]string{"service", "install", "--web.config.file", "web.yml", "--config.file=" + path},
			[]string{"--web.config.file=" + filepath.Join(filepath.Dir(path), "web.yml"), "--config.file=" + path},
		},
		"flags anywhere, in every spelling": {
			[]string{"--web.enable-lifecycle", "service", "--config.file", path, "install", "--no-web.enable-pprof",
				"--log.level", "debug"},
			[]string{"--web.enable-lifecycle", "--config.file=" + path, "--no-web.enable-pprof", "--log.level=debug"},
		},
		"a flag that is given twice": {
			[]string{"service", "install", "--web.listen-address=:1", "--web.listen-address=:2", "--config.file=" + path},
			[]string{"--web.listen-address=:1", "--web.listen-address=:2", "--config.file=" + path},
		},
		"values that look like commands": {
			[]string{"service", "install", "--web.telemetry-path", "/service", "--config.file=" + path},
			[]string{"--web.telemetry-path=/service", "--config.file=" + path},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := installArguments(tc.args...)
			if err != nil || !slices.Equal(got, tc.want) {
				t.Fatalf("arguments %q, %v, want %q", got, err, tc.want)
			}
			f := newFlags()
			if command, err := f.cli.Parse(got); err != nil || command != "serve" || f.configFile != path {
				t.Errorf("they start %s with %s, %v", command, f.configFile, err)
			}
		})
	}
}

// What would keep the service from starting is told when it is installed.
func TestServiceArgumentsAreChecked(t *testing.T) {
	good := "--config.file=" + process.File(t, "good.yml", serviceConfig)
	bad := "--config.file=" + process.File(t, "bad.yml", "nonsense: true\n")
	for name, tc := range map[string]struct {
		args []string
		want string
	}{
		"no configuration":      {nil, "--config.file"},
		"a bad configuration":   {[]string{bad}, "nonsense"},
		"a missing one":         {[]string{"--config.file=none.yml"}, "none.yml"},
		"a shard out of range":  {[]string{good, "--shard=3"}, "shard is 3"},
		"a missing web.config":  {[]string{good, "--web.config.file=none.yml"}, "none.yml"},
		"a flag that is no one": {[]string{good, "--none"}, "none"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := installArguments(append([]string{"service", "install"}, tc.args...)...)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("err = %v, want something about %q", err, tc.want)
			}
		})
	}
}

// discard is an event log that nobody reads.
func discard(slog.Level, string) error { return nil }

// The daemon of a service says when it serves, and logs out when it is stopped.
func TestServiceDaemon(t *testing.T) {
	sim := simulated(t)
	path := process.File(t, "qem.yml", configText("prod", sim.URL))
	daemon := serviceDaemon([]string{"--config.file=" + path, "--web.listen-address=127.0.0.1:0"})
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- daemon(ctx, service.Session{Ready: func() { close(ready) }, Events: discard})
	}()
	select {
	case <-ready:
	case err := <-ended:
		t.Fatalf("it ended with %v", err)
	case <-time.After(time.Minute):
		t.Fatal("it is never ready")
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if n := sim.ActiveSessions(); n != 0 {
		t.Errorf("%d sessions left", n)
	}
}

func TestServiceDaemonRefuses(t *testing.T) {
	for _, tc := range []struct{ arg, want string }{
		{"demo", "cannot run the command demo"},
		{"--none", "none"},
		{"--config.file=none.yml", "none.yml"},
	} {
		err := serviceDaemon([]string{tc.arg})(t.Context(), service.Session{Ready: func() { t.Error("it is ready") },
			Events: discard})
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: err = %v", tc.arg, err)
		}
	}
}
