package alerts_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/qem-exporter/qem_exporter/internal/testkit/process"
)

func TestTexts(t *testing.T) {
	rules, err := filepath.Abs(rulesFile)
	if err != nil {
		t.Fatal(err)
	}
	texts, err := os.ReadFile("tests/texts.yml")
	if err != nil {
		t.Fatal(err)
	}
	fill := strings.NewReplacer("RULES", rules, "RUNBOOKS", runbooksURL,
		"TASK", `manager="prod", server="repl 1", task="crm/orders"`)
	run(t, "promtool", "test", "rules", process.File(t, "texts.yml", fill.Replace(string(texts))))
}

// Every text names what the alert is about by its labels, and the console's address.
func TestTextsNameThings(t *testing.T) {
	for _, a := range alerts(t) {
		for _, label := range []string{"manager", "server", "task"} {
			about := strings.HasPrefix(a.Alert, "QemTask") || label == "manager" && a.Group != "qem_exporter" ||
				label == "server" && strings.HasPrefix(a.Alert, "QemServer")
			text := a.Annotations["description"]
			if about && (!strings.Contains(text, "{{ $labels."+label+" }}") || !strings.Contains(text, "Console: ")) {
				t.Errorf("%s does not name its %s or the console: %s", a, label, text)
			}
		}
	}
}
