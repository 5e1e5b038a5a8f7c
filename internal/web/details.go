package web

import (
	"maps"
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

// add adds what is known.
func (g *detailGroup) add(name, value string) {
	if value != "" {
		g.Items = append(g.Items, detailItem{name, value})
	}
}

// numbers adds those that are known, in pairs of name and number.
func (g *detailGroup) numbers(words func(float64) string, pairs ...any) *detailGroup {
	for i := 0; i < len(pairs); i += 2 {
		if v, ok := pairs[i+1].(fleet.Number).Get(); ok {
			g.add(pairs[i].(string), words(v))
		}
	}
	return g
}

// details is everything known of a task, in groups that have something.
func details(t *fleet.Task) []detailGroup {
	groups := []detailGroup{identity(t), expected(t)}
	group := func(title string) *detailGroup {
		groups = append(groups, detailGroup{Title: title})
		return &groups[len(groups)-1]
	}
	if d := t.Details; d != nil && t.Compose == nil {
		group("Latency").numbers(span, "Source", d.SourceLatency, "Total", d.TotalLatency).
			rates(&d.CDCThroughput)
		group("Applied changes").numbers(whole, "Inserts", d.AppliedInserts, "Updates", d.AppliedUpdates,
			"Deletes", d.AppliedDeletes, "DDL", d.AppliedDDL, "Transactions", d.AppliedTransactions,
			"Records", d.AppliedRecords).numbers(size, "Volume", d.AppliedBytes).numbers(whole, "Data errors", d.DataErrors)
		group("Waiting changes").numbers(whole,
			"For the source, in memory", d.AccumulatedInMemory, "For the source, on disk", d.AccumulatedOnDisk,
			"For the target, in memory", d.ApplyingInMemory, "For the target, on disk", d.ApplyingOnDisk)
		f := &d.FullLoad
		load := group("Full load")
		load.add("Completed", yesNo(f.Completed))
		load.numbers(whole, "Tables completed", f.TablesCompleted, "Tables loading", f.TablesLoading,
			"Tables queued", f.TablesQueued, "Tables in error", f.TablesError,
			"Records", f.RecordsCompleted, "Records, estimated", f.RecordsEstimated).
			numbers(moment, "Start", f.Start, "End", f.End).rates(&f.Throughput)
	}
	if c := t.Compose; c != nil {
		loading := group("Loading")
		loading.add("Completed", yesNo(c.LoadingCompleted))
		loading.numbers(moment, "Start", c.LoadingStart, "End", c.LoadingEnd).
			numbers(whole, "Tables expected", c.TablesExpected, "Tables completed", c.TablesCompleted,
				"Tables loading", c.TablesLoading, "Tables queued", c.TablesQueued, "Tables in error", c.TablesError,
				"Commands", c.Commands, "Commands completed", c.CommandsCompleted)
	}
	if s := t.TableStates; s != nil {
		tables := group("Tables").numbers(whole, "Changes are processed", fleet.Count(s.ChangeProcessing),
			"Completed", fleet.Count(s.Completed), "Loading", fleet.Count(s.Loading), "Queued", fleet.Count(s.Queued),
			"In error", fleet.Count(s.Error))
		for _, name := range slices.Sorted(maps.Keys(s.Other)) {
			tables.numbers(whole, fleet.Words(name), fleet.Count(s.Other[name]))
		}
	}
	if d := t.Details; d != nil {
		group("Resources").numbers(size, "Memory", d.MemoryBytes).numbers(percent, "CPU", d.CPU).
			numbers(size, "Disk", d.DiskBytes)
	}
	return slices.DeleteFunc(groups, func(g detailGroup) bool { return len(g.Items) == 0 })
}

func (g *detailGroup) rates(t *fleet.Throughput) {
	g.numbers(amount, "Source records/s", t.SourceRecords, "Target records/s", t.TargetRecords).
		numbers(size, "Source bytes/s", t.SourceBytes, "Target bytes/s", t.TargetBytes)
}

func identity(t *fleet.Task) detailGroup {
	g := detailGroup{Title: "Task"}
	g.add("Product", t.Product)
	if d := t.Details; d != nil {
		g.add("Type", fleet.Words(d.Type))
		g.add("Profile", fleet.Words(d.Profile))
		g.add("Project", d.Project)
		g.add("Source", endpoint(d.Source, d.SourceType))
		g.add("Target", endpoint(d.Target, d.TargetType))
		g.add("Log stream staging", d.LogStreamStaging)
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
		g.add("Options", strings.Join(options, ", "))
	}
	if t.StopReason != "none" {
		g.add("Stop reason", fleet.Words(t.StopReason))
	}
	g.numbers(moment, "State since", t.StateSince, "Last change applied", t.LastChange)
	if t.RetentionBarrier != nil {
		g.numbers(moment, "Retention barrier of "+t.RetentionBarrier.Application, t.RetentionBarrier.Time)
	}
	return g
}

func expected(t *fleet.Task) detailGroup {
	g := detailGroup{Title: "Expected"}
	g.numbers(span, "Latency at most", t.Expected.Latency, "Full load at most", t.Expected.FullLoad)
	if t.Expected.Running {
		g.add("Runs always", "yes")
	}
	g.add("Who is told", t.Expected.Priority)
	return g
}

func endpoint(name, kind string) string {
	if name != "" && kind != "" {
		return name + " (" + kind + ")"
	}
	return name + kind
}

func yesNo(f fleet.Flag) string { return [...]string{"", "no", "yes"}[f] }

// jsonQuery asks for one task with its details.
func (r *row) query() url.Values {
	return url.Values{"manager": {r.manager.Name}, "server": {r.server.Name}, "task": {r.task.Name}}
}
