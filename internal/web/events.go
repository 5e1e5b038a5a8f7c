package web

import (
	"slices"
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
