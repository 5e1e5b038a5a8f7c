package aem

import (
	"io"
	"strings"
	"testing"
	"time"
)

// decodesTo decodes bodies that say the same.
func decodesTo[T any](t *testing.T, decode func(io.Reader) (T, error), what func(T) any, want any,
	bodies map[string]string) {
	t.Helper()
	for name, body := range bodies {
		got, err := decode(strings.NewReader(body))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		sameAs(t, name, what(got), want)
	}
}

func TestServerDetailsEnvelope(t *testing.T) {
	const inner = `{"name":"x","task_summary":{"total":3}}`
	want := ServerDetails{Product: Replicate, Name: "x", TaskSummary: TaskSummary{Total: NumberOf(3)}}
	decodesTo(t, decodeServerDetails, func(d *ServerDetails) any { return *d }, want, map[string]string{
		"T-01 serverDetails":             `{"serverDetails":` + inner + `}`,
		"T-01 realworld 21":              `{"server_details":` + inner + `}`,
		"T-01 ServerDetails":             `{"ServerDetails":` + inner + `}`,
		"T-01 no envelope":               inner,
		"between others":                 `{"a":{"name":"y"},"server_details":` + inner + `,"b":[]}`,
		"T-22 trailing":                  `{"server_details":` + inner + `}` + "\n" + `{"error_code":"X"}`,
		"a later null erases nothing":    `{"server_details":{"name":"x","name":null,"task_summary":{"total":3},"task_summary":null}}`,
		"N TaskSummary under its type":   `{"ServerDetails":{"Name":"x","AemTasksSummary":{"Total":3}}}`,
		"envelope that is none":          `{"server_details":[1],"name":"x","task_summary":{"total":3}}`,
		"members of the top level count": `{"name":"x","server_details":{"name":"y"},"task_summary":{"total":3}}`,
	})
}

func TestBlocksOfTheWrongTypeAreAbsent(t *testing.T) {
	for _, wrong := range []string{`null`, `"x"`, `1`, `true`, `[]`, `[{"total":1,"host":"h","name":"n","current":1}]`} {
		server, err := decodeServerDetails(strings.NewReader(strings.ReplaceAll(
			`{"name":"x","configuration":W,"license":W,"task_summary":W,"resource_utilization":W,"state":"ERROR"}`, "W", wrong)))
		if err != nil {
			t.Fatalf("%s: %v", wrong, err)
		}
		sameAs(t, wrong, *server, ServerDetails{Product: Replicate, Name: "x", State: ServerError})

		task, err := decodeTaskDetails(strings.NewReader(strings.ReplaceAll(
			`{"name":"x","source_endpoint":W,"target_endpoint":W,"cdc_event_counters":W,"full_load_counters":W,"full_load_throughput":W,
			"cdc_throughput":W,"cdc_transactions_counters":W,"cdc_latency":W,"options":W,"loading_counters":W,"state":"ERROR"}`, "W", wrong)))
		if err != nil {
			t.Fatalf("%s: %v", wrong, err)
		}
		sameAs(t, wrong, *task, TaskDetails{Product: Replicate, Name: "x", State: TaskError})

		all, err := tables(strings.NewReader(strings.ReplaceAll(
			`{"table_details":[{"table_on_source":"x","table_full_load_info":W,"table_cdc_info":W,"data_errors_count":3}]}`,
			"W", wrong)))
		if err != nil {
			t.Fatalf("%s: %v", wrong, err)
		}
		sameAs(t, wrong, all, []TableStatus{{Name: "x", DataErrors: NumberOf(3)}})
	}
}

func TestProductOfServers(t *testing.T) {
	for members, want := range map[string]Product{
		`"$type":"ReplicateServerInfo"`: Replicate,
		`"$type":"ComposeServerInfo"`:   Compose,
		`"$type":"AemCOMPOSEServer"`:    Compose,
		`"\\$type":"ComposeServerInfo"`: Compose, // T-08
		`"type":"REPLICATE"`:            Replicate,
		`"type":"COMPOSE"`:              Compose, // realworld 29
		`"type":"COMPOSE_FDL"`:          Compose,
		`"type":"compose_fdw"`:          Compose,
		`"type":1`:                      Replicate,
		`"type":3`:                      Compose,
		`"type":"4"`:                    Compose,
		`"type":5`:                      Compose,
		`"type":2`:                      Replicate,
		`"type":null`:                   Replicate,
		`"foo":1`:                       Replicate,
		`"$type":"ReplicateServerInfo","type":"COMPOSE"`: Replicate,
		`"type":"REPLICATE","$type":"ComposeServerInfo"`: Compose,
		`"$type":"","type":"COMPOSE"`:                    Compose,
		`"$type":null,"type":4`:                          Compose,
	} {
		list, err := decodeServerList(strings.NewReader(`{"serverList":[{"name":"x",` + members + `}]}`))
		if err != nil || list[0].Product != want {
			t.Errorf("list, %s: got %v, %v", members, list, err)
		}
		details, err := decodeServerDetails(strings.NewReader(`{"server_details":{"name":"x",` + members + `}}`))
		if err != nil || details.Product != want {
			t.Errorf("details, %s: got %v, %v", members, details, err)
		}
	}
}

