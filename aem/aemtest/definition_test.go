package aemtest

import (
	"slices"
	"testing"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
)

// TestExportAndImportAll moves a generated server to another one.
func TestExportAndImportAll(t *testing.T) {
	s, _ := world(t, Options{Servers: 1, ComposeServers: 1})
	c := as(t, s, Admin)
	from := s.State().Servers[0]
	export := string(c.must("GET", serverPath(from.Name)+"?action=export", ""))
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
