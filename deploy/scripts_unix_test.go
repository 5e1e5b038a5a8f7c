//go:build unix

package deploy_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// run runs one of scripts with programs of the test's own before, or in place of, all others.
func run(t *testing.T, only bool, programs map[string]string, name string, args ...string) (string, error) {
	t.Helper()
	bin := t.TempDir()
	for program, text := range programs {
		if err := os.WriteFile(filepath.Join(bin, program), []byte("#!/bin/sh\n"+text+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	path := bin + ":" + os.Getenv("PATH")
	if only {
		path = bin
	}
	cmd := exec.CommandContext(t.Context(), "/bin/bash", append([]string{name}, args...)...)
	cmd.Env = []string{"PATH=" + path}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // nobody can be asked
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// The demo says what it would install, and without a yes installs nothing, least of all a
// compiler or a browser.
func TestDemoAsks(t *testing.T) {
	programs := map[string]string{"apt-get": "echo apt-get $*", "id": "echo 0"}
	out, err := run(t, true, programs, "../scripts/install-test-tools", "demo")
	if err == nil || !strings.Contains(out, "prometheus prometheus-alertmanager\n") ||
		!strings.Contains(out, "Nothing was installed") || strings.Contains(out, "apt-get install -y") ||
		strings.Contains(out, "gcc") || strings.Contains(out, "chromium") {
		t.Errorf("%v\n%s", err, out)
	}
}

// A release needs its tag, a date and digests; pin-images brings those.
func TestRelease(t *testing.T) {
	dir := t.TempDir()
	copied := []string{
		"VERSION", "CHANGELOG.md", "Dockerfile", "deploy/docker-compose.yml",
		"scripts/release-check", "scripts/release-notes", "scripts/pin-images",
	}
	for _, name := range copied {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		text := readFile(t, filepath.Join("..", name))
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tag := "v" + version(t)
	check := func(tag, want string) {
		t.Helper()
		out, err := run(t, false, nil, dir+"/scripts/release-check", tag)
		if (err == nil) != (want == "") || !strings.Contains(out, want) {
			t.Errorf("%s gives not %q but %v %s", tag, want, err, out)
		}
	}
	check("v99.0.0", "VERSION says")
	check(tag, "unreleased")
	changes := strings.Replace(string(readFile(t, dir+"/CHANGELOG.md")), "unreleased", "2027-01-02", 1)
	if err := os.WriteFile(dir+"/CHANGELOG.md", []byte(changes), 0o600); err != nil {
		t.Fatal(err)
	}
	check(tag, "is not pinned")
	for range 2 { // a second time it changes digests, and adds none
		docker := map[string]string{"docker": "echo sha256:" + strings.Repeat("0", 64)}
		if out, err := run(t, false, docker, dir+"/scripts/pin-images"); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	check(tag, "")
	if n := strings.Count(string(readFile(t, dir+"/deploy/docker-compose.yml")), "@sha256:"); n != 3 {
		t.Errorf("%d images are pinned in the composition", n)
	}
	notes, err := run(t, false, nil, dir+"/scripts/release-notes")
	if err != nil || !strings.Contains(notes, "[FEATURE]") || strings.Contains(notes, "## ") {
		t.Errorf("%v\n%s", err, notes)
	}
}

// A build that is not the same again is told, and so are vulnerabilities; that nobody could look for them is told
// apart from that there are none.
func TestMaintainersAreTold(t *testing.T) {
	const output = `while [ "$1" != -o ]; do shift; done; `
	for _, c := range []struct {
		script, compiler, says string
		fails                  bool
	}{
		{"reproducible", output + `pwd >"$2"`, "diff -r", true},
		{"reproducible", output + `echo same >"$2"`, "qem_exporter", false},
		{"vulncheck", "echo Vulnerability; exit 3", "Vulnerability", true},
		{"vulncheck", "echo fetching vulnerabilities: no such host; exit 1", "cannot be reached from here: skipped", false},
		{"vulncheck", "echo No vulnerabilities found.", "No vulnerabilities", false},
	} {
		programs := map[string]string{"go": c.compiler, "git": `printf 'VERSION\0'`} // all sources that there are
		out, err := run(t, false, programs, "../scripts/"+c.script)
		if (err != nil) != c.fails || !strings.Contains(out, c.says) {
			t.Errorf("%s with %q: %v\n%s", c.script, c.compiler, err, out)
		}
	}
}