func TestProductOfTasks(t *testing.T) {
	for members, want := range map[string]struct {
		product Product
		class   string
	}{
		`"$type":"AemTaskInfoDetailed"`:                        {Replicate, "AemTaskInfoDetailed"},
		`"type":"ReplicateTaskInfoDetailed"`:                   {Replicate, "ReplicateTaskInfoDetailed"}, // T-08
		`"type":"AemComposeDLTaskInfoDetailed"`:                {Compose, "AemComposeDLTaskInfoDetailed"},
		`"$type":"AemComposeDMTaskInfoDetailed","type":"x"`:    {Compose, "AemComposeDMTaskInfoDetailed"},
		`"$type":"AemReplicateTaskInfoDetailed","project":"p"`: {Replicate, "AemReplicateTaskInfoDetailed"},
		`"project":"p"`: {Compose, ""}, // realworld 26
		`"loading_counters":{"tables_total_count":1}`:                               {Compose, ""},
		`"loading_counters":null,"project":""`:                                      {Replicate, ""},
		`"project":null`:                                                            {Replicate, ""},
		`"source_endpoint":{"type":"ComposeDB"},"message":"compose"`:                {Replicate, ""},
		`"foo":{"$type":"AemComposeDMTaskInfoDetailed"},"bar":[{"type":"compose"}]`: {Replicate, ""},
	} {
		got, err := decodeTaskDetails(strings.NewReader(`{"name":"x",` + members + `}`))
		if err != nil || got.Product != want.product || got.Type != want.class {
			t.Errorf("%s: got %+v, %v", members, got, err)
		}
	}
}

func TestTaskDetailsEnvelope(t *testing.T) {
	const inner = `{"name":"x","memory_mb":3}`
	want := TaskDetails{Product: Replicate, Name: "x", MemoryMB: NumberOf(3)}
	decodesTo(t, decodeTaskDetails, func(d *TaskDetails) any { return *d }, want, map[string]string{
		"T-03 none":                     inner,
		"T-03 realworld 23":             `{"task":` + inner + `}`,
		"T-03 Task":                     `{"Task":` + inner + `}`,
		"T-10 sections":                 `[{"name":"x"},{"memory_mb":3}]`,
		"T-10 sections in the envelope": `{"task":[{"name":"x"},{"memory_mb":3}]}`,
		"T-10 nonsense among sections":  `[null,7,{"name":"x"},"y",[{"name":"z"}],{"memory_mb":3}]`,
		"members of the top level win":  `{"task":{"name":"y","memory_mb":3},"name":"x"}`,
		"a member called task":          `{"name":"x","task":{"name":"y"},"memory_mb":3}`,
		"a text called task":            `{"task":"y","name":"x","memory_mb":3}`,
		"byte order mark":               "\xef\xbb\xbf" + inner,
		"trailing":                      inner + `,]`,
	})
	if _, err := decodeTaskDetails(strings.NewReader(`[{"name":"x"},{"error_code":"AEM_TASK_NOT_FOUND"}]`)); err == nil ||
		err.Error() != "AEM_TASK_NOT_FOUND" {
		t.Errorf("error among sections: %v", err)
	}
}

