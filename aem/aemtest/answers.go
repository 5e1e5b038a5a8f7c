package aemtest

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/aem/internal/wire"
)

// answer is what a call gets. Its body is the caller's until it is sent.
type answer struct {
	status  int
	body    []byte
	session string // a new session
	text    bool   // text/html rather than JSON
	headers map[string]string
	// later replaces the answer after a wait of real time.
	wait  time.Duration
	later func() answer
}

// apiError is an error as the API tells it.
type apiError struct {
	status        int
	code, message string
}

func (s *Simulator) fail(e apiError) answer {
	w := wire.NewWriter(s.buffer(), wire.RealWorld)
	w.Open()
	w.Str("error_code", e.code)
	w.Str("error_message", e.message)
	w.Close()
	return answer{status: e.status, body: w.B}
}

func unauthorized(status int) apiError {
	return apiError{status, "UNAUTHORIZED_REQUEST", "Unauthorized Request."}
}

func (s *Simulator) invalidSession() apiError {
	return apiError{s.opts.ExpiredStatus, "INVALID_SESSION_ID", "The session has expired or the session ID is not valid."}
}

func serverNotFound(name string) apiError {
	return apiError{http.StatusInternalServerError, "AEM_SERVER_NOT_FOUND", "Replicate server " + name +
		" could not be found."}
}

func taskNotFound(server, task string) apiError {
	return apiError{http.StatusInternalServerError, "AEM_TASK_NOT_FOUND",
		"Replicate task " + task + " on server " + server + " could not be found."}
}

// unreachable is the error of a call that needs a monitored server.
func unreachable(v *ServerState) apiError {
	if v.State == NotMonitored {
		return apiError{http.StatusInternalServerError, "AEM_SERVER_NOT_MONITORED",
			"The requested server " + v.Name + " is not monitored."}
	}
	return apiError{http.StatusInternalServerError, "AEM_SERVER_NOT_CONNECTED",
		fmt.Sprintf("The requested server \"%s\" cannot be reached at this time. Message: %s", v.Name, v.Message)}
}

// void is the answer of a method that gives nothing back.
func (s *Simulator) void() answer {
	if s.opts.Shape == Legacy {
		return answer{status: http.StatusOK, body: append(s.buffer(), "{}"...)}
	}
	return answer{status: http.StatusOK}
}

// failed answers with an error of the API: HTTP 500, as nearly all of them.
func (s *Simulator) failed(code, format string, args ...any) answer {
	return s.fail(apiError{http.StatusInternalServerError, code, fmt.Sprintf(format, args...)})
}

// apiErrorf makes an error of the API.
func apiErrorf(code, format string, args ...any) *apiError {
	return &apiError{http.StatusInternalServerError, code, fmt.Sprintf(format, args...)}
}

// missing is the answer to a request without a field that it must have.
func (s *Simulator) missing(field string) answer {
	return s.failed("AEM_MISSING_FIELD", "The %q field is missing from the request.", field)
}

// answer answers a call. The caller holds the lock: for writing when the method
// changes something.
func (s *Simulator) answer(c *call) answer {
	if c.op == nil {
		return answer{status: http.StatusNotFound, text: true, body: append(s.buffer(), notFoundPage...)}
	}
	if c.withoutLength() {
		return answer{status: http.StatusLengthRequired, text: true, body: append(s.buffer(), lengthRequiredPage...)}
	}
	if c.op.resource == resLogin {
		return s.login(c)
	}
	user, ok := s.auth.touch(c.request.Header.Get(SessionHeader))
	if !ok {
		return s.fail(s.invalidSession())
	}
	c.user = user
	if !c.permitted() {
		return s.refuse(c)
	}
	a := c.op.answer(s, c)
	if c.op.changes() {
		s.record(c, a)
	}
	return a
}

// withoutLength reports whether a request lacks the length that the Windows HTTP
// stack wants of those that may have a body.
func (c *call) withoutLength() bool {
	r := c.request
	return (r.Method == http.MethodPost || r.Method == http.MethodPut) && c.op.resource != resLogin &&
		r.Header.Get("Content-Length") == "" && r.ContentLength <= 0
}

// permitted reports whether the user has the role, and sees what the path names.
func (c *call) permitted() bool {
	u := &c.user
	return u.Role >= c.op.role &&
		(c.server == "" || visible(u.Servers, c.server)) &&
		(c.task == "" || visible(u.Tasks, c.task)) &&
		(c.object == "" || visible(u.Endpoints, c.object))
}

// refuse answers a call that the user may not make.
func (s *Simulator) refuse(c *call) answer {
	if c.op.resource == resAudit {
		return s.fail(apiError{http.StatusUnauthorized, "UNAUTHORIZED_REQUEST",
			"Unauthorized Request. request: AemExportAuditTrail"})
	}
	return s.fail(unauthorized(http.StatusForbidden))
}

