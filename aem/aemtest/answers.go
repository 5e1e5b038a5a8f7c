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
		return c.unauthorized(http.StatusUnauthorized)
	}
	return c.unauthorized(http.StatusForbidden)
}

// resolve finds what the path names, as far as the method needs it.
func (c *call) resolve() error {
	if c.op.needs == nothing {
		return nil
	}
	c.srv = find(c.servers, c.server)
	if c.srv == nil {
		return c.failed("AEM_SERVER_NOT_FOUND")
	}
	if err := c.checkServer(); err != nil {
		return err
	}
	if c.task != "" {
		c.t = find(c.srv.tasks, c.task)
		if c.t == nil && c.op.action != "import" {
			return c.failed("AEM_TASK_NOT_FOUND")
		}
	}
	if c.object != "" {
		c.end = find(c.srv.endpoints, c.object)
		if c.end == nil {
			return c.failed("AEM_ENDPOINT_NOT_FOUND")
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
	case v.State == aem.ServerNotMonitored:
		return c.failed("AEM_SERVER_NOT_MONITORED")
	case v.State != aem.ServerMonitored:
		return c.failed("AEM_SERVER_NOT_CONNECTED", "{reason}", v.Message)
	case c.op.needs >= ofReplicate && c.srv.static.Product != aem.Replicate:
		return c.failed(unsupported, "{reason}", "Replicate servers")
	}
	var major, minor int
	if n, _ := fmt.Sscanf(v.Version, "%d.%d", &major, &minor); c.op.needs == ofReplicate52 && n == 2 &&
		(major < 5 || major == 5 && minor < 2) {
		return c.failed(unsupported, "{reason}", "Replicate 5.2 or above")
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
		return c.unauthorized(http.StatusUnauthorized)
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
	return c.list("serverList", func(w *wire.Writer) {
		for _, srv := range c.servers {
			if v := srv.row(now); visible(c.user.Servers, v.Name) {
				serverRow(w, &v)
			}
		}
	})
}

func (c *call) serverDetails() error {
	v := c.srv.at(c.Now())
	w := c.writer()
	serverInDetail(w, &v)
	return c.say(w)
}

func (c *call) taskList() error {
	now := c.Now()
	return c.list("taskList", func(w *wire.Writer) {
		for _, t := range c.srv.tasks {
			if v := t.at(now); visible(c.user.Tasks, v.Name) {
				taskInfoTable.Write(w, &aem.TaskInfo{
					Name: v.Name, State: v.State, StopReason: v.StopReason, Message: v.Message, Tags: v.Tags,
				})
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
	return c.tables("AEM_TABLE_LIST_INNER_ERR", "tablelist", func(w *wire.Writer, v *aem.TableStatus) {
		tableInfoTable.Write(w, &aem.TableInfo{Schema: v.Schema, Name: v.Name, State: v.State})
	})
}

func (c *call) tableStatuses() error {
	return c.tables("AEM_TABLE_STATUSES_INNER_ERR", "table_details", tableStatusTable.Write)
}

// tables answers the two methods that list the tables of a task.
func (c *call) tables(code, envelope string, write func(*wire.Writer, *aem.TableStatus)) error {
	if c.t.product == aem.Compose {
		return c.failed(code)
	}
	wanted := tableFilter(c.query)
	return c.list(envelope, func(w *wire.Writer) {
		c.t.eachTable(c.Now(), func(v *aem.TableStatus) {
			if wanted(v) {
				write(w, v)
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
