// Package process runs programs for tests: the daemon, which it builds, and those around it.
package process

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"testing"
	"time"
)

// Patience is how long anything may take: much longer than it does on a machine that has other
// things to do.
const Patience = time.Minute

// started matches what the daemon logs when it serves, and has its address as a group.
var started = regexp.MustCompile(`qem_exporter started.*?(127\.0\.0\.1:\d+)`)

// Output is what a program has written, for a test to read while it runs.
type Output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *Output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *Output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// Process is a program, running.
type Process struct {
	Stdout, Stderr Output
	Client         *http.Client // of Do

	t      testing.TB
	cmd    *exec.Cmd
	exited chan struct{}
}

// Command is a command that has nothing of this process's environment but the path.
func Command(env []string, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(context.Background(), program, args...)
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH")}, env...)
	return cmd
}

// Launch starts a program in a directory of its own.
func Launch(t testing.TB, program string, args ...string) *Process {
	t.Helper()
	cmd := Command([]string{"HOME=" + t.TempDir()}, program, args...)
	cmd.Dir = t.TempDir()
	return Start(t, cmd)
}

// Start starts a command, which ends with the test at the latest.
func Start(t testing.TB, cmd *exec.Cmd) *Process {
	t.Helper()
	p := &Process{t: t, cmd: cmd, exited: make(chan struct{}), Client: Client()}
	cmd.Stdout, cmd.Stderr = &p.Stdout, &p.Stderr
	cmd.WaitDelay = 10 * time.Second // for what outlives it and keeps a pipe open
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.exited)
		_ = cmd.Wait()
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-p.exited
		if text := p.Written(); t.Failed() {
			t.Logf("%s wrote at the end:\n%s", p.name(), text[max(0, len(text)-3000):])
		}
	})
	return p
}

func (p *Process) name() string { return filepath.Base(p.cmd.Path) }

// Written is all that it has written.
func (p *Process) Written() string { return p.Stdout.String() + p.Stderr.String() }

// PID is its number.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Running tells whether it still runs.
func (p *Process) Running() bool {
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}

// Wait is the exit code.
func (p *Process) Wait() int {
	p.t.Helper()
	select {
	case <-p.exited:
	case <-time.After(Patience):
		p.t.Fatalf("%s does not end", p.name())
	}
	return p.cmd.ProcessState.ExitCode()
}

// Signal sends a signal; one that comes after the end does no harm.
func (p *Process) Signal(s os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.t.Fatal(err)
	}
}

// Says waits until it has written what a pattern matches, and returns the last match with its groups.
func (p *Process) Says(pattern *regexp.Regexp) (found []string) {
	p.t.Helper()
	Eventually(p.t, p.name()+" says "+pattern.String(), Patience, func() bool {
		ended := !p.Running()
		for _, found = range pattern.FindAllStringSubmatch(p.Written(), -1) {
		}
		if found == nil && ended {
			p.t.Fatalf("%s has ended", p.name())
		}
		return found != nil
	})
	return found
}

// Address waits until the daemon has started, and is the address that it chose.
func (p *Process) Address() string {
	p.t.Helper()
	return p.Says(started)[1]
}

// AwaitReady waits until the daemon at a URL is ready.
func (p *Process) AwaitReady(base string) {
	p.t.Helper()
	Eventually(p.t, "it is ready", Patience, func() bool {
		code, _ := p.Do(http.MethodGet, base+"/-/ready")
		return code == http.StatusOK
	})
}

// Do makes a request, with basic authentication if user and password are given.
func (p *Process) Do(method, url string, account ...string) (int, string) {
	p.t.Helper()
	header := http.Header{}
	if len(account) == 2 {
		r := http.Request{Header: header}
		r.SetBasicAuth(account[0], account[1])
	}
	status, _, body := Fetch(p.t, p.Client, method, url, header)
	return status, string(body)
}

// Client keeps no connection, so that none outlives a test, and decompresses nothing.
func Client() *http.Client {
	return &http.Client{
		Transport: &http.Transport{DisableCompression: true, DisableKeepAlives: true}, Timeout: Patience,
	}
}

// Fetch makes a request and reads the answer.
func Fetch(t testing.TB, client *http.Client, method, url string, header http.Header) (int, http.Header, []byte) {
	t.Helper()
	request, err := http.NewRequestWithContext(context.Background(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header = header
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, response.Header, body
}