func TestFullLoadProgressAtEitherPlace(t *testing.T) {
	const (
		nested = `"full_load_counters":{"full_load_completed":true,"full_load_start":"2025-01-01T10:00:00","full_load_end":"2025-01-01T11:00:00"}`
		root   = `"full_load_completed":true,"full_load_start":"2025-01-01T10:00:00","full_load_end":"2025-01-01T11:00:00"`
		other  = `"full_load_counters":{"full_load_completed":false,"full_load_start":"2020-01-01T10:00:00","full_load_end":"2020-01-01T11:00:00"}`
	)
	want := FullLoad{Completed: BoolOf(true), Start: at("2025-01-01T10:00:00"), End: at("2025-01-01T11:00:00")}
	decodesTo(t, decodeTaskDetails, func(d *TaskDetails) any { return d.FullLoad }, want, map[string]string{
		"T-10 root":              `{` + root + `}`,
		"T-10 nested":            `{` + nested + `}`,
		"T-10 root wins":         `{` + root + `,` + other + `}`,
		"T-10 root wins, behind": `{` + other + `,` + root + `}`,
		"T-10 empty root": `{"name":"t","full_load_completed":null,"full_load_start":"","full_load_end":null,` +
			nested + `}`,
		"T-10 sections":           `[{"full_load_counters":{"tables_queued_count":-1}},{` + root + `}]`,
		"T-10 sections with both": `[{` + root + `},{` + other + `}]`,
	})
}

func TestMisspelledCounters(t *testing.T) {
	n := NumberOf
	want := Transactions{CommittedTransactions: n(1), CommittedRecords: n(2), CommittedMB: n(3),
		RollbackTransactions: n(4)}
	decodesTo(t, decodeTaskDetails, func(d *TaskDetails) any { return d.Transactions }, want, map[string]string{
		"T-11 schema":     `{"cdc_transactions_counters":{"applied_comitted_transaction_count":1,"applied_records_comitted_count":2,"applied_volume_comitted_mb":3,"rollback_transaction_count":4}}`,
		"T-11 sample":     `{"cdc_transactions_counters":{"applied_comitted_transacion_count":1,"applied_records_comitted_ count":2,"applied_volume_comitted_mb":3,"rollback_transacion_count":4}}`,
		"T-11 table":      `{"cdc_transactions_counters":{"applied_committed_transaction_count":1,"applied_records_committed_count":2,"applied_volume_committed_mb":3,"rollback_transaction_count":4}}`,
		"T-11 .NET":       `{"CdcTransactionsCounters":{"AppliedCommittedTransactionCount":1,"AppliedRecordsCommittedCount":2,"AppliedVolumeCommittedMb":3,"RollbackTransactionCount":4}}`,
		"T-05 singular":   `{"cdc_transaction_counters":{"applied_comitted_transaction_count":1,"applied_records_comitted_count":2,"applied_volume_comitted_mb":3,"rollback_transaction_count":4}}`,
		"T-05 transacion": `{"cdc_transacions_counters":{"applied_comitted_transaction_count":1,"applied_records_comitted_count":2,"applied_volume_comitted_mb":3,"rollback_transaction_count":4}}`,
	})
}

func TestThroughputAsNumberOrObject(t *testing.T) {
	n := NumberOf
	want := Throughput{SourceRecords: n(1), SourceVolume: n(2), TargetRecords: n(3)}
	for name, json := range map[string]string{
		"T-12 numbers": `{"source_throughput_records_count":1,"source_throughput_volume":2,"target_throughput_records_count":"3","target_throughput_volume":-1}`,
		"T-12 objects": `{"source_throughput_records_count":{"current":1},"source_throughput_volume":{"Current":"2"},"target_throughput_records_count":{"max":9,"current":3},"target_throughput_volume":{"max":4}}`,
		"wrong types":  `{"source_throughput_records_count":{"current":1},"source_throughput_volume":2,"target_throughput_records_count":3,"target_throughput_volume":{"current":{"current":4}}}`,
		"wrong list":   `{"source_throughput_records_count":{"current":1},"source_throughput_volume":2,"target_throughput_records_count":3,"target_throughput_volume":[4]}`,
	} {
		got, err := decodeTaskDetails(strings.NewReader(`{"name":"t","cdc_throughput":` + json +
			`,"full_load_throughput":` + json + `}`))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		sameAs(t, name+", cdc", got.CDCThroughput, want)
		sameAs(t, name+", full load", got.FullLoad.Throughput, want)
	}
}

