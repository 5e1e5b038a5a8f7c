//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// The programs under test and around it.
var binary, prometheusPath, promtoolPath string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	for name, path := range map[string]*string{"prometheus": &prometheusPath, "promtool": &promtoolPath} {
		found, err := exec.LookPath(name)
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s is not installed: run make test, which installs it\n", name)
			return 1
		}
		*path = found
	}
	dir, err := os.MkdirTemp("", "qem_exporter-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "qem_exporter")
	build := exec.Command("go", "build", "-o", binary, "..")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "go build: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}
