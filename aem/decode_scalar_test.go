package aem

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
)

func TestNumber(t *testing.T) {
	absent := math.NaN()
	tests := []struct {
		name, json     string
		amount, number float64 // NaN is absent
	}{
		{"realworld 39 bare", `57`, 57, 57},
		{"zero", `0`, 0, 0},
		{"T-23 quoted", `"30"`, 30, 30},
		{"blanks around", `" 30 "`, 30, 30},
		{"fraction", `2.5`, 2.5, 2.5},
		{"exponent", `1.5e3`, 1500, 1500},
		{"exponent in quotes", `"1E+3"`, 1000, 1000},
		{"plus", `"+7"`, 7, 7},
		{"T-25 int64", `9007199254740991`, 9007199254740991, 9007199254740991},
		{"largest", `9223372036854775807`, math.MaxInt64, math.MaxInt64},
		{"beyond int64", `9223372036854775808`, absent, absent},
		{"far beyond int64", `1.7976931348623157e308`, absent, absent},
		{"T-34 not available", `-1`, absent, -1},
		{"T-34 quoted", `"-1"`, absent, -1},
		{"negative", `-0.5`, absent, -0.5},
		{"negative zero", `-0`, 0, 0},
		{"null", `null`, absent, absent},
		{"empty", `""`, absent, absent},
		{"blank", `"  "`, absent, absent},
		{"not available", `"N/A"`, absent, absent},
		{"unit", `"30 MB"`, absent, absent},
		{"thousands", `"1,234"`, absent, absent},
		{"NaN", `"NaN"`, absent, absent},
		{"infinity", `"Infinity"`, absent, absent},
		{"inf", `"-inf"`, absent, absent},
		{"hexadecimal", `"0x10"`, absent, absent},
		{"underscore", `"1_000"`, absent, absent},
		{"too large", `1e999`, absent, absent},
		{"too large in quotes", `"1e999"`, absent, absent},
		{"lone signs", `"-"`, absent, absent},
		{"lone exponent", `"e5"`, absent, absent},
		{"true", `true`, absent, absent},
		{"object", `{"value":1}`, absent, absent},
		{"list", `[1]`, absent, absent},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d, err := decodeServerDetails(strings.NewReader(fmt.Sprintf(
				`{"resource_utilization":{"memory_mb":%s,"disk_usage_mb":5},"license":{"days_to_expiration":%[1]s}}`, test.json)))
			must(t, err)
			same := func(a, b float64) bool {
				return a == b && math.Signbit(a) == math.Signbit(b) || math.IsNaN(a) && math.IsNaN(b)
			}
			if got := d.Utilization.MemoryMB.Float(); !same(got, test.amount) {
				t.Errorf("memory_mb: got %v, want %v", got, test.amount)
			}
			if got := d.License.DaysToExpiration.Float(); !same(got, test.number) {
				t.Errorf("days_to_expiration: got %v, want %v", got, test.number)
			}
			if got := d.Utilization.DiskMB.Float(); got != 5 {
				t.Errorf("its neighbour: got %v", got)
			}
		})
	}
}

func TestNumberInt(t *testing.T) {
	for v, want := range map[Number]int64{
		{}: 0, NumberOf(2.9): 2, NumberOf(-2.9): -2, NumberOf(1e300): math.MaxInt64, NumberOf(-1e300): math.MinInt64,
	} {
		if got := v.Int(); got != want {
			t.Errorf("%v: got %d, want %d", v, got, want)
		}
	}
}

func TestBool(t *testing.T) {
	yes, no, absent := BoolOf(true), BoolOf(false), Bool{}
	for json, want := range map[string]Bool{
		`true`: yes, `false`: no, `"true"`: yes, `"False"`: no, `" TRUE "`: yes, `1`: yes, `0`: no, `"1"`: yes, `"0"`: no,
		`null`: absent, `""`: absent, `2`: absent, `-1`: absent, `"yes"`: absent, `{}`: absent, `[true]`: absent,
	} {
		d, err := decodeTaskDetails(strings.NewReader(`{"name":"t","loading_completed":` + json +
			`,"options":{"full_load_enabled":` + json + `}}`))
		must(t, err)
		if d.Loading.Completed != want || d.Options.FullLoad != want {
			t.Errorf("T-18, T-23 %s: got %v and %v, want %v", json, d.Loading.Completed, d.Options.FullLoad, want)
		}
	}
}

