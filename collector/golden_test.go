package collector

import (
	"testing"
	"time"

	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// goldenFleet has every kind of server, task and table. Its numbers are all
// different.
func goldenFleet(ended time.Time) *fleet.Manager {
	replicate := number[fleet.Server](1000)
	replicate.Name, replicate.Product, replicate.Host, replicate.Port = "repl 01", fleet.Replicate, "repl-01.example.net", "443"
	replicate.Platform, replicate.Version, replicate.State = "linux", "2024.11.0.300", fleet.ServerMonitored
	replicate.Message = "never a label"
	replicate.License.State = "valid"
	unread := aTask("unread \"task\"\\")
	unread.State, unread.StopReason = "starting", ""
	replicate.Tasks = []fleet.Task{goldenTask(), unread}
	goldenOptional(&replicate)

	compose := absent[fleet.Server]()
	compose.Name, compose.Product, compose.State, compose.Up = "compose", fleet.Compose, fleet.ServerMonitored, fleet.Yes
	compose.Tasks = []fleet.Task{goldenCompose()}

	broken := absent[fleet.Server]()
	broken.Name, broken.Product, broken.State, broken.Up = "broken", fleet.Replicate, fleet.ServerError, fleet.No
	idle := absent[fleet.Server]()
	idle.Name, idle.Product, idle.State = "idle", fleet.Replicate, fleet.ServerNotMonitored

	return &fleet.Manager{
		Name: "prod", Result: fleet.Partial, Started: ended.Add(-1500 * time.Millisecond), Ended: ended, Duration: 1500 * time.Millisecond,
		Servers: []fleet.Server{replicate, compose, broken, idle}, Duplicates: 2,
	}
}

// goldenOptional gives a server what the optional collectors read.
func goldenOptional(s *fleet.Server) {
	s.Endpoints = []fleet.Endpoint{
		{Name: "src_ora", Role: fleet.EndpointSource, Type: "Oracle", Licensed: fleet.Yes},
		{Name: "both_ways", Role: fleet.EndpointSource, Type: "Microsoft SQL Server", Licensed: fleet.No},
		{Name: "both_ways", Role: fleet.EndpointTarget},
	}
	s.EndpointTests = []fleet.EndpointTest{
		{Endpoint: "src_ora", Success: fleet.Yes, Duration: 5001.5, Ended: 1.7e9},
		{Endpoint: "both_ways", Success: fleet.No, Duration: 60, Ended: 1.6e9},
	}
	explicit := number[fleet.ACL](5100)
	explicit.Scope, explicit.Object, explicit.Explicit = fleet.ScopeServer, s.Name, true
	collection := number[fleet.ACL](5200)
	collection.Scope, collection.Explicit, collection.InheritanceDisabled = fleet.ScopeTasks, true, fleet.Unknown
	inherited := absent[fleet.ACL]()
	inherited.Scope, inherited.Object = fleet.ScopeTask, "ORA2SNOW"
	s.ACLs = []fleet.ACL{explicit, collection, inherited}
}

func goldenTask() fleet.Task {
	details := number[fleet.TaskDetails](2000)
	details.Type, details.Profile = "AemReplicateTaskInfoDetailed", "unidirectional"
	details.Source, details.SourceType = "src_ora", "Oracle"
	details.Target, details.TargetType = "tgt_snow", "Snowflake"
	details.LogStreamStaging, details.AuditChangesEnabled = " staging", fleet.No
	loading, done := number[fleet.Table](3000), absent[fleet.Table]()
	loading.Schema, loading.Name, loading.State = "SALES", "ORDERS", fleet.TableLoading
	done.Schema, done.Name, done.State, done.DataErrors = "SALES", "CUSTOMERS", fleet.TableError, 0
	return fleet.Task{
		Name: "ORA2SNOW", Product: fleet.Replicate, State: fleet.TaskRunning, StopReason: "none", Message: "never a label",
		Tags: []string{"prod", "tier1"}, Up: true, Details: &details, LatencyObjective: 300,
		TableStates: &fleet.TableStates{Loading: 1, Error: 1, Other: map[string]int{"suspended": 3}},
		Tables:      []fleet.Table{loading, done}, TablesDropped: 3,
		RetentionBarrier: &fleet.RetentionBarrier{Application: "Compose", Time: 1.5e9},
	}
}

func goldenCompose() fleet.Task {
	t := aTask("load__dw")
	t.Product, t.State, t.StopReason, t.Tags, t.Up = fleet.Compose, fleet.TaskStopped, "normal", []string{"prod"}, true
	details := absent[fleet.TaskDetails]()
	details.Type, details.Profile, details.Project = "AemComposeDWTaskInfoDetailed", "data_warehouse", "dw"
	details.FullLoadEnabled, details.ApplyChangesEnabled = fleet.Yes, fleet.No
	loading := number[fleet.ComposeDetails](4000)
	t.Details, t.Compose = &details, &loading
	return t
}

// goldenMetrics is what is served of the golden fleet after some API calls.
func goldenMetrics(t *testing.T) string {
	t.Helper()
	ended := time.Date(2026, 11, 22, 12, 0, 0, 250e6, time.UTC)
	c, registry := newTestCollector(t)
	c.now = func() time.Time { return ended }
	c.ConfigReloaded(true, ended.Add(-time.Hour))
	c.AddManager("prod", time.Minute)
	c.AddManager("never polled", time.Minute)
	api := c.Observer("prod")
	api.Login(true)
	api.Request("GetServerList", 200, 30*time.Millisecond)
	api.Request("GetTaskDetails", 0, 10*time.Second)
	api.Failed("GetTaskDetails", "timeout")
	api.Retry("GetTaskDetails")
	c.Publish(goldenFleet(ended))
	return gatheredText(t, registry) + textOf(t, c.Current())
}

func TestGolden(t *testing.T) {
	golden(t, "testdata/metrics.golden", goldenMetrics(t))
}
