package aem

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/qem-exporter/qem_exporter/aem/internal/wire"
)

const (
	exportWait = time.Minute // a server may take that long to gather an export
	importWait = time.Minute // and to take one in
)

// JSON skips what an export has before its JSON: a byte order mark, and lines that
// are blank or begin with //. Everything else is handed on as it is.
func JSON(export io.Reader) io.Reader { return &jsonReader{in: bufio.NewReader(export)} }

type jsonReader struct {
	in    *bufio.Reader
	begun bool
}

// Read implements io.Reader.
func (j *jsonReader) Read(p []byte) (int, error) {
	if !j.begun {
		if err := j.skip(); err != nil {
			return 0, err
		}
		j.begun = true
	}
	return j.in.Read(p)
}

func (j *jsonReader) skip() error {
	if head, _ := j.in.Peek(len(byteOrderMark)); string(head) == byteOrderMark {
		_, _ = j.in.Discard(len(byteOrderMark))
	}
	for {
		head, err := j.in.Peek(1)
		if err != nil {
			return err
		}
		switch head[0] {
		case ' ', '\t', '\r', '\n':
			_, _ = j.in.Discard(1)
			continue
		case '/':
			if head, _ = j.in.Peek(2); string(head) == "//" {
				if err := j.skipLine(); err != nil {
					return err
				}
				continue
			}
		}
		return nil
	}
}

func (j *jsonReader) skipLine() error {
	for {
		_, err := j.in.ReadSlice('\n')
		if !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
	}
}

// export makes a call whose answer the caller reads. It is not repeated: to gather
// an export is work.
func (c *core) export(ctx context.Context, opts []CallOption, call *call) (io.ReadCloser, error) {
	call.verb = http.MethodGet
	call.once = true
	call.wait = exportWait
	call.export = &exported{}
	if err := c.do(ctx, opts, call); err != nil {
		return nil, err
	}
	return call.export, nil
}

// exported is the body of an export. Its errors are *Error.
type exported struct {
	in      io.ReadCloser
	head    []byte // read by begin
	attempt attempt
	idle    time.Duration // the longest wait for the next bytes
	total   int64
	err     error // of the last read
}

// enoughToTell is how much of an object begin reads.
const enoughToTell = 1024

// begin takes an answer. From then on the clock of the attempt runs while bytes are waited for.
func (e *exported) begin(a attempt, body io.ReadCloser) error {
	*e = exported{in: body, attempt: a, idle: a.call.limit(a.sender)}
	err := e.look()
	if err != nil {
		_ = e.Close()
	}
	return err
}

// look reads the first bytes, which tell an error, and a page that is none of the
// API's, from an export.
func (e *exported) look() error {
	var text []byte // the JSON, as far as it has come
	for len(text) < enoughToTell && len(e.head) < maxErrorBytes {
		buffer := make([]byte, 4096)
		n, err := e.fill(buffer)
		e.head = append(e.head, buffer[:n]...)
		text, _ = io.ReadAll(JSON(bytes.NewReader(e.head)))
		plain := bytes.HasPrefix(bytes.TrimSpace(bytes.TrimPrefix(e.head, []byte(byteOrderMark))), []byte("{"))
		if err == io.EOF || len(text) > 0 && !plain { // an error has no comment before it
			break
		}
		if err != nil {
			return err
		}
	}
	if fault, ok := wire.ReadError(bytes.NewReader(e.head)); ok {
		failure := e.attempt.fault(KindAPI, "", nil)
		failure.Code, failure.Message = e.attempt.clean(fault)
		return failure
	}
	switch {
	case len(text) == 0:
		return e.attempt.fault(KindDecode, "the export is empty", nil)
	case text[0] != '{' && text[0] != '[':
		return e.attempt.fault(KindDecode, "no JSON, so no export: is there a proxy in between, or is the URL path wrong?",
			nil)
	}
	return nil
}

// Read implements io.Reader.
func (e *exported) Read(p []byte) (int, error) {
	if len(e.head) > 0 {
		n := copy(p, e.head)
		e.head = e.head[n:]
		return n, nil
	}
	return e.fill(p)
}

// fill reads the next bytes, for which it waits no longer than idle.
func (e *exported) fill(p []byte) (int, error) {
	if e.err != nil || len(p) == 0 {
		return 0, e.err
	}
	e.attempt.clock.again(e.idle)
	n, err := e.in.Read(p)
	e.attempt.clock.pause()
	e.total += int64(n)
	if told := e.attempt.call.told; told != nil && n > 0 {
		told(e.total)
	}
	switch {
	case err == nil || err == io.EOF:
		e.err = err
	case e.attempt.clock.Err() != nil && e.attempt.parent.Err() == nil:
		e.err = e.attempt.fault(KindTimeout, "nothing came for "+e.idle.String(), context.DeadlineExceeded)
	default:
		e.err = e.attempt.brokenOff(err)
	}
	return n, e.err
}

// Close ends the export, wherever it is.
func (e *exported) Close() error {
	if e.err == nil || e.err == io.EOF {
		e.err = e.attempt.fault(KindCanceled, "the export is closed", nil)
	}
	e.head = nil
	e.attempt.clock.stop()
	return e.in.Close()
}

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
		c.refuse("there is no start")
	}
	c.with("start_timestamp", timestamp(start))
	if !end.IsZero() {
		c.with("end_timestamp", timestamp(end))
	}
	if !end.IsZero() && end.Before(start) {
		c.refuse("the end is before the start")
	}
	return s.core.export(ctx, opts, c)
}
