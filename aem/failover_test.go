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
		return apiAnswer(500, CodeTaskNotFound)(), nil
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
			refuse: map[string]string{"stop 1": CodeTaskAlreadyStopped, "run 1": CodeTaskAlreadyRunning},
			want:   FailoverReport{Tasks: all, Stopped: all, Reconfigured: true, Running: all}, log: "reconfigure My A false"},
		"a task does not stop": {failover: Failover{Configuration: "B", Switch: switched},
			refuse: map[string]string{"stop 4": CodeStopTaskTimeout},
			is:     ErrTaskTimeout, want: FailoverReport{Tasks: all, Stopped: []string{"1", "2"}}},
		"not switched": {failover: Failover{Configuration: "B", Switch: func(context.Context) error { return noSwitch }},
			is:   noSwitch,
			want: FailoverReport{Tasks: all, Stopped: all}},
		"not reconfigured": {failover: Failover{Configuration: "B", Switch: switched},
			refuse: map[string]string{"reconfigure": codeUnauthorized}, is: ErrUnauthorized,
			want: FailoverReport{Tasks: all, Stopped: all}},
		"not recycled": {failover: Failover{Configuration: "B"},
			refuse: map[string]string{"reconfigure": CodeEndpointNotFound}, is: ErrNotFound,
			want: FailoverReport{Tasks: all}},
		"a task does not start": {failover: Failover{Configuration: "B", Switch: switched},
			refuse: map[string]string{"run 2": CodeRunTaskTimeout}, is: ErrTaskTimeout,
			want: FailoverReport{Tasks: all, Stopped: all, Reconfigured: true, Running: []string{"1", "4"}},
			log:  "reconfigure My B false"},
		"no configuration": {failover: Failover{}, is: ErrInvalid},
		"no such one":      {failover: Failover{Configuration: "C"}, is: ErrInvalid},
		"no such endpoint": {failover: Failover{Endpoint: EndpointRef{"s", "X"}, Configuration: "B"}, is: ErrInvalid},
		"a target":         {failover: Failover{Endpoint: EndpointRef{"s", "T"}, Configuration: "B"}, is: ErrInvalid},
		"another kind":     {failover: Failover{Endpoint: EndpointRef{"s", "P"}, Configuration: "B"}, is: ErrInvalid},
		"tasks not seen": {failover: Failover{Configuration: "B"},
			refuse: map[string]string{" tasks": codeUnauthorized}, is: ErrUnauthorized},
		"a task not seen": {failover: Failover{Configuration: "B"}, refuse: map[string]string{" 3": codeUnauthorized},
			is: ErrUnauthorized},
		"endpoints not seen": {failover: Failover{Configuration: "B"},
			refuse: map[string]string{" endpoints": codeUnauthorized}, is: ErrUnauthorized},
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

func TestForEachIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		now, most := 0, 0
		names := strings.Split(strings.Repeat("x", 30), "")
		done, err := forEach(names, func(string) error {
			mu.Lock()
			now++
			most = max(most, now)
			mu.Unlock()
			time.Sleep(time.Second)
			mu.Lock()
			now--
			mu.Unlock()
			return nil
		})
		if len(done) != 30 || err != nil || most != atOnce {
			t.Errorf("%d done, %d at once, %v", len(done), most, err)
		}
		if done, err := forEach(names[:2], func(string) error { return io.EOF }); len(done) != 0 ||
			!errors.Is(err, io.EOF) || !strings.Contains(err.Error(), `task "x"`) {
			t.Errorf("%v, %v", done, err)
		}
	})
}
