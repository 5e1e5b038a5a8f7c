package aemtest

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write testdata/answers.golden anew")

// peculiar is an Enterprise Manager in which each value is another one.
func peculiar(t *testing.T, shape Shape) *Simulator {
	t.Helper()
	text, err := os.ReadFile("testdata/peculiar.json")
	var servers []ServerState
	if err == nil {
		err = json.Unmarshal(text, &servers)
	}
	if err != nil {
		t.Fatal(err)
	}
	s := New(Options{Servers: -1, ComposeServers: -1, Start: testStart, Clock: newClock().now, Shape: shape,
		Users: []User{user(Admin)}})
	for _, v := range servers {
		s.AddServer(v)
	}
	ok(t, s.SetEndpointTest("P", "tgt", EndpointTest{Message: "no", Detail: "ORA-12541"}))
	return s
}

// TestAnswersToTheLetter compares what is said of a peculiar Enterprise Manager, in every
// shape, with a file that was read by people.
func TestAnswersToTheLetter(t *testing.T) {
	const task, bare, compose = "servers/P/tasks/T", "servers/P/tasks/bare", "servers/C/tasks/L__P"
	var got bytes.Buffer
	for _, shape := range []Shape{RealWorld, Guide, Legacy} {
		c := as(t, peculiar(t, shape), Admin)
		for _, r := range []struct{ verb, path string }{
			{"GET", "servers"}, {"GET", "servers/P"}, {"GET", "servers/C"}, {"GET", "servers/N"}, {"GET", "servers/P/def"},
			{"GET", "servers/P/tasks"}, {"GET", task}, {"GET", bare}, {"GET", compose}, {"GET", task + "/tables"},
			{"GET", task + "/tables?action=getstatus"}, {"GET", task + "/tables?action=selection"},
			{"GET", task + "?action=get_change_data_retention_barrier"},
			{"GET", bare + "?action=get_change_data_retention_barrier"},
			{"GET", task + "?action=export&withendpoints=true"}, {"GET", "servers/P?action=export"},
			{"GET", "servers/P/endpoints"}, {"GET", "servers/P/endpoints/e?action=test"},
			{"GET", "servers/P/endpoints/tgt?action=test"},
			{"GET", "servers/P?action=acl"}, {"GET", "servers/P/tasks?action=acl"}, {"GET", task + "?action=acl"},
			{"GET", "servers/P/endpoints?action=acl"}, {"GET", "servers/P/endpoints/e?action=acl"},
			{"GET", "servers/N?action=acl"}, {"GET", "servers/N/tasks"}, {"GET", "nothing"},
			{"POST", bare + runQuery + resumeProcessing}, {"POST", bare + stopQuery}, {"POST", bare + stopQuery},
			{"POST", bare + "?action=delete"}, {"GET", "security/audit_trail?start_timestamp=2020-06-30T16:15:00Z"},
		} {
			status, _, body := c.send(r.verb, r.path, "")
			fmt.Fprintf(&got, "%s %s %s: HTTP %d\n%s\n\n", shape, r.verb, r.path, status, body)
		}
	}
	secret := regexp.MustCompile(`\{S:[0-9a-f-]{36}\}`)
	text := secret.ReplaceAll(got.Bytes(), []byte("{S:a GUID}"))
	const file = "testdata/answers.golden"
	if *update {
		if err := os.WriteFile(file, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(text)); diff != "" {
		t.Errorf("answers have changed (-update writes the file anew); -file +now:\n%s", diff)
	}
}
