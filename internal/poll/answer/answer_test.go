package answer

import (
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// floats calls visit for every number below v: NaN for one that is absent.
func floats(path string, v reflect.Value, visit func(path string, value float64)) {
	if v.Type() == reflect.TypeFor[fleet.Number]() {
		visit(path, v.Interface().(fleet.Number).Float())
	} else if v.Kind() == reflect.Struct {
		for i := range v.NumField() {
			floats(path+"."+v.Type().Field(i).Name, v.Field(i), visit)
		}
	}
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

// Every number comes from a field of its own, and what was not given is absent.
func TestEveryNumberIsCopied(t *testing.T) {
	copied(t, listed, "MemoryLimit", "DiskLimit", "TasksListed", "TasksPolled")
	copied(t, detailed, "MemoryLimit", "DiskLimit", "TasksListed", "TasksPolled")
	copied(t, serverDetails)
	copied(t, taskDetails)
	copied(t, composeDetails)
	copied(t, tables, "EstimatedEnd")
	copied(t, endpoints)
	copied(t, barriers)
}

func copied[To, From any](t *testing.T, m mapping[To, From], except ...string) {
	t.Helper()
	facts := []string{fleet.Replicate, fleet.Compose, active, processing}
	var to To
	m.copy(&to, new(From), facts...)
	if !reflect.ValueOf(to).IsZero() {
		t.Errorf("of nothing %+v is made", to)
	}
	var from From
	var n float64
	fill(reflect.ValueOf(&from).Elem(), &n)
	m.copy(&to, &from, facts...)
	seen := map[float64]string{}
	floats("", reflect.ValueOf(to), func(path string, f float64) {
		if math.IsNaN(f) != slices.Contains(except, strings.TrimPrefix(path, ".")) || seen[f] != "" {
			t.Errorf("%T: %s is %v, as is %q", to, path, f, seen[f])
		}
		seen[f] = path
	})
}

func TestEndOfARunningLoad(t *testing.T) {
	now := time.Unix(2000, 0)
	for state, want := range map[aem.TableState]fleet.Number{aem.TableLoading: fleet.Num(3000), aem.TableError: {}} {
		var table fleet.Table
		setTable(&table, &aem.TableStatus{State: state, FullLoad: aem.TableFullLoad{
			Start: time.Unix(1000, 0), EstimatedRows: aem.NumberOf(200), TransferredRows: aem.NumberOf(100),
		}}, now)
		if table.EstimatedEnd != want {
			t.Errorf("%s: it ends at %v, want %v", state, table.EstimatedEnd, want)
		}
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
			floats("", reflect.ValueOf(*got.Details), func(path string, f float64) {
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
	want := fleet.TaskDetails{Project: "DW", Type: d.Type, FullLoadEnabled: fleet.Yes, ApplyChangesEnabled: fleet.Yes}
	if *got.Details != want || got.Product != fleet.Compose {
		t.Errorf("got %+v, want %+v", got.Details, want)
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
