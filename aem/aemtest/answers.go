package aemtest

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/aem/internal/wire"
)

// answer is what a call gets; the zero answer is success with nothing to say.
type answer struct {
	status  int
	out     []byte // the caller's until it is sent
	session string // a new session
	text    bool   // text/html rather than JSON
	headers map[string]string
	// later answers instead, after a wait of real time.
	pause time.Duration
	later func() error
}

// apiError is an error as the API, or the web server before it, tells it.
type apiError struct {
	status        int
	code, message string
	page          string
}

func (e *apiError) Error() string { return e.code + ": " + e.message }

// failed makes an error of the API: HTTP 500, as nearly all of them.
func failed(code, format string, args ...any) error {
	return &apiError{status: http.StatusInternalServerError, code: code, message: fmt.Sprintf(format, args...)}
}

func missing(field string) error {
	return failed("AEM_MISSING_FIELD", "The %q field is missing from the request.", field)
}

func unauthorized(status int) error {
	return &apiError{status: status, code: "UNAUTHORIZED_REQUEST", message: "Unauthorized Request."}
}

func (s *Simulator) invalidSession() error {
	return &apiError{status: s.opts.ExpiredStatus, code: "INVALID_SESSION_ID",
		message: "The session has expired or the session ID is not valid."}
}

func webError(status int, detail string) error {
	title := http.StatusText(status)
	return &apiError{status: status, page: fmt.Sprintf(
		"<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 4.01//EN\"\"http://www.w3.org/TR/html4/strict.dtd\">\r\n"+
			"<HTML><HEAD><TITLE>%s</TITLE></HEAD>\r\n<BODY><h2>%[1]s</h2>\r\n"+
			"<hr><p>HTTP Error %d. %s</p>\r\n</BODY></HTML>\r\n", title, status, detail)}
}

func (c *call) fail(err error) {
	var e *apiError
	if !errors.As(err, &e) {
		e = &apiError{status: http.StatusInternalServerError, code: "AEM_INNER_ERR", message: err.Error()}
	}
	c.status = e.status
	if c.text = e.page != ""; c.text {
		c.out = append(c.buffer(), e.page...)
		return
	}
	w := wire.NewWriter(c.buffer(), wire.RealWorld)
	w.Open()
	w.Str("error_code", e.code)
	w.Str("error_message", e.message)
	w.Close()
	c.out = w.B
}

// answerNow answers the call as it is now. The caller holds the lock: for writing when
// the method changes something.
func (c *call) answerNow() error {
	switch {
	case c.op == nil:
		return webError(http.StatusNotFound, "The requested resource is not found.")
	case c.withoutLength():
		return webError(http.StatusLengthRequired, "The request must be chunked or have a content length.")
	case c.op.resource == resLogin:
		return c.login()
	}
	var ok bool
	if c.user, ok = c.auth.touch(c.request.Header.Get(SessionHeader)); !ok {
		return c.invalidSession()
	}
	if err := c.permit(); err != nil {
		return err
	}
	err := c.resolve()
	if err == nil {
		err = c.op.answer(c)
	}
	if c.op.changes() {
		c.record(err)
	}
	return err
}

// withoutLength reports whether a request lacks the length that the Windows HTTP
// stack wants of those that may have a body.
func (c *call) withoutLength() bool {
	r := c.request
	return (r.Method == http.MethodPost || r.Method == http.MethodPut) && c.op.resource != resLogin &&
		r.Header.Get("Content-Length") == "" && r.ContentLength <= 0
}

// permit checks that the user has the role, and sees what the path names.
func (c *call) permit() error {
	u := &c.user
	switch {
	case u.Role >= c.op.role &&
		(c.server == "" || visible(u.Servers, c.server)) &&
		(c.task == "" || visible(u.Tasks, c.task)) &&
		(c.object == "" || visible(u.Endpoints, c.object)):
		return nil
	case c.op.resource == resAudit:
		return &apiError{status: http.StatusUnauthorized, code: "UNAUTHORIZED_REQUEST",
			message: "Unauthorized Request. request: AemExportAuditTrail"}
	}
	return unauthorized(http.StatusForbidden)
}

