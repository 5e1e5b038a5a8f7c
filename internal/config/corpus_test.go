package config

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

const canary = "canary-hunter2"

// corpusEnv are the environment variables that the files of testdata may use.
func corpusEnv(name string) string {
	return newEnvironment(corpusEnviron()).get(name)
}

func corpusEnviron() []string {
	return []string{"HOST=host", "CANARY=" + canary, "CANARY_LINES=" + canary + "\nsecond line",
		"CANARY_LATIN1=" + canary + "\xe9"}
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
// "? " a likely slip, "= " what a key of a manager is in the end. -update writes them anew.
func examples(t *testing.T, golden string, load func(input string) (*Config, error)) {
	t.Helper()
	outcome, asked := regexp.MustCompile(`(?m)^[!?=] .*\n?`), regexp.MustCompile(`(?m)^= (.*?): `)
	want := read(t, golden)
	var blocks []string
	for block := range strings.SplitSeq(strings.TrimSpace(want), "\n\n") {
		input := strings.TrimSpace(outcome.ReplaceAllString(block, ""))
		said := ""
		cfg, err := load(input)
		if err != nil {
			said = "\n! " + strings.ReplaceAll(err.Error(), "\n", "\n! ")
		} else {
			for _, warning := range cfg.Warnings() {
				said += "\n? " + warning
			}
			for _, key := range asked.FindAllStringSubmatch(block, -1) {
				said += "\n= " + key[1] + ": " + shownAt(t, cfg, key[1])
			}
		}
		if strings.Contains(said, "hunter2") || err != nil && cfg != nil {
			t.Errorf("%s\na credential stands in what is said of it, or a Config beside it:%s", input, said)
		}
		blocks = append(blocks, input+said)
	}
	got := strings.Join(blocks, "\n\n") + "\n"
	if *update {
		write(t, filepath.Dir(golden), filepath.Base(golden), got)
	} else if got != want {
		t.Error(cmp.Diff(want, got))
	}
}

// shownAt is what Redacted has at a path such as 0.auth.username: of the first manager.
func shownAt(t *testing.T, cfg *Config, path string) string {
	t.Helper()
	var all struct {
		Managers []map[string]any `yaml:"enterprise_managers"`
	}
	if err := yaml.Unmarshal([]byte(cfg.Redacted()), &all); err != nil {
		t.Fatal(err)
	}
	index, keys, _ := strings.Cut(path, ".")
	i, err := strconv.Atoi(index)
	if err != nil {
		t.Fatal(err)
	}
	var value any = all.Managers[i]
	for key := range strings.SplitSeq(keys, ".") {
		inner, _ := value.(map[string]any)
		value = inner[key]
	}
	return fmt.Sprint(value)
}