func TestText(t *testing.T) {
	for json, want := range map[string]string{
		`"443"`: "443", `443`: "443", `1.50`: "1.50", `true`: "true", `" x "`: " x ", `""`: "", `null`: "", `{"a":"b"}`: "",
		`["x"]`:       "",
		`"caf\u00e9"`: "café", `"café"`: "café", `"a\"\\\/\n\tb"`: "a\"\\/\n\tb", `"\u0000"`: "\x00",
		"\"a\xffb\"": "a\ufffdb", "\"a\xc3\"": "a\ufffd", `"\ud800x"`: "\ufffdx", `"\ud83d\ude00"`: "😀",
	} {
		list, err := decodeServerList(strings.NewReader(`{"serverList":[{"name":"x","port":` + json + `,"host":"h"}]}`))
		if err != nil {
			t.Fatalf("%s: %v", json, err)
		}
		if list[0].Port != want || list[0].Host != "h" {
			t.Errorf("%s: got %q", json, list[0].Port)
		}
	}
}

func TestTimeInAnAnswer(t *testing.T) {
	for _, json := range []string{`null`, `""`, `{}`, `[]`, `true`, `1605439025`} {
		list, err := decodeServerList(strings.NewReader(`{"serverList":[{"name":"x","last_connection":` + json + `}]}`))
		if err != nil || !list[0].LastConnection.IsZero() {
			t.Errorf("%s: got %v, %v", json, list, err)
		}
	}
	d, err := decodeTaskDetails(strings.NewReader(`{"loading_start":"\/Date(1605439025000)\/"}`))
	if want := at("2020-11-15T11:17:05"); err != nil || !d.Loading.Start.Equal(want) {
		t.Errorf(".NET, escaped: got %v, %v", d, err)
	}
}

func TestDuration(t *testing.T) {
	absent := Duration{}
	tests := []struct {
		name, json string
		want       Duration
	}{
		{"realworld 41 idle", `"00:00:00"`, seconds(0)},
		{"T-24 hh:mm:ss", `"01:02:03"`, seconds(3723)},
		{"one digit each", `"1:2:3"`, seconds(3723)},
		{"realworld 42 beyond a day", `"167:49:18"`, seconds(167*3600 + 49*60 + 18)},
		{"T-24 days", `"1.02:03:04"`, seconds(93784)},
		{"T-24 fraction", `"00:00:01.5000000"`, DurationOf(1500 * time.Millisecond)},
		{"days and fraction", `"10.00:00:00.0000001"`, DurationOf(240*time.Hour + 100)},
		{"mm:ss", `"0:19"`, seconds(19)},
		{"long mm:ss", `"90:30"`, seconds(5430)},
		{"blanks", `" 00:00:05 "`, seconds(5)},
		{"T-24 seconds", `42`, seconds(42)},
		{"quoted seconds", `"42"`, seconds(42)},
		{"decimal seconds", `1.25`, DurationOf(1250 * time.Millisecond)},
		{"quoted decimal seconds", `"1.25"`, DurationOf(1250 * time.Millisecond)},
		{"longest", `"2562047:00:00"`, seconds(2562047 * 3600)},
		{"overflow", `"2562048:00:00"`, absent},
		{"overflow of days", `"9999999999.00:00:00"`, absent},
		{"overflow of int64 by days", `"213503982334602.00:00:00"`, absent},
		{"overflow of minutes", `"9999999999:00"`, absent},
		{"overflow of int64", `"99999999999999999999:00:00"`, absent},
		{"overflow of seconds", `1e18`, absent},
		{"empty", `""`, absent},
		{"null", `null`, absent},
		{"T-24 negative", `"-00:00:05"`, absent},
		{"negative seconds", `-5`, absent},
		{"negative part", `"00:-1:05"`, absent},
		{"minutes beyond an hour", `"00:60:00"`, absent},
		{"seconds beyond a minute", `"00:00:60"`, absent},
		{"hours beyond a day, with days", `"1.24:00:00"`, absent},
		{"four parts", `"1:2:3:4"`, absent},
		{"parts missing", `"::"`, absent},
		{"lone colon", `":"`, absent},
		{"days missing", `".01:00:00"`, absent},
		{"empty fraction", `"00:00:01."`, absent},
		{"words", `"unknown"`, absent},
		{"true", `true`, absent},
		{"object", `{"seconds":1}`, absent},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d, err := decodeTaskDetails(strings.NewReader(`{"cdc_latency":{"source_latency":` + test.json +
				`,"total_latency":"00:00:07"}}`))
			must(t, err)
			sameAs(t, test.json, d.Latency, Latency{Source: test.want, Total: seconds(7)})
		})
	}
}

