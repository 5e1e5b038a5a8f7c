package collector

import (
	"fmt"
	"testing"
	"time"

	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// largeFleet is an Enterprise Manager at the size that the exporter is built for.
func largeFleet(servers, tasks, tables int) *fleet.Manager {
	m := &fleet.Manager{Name: "prod", Result: fleet.Success, Started: time.Now(), Ended: time.Now()}
	for s := range servers {
		server := fleet.Server{
			Name: fmt.Sprintf("replicate-server-%02d", s), Product: fleet.Replicate, Host: "replicate.example.net", Port: "443",
			Platform: "linux", Version: "2024.11.0.300", State: fleet.ServerMonitored, Up: fleet.Yes,
			License: fleet.License{State: "valid"},
		}
		for t := range tasks {
			server.Tasks = append(server.Tasks, largeTask(t, tables))
		}
		m.Servers = append(m.Servers, server)
	}
	return m
}

func largeTask(number, tables int) fleet.Task {
	task := fleet.Task{
		Name: fmt.Sprintf("ORACLE_TO_SNOWFLAKE_%03d", number), Product: fleet.Replicate, State: fleet.TaskRunning, StopReason: "none",
		Tags: []string{"tier1"}, Up: true, LatencyObjective: 300,
		Details: &fleet.TaskDetails{
			Type: "replicate", Profile: "unidirectional", Source: "oracle", SourceType: "Oracle", Target: "snowflake", TargetType: "Snowflake",
			FullLoadEnabled: fleet.Yes, ApplyChangesEnabled: fleet.Yes, StoreChangesEnabled: fleet.No, AuditChangesEnabled: fleet.No,
			FullLoad: fleet.FullLoad{Completed: fleet.Yes},
		},
	}
	if tables > 0 {
		task.TableStates = &fleet.TableStates{ChangeProcessing: tables}
	}
	for t := range tables {
		task.Tables = append(task.Tables, fleet.Table{
			Schema: "SALES", Name: fmt.Sprintf("TABLE_%05d", t), State: fleet.TableChangeProcessing, Inserts: float64(t),
		})
	}
	return task
}

func BenchmarkSnapshot(b *testing.B) {
	for _, size := range []struct {
		name                   string
		servers, tasks, tables int
	}{
		{"10k_tasks", 50, 200, 0},
		{"100k_tables", 50, 200, 10},
	} {
		poll := largeFleet(size.servers, size.tasks, size.tables)
		t := newTables()
		b.Run(size.name+"/cold", func(b *testing.B) {
			for b.Loop() {
				t.snapshot(&node{}, poll)
			}
		})
		b.Run(size.name+"/warm", func(b *testing.B) {
			root := &node{}
			s, _ := t.snapshot(root, poll)
			samples := s.Samples()
			for b.Loop() {
				t.snapshot(root, poll)
			}
			b.ReportMetric(float64(samples), "samples")
			b.ReportMetric(b.Elapsed().Seconds()/float64(b.N)/float64(samples)*1e6, "s/1M")
		})
	}
}
