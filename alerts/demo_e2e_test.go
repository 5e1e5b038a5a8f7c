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
			prometheus := &process.Prometheus{Process: d.Process, URL: "http://" + d.prometheus}
			process.Eventually(t, "the exporter is scraped", time.Minute, func() bool { return prometheus.Is("qem_up", 1) })
			if signal == syscall.SIGINT { // once is enough
				process.Eventually(t, "alerts fire", time.Minute, func() bool { return len(firing(prometheus)) > 2 })
				process.Eventually(t, "Alertmanager has them", time.Minute,
					func() bool { return len(alertmanager{d.alertmanager}.all(t)) > 2 })
			}
			d.stop(t, signal)
		})
	}
}

// demo is the script, running.
type demo struct {
	*process.Process
	exporter, prometheus, alertmanager string
	dir                                string // for what it needs for a while
}

func startDemo(t *testing.T, binary string) *demo {
	t.Helper()
	d := &demo{
		dir:      t.TempDir(),
		exporter: process.FreeAddress(t), prometheus: process.FreeAddress(t), alertmanager: process.FreeAddress(t),
	}
	cmd := exec.Command("../scripts/demo")
	cmd.Env = append(os.Environ(), "QEM_EXPORTER="+binary, "TMPDIR="+d.dir, "SPEED=10", "HASTE=200",
		"EXPORTER_ADDRESS="+d.exporter, "PROMETHEUS_ADDRESS="+d.prometheus, "ALERTMANAGER_ADDRESS="+d.alertmanager)
	d.Process = process.Start(t, cmd)
	t.Cleanup(func() { // when the test has failed: what it has started ends with it
		d.Signal(syscall.SIGTERM)
		d.Wait()
	})
	d.Says(regexp.MustCompile(`Stop with Ctrl-C\.`))
	for _, address := range []string{d.exporter, d.prometheus, d.alertmanager} {
		pages := regexp.MustCompile("http://"+regexp.QuoteMeta(address)+`/\S*`).FindAllString(d.Written(), -1)
		if len(pages) == 0 {
			t.Errorf("it does not tell where %s is", address)
		}
		for _, page := range pages {
			if code, _ := d.Do(http.MethodGet, page); code != http.StatusOK {
				t.Errorf("%s: %d", page, code)
			}
		}
	}
	return d
}

// stop stops the demo as a user does, and looks for what is left of it.
func (d *demo) stop(t *testing.T, signal syscall.Signal) {
	t.Helper()
	d.Signal(signal)
	if code := d.Wait(); code != 0 {
		t.Errorf("the demo ends with %d", code)
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
