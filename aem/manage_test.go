package aem

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// answering makes a client whose calls get these answers, one after the other, and
// returns where the requests go.
func answering(t *testing.T, answers ...*http.Response) (*Client, *[]string) {
	t.Helper()
	return answeringTo(t, nobody{}, answers...)
}

func answeringTo(t *testing.T, observer Observer, answers ...*http.Response) (*Client, *[]string) {
	t.Helper()
	requests := &[]string{}
	client := newClient(t, testURL, WithObserver(observer),
		WithTransport(inSession(func(r *http.Request) (*http.Response, error) {
			body := ""
			if r.Body != nil {
				text, _ := io.ReadAll(r.Body)
				body = " " + sorted(string(text))
			}
			*requests = append(*requests, strings.TrimSpace(r.Method+" "+strings.TrimPrefix(r.URL.RequestURI(),
				"/attunityenterprisemanager/api/v1")+body))
			if len(*requests) > len(answers) {
				return nil, io.ErrUnexpectedEOF
			}
			return answers[len(*requests)-1], nil
		})))
	return client, requests
}

var passwords = cmp.Comparer(func(a, b Password) bool {
	textA, _ := a.reveal()
	textB, _ := b.reveal()
	return textA == textB
})

func TestUpdateOfAServerKeepsItsPassword(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const definition = `{"$type":"AemComposeServer","name":"n","host":"h","port":"1","username":"u","password":"{S:98b}","monitored":"true"}`
		client, requests := answering(t,
			answer(200, definition), answer(200, strings.Replace(definition, "98b", "77c", 1)), answer(200, ""))
		err := client.Servers.Update(t.Context(), "n", func(d *ServerDefinition) error {
			d.Port = "2"
			return nil
		})
		want := `PUT /servers/n/def {"$type":"AemComposeServer","description":"","host":"h","monitored":true,"name":"n","password":"{S:77c}","port":"2","username":"u","verify_server_certificate":true}`
		if err != nil || len(*requests) != 3 || (*requests)[2] != want {
			t.Errorf("%v, sent %q", err, *requests)
		}
	})
}

func TestUpdateOfAServerThatIsNotPut(t *testing.T) {
	definition := `{"$type":"AemReplicateServer","name":"n","host":"h","port":"1","username":"u","password":"{S:98b}"}`
	mine := errors.New("no")
	for name, tc := range map[string]struct {
		change func(*ServerDefinition) error
		want   error
	}{
		"refused by the caller": {func(*ServerDefinition) error { return mine }, mine},
		"renamed":               {func(d *ServerDefinition) error { d.Name = "other"; return nil }, ErrInvalid},
		"without a password":    {func(d *ServerDefinition) error { d.Password = Password{}; return nil }, ErrInvalid},
		"without a host":        {func(d *ServerDefinition) error { d.Host = ""; return nil }, ErrInvalid},
		"of no product":         {func(d *ServerDefinition) error { d.Product = ""; return nil }, ErrInvalid},
		"not UTF-8":             {func(d *ServerDefinition) error { d.Description = "\xff"; return nil }, ErrInvalid},
	} {
		inBubble(t, name, func(t *testing.T) {
			client, requests := answering(t, answer(200, definition))
			if err := client.Servers.Update(t.Context(), "n", tc.change); !errors.Is(err, tc.want) || len(*requests) != 1 {
				t.Errorf("%v, sent %q", err, *requests)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		client, requests := answering(t, apiAnswer(500, "AEM_SERVER_NOT_FOUND")())
		if err := client.Servers.Update(t.Context(), "n", nil); err == nil || len(*requests) != 1 {
			t.Errorf("%v, sent %q", err, *requests)
		}
	})
}

// In another session the stand-in for the password would be taken for a password.
func TestPasswordOfAnEndedSessionIsNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		puts := 0
		d := &door{expired: bareAnswer(440), answer: func(r *http.Request) *http.Response {
			if r.Method == http.MethodPut {
				puts++
			}
			return answer(200, `{"name":"n","host":"h","port":"1","username":"u","password":"{S:98b}"}`)
		}}
		client := newClient(t, testURL, WithTransport(d))
		stale, err := client.Servers.Definition(t.Context(), "n")
		must(t, err)
		d.expire()
		if err = client.Servers.Put(t.Context(), *stale); !errors.Is(err, ErrStale) || !errors.Is(err, ErrNotSent) ||
			puts != 0 {
			t.Errorf("put %d times: %v", puts, err)
		}
		describe := func(s *ServerDefinition) error {
			s.Description = "changed"
			d.expire()
			return nil
		}
		if err = client.Servers.Update(t.Context(), "n", describe); err != nil || puts != 1 {
			t.Errorf("put %d times: %v", puts, err)
		}
		puts = 0
		// A real password is of no session.
		err = client.Servers.Update(t.Context(), "n", func(s *ServerDefinition) error {
			s.Password = NewPassword("real")
			d.expire()
			return nil
		})
		if err != nil || puts != 1 {
			t.Errorf("put %d times: %v", puts, err)
		}
	})
}

