package poll

import (
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/aem/aemtest"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// faultKinds are the ways in which one call goes wrong for good, and their reasons.
var faultKinds = []struct {
	name   string
	fault  aemtest.Fault
	reason string
}{
	{"hang", aemtest.Fault{Kind: aemtest.FaultHang}, "timeout"},
	{"reset", aemtest.Fault{Kind: aemtest.FaultReset}, "connection"},
	{"truncated", aemtest.Fault{Kind: aemtest.FaultTruncate}, "connection"},
	{"broken JSON", aemtest.Fault{Kind: aemtest.FaultBrokenJSON}, "decode"},
	{"HTML", aemtest.Fault{Kind: aemtest.FaultHTML}, "decode"},
	{"empty", aemtest.Fault{Kind: aemtest.FaultEmpty}, "decode"},
	{"null", aemtest.Fault{Kind: aemtest.FaultNull}, "decode"},
	{"wrong types", aemtest.Fault{Kind: aemtest.FaultBody, Body: `[1,"two"]`}, "decode"},
	{"500", aemtest.Fault{Kind: aemtest.FaultStatus, Status: 500}, "http_500"},
	{"503", aemtest.Fault{Kind: aemtest.FaultStatus}, "http_503"},
	{"API error", aemtest.Fault{Kind: aemtest.FaultAPIError, Code: "AEM_TASK_LIST_INNER_ERR"}, "AEM_TASK_LIST_INNER_ERR"},
	{"not connected", aemtest.Fault{Kind: aemtest.FaultAPIError, Code: "AEM_SERVER_NOT_CONNECTED"}, "AEM_SERVER_NOT_CONNECTED"},
	{"not permitted", aemtest.Fault{Kind: aemtest.FaultAPIError, Code: "UNAUTHORIZED_REQUEST", Status: 403}, "UNAUTHORIZED_REQUEST"},
	{"too large", aemtest.Fault{Kind: aemtest.FaultOversized, Bytes: 2 << 20}, "too_large"},
}

// faultPlaces are the calls that go wrong, and all that a snapshot loses by it.
var faultPlaces = []struct {
	operation, server, task string
	lose                    func(*fleet.Manager)
}{
	{"GetServerList", "", "", func(m *fleet.Manager) { m.Servers = nil }},
	{"GetServerDetails", "alpha", "", func(m *fleet.Manager) { loseDetails(serverOf(m, "alpha")) }},
	{"GetTaskList", "alpha", "", func(m *fleet.Manager) {
		s := serverOf(m, "alpha")
		s.Up, s.Tasks = fleet.No, nil
	}},
	{"GetTaskDetails", "alpha", "a2", func(m *fleet.Manager) {
		task := taskOf(m, "alpha", "a2")
		task.Up, task.Details = false, nil
	}},
	{"GetTaskDetails", "gamma", "load__DW", func(m *fleet.Manager) {
		task := taskOf(m, "gamma", "load__DW")
		task.Up, task.Details, task.Compose = false, nil, nil
	}},
	{"GetTableStatuses", "alpha", "a2", func(m *fleet.Manager) {
		task := taskOf(m, "alpha", "a2")
		task.TableStates, task.Tables = nil, nil
	}},
}

func TestAFaultCostsOnlyWhatItHits(t *testing.T) {
	for _, place := range faultPlaces {
		for _, kind := range faultKinds {
			t.Run(place.operation+" "+place.server+place.task+"/"+kind.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					fault := kind.fault
					fault.Operation, fault.Server, fault.Task = place.operation, place.server, place.task
					faultCosts(t, fault, kind.reason, place.lose)
				})
			})
		}
	}
}

func faultCosts(t *testing.T, fault aemtest.Fault, reason string, lose func(*fleet.Manager)) {
	r := newRig(t, smallFleet(), Options{Tables: TableOptions{Mode: All}}, aem.WithMaxResponseBytes(1<<20))
	healthy := r.poll(t)
	if healthy.Result != fleet.Success {
		t.Fatalf("without a fault: %+v", healthy.Problems)
	}
	want := clone(healthy)
	lose(want)

	handle := r.sim.AddFault(fault)
	got := r.poll(t)
	if d := diff(want, got); d != "" {
		t.Errorf("lost is not what should be: %s", d)
	}
	result := fleet.Partial
	if fault.Operation == "GetServerList" {
		result = fleet.Failure
	}
	subject := strings.TrimRight(fault.Server+"/"+fault.Task, "/") + " "
	if want := []string{subject + fault.Operation + " " + reason}; got.Result != result || got.ProblemCount != 1 || !slices.Equal(problems(got), want) {
		t.Errorf("%s, problems %q, want %q", got.Result, problems(got), want)
	}

	handle.Remove()
	if again := r.poll(t); again.Result != fleet.Success || diff(healthy, again) != "" {
		t.Errorf("after the fault: %s %+v %s", again.Result, again.Problems, diff(healthy, again))
	}
}

