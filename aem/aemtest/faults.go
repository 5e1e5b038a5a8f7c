package aemtest

import (
	"cmp"
	"net/http"
	"path"
	"slices"
	"sync"
	"time"
)

// FaultKind says what a fault does to an answer.
type FaultKind int

// The kinds of faults. What they have in common: the request is counted, and
// Fault.Latency passes first.
const (
	// FaultLatency: the answer is right, but late.
	FaultLatency FaultKind = iota + 1
	// FaultHang: no answer until the caller gives up or the simulator is closed.
	FaultHang
	// FaultReset: the connection is reset instead of an answer.
	FaultReset
	// FaultTruncate: the right headers and half of the body, then the connection ends.
	FaultTruncate
	// FaultBrokenJSON: the right body, cut in the middle, in an answer that is otherwise
	// complete.
	FaultBrokenJSON
	// FaultHTML: an error page in HTML, with Fault.Status (default 200).
	FaultHTML
	// FaultEmpty: no body, with Fault.Status (default 200).
	FaultEmpty
	// FaultNull: the body null.
	FaultNull
	// FaultWrongType: JSON in which a list or an object is something else.
	FaultWrongType
	// FaultStatus: Fault.Status (default 503) without a body.
	FaultStatus
	// FaultAPIError: Fault.Code and Fault.Message as the API tells errors, with
	// Fault.Status (default 500).
	FaultAPIError
	// FaultOversized: a valid answer padded to Fault.Bytes (default 2 GiB), streamed.
	FaultOversized
	// FaultExpiredSession: the caller's session ends, and the answer says so.
	FaultExpiredSession
	// FaultSlow: the right body, a few bytes at a time with Fault.Pause (default 1 s)
	// between them.
	FaultSlow
	// FaultBody: Fault.Body as it is, with Fault.Status (default 200).
	FaultBody
)

// Fault makes some requests go wrong.
type Fault struct {
	// Operation, Server, Task and Endpoint choose the requests: the API method's name,
	// as in GetTaskDetails, and the names in the URL. Each is a name or a path.Match
	// pattern; "" means any.
	Operation, Server, Task, Endpoint string
	// Times is how many requests go wrong; 0 means all until Remove.
	Times int

	Kind       FaultKind
	Status     int
	Code       string
	Message    string
	Body       string // of FaultBody, FaultHTML, FaultWrongType and FaultStatus; default is one of the kind
	Latency    time.Duration
	Pause      time.Duration
	Bytes      int64
	RetryAfter time.Duration // sent as Retry-After in whole seconds when above 0
}

// FaultHandle is a fault that was added.
type FaultHandle struct {
	fault Fault
	set   *faultSet
	hits  int
}

type faultSet struct {
	mu   sync.Mutex
	list []*FaultHandle
}

// AddFault makes requests go wrong until the fault is spent or removed. When
// several match, their latencies add up, and the oldest that does more than wait
// decides.
func (s *Simulator) AddFault(fault Fault) *FaultHandle {
	f := &s.faults
	f.mu.Lock()
	defer f.mu.Unlock()
	h := &FaultHandle{fault: fault, set: f}
	f.list = append(f.list, h)
	return h
}

// ClearFaults removes all faults.
func (s *Simulator) ClearFaults() {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.list = nil
}

// Remove ends the fault. Removing it twice does nothing.
func (h *FaultHandle) Remove() {
	h.set.mu.Lock()
	defer h.set.mu.Unlock()
	h.set.list = without(h.set.list, h)
}

// Hits says how many requests the fault has met.
func (h *FaultHandle) Hits() int {
	h.set.mu.Lock()
	defer h.set.mu.Unlock()
	return h.hits
}

// take returns the delay of all faults that match the call, and the first of them
// that is more than a delay; nil for none.
func (f *faultSet) take(c *call) (delay time.Duration, fault *Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, h := range slices.Clone(f.list) {
		if !h.matches(c) {
			continue
		}
		h.hits++
		if h.fault.Times > 0 && h.hits >= h.fault.Times {
			f.list = without(f.list, h)
		}
		delay += h.fault.Latency
		if h.fault.Kind != FaultLatency {
			return delay, &h.fault
		}
	}
	return delay, nil
}

func (h *FaultHandle) matches(c *call) bool {
	f := &h.fault
	return matchName(f.Operation, c.operation()) && matchName(f.Server, c.server) &&
		matchName(f.Task, c.task) && matchName(f.Endpoint, c.object)
}

// answer is that of a fault which needs nothing of the right one.
func (f *Fault) answer(operation string) *answer {
	a := &answer{status: http.StatusOK}
	var body string
	switch f.Kind {
	case FaultHTML:
		body, a.text = "<html><body><h1>Service Unavailable</h1></body></html>", true
	case FaultNull:
		body = "null"
	case FaultWrongType:
		body = wrongType(operation)
	case FaultStatus:
		a.status, a.text = http.StatusServiceUnavailable, true
	}
	a.status, a.out = cmp.Or(f.Status, a.status), []byte(cmp.Or(f.Body, body))
	return a
}

func (f *Fault) apiError() *apiError {
	return &apiError{status: cmp.Or(f.Status, http.StatusInternalServerError), code: cmp.Or(f.Code, "AEM_INNER_ERR"),
		message: f.Message}
}

func wrongType(operation string) string {
	envelopes := map[string]string{
		"GetServerList": "serverList", "GetTaskList": "taskList", "GetTableStatuses": "table_details",
		"GetTableList": "tablelist", "GetServerDetails": "server_details", "GetTaskDetails": "cdc_latency",
	}
	if key, ok := envelopes[operation]; ok {
		return `{"` + key + `":"unexpected text"}`
	}
	return `"unexpected text"`
}

// matchName reports whether name is what pattern says: "" is anything, and a name
// always matches itself, whatever signs it contains.
func matchName(pattern, name string) bool {
	if pattern == "" || pattern == name {
		return true
	}
	ok, err := path.Match(pattern, name)
	return err == nil && ok
}
