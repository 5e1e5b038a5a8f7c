package aem

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func details(state string) *http.Response {
	return answer(200, `{"name":"t","state":"`+state+`","message":"why"}`)
}

func TestWaitForState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, requests := answering(t, details("STOPPED"), details("STARTING"), details("RECOVERY"), details("RECOVERY"),
			details("RECOVERY"), details("RECOVERY"), details("RUNNING"))
		started := time.Now()
		got, err := client.Tasks.WaitForState(t.Context(), TaskRef{"s", "t"}, TaskRunning)
		if err != nil || got.State != TaskRunning || len(*requests) != 7 ||
			time.Since(started) != (1+2+4+8+15+15)*time.Second {
			t.Errorf("%+v, %v after %v and %d requests", got, err, time.Since(started), len(*requests))
		}
	})
	synctest.Test(t, func(t *testing.T) {
		client, _ := answering(t, details("STARTING"), details("ERROR"), details("ERROR"))
		got, err := client.Tasks.WaitForState(t.Context(), TaskRef{"s", "t"}, TaskRunning, TaskStopped)
		if !errors.Is(err, ErrTaskFailed) || got.State != TaskError || !strings.HasSuffix(err.Error(), "failed: why") {
			t.Errorf("%+v, %v", got, err)
		}
		if got, err = client.Tasks.WaitForState(t.Context(), TaskRef{"s", "t"}, TaskError); err != nil ||
			got.State != TaskError {
			t.Errorf("%+v, %v", got, err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		client, _ := answering(t, answer(200, `{"name":"t","state":"ERROR"}`))
		if _, err := client.Tasks.WaitForState(t.Context(), TaskRef{"s", "t"}); !errors.Is(err, ErrTaskFailed) ||
			!strings.Contains(err.Error(), "state error") {
			t.Error(err)
		}
	})
}

func TestWaitForOutlastsFaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, requests := answering(t, apiAnswer(500, "AEM_SERVER_NOT_CONNECTED")(), details("RUNNING"))
		if _, err := client.Tasks.WaitForState(t.Context(), TaskRef{"s", "t"}, TaskRunning); err != nil ||
			len(*requests) != 2 {
			t.Errorf("%v after %q", err, *requests)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		client, requests := answering(t, apiAnswer(500, "AEM_TASK_NOT_FOUND")())
		if _, err := client.Tasks.WaitForState(t.Context(), TaskRef{"s", "t"}, TaskRunning); !errors.Is(err, ErrNotFound) ||
			len(*requests) != 1 {
			t.Errorf("%v after %q", err, *requests)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		broken := 0
		client := newClient(t, testURL, WithTransport(inSession(func(r *http.Request) (*http.Response, error) {
			if broken++; broken < 20 {
				return nil, io.ErrUnexpectedEOF
			}
			return details("STOPPED"), nil
		})))
		if _, err := client.Tasks.WaitForState(t.Context(), TaskRef{"s", "t"}, TaskStopped); err != nil {
			t.Error(err)
		}
	})
}

func TestWaitForEnds(t *testing.T) {
	for name, tc := range map[string]struct {
		end  func(context.Context) (context.Context, context.CancelFunc)
		kind Kind
	}{
		"deadline": {func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, 10*time.Second)
		}, KindTimeout},
		"cancelled": {func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(10*time.Second, cancel)
			return ctx, cancel
		}, KindCanceled},
	} {
		inBubble(t, name, func(t *testing.T) {
			client := newClient(t, testURL, WithTransport(inSession(func(r *http.Request) (*http.Response, error) {
				return details("RECOVERY"), nil
			})))
			ctx, cancel := tc.end(t.Context())
			defer cancel()
			started := time.Now()
			_, err := client.Tasks.WaitForState(ctx, TaskRef{"s", "t"}, TaskRunning)
			if e, ok := errors.AsType[*Error](err); !ok || e.Kind != tc.kind ||
				!strings.Contains(err.Error(), "last seen recovering") ||
				time.Since(started) > 10*time.Second {
				t.Errorf("after %v: %v", time.Since(started), err)
			}
		})
	}
}

