//go:build grafana

package dashboards

import (
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/qem-exporter/qem_exporter/internal/testkit/process"
)

// TestGrafanaDrawsNothingNeutral has the library with which Grafana chooses words and
// colours draw the files. It is fetched from npm, for which it has a build tag of its own.
func TestGrafanaDrawsNothingNeutral(t *testing.T) {
	dir := t.TempDir()
	install := exec.Command(process.Find(t, "npm"), "install", "--no-audit", "--no-fund", "--ignore-scripts",
		"--prefix", dir,
		"@grafana/data@12.3.0", "react@18.3.1", "react-dom@18.3.1")
	if out, err := install.CombinedOutput(); err != nil {
		t.Fatalf("npm: %v\n%s", err, out)
	}
	files, err := filepath.Glob("*.json")
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(process.Find(t, "node"), append([]string{"testdata/grafana.cjs",
		filepath.Join(dir, "node_modules")}, files...)...).CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}
