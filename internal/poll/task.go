package poll

import (
	"cmp"
	"slices"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// task is what a watch knows of one of its tasks.
type task struct {
	info    aem.TaskInfo
	product aem.Product // its server's
	listed  bool        // in the list that was read last

	details  *reading
	statuses *reading // nil: nobody asks

	since      fleet.Number // of its state
	lastChange fleet.Number
	expected   fleet.Expectation
	complaints []string // of its tags; told

	read   *fleet.Task     // what its details alone say; nil: not read, or too long ago
	tables *tableReading   // likewise
	told   map[string]bool // the methods of which it was told that they cannot read it

	barrier *fleet.RetentionBarrier

	hurried bool        // its details are awaited because it changed
	value   *fleet.Task // as published last
	stale   bool        // value is to be made anew
}

// readings goes through those that there are.
func (t *task) readings(yield func(*reading) bool) {
	for _, r := range []*reading{t.details, t.statuses} {
		if r != nil && !yield(r) {
			return
		}
	}
}

// list takes over a row of the task list, and returns what has changed.
func (t *task) list(server string, info *aem.TaskInfo, product aem.Product) []fleet.Event {
	t.listed = true
	before := t.info
	if before.State == info.State && before.StopReason == info.StopReason && before.Message == info.Message &&
		slices.Equal(before.Tags, info.Tags) && t.product == product {
		return nil
	}
	t.info, t.product, t.stale = *info, product, true
	if before.Name == "" {
		return nil
	}
	change := fleet.Event{Kind: fleet.TaskStateChanged, Server: server, Task: info.Name, Message: info.Message}
	if before.State != info.State {
		t.since = fleet.Unix(time.Now())
		change.From, change.To = string(before.State), string(info.State)
		return []fleet.Event{change}
	}
	if before.StopReason != info.StopReason {
		change.Kind = fleet.TaskStopReason
		change.From, change.To = string(before.StopReason), string(info.StopReason)
		return []fleet.Event{change}
	}
	return nil
}

// expect works out what is expected of the task, and returns new complaints about its tags.
func (t *task) expect(objectives []Objective, server string) []string {
	e, complaints := expected(objectives, server, t.info.Name, t.info.Tags)
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

// take takes over details, nil when they could not be read, and reports whether a counter
// has changed of which the tables tell more.
func (t *task) take(d *aem.TaskDetails) (tablesChanged bool) {
	before := t.read
	t.read, t.stale = nil, true
	if d == nil {
		return false
	}
	t.read = convertTask(&t.info, d, t.product)
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

// takeTables takes over table statuses, nil when they could not be read, and returns what has
// changed.
func (t *task) takeTables(server string, r *tableReading) []fleet.Event {
	before := t.tables
	t.tables, t.stale = r, true
	if before == nil || r == nil || r.states.Error <= before.states.Error {
		return nil
	}
	return []fleet.Event{{Kind: fleet.TablesInError, Server: server, Task: t.info.Name, Count: r.states.Error}}
}

// fleet is what is published of it: the last value, if nothing has changed.
func (t *task) fleet(bound uint32) *fleet.Task {
	if !t.stale && t.value != nil {
		return t.value
	}
	seen := t.read
	if seen == nil {
		seen = &fleet.Task{}
	}
	v := &fleet.Task{
		Name:       t.info.Name,
		Product:    cmp.Or(seen.Product, string(t.product)),
		State:      cmp.Or(string(t.info.State), seen.State),
		StopReason: cmp.Or(string(t.info.StopReason), seen.StopReason),
		Message:    cmp.Or(t.info.Message, seen.Message),
		Tags:       t.info.Tags,
		StateSince: t.since, Expected: t.expected, LastChange: t.lastChange,
		Details: seen.Details, Compose: seen.Compose, RetentionBarrier: t.barrier,
	}
	if len(v.Tags) == 0 {
		v.Tags = seen.Tags
	}
	if t.details.tried {
		v.Up = fleet.FlagOf(t.read != nil)
	}
	if t.read != nil {
		v.Read = t.details.last
	}
	v.Problem = t.details.problem
	if t.statuses != nil {
		v.Problem = cmp.Or(v.Problem, t.statuses.problem)
	}
	if r := t.tables; r != nil && v.Product != fleet.Compose {
		v.TableStates = &r.states
		v.Tables = r.chosen(bound)
		v.TablesDropped = max(0, len(r.wanted)-len(v.Tables))
	}
	t.value, t.stale = v, false
	return v
}