const lengthRequiredPage = "<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML " +
	"4.01//EN\"\"http://www.w3.org/TR/html4/strict.dtd\">\r\n" +
	"<HTML><HEAD><TITLE>Length Required</TITLE></HEAD>\r\n<BODY><h2>Length Required</h2>\r\n" +
	"<hr><p>HTTP Error 411. The request must be chunked or have a content length.</p>\r\n</BODY></HTML>\r\n"

const notFoundPage = "<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML " +
	"4.01//EN\"\"http://www.w3.org/TR/html4/strict.dtd\">\r\n" +
	"<HTML><HEAD><TITLE>Not Found</TITLE></HEAD>\r\n<BODY><h2>Not Found</h2>\r\n" +
	"<hr><p>HTTP Error 404. The requested resource is not found.</p>\r\n</BODY></HTML>\r\n"

func (s *Simulator) login(c *call) answer {
	scheme, encoded, _ := strings.Cut(c.request.Header.Get("Authorization"), " ")
	credential, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
	if err != nil || !strings.EqualFold(strings.TrimSuffix(scheme, ":"), "Basic") {
		return s.fail(unauthorized(http.StatusUnauthorized))
	}
	id, ok := s.auth.login(string(credential))
	if !ok {
		return s.fail(unauthorized(http.StatusUnauthorized))
	}
	return answer{status: http.StatusOK, session: id, text: true}
}

func (s *Simulator) logout(c *call) answer {
	s.auth.end(c.request.Header.Get(SessionHeader), true)
	return answer{status: http.StatusOK, text: true}
}

func (s *Simulator) serverList(c *call) answer {
	now := s.Now()
	w := s.writer()
	w.Open()
	w.List("serverList")
	for _, srv := range s.servers {
		v := srv.row(now)
		if visible(c.user.Servers, v.Name) {
			serverRow(w, &v)
		}
	}
	w.EndList()
	w.Close()
	return answer{status: http.StatusOK, body: w.B}
}

func (s *Simulator) serverDetails(c *call) answer {
	srv := s.findServer(c.server)
	if srv == nil {
		return s.fail(serverNotFound(c.server))
	}
	v := srv.at(s.Now())
	w := s.writer()
	serverInDetail(w, &v)
	return answer{status: http.StatusOK, body: w.B}
}

func (s *Simulator) taskList(c *call) answer {
	srv, e := s.monitored(c)
	if e != nil {
		return s.fail(*e)
	}
	now := s.Now()
	return listed(s, "taskList", taskInfoTable, func(add func(aem.TaskInfo)) {
		for _, t := range srv.tasks {
			if v := t.at(now); visible(c.user.Tasks, v.Name) {
				add(v.info())
			}
		}
	})
}

func (s *Simulator) taskDetails(c *call) answer {
	_, t, e := s.monitoredTask(c)
	if e != nil {
		return s.fail(*e)
	}
	v := t.at(s.Now())
	w := s.writer()
	taskInDetail(w, &v)
	return answer{status: http.StatusOK, body: w.B}
}

func (s *Simulator) tableList(c *call) answer {
	return tables(s, c, "tablelist", "AEM_TABLE_LIST_INNER_ERR", "table list", tableInfoTable, (*Table).info)
}

func (s *Simulator) tableStatuses(c *call) answer {
	return tables(s, c, "table_details", "AEM_TABLE_STATUSES_INNER_ERR", "table statuses", tableStatusTable,
		(*Table).status)
}

// tables answers the two methods that list the tables of a task.
func tables[T any](s *Simulator, c *call, envelope, code, noun string, table *wire.Table[T], of func(*Table) T) answer {
	srv, t, e := s.monitoredTask(c)
	if e != nil {
		return s.fail(*e)
	}
	if t.product == Compose {
		return s.failed(code, "Failed to retrieve %s for replication task %q on server %q. Error: %q", noun, c.task,
			srv.name(), "not a Replicate task")
	}
	filter := newTableFilter(c.query)
	return listed(s, envelope, table, func(add func(T)) {
		t.eachTable(s.Now(), func(v *Table) {
			if filter.matches(v) {
				add(of(v))
			}
		})
	})
}

// monitored finds the server of a call that needs a monitored one.
func (s *Simulator) monitored(c *call) (*server, *apiError) {
	srv := s.findServer(c.server)
	if srv == nil {
		e := serverNotFound(c.server)
		return nil, &e
	}
	if v := srv.row(s.Now()); v.State != Monitored {
		e := unreachable(&v)
		return nil, &e
	}
	if s.opts.EnforceLicense && c.op.resource != resLicense && srv.at(s.Now()).License.State == LicenseExpired {
		return nil, &apiError{http.StatusInternalServerError, "AEM_SERVER_LICENSE_EXPIRED",
			"The license for requested server " + srv.name() + " has expired."}
	}
	return srv, nil
}

// monitoredTask finds the task of a call.
func (s *Simulator) monitoredTask(c *call) (*server, *task, *apiError) {
	srv, e := s.monitored(c)
	if e != nil {
		return nil, nil, e
	}
	t := srv.findTask(c.task)
	if t == nil {
		e := taskNotFound(c.server, c.task)
		return nil, nil, &e
	}
	return srv, t, nil
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
