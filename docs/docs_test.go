// Package docs_test keeps the documentation true: its commands are run on a
// simulated Enterprise Manager, its configurations, queries, programs and
// references are checked.
//
// The words after the language of a block say what is done with it; the function
// check lists them. A block that a test cannot run says "example".
package docs_test

//go:generate go test -run ^TestExamples$ . -update

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	toolkit "github.com/prometheus/exporter-toolkit/web"
	"go.yaml.in/yaml/v3"

	"github.com/qem-exporter/qem_exporter/internal/config"
	"github.com/qem-exporter/qem_exporter/internal/testkit/process"
)

var update = flag.Bool("update", false, "write the generated parts of the documentation")

// binary is the built command; qemctl is beside it.
var binary string

func TestMain(m *testing.M) { os.Exit(process.Main(m, "..", &binary, "../cmd/qemctl")) }

// block is a fenced block of a page.
type block struct {
	where string // file:line
	info  string // language and what is to be done with it
	text  string // without the indentation of the fence
}

var fence = regexp.MustCompile("^( *)```(.*)$")

// blocksOf are the fenced blocks of a page.
func blocksOf(t *testing.T, page string) []block {
	t.Helper()
	var (
		all    []block
		open   *block
		indent string
	)
	for i, line := range strings.Split(read(t, page), "\n") {
		match := fence.FindStringSubmatch(line)
		switch {
		case match == nil && open != nil:
			open.text += strings.TrimPrefix(line, indent) + "\n"
		case match != nil && open == nil:
			indent, open = match[1], &block{where: fmt.Sprintf("%s:%d", page, i+1), info: match[2]}
		case match != nil:
			all, open = append(all, *open), nil
		}
	}
	if open != nil {
		t.Fatalf("%s: the block does not end", open.where)
	}
	return all
}

func read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// globbed are the files that the patterns match, of which there must be some.
func globbed(t *testing.T, patterns ...string) []string {
	t.Helper()
	var all []string
	for _, pattern := range patterns {
		names, err := filepath.Glob(pattern)
		if err != nil || len(names) == 0 {
			t.Fatalf("there is no %s (%v)", pattern, err)
		}
		all = append(all, names...)
	}
	return all
}

// pages are those whose blocks are tried. The queries of the runbooks are
// tested beside the alerts.
func pages(t *testing.T) []string {
	return globbed(t, "*.md", "../*.md", "../deploy/*.md", "../deploy/*/*.md", "../deploy/*/*/*.md", "../dashboards/*.md")
}

// Every block of a page is tried, in the order in which a reader meets them.
func TestBlocks(t *testing.T) {
	for _, page := range pages(t) {
		blocks := blocksOf(t, page)
		if len(blocks) == 0 {
			continue
		}
		t.Run(page, func(t *testing.T) {
			t.Parallel()
			s := newSandbox(t)
			for _, b := range blocks {
				b.text = s.local(b.text)
				check(t, s, b)
				if t.Failed() {
					return // the rest builds on it
				}
			}
		})
	}
}

func check(t *testing.T, s *sandbox, b block) {
	t.Helper()
	switch b.info {
	case "sh run":
		s.run(t, b.where, "bash", "-euo", "pipefail", "-c", b.text)
	case "sh run daemon": // the last line starts the exporter, which runs until the page ends
		s.start(t, b)
	case "sh run simulator": // the same of the simulator
		s.simulate(t, b)
	case "sh example", "powershell example", "yaml example":
	case "sh install", "yaml kustomize", "yaml values": // by make shipped
	case "console": // written by make transcript
	case "yaml config": // becomes config.yml
		checkConfig(t, s, b)
	case "yaml web":
		file := s.write("web.yml", b.text)
		if err := toolkit.Validate(file); err != nil {
			t.Errorf("%s: %v", b.where, err)
		}
	case "yaml prometheus":
		s.run(t, b.where, "promtool", "check", "config", "--syntax-only", s.write("prometheus.yml", b.text))
	case "promql": // queries with a blank line between them
		checkQueries(t, s, b)
	case "metrics":
		checkMetricLines(t, b)
	case "go run": // run in the repository, for go.mod
		s.inRepository(t, b.where, "go", "run", s.write("main.go", b.text))
	case "go test":
		s.inRepository(t, b.where, "go", "test", "-vet=off", s.write("docs_test.go", b.text))
	default:
		if strings.HasPrefix(b.info, "go Example") { // by TestExamples
			return
		}
		t.Errorf("%s: nobody knows what to do with a block of %q", b.where, b.info)
	}
}

func checkConfig(t *testing.T, s *sandbox, b block) {
	t.Helper()
	file := s.write("config.yml", b.text)
	if _, err := config.Parse(file, []byte(b.text), s.getenv); err != nil {
		t.Errorf("%s: %v", b.where, err)
	}
}

// checkQueries lets promtool read the queries as recording rules.
func checkQueries(t *testing.T, s *sandbox, b block) {
	t.Helper()
	type rule struct{ Record, Expr string }
	var rules []rule
	for i, query := range strings.Split(strings.TrimSpace(b.text), "\n\n") {
		rules = append(rules, rule{fmt.Sprintf("docs:query:%d", i), query})
	}
	data, err := yaml.Marshal(map[string]any{"groups": []any{map[string]any{"name": "docs", "rules": rules}}})
	if err != nil {
		t.Fatal(err)
	}
	s.run(t, b.where, "promtool", "check", "rules", s.write("rules.yml", string(data)))
}

var metricLine = regexp.MustCompile(`^(qem_[a-z0-9_]+)\{.*\} [0-9.e+]+$`)

// checkMetricLines sees that samples look as they are served; their names and
// labels are checked with all others.
func checkMetricLines(t *testing.T, b block) {
	t.Helper()
	for line := range strings.Lines(b.text) {
		if !metricLine.MatchString(strings.TrimSpace(line)) {
			t.Errorf("%s: no sample: %s", b.where, line)
		}
	}
}