func TestDocumentsThatAreNotSent(t *testing.T) {
	client, requests := answering(t)
	broken := errors.New("broken")
	for name, tc := range map[string]struct {
		document io.Reader
		want     error
	}{
		"none":   {nil, ErrInvalid},
		"empty":  {strings.NewReader(" \r\n"), ErrInvalid},
		"mark":   {strings.NewReader(byteOrderMark + "\n"), ErrInvalid},
		"broken": {iotest.ErrReader(broken), broken},
	} {
		for _, err := range []error{
			client.Servers.Import(t.Context(), "s", tc.document),
			client.Tasks.Import(t.Context(), TaskRef{"s", "t"}, tc.document),
			client.Servers.PutLicense(t.Context(), "s", tc.document),
		} {
			if !errors.Is(err, tc.want) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if len(*requests) != 0 {
		t.Errorf("sent %q", *requests)
	}
}

func TestLicenseIsTextOrJSON(t *testing.T) {
	for license, want := range map[string]string{"#c\nk=v": "text/plain; charset=utf-8", byteOrderMark +
		` {"k":"v"}`: "application/json"} {
		client := newClient(t, testURL, WithTransport(roundTrip(func(r *http.Request) (*http.Response, error) {
			if r.Method == http.MethodPut && r.Header.Get("Content-Type") != want {
				t.Errorf("%q is sent as %s", license, r.Header.Get("Content-Type"))
			}
			return signedIn("id"), nil
		})))
		if err := client.Servers.PutLicense(t.Context(), "s", strings.NewReader(license)); err != nil {
			t.Error(err)
		}
	}
}

func TestArgumentsThatAreNotSent(t *testing.T) {
	client, requests := answering(t)
	ctx := t.Context()
	past := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	nobody := Principals{}
	for name, err := range map[string]error{
		"dot":       client.Servers.Delete(ctx, "."),
		"two dots":  client.ACLs.Delete(ctx, TaskACL(TaskRef{"s", ".."})),
		"dots read": noResult(client.Tasks.Details(ctx, TaskRef{"..", "t"})),
		"dots done": noResult(client.Do(ctx, Request{Method: "GET", Path: []string{"servers", ".."}})),
		"type":      client.Endpoints.Patch(ctx, EndpointRef{"s", "e"}, Patch{SetSetting("/db_settings/$type", "x")}),
		"its type": client.Endpoints.Patch(ctx, EndpointRef{"s", "e"},
			Patch{SetSetting("/db_settings/connectioninfo/$type", "x")}),
		"clone of itself":    client.Tasks.Clone(ctx, TaskRef{"s", "t"}, "t", CloneTaskOptions{}),
		"timeout":            noResult(client.Tasks.Run(ctx, TaskRef{"s", "t"}, ResumeProcessing(), -1)),
		"time of a test":     noResult(client.Endpoints.Test(ctx, EndpointRef{"s", "e"}, -time.Second)),
		"target":             client.ACLs.Delete(ctx, ACLTarget{}),
		"no run option":      noResult(client.Tasks.Run(ctx, TaskRef{"s", "t"}, RunOption{}, 0)),
		"no position":        noResult(client.Tasks.Run(ctx, TaskRef{"s", "t"}, ResumeFromPosition(""), 0)),
		"no time":            noResult(client.Tasks.Run(ctx, TaskRef{"s", "t"}, ResumeFromTimestamp(time.Time{}), 0)),
		"position not UTF-8": noResult(client.Tasks.Run(ctx, TaskRef{"s", "t"}, ResumeFromPosition("\xff"), 0)),
		"no task":            noResult(client.Tasks.Stop(ctx, TaskRef{"s", ""}, 0)),
		"no clone name":      client.Tasks.Clone(ctx, TaskRef{"s", "t"}, "", CloneTaskOptions{}),
		"clone not UTF-8":    client.Tasks.Clone(ctx, TaskRef{"s", "t"}, "\xff", CloneTaskOptions{}),
		"selection of nothing": client.Tasks.PutTableSelection(ctx, TaskRef{"s", "t"},
			TableSelection{Excluded: []SelectedTable{{Owner: "a", Name: "b"}}}),
		"no owner": client.Tasks.PutTableSelection(ctx, TaskRef{"s", "t"},
			TableSelection{Explicit: []SelectedTable{{Name: "b"}}}),
		"table not UTF-8": client.Tasks.PutTableSelection(ctx, TaskRef{"s", "t"},
			TableSelection{Explicit: []SelectedTable{{Owner: "a", Name: "\xff"}}}),
		"no point":             client.Tasks.SetRetentionBarrier(ctx, TaskRef{"s", "t"}, RetentionBarrier{Application: "a"}),
		"no application":       client.Tasks.SetRetentionBarrier(ctx, TaskRef{"s", "t"}, RetentionBarrier{Point: past}),
		"no application left":  client.Tasks.RemoveRetentionBarrier(ctx, TaskRef{"s", "t"}, ""),
		"application encoding": client.Tasks.RemoveRetentionBarrier(ctx, TaskRef{"s", "t"}, "\xff"),
		"no age":               client.Tasks.DeleteOldChangeData(ctx, TaskRef{"s", "t"}, ChangeDataAge{}),
		"zero time":            client.Tasks.DeleteOldChangeData(ctx, TaskRef{"s", "t"}, ChangeDataBefore(time.Time{})),
		"negative age":         client.Tasks.DeleteOldChangeData(ctx, TaskRef{"s", "t"}, ChangeDataOlderThan(-time.Hour)),
		"no schema":            client.Tables.Reload(ctx, TableRef{TaskRef{"s", "t"}, "", "x"}),
		"no table":             client.Tables.Resume(ctx, TableRef{TaskRef{"s", "t"}, "x", ""}),
		"no configuration":     client.Endpoints.Reconfigure(ctx, EndpointRef{"s", "MyOracle"}, "", ReconfigureOptions{}),
		"a whole name": client.Endpoints.Reconfigure(ctx, EndpointRef{"s", "MyOracle"}, "MyOracle__Secondary",
			ReconfigureOptions{}),
		"no patch":             client.Endpoints.Patch(ctx, EndpointRef{"s", "e"}, nil),
		"patch of all":         client.Endpoints.Patch(ctx, EndpointRef{"s", "e"}, Patch{SetSetting("/", 1)}),
		"move":                 client.Endpoints.Patch(ctx, EndpointRef{"s", "e"}, Patch{{Op: "move", Path: "/db_settings/a"}}),
		"patch with a channel": client.Endpoints.Patch(ctx, EndpointRef{"s", "e"}, Patch{SetSetting("/db_settings/a", make(chan int))}),
		"audit without start":  noResult(client.Audit.Export(ctx, time.Time{}, past)),
		"audit backwards":      noResult(client.Audit.Export(ctx, past, past.Add(-time.Second))),
		"no server":            client.Servers.Delete(ctx, ""),
		"no ACL":               client.ACLs.Put(ctx, ServerACL("s"), nil),
		"literal ACL": client.ACLs.Put(ctx, TaskACL(TaskRef{"s", "t"}),
			&ACL{Admin: Principals{Users: []string{`D\u`}}, DisableInheritance: BoolOf(true)}),
		"principal not UTF-8": client.ACLs.Put(ctx, ServerACL("s"),
			NewACL(Principals{Groups: []string{"\xff"}}, nobody, nobody, nobody, true)),
		"no target": client.ACLs.Update(ctx, ACLTarget{}, nil),
	} {
		if !errors.Is(err, ErrInvalid) || !errors.Is(err, ErrNotSent) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, text := range []string{"", "P", "PT", "P1DT", "1D", "P1H", "P-1D", "P1D ", "PT1D", "P1.5D"} {
		err := client.Tasks.DeleteOldChangeData(ctx, TaskRef{"s", "t"}, ChangeDataOffset(text))
		if !errors.Is(err, ErrInvalid) {
			t.Errorf("%q is a duration: %v", text, err)
		}
	}
	if len(*requests) != 0 {
		t.Errorf("sent %q", *requests)
	}
}

// T-75: a good answer may tell that the task failed.
func TestTaskResults(t *testing.T) {
	for name, tc := range map[string]struct {
		answer *http.Response
		want   TaskResult
		is     error
	}{
		"running": {answer(200, taskDone), TaskResult{State: TaskRunning}, nil},
		"message": {answer(200, `{"state":"STOPPED","error_message":"cannot\nconnect"}`),
			TaskResult{State: TaskStopped, Message: "cannot connect"}, ErrTaskFailed},
		"only a message": {answer(200, `{"error_message":"cannot connect"}`), TaskResult{Message: "cannot connect"},
			ErrTaskFailed},
		"state error": {answer(200, `{"state":"ERROR","error_message":""}`), TaskResult{State: TaskError},
			ErrTaskFailed},
		"timed out":         {apiAnswer(500, "AEM_RUN_TASK_TIMEOUT")(), TaskResult{}, ErrTaskTimeout},
		"already running":   {apiAnswer(500, "AEM_TASK_ALREADY_RUNNING")(), TaskResult{}, ErrAlreadyRunning},
		"in recovery":       {apiAnswer(500, "AEM_TASK_IN_RECOVERY")(), TaskResult{}, ErrInRecovery},
		"code under 200":    {apiAnswer(200, "AEM_TASK_ALREADY_STOPPED")(), TaskResult{}, ErrAlreadyStopped},
		"a page of proxies": {answer(200, "<html>"), TaskResult{}, ErrDecode},
	} {
		inBubble(t, name, func(t *testing.T) {
			client, _ := answering(t, tc.answer)
			got, err := client.Tasks.Run(t.Context(), TaskRef{"s", "t"}, ResumeProcessing(), 0)
			if !errors.Is(err, tc.is) || tc.is == nil && err != nil {
				t.Errorf("%v, want %v", err, tc.is)
			}
			if got == nil {
				got = &TaskResult{}
			}
			if *got != tc.want {
				t.Errorf("got %+v, want %+v", *got, tc.want)
			}
			if errors.Is(err, ErrTaskFailed) && (errors.Is(err, ErrTaskTimeout) ||
				!strings.HasPrefix(err.Error(), "RunTask: failed (HTTP 200): ")) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// The client waits for as long as it lets the API wait, and then as for any answer.
func TestActionsOutlastTheClientsTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		delay := 69 * time.Second
		client := newClient(t, testURL, WithTimeout(10*time.Second),
			WithTransport(inSession(func(r *http.Request) (*http.Response, error) {
				select {
				case <-time.After(delay):
					return answer(200, taskDone), nil
				case <-r.Context().Done():
					return nil, r.Context().Err()
				}
			})))
		if _, err := client.Tasks.Run(t.Context(), TaskRef{"s", "t"}, ResumeProcessing(), time.Minute); err != nil {
			t.Error(err)
		}
		started := time.Now()
		delay = 71 * time.Second
		_, err := client.Tasks.Stop(t.Context(), TaskRef{"s", "t"}, 0)
		if !errors.Is(err, ErrTaskTimeout) || !errors.Is(err, ErrTimeout) || time.Since(started) != 70*time.Second ||
			!strings.Contains(err.Error(), "1m10s") {
			t.Errorf("after %v: %v", time.Since(started), err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := client.Tasks.Stop(ctx, TaskRef{"s", "t"}, 0); !errors.Is(err, ErrTaskTimeout) {
			t.Errorf("the caller's deadline: %v", err)
		}
	})
}

func TestDeleteEndpointFallsBack(t *testing.T) {
	for name, tc := range map[string]struct {
		first int
		code  string
		fall  bool
		sent  int
	}{
		"405":          {405, "", true, 2},
		"404":          {404, "", true, 2},
		"501":          {501, "", true, 2},
		"500":          {500, "", true, 1},
		"not asked":    {405, "", false, 1},
		"an API error": {404, "AEM_ENDPOINT_IS_IN_USE", true, 1},
	} {
		inBubble(t, name, func(t *testing.T) {
			first := bareAnswer(tc.first)()
			if tc.code != "" {
				first = apiAnswer(tc.first, tc.code)()
			}
			client, requests := answering(t, first, answer(200, ""))
			err := client.Endpoints.Delete(t.Context(), EndpointRef{"s", "e"}, DeleteEndpointOptions{FallBackToPOST: tc.fall})
			want := []string{"DELETE /servers/s/endpoints/e?action=delete",
				"POST /servers/s/endpoints/e?action=delete"}[:tc.sent]
			if diff := cmp.Diff(want, *requests); diff != "" || (err == nil) != (tc.sent == 2) ||
				errors.Is(err, ErrInUse) != (tc.code != "") {
				t.Errorf("%v: %s", err, diff)
			}
		})
	}
}
