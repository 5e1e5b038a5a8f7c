package answer

import (
	"fmt"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
	"github.com/qem-exporter/qem_exporter/internal/poll/choose"
)

// tallyOf makes a tally of some tables of a task.
func tallyOf(s *Selection, o *choose.TableOptions, task string, tables ...aem.TableStatus) *tally {
	t := s.tally(o, aem.TaskRef{Server: "server", Task: task})
	var reused aem.TableStatus
	for _, table := range tables {
		reused = table
		_ = t.visit(&reused)
	}
	return t
}

// read makes a reading of some tables of a task.
func read(s *Selection, o *choose.TableOptions, task string, tables ...aem.TableStatus) *Tables {
	r := &tallyOf(s, o, task, tables...).Tables
	s.Replace(nil, r)
	return r
}

func names(tables []fleet.Table) []string {
	var list []string
	for _, t := range tables {
		list = append(list, t.Schema+"."+t.Name)
	}
	return list
}

func TestTableModes(t *testing.T) {
	tables := []aem.TableStatus{
		{Schema: "A", Name: "ok", State: aem.TableCompleted, DataErrors: aem.NumberOf(0)},
		{Schema: "A", Name: "broken", State: aem.TableError},
		{Schema: "B", Name: "dirty", State: aem.TableChangeProcessing, DataErrors: aem.NumberOf(2)},
		{Schema: "B", Name: "queued", State: aem.TableQueued},
		{Schema: "B", Name: "loading", State: aem.TableLoading},
		{Schema: "B", Name: "strange", State: "suspended"},
		{Schema: "B", Name: "silent"},
	}
	tests := []struct {
		name    string
		options choose.TableOptions
		want    []string
	}{
		{"summary", choose.TableOptions{Mode: choose.Summary}, nil},
		{"errors", choose.TableOptions{Mode: choose.Errors}, []string{"A.broken", "B.dirty"}},
		{"all", choose.TableOptions{Mode: choose.All}, []string{"A.ok", "A.broken", "B.dirty", "B.queued", "B.loading", "B.strange", "B.silent"}},
		{"errors, filtered", choose.TableOptions{Mode: choose.Errors, Filter: choose.Filter{Include: []*regexp.Regexp{regexp.MustCompile(`^A\..*$`)}}}, []string{"A.broken"}},
		{"all, filtered", choose.TableOptions{Mode: choose.All, Filter: choose.Filter{Exclude: []*regexp.Regexp{regexp.MustCompile(`^B\..*$`)}}}, []string{"A.ok", "A.broken"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := read(NewSelection(0), &tt.options, "t", tables...)
			if !slices.Equal(names(got.tables), tt.want) || got.Duplicates != 0 {
				t.Errorf("kept %q, duplicates %d; want %q", names(got.tables), got.Duplicates, tt.want)
			}
			states := fleet.TableStates{
				Queued: 1, Loading: 1, Completed: 1, ChangeProcessing: 1, Error: 1, Other: map[string]int{"suspended": 1},
			}
			if diff := cmp.Diff(states, got.States); diff != "" {
				t.Errorf("counts must be over all tables: %s", diff)
			}
		})
	}
}

func TestDuplicateTablesAreDropped(t *testing.T) {
	got := read(NewSelection(0), &choose.TableOptions{Mode: choose.All}, "t",
		aem.TableStatus{Schema: "S", Name: "a", State: aem.TableError},
		aem.TableStatus{Schema: "S", Name: "a", State: aem.TableCompleted},
		aem.TableStatus{Schema: "S", Name: "A", State: aem.TableCompleted},
		aem.TableStatus{Schema: "Sa", Name: "", State: aem.TableCompleted},
		aem.TableStatus{Schema: "", Name: "Sa", State: aem.TableCompleted},
	)
	if got.Duplicates != 1 || len(got.tables) != 4 || got.tables[0].State != "error" || got.States.Completed != 3 {
		t.Errorf("got %+v", got)
	}
}

// chosen reads tasks of 100 tables each, in the given order, and returns the
// tables that stay and how many each task lost.
func chosen(limit int, order ...int) (kept []string, dropped []int) {
	s := NewSelection(limit)
	o := &choose.TableOptions{Mode: choose.All, Limit: limit}
	readings := make([]*Tables, len(order))
	for _, i := range order {
		readings[i] = read(s, o, fmt.Sprint("task", i), manyTables(100)...)
	}
	for i, r := range readings {
		left, lost := s.Of(r)
		for _, name := range names(left) {
			kept = append(kept, fmt.Sprint(i, " ", name))
		}
		dropped = append(dropped, lost)
	}
	return kept, dropped
}

// A limit makes a stable choice, among what a larger one chooses.
func TestLimits(t *testing.T) {
	var smaller []string
	for _, limit := range []int{1, 10, 99, 100, 250, 299, 300, 1000} {
		want, dropped := chosen(limit, 0, 1, 2)
		lost := 0
		for _, n := range dropped {
			lost += n
		}
		if len(want) != min(limit, 300) || lost != 300-len(want) {
			t.Errorf("limit %d: %d tables stay, %d are counted as left out", limit, len(want), lost)
		}
		if limit == 99 && slices.Contains(dropped, 100) {
			t.Errorf("one task lost all: %v", dropped)
		}
		for _, order := range [][]int{{2, 1, 0}, {1, 0, 2}} {
			if got, now := chosen(limit, order...); !slices.Equal(got, want) || !slices.Equal(now, dropped) {
				t.Errorf("limit %d: another order of answers chose other tables", limit)
			}
		}
		for _, name := range smaller {
			if !slices.Contains(want, name) {
				t.Errorf("%s is chosen by a smaller limit and not by %d", name, limit)
			}
		}
		smaller = want
	}
}

func manyTables(n int) (tables []aem.TableStatus) {
	for j := range n {
		tables = append(tables, aem.TableStatus{Name: fmt.Sprint(j)})
	}
	return tables
}

func TestManyTablesStayWithinBounds(t *testing.T) {
	const limit = 100
	s := NewSelection(limit)
	o := &choose.TableOptions{Mode: choose.All, Limit: limit}
	var readings []*Tables
	for task := range 20 {
		one := tallyOf(s, o, fmt.Sprint(task), manyTables(1050)...)
		if held := cap(one.tables); held > 4*limit {
			t.Errorf("one task held %d tables for a limit of %d", held, limit)
		}
		if task > 1 && len(one.tables) > limit {
			t.Errorf("task %d kept %d tables though others had filled the limit", task, len(one.tables))
		}
		s.Replace(nil, &one.Tables)
		readings = append(readings, &one.Tables)
		chosen := 0
		for _, r := range readings {
			served, _ := s.Of(r)
			chosen += len(served)
		}
		if chosen > limit || chosen < limit-3 {
			t.Errorf("%d tables are chosen, the limit is %d", chosen, limit)
		}
	}
	for _, r := range readings[1:] {
		s.Replace(r, nil)
	}
	s.Replace(readings[0], read(s, o, "0", manyTables(50)...))
	if s.bound.Load() != ranks {
		t.Error("tables are left out though there is room for all")
	}
}
