package process

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Main builds the daemon for all the tests of a package, tells where it is, and runs
// them. It returns the exit code.
func Main(m *testing.M, packageDir string, binary *string) int {
	dir, err := os.MkdirTemp("", "qem_exporter-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if *binary, err = build(packageDir, dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// Build builds the daemon, whose package is in a directory, for one test.
func Build(t testing.TB, packageDir string) string {
	t.Helper()
	binary, err := build(packageDir, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return binary
}

func build(packageDir, into string) (string, error) {
	binary := filepath.Join(into, "qem_exporter")
	cmd := exec.CommandContext(context.Background(), "go", "build", "-o", binary, packageDir)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return binary, nil
}

// Find finds a program on the path, by the first of its names that is there.
func Find(t testing.TB, names ...string) string {
	t.Helper()
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatalf("%s is not installed: run make test, which installs it", strings.Join(names, " or "))
	return ""
}

// Eventually waits until something holds, and fails the test if that is not within a
// limit.
func Eventually(t testing.TB, what string, limit time.Duration, holds func() bool) {
	t.Helper()
	if !Within(limit, holds) {
		t.Fatalf("not within %v: %s", limit, what)
	}
}

// Within waits until something holds, and reports whether it was within a limit. It
// looks about a thousand times.
func Within(limit time.Duration, holds func() bool) bool {
	tick := time.NewTicker(max(limit/1000, time.Millisecond))
	defer tick.Stop()
	end := time.After(limit)
	for !holds() {
		select {
		case <-tick.C:
		case <-end:
			return false
		}
	}
	return true
}

// FreeAddress is a loopback address that nobody listens on.
func FreeAddress(t testing.TB) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// File makes a file in a directory of the test.
func File(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
