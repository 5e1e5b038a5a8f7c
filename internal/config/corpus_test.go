package config

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const canary = "canary-hunter2"

// corpusEnv are the environment variables that the files of testdata may use.
func corpusEnv(name string) string {
	return newEnvironment(corpusEnviron()).get(name)
}

func corpusEnviron() []string {
	return []string{"CANARY=" + canary, "CANARY_LINES=" + canary + "\nsecond line", "CANARY_LATIN1=" + canary + "\xe9"}
}

// TestBadFiles holds the exact words for everything that can be wrong with a
// file: file.err is the error for file.yml.
// -update writes these files anew.
func TestBadFiles(t *testing.T) {
	t.Chdir(filepath.Join("testdata", "bad"))
	files, err := filepath.Glob("*.yml")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 100 {
		t.Fatalf("only %d files: the corpus is not where it was", len(files))
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(file, ".yml"), func(t *testing.T) {
			cfg, err := Load(file, corpusEnviron())
			if err == nil {
				t.Fatalf("loads, as\n%s", cfg.Redacted())
			}
			if cfg != nil {
				t.Error("gives a Config besides the error")
			}
			golden := strings.TrimSuffix(file, ".yml") + ".err"
			if *update {
				if err := os.WriteFile(golden, []byte(err.Error()+"\n"), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, readErr := os.ReadFile(golden)
			if readErr != nil {
				t.Fatal(readErr)
			}
			if got := err.Error() + "\n"; got != string(want) {
				t.Errorf("error is\n%swant\n%s", got, want)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("a credential stands in\n%v", err)
			}
		})
	}
}

// examples holds what is said of each block of a file to the lines below it: "! " is what is wrong with it,
// "? " a likely slip. -update writes them anew.
func examples(t *testing.T, golden string, load func(input string) (*Config, error)) {
	t.Helper()
	said := regexp.MustCompile(`(?m)^[!?] .*\n?`)
	want := read(t, golden)
	var blocks []string
	for block := range strings.SplitSeq(strings.TrimSpace(want), "\n\n") {
		input := strings.TrimSpace(said.ReplaceAllString(block, ""))
		cfg, err := load(input)
		outcome := ""
		if err != nil {
			outcome = "\n! " + strings.ReplaceAll(err.Error(), "\n", "\n! ")
		} else {
			for _, warning := range cfg.Warnings() {
				outcome += "\n? " + warning
			}
		}
		if strings.Contains(outcome, "hunter2") || err != nil && cfg != nil {
			t.Errorf("%s\na credential stands in what is said of it, or a Config beside it:%s", input, outcome)
		}
		blocks = append(blocks, input+outcome)
	}
	got := strings.Join(blocks, "\n\n") + "\n"
	if *update {
		write(t, filepath.Dir(golden), filepath.Base(golden), got)
	} else if got != want {
		t.Error(cmp.Diff(want, got))
	}
}