func TestAllTasks(t *testing.T) {
	answers := func() []*http.Response {
		return []*http.Response{
			answer(200, `{"serverList":[{"name":"a","state":"MONITORED"},{"name":"b","state":"NOT_MONITORED"},{"name":"c","state":"ERROR"},{"name":"d","state":"MONITORED"},{}]}`),
			answer(200, `{"taskList":[{"name":"1"},{"name":"2"},{}]}`),
			apiAnswer(500, "AEM_SERVER_NOT_CONNECTED")(),
			answer(200, `{"taskList":[{"name":"3"}]}`),
		}
	}
	synctest.Test(t, func(t *testing.T) {
		client, requests := answering(t, answers()...)
		client.core.partial = true
		var got []string
		for task, err := range client.Tasks.All(t.Context()) {
			what := task.Server.Name + "/" + task.Name
			switch {
			case errors.Is(err, ErrPartial):
				what += " partial"
			case errors.Is(err, ErrServerNotConnected):
				what += " not connected"
			case err != nil:
				t.Error(err)
			}
			got = append(got, what)
		}
		if want := "a/1, a/2, a/ partial, c/ not connected, d/3, / partial"; strings.Join(got, ", ") != want ||
			len(*requests) != 4 {
			t.Errorf("got %s, want %s; sent %q", strings.Join(got, ", "), want, *requests)
		}
	})
	// A loop may end anywhere.
	for steps := 1; steps <= 6; steps++ {
		synctest.Test(t, func(t *testing.T) {
			client, _ := answering(t, answers()...)
			client.core.partial = true
			n := 0
			for range client.Tasks.All(t.Context()) {
				if n++; n == steps {
					break
				}
			}
			if n != steps {
				t.Errorf("%d steps, want %d", n, steps)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		client, _ := answering(t, apiAnswer(500, CodeUnauthorizedRequest)())
		n := 0
		for task, err := range client.Tasks.All(t.Context()) {
			if n++; !errors.Is(err, ErrUnauthorized) || task.Server.Name != "" {
				t.Errorf("%+v, %v", task, err)
			}
		}
		if n != 1 {
			t.Errorf("%d steps", n)
		}
	})
}

// oracle is a server with an endpoint that can be switched, and the tasks of it.
type oracle struct {
	mu     sync.Mutex
	tasks  map[string]string // task → state
	refuse map[string]string // action, or action and task → error code
	slow   string            // a task that never runs again
	log    []string
}

func (o *oracle) RoundTrip(r *http.Request) (*http.Response, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	path := strings.TrimPrefix(r.URL.Path, "/attunityenterprisemanager/api/v1/servers/s/")
	action := r.URL.Query().Get("action")
	name := path[strings.LastIndexByte(path, '/')+1:]
	for _, what := range []string{action, action + " " + name} {
		if code := o.refuse[what]; code != "" {
			return apiAnswer(500, code)(), nil
		}
	}
	switch {
	case isLogin(r), strings.HasSuffix(path, "/logout"):
		return signedIn("id"), nil
	case path == "endpoints":
		return answer(200, `{"endpointList":[{"name":"My","role":"SOURCE","type":"ORACLE"},{"name":"My__A"},{"name":"My__B"},{"name":"T","role":"TARGET","type":"Oracle"},{"name":"P","role":"SOURCE","type":"PostgreSQL"}]}`), nil
	case path == "tasks":
		list := []string{`{"name":"gone"}`}
		for _, task := range []string{"1", "2", "3", "4", "5"} {
			list = append(list, `{"name":"`+task+`"}`)
		}
		return answer(200, `{"taskList":[`+strings.Join(list, ",")+`]}`), nil
	case action == "reconfigure":
		o.log = append(o.log, "reconfigure "+name+" "+r.URL.Query().Get("configuration")+" "+r.URL.Query().Get("recycle"))
		return answer(200, ""), nil
	case action == "stop":
		o.tasks[name] = "STOPPED"
		return answer(200, `{"state":"STOPPED"}`), nil
	case action == "run":
		o.tasks[name] = "RUNNING"
		return answer(200, `{"state":"RUNNING"}`), nil
	case name == o.slow && len(o.log) > 0:
		return answer(200, `{"state":"RECOVERY"}`), nil
	}
	if o.tasks[name] == "" {
		return apiAnswer(500, "AEM_TASK_NOT_FOUND")(), nil
	}
	source := map[string]string{"5": "Other"}[name]
	if source == "" {
		source = "My"
	}
	return answer(200, fmt.Sprintf(`{"name":%q,"state":%q,"source_endpoint":{"name":%q}}`, name, o.tasks[name], source)),
		nil
}

func newOracle() *oracle {
	return &oracle{tasks: map[string]string{"1": "RUNNING", "2": "RECOVERY", "3": "STOPPED", "4": "RUNNING",
		"5": "RUNNING"}}
}

func TestFailover(t *testing.T) {
	all := []string{"1", "2", "4"}
	switched := func(context.Context) error { return nil }
	noSwitch := errors.New("the standby is not ready")
	for name, tc := range map[string]struct {
		failover Failover
		refuse   map[string]string
		slow     string
		is       error
		want     FailoverReport
		log      string
	}{
		"unplanned": {failover: Failover{Configuration: "B"}, want: FailoverReport{Tasks: all, Reconfigured: true,
			Running: []string{"1", "4"}},
			refuse: nil, slow: "2", is: ErrTimeout, log: "reconfigure My B true"},
		"planned": {failover: Failover{Configuration: "B", Switch: switched},
			want: FailoverReport{Tasks: all, Stopped: all, Reconfigured: true, Running: all},
			log:  "reconfigure My B false"},
		"stopped by somebody else": {failover: Failover{Configuration: "A", Switch: switched},
			refuse: map[string]string{"stop 1": "AEM_TASK_ALREADY_STOPPED", "run 1": "AEM_TASK_ALREADY_RUNNING"},
			want:   FailoverReport{Tasks: all, Stopped: all, Reconfigured: true, Running: all}, log: "reconfigure My A false"},
		"a task does not stop": {failover: Failover{Configuration: "B", Switch: switched},
			refuse: map[string]string{"stop 4": "AEM_STOP_TASK_TIMEOUT"},
			is:     ErrTaskTimeout, want: FailoverReport{Tasks: all, Stopped: []string{"1", "2"}}},
		"not switched": {failover: Failover{Configuration: "B", Switch: func(context.Context) error { return noSwitch }},
			is:   noSwitch,
			want: FailoverReport{Tasks: all, Stopped: all}},
		"not reconfigured": {failover: Failover{Configuration: "B", Switch: switched},
			refuse: map[string]string{"reconfigure": CodeUnauthorizedRequest}, is: ErrUnauthorized,
			want: FailoverReport{Tasks: all, Stopped: all}},
		"not recycled": {failover: Failover{Configuration: "B"},
			refuse: map[string]string{"reconfigure": "AEM_ENDPOINT_NOT_FOUND"}, is: ErrNotFound,
			want: FailoverReport{Tasks: all}},
		"a task does not start": {failover: Failover{Configuration: "B", Switch: switched},
			refuse: map[string]string{"run 2": "AEM_RUN_TASK_TIMEOUT"}, is: ErrTaskTimeout,
			want: FailoverReport{Tasks: all, Stopped: all, Reconfigured: true, Running: []string{"1", "4"}},
			log:  "reconfigure My B false"},
		"no configuration": {failover: Failover{}, is: ErrInvalid},
		"no such one":      {failover: Failover{Configuration: "C"}, is: ErrInvalid},
		"no such endpoint": {failover: Failover{Endpoint: EndpointRef{"s", "X"}, Configuration: "B"}, is: ErrInvalid},
		"a target":         {failover: Failover{Endpoint: EndpointRef{"s", "T"}, Configuration: "B"}, is: ErrInvalid},
		"another kind":     {failover: Failover{Endpoint: EndpointRef{"s", "P"}, Configuration: "B"}, is: ErrInvalid},
		"tasks not seen": {failover: Failover{Configuration: "B"},
			refuse: map[string]string{" tasks": CodeUnauthorizedRequest}, is: ErrUnauthorized},
		"a task not seen": {failover: Failover{Configuration: "B"}, refuse: map[string]string{" 3": CodeUnauthorizedRequest},
			is: ErrUnauthorized},
		"endpoints not seen": {failover: Failover{Configuration: "B"},
			refuse: map[string]string{" endpoints": CodeUnauthorizedRequest}, is: ErrUnauthorized},
		"the caller's patience": {failover: Failover{Configuration: "B", Settle: time.Hour}, is: ErrTimeout,
			want: FailoverReport{Tasks: all, Reconfigured: true}, log: "reconfigure My B true"},
	} {
		inBubble(t, name, func(t *testing.T) {
			server := newOracle()
			server.refuse, server.slow = tc.refuse, tc.slow
			client := newClient(t, testURL, WithTransport(server))
			f := tc.failover
			f.Endpoint.Server = "s"
			if f.Endpoint.Endpoint == "" {
				f.Endpoint.Endpoint = "My"
			}
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Minute)
			defer cancel()
			report, err := client.Endpoints.Failover(ctx, f)
			if !errors.Is(err, tc.is) || tc.is == nil && err != nil {
				t.Errorf("%v, want %v", err, tc.is)
			}
			if diff := cmp.Diff(&tc.want, report); diff != "" {
				t.Error(diff)
			}
			if log := strings.Join(server.log, ", "); log != tc.log {
				t.Errorf("did %q, want %q", log, tc.log)
			}
		})
	}
}

func TestFailoverWaitsForTheRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newOracle()
		server.tasks["2"] = "RUNNING"
		client := newClient(t, testURL, WithTransport(server))
		started := time.Now()
		report, err := client.Endpoints.Failover(t.Context(), Failover{Endpoint: EndpointRef{"s", "My"}, Configuration: "B"})
		if err != nil || len(report.Running) != 3 || time.Since(started) != 30*time.Second {
			t.Errorf("%+v, %v after %v", report, err, time.Since(started))
		}
		server.tasks = map[string]string{"1": "STOPPED"}
		started = time.Now()
		report, err = client.Endpoints.Failover(t.Context(), Failover{Endpoint: EndpointRef{"s", "My"}, Configuration: "A"})
		if err != nil || len(report.Tasks) != 0 || time.Since(started) != 0 {
			t.Errorf("without tasks: %+v, %v after %v", report, err, time.Since(started))
		}
	})
}
