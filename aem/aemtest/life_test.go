package aemtest

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
)

// TestSameSeedSameState asks two simulators for the same instants, one of them
// many times and in another order.
func TestSameSeedSameState(t *testing.T) {
	opts := Options{Seed: 11, Servers: 4, TasksPerServer: 17, Incidents: true, OddNames: true, Start: testStart}
	a, b := New(opts), New(opts)
	opts.Seed = 12
	other := New(opts)
	instants := make([]time.Time, 60)
	for i := range instants {
		instants[i] = testStart.Add(time.Duration(i) * 37 * time.Second)
	}
	want := make(map[time.Time]*State)
	for _, at := range instants {
		want[at] = a.StateAt(at)
	}
	shuffled := slices.Concat(instants, instants)
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(shuffled), func(i, j int) {
		shuffled[i], shuffled[j] = shuffled[j], shuffled[i]
	})
	for _, at := range shuffled {
		if got := b.StateAt(at); !reflect.DeepEqual(want[at], got) {
			t.Fatalf("at %v the states differ:\n%.2000s", at, difference(want[at], got))
		}
	}
	if reflect.DeepEqual(want[testStart], other.StateAt(testStart)) {
		t.Error("another seed gives the same fleet")
	}
}

// taskCounters are the values of a task that must never fall.
func taskCounters(v *Task) (list []int64) {
	x, c := &v.Transactions, &v.CDCEvents
	all := []aem.Number{c.Inserts, c.Updates, c.Deletes, c.DDL, x.CommitChangeRecords, x.RollbackTransactions,
		x.RollbackChangeRecords, x.RollbackChangeMB, x.CommittedTransactions, x.CommittedRecords, x.CommittedMB, v.DataErrors}
	for _, t := range v.Tables {
		all = append(all, t.CDC.Inserts, t.CDC.Updates, t.CDC.Deletes, t.CDC.DDL, t.DataErrors)
	}
	for _, n := range all {
		list = append(list, n.Int())
	}
	return list
}

// lag is how long a latency is.
func lag(d aem.Duration) time.Duration {
	v, _ := d.Get()
	return v
}

// TestCountersFollowRates walks through 90 minutes and compares what the counters
// gain with what the rates promise. They fall when a task starts again, only then.
func TestCountersFollowRates(t *testing.T) {
	s := New(Options{Seed: 5, Servers: 4, TasksPerServer: 17, Incidents: true, Start: testStart})
	const step = 7 * time.Second
	before := s.StateAt(testStart)
	moved, restarts := 0, 0
	for at := testStart.Add(step); at.Before(testStart.Add(90 * time.Minute)); at = at.Add(step) {
		now := s.StateAt(at)
		for srv, is := range tasks(now) {
			was := before.Task(srv.Name, is.Name)
			a, b := taskCounters(was), taskCounters(is)
			restarted := is.State == aem.TaskRunning && was.State != aem.TaskRunning && was.State != aem.TaskRecovering
			if restarted && b[0] < a[0] {
				restarts++
			}
			for k := range a {
				if b[k] < a[k] && !restarted {
					t.Fatalf("%s: counter %d falls from %d to %d at %v", is.Name, k, a[k], b[k], at)
				}
			}
			committed := is.Transactions.CommitChangeRecords.Float() - was.Transactions.CommitChangeRecords.Float()
			gained := committed / step.Seconds()
			most := max(was.CDCThroughput.SourceRecords.Float(), is.CDCThroughput.SourceRecords.Float())
			switch {
			case was.State == aem.TaskRunning && is.State == aem.TaskRunning && most > 0 && gained > most*1.1+2:
				t.Fatalf("%s gains %.1f a second, its rate is %.0f", is.Name, gained, most)
			case was.State == aem.TaskRunning && is.State == aem.TaskRunning && most > 0 && gained > 0:
				moved++
			case was.State == aem.TaskStopped && is.State == aem.TaskStopped && gained > 0:
				t.Fatalf("%s gains changes while it is stopped", is.Name)
			}
		}
		before = now
	}
	if moved == 0 || restarts == 0 {
		t.Errorf("counters moved %d times and began again %d times", moved, restarts)
	}
}

