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
	Number   uint64    `json:"number"` // counts up from 1, per Enterprise Manager
	Time     time.Time `json:"time"`
	Kind     EventKind `json:"kind"`
	Server   string    `json:"server,omitempty"`
	Task     string    `json:"task,omitempty"`
	Endpoint string    `json:"endpoint,omitempty"`
	From     string    `json:"from,omitempty"`
	To       string    `json:"to,omitempty"`
	Message  string    `json:"message,omitempty"` // from outside: scrubbed and cut
	// Of a storm: how many there were, of which kind, and the names of the first.
	Count int       `json:"count,omitempty"`
	Of    EventKind `json:"of,omitempty"`
	Names []string  `json:"names,omitempty"`
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
