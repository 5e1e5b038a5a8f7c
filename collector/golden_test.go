package collector

import (
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// counting gives numbers that are all different.
func counting(from float64) func() num {
	return func() num { from++; return fleet.Num(from + 0.5) }
}

// filled sets every number of a value that is absent, in the order of the fields.
func filled[T any](n func() num, v T) T {
	fill(n, reflect.ValueOf(&v).Elem())
	return v
}

func fill(n func() num, v reflect.Value) {
	switch p := v.Addr().Interface().(type) {
	case *num:
		if !p.IsSet() {
			*p = n()
		}
	case *time.Time:
	default:
		if v.Kind() == reflect.Struct {
			for i := range v.NumField() {
				fill(n, v.Field(i))
			}
		}
	}
}

// goldenServers are every kind of server, task and table. Their numbers are all different.
func goldenServers(now time.Time) []*fleet.Server {
	n := counting(1000)
	replicate := filled(n, fleet.Server{
		Name: "repl 01", Product: fleet.Replicate, Host: "repl-01.example.net", Port: "443", Platform: "linux",
		Version: "2024.11.0.300", State: fleet.ServerMonitored, Message: "never a label", Up: fleet.Yes,
		Sweep: fleet.Reading{Last: now.Add(-time.Second), Took: 1500 * time.Millisecond},
		Tasks: []*fleet.Task{goldenTask(),
			{Name: "unread \"task\"\\", Product: fleet.Replicate, State: "starting", Up: fleet.No},
			{Name: "not due", Product: fleet.Replicate}},
		Endpoints: []fleet.Endpoint{
			{Name: "src_ora", Role: "source", Type: "Oracle", Licensed: fleet.Yes},
			{Name: "both_ways", Role: "source", Type: "Microsoft SQL Server", Licensed: fleet.No},
			{Name: "both_ways", Role: "target"},
		},
		ACLs:       goldenACLs(),
		Duplicates: 2,
	})
	details := filled(n, fleet.ServerDetails{License: fleet.License{State: fleet.LicenseValid}})
	replicate.Details = &details
	replicate.EndpointTests = []fleet.EndpointTest{
		filled(n, fleet.EndpointTest{Endpoint: "src_ora", Success: fleet.Yes}),
		filled(n, fleet.EndpointTest{Endpoint: "both_ways", Success: fleet.No, Reason: "never a label"}),
	}
	compose := &fleet.Server{
		Name: "compose", Product: fleet.Compose, State: fleet.ServerMonitored, Up: fleet.Yes,
		Tasks: []*fleet.Task{goldenCompose()},
	}
	broken := &fleet.Server{
		Name: "broken", Product: fleet.Replicate, State: fleet.ServerError, Up: fleet.No,
		Unreadable: "AEM_SERVER_NOT_CONNECTED",
	}
	// It has only its place in the list, whatever else is known of it.
	idle := &fleet.Server{
		Name: "idle", Product: fleet.Replicate, State: fleet.ServerNotMonitored, LastConnection: n(), MemoryLimit: n(),
		Details: replicate.Details, TasksListed: n(), Sweep: replicate.Sweep,
	}
	return []*fleet.Server{&replicate, compose, broken, idle}
}

func goldenACLs() []fleet.ACL {
	n := counting(5000)
	own := fleet.ACL{Scope: fleet.ScopeServer, Object: "repl 01", Explicit: true, InheritanceDisabled: fleet.Yes}
	p := func() fleet.Principals { return filled(n, fleet.Principals{}) }
	return []fleet.ACL{
		filled(n, own),
		{Scope: fleet.ScopeTasks, Explicit: true, Admin: p(), Viewer: p()},
		{Scope: fleet.ScopeTask, Object: "ORA2SNOW"},
	}
}

func goldenDetails(n func() num) *fleet.TaskDetails {
	d := filled(n, fleet.TaskDetails{
		Type: "AemReplicateTaskInfoDetailed", Profile: "unidirectional", Source: "src_ora", SourceType: "Oracle",
		Target: "tgt_snow", TargetType: "Snowflake", LogStreamStaging: " staging",
		FullLoadEnabled: fleet.Yes, ApplyChangesEnabled: fleet.Yes, StoreChangesEnabled: fleet.Yes,
		AuditChangesEnabled: fleet.No, FullLoad: fleet.FullLoad{Completed: fleet.Yes},
	})
	return &d
}

func goldenTask() *fleet.Task {
	n := counting(3000)
	t := filled(n, fleet.Task{
		Name: "ORA2SNOW", Product: fleet.Replicate, State: fleet.TaskRunning, StopReason: "none", Message: "never a label",
		Tags: []string{"prod", "tier1"}, StateSince: n(), LastChange: n(), Up: fleet.Yes,
		Details:       goldenDetails(counting(2000)),
		Expected:      fleet.Expectation{Running: true, Priority: fleet.PriorityTicket},
		TableStates:   &fleet.TableStates{Loading: 1, Error: 1, Other: map[string]int{"suspended": 3}},
		TablesDropped: 3,
	})
	t.Tables = []fleet.Table{
		filled(n, fleet.Table{Schema: "SALES", Name: "ORDERS", State: fleet.TableLoading}),
		{Schema: "SALES", Name: "CUSTOMERS", State: fleet.TableError, DataErrors: fleet.Num(0)},
	}
	t.RetentionBarrier = &fleet.RetentionBarrier{Application: "Compose", Time: n()}
	return &t
}

// goldenCompose is a Compose task of which more is said than it has.
func goldenCompose() *fleet.Task {
	n := counting(4000)
	details := goldenDetails(counting(2000))
	details.Type, details.Profile, details.Project = "AemComposeDWTaskInfoDetailed", "data_warehouse", "dw"
	details.Source, details.SourceType, details.Target, details.TargetType = "", "", "", ""
	details.LogStreamStaging, details.ApplyChangesEnabled = "", fleet.No
	details.StoreChangesEnabled, details.AuditChangesEnabled = fleet.Unknown, fleet.Unknown
	t := &fleet.Task{
		Name: "load__dw", Product: fleet.Compose, State: fleet.TaskStopped, StopReason: "normal", Tags: []string{"prod"},
		StateSince: n(), LastChange: n(), Up: fleet.Yes, Details: details,
		Expected:    fleet.Expectation{FullLoad: n(), Latency: n()},
		TableStates: &fleet.TableStates{Loading: 1}, TablesDropped: 1, RetentionBarrier: &fleet.RetentionBarrier{},
	}
	compose := filled(n, fleet.ComposeDetails{LoadingCompleted: fleet.Yes})
	t.Compose, t.RetentionBarrier.Time = &compose, n()
	return t
}

// goldenMetrics is what is served of the golden fleet after some API calls.
func goldenMetrics(t *testing.T) (text string) {
	synctest.Test(t, func(t *testing.T) { // the bubble's clock begins at 946684800
		r := newRig(t, Options{Shard: 1, TotalShards: 2, LogLinesDropped: func() uint64 { return 3 }})
		now := time.Now()
		in := func(d time.Duration) func() time.Time { return func() time.Time { return now.Add(d) } }
		r.ConfigReloaded(true, now.Add(-time.Hour))
		r.NewManager("never polled", ManagerOptions{})
		m := r.NewManager("prod", ManagerOptions{
			URL: "https://qem.example.com/attunityenterprisemanager", StateInterval: 15 * time.Second,
			PollInterval: time.Minute, NextLogin: in(time.Minute), CertificateExpiry: in(time.Hour),
		})
		m.Login(true)
		m.Request("GetServerList", 200, 30*time.Millisecond)
		m.Request("GetTaskDetails", 0, 10*time.Second)
		m.Failed("GetTaskDetails", "timeout")
		m.Retry("GetTaskDetails")
		m.Polled(fleet.Partial)
		m.Roster(&fleet.Roster{Name: "prod", Up: true, List: fleet.Reading{Last: now.Add(-250 * time.Millisecond)},
			Listed: fleet.Num(5), Polled: fleet.Num(4), Duplicates: 1})
		for _, s := range goldenServers(now) {
			m.Server(s)
		}
		text = r.text()
	})
	return text
}

func TestGolden(t *testing.T) { golden(t, "testdata/metrics.golden", goldenMetrics(t)) }
