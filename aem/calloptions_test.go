package aem

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A page of a proxy or a sign-in is no success, whatever was asked.
func TestNoFalseSuccess(t *testing.T) {
	page := "<!DOCTYPE html><html><body>Please sign in</body></html>"
	for name, tc := range map[string]struct {
		status int
		body   string
		good   bool
	}{
		"nothing": {200, "", true}, "blanks": {200, "\ufeff \r\n", true}, "no content": {204, "", true},
		"object": {200, `{"state":"RUNNING"}`, true},
		"list":   {200, `[]`, true}, "page": {200, page, false}, "text": {200, "OK", false},
		"cut off": {200, `{"state":`, false},
		"error":   {200, `{"error_code":"AEM_X"}`, false}, "accepted": {202, "", false}, "a part": {206, "{}", false},
		"another's": {203, "", false},
	} {
		for _, e := range guideCallsInASession(t) {
			if !e.changes() {
				continue
			}
			inBubble(t, e.name+" "+name, func(t *testing.T) {
				client, requests := answering(t, answer(tc.status, tc.body))
				if _, err := e.call(t.Context(), client); (err == nil) != tc.good || len(*requests) != 1 {
					t.Errorf("%v after %q", err, *requests)
				}
			})
		}
	}
}

// tardy is a transport whose answers take a time.
func tardy(takes time.Duration) roundTrip {
	return func(r *http.Request) (*http.Response, error) {
		if isLogin(r) || strings.HasSuffix(r.URL.Path, "/logout") {
			return signedIn("id"), nil
		}
		select {
		case <-time.After(takes):
			return answer(200, `{"name":"t"}`), nil
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
}

func TestWhoseDeadlineCounts(t *testing.T) {
	for name, tc := range map[string]struct {
		client  []Option
		context time.Duration
		call    []CallOption
		takes   time.Duration
		good    bool
	}{
		"the default":            {nil, 0, nil, 11 * time.Second, false},
		"the context's, longer":  {nil, time.Minute, nil, 50 * time.Second, true},
		"the context's, shorter": {nil, time.Second, nil, 2 * time.Second, false},
		"the client's counts":    {[]Option{WithTimeout(5 * time.Second)}, time.Minute, nil, 6 * time.Second, false},
		"the call's over the client's": {[]Option{WithTimeout(5 * time.Second)}, 0, []CallOption{Timeout(time.Hour)},
			50 * time.Minute, true},
		"the call's over the context's": {nil, time.Minute, []CallOption{Timeout(time.Second)}, 2 * time.Second, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			client := newClient(t, testURL, append(tc.client, WithTransport(tardy(tc.takes)), WithRetries(0))...)
			ctx := t.Context()
			if tc.context > 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, tc.context)
				defer cancel()
			}
			_, err := client.Tasks.Details(ctx, TaskRef{"s", "t"}, tc.call...)
			if (err == nil) != tc.good || err != nil && !errors.Is(err, ErrTimeout) {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
}

func TestCallOptions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got http.Header
		client := newClient(t, testURL, WithTransport(inSession(func(r *http.Request) (*http.Response, error) {
			got = r.Header
			return answer(200, `{"taskList":[{"name":"a","new":1},{},7]}`, "X-Trace", "42"), nil
		})))
		var raw Response
		skipped := -1
		list, err := client.Tasks.List(t.Context(), "s", ExtraHeader("X-Why", "test"), Raw(&raw), Skipped(&skipped))
		if err != nil || len(list) != 1 || skipped != 2 {
			t.Errorf("%v, %v, %d skipped", list, err, skipped)
		}
		if got.Get("X-Why") != "test" || raw.Status != 200 || raw.Header.Get("X-Trace") != "42" ||
			!strings.Contains(string(raw.Body), `"new":1`) {
			t.Errorf("sent %v, kept %+v", got, raw)
		}
		// Without the option nothing hides behind an error that nobody looks at.
		if list, err = client.Tasks.List(t.Context(), "s"); list != nil || !errors.Is(err, ErrPartial) {
			t.Errorf("%v, %v", list, err)
		}
		if _, err := client.Tasks.List(t.Context(), "s", Timeout(-1)); !errors.Is(err, ErrNotSent) {
			t.Errorf("a negative timeout: %v", err)
		}
	})
}

