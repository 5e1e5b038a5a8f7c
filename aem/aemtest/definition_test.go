package aemtest

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
)

// strip takes away what stands before the JSON of an export.
func strip(t *testing.T, body []byte) string {
	t.Helper()
	first, rest, ok := strings.Cut(strings.TrimPrefix(string(body), "\ufeff"), "\n")
	if !ok || !strings.HasPrefix(first, "// Host name: ") || !json.Valid([]byte(rest)) {
		t.Fatalf("an export: %s", body)
	}
	return rest
}

func TestExportTask(t *testing.T) {
	for _, shape := range []Shape{RealWorld, Guide, Legacy} {
		s, _ := world(t, Options{Shape: shape})
		c := as(t, s, Operator)
		plain, with := c.must("GET", "servers/S/tasks/T?action=export", ""),
			c.must("GET", "servers/S/tasks/T?action=export&withendpoints=true", "")
		if bom := strings.HasPrefix(string(plain), "\ufeff"); bom != (shape != RealWorld) {
			t.Errorf("the shape %v begins with %q", shape, plain[:20])
		}
		if strings.Contains(strip(t, plain), "db_settings") || !strings.Contains(strip(t, with), `"db_settings"`) ||
			!strings.Contains(strip(t, plain), `"name": "bad"`) {
			t.Errorf("exports: %s\n%s", plain, with)
		}
	}
}

func TestImportTask(t *testing.T) {
	s, clock := world(t, Options{})
	c := as(t, s, Designer)
	export := string(c.must("GET", "servers/S/tasks/T?action=export&withendpoints=true", ""))
	s.AddServer(ServerState{ServerDetails: aem.ServerDetails{Name: "other", Host: "other"}})
	c.must("POST", "servers/other/tasks/T?action=import", "\ufeff"+export)
	v := s.State().Task("other", "T")
	if v == nil || v.State != aem.TaskStopped || v.StopReason != aem.StopNone || v.Source.Type != oracle ||
		!v.Options.FullLoad.True() ||
		len(v.Tables) != 2 || v.FullLoad.Completed.True() {
		t.Fatalf("an imported task: %+v", v)
	}
	if n := len(s.State().Server("other").Endpoints); n != 2 {
		t.Errorf("%d endpoints were imported", n)
	}
	c.must("POST", "servers/other/tasks/T"+runQuery+resumeProcessing, "")
	clock.set(30 * time.Minute)
	if v := s.State().Task("other", "T"); v.State != aem.TaskRunning || !v.FullLoad.Completed.True() ||
		v.CDCEvents.Inserts.Int() == 0 ||
		!v.FullLoad.Start.Equal(testStart) {
		t.Errorf("an imported task after half an hour: %+v", v)
	}
	c.must("POST", "servers/S/tasks/U?action=import", strings.ReplaceAll(someTask, `"N"`, `"U"`))
	if v := s.State().Task("S", "U"); v.Options.FullLoad.True() || len(s.State().Server("S").Tasks) != 2 {
		t.Errorf("an import has not replaced the task: %+v", v)
	}
	s.SetUsers(User{Name: user(Designer).Name, Password: "x", Role: Designer, Endpoints: []string{"src"}})
	as(t, s, Designer).refuses("AEM_IMPORT_TASK_NO_PERMISSION_ON_ENDPOINT", "POST", "servers/S/tasks/T?action=import",
		export)
}

// TestExportAndImportAll moves a generated server to another one.
func TestExportAndImportAll(t *testing.T) {
	s, _ := world(t, Options{Servers: 1, ComposeServers: 1})
	c := as(t, s, Admin)
	from := s.State().Servers[0]
	export := string(c.must("GET", serverPath(from.Name)+"?action=export", ""))
	strip(t, []byte(export))
	c.must("POST", "servers/S?action=import", export)
	got := s.State().Server("S")
	if len(got.Tasks) != len(from.Tasks)+2 || len(got.Endpoints) < len(from.Endpoints) {
		t.Fatalf("%d tasks and %d endpoints after the import", len(got.Tasks), len(got.Endpoints))
	}
	for _, want := range from.Tasks {
		v := s.State().Task("S", want.Name)
		if v.State != aem.TaskStopped || v.Source != want.Source || v.Profile != want.Profile ||
			!slices.Equal(v.Tags, want.Tags) ||
			v.Options.StoreChanges != want.Options.StoreChanges || len(v.Tables) != len(want.Tables) {
			t.Errorf("%s was imported as %+v", want.Name, v)
		}
	}
	c.must("POST", "servers/S?action=import", export) // once more changes nothing
	if n := len(s.State().Server("S").Tasks); n != len(got.Tasks) {
		t.Errorf("%d tasks after the second import", n)
	}
	admin := user(Admin)
	admin.Tasks = []string{"T"}
	s.SetUsers(admin)
	as(t, s, Admin).refuses("AEM_EXPORT_NO_PERMISSION_ON_TASK", "GET", "servers/S?action=export", "")
	as(t, s, Admin).refuses("AEM_IMPORT_NO_PERMISSION_ON_TASK", "POST", "servers/S?action=import", export)
	admin.Tasks, admin.Endpoints = nil, []string{"src"}
	s.SetUsers(admin)
	as(t, s, Admin).refuses("AEM_EXPORT_NO_PERMISSION_ON_ENDPOINT", "GET", "servers/S?action=export", "")
	as(t, s, Admin).refuses("AEM_IMPORT_NO_PERMISSION_ON_ENDPOINT", "POST", "servers/S?action=import", export)
}

