package aem

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// seed adds the fixtures whose name matches, whole and cut, and a few odd bodies.
func seed(f *testing.F, pattern string) {
	f.Helper()
	names, err := filepath.Glob(filepath.Join("testdata", pattern+".json"))
	if err != nil || len(names) == 0 {
		f.Fatal(names, err)
	}
	for _, name := range names {
		body := fixture(f, strings.TrimSuffix(filepath.Base(name), ".json"))
		f.Add(body)
		f.Add(body[:len(body)*2/3])
		f.Add(strings.NewReplacer("{", "[", "}", "]", ":", ",").Replace(body))
		f.Add(strings.ReplaceAll(body, ": ", `: -1, "name": `))
	}
	f.Add(fixture(f, "error_invalid_session_id"))
	f.Add("\xef\xbb\xbf null")
	f.Add(`[{"name":"\ud800","state":1e400,"message":"NONE"}]`)
}

// fuzzBodies proves that a body gives the same result however it arrives, and that
// what was understood of it is understood again when it is written plainly.
func fuzzBodies[T any](f *testing.F, decode func(io.Reader) (T, error), plain func(T) map[string]any) {
	f.Fuzz(func(t *testing.T, body string) {
		got, err := decode(strings.NewReader(body))
		again, errAgain := decode(iotest.OneByteReader(strings.NewReader(body)))
		if diff := cmp.Diff(got, again, exact); diff != "" || errorText(err) != errorText(errAgain) {
			t.Fatalf("byte by byte it is another: %v, %v\n%s", err, errAgain, diff)
		}
		if !usable(err) {
			return
		}
		text, err := json.Marshal(plain(got))
		if err != nil {
			t.Fatal(err)
		}
		again, err = decode(strings.NewReader(string(text)))
		if diff := cmp.Diff(got, again, exact); diff != "" || err != nil {
			t.Fatalf("written plainly, as %s, it is another: %v\n%s", text, err, diff)
		}
	})
}

// A writer makes a JSON object and leaves out what is absent.
type writer map[string]any

func (w writer) set(key string, value any) writer {
	switch v := value.(type) {
	case Number:
		if v.IsSet() {
			w[key] = v.Float()
		}
	case Bool:
		if v.IsSet() {
			w[key] = v.True()
		}
	case time.Time:
		if !v.IsZero() {
			w[key] = v.Format(time.RFC3339Nano)
		}
	case Duration:
		if d, ok := v.Get(); ok {
			w[key] = clockText(d)
		}
	case writer:
		w[key] = map[string]any(v)
	default:
		w[key] = value
	}
	return w
}

func clockText(d time.Duration) string {
	s := d / time.Second
	return fmt.Sprintf("%02d:%02d:%02d.%09d", s/3600, s/60%60, s%60, d%time.Second)
}

func class(p Product, infix string) string {
	if p == Compose {
		return "Compose" + infix
	}
	return "Replicate" + infix
}

func listOf[T any](key string, plain func(T) writer) func([]T) map[string]any {
	return func(list []T) map[string]any {
		elements := []writer{}
		for _, v := range list {
			elements = append(elements, plain(v))
		}
		return writer{key: elements}
	}
}

func FuzzServerList(f *testing.F) {
	seed(f, "server_list*")
	fuzzBodies(f, decodeServerList, listOf("serverList", func(s ServerInfo) writer {
		return writer{}.set("$type", class(s.Product, "ServerInfo")).set("name", s.Name).set("description", s.Description).
			set("host", s.Host).set("port", s.Port).set("state", string(s.State)).set("message", s.Message).
			set("platform", string(s.Platform)).set("version", s.Version).set("last_connection", s.LastConnection)
	}))
}

func FuzzServerDetails(f *testing.F) {
	seed(f, "server_details*")
	fuzzBodies(f, decodeServerDetails, func(s *ServerDetails) map[string]any {
		l, n, u := s.License, s.TaskSummary, s.Utilization
		return writer{}.set("server_details", writer{}.set("$type", class(s.Product, "ServerDetails")).
			set("name", s.Name).set("description", s.Description).set("state", string(s.State)).set("message", s.Message).
			set("version", s.Version).set("last_connection", s.LastConnection).
			set("configuration", writer{}.set("host", s.Host).set("port", s.Port).set("platform", string(s.Platform)).set("user_name", s.Username)).
			set("license", writer{}.set("state", string(l.State)).set("issue_date", l.Issued).set("expiration", l.Expires).
				set("days_to_expiration", l.DaysToExpiration)).
			set("task_summary", writer{}.set("total", n.Total).set("running", n.Running).set("stopped", n.Stopped).
				set("recovering", n.Recovering).set("error", n.Error)).
			set("resource_utilization", writer{}.set("disk_usage_mb", u.DiskMB).set("memory_mb", u.MemoryMB).
				set("attunity_cpu_percentage", u.ReplicateCPU).set("machine_cpu_percentage", u.MachineCPU)))
	})
}

