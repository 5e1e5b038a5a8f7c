package exposition

import (
	"io"
	"slices"
	"strings"
	"sync"
)

// Snapshot is a set of samples that never changes. Any number of goroutines may
// use it. The zero Snapshot has no samples.
type Snapshot struct {
	families []family // sorted by name
	samples  int

	mu     sync.Mutex // guards bodies, not their making
	bodies [formCount][encodingCount]*compression

	onCompress func() // set by tests: called by the goroutine that compresses
}

// family is the samples of one name, all in one place.
type family struct {
	*Family
	columns []column
}

// column is the samples of one family that share their extra labels.
type column struct {
	rows   *rowSet
	extra  LabelSet
	values []float64 // beside rows; NaN is no sample
}

// rowSet is a slice of label sets that columns share.
type rowSet struct {
	labels []LabelSet

	encode sync.Once // of the two below, which only protobuf needs
	proto  []byte    // the labels of all rows
	offset []int     // row i is proto[offset[i]:offset[i+1]]
}

// Samples returns the number of samples.
func (s *Snapshot) Samples() int {
	if s == nil {
		return 0
	}
	return s.samples
}

// Merge returns a Snapshot of all samples of the given ones, of which any may be
// nil. It copies pointers, not samples, and checks nothing: a label (of the part's
// own) must keep the parts apart. The result has compressed bodies of its own, so
// keep it as long as its parts are current. Merge of one Snapshot is that Snapshot.
func Merge(snapshots ...*Snapshot) *Snapshot {
	parts := slices.DeleteFunc(slices.Clone(snapshots), func(s *Snapshot) bool { return s == nil })
	if len(parts) == 1 {
		return parts[0]
	}
	merged := &Snapshot{}
	index := make(map[string]int)
	for _, part := range parts {
		merged.samples += part.samples
		for _, f := range part.families {
			i, known := index[f.Name]
			if !known {
				index[f.Name] = len(merged.families)
				merged.families = append(merged.families, family{f.Family, slices.Clip(f.columns)})
				continue
			}
			same := &merged.families[i]
			same.mustMatch(f.Family)
			same.columns = append(same.columns, f.columns...)
		}
	}
	sortFamilies(merged.families)
	return merged
}

func sortFamilies(families []family) {
	slices.SortFunc(families, func(a, b family) int { return strings.Compare(a.Name, b.Name) })
}

// only returns a Snapshot of the families that keep wants.
func (s *Snapshot) only(keep func(name string) bool) *Snapshot {
	part := &Snapshot{}
	for _, f := range s.families {
		if keep(f.Name) {
			part.families = append(part.families, f)
		}
	}
	return part
}

// WriteText writes the samples in the Prometheus text format 0.0.4.
func (s *Snapshot) WriteText(w io.Writer) error { return s.write(w, formText) }

// WriteOpenMetrics writes the samples as OpenMetrics 1.0.0 text, with its end mark.
func (s *Snapshot) WriteOpenMetrics(w io.Writer) error { return s.write(w, formOpenMetrics) }

// WriteProtobuf writes the samples as io.prometheus.client.MetricFamily messages,
// each behind its length.
func (s *Snapshot) WriteProtobuf(w io.Writer) error { return s.write(w, formProtobuf) }
