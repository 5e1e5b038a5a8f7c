// Package deploy_test checks what is here for those who run the exporter: manifests,
// chart, packages and the composed demo. What is made of something else is made by make
// generate; what is run rather than read stands behind the tag shipped.
package deploy_test

//go:generate go test -run ^(TestVersion|TestPrometheusRule|TestDashboards|TestValuesSchemaHasTheConfiguration|TestRenderedChart)$ . -update

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/qem-exporter/qem_exporter/internal/testkit/process"
)

var update = flag.Bool("update", false, "write the copies of rules and dashboards, and render the chart")

// binary is the built command.
var binary string

func TestMain(m *testing.M) { os.Exit(process.Main(m, "..", &binary)) }

// object is a node of YAML with string keys.
type object = map[string]any

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func version(t *testing.T) string {
	return strings.TrimSpace(string(readFile(t, "../VERSION")))
}

// documents are those of YAML text, without empty ones.
func documents(t *testing.T, name string, data []byte) []object {
	t.Helper()
	var all []object
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var o object
		err := decoder.Decode(&o)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if len(o) > 0 {
			all = append(all, o)
		}
	}
}

// document is the only one of a file.
func document(t *testing.T, path string) object {
	t.Helper()
	all := documents(t, path, readFile(t, path))
	if len(all) != 1 {
		t.Fatalf("%s has %d documents, want 1", path, len(all))
	}
	return all[0]
}

// at is the node at a path of keys and indices, such as "spec/template/spec/containers/0".
func at(t *testing.T, node any, path string) any {
	t.Helper()
	for key := range strings.SplitSeq(path, "/") {
		switch n := node.(type) {
		case object:
			node = n[key]
		case []any:
			var i int
			if _, err := fmt.Sscan(key, &i); err != nil || i >= len(n) {
				t.Fatalf("%s: there is no element %s", path, key)
			}
			node = n[i]
		default:
			node = nil
		}
		if node == nil {
			t.Fatalf("%s: there is no %s", path, key)
		}
	}
	return node
}

// list are the elements of a list, all of them texts or objects.
func list[T any](t *testing.T, node any, path string) []T {
	t.Helper()
	var all []T
	for _, o := range at(t, node, path).([]any) {
		all = append(all, o.(T))
	}
	return all
}

// selects tells whether labels have every label of a selector, which has one at least.
func selects(selector, labels any) bool {
	wants, _ := selector.(object)
	return len(wants) > 0 && within(wants, labels)
}

// within tells whether all that a node says is said by another.
func within(node, other any) bool {
	switch n := node.(type) {
	case object:
		o, _ := other.(object)
		for key, value := range n {
			if !within(value, o[key]) {
				return false
			}
		}
		return true
	case []any:
		o, _ := other.([]any)
		return slices.EqualFunc(n, o, within)
	}
	return node == other
}

// same holds a file against what it is made of, or writes it.
func same(t *testing.T, path string, want []byte) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s is out of date: run make generate", path)
	}
}

// knowsFlags lets the built command say whether it takes the arguments.
func knowsFlags(t *testing.T, args ...string) {
	t.Helper()
	out, err := exec.Command(binary, append(slices.Clone(args), "--version")...).CombinedOutput()
	if err != nil {
		t.Errorf("qem_exporter %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("there is nothing like %s (%v)", pattern, err)
	}
	return paths
}

func names(paths []string) []string {
	set := map[string]bool{}
	for _, p := range paths {
		set[filepath.Base(p)] = true
	}
	return slices.Sorted(maps.Keys(set))
}
