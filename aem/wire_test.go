package aem

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func noResult[T any](_ T, err error) error { return err }

var noon = time.Date(2026, 3, 1, 12, 0, 0, 5, time.FixedZone("", 3600))

const taskDone = `{"state":"RUNNING","error_message":""}`

// sorted is a JSON object with its members in their order, so that two can be compared;
// what is none, as it is.
func sorted(text string) string {
	var v map[string]any
	if json.Unmarshal([]byte(text), &v) != nil {
		return text
	}
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(v)
	return strings.TrimSpace(b.String())
}

// What the guide has no example of: names and values that must be encoded, and arguments of
// which it shows no use.
func TestRequestsBeyondTheGuide(t *testing.T) {
	ref, endpoint := TaskRef{"s 1", "t/1"}, EndpointRef{"s 1", "e?1"}
	const task = "/servers/s%201/tasks/t%2F1"
	for _, tc := range []struct {
		want, answer string
		call         func(context.Context, *Client) error
	}{
		{"GET " + task, `{"name":"t/1","state":"RUNNING"}`, func(ctx context.Context, c *Client) error {
			return noResult(c.Tasks.Details(ctx, ref))
		}},
		{`PUT /servers/s%201/def {"$type":"AemReplicateServer","description":"","host":"h","monitored":true,"name":"s 1","password":"p<w>","port":"3552","username":"u","verify_server_certificate":false}`, "",
			func(ctx context.Context, c *Client) error {
				return c.Servers.Put(ctx, ServerDefinition{Product: Replicate, Name: "s 1", Host: "h", Port: "3552",
					Username: "u", Password: NewPassword("p<w>"), VerifyCertificate: BoolOf(false)})
			}},
		{"POST " + task + "?action=run&option=RESUME_PROCESSING&timeout=60", taskDone, run(ref, ResumeProcessing())},
		{"POST " + task + `?action=run&option=RESUME_PROCESSING_FROM_TIMESTAMP&timeout=60 {"cdcposition":"2026-03-01T11:00:00Z"}`,
			taskDone, run(ref, ResumeFromTimestamp(noon))},
		{"POST " + task + "?action=run&option=RECOVER_USING_LOCALLY_STORED_CHECKPOINT&timeout=60", taskDone,
			run(ref, RecoverFromLocalCheckpoint())},
		{"POST " + task + "?action=run&option=METADATA_ONLY_RECREATE_ALL_TABLES&timeout=60", taskDone,
			run(ref, RecreateAllTables())},
		{"POST " + task + "?action=run&option=METADATA_ONLY_CREATE_MISSING_TABLES&timeout=60", taskDone,
			run(ref, CreateMissingTables())},
		{"POST " + task + "?action=stop&timeout=2", `{"state":"STOPPED","error_message":null}`,
			func(ctx context.Context, c *Client) error {
				return noResult(c.Tasks.Stop(ctx, ref, 1500*time.Millisecond))
			}},
		{"POST " + task + "?action=delete&deletetasklogs=false", "", func(ctx context.Context, c *Client) error {
			return c.Tasks.Delete(ctx, ref, DeleteTaskOptions{})
		}},
		{"GET " + task + "?action=export&withendpoints=true", "{}", func(ctx context.Context, c *Client) error {
			return noResult(readAll(c.Tasks.Export(ctx, ref, ExportTaskOptions{Endpoints: true})))
		}},
		{"POST " + task + `?action=clone {"clone_permissions":false,"new_task_name":"t/2"}`, "",
			func(ctx context.Context, c *Client) error { return c.Tasks.Clone(ctx, ref, "t/2", CloneTaskOptions{}) }},
		{"PUT " + task + `/tables?action=selection {"excluded_pattern":[],"explicit_included_tables":[{"load_order":2147483647,"name":"V","owner":"S","table_type":"VIEW"}],"included_pattern":[{"load_order":1000,"name":"%","owner":"HR","table_type":"TABLE"}]}`, "",
			func(ctx context.Context, c *Client) error {
				return c.Tasks.PutTableSelection(ctx, ref, TableSelection{
					Included: []SelectedTable{{Owner: "HR", Name: "%", LoadOrder: LoadHigh}},
					Explicit: []SelectedTable{{"S", "V", LoadHighest, TypeView}}})
			}},
		{"POST " + task + `?action=delete_old_change_data {"timestamp_or_offset":"2026-03-01T11:00:00Z"}`, "",
			func(ctx context.Context, c *Client) error {
				return c.Tasks.DeleteOldChangeData(ctx, ref, ChangeDataBefore(noon))
			}},
		{"POST " + task + `?action=delete_old_change_data {"timestamp_or_offset":"P1DT1H1M1S"}`, "",
			func(ctx context.Context, c *Client) error {
				return c.Tasks.DeleteOldChangeData(ctx, ref, ChangeDataOlderThan(25*time.Hour+61*time.Second))
			}},
		{"GET " + task + "/tables?schema=H%25&table=a%20b&includequeued=true&includeerror=true", `{"tablelist":[]}`,
			func(ctx context.Context, c *Client) error {
				return noResult(c.Tables.List(ctx, ref, TableFilter{Schema: "H%", Table: "a b", Queued: true, Error: true}))
			}},
		{"GET " + task + "/tables?action=getstatus&includeloading=true&includecompleted=true&includechangeprocessing=true",
			`{"table_details":[]}`, func(ctx context.Context, c *Client) error {
				return noResult(c.Tables.Statuses(ctx, ref, TableFilter{Loading: true, Completed: true, ChangeProcessing: true}))
			}},
		{"POST " + task + "/tables?action=reload&schema=HR&table=a%26b", "", func(ctx context.Context, c *Client) error {
			return c.Tables.Reload(ctx, TableRef{ref, "HR", "a&b"})
		}},
		{"GET /servers/s%201/endpoints/e%3F1?action=test&timeout=5", `{"status":"CONNECTED"}`,
			func(ctx context.Context, c *Client) error {
				return noResult(c.Endpoints.Test(ctx, endpoint, 5*time.Second))
			}},
		{`PATCH /servers/s%201/endpoints/e%3F1 [{"op":"add","path":"/db_settings/server","value":"h<1>"},{"op":"replace","path":"/db_settings/port","value":1521},{"op":"remove","path":"/db_settings/x"},{"op":"test","path":"/db_settings/y","value":null},{"op":"add","path":"/db_settings/password","value":"pw"}]`, "",
			func(ctx context.Context, c *Client) error {
				return c.Endpoints.Patch(ctx, endpoint, Patch{SetSetting("/db_settings/server", "h<1>"),
					ReplaceSetting("/db_settings/port", 1521), RemoveSetting("/db_settings/x"),
					TestSetting("/db_settings/y", nil), SetSetting("/db_settings/password", NewPassword("pw"))})
			}},
		{"PUT /servers/s%201/endpoints/e%3F1?action=reconfigure&configuration=Secondary&recycle=false", "",
			func(ctx context.Context, c *Client) error {
				return c.Endpoints.Reconfigure(ctx, endpoint, "Secondary", ReconfigureOptions{KeepTasks: true})
			}},
		{"GET /security/audit_trail?start_timestamp=2026-03-01T11%3A00%3A00Z", "[]",
			func(ctx context.Context, c *Client) error {
				return noResult(readAll(c.Audit.Export(ctx, noon, time.Time{})))
			}},
	} {
		inBubble(t, tc.want, func(t *testing.T) {
			client, requests := answering(t, answer(200, tc.answer))
			err := tc.call(t.Context(), client)
			if err != nil || len(*requests) != 1 || (*requests)[0] != tc.want {
				t.Errorf("%v, sent %q, want %q", err, *requests, tc.want)
			}
		})
	}
}