func TestDo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, requests := answering(t, answer(200, `{"x":1}`), apiAnswer(500, "AEM_TASK_NOT_FOUND")())
		response, err := client.Do(t.Context(), Request{Method: "GET", Path: []string{"servers", "a/b", "new"},
			Query: url.Values{"q": {"x y"}}})
		if err != nil || string(response.Body) != `{"x":1}` || (*requests)[0] != "GET /servers/a%2Fb/new?q=x%20y" {
			t.Errorf("%v, %v, sent %q", response, err, *requests)
		}
		if _, err := client.Do(t.Context(), Request{Operation: "New", Method: "POST", Path: []string{"new"},
			Body: []byte("{}")}); !errors.Is(err, ErrNotFound) ||
			!errors.Is(err, ErrRefused) || !strings.HasPrefix(err.Error(), "New: ") {
			t.Errorf("got %v", err)
		}
	})
}

func TestPlainHTTPNeedsAnOption(t *testing.T) {
	for address, good := range map[string]bool{
		"http://qem.example.com": false, "http://10.0.0.1:8080": false, "http://localhost:1": true,
		"http://127.0.0.1": true, "http://[::1]:2": true,
		"https://qem.example.com": true, "http://x.test": true,
	} {
		if _, err := New(address, APIToken("t")); (err == nil) != good {
			t.Errorf("%s: %v", address, err)
		}
		if _, err := New(address, APIToken("t"), WithPlainHTTP()); err != nil {
			t.Errorf("%s, allowed: %v", address, err)
		}
	}
}

func TestWholeMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		text := strings.TrimSpace(strings.Repeat("word ", 144)) // 719 characters
		client, _ := answering(t, answer(500, `{"error_code":"AEM_X","error_message":"`+text+`"}`))
		_, err := client.Servers.List(t.Context())
		if e, ok := errors.AsType[*Error](err); !ok || e.Message != text || len(err.Error()) > 350 {
			t.Errorf("%d of %d characters, shown as %v", len(e.Message), len(text), err)
		}
	})
}