func FuzzTaskList(f *testing.F) {
	seed(f, "task_list*")
	fuzzBodies(f, decodeTaskList, listOf("taskList", func(s TaskInfo) writer {
		return writer{}.set("name", s.Name).set("state", string(s.State)).set("stop_reason", string(s.StopReason)).
			set("message", s.Message).set("assigned_tags", s.Tags)
	}))
}

func FuzzTaskDetails(f *testing.F) {
	seed(f, "task_details*")
	fuzzBodies(f, decodeTaskDetails, func(d *TaskDetails) map[string]any {
		return writer{}.set("$type", d.Type).set("name", d.Name).set("description", d.Description).set("state", string(d.State)).
			set("task_stop_reason", string(d.StopReason)).set("message", d.Message).set("profile", d.Profile).set("project", d.Project).
			set("source_endpoint", writer{}.set("name", d.Source.Name).set("type", d.Source.Type)).
			set("target_endpoint", writer{}.set("name", d.Target.Name).set("type", d.Target.Type)).
			set("log_stream_staging", d.LogStreamStaging).set("assigned_tags", d.Tags).
			set("options", writer{}.set("full_load_enabled", d.Options.FullLoad).set("apply_changes_enabled", d.Options.ApplyChanges).
				set("store_changes_enabled", d.Options.StoreChanges).set("audit_changes_enabled", d.Options.AuditChanges)).
			set("cdc_event_counters", writer{}.set("applied_insert_count", d.CDCEvents.Inserts).set("applied_update_count", d.CDCEvents.Updates).
				set("applied_delete_count", d.CDCEvents.Deletes).set("applied_ddl_count", d.CDCEvents.DDL)).
			set("cdc_throughput", plainThroughput(d.CDCThroughput)).
			set("cdc_transactions_counters", plainTransactions(d.Transactions)).
			set("cdc_latency", writer{}.set("source_latency", d.Latency.Source).set("total_latency", d.Latency.Total)).
			set("full_load_counters", plainFullLoad(d.FullLoad)).
			set("full_load_throughput", plainThroughput(d.FullLoad.Throughput)).
			set("memory_mb", d.MemoryMB).set("cpu_percentage", d.CPU).set("disk_usage_mb", d.DiskMB).set("data_error_count", d.DataErrors).
			set("loading_completed", d.Loading.Completed).set("loading_start", d.Loading.Start).set("loading_end", d.Loading.End).
			set("loading_counters", plainLoading(d))
	})
}

func plainThroughput(t Throughput) writer {
	return writer{}.set("source_throughput_records_count", t.SourceRecords).set("source_throughput_volume", t.SourceVolume).
		set("target_throughput_records_count", writer{}.set("current", t.TargetRecords)).
		set("target_throughput_volume", writer{}.set("current", t.TargetVolume))
}

func plainTransactions(t Transactions) writer {
	return writer{}.set("commit_change_records_count", t.CommitChangeRecords).set("rollback_transaction_count", t.RollbackTransactions).
		set("rollback_change_records_count", t.RollbackChangeRecords).set("rollback_change_volume_mb", t.RollbackChangeMB).
		set("applied_transactions_in_progress_count", t.InProgressTransactions).set("applied_records_in_progress_count", t.InProgressRecords).
		set("applied_comitted_transaction_count", t.CommittedTransactions).set("applied_records_comitted_count", t.CommittedRecords).
		set("applied_volume_comitted_mb", t.CommittedMB).set("incoming_accumulated_changes_in_memory_count", t.AccumulatedInMemory).
		set("incoming_accumulated_changes_on_disk_count", t.AccumulatedOnDisk).
		set("incoming_applying_changes_in_memory_count", t.ApplyingInMemory).set("incoming_applying_changes_on_disk_count", t.ApplyingOnDisk)
}

func plainFullLoad(l FullLoad) writer {
	return writer{}.set("tables_completed_count", l.TablesCompleted).set("tables_loading_count", l.TablesLoading).
		set("tables_queued_count", l.TablesQueued).set("tables_with_error_count", l.TablesWithError).
		set("records_completed_count", l.RecordsCompleted).set("estimated_records_for_all_tables_count", l.RecordsEstimated).
		set("full_load_completed", l.Completed).set("full_load_start", l.Start).set("full_load_end", l.End)
}

// plainLoading is nothing for a Replicate task, which would else look like one of
// Compose.
func plainLoading(d *TaskDetails) any {
	if d.Product != Compose && d.Type == "" {
		return nil
	}
	l := d.Loading
	return writer{}.set("tables_total_count", l.TablesTotal).set("tables_completed_count", l.TablesCompleted).
		set("tables_loading_count", l.TablesLoading).set("tables_queued_count", l.TablesQueued).
		set("tables_with_error_count", l.TablesWithError).set("commands_total_count", l.CommandsTotal).
		set("commands_completed_count", l.CommandsCompleted)
}