// TestTablesAddUp compares the counts of a task with its tables.
func TestTablesAddUp(t *testing.T) {
	s := New(Options{Seed: 9, Servers: 4, TasksPerServer: 17, Incidents: true, Start: testStart})
	seen := make(map[aem.TableState]bool)
	for at := testStart; at.Before(testStart.Add(time.Hour)); at = at.Add(11 * time.Second) {
		for _, v := range tasks(s.StateAt(at)) {
			if v.Product == aem.Compose || !v.Options.FullLoad.True() {
				continue
			}
			f := given(aem.FullLoad{})
			for _, table := range v.Tables {
				seen[table.State] = true
				load := table.FullLoad
				addTo(&f.RecordsCompleted, load.TransferredRows.Int())
				addTo(bucket(&f, table.State), 1)
				if table.State == aem.TableLoading && (load.Start.IsZero() || !load.End.IsZero() ||
					load.TransferredRows.Int() > load.EstimatedRows.Int()) {
					t.Fatalf("%s: a loading table is %+v", v.Name, table)
				}
			}
			f.Throughput = v.FullLoad.Throughput
			f.RecordsEstimated, f.Completed, f.Start, f.End = v.FullLoad.RecordsEstimated, v.FullLoad.Completed,
				v.FullLoad.Start, v.FullLoad.End
			if f != v.FullLoad {
				t.Fatalf("%s at %v: tables add up to %+v, the task says %+v", v.Name, at, f, v.FullLoad)
			}
			if f.Completed.True() != (!f.End.IsZero()) || f.RecordsCompleted.Int() > f.RecordsEstimated.Int() {
				t.Fatalf("%s at %v: %+v", v.Name, at, f)
			}
		}
	}
	for _, state := range []aem.TableState{aem.TableQueued, aem.TableLoading, aem.TableCompleted,
		aem.TableChangeProcessing, aem.TableError} {
		if !seen[state] {
			t.Errorf("no table was ever %s", state)
		}
	}
}

// TestIncidentsShow checks that each incident is seen while it is on, in a small
// fleet and a large one, and not before or without the option.
func TestIncidentsShow(t *testing.T) {
	type sign = func(*ServerState, *Task) bool
	task := func(of func(*Task) bool) sign { return func(_ *ServerState, v *Task) bool { return of(v) } }
	server := func(of func(*ServerState) bool) sign { return func(s *ServerState, _ *Task) bool { return of(s) } }
	stopped := func(reason aem.StopReason) sign {
		return task(func(v *Task) bool { return v.State == aem.TaskStopped && v.StopReason == reason })
	}
	signs := map[string]sign{
		"latency climbs": task(func(v *Task) bool {
			return lag(v.Latency.Total) > 2*time.Minute &&
				lag(v.Latency.Total) < time.Hour
		}),
		"task error": task(func(v *Task) bool {
			return v.State == aem.TaskError && strings.Contains(v.Message, "'"+v.Name+"' encountered a fatal error")
		}),
		"recovering": task(func(v *Task) bool {
			return v.State == aem.TaskRecovering && v.Message == "Task '"+v.Name+"' encountered a recoverable error"
		}),
		"spill to disk": task(func(v *Task) bool { return v.Transactions.AccumulatedOnDisk.Int() > 0 }),
		"data errors":   task(func(v *Task) bool { return v.DataErrors.Int() >= 40 }),
		"table error": task(func(v *Task) bool {
			return v.State == aem.TaskRunning && v.FullLoad.Completed.True() && v.FullLoad.TablesWithError.Int() == 1
		}),
		"low memory": stopped(aem.StopLowMemory),
		"low disk":   stopped(aem.StopLowDiskSpace),
		"stalled full load": task(func(v *Task) bool {
			return v.State == aem.TaskRunning && v.FullLoad.TablesLoading.Int() > 0 &&
				v.FullLoad.Throughput == given(aem.Throughput{})
		}),
		"licence ends": server(func(s *ServerState) bool {
			return s.License.DaysToExpiration.Int() == 6 || s.License.State == aem.LicenseExpired
		}),
		"server error":         server(func(s *ServerState) bool { return s.State == aem.ServerError }),
		"server not monitored": server(func(s *ServerState) bool { return s.State == aem.ServerNotMonitored }),
		"endpoint fails": server(func(s *ServerState) bool {
			return slices.ContainsFunc(s.Endpoints, func(e EndpointState) bool { return e.Problem != "" })
		}),
		"stopped by a user": stopped(aem.StopNormal),
		"Compose error":     task(func(v *Task) bool { return v.Product == aem.Compose && v.State == aem.TaskError }),
	}
	for _, size := range []int{3, 4} {
		opts := Options{Seed: uint64(size), Servers: size, Healthy: true, Incidents: true, Start: testStart}
		s := New(opts)
		opts.Incidents = false
		calm := New(opts)
		count := func(sim *Simulator, at time.Duration, shows sign) (n int) {
			for srv, v := range tasks(sim.StateAt(testStart.Add(at))) {
				if shows(srv, v) {
					n++
				}
			}
			return n
		}
		for _, i := range Incidents() {
			shows := signs[i.Name] // each has one
			for _, round := range []time.Duration{0, i.Every} {
				most, mostCalm := 0, 0
				for at := i.Begins; at < i.Begins+i.Lasts; at += 15 * time.Second {
					most = max(most, count(s, at+round, shows))
					mostCalm = max(mostCalm, count(calm, at+round, shows))
				}
				if most <= mostCalm {
					t.Errorf("%d servers, %v later: incident %q shows %d times, without incidents %d times", size, round, i.Name,
						most, mostCalm)
				}
			}
			if i.Begins+i.Lasts > i.Every || i.Begins > 3*time.Minute || i.Description == "" {
				t.Errorf("incident %+v does not fit the schedule", i)
			}
		}
	}
}

