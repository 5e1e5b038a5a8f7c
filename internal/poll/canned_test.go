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

// canned is an Enterprise Manager with so many servers and tasks, of which it says always the same.
// It costs next to nothing, so that what remains is the poller's.
type canned struct {
	servers, tasks int
	latency        time.Duration
	requests       atomic.Int64
	lists          sync.Map // path → body
}

func (c *canned) RoundTrip(r *http.Request) (*http.Response, error) {
	time.Sleep(c.latency)
	header, body := http.Header{"Content-Type": {"application/json"}}, ""
	switch at := strings.Split(strings.TrimSuffix(r.URL.Path, "/"), "/servers"); {
	case len(at) == 1:
		header.Set(aemtest.SessionHeader, "session")
	case at[1] == "":
		c.requests.Add(1)
		body = c.list("serverList", "s", c.servers, `"state":"MONITORED"`)
	default:
		c.requests.Add(1)
		switch name := path.Base(at[1]); {
		case name == "tasks":
			body = c.list("taskList", "t", c.tasks, `"state":"RUNNING"`)
		case name == "tables":
			body = `{"table_details":[]}`
		case strings.Contains(at[1], "/tasks/"):
			body = fmt.Sprintf(`{"name":%q,"state":"RUNNING","data_error_count":1}`, name)
		default:
			body = `{"server_details":{"state":"MONITORED","task_summary":{"total":1,"running":1}}}`
		}
	}
	return &http.Response{StatusCode: 200, Header: header, Body: io.NopCloser(strings.NewReader(body)),
		ContentLength: int64(len(body)), Request: r}, nil
}

// list is made once.
func (c *canned) list(key, prefix string, n int, fields string) string {
	if body, ok := c.lists.Load(key); ok {
		return body.(string)
	}
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, `,{"name":"%s%d",%s}`, prefix, i, fields)
	}
	body := fmt.Sprintf(`{%q:[%s]}`, key, b.String()[1:])
	c.lists.Store(key, body)
	return body
}
