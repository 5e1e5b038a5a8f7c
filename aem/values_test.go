package aem

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// What is saved is read back as it was, to the last digit.
func TestValuesPrintAndSave(t *testing.T) {
	printsAs(t, WholeOf(9007199254740993), "9007199254740993", "9007199254740993")
	printsAs(t, NumberOf(-2.5), "-2.5", "-2.5")
	printsAs(t, Number{}, "null", "null")
	printsAs(t, BoolOf(false), "false", "false")
	printsAs(t, Bool{}, "null", "null")
	printsAs(t, DurationOf(26*time.Hour+1500*time.Millisecond), `"26:00:01.5"`, "26h0m1.5s")
	printsAs(t, DurationOf(-time.Minute), `"-00:01:00"`, "-1m0s")
	printsAs(t, Duration{}, "null", "null")
	for _, bad := range []any{new(Number), new(Bool), new(Duration), new(TaskInfo)} {
		if err := json.Unmarshal([]byte(`"soon"`), bad); err == nil {
			t.Errorf("a %T was read of a word", bad)
		}
	}
}

func printsAs[T any](t *testing.T, v T, inJSON, text string) {
	t.Helper()
	if saved := roundTripOf(t, v); saved != inJSON || fmt.Sprint(v) != text {
		t.Errorf("%#v: got %s and %v, want %s and %s", v, saved, v, inJSON, text)
	}
}

// What comes in answers, FuzzAnswers saves.
func TestResultsPrintAndSave(t *testing.T) {
	at := time.Date(2025, 1, 2, 3, 4, 5, 600, time.UTC)
	roundTripOf(t, TaskDetails{Product: Compose, Name: "x__p", Project: "p", State: "brand_new",
		DataErrors: WholeOf(9007199254740993), Loading: Loading{Completed: BoolOf(true), Start: at}})
	roundTripOf(t, ServerDefinition{Product: Replicate, Name: "s", Monitored: BoolOf(false)})
	roundTripOf(t, ServerTask{ServerInfo{Product: Replicate, Name: "s"},
		TaskInfo{Name: "t", StopReason: StopLowDiskSpace, Tags: []string{"a"}}})
	roundTripOf(t, *NewACL(Principals{Users: []string{`D\a`}}, Principals{}, Principals{},
		Principals{Groups: []string{`D\g`}}, true))
}

func roundTripOf[T any](t *testing.T, v T) (saved string) {
	t.Helper()
	text, err := json.Marshal(v)
	must(t, err)
	var got T
	err = json.Unmarshal(text, &got)
	if diff := cmp.Diff(v, got, acls, passwords); diff != "" || err != nil {
		t.Errorf("%s\nread back: %v\n%s", text, err, diff)
	}
	return string(text)
}

// unreadable is an observer of values that cannot be read.
type unreadable struct {
	tally
	seen []Unreadable
}

func (u *unreadable) Unreadable(v Unreadable) { u.seen = append(u.seen, v) }

func TestUnreadableValuesAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		observer := &unreadable{}
		bodies := []string{
			`{"name":"t","memory_mb":"many","cpu_percentage":-1,"disk_usage_mb":"","data_error_count":1e300,
				"cdc_latency":{"source_latency":"soon","total_latency":"00:00:01"},"full_load_start":"9999-12-31T23:59:59","full_load_end":"yesterday",
				"options":{"full_load_enabled":{}},"cdc_event_counters":"x","cdc_throughput":[1],"cdc_transactions_counters":null,
				"source_endpoint":"","assigned_tags":"one","description":{"a":1}}`,
			`{"serverList":[{"name":"a","last_connection":"0001-01-01T00:00:00"},{"name":"b","last_connection":"6/30/2020"}]}`,
		}
		client, _ := answeringTo(t, observer, answer(200, bodies[0]), answer(200, bodies[1]))
		task, err := client.Tasks.Details(t.Context(), TaskRef{"s", "t"})
		if err != nil || task.DataErrors.IsSet() || !task.FullLoad.Start.IsZero() || !task.Latency.Total.IsSet() {
			t.Errorf("%+v, %v", task, err)
		}
		if _, err := client.Servers.List(t.Context()); err != nil {
			t.Error(err)
		}
		of := func(field, text string) Unreadable { return Unreadable{"GetTaskDetails", "s", "t", "", field, text} }
		want := []Unreadable{
			of("memory_mb", "many"), of("data_error_count", "1e300"), of("cdc_latency.source_latency", "soon"),
			of("full_load_end", "yesterday"), of("options.full_load_enabled", "object"),
			of("cdc_event_counters", "string"), of("cdc_throughput", "list"), of("assigned_tags", "one"),
			of("description", "object"),
			{"GetServerList", "", "", "b", "last_connection", "6/30/2020"},
		}
		if diff := cmp.Diff(want, observer.seen); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAnswerAboutAnotherObject(t *testing.T) {
	type ask = func(context.Context, *Client) error
	details := func(name string) ask {
		return func(ctx context.Context, c *Client) error {
			_, err := c.Tasks.Details(ctx, TaskRef{"s", name})
			return err
		}
	}
	server := func(ctx context.Context, c *Client) error { _, err := c.Servers.Details(ctx, "S 1"); return err }
	definition := func(ctx context.Context, c *Client) error { _, err := c.Servers.Definition(ctx, "a"); return err }
	for name, tc := range map[string]struct {
		ask   ask
		body  string
		wrong bool
	}{
		"the same":                  {details("a"), `{"name":"a"}`, false},
		"no name":                   {details("a"), `{"state":"RUNNING"}`, false},
		"in another case":           {details("Äa"), `{"name":"äA"}`, false},
		"another":                   {details("a"), `{"name":"b"}`, true},
		"Compose, project in both":  {details("a__p"), `{"name":"a__p","project":"p"}`, false},
		"Compose, asked with":       {details("a__p"), `{"name":"a","project":"p"}`, false},
		"Compose, asked without":    {details("a"), `{"name":"a__p","project":"p"}`, false},
		"Compose, another project":  {details("a__p"), `{"name":"a","project":"q"}`, true},
		"server":                    {server, `{"server_details":{"name":"s 1"}}`, false},
		"another server":            {server, `{"server_details":{"name":"s 2"}}`, true},
		"another server definition": {definition, `{"name":"b"}`, true},
	} {
		synctest.Test(t, func(t *testing.T) {
			client, requests := answering(t, answer(200, tc.body), answer(200, tc.body), answer(200, tc.body))
			if err := tc.ask(t.Context(), client); errors.Is(err, ErrWrongObject) != tc.wrong || !tc.wrong && err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if (len(*requests) == 3) != tc.wrong { // on another connection it may be right
				t.Errorf("%s: %d requests", name, len(*requests))
			}
		})
	}
}

func TestNumberAndItsAbsence(t *testing.T) {
	if !math.IsNaN((Number{}).Float()) || !math.IsNaN((Duration{}).Seconds()) || DurationOf(time.Minute).Seconds() != 60 {
		t.Error("what is absent is a number")
	}
	for v, want := range map[Number]int64{
		{}: 0, NumberOf(2.9): 2, NumberOf(-2.9): -2, NumberOf(1e300): math.MaxInt64, NumberOf(-1e300): math.MinInt64,
	} {
		if got := v.Int(); got != want {
			t.Errorf("%v: got %d, want %d", v, got, want)
		}
	}
}
