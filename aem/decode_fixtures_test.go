package aem

import (
	"strings"
	"testing"
	"time"
)

// at is a moment in UTC, as the API writes it.
func at(text string) time.Time {
	if len(text) == len(time.DateOnly) {
		text += "T00:00:00"
	}
	t, err := time.Parse("2006-01-02T15:04:05", text)
	if err != nil {
		panic(err)
	}
	return t
}

func seconds(n int64) Duration { return DurationOf(time.Duration(n) * time.Second) }

func TestServerListFixtures(t *testing.T) {
	want := []ServerInfo{{
		Product: Replicate, Name: "repl-prod-01", Description: "Production Replicate, Windows",
		Host: "repl-prod-01.example.net", Port: "443",
		State: ServerMonitored, Platform: PlatformWindows, Version: "2024.5.0.357", LastConnection: at("2025-10-01T09:15:42"),
	}, {
		Product: Replicate, Name: "Local Server", Host: "10.0.0.12", Port: "3552",
		State: ServerMonitored, Platform: PlatformLinux, Version: "2023.11.0.720", LastConnection: at("2025-10-01T09:15:40"),
	}, {
		Product: Replicate, Name: "repl-dr-01", Host: "repl-dr-01.example.net", Port: "443", State: ServerError,
		Message:  "Failed to connect to server 'repl-dr-01'.\r\nUnable to connect to the remote server",
		Platform: PlatformWindows, Version: "2023.11.0.468", LastConnection: at("2025-09-28T22:01:09"),
	}, {
		Product: Replicate, Name: "repl-lab", Host: "repl-lab.example.net", Port: "443",
		State: ServerNotMonitored, Platform: PlatformUnknown,
	}, {
		Product: Compose, Name: "Compose Server (DW)", Host: "compose-01.example.net", Port: "443",
		State: ServerMonitored, Platform: PlatformWindows, Version: "2023.11.0.171",
		LastConnection: at("2025-10-01T09:15:38"),
	}}
	for _, name := range []string{"server_list", "server_list_legacy_no_type"} {
		got, err := decodeServerList(strings.NewReader(fixture(t, name)))
		if err != nil {
			t.Fatal(err)
		}
		sameAs(t, name, got, want)
	}
}

func TestServerDetailsFixtures(t *testing.T) {
	n := NumberOf
	license := License{State: LicenseValid, Issued: at("2025-01-07"), Expires: at("2026-01-31"), DaysToExpiration: n(122)}
	replicate := ServerDetails{
		Product: Replicate, Name: "repl-prod-01", Host: "repl-prod-01.example.net", Port: "443", Platform: PlatformWindows,
		Username: `EXAMPLE\svc_qem`, State: ServerMonitored, Version: "2024.5.0.357",
		LastConnection: at("2025-10-01T09:15:42"),
		License:        license,
		TaskSummary:    TaskSummary{Total: n(9), Running: n(3), Stopped: n(3), Recovering: n(1), Error: n(1)},
		Utilization:    Utilization{DiskMB: n(18342), MemoryMB: n(6120), ReplicateCPU: n(23), MachineCPU: n(41)},
	}
	tests := map[string]ServerDetails{
		"server_details_replicate": replicate,
		"server_details_guide_key": replicate, // T-01, T-04, T-23, T-36
		"server_details_expired_license": {
			Product: Replicate, Name: "Local Server", Host: "10.0.0.12", Port: "3552", Platform: PlatformLinux,
			Username: `EXAMPLE\svc_qem`, State: ServerMonitored, Version: "2023.11.0.720",
			LastConnection: at("2025-10-01T09:15:42"),
			License: License{State: LicenseExpired, Issued: at("2024-08-01"), Expires: at("2025-09-24"),
				DaysToExpiration: n(-7)},
			TaskSummary: TaskSummary{Total: n(2), Running: n(0), Stopped: n(2), Recovering: n(0), Error: n(0)},
			Utilization: Utilization{DiskMB: n(0), MemoryMB: n(0), ReplicateCPU: n(0), MachineCPU: n(3)},
		},
		"server_details_error_state": { // T-34
			Product: Replicate, Name: "repl-dr-01", Host: "repl-dr-01.example.net", Port: "443", Platform: PlatformWindows,
			Username: `EXAMPLE\svc_qem`, State: ServerError, Version: "2024.5.0.357", LastConnection: at("2025-09-28T22:01:09"),
			Message:     "Failed to connect to server 'repl-dr-01'.\r\nUnable to connect to the remote server",
			License:     license,
			TaskSummary: TaskSummary{Total: n(0), Running: n(0), Stopped: n(0), Recovering: n(0), Error: n(0)},
		},
		"server_details_compose": {
			Product: Compose, Name: "Compose Server (DW)", Host: "compose-01.example.net", Port: "443",
			Platform: PlatformWindows,
			Username: `EXAMPLE\svc_qem`, State: ServerMonitored, Version: "2023.11.0.171",
			LastConnection: at("2025-10-01T09:15:38"),
			License:        license,
			TaskSummary:    TaskSummary{Total: n(2), Running: n(1), Stopped: n(0), Recovering: n(0), Error: n(1)},
		},
	}
	for name, want := range tests {
		got, err := decodeServerDetails(strings.NewReader(fixture(t, name)))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		sameAs(t, name, *got, want)
	}
}

