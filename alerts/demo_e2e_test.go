//go:build e2e

package alerts_test

import (
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/qem-exporter/qem_exporter/internal/testkit/process"
)

// TestDemoStack starts what make demo starts, in fast time: the three answer, what goes
// wrong is seen as alerts, and after Ctrl-C or SIGTERM nothing is left.
func TestDemoStack(t *testing.T) {
	binary := process.Build(t, "..")
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(signal.String(), func(t *testing.T) {
			d := startDemo(t, binary)
			var page struct{ Result []any }
			s := &stack{prometheus: d.prometheus}
			process.Eventually(t, "the exporter is scraped", time.Minute, func() bool {
				return s.api("/api/v1/query?query=qem_up==1", &page) && len(page.Result) == 1
			})
			if signal == syscall.SIGINT { // once is enough
				process.Eventually(t, "alerts fire", time.Minute, func() bool { return len(s.firing()) > 2 })
				process.Eventually(t, "Alertmanager has them", time.Minute, func() bool {
					var known []any
					return get("http://"+d.alertmanager+"/api/v2/alerts", &known) && len(known) > 2
				})
			}
			d.stop(t, signal)
		})
	}
}

// demo is the script, running.
type demo struct {
	cmd                                *exec.Cmd
	said                               *process.Output
	ended                              chan error
	exporter, prometheus, alertmanager string
	dir                                string // for what it needs for a while
}

func startDemo(t *testing.T, binary string) *demo {
	t.Helper()
	d := &demo{
		said: new(process.Output), ended: make(chan error, 1), dir: t.TempDir(),
		exporter: process.FreeAddress(t), prometheus: process.FreeAddress(t), alertmanager: process.FreeAddress(t),
	}
	d.cmd = exec.Command("../scripts/demo")
	d.cmd.Env = append(os.Environ(), "QEM_EXPORTER="+binary, "TMPDIR="+d.dir, "SPEED=10", "HASTE=200",
		"EXPORTER_ADDRESS="+d.exporter, "PROMETHEUS_ADDRESS="+d.prometheus, "ALERTMANAGER_ADDRESS="+d.alertmanager)
	d.cmd.Stdout, d.cmd.Stderr = d.said, d.said
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { d.ended <- d.cmd.Wait() }()
	t.Cleanup(func() {
		_ = d.cmd.Process.Signal(syscall.SIGTERM) // when the test has failed
		if t.Failed() {
			t.Logf("the demo wrote:\n%s", d.said)
		}
	})
	process.Eventually(t, "the demo tells where to look", time.Minute,
		func() bool { return strings.Contains(d.said.String(), "Stop with Ctrl-C.") })
	for _, address := range []string{d.exporter, d.prometheus, d.alertmanager} {
		pages := regexp.MustCompile("http://"+regexp.QuoteMeta(address)+`/\S*`).FindAllString(d.said.String(), -1)
		if len(pages) == 0 {
			t.Errorf("it does not tell where %s is", address)
		}
		for _, page := range pages {
			response, err := client.Get(page)
			if err != nil {
				t.Fatal(err)
			}
			_ = response.Body.Close()
			if response.StatusCode != http.StatusOK {
				t.Errorf("%s: %s", page, response.Status)
			}
		}
	}
	return d
}

// stop stops the demo as a user does, and looks for what is left of it.
func (d *demo) stop(t *testing.T, signal syscall.Signal) {
	t.Helper()
	if err := d.cmd.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-d.ended:
		if err != nil {
			t.Errorf("the demo: %v", err)
		}
	case <-time.After(time.Minute):
		t.Fatal("the demo does not end")
	}
	for _, address := range []string{d.exporter, d.prometheus, d.alertmanager} {
		if c, err := net.Dial("tcp", address); err == nil {
			_ = c.Close()
			t.Errorf("someone still listens on %s", address)
		}
		if left := processes(t, address); len(left) > 0 {
			t.Errorf("still running: %s", left)
		}
	}
	files, err := os.ReadDir(d.dir)
	if err != nil || len(files) > 0 {
		t.Errorf("files are left: %v, %v", files, err)
	}
}

// processes are the command lines that have an address in them.
func processes(t *testing.T, address string) []string {
	t.Helper()
	lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, name := range lines {
		if line, err := os.ReadFile(name); err == nil && strings.Contains(string(line), address) {
			found = append(found, strings.ReplaceAll(string(line), "\x00", " "))
		}
	}
	return found
}
