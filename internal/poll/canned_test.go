package poll

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"path"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/qem-exporter/qem_exporter/aem/aemtest"
)

// canned is an Enterprise Manager with so many servers s0, s1, … and tasks t0, t1, … of each, of which
// it says always the same. It costs next to nothing, so that what remains is the poller's.
type canned struct {
	servers, tasks int
	latency        time.Duration
	hanging        atomic.Int64 // so many servers, from s0 on, do not answer
	requests       atomic.Int64
	lists          sync.Map // path → body
}

func (c *canned) RoundTrip(r *http.Request) (*http.Response, error) {
	time.Sleep(c.latency)
	header, body := http.Header{"Content-Type": {"application/json"}}, ""
	_, at, known := strings.Cut(strings.TrimSuffix(r.URL.Path, "/"), "/servers")
	if !known { // a login
		header.Set(aemtest.SessionHeader, "session")
		return &http.Response{StatusCode: 200, Header: header, Body: http.NoBody, Request: r}, nil
	}
	c.requests.Add(1)
	var server int64
	if _, err := fmt.Sscanf(at, "/s%d", &server); err == nil && server < c.hanging.Load() {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	switch name := path.Base(at); {
	case at == "":
		body = c.list(at, "serverList", "s", c.servers, "MONITORED")
	case name == "tasks":
		body = c.list(at, "taskList", "t", c.tasks, "RUNNING")
	case name == "tables":
		body = `{"table_details":[]}`
	case strings.Contains(at, "/tasks/"):
		body = fmt.Sprintf(`{"name":%q,"state":"RUNNING","data_error_count":1}`, name)
	default:
		body = `{"server_details":{"state":"MONITORED","task_summary":{"total":1,"running":1}}}`
	}
	return &http.Response{StatusCode: 200, Header: header, Body: io.NopCloser(strings.NewReader(body)),
		ContentLength: int64(len(body)), Request: r}, nil
}

// list is made once, unless something fails.
func (c *canned) list(at, key, prefix string, n int, state string) string {
	if body, ok := c.lists.Load(at); ok {
		return body.(string)
	}
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, `,{"name":"%s%d","state":%q}`, prefix, i, state)
	}
	body := fmt.Sprintf(`{%q:[%s]}`, key, b.String()[1:])
	c.lists.Store(at, body)
	return body
}

// fail lets a running task fail.
func (c *canned) fail(server, task string) {
	at := "/" + server + "/tasks"
	body, _ := c.lists.Load(at)
	row := fmt.Sprintf(`{"name":%q,"state":`, task)
	c.lists.Store(at, strings.Replace(body.(string), row+`"RUNNING"`, row+`"ERROR"`, 1))
}