func TestEitherNameOfAField(t *testing.T) {
	for _, key := range []string{"stop_reason", "task_stop_reason"} { // T-06
		list, err := decodeTaskList(strings.NewReader(`{"taskList":[{"name":"x","` + key + `":"NORMAL"}]}`))
		if err != nil || list[0].StopReason != StopNormal {
			t.Errorf("T-06 %s: got %v, %v", key, list, err)
		}
		task, err := decodeTaskDetails(strings.NewReader(`{"name":"x","` + key + `":"NORMAL"}`))
		if err != nil || task.StopReason != StopNormal {
			t.Errorf("T-06 %s: got %v, %v", key, task, err)
		}
	}
	for _, key := range []string{"data_error_count", "data_errors_count"} { // T-07
		task, err := decodeTaskDetails(strings.NewReader(`{"` + key + `":2}`))
		if err != nil || task.DataErrors != NumberOf(2) {
			t.Errorf("T-07 %s: got %v, %v", key, task, err)
		}
		all, err := tables(strings.NewReader(`{"table_details":[{"table_on_source":"x","` + key + `":2}]}`))
		if err != nil || all[0].DataErrors != NumberOf(2) {
			t.Errorf("T-07 %s: got %v, %v", key, all, err)
		}
	}
	for _, key := range []string{"username", "user_name", "user name", "UserName"} { // T-04, realworld 30
		server, err := decodeServerDetails(strings.NewReader(`{"configuration":{"` + key + `":"u"}}`))
		if err != nil || server.Username != "u" {
			t.Errorf("T-04 %s: got %v, %v", key, server, err)
		}
	}
}

func TestNamesAreKeptAsTheyAre(t *testing.T) {
	// T-39, realworld 54
	for json, want := range map[string]string{
		`" Task2"`: " Task2", `"Compose SRV - C4DW "`: "Compose SRV - C4DW ", `" "`: " ", `"a/b?c#d%25"`: "a/b?c#d%25",
		"\"\xff\"": "\ufffd", `7`: "7",
		`"<script>"`: "<script>", `"\u00e4\n\"\\"`: "ä\n\"\\",
	} {
		servers, err := decodeServerList(strings.NewReader(`{"serverList":[{"name":` + json + `}]}`))
		if err != nil || servers[0].Name != want {
			t.Errorf("server %s: got %q, %v", json, servers, err)
		}
		list, err := decodeTaskList(strings.NewReader(`{"taskList":[{"name":` + json + `,"assigned_tags":[` + json + `]}]}`))
		if err != nil || list[0].Name != want || list[0].Tags[0] != want {
			t.Errorf("task %s: got %q, %v", json, list, err)
		}
		all, err := tables(strings.NewReader(`{"table_details":[{"schema_on_source":` + json + `,"table_on_source":` + json +
			`,"schema_on_target":` + json + `,"table_on_target":` + json + `}]}`))
		must(t, err)
		sameAs(t, json, all, []TableStatus{{Schema: want, Name: want, TargetSchema: want, TargetName: want}})
	}
}

func TestTags(t *testing.T) {
	for json, want := range map[string]string{
		`["b","a","b"]`: "b,a,b", `[]`: "", `null`: "", `"prod"`: "", `{"a":"b"}`: "",
		`[null,1,true,["x"],{"y":"z"},"","t"]`: "1,true,t",
	} {
		list, err := decodeTaskList(strings.NewReader(`{"taskList":[{"name":"x","assigned_tags":` + json +
			`,"state":"RUNNING"}]}`))
		if err != nil || strings.Join(list[0].Tags, ",") != want || list[0].State != TaskRunning {
			t.Errorf("%s: got %q, %v", json, list, err)
		}
	}
}

// A name that was handed out must not change when the next table is read.
func TestTableNamesStay(t *testing.T) {
	var first TableStatus
	n := 0
	err := decodeTableStatuses(strings.NewReader(tableStatusesBody(600)), func(t *TableStatus) error {
		if n++; n == 1 {
			first = *t
		}
		return nil
	})
	must(t, err)
	sameAs(t, "the first table", []string{first.Schema, first.Name, first.TargetSchema, first.TargetName,
		string(first.State)},
		[]string{"SALES_00", "ORDER_LINES_00000", "sales_00", "order_lines_00000", "queued"})
	if want := time.Date(2025, 9, 14, 1, 0, 9, 0, time.UTC); !first.FullLoad.Start.Equal(want) {
		t.Errorf("start: got %v", first.FullLoad.Start)
	}
}

func TestKeysThatAreNoKeys(t *testing.T) {
	long := strings.Repeat("name", 100)
	for _, key := range []string{long, "", "_", "ñame", "na\\u0000mes", "$name", "naame"} {
		got, err := decodeTaskDetails(strings.NewReader(`{"` + key + `":"y","state":"RUNNING"}`))
		if err != nil {
			t.Errorf("%.20q: %v", key, err)
			continue
		}
		sameAs(t, key, *got, TaskDetails{Product: Replicate, State: TaskRunning})
	}
}