func TestTaskListFixtures(t *testing.T) {
	tests := map[string][]TaskInfo{
		"task_list": {
			{Name: "ORA2SNOW_SALES", State: TaskRunning, StopReason: StopNone, Tags: []string{"prod", "tier1"}},
			{Name: "CRM Leads Feed", State: TaskRunning, StopReason: StopNone},
			{Name: "SQL2KAFKA_ORDERS", State: TaskRecovering, StopReason: StopRecoverableError,
				Message: "Task 'SQL2KAFKA_ORDERS' encountered a recoverable error", Tags: []string{"prod"}},
			{Name: "ERP2LAKE", State: TaskError, StopReason: StopFatalError, Tags: []string{"prod", "tier1"},
				Message: "Stop Reason FATAL_ERROR Error Level FATAL\r\nTask 'ERP2LAKE' encountered a fatal error\r\nCannot " +
					"connect to endpoint 'tgt_lake'"},
			{Name: "HR_ARCHIVE", State: TaskStopped, StopReason: StopNormal},
			{Name: "FULLLOAD_NIGHTLY", State: TaskStopped, StopReason: StopFullLoadOnlyFinished, Tags: []string{"batch"}},
			{Name: "PG2SNOW_INITIAL", State: TaskRunning, StopReason: StopNone, Tags: []string{"prod"}},
			{Name: "LOGSTREAM_ORA", State: TaskStarting, StopReason: StopNone},
			{Name: "DB2_STAGE", State: TaskStopped, StopReason: StopLowDiskSpace,
				Message: "The task was stopped because the server is low on disk space", Tags: []string{"prod"}},
		},
		"task_list_compose": {
			{Name: "DW_LOAD__SalesDW", State: TaskRunning, StopReason: StopNone},
			{Name: "DM_REFRESH__SalesDW", State: TaskError, StopReason: StopNone, Message: "ETL set failed\r\nSee the task log"},
		},
		"task_list_empty": nil,
	}
	for name, want := range tests {
		got, err := decodeTaskList(strings.NewReader(fixture(t, name)))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		sameAs(t, name, got, want)
	}
}

func throughput(sourceRecords, sourceVolume, targetRecords, targetVolume float64) Throughput {
	return Throughput{NumberOf(sourceRecords), NumberOf(sourceVolume), NumberOf(targetRecords), NumberOf(targetVolume)}
}

func transactions(v ...float64) Transactions {
	n := func(i int) Number { return NumberOf(v[i]) }
	return Transactions{n(0), n(1), n(2), n(3), n(4), n(5), n(6), n(7), n(8), n(9), n(10), n(11), n(12)}
}

