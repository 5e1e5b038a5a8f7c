package aemtest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"time"
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

// keptRecords is how many calls the audit trail remembers.
const keptRecords = 10_000

// record puts a call into the audit trail.
func (s *Simulator) record(c *call, a answer) {
	r := AuditRecord{Time: s.Now().Truncate(time.Second), User: c.user.Name, Operation: c.op.name, Server: c.server,
		Object: c.task + c.object}
	if a.status >= http.StatusBadRequest {
		var e struct {
			Code string `json:"error_code"`
		}
		if decodeJSON(a.body, &e) == nil {
			r.Error = e.Code
		}
	}
	s.audit = append(s.audit, r)
	if n := len(s.audit) - keptRecords; n > 0 {
		s.audit = append(s.audit[:0], s.audit[n:]...)
	}
}

// AuditTrail returns what calls of the API were to change, as far as they were
// permitted.
func (s *Simulator) AuditTrail() []AuditRecord {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.Clone(s.audit)
}

func (s *Simulator) exportAudit(c *call) answer {
	if c.query.Get("start_timestamp") == "" {
		return s.missing("start_timestamp")
	}
	start, ok := auditTime(c.query.Get("start_timestamp"))
	end := time.Unix(1<<40, 0)
	if text := c.query.Get("end_timestamp"); ok && text != "" {
		end, ok = auditTime(text)
	}
	switch {
	case !ok:
		return s.failed("AEM_INVALID_TIMESTAMP_FORMAT",
			"Timestamp is not a timestamp. Timestamp format should be 'yyyy'-'MM'-'dd'T'HH':'mm':'ss'Z or Ticks.")
	case end.Before(start):
		return s.failed("AEM_EXPORT_INNER_ERR",
			"Failed to export audit trail. AUDIT-E-INVRANGE. The end time is before the start time.")
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
	for _, r := range s.audit {
		if r.Time.Before(start) || r.Time.After(end) {
			continue
		}
		x := row{r.Time.Format(zulu), r.User, "Aem" + r.Operation, r.Server, r.Object, "SUCCESS", r.Error}
		if r.Error != "" {
			x.Status = "FAILURE"
		}
		rows = append(rows, x)
	}
	return s.document(map[string]any{"audit_trail": rows})
}

// document answers with a JSON document that is not a message of the API.
func (s *Simulator) document(v any) answer {
	b := bytes.NewBuffer(s.buffer())
	if s.opts.Shape == Legacy {
		b.WriteString("\ufeff")
	}
	writeIndented(b, v)
	return answer{status: http.StatusOK, body: b.Bytes()}
}

// writeIndented writes values that encoding/json can always write.
func writeIndented(b *bytes.Buffer, v any) {
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "\t")
	_ = e.Encode(v)
}

// ticksAtUnix are the .NET ticks, of 100 ns, at the beginning of Unix time.
const ticksAtUnix = 621_355_968_000_000_000

// auditTime reads a timestamp or ticks.
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