func FuzzTableStatuses(f *testing.F) {
	seed(f, "table_statuses*")
	f.Add(tableStatusesBody(3))
	fuzzBodies(f, tables, listOf("table_details", func(s TableStatus) writer {
		l, c := s.FullLoad, s.CDC
		return writer{}.set("schema_on_source", s.Schema).set("table_on_source", s.Name).set("schema_on_target", s.TargetSchema).
			set("table_on_target", s.TargetName).set("state", string(s.State)).set("data_errors_count", s.DataErrors).
			set("table_full_load_info", writer{}.set("start_time", l.Start).set("end_time", l.End).set("estimated_row_count", l.EstimatedRows).
				set("estimated_end_time", l.EstimatedEnd).set("transferred_row_count", l.TransferredRows).set("transferred_volume_mb", l.TransferredBytes)).
			set("table_cdc_info", writer{}.set("insert_count", c.Inserts).set("update_count", c.Updates).set("delete_count", c.Deletes).
				set("ddl_count", c.DDL).set("last_update_time", c.LastUpdate).set("cached_insert_count", c.CachedInserts).
				set("cached_update_count", c.CachedUpdates).set("cached_delete_count", c.CachedDeletes))
	}))
}

func FuzzError(f *testing.F) {
	seed(f, "error_*")
	f.Fuzz(func(t *testing.T, body string) {
		fault, found := decodeError(strings.NewReader(body))
		again, foundAgain := decodeError(iotest.OneByteReader(strings.NewReader(body)))
		if fault != again || found != foundAgain {
			t.Fatalf("byte by byte it is another: %v, %v", fault, again)
		}
		if found != (fault.Code != "") || !utf8.ValidString(fault.Code+fault.Message) {
			t.Fatalf("got %#v, %v", fault, found)
		}
	})
}

func FuzzNumber(f *testing.F) {
	f.Add("1e5", 57.0)
	f.Add(" -1 ", 1e300)
	f.Add("0x10", 0.1)
	f.Add("1_000", -0.0)
	f.Fuzz(func(t *testing.T, text string, value float64) {
		if v, ok := parseNumber([]byte(text)); ok && (math.IsNaN(v) || math.IsInf(v, 0)) || !ok && v != 0 {
			t.Fatalf("%q: got %v, %v", text, v, ok)
		}
		if math.IsNaN(value) || math.IsInf(value, 0) {
			return
		}
		plain, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{string(plain), " " + string(plain) + "\t", fmt.Sprintf("%e", value)} {
			v, ok := parseNumber([]byte(text))
			if !ok || v != value && !strings.Contains(text, "e") {
				t.Fatalf("%q: got %v, %v", text, v, ok)
			}
		}
	})
}

func FuzzDuration(f *testing.F) {
	for _, text := range []string{"00:00:00", "167:49:18", "1.02:03:04.5", "0:19", "42", "-5", "1e18", "::", "2562047:47:16"} {
		f.Add(text, int64(1234567890123))
	}
	f.Fuzz(func(t *testing.T, text string, nanoseconds int64) {
		if d, ok := parseDuration([]byte(text)).Get(); d < 0 || !ok && d != 0 {
			t.Fatalf("%q: got %v, %v", text, d, ok)
		}
		want := time.Duration(nanoseconds)
		if want < 0 || want.Seconds() > maxDurationSeconds {
			return
		}
		days, rest := want/(24*time.Hour), want%(24*time.Hour)
		for _, text := range []string{clockText(want), fmt.Sprintf("%d.%s", days, clockText(rest))} {
			if d, ok := parseDuration([]byte(text)).Get(); !ok || d != want {
				t.Fatalf("%q: got %v, %v, want %v", text, d, ok, want)
			}
		}
	})
}

func FuzzTime(f *testing.F) {
	for _, text := range []string{"2016-12-18T02:23:30", "2016 12 18", "2016-12-18 02:23:30.123 +02:00", "0001-01-01T00:00:00", "/Date(1605439025000+0200)/"} {
		f.Add(text, int64(1605439025), int64(7))
	}
	f.Fuzz(func(t *testing.T, text string, second, nano int64) {
		if got := parseTime([]byte(text)); !got.IsZero() && (got.Year() <= 1 || got.Year() > 9999) {
			t.Fatalf("%q: got %v", text, got)
		}
		want := time.Unix(second%(1<<37), nano%1e9).UTC()
		if want.Year() <= 1 || want.Year() > 9999 {
			return
		}
		for _, layout := range []string{
			time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999", "2006 01 02 15:04:05.999999999Z",
		} {
			if got := parseTime([]byte(want.Format(layout))); !got.Equal(want) {
				t.Fatalf("%s: got %v", want.Format(layout), got)
			}
		}
		if got := parseTime([]byte(want.Format(time.DateOnly))); !got.Equal(want.Truncate(24 * time.Hour)) {
			t.Fatalf("%s: got %v", want.Format(time.DateOnly), got)
		}
		zone := time.FixedZone("", int(nano%86400/60*60))
		if got := parseTime([]byte(want.In(zone).Format(time.RFC3339Nano))); !got.Equal(want) && want.In(zone).Year() == want.Year() {
			t.Fatalf("%s: got %v", want.In(zone).Format(time.RFC3339Nano), got)
		}
	})
}
