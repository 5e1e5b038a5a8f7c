package answer

import (
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// floats calls visit for every number below v: NaN for one that is absent.
func floats(path string, v reflect.Value, visit func(path string, value float64)) {
	if v.IsValid() && v.CanInterface() {
		if n, ok := v.Interface().(fleet.Number); ok {
			visit(path, n.Float())
			return
		}
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			floats(path+"."+v.Type().Field(i).Name, v.Field(i), visit)
		}
	case reflect.Pointer:
		if !v.IsNil() {
			floats(path, v.Elem(), visit)
		}
	}
}

func onlyAbsent(t *testing.T, value any) {
	t.Helper()
	floats(reflect.TypeOf(value).String(), reflect.ValueOf(value), func(path string, f float64) {
		if !math.IsNaN(f) {
			t.Errorf("%s is %v, want absent", path, f)
		}
	})
}

func TestWhatWasNotGivenIsAbsent(t *testing.T) {
	running := &aem.TaskInfo{Name: "t", State: aem.TaskRunning}
	empty := &aem.TaskDetails{Options: aem.TaskOptions{ApplyChanges: aem.BoolOf(true)}}
	onlyAbsent(t, *Server(&aem.ServerInfo{Name: "s"}, nil))
	onlyAbsent(t, *ServerDetails(&aem.ServerDetails{}))
	onlyAbsent(t, *Task(running, empty, aem.Replicate))
	onlyAbsent(t, *Task(running, empty, aem.Compose))
	onlyAbsent(t, convertTable(&aem.TableStatus{State: aem.TableLoading}, time.Now()))
}

// fill sets every field below v: numbers to 1, 2, 3, ..., texts to the field's name.
func fill(v reflect.Value, next *float64) {
	switch x := v.Addr().Interface().(type) {
	case *aem.Number:
		*next++
		*x = aem.NumberOf(*next)
	case *aem.Bool:
		*x = aem.BoolOf(true)
	case *aem.Duration:
		*next++
		*x = aem.DurationOf(time.Duration(*next) * time.Second)
	case *time.Time:
		*next++
		*x = time.Unix(int64(*next), 5e8)
	default:
		if v.Kind() != reflect.Struct {
			return
		}
		for i := range v.NumField() {
			fill(v.Field(i), next)
		}
	}
}

func filledTask() *aem.TaskDetails {
	var n float64
	d := &aem.TaskDetails{}
	fill(reflect.ValueOf(d).Elem(), &n)
	d.Product = aem.Replicate
	d.State = aem.TaskRunning
	return d
}

// Every number of the details comes from a field of its own.
func TestEveryNumberIsConverted(t *testing.T) {
	seen := map[float64]string{}
	distinct := func(value any) {
		floats("", reflect.ValueOf(value), func(path string, f float64) {
			if math.IsNaN(f) {
				t.Errorf("%s is absent", path)
			}
			if other, ok := seen[f]; ok {
				t.Errorf("%s and %s are both %v", path, other, f)
			}
			seen[f] = path
		})
	}
	task := Task(&aem.TaskInfo{}, filledTask(), aem.Replicate)
	distinct(*task.Details)

	clear(seen)
	compose := filledTask()
	compose.Product = aem.Compose
	distinct(*Task(&aem.TaskInfo{}, compose, aem.Compose).Compose)

	clear(seen)
	var n float64
	table := &aem.TableStatus{}
	fill(reflect.ValueOf(table).Elem(), &n)
	table.State = aem.TableLoading
	distinct(convertTable(table, time.Now()))

	clear(seen)
	var server aem.ServerDetails
	fill(reflect.ValueOf(&server).Elem(), &n)
	distinct(*ServerDetails(&server))
}

