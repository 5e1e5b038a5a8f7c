package web

import (
	"encoding/json"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

func statusOf(t *testing.T, address string, managers ...Manager) statusView {
	t.Helper()
	w := ask(t, options(managers...), "GET", address)
	var v statusView
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
		t.Fatalf("%s: %v in %s", address, err, w.Body)
	}
	return v
}

func TestStatusOfAPart(t *testing.T) {
	for address, want := range map[string]struct{ managers, servers, tasks, details int }{
		"/api/v1/status":                                    {2, 3, 7, 0},
		"/api/v1/status?details=true":                       {2, 3, 7, 6}, // one has none
		"/api/v1/status?manager=west":                       {1, 1, 2, 0},
		"/api/v1/status?server=s1":                          {2, 2, 5, 0},
		"/api/v1/status?manager=east&server=s1&task=broken": {1, 1, 1, 1},
		"/api/v1/status?task=none":                          {2, 3, 0, 0},
		"/api/v1/status?manager=none":                       {0, 0, 0, 0},
	} {
		got := want
		got.servers, got.tasks, got.details = 0, 0, 0
		v := statusOf(t, address, two()...)
		got.managers = len(v.Managers)
		counted := 0
		for _, m := range v.Managers {
			got.servers += len(m.Servers)
			counted += m.Tasks.Total
			for _, s := range m.Servers {
				got.tasks += len(s.Tasks)
				for _, task := range s.Tasks {
					if task.Details != nil {
						got.details++
					}
				}
			}
		}
		if got != want || counted != want.tasks {
			t.Errorf("%s: %+v and %d counted, want %+v", address, got, counted, want)
		}
	}
}

// What is absent is not there; what is zero is.
func TestStatusOfATask(t *testing.T) {
	managers := two()
	task := &managers[0].Last.Servers[0].Tasks[0]
	task.Details.CPU, task.Details.FullLoad.Completed, task.Details.StoreChangesEnabled = 0, fleet.No, fleet.Yes
	body := ask(t, options(managers...), "GET", "/api/v1/status?manager=east&server=s1&task=well").Body.String()
	_, text, _ := strings.Cut(body, `"tasks":[`)
	want := `{"name":"well","product":"replicate","state":"running","up":true,"severity":"ok","late":false,` +
		`"total_latency_seconds":10,"latency_objective_seconds":60,` +
		`"details":{"source":"erp","source_type":"Oracle","target":"lake","options":{"store_changes":true},"full_load":{"completed":false},"cpu_ratio":0}}]`
	if !strings.HasPrefix(text, want) {
		t.Errorf("got %s\nwant %s", text, want)
	}
	late := statusOf(t, "/api/v1/status?task=late", two()...)
	if got := late.Managers[0].Servers[0].Tasks[0]; !got.Late || got.Severity != warning || got.Reasons[0] != "1m30s behind, objective 1m" {
		t.Errorf("got %+v", got)
	}
	if late.Attention != (attentionCounts{Tasks: 1}) {
		t.Errorf("attention %+v", late.Attention)
	}
}

func TestSeverityOfTasks(t *testing.T) {
	for _, tc := range []struct {
		state, stopReason, message string
		want                       severity
		reason                     string
	}{
		{fleet.TaskRunning, "none", "", fine, ""},
		{fleet.TaskStopped, "normal", "", fine, ""},
		{fleet.TaskStopped, "full_load_only_finished", "", fine, ""},
		{fleet.TaskStopped, "stopped_low_memory", "", critical, "low memory"},
		{fleet.TaskStopped, "fatal_error", "no table", critical, "fatal error: no table"},
		{fleet.TaskError, "", "", critical, "in error"},
		{fleet.TaskError, "none", "no table", critical, "no table"},
		{fleet.TaskRecovering, "recoverable_error", "", warning, "recoverable error"},
		{fleet.TaskRecovering, "", "", warning, "recovering"},
		{"pausing", "", "", fine, ""},
	} {
		a := attendTask(&fleet.Task{State: tc.state, StopReason: tc.stopReason, Message: tc.message, Up: true})
		if got := strings.Join(a.reasons, "; "); a.severity != tc.want || got != tc.reason {
			t.Errorf("%s, %s, %q: %s, %q; want %s, %q", tc.state, tc.stopReason, tc.message, a.severity, got, tc.want, tc.reason)
		}
	}
}

func TestSeverityOfServers(t *testing.T) {
	no := fleet.Absent()
	for _, tc := range []struct {
		name   string
		server fleet.Server
		want   severity
		reason string
	}{
		{"well", fleet.Server{State: fleet.ServerMonitored, Up: fleet.Yes, License: fleet.License{DaysToExpiration: no}}, fine, ""},
		{"not read", fleet.Server{State: fleet.ServerMonitored, Up: fleet.No}, critical, "its details and task list could not be read"},
		{"in error", fleet.Server{State: fleet.ServerError, Up: fleet.No, Message: "unreachable"}, critical, "unreachable"},
		{"not monitored", fleet.Server{State: fleet.ServerNotMonitored}, fine, "its tasks are not read"},
		{"licence ends", fleet.Server{Up: fleet.Yes, License: fleet.License{State: "valid", DaysToExpiration: 29}}, warning, "licence ends in 29 days"},
		{"licence lasts", fleet.Server{Up: fleet.Yes, License: fleet.License{State: "valid", DaysToExpiration: 30}}, fine, ""},
		{"licence without end", fleet.Server{Up: fleet.Yes, License: fleet.License{State: "valid", DaysToExpiration: no}}, fine, ""},
		{"licence ended", fleet.Server{Up: fleet.Yes, License: fleet.License{State: "expired", DaysToExpiration: -1}}, critical, "licence: expired"},
	} {
		got, reasons := attendServer(&tc.server)
		if got != tc.want || strings.Join(reasons, "; ") != tc.reason {
			t.Errorf("%s: %s, %q; want %s, %q", tc.name, got, reasons, tc.want, tc.reason)
		}
	}
}

// docs/status-api.md tells every field, and none that does not exist.
func TestStatusIsDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/status-api.md")
	if err != nil {
		t.Fatal(err)
	}
	fields := map[string]bool{"full_load": true, "apply_changes": true, "store_changes": true, "audit_changes": true}
	jsonNames(reflect.TypeFor[statusView](), fields)
	for name := range fields {
		if !strings.Contains(string(text), "`"+name+"`") {
			t.Errorf("docs/status-api.md lacks `%s`", name)
		}
	}
	_, answer, _ := strings.Cut(string(text), "## The answer")
	for _, row := range regexp.MustCompile("(?m)^\\| (`[^|]*) \\|").FindAllStringSubmatch(answer, -1) {
		for _, name := range regexp.MustCompile("`([^`]*)`").FindAllStringSubmatch(row[1], -1) {
			if !fields[name[1]] {
				t.Errorf("docs/status-api.md has `%s`, which there is not", name[1])
			}
		}
	}
}

// jsonNames collects the names of all fields of a type.
func jsonNames(typ reflect.Type, names map[string]bool) {
	switch typ.Kind() {
	case reflect.Pointer, reflect.Slice:
		jsonNames(typ.Elem(), names)
	case reflect.Struct:
		for f := range typ.Fields() {
			if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
				names[name] = true
				jsonNames(f.Type, names)
			}
		}
	}
}
