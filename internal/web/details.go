package web

import (
	"net/url"
	"slices"
	"strings"

	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// detailGroup is a list of things known of a task.
type detailGroup struct {
	Title string
	Items []detailItem
}

type detailItem struct{ Name, Value string }

// text adds what is not empty.
func (g *detailGroup) text(name, value string) {
	if value != "" {
		g.Items = append(g.Items, detailItem{name, value})
	}
}

// number adds what is not absent.
func (g *detailGroup) number(name string, value float64, words func(float64) string) {
	if !number(value).IsZero() {
		g.Items = append(g.Items, detailItem{name, words(value)})
	}
}

// flag adds what is known.
func (g *detailGroup) flag(name string, f fleet.Flag) {
	switch f {
	case fleet.Yes:
		g.text(name, "yes")
	case fleet.No:
		g.text(name, "no")
	}
}

// details is everything known of a task, in groups that have something.
func details(t *fleet.Task) []detailGroup {
	groups := []detailGroup{identity(t)}
	if d := t.Details; d != nil {
		groups = append(groups, latency(t, d), changes(d), pending(d), fullLoad(d))
	}
	if c := t.Compose; c != nil {
		groups = append(groups, compose(c))
	}
	groups = append(groups, tables(t))
	if d := t.Details; d != nil {
		groups = append(groups, resources(d))
	}
	return slices.DeleteFunc(groups, func(g detailGroup) bool { return len(g.Items) == 0 })
}

func identity(t *fleet.Task) detailGroup {
	g := detailGroup{Title: "Task"}
	g.text("Product", t.Product)
	if d := t.Details; d != nil {
		g.text("Type", spaced(d.Type))
		g.text("Profile", spaced(d.Profile))
		g.text("Project", d.Project)
		g.text("Source", endpoint(d.Source, d.SourceType))
		g.text("Target", endpoint(d.Target, d.TargetType))
		g.text("Log stream staging", d.LogStreamStaging)
		var options []string
		for _, o := range []struct {
			name string
			flag fleet.Flag
		}{
			{"full load", d.FullLoadEnabled}, {"apply changes", d.ApplyChangesEnabled},
			{"store changes", d.StoreChangesEnabled}, {"audit changes", d.AuditChangesEnabled},
		} {
			if o.flag == fleet.Yes {
				options = append(options, o.name)
			}
		}
		g.text("Options", strings.Join(options, ", "))
	}
	if t.StopReason != "none" {
		g.text("Stop reason", spaced(t.StopReason))
	}
	return g
}

func endpoint(name, kind string) string {
	if name != "" && kind != "" {
		return name + " (" + kind + ")"
	}
	return name + kind
}

func latency(t *fleet.Task, d *fleet.TaskDetails) detailGroup {
	g := detailGroup{Title: "Latency"}
	g.number("Source", d.SourceLatency, seconds)
	g.number("Total", d.TotalLatency, seconds)
	g.number("Objective", t.LatencyObjective, seconds)
	g.number("Source records/s", d.CDCThroughput.SourceRecords, amount)
	g.number("Source bytes/s", d.CDCThroughput.SourceBytes, size)
	g.number("Target records/s", d.CDCThroughput.TargetRecords, amount)
	g.number("Target bytes/s", d.CDCThroughput.TargetBytes, size)
	return g
}

func changes(d *fleet.TaskDetails) detailGroup {
	g := detailGroup{Title: "Applied changes"}
	g.number("Inserts", d.AppliedInserts, whole)
	g.number("Updates", d.AppliedUpdates, whole)
	g.number("Deletes", d.AppliedDeletes, whole)
	g.number("DDL", d.AppliedDDL, whole)
	g.number("Transactions", d.AppliedTransactions, whole)
	g.number("Records", d.AppliedRecords, whole)
	g.number("Volume", d.AppliedBytes, size)
	g.number("Data errors", d.DataErrors, whole)
	return g
}

func pending(d *fleet.TaskDetails) detailGroup {
	g := detailGroup{Title: "Waiting changes"}
	g.number("For the source, in memory", d.AccumulatedInMemory, whole)
	g.number("For the source, on disk", d.AccumulatedOnDisk, whole)
	g.number("For the target, in memory", d.ApplyingInMemory, whole)
	g.number("For the target, on disk", d.ApplyingOnDisk, whole)
	return g
}

func fullLoad(d *fleet.TaskDetails) detailGroup {
	f := d.FullLoad
	g := detailGroup{Title: "Full load"}
	g.flag("Completed", f.Completed)
	g.number("Tables completed", f.TablesCompleted, whole)
	g.number("Tables loading", f.TablesLoading, whole)
	g.number("Tables queued", f.TablesQueued, whole)
	g.number("Tables in error", f.TablesError, whole)
	g.number("Records", f.RecordsCompleted, whole)
	g.number("Records, estimated", f.RecordsEstimated, whole)
	g.number("Start", f.Start, moment)
	g.number("End", f.End, moment)
	g.number("Target records/s", f.Throughput.TargetRecords, amount)
	g.number("Target bytes/s", f.Throughput.TargetBytes, size)
	return g
}

func compose(c *fleet.ComposeDetails) detailGroup {
	g := detailGroup{Title: "Loading"}
	g.flag("Completed", c.LoadingCompleted)
	g.number("Start", c.LoadingStart, moment)
	g.number("End", c.LoadingEnd, moment)
	g.number("Tables expected", c.TablesExpected, whole)
	g.number("Tables completed", c.TablesCompleted, whole)
	g.number("Tables loading", c.TablesLoading, whole)
	g.number("Tables queued", c.TablesQueued, whole)
	g.number("Tables in error", c.TablesError, whole)
	g.number("Commands", c.Commands, whole)
	g.number("Commands completed", c.CommandsCompleted, whole)
	return g
}

func tables(t *fleet.Task) detailGroup {
	g := detailGroup{Title: "Tables"}
	s := t.TableStates
	if s == nil {
		return g
	}
	g.number("Changes are processed", float64(s.ChangeProcessing), whole)
	g.number("Completed", float64(s.Completed), whole)
	g.number("Loading", float64(s.Loading), whole)
	g.number("Queued", float64(s.Queued), whole)
	g.number("In error", float64(s.Error), whole)
	for name, n := range s.Other {
		g.number(spaced(name), float64(n), whole)
	}
	slices.SortStableFunc(g.Items[5:], func(a, b detailItem) int { return strings.Compare(a.Name, b.Name) })
	return g
}

func resources(d *fleet.TaskDetails) detailGroup {
	g := detailGroup{Title: "Resources"}
	g.number("Memory", d.MemoryBytes, size)
	g.number("CPU", d.CPU, percent)
	g.number("Disk", d.DiskBytes, size)
	return g
}

// jsonQuery asks for one task with its details.
func jsonQuery(r *row) string {
	return url.Values{"manager": {r.manager.Name}, "server": {r.server.Name}, "task": {r.task.Name}}.Encode()
}
