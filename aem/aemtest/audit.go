package aemtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/qem-exporter/qem_exporter/aem/internal/wire"
)

// AuditRecord is one call that was to change something.
type AuditRecord struct {
	Time      time.Time
	User      string
	Operation string // as in StopTask
	Server    string
	Object    string // the task or endpoint, if any
	Error     string // the error code; "" when it succeeded
}

const keptRecords = 10_000

func (c *call) record(err error) {
	r := AuditRecord{Time: c.Now().Truncate(time.Second), User: c.user.Name, Operation: c.op.name, Server: c.server,
		Object: c.task + c.object}
	if e := (*apiError)(nil); errors.As(err, &e) {
		r.Error = e.code
	}
	c.audit = last(append(c.audit, r), keptRecords)
}

// last are the last elements of a list, at most n of them.
func last[T any](list []T, n int) []T {
	if over := len(list) - n; over > 0 {
		return append(list[:0], list[over:]...)
	}
	return list
}

// AuditTrail returns what calls of the API were to change, as far as they were
// permitted.
func (s *Simulator) AuditTrail() []AuditRecord {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.Clone(s.audit)
}

func (c *call) exportAudit() error {
	from, to := c.query.Get("start_timestamp"), c.query.Get("end_timestamp")
	if from == "" {
		return c.missing("start_timestamp")
	}
	start, ok := auditTime(from)
	end := time.Unix(1<<40, 0)
	if ok && to != "" {
		end, ok = auditTime(to)
	}
	switch {
	case !ok:
		return c.failed("AEM_INVALID_TIMESTAMP_FORMAT")
	case end.Before(start):
		return c.failed("AEM_EXPORT_INNER_ERR")
	}
	type row struct {
		Timestamp string `json:"timestamp"`
		User      string `json:"user"`
		Request   string `json:"request"`
		Server    string `json:"server"`
		Object    string `json:"object"`
		Status    string `json:"status"`
		Error     string `json:"error_code,omitempty"`
	}
	rows := []row{}
	for _, r := range c.audit {
		if r.Time.Before(start) || r.Time.After(end) {
			continue
		}
		x := row{r.Time.Format(zulu), r.User, "Aem" + r.Operation, r.Server, r.Object, "SUCCESS", r.Error}
		if r.Error != "" {
			x.Status = "FAILURE"
		}
		rows = append(rows, x)
	}
	return c.document("", c.opts.Shape == Legacy, map[string]any{"audit_trail": rows})
}

// document answers with a JSON document that is not a message of the API, after a head
// and, if marked, a byte order mark.
func (c *call) document(head string, marked bool, v any) error {
	b := bytes.NewBuffer(c.buffer())
	if marked {
		b.WriteString(wire.ByteOrderMark)
	}
	b.WriteString(head)
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "\t")
	_ = e.Encode(v) // of types that can always be encoded
	c.out = b.Bytes()
	return nil
}

// ticksAtUnix are the .NET ticks, of 100 ns, at the beginning of Unix time.
const ticksAtUnix = 621_355_968_000_000_000

func auditTime(text string) (time.Time, bool) {
	if t, err := time.Parse(zulu, text); err == nil {
		return t, true
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return time.Time{}, false
	}
	n -= ticksAtUnix
	return time.Unix(n/1e7, n%1e7*100).UTC(), true
}
