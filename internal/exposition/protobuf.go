package exposition

import (
	"encoding/binary"
	"math"
	"math/bits"
	"strings"
	"sync"
)

// Tags of the messages in io.prometheus.client, as they stand on the wire: field
// number and wire type.
const (
	tagFamilyName    = 1<<3 | 2
	tagFamilyHelp    = 2<<3 | 2
	tagFamilyType    = 3<<3 | 0
	tagFamilyMetric  = 4<<3 | 2
	tagMetricLabel   = 1<<3 | 2
	tagMetricGauge   = 2<<3 | 2
	tagMetricCounter = 3<<3 | 2
	tagLabelName     = 1<<3 | 2
	tagLabelValue    = 2<<3 | 2
	tagValue         = 1<<3 | 1

	typeCounter = 0
	typeGauge   = 1

	doubleSize = 1 + 8              // a Gauge or Counter: its tag and value
	valueSize  = 1 + 1 + doubleSize // the same within a Metric
)

// protobuf is the labels of rows as protobuf has them.
type protobuf struct {
	encode sync.Once // of the two below, which text does without
	proto  []byte    // the labels of all rows
	offset []int     // row i is proto[offset[i]:offset[i+1]]
}

// row returns the labels of a row, encoded once.
func (r *Rows) row(i int) []byte {
	r.encode.Do(func() {
		size := 0
		for _, row := range r.labels {
			// name="value", becomes 6 bytes and the two; a long one may take more.
			size += len(row.text) + 2*strings.Count(row.text, `="`) + 1
		}
		r.proto = make([]byte, 0, size)
		r.offset = make([]int, 1, len(r.labels)+1)
		for _, row := range r.labels {
			r.proto = row.appendProtobuf(r.proto)
			r.offset = append(r.offset, len(r.proto))
		}
	})
	return r.proto[r.offset[i]:r.offset[i+1]]
}

// appendProtobuf writes the labels as fields of a Metric.
func (l LabelSet) appendProtobuf(buf []byte) []byte {
	var scratch [256]byte
	for rest := l.text; rest != ""; {
		var pair labelPair
		pair, rest = cutPair(rest)
		value := appendUnescaped(scratch[:0], pair.value)
		buf = append(buf, tagMetricLabel)
		buf = binary.AppendUvarint(buf, uint64(stringSize(len(pair.name))+stringSize(len(value))))
		buf = append(buf, tagLabelName)
		buf = appendString(buf, pair.name)
		buf = append(buf, tagLabelValue)
		buf = appendString(buf, value)
	}
	return buf
}

func appendString[T string | []byte](buf []byte, s T) []byte {
	buf = binary.AppendUvarint(buf, uint64(len(s)))
	return append(buf, s...)
}

// stringSize is the size of a field that holds length bytes, with a one byte tag.
func stringSize(length int) int { return 1 + varintSize(length) + length }

func varintSize(v int) int { return (bits.Len64(uint64(v)|1) + 6) / 7 }

// prepareProtobuf makes the fields of a MetricFamily before its samples, and what is before the
// value of each.
func (f *tableFamily) prepareProtobuf() {
	head := appendString([]byte{tagFamilyName}, f.Name)
	head = append(head, tagFamilyHelp)
	head = appendString(head, f.Help)
	kind, tag := byte(typeGauge), byte(tagMetricGauge)
	if f.Type == Counter {
		kind, tag = typeCounter, tagMetricCounter
	}
	f.protoHead = append(head, tagFamilyType, kind)
	f.protoTag = []byte{tag, doubleSize, tagValue}
}

// writeProtobuf writes the family as a MetricFamily behind its length.
func (s *section) writeProtobuf(p *page) {
	var scratch [512]byte
	size, samples := len(s.protoHead), 0
	add := func(length int) { samples, size = samples+1, size+stringSize(length+valueSize) }
	s.each(func(r *Rows, c *tableColumn, values []float64) bool {
		for i, value := range values {
			if !math.IsNaN(value) {
				add(len(r.row(i)) + len(c.proto))
			}
		}
		return true
	}, func(r *Rows, l *Loose) bool {
		add(len(r.row(l.Row)) + len(l.Labels.appendProtobuf(scratch[:0])))
		return true
	})
	if samples == 0 {
		return
	}
	p.buf = binary.AppendUvarint(p.buf, uint64(size))
	p.buf = append(p.buf, s.protoHead...)
	s.each(func(r *Rows, c *tableColumn, values []float64) bool {
		for i, value := range values {
			if !math.IsNaN(value) && !s.writeMetric(p, r.row(i), c.proto, value) {
				return false
			}
		}
		return true
	}, func(r *Rows, l *Loose) bool {
		return s.writeMetric(p, r.row(l.Row), l.Labels.appendProtobuf(scratch[:0]), l.Value)
	})
}

// writeMetric writes one sample as a Metric.
func (s *section) writeMetric(p *page, row, extra []byte, value float64) bool {
	buf := append(p.buf, tagFamilyMetric)
	buf = binary.AppendUvarint(buf, uint64(len(row)+len(extra)+valueSize))
	buf = append(buf, row...)
	buf = append(buf, extra...)
	buf = append(buf, s.protoTag...)
	p.buf = binary.LittleEndian.AppendUint64(buf, math.Float64bits(value))
	return p.room()
}
