package aem

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// A wireCase is a call and what it must look like.
type wireCase struct {
	operation string
	call      func(context.Context, *Client) error
	want      string // verb and URI below the API's root
	body      string
	answer    string
}

func noResult[T any](_ T, err error) error { return err }

func readAll(r io.ReadCloser, err error) error {
	if err != nil {
		return err
	}
	_, err = io.ReadAll(r)
	return errors.Join(err, r.Close())
}

var (
	noon    = time.Date(2026, 3, 1, 12, 0, 0, 5, time.FixedZone("", 3600))
	someACL = NewACL(Principals{Users: []string{`CORP\ada`}}, Principals{}, Principals{Groups: []string{`CORP\ops`}},
		Principals{}, false)
	aclBody  = `{"admin_role":{"groups":[],"users":[{"name":"CORP\\ada"}]},"designer_role":{"groups":[],"users":[]},"disable_inheritance":false,"operator_role":{"groups":[{"name":"CORP\\ops"}],"users":[]},"viewer_role":{"groups":[],"users":[]}}`
	taskDone = `{"state":"RUNNING","error_message":""}`
)

func run(how RunOption) func(context.Context, *Client) error {
	return func(ctx context.Context, c *Client) error {
		return noResult(c.Tasks.Run(ctx, TaskRef{"s 1", "t/1"}, how, 0))
	}
}