func TestMessage(t *testing.T) {
	for json, want := range map[string]string{
		`"NONE"`: "", `"none"`: "", `" NONE "`: "", `""`: "", `null`: "", `{}`: "", `"text\r\nmore"`: "text\r\nmore",
		`"NONE of them"`: "NONE of them",
	} {
		d, err := decodeTaskDetails(strings.NewReader(`{"name":"x","message":` + json + `}`))
		if err != nil || d.Message != want {
			t.Errorf("T-32 %s: got %+v, %v", json, d, err)
		}
	}
}

func TestProfile(t *testing.T) {
	for json, want := range map[string]string{
		`"UNIDIRECTIONAL"`: "unidirectional", `"Bidirectional"`: "bidirectional",
		`"Log Stream"`: "log_stream", `"LOG_STREAM"`: "log_stream", `"LogStream"`: "log_stream", `"LOGSTREAM"`: "log_stream",
		`"Data Warehouse"`: "data_warehouse", `"DATAMART"`: "data_mart", `"DataStorage"`: "data_storage",
		`"Compactor"`: "compactor", `"Workflow"`: "workflow", `" Brand-New  Thing "`: "brand_new_thing",
		`"Äpfel 2"`: "äpfel_2",
		`""`:        "", `null`: "", `{}`: "", `"--"`: "", `3`: "3",
	} {
		d, err := decodeTaskDetails(strings.NewReader(`{"name":"t","profile":` + json + `}`))
		if err != nil || d.Profile != want {
			t.Errorf("T-36 %s: got %q, %v, want %q", json, d.Profile, err, want)
		}
	}
}

// enumTest holds, for each value, the spellings and the numbers that mean it.
type enumTest map[string][]string

func (tests enumTest) run(t *testing.T, decode func(json string) (string, error)) {
	t.Helper()
	for want, spellings := range tests {
		for _, json := range append(spellings, `"`+want+`"`, `"`+strings.ToUpper(want)+`"`) {
			if got, err := decode(json); err != nil || got != want {
				t.Errorf("T-36 %s: got %q, %v, want %q", json, got, err, want)
			}
		}
	}
	for json, want := range map[string]string{
		`"Brand_New"`: "brand_new", `" Brand New "`: "brand new", `99`: "99", `"99"`: "99", `-1`: "-1", `"-2"`: "-2",
		`1.5`: "1.5", `"--"`: "--",
		`"ÄRGER"`: "ärger", `null`: "", `""`: "", `" "`: "", `{"x":1}`: "", `[1]`: "", `"` + strings.Repeat("X", 100) +
			`"`: strings.Repeat("x", 100),
	} {
		if got, err := decode(json); err != nil || got != want {
			t.Errorf("unknown %s: got %q, %v, want %q", json, got, err, want)
		}
	}
}

func TestServerState(t *testing.T) {
	enumTest{
		"not_monitored": {`"NOT_MONITORED"`, `"NotMonitored"`, `"not monitored"`, `"Not-Monitored"`, `0`, `"0"`, `" 0 "`},
		"monitored":     {`"MONITORED"`, `1`, `"1"`, `1.0`},
		"error":         {`"Error"`, `2`},
	}.run(t, func(json string) (string, error) {
		d, err := decodeServerDetails(strings.NewReader(`{"name":"s","state":` + json + `}`))
		return string(d.State), err
	})
}

