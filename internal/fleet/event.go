package fleet

import (
	"slices"
	"sync"
	"time"
)

// EventKind says what changed.
type EventKind string

// The kinds of events.
const (
	TaskStateChanged    EventKind = "task_state"
	TaskStopReason      EventKind = "task_stop_reason"
	TaskAppeared        EventKind = "task_appeared"
	TaskVanished        EventKind = "task_vanished"
	TablesInError       EventKind = "tables_error"
	ServerStateChanged  EventKind = "server_state"
	ServerAppeared      EventKind = "server_appeared"
	ServerVanished      EventKind = "server_vanished"
	ServerReadable      EventKind = "server_readable" // from and to: why it could not be read, or ""
	LicenseChanged      EventKind = "license_state"
	EndpointTestChanged EventKind = "endpoint_test"
	ManagerReadable     EventKind = "manager_readable"
	Storm               EventKind = "storm" // many of one kind in one reading
)

// Event is one change that a poller saw.
type Event struct {
	Number uint64    `json:"number"` // counts up from 1, per Enterprise Manager
	Time   time.Time `json:"time"`   // when it was seen
	// `task_state`, `task_stop_reason`, `task_appeared`, `task_vanished`, `tables_error`, `server_state`,
	// `server_appeared`, `server_vanished`, `server_readable`, `license_state`, `endpoint_test`,
	// `manager_readable`, `storm`
	Kind     EventKind `json:"kind"`
	Server   string    `json:"server,omitempty"`
	Task     string    `json:"task,omitempty"`
	Endpoint string    `json:"endpoint,omitempty"`
	From     string    `json:"from,omitempty"`    // what it was
	To       string    `json:"to,omitempty"`      // what it is now
	Message  string    `json:"message,omitempty"` // in Enterprise Manager's words, without secrets, cut
	Count    int       `json:"count,omitempty"`   // of a `storm`: how many changes there were in one reading
	Of       EventKind `json:"of,omitempty"`      // of a `storm`: their kind
	Names    []string  `json:"names,omitempty"`   // of a `storm`: the first names
}

// JournalSize is how many events a Journal keeps.
const JournalSize = 2000

// Journal keeps the last events of one Enterprise Manager. It is safe for concurrent use, and its
// zero value is empty.
type Journal struct {
	mu     sync.Mutex
	events []Event // a ring once it is full
	next   uint64  // the number of the next event, less 1
}

// Add keeps an event and numbers it.
func (j *Journal) Add(e Event) {
	j.mu.Lock()
	defer j.mu.Unlock()
	at := int(j.next % JournalSize)
	j.next++
	e.Number = j.next
	if at == len(j.events) {
		j.events = append(j.events, e)
	} else {
		j.events[at] = e
	}
}

// Events returns those that keep wants, the newest first; nil keeps all.
func (j *Journal) Events(keep func(*Event) bool) []Event {
	j.mu.Lock()
	defer j.mu.Unlock()
	var kept []Event
	for i := range j.events {
		at := (j.next - 1 - uint64(i)) % JournalSize
		if e := &j.events[at]; keep == nil || keep(e) {
			kept = append(kept, *e)
		}
	}
	return slices.Clip(kept)
}
