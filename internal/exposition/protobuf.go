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

// encoded returns the labels of all rows and their offsets, made once.
func (r *Rows) encoded() (proto []byte, offset []int) {
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
	return r.proto, r.offset
}

// appendProtobuf writes the labels as fields of a Metric.
func (l LabelSet) appendProtobuf(buf []byte) []byte {
	for rest := l.text; rest != ""; {
		var name, value string
		name, value, rest = cutPair(rest)
		buf = append(buf, tagMetricLabel)
		buf = binary.AppendUvarint(buf, uint64(stringSize(len(name))+stringSize(len(value))))
		buf = append(buf, tagLabelName)
		buf = appendString(buf, name)
		buf = append(buf, tagLabelValue)
		buf = appendString(buf, value)
	}
	return buf
}

func appendString(buf []byte, s string) []byte {
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
	size := 0 // of the samples
	for r := range s.runs {
		_, offset := r.rows.encoded()
		offset = offset[r.first:]
		fixed := len(r.extra.appendProtobuf(scratch[:0])) + valueSize
		for i, value := range r.values {
			if !math.IsNaN(value) {
				size += stringSize(offset[i+1] - offset[i] + fixed)
			}
		}
	}
	if size == 0 {
		return
	}
	p.buf = append(binary.AppendUvarint(p.buf, uint64(len(s.protoHead)+size)), s.protoHead...)
	for r := range s.runs {
		buf := p.buf
		proto, offset := r.rows.encoded()
		offset = offset[r.first:]
		tail := append(r.extra.appendProtobuf(scratch[:0]), s.protoTag...)
		for i, value := range r.values {
			if math.IsNaN(value) {
				continue
			}
			buf = p.room(buf)
			row := proto[offset[i]:offset[i+1]]
			buf = append(buf, tagFamilyMetric)
			buf = binary.AppendUvarint(buf, uint64(len(row)+len(tail)+8))
			buf = append(append(buf, row...), tail...)
			buf = binary.LittleEndian.AppendUint64(buf, math.Float64bits(value))
		}
		p.buf = buf
	}
}
