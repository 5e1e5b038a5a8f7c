package dashboards

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qem-exporter/qem_exporter/dashboards/internal/generate"
)

var update = flag.Bool("update", false, "write the dashboards anew")

// TestCurrent holds the committed files against their descriptions.
func TestCurrent(t *testing.T) {
	if *update {
		if err := generate.Write("."); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := generate.Files()
	if err != nil {
		t.Fatal(err)
	}
	names, err := filepath.Glob("*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if want[name] == nil {
			t.Errorf("%s is not made by the generator any more: remove it", name)
		}
	}
	for name, content := range want {
		got, err := os.ReadFile(name)
		if err != nil {
			t.Errorf("%v: run go generate ./dashboards", err)
			continue
		}
		if diff := cmp.Diff(string(content), string(got)); diff != "" {
			t.Errorf("%s is out of date: run go generate ./dashboards (-want +got)\n%s", name, diff)
		}
	}
}

// TestQuestions: each dashboard says which question it answers, in its description and in
// the README.
func TestQuestions(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	questions := generate.Questions()
	each(t, func(t *testing.T, m *model) {
		line := fmt.Sprintf("| `%s.json` | %s |\n", m.UID, questions[m.UID])
		if m.Description != questions[m.UID] || !strings.HasSuffix(m.Description, "?") ||
			!strings.Contains(string(readme), line) {
			t.Errorf("its question is %q; the README lacks %s", m.Description, line)
		}
	})
}