func runningTask() TaskDetails {
	n, yes, no := NumberOf, BoolOf(true), BoolOf(false)
	return TaskDetails{
		Product: Replicate, Type: "AemReplicateTaskInfoDetailed", Name: "ORA2SNOW_SALES",
		Description: "Sales CDC to Snowflake",
		State:       TaskRunning, StopReason: StopNone, Profile: "unidirectional",
		Source: TaskEndpoint{"src_ora_sales", "Oracle"}, Target: TaskEndpoint{"tgt_snow", "Snowflake"},
		Tags:          []string{"prod", "tier1"},
		Options:       TaskOptions{FullLoad: yes, ApplyChanges: yes, StoreChanges: no, AuditChanges: no},
		CDCEvents:     CDCEvents{n(184223), n(912044), n(1207), n(3)},
		CDCThroughput: throughput(212, 418, 209, 402),
		Transactions:  transactions(1097474, 12, 844, 3, 4, 1880, 96120, 1095594, 2310, 955, 0, 925, 0),
		Latency:       Latency{seconds(4), seconds(19)},
		FullLoad: FullLoad{
			TablesCompleted: n(48), TablesLoading: n(0), TablesQueued: n(0), TablesWithError: n(1),
			RecordsCompleted: n(92004511), RecordsEstimated: n(92004511), Completed: yes,
			Start: at("2025-09-14T01:00:07"), End: at("2025-09-14T03:41:55"), Throughput: throughput(0, 0, 0, 0),
		},
		MemoryMB: n(812), CPU: n(7), DiskMB: n(140), DataErrors: n(2),
	}
}

