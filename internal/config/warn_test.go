package config

import (
	"strings"
	"testing"
)

// TestWarnings holds what is legal and yet a likely slip, and what looks like one and is none.
func TestWarnings(t *testing.T) {
	examples(t, "testdata/warnings.txt", func(input string) (*Config, error) {
		return Parse("qem.yml", []byte(input+"\n"), nil)
	})
}

func TestUnknownVariablesBesideAFile(t *testing.T) {
	file := write(t, t.TempDir(), "qem.yml", strings.Replace(minimal, "pass}", `"${QEM_SECRET}"}`, 1))
	cfg, err := Load(file, env("QEM_SECRET", canary, "QEM_SECRETS", "x", "QEM_URL", "x"))
	if err != nil {
		t.Fatal(err)
	}
	const want = "QEM_SECRETS: unknown environment variable, which means nothing"
	if got := cfg.Warnings(); len(got) != 1 || got[0] != want {
		t.Errorf("warnings are %q, want %q", got, want)
	}
}
