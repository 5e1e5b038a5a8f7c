//go:build e2e

package e2e

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/qem-exporter/qem_exporter/aem/aemtest"
	"github.com/qem-exporter/qem_exporter/internal/testproc"
)

// patience is how long anything may take: much longer than it does on a machine
// that has other things to do.
const patience = 60 * time.Second

// canary is the secret of every exporter here. No process may ever write it.
const canary = "canary-Zq7-s3cr3t"

// tellsSecret reports whether the canary is in a text, as it is or as it is sent.
func tellsSecret(text string) bool {
	for _, user := range []string{"", aemtest.DefaultUser + ":", aemtest.DefaultDomain + `\` + aemtest.DefaultUser + ":", "api-token:", "jwt:", "proxy:"} {
		// The last characters depend on what follows.
		sent := base64.StdEncoding.EncodeToString([]byte(user + canary))
		if strings.Contains(text, sent[:len(sent)-4]) {
			return true
		}
	}
	return strings.Contains(text, canary)
}

// eventually waits until holds is true; the test fails when that takes too long.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	testproc.Eventually(t, what, patience, holds)
}

// process is a program, running.
type process struct {
	t              *testing.T
	cmd            *exec.Cmd
	stdout, stderr testproc.Output
	exited         chan struct{}
}

// launch starts a program, which ends with the test at the latest. It gets nothing
// of this process's environment.
func launch(t *testing.T, program string, args ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: exec.Command(program, args...), exited: make(chan struct{})}
	p.cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}
	p.cmd.Dir = t.TempDir()
	p.cmd.Stdout, p.cmd.Stderr = &p.stdout, &p.stderr
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.exited)
		_ = p.cmd.Wait()
	}()
	t.Cleanup(p.end)
	return p
}

// end kills the process if it still runs, and looks for the canary in what it wrote.
func (p *process) end() {
	_ = p.cmd.Process.Kill()
	<-p.exited
	written := p.stdout.String() + p.stderr.String()
	if tellsSecret(written) {
		p.t.Errorf("%s has written a secret", filepath.Base(p.cmd.Path))
	}
	if p.t.Failed() {
		p.t.Logf("%s wrote at the end:\n%s", filepath.Base(p.cmd.Path), tail(written, 3000))
	}
}

func tail(text string, n int) string { return text[max(0, len(text)-n):] }

func (p *process) signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.t.Fatal(err)
	}
}

// wait is the exit code.
func (p *process) wait() int {
	p.t.Helper()
	select {
	case <-p.exited:
	case <-time.After(patience):
		p.t.Fatalf("%s does not end", filepath.Base(p.cmd.Path))
	}
	return p.cmd.ProcessState.ExitCode()
}

func (p *process) running() bool {
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}

// peakMemory is the most memory that the process has had, in bytes.
func (p *process) peakMemory() int64 {
	p.t.Helper()
	status, err := os.ReadFile("/proc/" + strconv.Itoa(p.cmd.Process.Pid) + "/status")
	if err != nil {
		p.t.Fatal(err)
	}
	found := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(status)
	if found == nil {
		p.t.Fatalf("no VmHWM in:\n%s", status)
	}
	kilobytes, _ := strconv.ParseInt(string(found[1]), 10, 64)
	return kilobytes << 10
}

// exporter is the daemon, running.
type exporter struct {
	*process
	address string // host:port
	begun   time.Time
	polled  time.Time // when it was known to be ready, at the latest
}

// startExporter starts the daemon on a port of its choice.
func startExporter(t *testing.T, config string, args ...string) *exporter {
	t.Helper()
	e := &exporter{begun: time.Now()}
	e.process = launch(t, binary, append(args, "--config.file="+config, "--web.listen-address=127.0.0.1:0")...)
	started := regexp.MustCompile(testproc.Started)
	eventually(t, "the exporter has started", func() bool {
		found := started.FindStringSubmatch(e.stderr.String())
		if found == nil && !e.running() {
			t.Fatal("the exporter has ended")
		}
		if found != nil {
			e.address = found[1]
		}
		return found != nil
	})
	return e
}

// awaitReady waits for the end of the first poll of all its Enterprise Managers.
func (e *exporter) awaitReady() {
	e.t.Helper()
	eventually(e.t, "the exporter is ready", func() bool {
		status, _ := e.get("/-/ready", nil)
		return status == http.StatusOK
	})
	e.polled = time.Now()
}

// get returns status and body; the header is the request's.
func (e *exporter) get(path string, header http.Header) (int, []byte) {
	e.t.Helper()
	status, _, body := fetch(e.t, "http://"+e.address+path, header)
	if tellsSecret(string(body)) {
		e.t.Errorf("%s tells a secret", path)
	}
	return status, body
}

// samples are those that the exporter serves now.
func (e *exporter) samples() map[string]float64 {
	e.t.Helper()
	_, body := e.get("/metrics", nil)
	return parseText(e.t, body)
}

// fetch makes one GET without decoding what is compressed.
func fetch(t *testing.T, url string, header http.Header) (int, http.Header, []byte) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if header != nil {
		request.Header = header
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, response.Header, body
}

// client keeps no connection, so that none outlives a test.
var client = &http.Client{Transport: &http.Transport{DisableCompression: true, DisableKeepAlives: true}}

// write makes a file in a new directory, or in that of a file that exists.
func write(t *testing.T, path, text string) string {
	t.Helper()
	if !filepath.IsAbs(path) {
		path = filepath.Join(t.TempDir(), path)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
