package aem

import (
	"context"
	"io"
	"time"
)

// AuditService reads the audit trail of Enterprise Manager.
type AuditService struct{ core *core }

// Export returns the audit trail of all servers from one time to another as a
// stream of JSON that the caller reads and closes; see JSON. With a zero end it goes
// to the latest record. The guide does not describe what is in it. It needs the role
// Admin on Enterprise Manager.
//
// API: ExportAuditTrail, GET /security/audit_trail?start_timestamp=..&end_timestamp=...
func (s AuditService) Export(ctx context.Context, start, end time.Time, opts ...CallOption) (io.ReadCloser, error) {
	c := &call{operation: "ExportAuditTrail", path: []string{"security", "audit_trail"}}
	if start.IsZero() {
		return nil, refusal(c.operation, "there is no start")
	}
	c.query = query{{"start_timestamp", timestamp(start)}}
	if !end.IsZero() {
		if end.Before(start) {
			return nil, refusal(c.operation, "the end is before the start")
		}
		c.query = append(c.query, param{"end_timestamp", timestamp(end)})
	}
	return s.core.export(ctx, opts, c)
}
