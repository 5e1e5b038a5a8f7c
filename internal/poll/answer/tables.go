package answer

import (
	"context"
	"hash/maphash"
	"slices"
	"sync/atomic"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
	"github.com/qem-exporter/qem_exporter/internal/poll/choose"
)

// ranks is how many ranks there are: a table's rank is a hash of its names.
const ranks = 1 << 16

// Selection keeps the tables of all servers together below a limit. The lowest ranks stay, so
// that every reading, and every restart, chooses the same ones.
type Selection struct {
	limit int           // 0: none
	bound atomic.Uint32 // tables whose rank is below it are served
	sizes []int32       // how many tables are wanted, by rank; nil without a limit
	below int           // how many of them are below the bound
}

// NewSelection makes one; a limit of 0 is none.
func NewSelection(limit int) *Selection {
	s := &Selection{limit: limit}
	s.bound.Store(ranks)
	if limit > 0 {
		s.sizes = make([]int32, ranks)
	}
	return s
}

// Replace makes a task's tables out of other ones, and reports whether the choice has changed.
func (s *Selection) Replace(old, now *Tables) (moved bool) {
	if s.limit <= 0 {
		return false
	}
	before := s.bound.Load()
	bound := int(before)
	count := func(r *Tables, by int32) {
		if r == nil {
			return
		}
		for _, rank := range r.wanted {
			s.sizes[rank] += by
			if int(rank) < bound {
				s.below += int(by)
			}
		}
	}
	count(old, -1)
	count(now, 1)
	for s.below > s.limit {
		bound--
		s.below -= int(s.sizes[bound])
	}
	for bound < ranks && s.below+int(s.sizes[bound]) <= s.limit {
		s.below += int(s.sizes[bound])
		bound++
	}
	s.bound.Store(uint32(bound))
	return uint32(bound) != before
}

// Tables is what the table statuses of one task said. It is never changed.
type Tables struct {
	States     fleet.TableStates
	Duplicates int
	tables     []fleet.Table // with series of their own, in the API's order
	ranks      []uint16      // of tables
	wanted     []uint16      // ranks of all tables that would be served without a limit
}

// Of returns the tables that are served, and how many the limit leaves out; nothing is copied
// where all are served.
func (s *Selection) Of(r *Tables) (served []fleet.Table, dropped int) {
	served = r.below(s.bound.Load())
	return served, max(0, len(r.wanted)-len(served))
}

func (r *Tables) below(bound uint32) []fleet.Table {
	above := func(rank uint16) bool { return uint32(rank) >= bound }
	if !slices.ContainsFunc(r.ranks, above) {
		return r.tables
	}
	var chosen []fleet.Table
	for i, rank := range r.ranks {
		if !above(rank) {
			chosen = append(chosen, r.tables[i])
		}
	}
	return chosen
}

// MayLose reports whether another choice could serve other tables of it.
func (r *Tables) MayLose() bool { return r != nil && len(r.wanted) > 0 }

// OfTables asks for *Tables; with aem.ErrPartial they are what could be read.
func OfTables(ctx context.Context, q *Question) (any, error) {
	t := q.Selection.tally(q.Tables, q.task())
	err := q.Client.Tables.EachStatus(ctx, q.task(), aem.TableFilter{}, func() func(*aem.TableStatus) error {
		t = q.Selection.tally(q.Tables, q.task())
		return t.visit
	})
	return &t.Tables, err
}

// tally makes Tables of a stream of table statuses, and holds no more of them than the limit asks
// for.
type tally struct {
	Tables
	options   *choose.TableOptions
	selection *Selection
	now       time.Time
	task      choose.Hash // of the server's and the task's name
	seed      maphash.Seed
	seen      map[uint64]struct{} // names by a hash that nobody can foresee, far smaller than the names
	lowest    uint32              // no rank from here on can be chosen
}

func (s *Selection) tally(o *choose.TableOptions, task aem.TaskRef) *tally {
	return &tally{
		options: o, selection: s, now: time.Now(), task: choose.HashOf(task.Server, task.Task),
		seed: maphash.MakeSeed(), seen: map[uint64]struct{}{}, lowest: ranks,
	}
}

func (t *tally) visit(s *aem.TableStatus) error {
	name := maphash.Comparable(t.seed, [2]string{s.Schema, s.Name})
	if _, twice := t.seen[name]; twice {
		t.Duplicates++
		return nil
	}
	t.seen[name] = struct{}{}
	countTable(&t.States, s.State)
	if !t.options.Want(s.State == aem.TableError || s.DataErrors.Float() > 0, s.Schema, s.Name) {
		return nil
	}
	rank := uint16(t.task.Add(s.Schema, s.Name).Sum() >> 48)
	if t.options.Limit > 0 {
		t.wanted = append(t.wanted, rank)
	}
	if uint32(rank) >= min(t.lowest, t.selection.bound.Load()) {
		return nil
	}
	t.tables, t.ranks = append(t.tables, fleet.Table{}), append(t.ranks, rank)
	setTable(&t.tables[len(t.tables)-1], s, t.now)
	if limit := t.options.Limit; limit > 0 && len(t.ranks) >= 2*limit {
		t.trim(limit)
	}
	return nil
}

// trim drops the tables that cannot be chosen even if there are no others.
func (t *tally) trim(limit int) {
	sorted := slices.Sorted(slices.Values(t.ranks))
	t.lowest = uint32(sorted[limit])
	t.tables = t.below(t.lowest)
	t.ranks = slices.DeleteFunc(t.ranks, func(rank uint16) bool { return uint32(rank) >= t.lowest })
}

// countTable adds a table to the counts by state.
func countTable(counts *fleet.TableStates, state aem.TableState) {
	switch state {
	case aem.TableQueued:
		counts.Queued++
	case aem.TableLoading:
		counts.Loading++
	case aem.TableCompleted:
		counts.Completed++
	case aem.TableChangeProcessing:
		counts.ChangeProcessing++
	case aem.TableError:
		counts.Error++
	case "":
	default:
		if counts.Other == nil {
			counts.Other = map[string]int{}
		}
		counts.Other[string(state)]++
	}
}
