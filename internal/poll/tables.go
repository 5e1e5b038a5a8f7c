package poll

import (
	"context"
	"errors"
	"hash/maphash"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// TableMode says what is asked about tables.
type TableMode string

// The table modes.
const (
	Off     TableMode = "off"     // no table statuses are asked for
	Summary TableMode = "summary" // counts by state
	Errors  TableMode = "errors"  // and the tables in error or with data errors
	All     TableMode = "all"     // and every table that the filter leaves
)

// TableOptions choose the tables that a snapshot holds.
type TableOptions struct {
	Mode     TableMode     // "" is Off
	Filter   Filter        // on "schema.table"; counts by state are over all tables
	Interval time.Duration // between two readings; 0: every poll
	Limit    int           // tables kept per Enterprise Manager; 0: no limit
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

// reading is what the table statuses of one task said. It is kept between polls;
// the slices it has had are never written again, as snapshots share them.
type reading struct {
	polled     time.Time // when the poll started that read it
	states     fleet.TableStates
	tables     []fleet.Table // those kept, in the API's order
	ranks      []uint64      // of tables
	dropped    int           // wanted, but above the limit
	duplicates int
}

// trim drops the tables whose rank is above bound.
func (r *reading) trim(bound uint64) {
	above := func(rank uint64) bool { return rank > bound }
	if !slices.ContainsFunc(r.ranks, above) {
		return
	}
	var tables []fleet.Table
	var ranks []uint64
	for i, rank := range r.ranks {
		if above(rank) {
			r.dropped++
			continue
		}
		tables, ranks = append(tables, r.tables[i]), append(ranks, rank)
	}
	r.tables, r.ranks = tables, ranks
}

// count adds a table to the counts by state.
func (r *reading) count(state aem.TableState) {
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

// tally makes a reading of a stream of table statuses, and holds no more of them
// than the limit asks for.
type tally struct {
	reading
	options   *TableOptions
	selection *selection
	task      hash // of the server's and the task's name
	seed      maphash.Seed
	seen      map[uint64]struct{} // names by a hash that nobody can foresee, far smaller than the names
	now       time.Time
}

func (t *tally) visit(s *aem.TableStatus) error {
	rank := t.task.text(s.Schema).text(s.Name).sum()
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
	if rank > t.selection.bound.Load() {
		t.dropped++
		return nil
	}
	t.tables, t.ranks = append(t.tables, convertTable(s, t.now)), append(t.ranks, rank)
	if limit := t.options.Limit; limit > 0 && len(t.ranks) >= 2*limit {
		t.trim(lowest(slices.Clone(t.ranks), limit))
	}
	return nil
}

// lowest is the nth lowest of the ranks, which it sorts.
func lowest(ranks []uint64, n int) uint64 {
	slices.Sort(ranks)
	return ranks[n-1]
}

// selection keeps the tables of one poll below the limit. Each table has a rank, a
// hash of its names; the lowest ranks stay, so that every poll, and every restart,
// chooses the same ones.
type selection struct {
	limit int
	bound atomic.Uint64 // no rank above it can stay

	mu       sync.Mutex
	readings []*reading
	kept     int
}

func newSelection(limit int) *selection {
	s := &selection{limit: limit}
	s.bound.Store(1<<64 - 1)
	return s
}

// offer adds a reading that is complete. Only the selection changes it from then on.
func (s *selection) offer(r *reading) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.readings = append(s.readings, r)
	s.kept += len(r.ranks)
	if s.limit > 0 && s.kept >= 2*s.limit { // not at each table above the limit: sorting has its price
		s.cut()
	}
}

// settle brings the tables down to the limit.
func (s *selection) settle() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cut()
}

func (s *selection) cut() {
	if s.limit <= 0 || s.kept <= s.limit {
		return
	}
	ranks := make([]uint64, 0, s.kept)
	for _, r := range s.readings {
		ranks = append(ranks, r.ranks...)
	}
	bound := lowest(ranks, s.limit)
	s.bound.Store(bound)
	s.kept = 0
	for _, r := range s.readings {
		r.trim(bound)
		s.kept += len(r.ranks)
	}
}

// readTables asks for the table statuses of a task. With aem.ErrPartial the reading
// holds what could be read.
func (t *task) readTables(ctx context.Context) (*reading, error) {
	r := t.server.round
	var last *tally
	begin := func() func(*aem.TableStatus) error {
		last = &tally{
			reading:   reading{polled: r.started},
			options:   &r.options.Tables,
			selection: r.selection,
			task:      newHash().text(t.server.info.Name).text(t.info.Name),
			seed:      maphash.MakeSeed(),
			seen:      map[uint64]struct{}{},
			now:       time.Now(),
		}
		return last.visit
	}
	err := r.client.Tables.EachStatus(ctx, t.server.info.Name, t.info.Name, aem.TableFilter{}, begin)
	if err != nil && !errors.Is(err, aem.ErrPartial) {
		return nil, err
	}
	if last == nil {
		begin()
	}
	return &last.reading, err
}

// due reports whether what was read in an earlier poll is to be asked for again. A
// poll that starts a jitter too early counts as one in time.
func (r *round) due(polled time.Time, interval time.Duration) bool {
	return interval <= 0 || r.started.Sub(polled)+r.options.Interval/10 >= interval
}
