package web

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// event is what changed, and of which manager.
type event struct {
	Manager string `json:"manager"`
	fleet.Event
}

// events are those of one manager, server and task, "" being any, after an instant, the newest first.
func (s *Status) events(manager, server, task string, since time.Time) []event {
	list := []event{}
	for i := range s.Managers {
		m := &s.Managers[i]
		if m.Journal == nil || !is(manager, m.Name) {
			continue
		}
		for _, e := range m.Journal.Events(func(e *fleet.Event) bool {
			return is(server, e.Server) && is(task, e.Task) && e.Time.After(since)
		}) {
			list = append(list, event{m.Name, e})
		}
	}
	slices.SortStableFunc(list, func(a, b event) int { return b.Time.Compare(a.Time) })
	return list
}

// What says in words what happened.
func (e event) What() string {
	if e.Kind == fleet.Storm {
		return fmt.Sprintf("%d × %s: %s …", e.Count, fleet.Words(string(e.Of)), strings.Join(e.Names, ", "))
	}
	what := fleet.Words(string(e.Kind))
	switch {
	case e.From != "" && e.To != "":
		what += ": " + fleet.Words(e.From) + " → " + fleet.Words(e.To)
	case e.To != "":
		what += ": " + fleet.Words(e.To)
	case e.From != "":
		what += ": no longer " + fleet.Words(e.From)
	}
	if e.Endpoint != "" {
		what = e.Endpoint + ": " + what
	}
	return what
}