var wireCases = []wireCase{
	{"GetServerList", func(ctx context.Context, c *Client) error { return noResult(c.Servers.List(ctx)) },
		"GET /servers", "", `{"serverList":[]}`},
	{"GetServerDetails", func(ctx context.Context, c *Client) error { return noResult(c.Servers.Details(ctx, "s 1")) },
		"GET /servers/s%201", "", `{"server_details":{"name":"s 1"}}`},
	{"GetServer", func(ctx context.Context, c *Client) error { return noResult(c.Servers.Definition(ctx, "s 1")) },
		"GET /servers/s%201/def", "", `{"name":"s 1"}`},
	{"PutServer", func(ctx context.Context, c *Client) error {
		return c.Servers.Put(ctx, ServerDefinition{Product: Replicate, Name: "s 1", Host: "h", Port: "3552", Username: "u",
			Password: NewPassword("p<w>"), VerifyCertificate: BoolOf(false)})
	}, "PUT /servers/s%201/def",
		`{"$type":"AemReplicateServer","description":"","host":"h","monitored":true,"name":"s 1","password":"p<w>","port":"3552","username":"u","verify_server_certificate":false}`, ""},
	{"DeleteServer", func(ctx context.Context, c *Client) error { return c.Servers.Delete(ctx, "s 1") },
		"DELETE /servers/s%201/def", "", `{"state":"STOPPED","error_message":""}`},
	{"PutServerLicense", func(ctx context.Context, c *Client) error {
		return c.Servers.PutLicense(ctx, "s 1", strings.NewReader("#comment\nserial_no=1\n"))
	}, "PUT /servers/s%201/license/def", "#comment\nserial_no=1\n", ""},
	{"ExportAll", func(ctx context.Context, c *Client) error { return readAll(c.Servers.Export(ctx, "s 1")) },
		"GET /servers/s%201?action=export", "", "// Host name: x\n{}"},
	{"ImportAll", func(ctx context.Context, c *Client) error {
		return c.Servers.Import(ctx, "s 1", strings.NewReader(`{"tasks":[]}`))
	}, "POST /servers/s%201?action=import", `{"tasks":[]}`, ""},

	{"GetTaskList", func(ctx context.Context, c *Client) error { return noResult(c.Tasks.List(ctx, "s 1")) },
		"GET /servers/s%201/tasks", "", `{"taskList":[]}`},
	{"GetTaskDetails", func(ctx context.Context, c *Client) error {
		return noResult(c.Tasks.Details(ctx, TaskRef{"s 1", "t/1"}))
	},
		"GET /servers/s%201/tasks/t%2F1", "", `{"name":"t/1","state":"RUNNING"}`},
	{"RunTask", run(ResumeProcessing()), "POST /servers/s%201/tasks/t%2F1?action=run&option=RESUME_PROCESSING&timeout=60", "", taskDone},
	{"RunTask", run(ReloadTarget()), "POST /servers/s%201/tasks/t%2F1?action=run&option=RELOAD_TARGET&timeout=60", "",
		taskDone},
	{"RunTask", run(ResumeFromTimestamp(noon)),
		"POST /servers/s%201/tasks/t%2F1?action=run&option=RESUME_PROCESSING_FROM_TIMESTAMP&timeout=60",
		`{"cdcposition":"2026-03-01T11:00:00Z"}`, taskDone},
	{"RunTask", run(ResumeFromTimestampText("2026-03-01T11:00:00")),
		"POST /servers/s%201/tasks/t%2F1?action=run&option=RESUME_PROCESSING_FROM_TIMESTAMP&timeout=60",
		`{"cdcposition":"2026-03-01T11:00:00"}`, taskDone},
	{"RunTask", run(ResumeFromPosition("15000000040000037")),
		"POST /servers/s%201/tasks/t%2F1?action=run&option=RESUME_PROCESSING_FROM_POSITION&timeout=60",
		`{"cdcposition":"15000000040000037"}`, taskDone},
	{"RunTask", run(RecoverFromTargetCheckpoint("Checkpoint:V1#1")),
		"POST /servers/s%201/tasks/t%2F1?action=run&option=RECOVER_USING_CHECKPOINT_STORED_ON_TARGET&timeout=60",
		`{"cdcposition":"Checkpoint:V1#1"}`, taskDone},
	{"RunTask", run(RecoverFromLocalCheckpoint()),
		"POST /servers/s%201/tasks/t%2F1?action=run&option=RECOVER_USING_LOCALLY_STORED_CHECKPOINT&timeout=60", "", taskDone},
	{"RunTask", run(RecreateAllTables()), "POST /servers/s%201/tasks/t%2F1?action=run&option=METADATA_ONLY_RECREATE_ALL_TABLES&timeout=60", "", taskDone},
	{"RunTask", run(CreateMissingTables()),
		"POST /servers/s%201/tasks/t%2F1?action=run&option=METADATA_ONLY_CREATE_MISSING_TABLES&timeout=60", "", taskDone},
	{"StopTask", func(ctx context.Context, c *Client) error {
		return noResult(c.Tasks.Stop(ctx, TaskRef{"s 1", "t/1"}, 1500*time.Millisecond))
	}, "POST /servers/s%201/tasks/t%2F1?action=stop&timeout=2", "", `{"state":"STOPPED","error_message":null}`},
	{"DeleteTask", func(ctx context.Context, c *Client) error {
		return c.Tasks.Delete(ctx, TaskRef{"s 1", "t/1"}, DeleteTaskOptions{})
	}, "POST /servers/s%201/tasks/t%2F1?action=delete&deletetasklogs=false", "", ""},
	{"DeleteTask", func(ctx context.Context, c *Client) error {
		return c.Tasks.Delete(ctx, TaskRef{"s 1", "t/1"}, DeleteTaskOptions{Logs: true})
	}, "POST /servers/s%201/tasks/t%2F1?action=delete&deletetasklogs=true", "", ""},
	{"ExportTask", func(ctx context.Context, c *Client) error {
		return readAll(c.Tasks.Export(ctx, TaskRef{"s 1", "t/1"}, ExportTaskOptions{}))
	}, "GET /servers/s%201/tasks/t%2F1?action=export&withendpoints=false", "", "{}"},
	{"ExportTask", func(ctx context.Context, c *Client) error {
		return readAll(c.Tasks.Export(ctx, TaskRef{"s 1", "t/1"}, ExportTaskOptions{Endpoints: true}))
	}, "GET /servers/s%201/tasks/t%2F1?action=export&withendpoints=true", "", "{}"},
	{"ImportTask", func(ctx context.Context, c *Client) error {
		return c.Tasks.Import(ctx, TaskRef{"s 1", "t/1"}, strings.NewReader("// Host name: x\n{}"))
	}, "POST /servers/s%201/tasks/t%2F1?action=import", "// Host name: x\n{}", ""},
	{"CloneTask", func(ctx context.Context, c *Client) error {
		return c.Tasks.Clone(ctx, TaskRef{"s 1", "t/1"}, "t/2", CloneTaskOptions{})
	}, "POST /servers/s%201/tasks/t%2F1?action=clone", `{"clone_permissions":false,"new_task_name":"t/2"}`, ""},
	{"CloneTask", func(ctx context.Context, c *Client) error {
		return c.Tasks.Clone(ctx, TaskRef{"s 1", "t/1"}, "t/2", CloneTaskOptions{Permissions: true, Source: "a",
			Target: "b", ControlSchema: "c", TargetSchema: "d", ControlTableTablespace: "e", ControlIndexTablespace: "f"})
	}, "POST /servers/s%201/tasks/t%2F1?action=clone",
		`{"clone_permissions":true,"new_control_index_tablespace":"f","new_control_schema":"c","new_control_table_tablespace":"e","new_source_endpoint":"a","new_target_endpoint":"b","new_target_schema":"d","new_task_name":"t/2"}`, ""},
	{"GetTaskTableSelection", func(ctx context.Context, c *Client) error {
		return noResult(c.Tasks.TableSelection(ctx, TaskRef{"s 1", "t/1"}))
	}, "GET /servers/s%201/tasks/t%2F1/tables?action=selection", "", `{"included_pattern":[]}`},
	{"PutTaskTableSelection", func(ctx context.Context, c *Client) error {
		return c.Tasks.PutTableSelection(ctx, TaskRef{"s 1", "t/1"}, TableSelection{
			Included: []SelectedTable{{Owner: "HR", Name: "%", LoadOrder: LoadHigh}},
			Explicit: []SelectedTable{{"S", "V", LoadHighest, TypeView}}})
	}, "PUT /servers/s%201/tasks/t%2F1/tables?action=selection",
		`{"excluded_pattern":[],"explicit_included_tables":[{"load_order":2147483647,"name":"V","owner":"S","table_type":"VIEW"}],"included_pattern":[{"load_order":1000,"name":"%","owner":"HR","table_type":"TABLE"}]}`, ""},
	{"DeleteOldChangeData", func(ctx context.Context, c *Client) error {
		return c.Tasks.DeleteOldChangeData(ctx, TaskRef{"s 1", "t/1"}, ChangeDataBefore(noon))
	}, "POST /servers/s%201/tasks/t%2F1?action=delete_old_change_data", `{"timestamp_or_offset":"2026-03-01T11:00:00Z"}`,
		""},
	{"DeleteOldChangeData", func(ctx context.Context, c *Client) error {
		return c.Tasks.DeleteOldChangeData(ctx, TaskRef{"s 1", "t/1"}, ChangeDataOlderThan(25*time.Hour+61*time.Second))
	}, "POST /servers/s%201/tasks/t%2F1?action=delete_old_change_data", `{"timestamp_or_offset":"P1DT1H1M1S"}`, ""},
	{"DeleteOldChangeData", func(ctx context.Context, c *Client) error {
		return c.Tasks.DeleteOldChangeData(ctx, TaskRef{"s 1", "t/1"}, ChangeDataOffset("P1M3DT1H2M"))
	}, "POST /servers/s%201/tasks/t%2F1?action=delete_old_change_data", `{"timestamp_or_offset":"P1M3DT1H2M"}`, ""},
	{"SetChangeDataRetentionBarrier", func(ctx context.Context, c *Client) error {
		return c.Tasks.SetRetentionBarrier(ctx, TaskRef{"s 1", "t/1"}, RetentionBarrier{"Compose", noon})
	}, "PUT /servers/s%201/tasks/t%2F1?action=set_change_data_retention_barrier",
		`{"application":"Compose","retention_point":"2026-03-01T11:00:00Z"}`, ""},
	{"SetChangeDataRetentionBarrier", func(ctx context.Context, c *Client) error {
		return c.Tasks.RemoveRetentionBarrier(ctx, TaskRef{"s 1", "t/1"}, "Compose")
	}, "PUT /servers/s%201/tasks/t%2F1?action=set_change_data_retention_barrier",
		`{"application":"Compose","retention_point":""}`, ""},
	{"GetChangeDataRetentionBarrier", func(ctx context.Context, c *Client) error {
		return noResult(c.Tasks.RetentionBarrier(ctx, TaskRef{"s 1", "t/1"}))
	}, "GET /servers/s%201/tasks/t%2F1?action=get_change_data_retention_barrier", "", "{}"},

	{"GetTableList", func(ctx context.Context, c *Client) error {
		return noResult(c.Tables.List(ctx, TaskRef{"s 1", "t/1"}, TableFilter{}))
	}, "GET /servers/s%201/tasks/t%2F1/tables", "", `{"tablelist":[]}`},
	{"GetTableList", func(ctx context.Context, c *Client) error {
		return noResult(c.Tables.List(ctx, TaskRef{"s 1", "t/1"}, TableFilter{Schema: "H%", Table: "a b", Queued: true,
			Error: true}))
	}, "GET /servers/s%201/tasks/t%2F1/tables?schema=H%25&table=a%20b&includequeued=true&includeerror=true", "",
		`{"tablelist":[]}`},
	{"GetTableStatuses", func(ctx context.Context, c *Client) error {
		return noResult(c.Tables.Statuses(ctx, TaskRef{"s 1", "t/1"},
			TableFilter{Loading: true, Completed: true, ChangeProcessing: true}))
	}, "GET /servers/s%201/tasks/t%2F1/tables?action=getstatus&includeloading=true&includecompleted=true&includechangeprocessing=true", "", `{"table_details":[]}`},
	{"ReloadTable", func(ctx context.Context, c *Client) error {
		return c.Tables.Reload(ctx, TableRef{TaskRef{"s 1", "t/1"}, "HR", "a&b"})
	},
		"POST /servers/s%201/tasks/t%2F1/tables?action=reload&schema=HR&table=a%26b", "", ""},
	{"ResumeTable", func(ctx context.Context, c *Client) error {
		return c.Tables.Resume(ctx, TableRef{TaskRef{"s 1", "t/1"}, "HR", "T"})
	},
		"POST /servers/s%201/tasks/t%2F1/tables?action=Resume&schema=HR&table=T", "", ""},

	{"GetEndpointList", func(ctx context.Context, c *Client) error { return noResult(c.Endpoints.List(ctx, "s 1")) },
		"GET /servers/s%201/endpoints", "", `{"endpointList":[]}`},
	{"TestEndpoint", func(ctx context.Context, c *Client) error {
		return noResult(c.Endpoints.Test(ctx, EndpointRef{"s 1", "e?1"}, 5*time.Second))
	}, "GET /servers/s%201/endpoints/e%3F1?action=test&timeout=5", "", `{"status":"CONNECTED"}`},
	{"PatchEndpoint", func(ctx context.Context, c *Client) error {
		return c.Endpoints.Patch(ctx, EndpointRef{"s 1", "e?1"}, Patch{SetSetting("/db_settings/server", "h<1>"),
			ReplaceSetting("/db_settings/port", 1521),
			RemoveSetting("/db_settings/x"), TestSetting("/db_settings/y", nil),
			SetSetting("/db_settings/password", NewPassword("pw"))})
	}, "PATCH /servers/s%201/endpoints/e%3F1",
		`[{"op":"add","path":"/db_settings/server","value":"h<1>"},{"op":"replace","path":"/db_settings/port","value":1521},{"op":"remove","path":"/db_settings/x"},{"op":"test","path":"/db_settings/y","value":null},{"op":"add","path":"/db_settings/password","value":"pw"}]`, ""},
	{"DeleteEndpoint", func(ctx context.Context, c *Client) error {
		return c.Endpoints.Delete(ctx, EndpointRef{"s 1", "e?1"}, DeleteEndpointOptions{})
	}, "DELETE /servers/s%201/endpoints/e%3F1?action=delete", "", ""},
	{"ReconfigureEndpointNoWait", func(ctx context.Context, c *Client) error {
		return c.Endpoints.Reconfigure(ctx, EndpointRef{"s 1", "My Oracle"}, "Secondary", ReconfigureOptions{})
	}, "PUT /servers/s%201/endpoints/My%20Oracle?action=reconfigure&configuration=Secondary&recycle=true", "", ""},
	{"ReconfigureEndpointNoWait", func(ctx context.Context, c *Client) error {
		return c.Endpoints.Reconfigure(ctx, EndpointRef{"s 1", "My Oracle"}, "Secondary", ReconfigureOptions{KeepTasks: true})
	}, "PUT /servers/s%201/endpoints/My%20Oracle?action=reconfigure&configuration=Secondary&recycle=false", "", ""},

	{"ExportAuditTrail", func(ctx context.Context, c *Client) error {
		return readAll(c.Audit.Export(ctx, noon,
			time.Time{}))
	},
		"GET /security/audit_trail?start_timestamp=2026-03-01T11%3A00%3A00Z", "", "[]"},
	{"ExportAuditTrail", func(ctx context.Context, c *Client) error {
		return readAll(c.Audit.Export(ctx, noon, noon.Add(time.Hour)))
	}, "GET /security/audit_trail?start_timestamp=2026-03-01T11%3A00%3A00Z&end_timestamp=2026-03-01T12%3A00%3A00Z", "",
		"[]"},

	{"GetServerAcl", func(ctx context.Context, c *Client) error { return noResult(c.ACLs.Get(ctx, ServerACL("s 1"))) },
		"GET /servers/s%201?action=acl", "", aclBody},
	{"PutServerAcl", func(ctx context.Context, c *Client) error { return c.ACLs.Put(ctx, ServerACL("s 1"), someACL) },
		"PUT /servers/s%201?action=acl", aclBody, ""},
	{"DeleteServerAcl", func(ctx context.Context, c *Client) error { return c.ACLs.Delete(ctx, ServerACL("s 1")) },
		"DELETE /servers/s%201?action=acl", "", ""},
	{"GetTasksCollectionAcl", func(ctx context.Context, c *Client) error {
		return noResult(c.ACLs.Get(ctx,
			TasksACL("s 1")))
	},
		"GET /servers/s%201/tasks?action=acl", "", aclBody},
	{"PutTasksCollectionsAcl", func(ctx context.Context, c *Client) error {
		return c.ACLs.Put(ctx, TasksACL("s 1"),
			someACL)
	},
		"PUT /servers/s%201/tasks?action=acl", aclBody, ""},
	{"DeleteTasksCollectionAcl", func(ctx context.Context, c *Client) error { return c.ACLs.Delete(ctx, TasksACL("s 1")) },
		"DELETE /servers/s%201/tasks?action=acl", "", ""},
	{"GetTaskAcl", func(ctx context.Context, c *Client) error {
		return noResult(c.ACLs.Get(ctx, TaskACL(TaskRef{"s 1", "t/1"})))
	},
		"GET /servers/s%201/tasks/t%2F1?action=acl", "", aclBody},
	{"PutTaskAcl", func(ctx context.Context, c *Client) error {
		return c.ACLs.Put(ctx, TaskACL(TaskRef{"s 1", "t/1"}), someACL)
	},
		"PUT /servers/s%201/tasks/t%2F1?action=acl", aclBody, ""},
	{"DeleteTaskAcl", func(ctx context.Context, c *Client) error {
		return c.ACLs.Delete(ctx,
			TaskACL(TaskRef{"s 1", "t/1"}))
	},
		"DELETE /servers/s%201/tasks/t%2F1?action=acl", "", ""},
	{"GetEndpointsCollectionAcl", func(ctx context.Context, c *Client) error {
		return noResult(c.ACLs.Get(ctx,
			EndpointsACL("s 1")))
	},
		"GET /servers/s%201/endpoints?action=acl", "", aclBody},
	{"PutEndpointsCollectionsAcl", func(ctx context.Context, c *Client) error {
		return c.ACLs.Put(ctx,
			EndpointsACL("s 1"), someACL)
	},
		"PUT /servers/s%201/endpoints?action=acl", aclBody, ""},
	{"DeleteEndpointsCollectionAcl", func(ctx context.Context, c *Client) error {
		return c.ACLs.Delete(ctx,
			EndpointsACL("s 1"))
	},
		"DELETE /servers/s%201/endpoints?action=acl", "", ""},
	{"GetEndpointAcl", func(ctx context.Context, c *Client) error {
		return noResult(c.ACLs.Get(ctx, EndpointACL(EndpointRef{"s 1", "e?1"})))
	},
		"GET /servers/s%201/endpoints/e%3F1?action=acl", "", aclBody},
	{"PutEndpointAcl", func(ctx context.Context, c *Client) error {
		return c.ACLs.Put(ctx, EndpointACL(EndpointRef{"s 1", "e?1"}),
			someACL)
	},
		"PUT /servers/s%201/endpoints/e%3F1?action=acl", aclBody, ""},
	{"DeleteEndpointAcl", func(ctx context.Context, c *Client) error {
		return c.ACLs.Delete(ctx,
			EndpointACL(EndpointRef{"s 1", "e?1"}))
	},
		"DELETE /servers/s%201/endpoints/e%3F1?action=acl", "", ""},
}

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