func TestReplicateTaskDetailsFixtures(t *testing.T) {
	n, yes, no := NumberOf, BoolOf(true), BoolOf(false)
	idle := throughput(0, 0, 0, 0)
	guide := runningTask() // T-08, T-10, T-11, T-32, T-33
	guide.Type, guide.StopReason = "", StopNormal
	tests := map[string]TaskDetails{
		"task_details_running_cdc":          runningTask(),
		"task_details_legacy_task_envelope": runningTask(), // T-03, realworld 23
		"task_details_guide_nesting":        guide,
		"task_details_stopped": {
			Product: Replicate, Type: "AemReplicateTaskInfoDetailed", Name: "HR_ARCHIVE", State: TaskStopped,
			StopReason: StopNormal, Profile: "unidirectional",
			Source: TaskEndpoint{"src_sql_hr", "Microsoft SQL Server"}, Target: TaskEndpoint{"tgt_adls", "Microsoft Azure ADLS"},
			Options: TaskOptions{yes, yes, no, no}, CDCEvents: CDCEvents{n(10), n(4), n(0), n(0)}, CDCThroughput: idle,
			Transactions: transactions(14, 0, 0, 0, 0, 0, 9, 14, 0, 0, 0, 0, 0), Latency: Latency{seconds(0), seconds(0)},
			FullLoad: FullLoad{n(12), n(0), n(0), n(0), n(480221), n(480221), yes, at("2025-08-02T18:20:00"),
				at("2025-08-02T18:33:41"), idle},
			MemoryMB: n(0), CPU: n(0), DiskMB: n(35), DataErrors: n(0),
		},
		"task_details_error": {
			Product: Replicate, Name: "ERP2LAKE", State: TaskError, StopReason: StopFatalError, Profile: "unidirectional",
			Tags: []string{"prod", "tier1"},
			Message: "Stop Reason FATAL_ERROR Error Level FATAL\r\nTask 'ERP2LAKE' encountered a fatal error\r\nCannot " +
				"connect to endpoint 'tgt_lake'",
			Source: TaskEndpoint{"src_erp", "Oracle"}, Target: TaskEndpoint{"tgt_lake", "Microsoft Azure ADLS"},
			Options: TaskOptions{yes, yes, no, no}, CDCEvents: CDCEvents{n(55120), n(11020), n(40), n(0)}, CDCThroughput: idle,
			Transactions: transactions(66180, 2, 88, 1, 0, 0, 5120, 66180, 190, 0, 0, 0, 0),
			Latency:      Latency{seconds(0), seconds(0)},
			FullLoad: FullLoad{n(203), n(0), n(0), n(4), n(511020334), n(511020400), yes, at("2025-07-01T00:00:03"),
				at("2025-07-01T09:12:44"), idle},
			MemoryMB: n(0), CPU: n(0), DiskMB: n(2210), DataErrors: n(17),
		},
		"task_details_full_load_only_finished": {
			Product: Replicate, Name: "FULLLOAD_NIGHTLY", State: TaskStopped, StopReason: StopFullLoadOnlyFinished,
			Profile: "unidirectional", Tags: []string{"batch"},
			Source: TaskEndpoint{"src_db2", "IBM DB2 for z/OS"}, Target: TaskEndpoint{"tgt_adls", "Microsoft Azure ADLS"},
			Options: TaskOptions{yes, no, no, no}, CDCEvents: CDCEvents{n(0), n(0), n(0), n(0)}, CDCThroughput: idle,
			Transactions: transactions(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), Latency: Latency{seconds(0), seconds(0)},
			FullLoad: FullLoad{n(9), n(0), n(0), n(0), n(4402001), n(4402001), yes, at("2025-10-01T00:00:05"),
				at("2025-10-01T00:21:48"), idle},
			MemoryMB: n(0), CPU: n(0), DiskMB: n(0), DataErrors: n(0),
		},
		"task_details_recovery_latency_over_24h": { // realworld 42
			Product: Replicate, Type: "AemReplicateTaskInfoDetailed", Name: "SQL2KAFKA_ORDERS", State: TaskRecovering,
			StopReason: StopRecoverableError,
			Message:    "Task 'SQL2KAFKA_ORDERS' encountered a recoverable error", Profile: "unidirectional",
			Tags:   []string{"prod"},
			Source: TaskEndpoint{"src_sql_orders", "Microsoft SQL Server"}, Target: TaskEndpoint{"tgt_kafka", "Kafka"},
			Options: TaskOptions{no, yes, no, no}, CDCEvents: CDCEvents{n(9911), n(120443), n(77), n(1)}, CDCThroughput: idle,
			Transactions: transactions(130432, 0, 0, 0, 17, 2210044, 30110, 130432, 88, 120, 2209924, 0, 0),
			Latency:      Latency{seconds(167*3600 + 49*60 + 18), seconds(167*3600 + 49*60 + 51)},
			FullLoad: FullLoad{n(6), n(0), n(0), n(0), n(1204400), n(1204400), yes, at("2025-05-05T10:00:00"),
				at("2025-05-05T10:09:12"), idle},
			MemoryMB: n(604), CPU: n(1), DiskMB: n(48122), DataErrors: n(0),
		},
		"task_details_full_load_in_progress": {
			Product: Replicate, Type: "AemReplicateTaskInfoDetailed", Name: "PG2SNOW_INITIAL", State: TaskRunning,
			StopReason: StopNone, Profile: "unidirectional", Tags: []string{"prod"},
			Source: TaskEndpoint{"src_pg", "PostgreSQL"}, Target: TaskEndpoint{"tgt_snow", "Snowflake"},
			Options: TaskOptions{yes, yes, no, no}, CDCEvents: CDCEvents{n(0), n(0), n(0), n(0)}, CDCThroughput: idle,
			Transactions: transactions(0, 0, 0, 0, 0, 0, 0, 0, 0, 5120, 88211, 0, 0), Latency: Latency{seconds(2), seconds(0)},
			FullLoad: FullLoad{n(31), n(5), n(64), n(2), n(18220455), n(240118900), no, at("2025-10-01T06:00:02"), time.Time{},
				throughput(48211, 20511, 47980, 20233)},
			MemoryMB: n(2901), CPU: n(64), DiskMB: n(5120), DataErrors: n(0),
		},
	}
	taskDetailsFixtures(t, tests)
}