// What the API says of a server that it does not watch is that server's state.
func TestStatesOfServersAreNoFailures(t *testing.T) {
	codes := []string{
		"AEM_SERVER_NOT_MONITORED", "AEM_SERVER_NOT_CONNECTED", "AEM_SERVER_LICENSE_EXPIRED", "AEM_SERVER_INVALID_LICENSE",
	}
	for _, code := range codes {
		for _, name := range []string{"delta", "epsilon"} {
			t.Run(code+" "+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					r := newRig(t, smallFleet(), Options{})
					r.sim.AddFault(aemtest.Fault{Operation: "GetServerDetails", Server: name, Kind: aemtest.FaultAPIError, Code: code})
					got := r.poll(t)
					if got.Result != fleet.Success || got.ProblemCount != 0 {
						t.Errorf("%s %+v", got.Result, got.Problems)
					}
					s := serverOf(got, name)
					if want := map[string]fleet.Flag{"delta": fleet.Unknown, "epsilon": fleet.No}[name]; s.Up != want || s.State == "" {
						t.Errorf("got %+v", s)
					}
				})
			})
		}
	}
}

func TestOtherFailuresOfUnwatchedServersAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, smallFleet(), Options{})
		r.sim.AddFault(aemtest.Fault{Operation: "GetServerDetails", Server: "delta", Kind: aemtest.FaultHTML})
		got := r.poll(t)
		if want := []string{"delta GetServerDetails decode"}; got.Result != fleet.Partial || !slices.Equal(problems(got), want) {
			t.Errorf("%s %q", got.Result, problems(got))
		}
		if s := serverOf(got, "delta"); s.Up != fleet.Unknown {
			t.Errorf("up is %v", s.Up)
		}
	})
}

// Nobody can know what a state means that did not exist when this was written; the
// server may well be watched.
func TestServerInAnUnknownStateIsAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, smallFleet(), Options{})
		r.sim.AddFault(aemtest.Fault{Operation: "GetServerList", Kind: aemtest.FaultBody, Body: `{"serverList":[
			{"$type":"ReplicateServerInfo","name":"alpha","state":"MAINTENANCE"},{"$type":"ReplicateServerInfo","name":"beta"}]}`})
		got := r.poll(t)
		if want := []string{"alpha/a1", "alpha/a2", "alpha/a3", "beta/b1"}; !slices.Equal(taskNames(got), want) {
			t.Errorf("tasks %q", taskNames(got))
		}
		if s := serverOf(got, "alpha"); s.State != "maintenance" || s.Up != fleet.Yes {
			t.Errorf("got %+v", s)
		}
	})
}

func TestWhatDisappearsIsDropped(t *testing.T) {
	notFound := func(operation, server, task, code string) aemtest.Fault {
		return aemtest.Fault{Operation: operation, Server: server, Task: task, Kind: aemtest.FaultAPIError, Code: code}
	}
	allButAlpha := []string{"beta/b1", "gamma/load__DW"}
	tests := []struct {
		name  string
		fault aemtest.Fault
		tasks []string
	}{
		{"task", notFound("GetTaskDetails", "alpha", "a2", "AEM_TASK_NOT_FOUND"), append([]string{"alpha/a1", "alpha/a3"}, allButAlpha...)},
		{"server, by its details", notFound("GetServerDetails", "alpha", "", "AEM_SERVER_NOT_FOUND"), allButAlpha},
		{"server, by its list", notFound("GetTaskList", "alpha", "", "AEM_SERVER_NOT_FOUND"), allButAlpha},
		{"server, by a task", notFound("GetTaskDetails", "alpha", "a3", "AEM_SERVER_NOT_FOUND"), allButAlpha},
		{"server, by the tables", notFound("GetTableStatuses", "alpha", "a1", "AEM_SERVER_NOT_FOUND"), allButAlpha},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, smallFleet(), Options{Tables: TableOptions{Mode: All}})
				r.poll(t)
				r.log.take()
				r.sim.AddFault(tt.fault)
				got := r.poll(t)
				if got.Result != fleet.Success || !slices.Equal(taskNames(got), tt.tasks) {
					t.Errorf("%s, tasks %q, problems %+v", got.Result, taskNames(got), got.Problems)
				}
				if gone := tt.fault.Code == "AEM_SERVER_NOT_FOUND"; gone != (serverOf(got, "alpha") == nil) {
					t.Errorf("alpha: %+v", serverOf(got, "alpha"))
				}
				if lines := r.log.take(); lines != nil {
					t.Errorf("logged %q", lines)
				}
			})
		})
	}
}