// onTheWire is a request as it goes over the wire in HTTP/1.1.
func onTheWire(t *testing.T, r *http.Request) (head, body string) {
	t.Helper()
	var text strings.Builder
	if err := r.Write(&text); err != nil {
		t.Error(err)
	}
	head, body, _ = strings.Cut(text.String(), "\r\n\r\n")
	return head, body
}

func TestEveryMethodOnTheWire(t *testing.T) {
	for _, w := range wireCases {
		t.Run(w.operation, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sent := 0
				var seen tally
				client := newClient(t, testURL, WithObserver(&seen),
					WithTransport(roundTrip(func(r *http.Request) (*http.Response, error) {
						if isLogin(r) || strings.HasSuffix(r.URL.Path, "/logout") {
							return signedIn("id"), nil
						}
						sent++
						head, body := onTheWire(t, r)
						verb, uri, _ := strings.Cut(w.want, " ")
						if line := verb + " /attunityenterprisemanager/api/v1" + uri + " HTTP/1.1\r\n"; !strings.HasPrefix(head, line) {
							t.Errorf("sent %s\nwant %s", head, line)
						}
						if sorted(body) != w.body {
							t.Errorf("sent the body %s\nwant %s", body, w.body)
						}
						if length := fmt.Sprintf("\r\nContent-Length: %d", len(body)); verb != "GET" &&
							!strings.Contains(head+"\r\n", length+"\r\n") {
							t.Errorf("there is no %q in %s", length, head)
						}
						if strings.Contains(head, "Transfer-Encoding") || !strings.Contains(head, "Enterprisemanager.apisessionid: id") {
							t.Errorf("sent %s", head)
						}
						if wantJSON := strings.HasPrefix(w.body, "{") || strings.HasPrefix(w.body, "["); wantJSON &&
							!strings.Contains(head, "Content-Type: application/json") {
							t.Errorf("the body is not called JSON: %s", head)
						}
						return answer(200, w.answer), nil
					})))
				if err := w.call(t.Context(), client); err != nil {
					t.Fatal(err)
				}
				if sent != 1 || seen.requests[w.operation] != 1 {
					t.Errorf("%d requests, told of %v", sent, seen.requests)
				}
			})
		})
	}
}

