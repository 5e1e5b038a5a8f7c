package process

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Main builds the daemon for all the tests of a package, and what is in further directories beside it, tells where it
// is, and runs them. It returns the exit code.
func Main(m *testing.M, packageDir string, binary *string, others ...string) int {
	dir, err := os.MkdirTemp("", "qem_exporter-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	*binary = filepath.Join(dir, "qem_exporter")
	err = build(packageDir, *binary)
	for _, other := range others {
		err = errors.Join(err, build(other, filepath.Join(dir, filepath.Base(other))))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// Build builds the daemon, whose package is in a directory, for one test.
func Build(t testing.TB, packageDir string) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "qem_exporter")
	if err := build(packageDir, binary); err != nil {
		t.Fatal(err)
	}
	return binary
}

// build copies what go run would run: that is linked once for all packages that test it, and kept in Go's cache.
func build(packageDir, binary string) error {
	cmd := exec.CommandContext(context.Background(), "go", "run", "-exec", "cp", packageDir, binary)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building %s: %w\n%s", packageDir, err, out)
	}
	return nil
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