func TestWhatTheAPIRefusesForCertain(t *testing.T) {
	nobody, ada := Principals{}, Principals{Users: []string{`D\ada`}}
	for name, acl := range map[string]*ACL{
		"no domain":  NewACL(Principals{Users: []string{"ada"}}, nobody, nobody, nobody, false),
		"no account": NewACL(Principals{Users: []string{`D\`}}, nobody, nobody, nobody, false),
		"two roles":  NewACL(ada, ada, nobody, nobody, false),
		"twice":      NewACL(Principals{Users: []string{`D\a`, `D\a`}}, nobody, nobody, nobody, false),
		"user and group": NewACL(Principals{Users: []string{`D\a`}, Groups: []string{`D\a`}}, nobody, nobody, nobody,
			false),
		"nobody is an admin": NewACL(nobody, ada, nobody, nobody, true),
	} {
		if acl.Validate() == nil {
			t.Errorf("%s is good", name)
		}
	}
	if err := NewACL(nobody, ada, nobody, nobody, false).Validate(); err != nil {
		t.Error(err)
	}
	good := ServerDefinition{Product: Replicate, Name: "a b.c-d_1", Host: "h", Port: "443", Username: `D\u`,
		Password: NewPassword("p")}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
	for name, spoil := range map[string]func(*ServerDefinition){
		"product": func(d *ServerDefinition) { d.Product = "" }, "name": func(d *ServerDefinition) { d.Name = "a/b" },
		"long name": func(d *ServerDefinition) { d.Name = strings.Repeat("a", 65) },
		"host":      func(d *ServerDefinition) { d.Host = "ö" },
		"port":      func(d *ServerDefinition) { d.Port = "0" }, "no port": func(d *ServerDefinition) { d.Port = "" },
		"description": func(d *ServerDefinition) { d.Description = strings.Repeat("ä", 251) },
		"user":        func(d *ServerDefinition) { d.Username = "a@b:c" },
		"long user":   func(d *ServerDefinition) { d.Username = strings.Repeat("u", 105) },
		"password":    func(d *ServerDefinition) { d.Password = Password{} },
	} {
		d := good
		if spoil(&d); d.Validate() == nil {
			t.Errorf("a bad %s is good", name)
		}
	}
}

func TestACLFileOfAUser(t *testing.T) {
	for text, good := range map[string]bool{
		`{"admin_role":{"users":[{"name":"D\\a"}]},"none_role":{"groups":[{"name":"D\\g"}]},"disable_inheritance":true}`: true,
		`{"admin_role":{"users":[{"name":"D\\a"}]},"auditor_role":{},"disable_inheritance":true}`:                        false,
		`{"admins":{"users":[{"name":"D\\a"}]}}`:                                                                         false,
		`{"admin_role":{"users":[{"nme":"D\\a"}]}}`:                                                                      false,
		`{"admin_role":{},"disable_inheritance":"perhaps"}`:                                                              false,
	} {
		var acl ACL
		if err := acl.UnmarshalJSON([]byte(text)); (err == nil) != good || good && acl.Validate() != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// Uploads are sent as they are read, with their length, and again from their beginning in
// a new session.
func TestUploadsAreStreams(t *testing.T) {
	name := filepath.Join(t.TempDir(), "export.json")
	text := "skipped{" + strings.Repeat(" ", 1<<20) + "}"
	must(t, os.WriteFile(name, []byte(text), 0o600))
	file, err := os.Open(name)
	must(t, err)
	defer file.Close()
	_, err = file.Seek(int64(len("skipped")), io.SeekStart)
	must(t, err)
	var bodies []int64
	var sent int64
	client := newClient(t, testURL, WithTransport(inSession(func(r *http.Request) (*http.Response, error) {
		defer r.Body.Close()
		n, err := io.Copy(io.Discard, r.Body)
		if n != r.ContentLength || err != nil {
			t.Errorf("%d of %d bytes, %v", n, r.ContentLength, err)
		}
		if bodies = append(bodies, n); len(bodies) == 1 {
			return answer(440, ""), nil
		}
		return answer(200, ""), nil
	})))
	err = client.Servers.Import(t.Context(), "s", file, Progress(func(n int64) { sent = n }))
	if want := int64(len(text) - len("skipped")); err != nil || len(bodies) != 2 || bodies[1] != want || sent != want {
		t.Errorf("%v, sent %v, told %d", err, bodies, sent)
	}
}

// Not even a part of a document is held: what an upload allocates does not grow with it.
func TestUploadsNeedNoMemory(t *testing.T) {
	const size = 64 << 20
	client := newClient(t, testURL, WithTransport(inSession(func(r *http.Request) (*http.Response, error) {
		defer r.Body.Close()
		if n, err := io.Copy(io.Discard, r.Body); n != size || err != nil {
			t.Errorf("sent %d bytes: %v", n, err)
		}
		return answer(200, ""), nil
	})))
	for name, upload := range map[string]func(io.Reader) error{
		"ImportTask":       func(r io.Reader) error { return client.Tasks.Import(t.Context(), TaskRef{"s", "t"}, r) },
		"ImportAll":        func(r io.Reader) error { return client.Servers.Import(t.Context(), "s", r) },
		"PutServerLicense": func(r io.Reader) error { return client.Servers.PutLicense(t.Context(), "s", r) },
	} {
		document := io.NewSectionReader(braces{}, 0, size)
		before, after := runtime.MemStats{}, runtime.MemStats{}
		runtime.ReadMemStats(&before)
		err := upload(document)
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; err != nil || took > size/100 {
			t.Errorf("%s of %d bytes allocated %d: %v", name, size, took, err)
		}
	}
}

// braces is a document of any length that is nowhere in memory.
type braces struct{}

func (braces) ReadAt(p []byte, _ int64) (int, error) {
	for i := range p {
		p[i] = '{'
	}
	return len(p), nil
}

// A list of very many tables may take as long as it likes, but not one of them.
func TestEachTableHasItsTime(t *testing.T) {
	for pause, good := range map[time.Duration]bool{4 * time.Second: true, 6 * time.Second: false} {
		synctest.Test(t, func(t *testing.T) {
			client := newClient(t, testURL, WithTimeout(5*time.Second), WithRetries(0),
				WithTransport(inSession(func(r *http.Request) (*http.Response, error) {
					in, out := io.Pipe()
					go func() {
						defer out.Close()
						_, _ = io.WriteString(out, `{"table_details":[{"table_on_source":"first"}`)
						for range 20 {
							select {
							case <-time.After(pause):
							case <-r.Context().Done():
								_ = out.CloseWithError(r.Context().Err())
								return
							}
							_, _ = io.WriteString(out, `,{"table_on_source":"t"}`)
						}
						_, _ = io.WriteString(out, `]}`)
					}()
					return &http.Response{StatusCode: 200, Header: http.Header{}, Body: in}, nil
				})))
			tables, err := client.Tables.Statuses(t.Context(), TaskRef{"s", "t"}, TableFilter{})
			if (err == nil) != good || good && len(tables) != 21 || !good && !errors.Is(err, ErrTimeout) {
				t.Errorf("every %v: %d tables, %v", pause, len(tables), err)
			}
		})
	}
}

// The list shows the end of the run before for a while.
func TestRunToEndSeesTheRunBegin(t *testing.T) {
	const (
		before  = `{"name":"t","state":"STOPPED","task_stop_reason":"FULL_LOAD_ONLY_FINISHED","full_load_end":"2025-01-01T00:00:00"}`
		running = `{"name":"t","state":"RUNNING"}`
		after   = `{"name":"t","state":"STOPPED","task_stop_reason":"FULL_LOAD_ONLY_FINISHED","full_load_end":"2025-01-02T00:00:00",
			"full_load_counters":{"tables_with_error_count":1}}`
		failed = `{"name":"t","state":"ERROR","task_stop_reason":"FATAL_ERROR","message":"no"}`
		tables = `{"tablelist":[{"schema":"S","table":"T","state":"TABLE_ERROR"}]}`
		ran    = `{"state":"RUNNING","error_message":""}`
	)
	for name, tc := range map[string]struct {
		answers []string
		state   TaskState
		tables  int
		is      error
	}{
		"old state first": {[]string{before, ran, before, before, running, running, after, tables}, TaskStopped, 1, nil},
		"a short run":     {[]string{before, ran, before, after, tables}, TaskStopped, 1, nil},
		"failed":          {[]string{before, ran, running, failed}, TaskError, 0, ErrTaskFailed},
		"failed at once":  {[]string{before, `{"state":"ERROR","error_message":"no"}`, failed}, TaskError, 0, ErrTaskFailed},
	} {
		synctest.Test(t, func(t *testing.T) {
			var answers []*http.Response
			for _, body := range tc.answers {
				answers = append(answers, answer(200, body))
			}
			client, requests := answering(t, answers...)
			looks := 0
			report, err := client.Tasks.RunToEnd(t.Context(), TaskRef{"s", "t"}, ReloadTarget(),
				Wait{Every: 2 * time.Second, Look: func(*TaskDetails) { looks++ }})
			if !errors.Is(err, tc.is) || report.Details == nil || report.Details.State != tc.state ||
				len(report.TablesInError) != tc.tables || len(*requests) != len(answers) || looks == 0 {
				t.Errorf("%s: %+v, %v after %d requests", name, report, err, len(*requests))
			}
		})
	}
}

func TestManyTasksAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var busy crowd
		client := newClient(t, testURL, WithTransport(inSession(func(r *http.Request) (*http.Response, error) {
			busy.pass()
			if strings.Contains(r.URL.Path, "/b") {
				return apiAnswer(500, "AEM_TASK_ALREADY_RUNNING")(), nil
			}
			return answer(200, `{"state":"RUNNING"}`), nil
		})))
		told := 0
		refs := []TaskRef{{"s", "a"}, {"s", "b"}, {"s", "c"}, {"s", "d"}, {"s", "e"}}
		outcomes := client.Tasks.RunAll(t.Context(), refs, ResumeProcessing(),
			Many{AtOnce: 2, Told: func(TaskOutcome) { told++ }})
		for i, o := range outcomes {
			if o.Task != refs[i] || (o.Err != nil) != (i == 1) || (o.Result == nil) != (i == 1) {
				t.Errorf("%d: %+v", i, o)
			}
		}
		if busy.most != 2 || told != 5 || !errors.Is(outcomes[1].Err, ErrAlreadyRunning) {
			t.Errorf("%d at once, told %d", busy.most, told)
		}
		busy.most = 0
		_ = client.Tasks.RunAll(t.Context(), slices.Repeat(refs, 5), ResumeProcessing(), Many{})
		if busy.most != atOnce {
			t.Errorf("%d at once, unless told otherwise", busy.most)
		}
		given, up := context.WithCancel(t.Context())
		up()
		var failure *Error
		o := client.Tasks.StopAll(given, refs[:1], Many{})[0]
		if !errors.As(o.Err, &failure) || failure.Operation != "StopTask" {
			t.Errorf("given up: %v", o.Err)
		}
	})
}