// A call that changes something, or makes work, is sent once, whatever happens to it.
func TestWhatChangesSomethingIsNotRepeated(t *testing.T) {
	faults := map[string]func() (*http.Response, error){
		"broken":     func() (*http.Response, error) { return nil, io.ErrUnexpectedEOF },
		"bare 503":   func() (*http.Response, error) { return answer(503, ""), nil },
		"not JSON":   func() (*http.Response, error) { return answer(500, "<html>"), nil },
		"inner":      func() (*http.Response, error) { return apiAnswer(500, "AEM_X_INNER_ERR")(), nil },
		"under 200":  func() (*http.Response, error) { return apiAnswer(200, "AEM_X_INNER_ERR")(), nil },
		"unanswered": nil,
	}
	for _, w := range wireCases {
		reads := strings.HasPrefix(w.want, "GET") && w.operation != "TestEndpoint" &&
			!strings.HasPrefix(w.operation, "Export")
		if reads {
			continue
		}
		for name, fault := range faults {
			t.Run(w.operation+" "+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					sent := 0
					client := newClient(t, testURL, WithTransport(roundTrip(func(r *http.Request) (*http.Response, error) {
						if isLogin(r) || strings.HasSuffix(r.URL.Path, "/logout") {
							return signedIn("id"), nil
						}
						sent++
						if fault == nil {
							<-r.Context().Done()
							return nil, r.Context().Err()
						}
						return fault()
					})))
					if err := w.call(t.Context(), client); err == nil || sent != 1 {
						t.Errorf("sent %d times: %v", sent, err)
					}
				})
			})
		}
	}
}

// What a session that has ended refused has not happened, so it is sent again.
func TestEveryMethodSurvivesTheEndOfItsSession(t *testing.T) {
	for _, w := range wireCases {
		t.Run(w.operation, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := &door{expired: apiAnswer(440, codeInvalidSession),
					answer: func(*http.Request) *http.Response { return answer(200, w.answer) }}
				client := newClient(t, testURL, WithTransport(d))
				if err := client.Login(t.Context()); err != nil {
					t.Fatal(err)
				}
				d.expire()
				if err := w.call(t.Context(), client); err != nil {
					t.Fatal(err)
				}
				if logins, calls := d.counts(); logins != 2 || calls != 2 {
					t.Errorf("%d logins, %d calls", logins, calls)
				}
			})
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
		if err := client.core.call(t.Context(), c); !errors.Is(err, ErrInvalid) {
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
		"export": func(ctx context.Context, c *Client) error { return readAll(c.Servers.Export(ctx, "s")) },
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
