package web

import (
	"maps"
	"slices"
	"strings"

	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// detailGroup is a list of things known of a task.
type detailGroup struct {
	Title string
	Items []detailItem
}

type detailItem struct{ Name, Value string }

// group takes pairs of name and value, and of these what is known.
func group(title string, pairs ...string) *detailGroup {
	g := &detailGroup{Title: title}
	for pair := range slices.Chunk(pairs, 2) {
		if pair[1] != "" {
			g.Items = append(g.Items, detailItem{pair[0], pair[1]})
		}
	}
	return g
}

// Known are the details, empty when nothing is known.
func (v *taskRow) Known() *fleet.TaskDetails {
	if v.Details == nil {
		return &fleet.TaskDetails{}
	}
	return v.Details
}

// Options are those that are on.
func (v *taskRow) Options() string {
	var on []string
	for _, o := range []struct {
		name string
		flag fleet.Flag
	}{
		{"full load", v.Known().FullLoadEnabled}, {"apply changes", v.Known().ApplyChangesEnabled},
		{"store changes", v.Known().StoreChangesEnabled}, {"audit changes", v.Known().AuditChangesEnabled},
	} {
		if o.flag == fleet.Yes {
			on = append(on, o.name)
		}
	}
	return strings.Join(on, ", ")
}

// TableCounts are the tables by state.
func (v *taskRow) TableCounts() *detailGroup {
	s := v.TableStates
	if s == nil {
		return &detailGroup{}
	}
	number := func(n int) string { return whole(float64(n)) }
	pairs := []string{"Changes are processed", number(s.ChangeProcessing), "Completed", number(s.Completed),
		"Loading", number(s.Loading), "Queued", number(s.Queued), "In error", number(s.Error)}
	for _, name := range slices.Sorted(maps.Keys(s.Other)) {
		pairs = append(pairs, fleet.Words(name), number(s.Other[name]))
	}
	return group("Tables", pairs...)
}

// Endpoint is the name of one with its kind.
func (*taskRow) Endpoint(name, kind string) string {
	if name != "" && kind != "" {
		return name + " (" + kind + ")"
	}
	return name + kind
}

func yesNo(f fleet.Flag) string { return [...]string{"", "no", "yes"}[f] }