func TestTaskThatGoesBeforeItsTablesAreRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, smallFleet(), Options{Tables: TableOptions{Mode: All}})
		r.sim.AddFault(aemtest.Fault{Operation: "GetTableStatuses", Task: "a2", Kind: aemtest.FaultAPIError, Code: "AEM_TASK_NOT_FOUND"})
		got := r.poll(t)
		task := taskOf(got, "alpha", "a2")
		if got.Result != fleet.Success || task == nil || !task.Up || task.TableStates != nil {
			t.Errorf("%s %+v %+v", got.Result, got.Problems, task)
		}
	})
}

func TestPartialListsAreUsed(t *testing.T) {
	bodies := map[string]string{
		"GetServerList": `{"serverList":[{"$type":"ReplicateServerInfo","name":"alpha","state":"MONITORED"},17,{"state":"MONITORED"}]}`,
		"GetTaskList":   `{"taskList":[{"name":"a1","state":"RUNNING"},"nonsense"]}`,
		"GetTableStatuses": `{"table_details":[{"schema_on_source":"S","table_on_source":"T","state":"TABLE_ERROR"},
			{"schema_on_source":"S"}]}`,
	}
	for operation, body := range bodies {
		t.Run(operation, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, smallFleet(), Options{
					Servers: Filter{Include: anchored("alpha")}, Tasks: Filter{Include: anchored("a1")}, Tables: TableOptions{Mode: All},
				})
				r.sim.AddFault(aemtest.Fault{Operation: operation, Kind: aemtest.FaultBody, Body: body})
				got := r.poll(t)
				if got.Result != fleet.Partial || got.ProblemCount != 1 ||
					got.Problems[0].Operation != operation || got.Problems[0].Reason != "decode" {
					t.Errorf("%s %+v", got.Result, got.Problems)
				}
				task := taskOf(got, "alpha", "a1")
				if task == nil || !task.Up || task.TableStates == nil || task.TableStates.Error != 1 || serverOf(got, "alpha").Up != fleet.Yes {
					t.Errorf("got %+v", task)
				}
			})
		})
	}
}

func TestProblemsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := aemtest.New(aemtest.Options{Servers: 2, ComposeServers: -1, TasksPerServer: 150, Healthy: true})
		sim.AddFault(aemtest.Fault{Operation: "GetTaskDetails", Kind: aemtest.FaultHTML})
		r := newRig(t, sim, Options{})
		got := r.poll(t)
		if got.ProblemCount != 300 || len(got.Problems) != fleet.MaxProblems || got.Result != fleet.Partial {
			t.Errorf("%s: %d problems, of which %d are told", got.Result, got.ProblemCount, len(got.Problems))
		}
		for _, line := range r.log.take("tasks", "new", "reason") {
			if strings.HasPrefix(line, "WARN") && line != "WARN task details cannot be read tasks=150 new=150 reason=decode" {
				t.Errorf("logged %q", line)
			}
		}
		for _, s := range got.Servers {
			if s.Up != fleet.Yes || math.IsNaN(s.TaskSummary.Running) {
				t.Errorf("server %s is not up: %+v", s.Name, s)
			}
		}
	})
}

func TestNoSecretInProblemsAndLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := smallFleet()
		sim.AddFault(aemtest.Fault{
			Operation: "GetTaskDetails", Kind: aemtest.FaultAPIError, Code: "AEM_INNER_ERR",
			Message: "bad token " + aemtest.DefaultAPIToken,
		})
		r := newRig(t, sim, Options{})
		got := r.poll(t)
		r.sim.SetUsers(aemtest.User{Name: "other", APIToken: "changed", Role: aemtest.Viewer})
		down := r.poll(t)
		if down.Result != fleet.Failure || down.Servers != nil {
			t.Errorf("%s %v", down.Result, down.Servers)
		}
		text := strings.Join(r.log.take("err", "names", "message"), "\n")
		for _, p := range append(got.Problems, down.Problems...) {
			text += p.Message + p.Reason + p.Operation
		}
		if strings.Contains(text, aemtest.DefaultAPIToken) {
			t.Errorf("a secret in %s", text)
		}
	})
}

func TestSessionThatExpiresIsNoFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, smallFleet(), Options{})
		r.poll(t)
		time.Sleep(6 * time.Minute) // fake time
		r.sim.AddFault(aemtest.Fault{Operation: "GetTaskDetails", Task: "a2", Kind: aemtest.FaultExpiredSession, Times: 1})
		if got := r.poll(t); got.Result != fleet.Success {
			t.Errorf("%s %+v", got.Result, got.Problems)
		}
	})
}
