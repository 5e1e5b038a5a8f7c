package config

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

const exampleFile = "../../config.example.yml"

func readExample(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile(exampleFile)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// disabled is a key behind #: "#key: value", or "#  key: value" within one.
var disabled = regexp.MustCompile(`(?m)^( *)#((?:  +)?(?:- )?[a-z_0-9]+:)`)

func TestExampleLoadsAsItIs(t *testing.T) {
	cfg, err := Load(exampleFile, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := defaultManager()
	want.Name = "prod"
	want.URL = "https://qem.example.com/attunityenterprisemanager"
	want.MaxAge = 3 * time.Minute
	want.Auth = Auth{Type: ActiveDirectory, Username: "svc_prometheus", Password: newSecret("change-me")}
	if got := cfg.Managers(); len(got) != 1 || !got[0].Equal(want) {
		t.Errorf("the example is something else than the defaults:\n%s", cfg.Redacted())
	}
}

// TestExampleHoldsEveryKey enables what stands behind # and compares with the
// schema: the same keys, and the same defaults.
func TestExampleHoldsEveryKey(t *testing.T) {
	var document yaml.Node
	if err := yaml.Unmarshal([]byte(disabled.ReplaceAllString(readExample(t), "$1$2")), &document); err != nil {
		t.Fatal(err)
	}
	found := map[string]*yaml.Node{}
	collect(t, found, "", document.Content[0])
	for _, key := range Schema() {
		n, ok := found[key.Path]
		if !ok {
			t.Errorf("%s is missing", key.Path)
			continue
		}
		delete(found, key.Path)
		if got := inline(n); !sameDefault(got, key) && n.Kind != yaml.MappingNode && !strings.Contains(comment(t, n.Line), "(an example)") {
			t.Errorf("line %d: %s is %s, and its default %s", n.Line, key.Path, got, key.Default)
		}
	}
	for path := range found {
		t.Errorf("%s is not a key", path)
	}
}

// sameDefault compares what the file says with the schema, whatever the units.
func sameDefault(got string, key Key) bool {
	if key.Path == "defaults.max_age" || key.Path == "enterprise_managers[].max_age" {
		return got == "3m" // 3 x 60s
	}
	a, errA := parseDuration(got)
	b, errB := parseDuration(key.Default)
	return got == key.Default || errA == nil && errB == nil && a == b || strings.HasPrefix(key.Type, "list of mappings")
}

func collect(t *testing.T, found map[string]*yaml.Node, prefix string, n *yaml.Node) {
	t.Helper()
	for i := 0; i+1 < len(n.Content); i += 2 {
		path, val := prefix+n.Content[i].Value, n.Content[i+1]
		if found[path] != nil {
			t.Errorf("%s is there twice", path)
		}
		found[path] = val
		switch {
		case val.Kind == yaml.MappingNode:
			collect(t, found, path+".", val)
		case val.Kind == yaml.SequenceNode && len(val.Content) > 0 && val.Content[0].Kind == yaml.MappingNode:
			collect(t, found, path+"[].", val.Content[0])
		}
	}
}

// comment is the comment at the end of a line.
func comment(t *testing.T, line int) string {
	t.Helper()
	text := strings.TrimLeft(strings.Split(readExample(t), "\n")[line-1], " #")
	_, c, _ := strings.Cut(text, " # ")
	return c
}

func TestExampleExplainsEveryKey(t *testing.T) {
	lines := strings.Split(readExample(t), "\n")
	key := regexp.MustCompile(`^(?: *)#?(?: *)(?:- )?[a-z_0-9]+:(?: |$)`)
	for i, line := range lines {
		if !key.MatchString(line) || comment(t, i+1) != "" {
			continue
		}
		if above := strings.TrimSpace(lines[max(i-1, 0)]); !strings.HasPrefix(above, "# ") {
			t.Errorf("line %d has no comment: %s", i+1, line)
		}
	}
}
