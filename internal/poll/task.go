package poll

import (
	"cmp"
	"slices"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
	"github.com/qem-exporter/qem_exporter/internal/poll/answer"
	"github.com/qem-exporter/qem_exporter/internal/poll/choose"
)

// task is what a watch knows of one of its tasks.
type task struct {
	info    aem.TaskInfo
	product aem.Product // its server's

	since      fleet.Number // of its state
	lastChange fleet.Number
	expected   fleet.Expectation
	complaints []string // of its tags; told

	read    *fleet.Task    // what its details alone say; nil: not read, or too long ago
	tables  *choose.Tables // likewise
	barrier *fleet.RetentionBarrier

	told    map[*kind]bool // the readings of which it was told that they fail
	hurried bool           // its details are awaited because it changed
	value   *fleet.Task    // as published last
	stale   bool           // value is to be made anew
}

// list takes over a row of the task list, and returns what has changed, and whether something has.
func (t *task) list(server string, info *aem.TaskInfo, product aem.Product) (change fleet.Event, changed bool) {
	before := t.info
	if before.State == info.State && before.StopReason == info.StopReason && before.Message == info.Message &&
		slices.Equal(before.Tags, info.Tags) && t.product == product {
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

// expect works out what is expected of the task, and returns new complaints about its tags.
func (t *task) expect(objectives []choose.Objective, server string) []string {
	e, complaints := choose.Expected(objectives, server, t.info.Name, t.info.Tags)
	if e != t.expected {
		t.expected, t.stale = e, true
	}
	if slices.Equal(complaints, t.complaints) {
		return nil
	}
	t.complaints = complaints
	return complaints
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

// fleet is what is published of it: the last value, if nothing has changed.
func (t *task) fleet(details, statuses *reading, selection *choose.Selection) *fleet.Task {
	if !t.stale && t.value != nil {
		return t.value
	}
	seen := cmp.Or(t.read, &fleet.Task{})
	v := &fleet.Task{
		Name:       t.info.Name,
		Product:    cmp.Or(seen.Product, string(t.product)),
		State:      cmp.Or(string(t.info.State), seen.State),
		StopReason: cmp.Or(string(t.info.StopReason), seen.StopReason),
		Message:    cmp.Or(t.info.Message, seen.Message),
		Tags:       t.info.Tags,
		StateSince: t.since, Expected: t.expected, LastChange: t.lastChange,
		Details: seen.Details, Compose: seen.Compose, RetentionBarrier: t.barrier,
		Problem: details.problem,
	}
	if len(v.Tags) == 0 {
		v.Tags = seen.Tags
	}
	if details.tried {
		v.Up = fleet.FlagOf(t.read != nil)
	}
	if t.read != nil {
		v.Read = details.last
	}
	if statuses != nil {
		v.Problem = cmp.Or(v.Problem, statuses.problem)
	}
	if t.tables != nil && v.Product != fleet.Compose {
		v.TableStates = &t.tables.States
		v.Tables, v.TablesDropped = selection.Of(t.tables)
	}
	t.value, t.stale = v, false
	return v
}
