package alerts_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Rules in which time passes faster are the shipped ones but for their durations.
func TestHasten(t *testing.T) {
	shipped, err := os.ReadFile(rulesFile)
	if err != nil {
		t.Fatal(err)
	}
	if run(t, "../scripts/hasten", "1", rulesFile) != string(shipped) {
		t.Error("time that passes at its usual rate changes the rules")
	}
	fast := run(t, "../scripts/hasten", "20", rulesFile)
	duration := regexp.MustCompile(`(?m)(for: |\[)([0-9]+(?:ms|[smhd]))(\]|$)`)
	left := func(text string) string { return duration.ReplaceAllString(text, "$1$3") }
	if left(fast) != left(string(shipped)) {
		t.Error("more than durations changes")
	}
	for _, m := range duration.FindAllStringSubmatch(fast, -1) {
		if !strings.HasSuffix(m[2], "ms") {
			t.Errorf("%s is as long as before", m[0])
		}
	}
	for _, want := range []string{"keep_firing_for: 15000ms", "for: 90000ms", "[45000ms]", "[4320000ms]"} {
		if !strings.Contains(fast, want) {
			t.Errorf("there is no %s", want)
		}
	}
	file := filepath.Join(t.TempDir(), rulesFile)
	if err := os.WriteFile(file, []byte(fast), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, "promtool", "check", "rules", file)
	for _, want := range []string{"group_wait: 1500ms", "group_interval: 15000ms", "repeat_interval: 12h"} {
		if !strings.Contains(run(t, "../scripts/hasten", "20", alertmanagerFile), want) {
			t.Errorf("there is no %s", want)
		}
	}
}
