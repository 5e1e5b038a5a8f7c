package aem

import (
	"io"
	"slices"
	"strings"
	"testing"
)

func TestDefinition(t *testing.T) {
	const export = "// Host name: x\r\n" + `{"cmd.replication_definition":{"tasks":[
		{"task":{"name":"A","source_name":"src","target_names":["dwh"]},"source":{"rep_source":{"source_name":"src","database_name":"src"}},
			"settings":{"lsn":9007199254740993,"rate":1.50}},
		{"task":{"name":"B","source_name":"other","target_names":["dwh"]}}],
		"databases":[{"name":"src","role":"SOURCE"},{"name":"dwh"}],
		"scheduler":{"jobs":[{"name":"nightly","task_name":"A"},{"name":"weekly","task_name":"B"}]}}}`
	d, err := ReadDefinition(strings.NewReader(export))
	must(t, err)
	must(t, d.RenameTask("A", "A2"))
	if d.RenameTask("A", "A3") == nil || d.RenameTask("A2", "B") == nil {
		t.Error("a task that is not there was renamed, or one to a name that is taken")
	}
	d.MapEndpoint("src", "src_test")
	d.KeepTasks("A2")
	d.KeepSchedules("nightly")
	text, err := io.ReadAll(d.Reader())
	must(t, err)
	again, err := ReadDefinition(strings.NewReader(string(text)))
	must(t, err)
	if !slices.Equal(again.Tasks(), []string{"A2"}) || !slices.Equal(again.Endpoints(), []string{"src_test", "dwh"}) ||
		!slices.Equal(again.Schedules(), []string{"nightly"}) {
		t.Errorf("got %s", text)
	}
	for _, want := range []string{`"lsn": 9007199254740993`, `"rate": 1.50`, `"task_name": "A2"`,
		`"source_name": "src_test"`, `"database_name": "src_test"`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("there is no %s in %s", want, text)
		}
	}
	again.KeepEndpoints()
	if len(again.Endpoints()) != 0 {
		t.Error("the endpoints are kept")
	}
	for _, bad := range []string{"", "<html>", "[]", `{"x":1}`} {
		if _, err := ReadDefinition(strings.NewReader(bad)); err == nil {
			t.Errorf("%q is a definition", bad)
		}
	}
}
