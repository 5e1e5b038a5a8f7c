package answer

import (
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

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
	var table fleet.Table
	setTable(&table, &aem.TableStatus{State: aem.TableLoading}, time.Now())
	onlyAbsent(t, table)
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
	status, table := &aem.TableStatus{}, fleet.Table{}
	fill(reflect.ValueOf(status).Elem(), &n)
	status.State = aem.TableLoading
	setTable(&table, status, time.Now())
	distinct(table)

	clear(seen)
	var server aem.ServerDetails
	fill(reflect.ValueOf(&server).Elem(), &n)
	distinct(*ServerDetails(&server))
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
