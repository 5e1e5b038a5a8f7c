package poll

import (
	"hash/maphash"
	"slices"
	"sync/atomic"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// ranks is how many ranks there are: a table's rank is a hash of its names.
const ranks = 1 << 16

// selection keeps the tables of all servers together below a limit. The lowest ranks stay, so
// that every reading, and every restart, chooses the same ones.
type selection struct {
	limit int           // 0: none
	bound atomic.Uint32 // tables whose rank is below it are served
	sizes []int32       // how many tables are wanted, by rank; nil without a limit
	below int           // how many of them are below the bound
}

func newSelection(limit int) *selection {
	s := &selection{limit: limit}
	s.bound.Store(ranks)
	if limit > 0 {
		s.sizes = make([]int32, ranks)
	}
	return s
}

// replace makes a task's tables out of other ones, and reports whether the bound has moved.
func (s *selection) replace(old, now *tableReading) (moved bool) {
	if s.limit <= 0 {
		return false
	}
	before := s.bound.Load()
	bound := int(before)
	count := func(r *tableReading, by int32) {
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

// tableReading is what the table statuses of one task said. It is never changed.
type tableReading struct {
	states     fleet.TableStates
	tables     []fleet.Table // with series of their own, in the API's order
	ranks      []uint16      // of tables
	wanted     []uint16      // ranks of all tables that would be served without a limit
	duplicates int
}

// chosen returns the tables below the bound; nothing is copied where that is all of them.
func (r *tableReading) chosen(bound uint32) []fleet.Table {
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

// tally makes a reading of a stream of table statuses, and holds no more of them
// than the limit asks for.
type tally struct {
	tableReading
	options   *TableOptions
	selection *selection
	task      hash // of the server's and the task's name
	seed      maphash.Seed
	seen      map[uint64]struct{} // names by a hash that nobody can foresee, far smaller than the names
	lowest    uint32              // no rank from here on can be chosen
	convert   func(*aem.TableStatus) fleet.Table
}

func (t *tally) visit(s *aem.TableStatus) error {
	name := maphash.Comparable(t.seed, [2]string{s.Schema, s.Name})
	if _, twice := t.seen[name]; twice {
		t.duplicates++
		return nil
	}
	t.seen[name] = struct{}{}
	t.count(s.State)
	if !t.options.wants(s) {
		return nil
	}
	rank := uint16(t.task.text(s.Schema).text(s.Name).sum() >> 48)
	if t.options.Limit > 0 {
		t.wanted = append(t.wanted, rank)
	}
	if uint32(rank) >= min(t.lowest, t.selection.bound.Load()) {
		return nil
	}
	t.tables, t.ranks = append(t.tables, t.convert(s)), append(t.ranks, rank)
	if limit := t.options.Limit; limit > 0 && len(t.ranks) >= 2*limit {
		t.trim(limit)
	}
	return nil
}

// trim drops the tables that cannot be chosen even if there are no others.
func (t *tally) trim(limit int) {
	sorted := slices.Clone(t.ranks)
	slices.Sort(sorted)
	t.lowest = uint32(sorted[limit])
	t.tables = t.chosen(t.lowest)
	t.ranks = slices.DeleteFunc(t.ranks, func(rank uint16) bool { return uint32(rank) >= t.lowest })
}

// wants reports whether a table is kept, the limit apart.
func (o *TableOptions) wants(t *aem.TableStatus) bool {
	switch o.Mode {
	case All:
	case Errors:
		if t.State != aem.TableError && !(t.DataErrors.Float() > 0) {
			return false
		}
	default:
		return false
	}
	return o.Filter.all() || o.Filter.match(t.Schema+"."+t.Name)
}

// count adds a table to the counts by state.
func (r *tableReading) count(state aem.TableState) {
	switch state {
	case aem.TableQueued:
		r.states.Queued++
	case aem.TableLoading:
		r.states.Loading++
	case aem.TableCompleted:
		r.states.Completed++
	case aem.TableChangeProcessing:
		r.states.ChangeProcessing++
	case aem.TableError:
		r.states.Error++
	case "":
	default:
		if r.states.Other == nil {
			r.states.Other = map[string]int{}
		}
		r.states.Other[string(state)]++
	}
}