func TestComposeTaskDetailsFixtures(t *testing.T) {
	n, yes, no := NumberOf, BoolOf(true), BoolOf(false)
	taskDetailsFixtures(t, map[string]TaskDetails{
		"task_details_compose": {
			Product: Compose, Type: "AemComposeDWTaskInfoDetailed", Name: "DW_LOAD__SalesDW", State: TaskRunning,
			Profile: "data_warehouse", Project: "SalesDW",
			Source: TaskEndpoint{"landing_sql", "Microsoft SQL Server"}, Target: TaskEndpoint{"dw_snow", "Snowflake"},
			Options: TaskOptions{FullLoad: yes, ApplyChanges: yes},
			Loading: Loading{
				Completed: no, Start: at("2025-10-01T09:00:01"), TablesTotal: n(42), TablesCompleted: n(17), TablesLoading: n(3),
				TablesQueued: n(22), TablesWithError: n(0), CommandsTotal: n(260), CommandsCompleted: n(101),
			},
		},
		"task_details_compose_error": {
			Product: Compose, Type: "AemComposeTaskInfoDetailed", Name: "DM_REFRESH__SalesDW", State: TaskError,
			Profile: "data_mart", Project: "SalesDW",
			Message: "ETL set failed\r\nSee the task log",
			Options: TaskOptions{FullLoad: yes, ApplyChanges: yes},
			Loading: Loading{
				Completed: no, Start: at("2025-10-01T05:00:00"), End: at("2025-10-01T05:12:41"), TablesTotal: n(11),
				TablesCompleted: n(9),
				TablesLoading:   n(0), TablesQueued: n(1), TablesWithError: n(1), CommandsTotal: n(80), CommandsCompleted: n(66),
			},
		},
	})
}

func taskDetailsFixtures(t *testing.T, tests map[string]TaskDetails) {
	t.Helper()
	for name, want := range tests {
		got, err := decodeTaskDetails(strings.NewReader(fixture(t, name)))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		sameAs(t, name, *got, want)
	}
}

func TestTableStatusesFixture(t *testing.T) {
	n := NumberOf
	cdc := func(inserts, updates, deletes, ddl, cachedInserts, cachedUpdates, cachedDeletes float64) TableCDC {
		return TableCDC{n(inserts), n(updates), n(deletes), n(ddl), time.Time{}, n(cachedInserts), n(cachedUpdates),
			n(cachedDeletes)}
	}
	load := func(start, end string, estimated, rows, bytes float64) TableFullLoad {
		l := TableFullLoad{EstimatedRows: n(estimated), TransferredRows: n(rows), TransferredBytes: n(bytes)}
		if start != "" {
			l.Start = at(start)
		}
		if end != "" {
			l.End = at(end)
		}
		return l
	}
	got, err := tables(strings.NewReader(fixture(t, "table_statuses_mixed")))
	if err != nil {
		t.Fatal(err)
	}
	sameAs(t, "table_statuses_mixed", got, []TableStatus{
		{"SALES", "ORDERS", "SALES", "ORDERS", TableChangeProcessing, n(0),
			load("2025-09-14T01:00:09", "2025-09-14T01:44:51", 0, 40122004, 18616609856), cdc(88120, 401220, 610, 1, 0, 0, 0)},
		{"SALES", "CUSTOMERS", "SALES", "CUSTOMERS", TableCompleted, n(2),
			load("2025-09-14T01:00:09", "2025-09-14T01:03:20", 0, 901220, 418166080), cdc(0, 0, 0, 0, 0, 0, 0)},
		{"SALES", "INVOICES", "SALES", "INVOICES", TableLoading, n(0),
			load("2025-10-01T09:02:00", "", 12004000, 5120331, 2375833584), cdc(0, 0, 0, 0, 412, 88, 3)},
		{"SALES", "PAYMENTS", "", "", TableQueued, n(0), load("", "", 3300120, 0, 0), cdc(0, 0, 0, 0, 0, 0, 0)},
		{"HR", "EMPLOYEES PHOTO", "HR_TGT", "EMP_PHOTO", TableError, n(17),
			load("2025-09-14T01:10:00", "2025-09-14T01:11:12", 0, 4410, 2046240), cdc(1, 0, 0, 0, 0, 0, 0)},
	})
}