func TestPlatform(t *testing.T) {
	enumTest{"unknown": {`"UNKNOWN"`, `0`}, "windows": {`"Windows"`, `1`}, "linux": {`"LINUX"`, `"2"`}}.run(t,
		func(json string) (string, error) {
			d, err := decodeServerDetails(strings.NewReader(`{"name":"s","configuration":{"platform":` + json + `}}`))
			return string(d.Platform), err
		})
}

func TestLicenseState(t *testing.T) {
	enumTest{
		"valid":            {`"VALID_LICENSE"`, `"LICENSE_VALID"`, `0`},
		"invalid_checksum": {`"INVALID_LICENSE_CHECKSUM"`, `"LICENSE_INVALID_CHECKSUM"`, `1`},
		"expired": {`"EXPIRED_LICENSE"`, `"LICENSE_EXPIRED"`, `"LICENSE_EXPIRED_NO_LICENSE"`,
			`"LICENSE_EXPIRED NO_LICENSE"`, `2`},
		"no_license":           {`"NO_LICENSE"`, `3`},
		"machine_not_licensed": {`"MACHINE_NOT_ LICENSED"`, `4`},
		"invalid":              {`"INVALID_LICENSE"`, `5`},
	}.run(t, func(json string) (string, error) {
		d, err := decodeServerDetails(strings.NewReader(`{"name":"s","license":{"state":` + json + `}}`))
		return string(d.License.State), err
	})
}

func TestTaskState(t *testing.T) {
	enumTest{
		"stopped": {`"STOPPED"`, `0`}, "running": {`"Running"`, `1`, `"1"`}, "error": {`"ERROR"`, `2`},
		"recovering": {`"RECOVERY"`, `"RECOVERING"`, `"recovery"`, `3`, `"3"`}, // realworld 44
		"starting":   nil, "stopping": nil,
	}.run(t, func(json string) (string, error) {
		list, err := decodeTaskList(strings.NewReader(`{"taskList":[{"name":"x","state":` + json + `}]}`))
		return string(list[0].State), err
	})
}

func TestStopReason(t *testing.T) {
	enumTest{
		"none": {`0`}, "normal": {`1`}, "recoverable_error": {`2`}, "fatal_error": {`"FATAL ERROR"`, `3`},
		"full_load_only_finished": {`4`}, "stopped_after_full_load": {`5`}, "stopped_after_cached_events": {`6`},
		"express_license_limits_reached": {`"EXPRESS_LICENSE_ LIMITS_REACHED"`, `7`},
		"stopped_after_ddl_apply":        {`"STOPPED AFTER_DDL_APPLY"`, `8`}, "stopped_low_memory": {`9`},
		"stopped_low_disk_space": {`"STOPPED_LOW_DISK"`, `"STOPPED_LOW_ DISK_SPACE"`, `10`, `"10"`}, // realworld 46
	}.run(t, func(json string) (string, error) {
		list, err := decodeTaskList(strings.NewReader(`{"taskList":[{"name":"x","stop_reason":` + json + `}]}`))
		return string(list[0].StopReason), err
	})
}

func TestTableState(t *testing.T) {
	enumTest{ // T-37, realworld 49
		"queued": {`"TABLE_QUEUED"`, `0`}, "loading": {`"TABLE_LOADING"`, `1`}, "completed": {`"Table Completed"`, `"2"`},
		"change_processing": {`"TABLE_CHANGE_PROCESSING"`, `"ChangeProcessing"`, `3`}, "error": {`"TABLE_ERROR"`, `4`},
		"suspended": nil, // T-40
	}.run(t, func(json string) (string, error) {
		all, err := tables(strings.NewReader(`{"table_details":[{"table_on_source":"x","state":` + json + `}]}`))
		return string(all[0].State), err
	})
}
