package poll

import (
	"slices"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
	"github.com/qem-exporter/qem_exporter/internal/poll/answer"
)

// task is what a watch knows of one of its tasks.
type task struct {
	info    aem.TaskInfo
	product aem.Product // its server's

	since      fleet.Number // of its state
	lastChange fleet.Number
	expected   fleet.Expectation
	complaints []string // of its tags; told

	read *fleet.Task // what its details alone say; nil: not read, or too long ago

	hurried bool        // its details are awaited because it changed
	value   *fleet.Task // as published last
	stale   bool        // value is to be made anew
}

// same reports whether two rows of the task list say the same.
func same(a, b aem.TaskInfo) bool {
	return a.Name == b.Name && a.State == b.State && a.StopReason == b.StopReason && a.Message == b.Message &&
		slices.Equal(a.Tags, b.Tags)
}

// list takes over a row of the task list, and returns what has changed, and whether something has.
func (t *task) list(server string, info *aem.TaskInfo, product aem.Product) (change fleet.Event, changed bool) {
	before := t.info
	if same(before, *info) && t.product == product {
		return change, false
	}
	t.info, t.product, t.stale = *info, product, true
	change = fleet.Event{Server: server, Task: info.Name, Message: info.Message}
	switch {
	case before.Name == "":
	case before.State != info.State:
		t.since = fleet.Unix(time.Now())
		change.Kind, change.From, change.To = fleet.TaskStateChanged, string(before.State), string(info.State)
	case before.StopReason != info.StopReason:
		change.Kind, change.From, change.To = fleet.TaskStopReason, string(before.StopReason), string(info.StopReason)
	}
	return change, change.Kind != ""
}

// compose reports whether it is a Compose task, as far as is known.
func (t *task) compose() bool {
	return t.product == aem.Compose || t.read != nil && t.read.Product == fleet.Compose
}

// storesChanges reports whether it is known to store changes.
func (t *task) storesChanges() bool {
	return t.read != nil && t.read.Details.StoreChangesEnabled == fleet.Yes
}

// take takes over details, nil when they could not be read, and reports whether a counter
// has changed of which the tables tell more.
func (t *task) take(d *aem.TaskDetails) (tablesChanged bool) {
	before := t.read
	t.read, t.stale = nil, true
	if d == nil {
		return false
	}
	t.read = answer.Task(&t.info, d, t.product)
	if before == nil {
		return false
	}
	now, then := t.read.Details, before.Details
	if now.ApplyChangesEnabled == fleet.Yes || now.StoreChangesEnabled == fleet.Yes {
		grown := func(now, then fleet.Number) bool { return now.Float() > then.Float() } // not so when one is absent
		if grown(now.AppliedInserts, then.AppliedInserts) || grown(now.AppliedUpdates, then.AppliedUpdates) ||
			grown(now.AppliedDeletes, then.AppliedDeletes) || grown(now.AppliedDDL, then.AppliedDDL) {
			t.lastChange = fleet.Unix(time.Now())
		}
	}
	if *now == *then { // what is equal keeps its pointer
		t.read.Details = then
	}
	return now.DataErrors != then.DataErrors || now.FullLoad.TablesError != then.FullLoad.TablesError
}