func TestConvertTask(t *testing.T) {
	d := &aem.TaskDetails{
		Product: aem.Replicate, Type: "AemTaskInfoDetailed", State: aem.TaskRunning, Profile: "unidirectional",
		Source: aem.TaskEndpoint{Name: "ORA", Type: "Oracle"}, Target: aem.TaskEndpoint{Name: "SF", Type: "Snowflake"},
		LogStreamStaging: "lss", Tags: []string{"details"},
		Options: aem.TaskOptions{
			FullLoad: aem.BoolOf(true), ApplyChanges: aem.BoolOf(true),
			StoreChanges: aem.BoolOf(false),
		},
		CDCEvents:     aem.CDCEvents{Inserts: aem.NumberOf(1), Updates: aem.NumberOf(0), DDL: aem.NumberOf(3)},
		CDCThroughput: aem.Throughput{SourceRecords: aem.NumberOf(10), SourceVolume: aem.NumberOf(2)},
		Transactions:  aem.Transactions{RollbackChangeMB: aem.NumberOf(2), CommittedMB: aem.NumberOf(3)},
		Latency:       aem.Latency{Source: aem.DurationOf(2 * time.Second), Total: aem.DurationOf(36 * time.Hour)},
		FullLoad: aem.FullLoad{
			Completed: aem.BoolOf(false), Start: time.Unix(1700000000, 250e6),
			Throughput: aem.Throughput{TargetVolume: aem.NumberOf(1)},
		},
		MemoryMB: aem.NumberOf(57), CPU: aem.NumberOf(130), DiskMB: aem.NumberOf(-1), DataErrors: aem.NumberOf(0),
	}
	got := Task(&aem.TaskInfo{Name: "t", State: aem.TaskRunning, Tags: []string{"list"}}, d, aem.Replicate)

	n := fleet.Num
	want := fleet.TaskDetails{}
	want.Type, want.Profile, want.LogStreamStaging = "AemTaskInfoDetailed", "unidirectional", "lss"
	want.Source, want.SourceType, want.Target, want.TargetType = "ORA", "Oracle", "SF", "Snowflake"
	want.FullLoadEnabled, want.ApplyChangesEnabled, want.StoreChangesEnabled = fleet.Yes, fleet.Yes, fleet.No
	want.AppliedInserts, want.AppliedUpdates, want.AppliedDDL = n(1), n(0), n(3)
	want.CDCThroughput.SourceRecords, want.CDCThroughput.SourceBytes = n(10), n(2048)
	want.RolledBackBytes, want.AppliedBytes = n(2<<20), n(3<<20)
	want.SourceLatency, want.TotalLatency = n(2), n(36*3600)
	want.FullLoad.Completed, want.FullLoad.Start, want.FullLoad.Throughput.TargetBytes = fleet.No, n(1700000000.25),
		n(1024)
	want.MemoryBytes, want.CPU, want.DataErrors = n(57<<20), n(1.3), n(0)
	task := &fleet.Task{Product: fleet.Replicate, State: fleet.TaskRunning, Tags: []string{"details"}, Details: &want}
	if diff := cmp.Diff(task, got, cmp.AllowUnexported(fleet.Number{})); diff != "" {
		t.Error(diff)
	}
}

func TestRatesAndLatenciesOnlyWhileTheyMeanSomething(t *testing.T) {
	yes, no := aem.BoolOf(true), aem.BoolOf(false)
	tests := []struct {
		name           string
		list, details  aem.TaskState
		apply, store   aem.Bool
		rates, latency bool
	}{
		{"running, applying", aem.TaskRunning, aem.TaskRunning, yes, no, true, true},
		{"running, storing", aem.TaskRunning, aem.TaskRunning, no, yes, true, true},
		{"recovering", aem.TaskRecovering, aem.TaskRecovering, yes, aem.Bool{}, true, true},
		{"full load only", aem.TaskRunning, aem.TaskRunning, no, no, true, false},
		{"options unknown", aem.TaskRunning, aem.TaskRunning, aem.Bool{}, aem.Bool{}, true, false},
		{"stopped", aem.TaskStopped, aem.TaskStopped, yes, yes, false, false},
		{"in error", aem.TaskError, aem.TaskError, yes, yes, false, false},
		{"starting", aem.TaskStarting, aem.TaskStarting, yes, yes, false, false},
		{"stopped since the list", aem.TaskRunning, aem.TaskStopped, yes, yes, false, false},
		{"started since the list", aem.TaskStopped, aem.TaskRunning, yes, yes, true, true},
		{"only the list tells", aem.TaskRunning, "", yes, yes, true, true},
		{"nobody tells", "", "", yes, yes, false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := filledTask()
			d.State, d.Options.ApplyChanges, d.Options.StoreChanges = tt.details, tt.apply, tt.store
			got := Task(&aem.TaskInfo{State: tt.list}, d, aem.Replicate)
			floats("", reflect.ValueOf(got.Details), func(path string, f float64) {
				present := true
				switch {
				case strings.Contains(path, "Throughput"):
					present = tt.rates
				case strings.Contains(path, "Latency"):
					present = tt.latency
				}
				if present == math.IsNaN(f) {
					t.Errorf("%s is %v", path, f)
				}
			})
		})
	}
}

func TestDetailsStandInForTheList(t *testing.T) {
	d := &aem.TaskDetails{State: aem.TaskStopped, StopReason: aem.StopNormal, Message: "why", Tags: []string{"x"}}
	got := Task(&aem.TaskInfo{Name: "t"}, d, aem.Replicate)
	if got.State != "stopped" || got.StopReason != "normal" || got.Message != "why" || len(got.Tags) != 1 {
		t.Errorf("got %+v", got)
	}
	server := Server(&aem.ServerInfo{Name: "s"}, &aem.ServerDetails{
		Host: "h", Port: "443", Platform: aem.PlatformLinux, Version: "1", State: aem.ServerMonitored, Message: "m",
		LastConnection: time.Unix(5, 0), Product: aem.Replicate,
	})
	if server.Host != "h" || server.Port != "443" || server.Platform != "linux" || server.Version != "1" ||
		server.State != "monitored" || server.Message != "m" || server.LastConnection != fleet.Num(5) {
		t.Errorf("got %+v", server)
	}
}

