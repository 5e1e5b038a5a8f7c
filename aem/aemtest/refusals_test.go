package aemtest

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// refusing is a world with whatever methods may refuse.
func refusing(t *testing.T) *Simulator {
	t.Helper()
	s := requestWorld(t, RealWorld)
	for _, e := range []EndpointState{{Name: "src2"}, {Name: "sql", Type: "MySQL"}, {Name: "e", Settings: map[string]any{
		"$type": "OracleSettings", "server": "old", "connectioninfo": map[string]any{"$type": "x"}}}} {
		ok(t, s.AddEndpoint("S", e))
	}
	for name, edit := range map[string]func(*Task){
		"no-ends":   func(v *Task) { v.Source, v.Target = Endpoint{}, Endpoint{} },
		"no-source": func(v *Task) { v.Source = Endpoint{} },
		"no-target": func(v *Task) { v.Target = Endpoint{} },
		"no-option": func(v *Task) { v.FullLoadEnabled, v.ApplyChanges = false, false },
		"bidi":      func(v *Task) { v.FullLoadEnabled, v.ApplyChanges, v.Profile = false, false, "BIDIRECTIONAL" },
		"recovers":  func(v *Task) { v.State = Recovery },
		"bare":      func(v *Task) { *v = Task{Name: "bare"} },
		"F":         func(v *Task) { v.State, v.Source.Type = Running, "File Channel" },
		"CDC":       func(v *Task) { v.State, v.FullLoadEnabled = Running, false },
		"L":         func(v *Task) { v.State, v.Tables[1].Start = Running, testStart },
	} {
		v := customTask(name, Stopped)
		edit(&v)
		ok(t, s.AddTask("S", v))
	}
	s.AddServer(ServerState{Name: "V", Host: "v.example.net", Version: "5.1.0.9", Tasks: []Task{customTask("T", Running)}})
	s.AddServer(ServerState{Name: "C", Product: Compose, Host: "c.example.net",
		Tasks: []Task{{Name: "L__P", Project: "P", State: Stopped}}})
	return s
}

// TestRefusals sends each request of testdata/refusals.txt, which is refused and changes
// nothing.
func TestRefusals(t *testing.T) {
	text, err := os.ReadFile("testdata/refusals.txt")
	if err != nil {
		t.Fatal(err)
	}
	s := refusing(t)
	c := as(t, s, Admin)
	before, unfilled := s.State(), regexp.MustCompile(`\{[a-z]+\}`)
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" || line[0] == '#' {
			continue
		}
		part := append(strings.SplitN(line, " ", 4), "")
		c.refuses(part[0], part[1], part[2], part[3])
		_, _, body := c.send(part[1], part[2], part[3])
		if bytes.Contains(body, []byte(`"error_message":""`)) || unfilled.Match(body) {
			t.Errorf("%s says %s", line, body)
		}
	}
	if diff := cmp.Diff(before, s.State()); diff != "" {
		t.Errorf("what was refused has changed something: -before +now\n%s", diff)
	}
}
