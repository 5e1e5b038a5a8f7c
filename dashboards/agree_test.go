package dashboards

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/qem-exporter/qem_exporter/collector"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// What the dashboards make of samples is what internal/fleet makes of the values that the
// samples are of.

// now is the time at which promtool evaluates.
var now = time.Unix(2*3600, 0)

// served are the series that the exporter serves of servers.
func served(t *testing.T, servers ...*fleet.Server) series {
	t.Helper()
	c := collector.New(collector.Options{Registerer: prometheus.NewRegistry()})
	m := c.NewManager("em", collector.ManagerOptions{})
	m.Roster(&fleet.Roster{Name: "em", Up: true})
	for _, s := range servers {
		m.Server(s)
	}
	var b bytes.Buffer
	_, kept := c.Current()
	if err := kept.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	all := series{}
	for line := range strings.Lines(b.String()) {
		if cut := strings.LastIndexByte(line, ' '); !strings.HasPrefix(line, "#") {
			name, labels, _ := strings.Cut(line[:cut], "{")
			all[name+`{job="qem",instance="a",`+labels] = strings.TrimSpace(line[cut:]) + "+0x60"
		}
	}
	return all
}

// tasks are tasks with every combination of what decides whether one needs attention.
func tasks() []*fleet.Task {
	all := []*fleet.Task{{}}
	vary := func(changes ...func(*fleet.Task)) {
		var more []*fleet.Task
		for _, task := range all {
			for _, change := range changes {
				varied := *task
				if task.Details != nil {
					details := *task.Details
					varied.Details = &details
				}
				change(&varied)
				more = append(more, &varied)
			}
		}
		all = more
	}
	state := func(state string) func(*fleet.Task) { return func(t *fleet.Task) { t.State = state } }
	stopped := func(reason string) func(*fleet.Task) {
		return func(t *fleet.Task) { t.State, t.StopReason = fleet.TaskStopped, reason }
	}
	nothing := func(*fleet.Task) {}
	vary(state(fleet.TaskRunning), state(fleet.TaskError), state(fleet.TaskRecovering), state("paused"),
		stopped(""), stopped("normal"), stopped("fatal_error"), stopped("brand_new"))
	vary(func(t *fleet.Task) { t.Up = fleet.No }, nothing, func(t *fleet.Task) {
		t.Up, t.Details = fleet.Yes,
			&fleet.TaskDetails{}
	})
	vary(nothing, func(t *fleet.Task) {
		t.Expected = fleet.Expectation{Latency: fleet.Num(60), FullLoad: fleet.Num(3600), Running: true}
	})
	vary(nothing, func(t *fleet.Task) { t.TableStates = &fleet.TableStates{Error: 1} })
	vary(nothing, func(t *fleet.Task) { t.Expected.Priority = fleet.PriorityTicket },
		func(t *fleet.Task) { t.Expected.Priority = fleet.PriorityNone })
	latency := func(seconds float64) func(*fleet.Task) {
		return func(t *fleet.Task) {
			if t.Details != nil {
				t.Details.TotalLatency = fleet.Num(seconds)
			}
		}
	}
	vary(nothing, latency(60), latency(61))
	vary(nothing, func(t *fleet.Task) {
		if t.Details != nil {
			t.Details.FullLoad = fleet.FullLoad{Completed: fleet.No, Start: fleet.Unix(now.Add(-61 * time.Minute))}
		}
	})
	all = slices.CompactFunc(all, func(a, b *fleet.Task) bool { return a.Details == nil && reflect.DeepEqual(a, b) })
	for i, task := range all {
		task.Name, task.Product = fmt.Sprint("t", i), fleet.Replicate
	}
	return all
}

// TestTroublesAreThoseOfFleet: which tasks need attention, and why most of all.
func TestTroublesAreThoseOfFleet(t *testing.T) {
	names := map[int]string{9: "In error", 8: "Stopped abnormally", 7: "Recovering", 6: "Unknown state", 5: "Late",
		4: "Load overdue", 3: "Not read", 2: "Tables in error", 1: "Not read yet"}
	show := modelOf(t, "qem-tasks").variable("show")
	expr := strings.Replace(exprOf(t, "qem-fleet", "Tasks that need attention", "A"), "topk(17, ", "topk(1000, ", 1)
	for some := range slices.Chunk(tasks(), 400) { // promtool holds no more samples
		want := map[string]float64{}
		for _, task := range some {
			a := task.Attention(now)
			name := names[a.Rank]
			if a.Rank == 8 && !fleet.AbnormalStop(task.StopReason) {
				name = "Should run"
			}
			for _, o := range show.Options {
				if o.Text == name && a.Severity != fleet.Fine {
					want[fmt.Sprintf(`{manager="em", server="s1", task=%q}`, task.Name)] = float64(must(strconv.Atoi(o.Value)) / 101)
				}
			}
		}
		s := &fleet.Server{Name: "s1", Product: fleet.Replicate, State: fleet.ServerMonitored, Up: fleet.Yes, Tasks: some}
		evaluate(t, served(t, s), answer{"attention", expr, want})
	}
}

// TestLicencesAreThoseOfFleet: which need attention, and how much.
func TestLicencesAreThoseOfFleet(t *testing.T) {
	day := func(n float64) fleet.Number { return fleet.Num(n * 86400) }
	at := func(days float64) fleet.Number { return fleet.Num(float64(now.Unix()) + days*86400) }
	var servers []*fleet.Server
	var answers []answer
	for i, l := range []fleet.License{
		{State: fleet.LicenseValid}, {State: fleet.LicenseExpired}, {State: "brand_new"},
		{State: fleet.LicenseValid, Remaining: day(-1)},
		{State: fleet.LicenseValid, Remaining: day(8)}, {State: fleet.LicenseValid, Remaining: day(31)},
		{State: fleet.LicenseValid, Remaining: day(3)},
		{State: fleet.LicenseValid, Expires: at(-7), Remaining: day(100)}, {State: fleet.LicenseValid, Expires: at(29)},
		{State: fleet.LicenseValid, Expires: at(31), Remaining: day(1)},
		{State: fleet.LicenseExpired, Expires: at(31)},
	} {
		s := &fleet.Server{Name: fmt.Sprint("s", i), State: fleet.ServerMonitored, Up: fleet.Yes,
			Details: &fleet.ServerDetails{License: l}}
		severity, reason := l.Judge(now)
		least := map[fleet.Severity]string{fleet.Fine: "0 * ((%s) == 1)", fleet.Warning: "0 * ((%s) >= 2 < 4)",
			fleet.Critical: "0 * ((%s) == 4)"}[severity]
		expr := exprOf(t, "qem-server", "Licence", "A", "manager", "em", "server", s.Name)
		servers = append(servers, s)
		answers = append(answers, answer{fmt.Sprintf("%+v is %s: %s", l, severity, reason), fmt.Sprintf(least, expr),
			map[string]float64{fmt.Sprintf(`{manager="em", server=%q}`, s.Name): 0}})
	}
	evaluate(t, served(t, servers...), answers...)
}