func TestComposeTaskHasOnlyItsOwn(t *testing.T) {
	d := filledTask()
	d.Product, d.Project, d.Type = aem.Compose, "DW", "AemComposeDWTaskInfoDetailed"
	got := Task(&aem.TaskInfo{Name: "t__DW", State: aem.TaskRunning}, d, aem.Compose)
	onlyAbsent(t, *got.Details)
	if got.Product != fleet.Compose || got.Details.Project != "DW" || got.Details.Type != d.Type ||
		got.Details.FullLoadEnabled != fleet.Yes || got.Details.ApplyChangesEnabled != fleet.Yes {
		t.Errorf("got %+v", got.Details)
	}
	if got.Details.StoreChangesEnabled != fleet.Unknown || got.Details.AuditChangesEnabled != fleet.Unknown ||
		got.Details.FullLoad.Completed != fleet.Unknown {
		t.Errorf("a Compose task has options of Replicate: %+v", got.Details)
	}
	if got.Compose == nil || got.Compose.LoadingCompleted != fleet.Yes {
		t.Errorf("got %+v", got.Compose)
	}
}

func TestProducts(t *testing.T) {
	tests := []struct {
		server  aem.Product
		details aem.TaskDetails
		want    aem.Product
	}{
		{aem.Replicate, aem.TaskDetails{Product: aem.Replicate, Type: "AemTaskInfoDetailed"}, aem.Replicate},
		{aem.Compose, aem.TaskDetails{Product: aem.Compose, Type: "AemComposeDWTaskInfoDetailed"}, aem.Compose},
		{aem.Replicate, aem.TaskDetails{Product: aem.Compose, Type: "AemComposeDWTaskInfoDetailed"}, aem.Compose},
		{aem.Replicate, aem.TaskDetails{Product: aem.Compose}, aem.Compose}, // told by its fields
		{aem.Compose, aem.TaskDetails{Product: aem.Replicate}, aem.Compose}, // says nothing
		{aem.Compose, aem.TaskDetails{}, aem.Compose},
	}
	for _, tt := range tests {
		if got := Task(&aem.TaskInfo{}, &tt.details, tt.server).Product; got != string(tt.want) {
			t.Errorf("server %q, details %q %q: got %q", tt.server, tt.details.Product, tt.details.Type, got)
		}
	}
	got := Server(&aem.ServerInfo{Product: aem.Replicate}, &aem.ServerDetails{Product: aem.Compose})
	if got.Product != fleet.Compose {
		t.Errorf("server is %q", got.Product)
	}
}

func TestConvertServer(t *testing.T) {
	info := &aem.ServerInfo{
		Product: aem.Replicate, Name: " s ", Host: "h", Port: "3552", State: "odd", Platform: aem.PlatformWindows,
		Version: "2025.5", LastConnection: time.Unix(1700000000, 5e8),
	}
	details := &aem.ServerDetails{
		License: aem.License{
			State: aem.LicenseExpired, Issued: time.Unix(1, 0), Expires: time.Unix(2, 0),
			DaysToExpiration: aem.NumberOf(-1),
		},
		TaskSummary: aem.TaskSummary{Running: aem.NumberOf(4), Stopped: aem.NumberOf(0), Error: aem.NumberOf(1)},
		Utilization: aem.Utilization{DiskMB: aem.NumberOf(3), MemoryMB: aem.NumberOf(-1), ReplicateCPU: aem.NumberOf(7)},
	}
	want := &fleet.Server{
		Name: " s ", Product: "replicate", Host: "h", Port: "3552", Platform: "windows", Version: "2025.5", State: "odd",
		LastConnection: fleet.Num(1700000000.5),
		Details: &fleet.ServerDetails{
			License: fleet.License{State: "expired", Issued: fleet.Num(1), Expires: fleet.Num(2),
				Remaining: fleet.Num(-86400)},
			TaskSummary:  fleet.TaskSummary{Running: fleet.Num(4), Stopped: fleet.Num(0), Error: fleet.Num(1)},
			DiskBytes:    fleet.Num(3 << 20),
			ReplicateCPU: fleet.Num(0.07),
		},
	}
	got := Server(info, details)
	got.Details = ServerDetails(details)
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(fleet.Number{})); diff != "" {
		t.Error(diff)
	}
}

func TestConvertTable(t *testing.T) {
	start := time.Unix(1700000000, 0)
	got := convertTable(&aem.TableStatus{
		Schema: "S", Name: "T", State: aem.TableLoading,
		FullLoad: aem.TableFullLoad{
			Start: start, EstimatedRows: aem.NumberOf(100), TransferredRows: aem.NumberOf(25),
			TransferredBytes: aem.NumberOf(464),
		},
		CDC: aem.TableCDC{CachedUpdates: aem.NumberOf(0)},
	}, start.Add(10*time.Second))
	n := fleet.Num
	want := fleet.Table{
		Schema: "S", Name: "T", State: "loading", EstimatedEnd: n(1700000040), LoadedBytes: n(464), LoadedRows: n(25),
		EstimatedRows: n(100), CachedUpdates: n(0), LoadStart: n(1700000000),
	}
	if got != want {
		t.Errorf("got %+v", got)
	}
}
