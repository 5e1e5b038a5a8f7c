package exposition

import (
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/common/expfmt"
)

// Snapshot is a set of samples that never changes. Any number of goroutines may
// use it.
type Snapshot struct {
	sections []section // sorted by name
	samples  int

	mu     sync.Mutex // guards bodies, not their making
	bodies map[variant]*compression
	spent  atomic.Int64 // nanoseconds, on compressing

	onCompress func() // set by tests: called by the goroutine that compresses
}

// variant is a compressed form.
type variant struct {
	form
	encoding
}

// section is the samples of one family, all in one place.
type section struct {
	*tableFamily
	blocks []*Block
}

// NewSnapshot returns a Snapshot of all samples of the blocks, which may be nil. It copies pointers, not
// samples; of blocks of one Table, the rows must differ. No two Tables may have a family of one name, nor one whose
// name without _total is that of another: OpenMetrics could not tell the two apart.
func NewSnapshot(blocks []*Block) *Snapshot {
	s := &Snapshot{bodies: make(map[variant]*compression)}
	of := make(map[*Table][]*Block)
	var tables []*Table
	for _, b := range blocks {
		if b == nil {
			continue
		}
		if of[b.table] == nil {
			tables = append(tables, b.table)
		}
		of[b.table] = append(of[b.table], b)
		s.samples += b.samples
	}
	for _, t := range tables {
		for _, f := range t.families {
			s.sections = append(s.sections, section{f, of[t]})
		}
	}
	slices.SortFunc(s.sections, func(a, b section) int { return strings.Compare(a.Name, b.Name) })
	return s
}

// Samples returns the number of samples.
func (s *Snapshot) Samples() int { return s.samples }

// Spent is how long compressing the samples has taken until now.
func (s *Snapshot) Spent() time.Duration { return time.Duration(s.spent.Load()) }

// only returns a Snapshot of the families that keep wants.
func (s *Snapshot) only(keep func(name string) bool) *Snapshot {
	part := &Snapshot{}
	for _, f := range s.sections {
		if keep(f.Name) {
			part.sections = append(part.sections, f)
		}
	}
	return part
}

// WriteText writes the samples in the Prometheus text format 0.0.4.
func (s *Snapshot) WriteText(w io.Writer) error { return s.write(w, expfmt.TypeTextPlain) }