// resolve finds what the path names, as far as the method needs it.
func (c *call) resolve() error {
	if c.op.needs == nothing {
		return nil
	}
	c.srv = find(c.servers, c.server)
	if c.srv == nil {
		return failed("AEM_SERVER_NOT_FOUND", "Replicate server %s could not be found.", c.server)
	}
	if err := c.checkServer(); err != nil {
		return err
	}
	if c.task != "" {
		c.t = find(c.srv.tasks, c.task)
		if c.t == nil && c.op.action != "import" {
			return failed("AEM_TASK_NOT_FOUND", "Replicate task %s on server %s could not be found.", c.task, c.server)
		}
	}
	if c.object != "" {
		c.end = find(c.srv.endpoints, c.object)
		if c.end == nil {
			return failed("AEM_ENDPOINT_NOT_FOUND", "Replicate endpoint %s on server %s could not be found.", c.object,
				c.server)
		}
	}
	return nil
}

func (c *call) checkServer() error {
	const unsupported = "AEM_METHOD_NOT_SUPPORTED_VERSION"
	v := c.srv.row(c.Now())
	switch {
	case c.op.needs < reached:
		return nil
	case v.State == NotMonitored:
		return failed("AEM_SERVER_NOT_MONITORED", "The requested server %s is not monitored.", v.Name)
	case v.State != Monitored:
		return failed("AEM_SERVER_NOT_CONNECTED",
			"The requested server \"%s\" cannot be reached at this time. Message: %s", v.Name, v.Message)
	case c.op.needs >= ofReplicate && c.srv.static.Product != Replicate:
		return failed(unsupported, "%s is only supported on Replicate servers.", c.op.name)
	}
	var major, minor int
	if n, _ := fmt.Sscanf(v.Version, "%d.%d", &major, &minor); c.op.needs == ofReplicate52 && n == 2 &&
		(major < 5 || major == 5 && minor < 2) {
		return failed(unsupported, "%s is only supported on Replicate 5.2 or above.", c.op.name)
	}
	return nil
}

func (c *call) login() error {
	scheme, encoded, _ := strings.Cut(c.request.Header.Get("Authorization"), " ")
	credential, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
	if err == nil && strings.EqualFold(strings.TrimSuffix(scheme, ":"), "Basic") {
		c.session = c.auth.login(string(credential))
	}
	if c.session == "" {
		return unauthorized(http.StatusUnauthorized)
	}
	c.text = true
	return nil
}

func (c *call) logout() error {
	c.auth.end(c.request.Header.Get(SessionHeader), true)
	c.text = true
	return nil
}

func (c *call) serverList() error {
	now := c.Now()
	w := c.writer()
	w.Open()
	w.List("serverList")
	for _, srv := range c.servers {
		v := srv.row(now)
		if visible(c.user.Servers, v.Name) {
			serverRow(w, &v)
		}
	}
	w.EndList()
	w.Close()
	return c.say(w)
}

func (c *call) serverDetails() error {
	v := c.srv.at(c.Now())
	w := c.writer()
	serverInDetail(w, &v)
	return c.say(w)
}

func (c *call) taskList() error {
	now := c.Now()
	return list(c, "taskList", taskInfoTable, func(add func(aem.TaskInfo)) {
		for _, t := range c.srv.tasks {
			if v := t.at(now); visible(c.user.Tasks, v.Name) {
				add(v.info())
			}
		}
	})
}

func (c *call) taskDetails() error {
	v := c.t.at(c.Now())
	w := c.writer()
	taskInDetail(w, &v)
	return c.say(w)
}

func (c *call) tableList() error {
	if err := c.wantsTables("AEM_TABLE_LIST_INNER_ERR", "table list"); err != nil {
		return err
	}
	return tables(c, "tablelist", tableInfoTable, (*Table).info)
}

func (c *call) tableStatuses() error {
	if err := c.wantsTables("AEM_TABLE_STATUSES_INNER_ERR", "table statuses"); err != nil {
		return err
	}
	return tables(c, "table_details", tableStatusTable, (*Table).status)
}

// wantsTables checks that the task is one that has tables.
func (c *call) wantsTables(code, noun string) error {
	if c.t.product == Compose {
		return failed(code, "Failed to retrieve %s for replication task %q on server %q. Error: %q", noun, c.task,
			c.srv.name(), "not a Replicate task")
	}
	return nil
}

// tables answers the two methods that list the tables of a task.
func tables[T any](c *call, envelope string, table *wire.Table[T], of func(*Table) T) error {
	wanted := tableFilter(c.query)
	return list(c, envelope, table, func(add func(T)) {
		c.t.eachTable(c.Now(), func(v *Table) {
			if wanted(v) {
				add(of(v))
			}
		})
	})
}

// visible reports whether a user whose view is limited to patterns sees name.
func visible(patterns []string, name string) bool {
	if patterns == nil {
		return true
	}
	for _, p := range patterns {
		if p != "" && matchName(p, name) {
			return true
		}
	}
	return false
}