func TestCloneTask(t *testing.T) {
	s, clock := world(t, Options{})
	ok(t, s.AddEndpoint("S", EndpointState{Endpoint: aem.Endpoint{Name: "src2"}}))
	as(t, s, Admin).must("PUT", "servers/S/tasks/T?action=acl", someACL)
	c := as(t, s, Operator)
	const path = "servers/S/tasks/T?action=clone"
	c.must("POST", path, `{"new_task_name":"C","clone_permissions":true,"new_source_endpoint":"src2",
		"new_target_schema":"DWH","new_control_schema":"CTL","new_control_table_tablespace":"TS",
		"new_control_index_tablespace":"IS"}`)
	c.must("POST", path, `{"new_task_name":"D"}`)
	v, d := s.State().Task("S", "C"), s.State().Task("S", "D")
	if v.State != aem.TaskStopped || v.Source.Name != "src2" || v.Target.Name != "tgt" ||
		v.CDCEvents != given(aem.CDCEvents{}) || v.ACL == nil ||
		d.ACL != nil {
		t.Errorf("a clone: %+v", v)
	}
	if want := (Targets{"DWH", "CTL", "TS", "IS"}); v.Targets != want || d.Targets != (Targets{}) {
		t.Errorf("the targets of the clone: %+v", v.Targets)
	}
	c.must("POST", "servers/S/tasks/C"+runQuery+resumeProcessing, "")
	clock.set(30 * time.Minute)
	if v := s.State().Task("S", "C"); len(v.Tables) != 2 || v.Tables[0].TargetSchema != "DWH" ||
		v.CDCEvents.Updates.Int() == 0 {
		t.Errorf("a running clone: %+v", v)
	}
}

func TestTableSelection(t *testing.T) {
	s, clock, _, server, name := generated(t, Options{Healthy: true})
	c := as(t, s, Admin)
	path := taskPath(server, name)
	selection := path + "/tables?action=selection"
	before := s.State().Task(server, name).Tables
	var got struct {
		Included_pattern, Excluded_pattern, Explicit_included_tables []struct {
			Owner, Name, Table_type string
			Load_order              int64
		}
	}
	c.json(selection, &got)
	if len(got.Explicit_included_tables) != len(before) || got.Explicit_included_tables[0].Table_type != "TABLE" {
		t.Errorf("the selection is %+v", got)
	}
	c.must("PUT", selection, `{"included_pattern":[{"owner":"FIN","name":"%","load_order":"HIGH"}],
		"excluded_pattern":[{"owner":"%","name":"ACC%"}],
		"explicit_included_tables":[{"owner":"X","name":"Y","load_order":7,"table_type":"VIEW"}]}`)
	c.json(selection, &got)
	if len(got.Included_pattern) != 1 || got.Included_pattern[0].Load_order != 1000 ||
		got.Explicit_included_tables[0].Table_type != "VIEW" ||
		got.Explicit_included_tables[0].Load_order != 7 || got.Excluded_pattern[0].Name != "ACC%" {
		t.Errorf("the selection is %+v", got)
	}
	if sel := s.State().Task(server, name).Selection; sel == nil || len(sel.Explicit) != 1 ||
		sel.Explicit[0].Type != aem.TypeView {
		t.Errorf("the truth is %+v", sel)
	}
	if n := len(s.State().Task(server, name).Tables); n != len(before) {
		t.Errorf("%d tables before the next full load", n)
	}
	c.must("POST", path+stopQuery, "")
	c.must("POST", path+runQuery+reloadTarget, "")
	clock.set(30 * time.Minute)
	var names []string
	for _, x := range s.State().Task(server, name).Tables {
		names = append(names, x.Schema+"."+x.Name)
	}
	slices.Sort(names)
	if want := []string{"FIN.CURRENCIES", "FIN.LEDGER_ENTRIES", "X.Y"}; !slices.Equal(names, want) {
		t.Errorf("the tables are %v, want %v", names, want)
	}
}