func run(ref TaskRef, how RunOption) func(context.Context, *Client) error {
	return func(ctx context.Context, c *Client) error { return noResult(c.Tasks.Run(ctx, ref, how, 0)) }
}

// What a session that has ended refused has not happened, so it is sent again.
func TestEveryMethodSurvivesTheEndOfItsSession(t *testing.T) {
	for _, e := range guideCallsInASession(t) {
		inBubble(t, e.name, func(t *testing.T) {
			d := &door{expired: apiAnswer(440, CodeInvalidSessionID),
				answer: func(*http.Request) *http.Response { return answer(200, e.answer) }}
			client := newClient(t, testURL, WithTransport(d))
			must(t, client.Login(t.Context()))
			d.expire()
			_, err := e.call(t.Context(), client)
			if logins, calls := d.counts(); err != nil || logins != 2 || calls != 2 {
				t.Errorf("%d logins, %d calls: %v", logins, calls, err)
			}
		})
	}
}

func TestCallsWithoutAnActionAreNotSent(t *testing.T) {
	client := newClient(t, testURL, WithTransport(roundTrip(func(*http.Request) (*http.Response, error) {
		t.Error("a request was sent")
		return nil, io.EOF
	})))
	for _, c := range []*call{
		{verb: "DELETE", path: []string{"servers", "s"}},
		{verb: "DELETE", path: []string{"servers", "s"}, query: query{{"action", ""}}},
		{verb: "POST", path: []string{"servers", "s", "tasks", "t"}, query: query{{"timeout", "60"}}},
		{verb: "PUT", path: []string{"servers", "s", "endpoints", "e"}},
		{verb: "DELETE", path: []string{"servers", "s", "def"}, query: query{{"action", "acl"}}},
	} {
		if err := client.core.do(t.Context(), nil, c); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s %v %v: %v", c.verb, c.path, c.query, err)
		}
	}
}

// net/http would repeat a GET by itself when a connection that was idle breaks.
func TestGetsThatMakeWorkAreNotRepeatedByTheTransport(t *testing.T) {
	for operation, call := range map[string]func(context.Context, *Client) error{
		"test": func(ctx context.Context, c *Client) error {
			return noResult(c.Endpoints.Test(ctx, EndpointRef{"s", "e"}, 0))
		},
		"export": func(ctx context.Context, c *Client) error { return noResult(readAll(c.Servers.Export(ctx, "s"))) },
	} {
		t.Run(operation, func(t *testing.T) {
			var sent atomic.Int32
			server := served(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Query().Get("action") == operation {
					sent.Add(1)
					panic(http.ErrAbortHandler)
				}
			}, plain)
			client := newClient(t, server.URL)
			if err := client.Login(t.Context()); err != nil { // leaves an idle connection
				t.Fatal(err)
			}
			if err := call(t.Context(), client); !errors.Is(err, ErrConnection) || sent.Load() != 1 {
				t.Errorf("sent %d times: %v", sent.Load(), err)
			}
		})
	}
}