// TestHealthyFleet has nothing but running tasks.
func TestHealthyFleet(t *testing.T) {
	s := New(Options{Servers: 30, ComposeServers: 2, TasksPerServer: 45, TablesPerTask: 2, Healthy: true,
		Start: testStart})
	for _, srv := range s.StateAt(testStart.Add(40 * time.Minute)).Servers {
		if srv.State != aem.ServerMonitored || srv.License.State != aem.LicenseValid || len(srv.Tasks) != 45 ||
			srv.TaskSummary.Running.Int() != 45 {
			t.Errorf("%s: %s %s %+v", srv.Name, srv.State, srv.License.State, srv.TaskSummary)
		}
	}
}

// TestDefaultFleet has something of everything that the API can tell.
func TestDefaultFleet(t *testing.T) {
	s := New(Options{Servers: 8, TasksPerServer: 17, Start: testStart})
	seen := make(map[string]bool)
	names := make(map[string]bool)
	for at := testStart; at.Before(testStart.Add(30 * time.Minute)); at = at.Add(20 * time.Second) {
		for srv, v := range tasks(s.StateAt(at)) {
			names[srv.Name+"/"+v.Name] = true
			for what, is := range map[string]bool{
				"server " + string(srv.State): true, "license " + string(srv.License.State): true, "task " + string(v.State): true,
				"reason " + string(v.StopReason): true, "profile " + v.Profile: true,
				"behind a day": lag(v.Latency.Total) > 24*time.Hour,
				"staging":      v.LogStreamStaging != "", "no cpu": v.CPU.Int() == -1, "blank": strings.Contains(v.Name, " "),
				"objective": slices.Contains(v.Tags, "latency_objective=5m"),
			} {
				seen[what] = seen[what] || is
			}
		}
	}
	for _, want := range []string{
		"server monitored", "server not_monitored", "server error", "license valid", "license expired",
		"task running", "task stopped", "task error", "task recovering", "task starting", "reason none", "reason normal",
		"reason fatal_error", "reason recoverable_error", "reason full_load_only_finished",
		"reason stopped_after_full_load", "profile UNIDIRECTIONAL", "profile BIDIRECTIONAL", "profile LOG_STREAM",
		"behind a day", "staging", "no cpu", "objective", "blank",
	} {
		if !seen[want] {
			t.Errorf("the fleet never has: %s", want)
		}
	}
	if want := 8*17 + 17; len(names) != want {
		t.Errorf("%d different tasks, want %d", len(names), want)
	}
}

// TestWindowStretch compares what stretch says with walking through the time.
func TestWindowStretch(t *testing.T) {
	windows := []window{
		{begin: 10, lasts: 5}, {begin: 10, lasts: 5, every: 20}, {begin: 0, lasts: 19, every: 20},
		{begin: -7, lasts: 3, every: 10},
	}
	for _, w := range windows {
		for from := time.Duration(-15); from < 60; from++ {
			for work := time.Duration(0); work < 40; work++ {
				at, left := from, work
				for left > 0 {
					if _, open := w.at(at); !open {
						left--
					}
					at++
				}
				if got, want := w.stretch(from, work), at-from; got != want {
					t.Fatalf("%+v: %d of work from %d takes %d, want %d", w, work, from, got, want)
				}
				if got := w.spent(at) - w.spent(from); got != at-from-work {
					t.Fatalf("%+v: open for %d between %d and %d, want %d", w, got, from, at, at-from-work)
				}
			}
		}
	}
}

// TestStalledLoadIsUnderWay: whatever the fleet, each time the incident comes there
// is a full load with tables to go that stays where it is, and goes on afterwards.
func TestStalledLoadIsUnderWay(t *testing.T) {
	list := Incidents()
	stall := list[slices.IndexFunc(list, func(i Incident) bool { return i.Name == "stalled full load" })]
	for seed := range uint64(20) {
		for _, healthy := range []bool{false, true} {
			s := New(Options{Seed: seed, Servers: 3 + int(seed%4), Incidents: true, Healthy: healthy, Start: testStart})
			for round := range time.Duration(3) {
				begins := stall.Begins + round*stall.Every
				under := func(at time.Duration) map[string]int64 {
					loads := make(map[string]int64)
					for srv, v := range tasks(s.StateAt(testStart.Add(at))) {
						f := v.FullLoad
						if srv.State == aem.ServerMonitored && v.State == aem.TaskRunning && !f.Completed.True() &&
							f.TablesLoading.Int() > 0 &&
							f.RecordsCompleted.Int() > 0 {
							loads[srv.Name+"/"+v.Name] = f.RecordsCompleted.Int()
						}
					}
					return loads
				}
				before, first, last, after := under(begins-10*time.Second), under(begins+time.Second),
					under(begins+stall.Lasts-time.Second), under(begins+stall.Lasts+20*time.Second)
				stalled := 0
				for name, n := range first {
					if n == last[name] && before[name] > 0 && before[name] < n && after[name] > n {
						stalled++
					}
				}
				if stalled != 1 {
					t.Errorf("seed %d, healthy %v, round %d: %d full loads stall", seed, healthy, round, stalled)
				}
			}
		}
	}
}
