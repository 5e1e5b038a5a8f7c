package aemtest

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/qem-exporter/qem_exporter/aem"
)

// refusing is a world with whatever methods may refuse.
func refusing(t *testing.T) *Simulator {
	t.Helper()
	s := requestWorld(t, RealWorld)
	for _, e := range []EndpointState{
		{Endpoint: aem.Endpoint{Name: "src2"}}, {Endpoint: aem.Endpoint{Name: "sql", Type: "MySQL"}},
		{Endpoint: aem.Endpoint{Name: "e"}, Settings: map[string]any{
			"$type": "OracleSettings", "server": "old", "connectioninfo": map[string]any{"$type": "x"},
		}},
	} {
		ok(t, s.AddEndpoint("S", e))
	}
	cdc := aem.TaskOptions{ApplyChanges: aem.BoolOf(true)}
	for name, edit := range map[string]func(*Task){
		"no-ends":   func(v *Task) { v.Source, v.Target = aem.TaskEndpoint{}, aem.TaskEndpoint{} },
		"no-source": func(v *Task) { v.Source = aem.TaskEndpoint{} },
		"no-target": func(v *Task) { v.Target = aem.TaskEndpoint{} },
		"no-option": func(v *Task) { v.Options = aem.TaskOptions{} },
		"bidi":      func(v *Task) { v.Options, v.Profile = aem.TaskOptions{}, "BIDIRECTIONAL" },
		"recovers":  func(v *Task) { v.State = aem.TaskRecovering },
		"bare":      func(v *Task) { *v = Task{TaskDetails: aem.TaskDetails{Name: "bare"}} },
		"F":         func(v *Task) { v.State, v.Source.Type = aem.TaskRunning, "File Channel" },
		"CDC":       func(v *Task) { v.State, v.Options = aem.TaskRunning, cdc },
		"L":         func(v *Task) { v.State, v.Tables[1].FullLoad.Start = aem.TaskRunning, testStart },
	} {
		v := customTask(name, aem.TaskStopped)
		edit(&v)
		ok(t, s.AddTask("S", v))
	}
	s.AddServer(ServerState{
		ServerDetails: aem.ServerDetails{Name: "V", Host: "v.example.net", Version: "5.1.0.9"},
		Tasks:         []Task{customTask("T", aem.TaskRunning)},
	})
	s.AddServer(ServerState{ServerDetails: aem.ServerDetails{Name: "C", Product: aem.Compose, Host: "c.example.net"},
		Tasks: []Task{{TaskDetails: aem.TaskDetails{Name: "L__P", Project: "P", State: aem.TaskStopped}}}})
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
	if diff := difference(before, s.State()); diff != "" {
		t.Errorf("what was refused has changed something: -before +now\n%s", diff)
	}
}
