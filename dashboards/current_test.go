package dashboards

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qem-exporter/qem_exporter/dashboards/internal/generate"
)

// TestCurrent holds the committed files against their descriptions; each says which question it
// answers, in its description and in the README.
func TestCurrent(t *testing.T) {
	want, err := generate.Dashboards()
	if err != nil {
		t.Fatal(err)
	}
	names, err := filepath.Glob("*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if !slices.ContainsFunc(want, func(d generate.Dashboard) bool { return d.File == name }) {
			t.Errorf("%s is not made by the generator any more: remove it", name)
		}
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range want {
		got, err := os.ReadFile(d.File)
		if err != nil {
			t.Errorf("%v: run go generate ./dashboards", err)
			continue
		}
		if diff := cmp.Diff(string(d.JSON), string(got)); diff != "" {
			t.Errorf("%s is out of date: run go generate ./dashboards (-want +got)\n%s", d.File, diff)
		}
		line := fmt.Sprintf("| `%s` | %s |\n", d.File, d.Question)
		if !strings.HasSuffix(d.Question, "?") || !strings.Contains(string(readme), line) {
			t.Errorf("its question is %q; the README lacks %s", d.Question, line)
		}
	}
}
