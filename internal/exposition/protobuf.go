package exposition

import (
	"encoding/binary"
	"math"
	"math/bits"
	"strings"
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

// encodeProtobuf makes the label bytes of all rows, once.
func (r *rowSet) encodeProtobuf() {
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

// writeProtobuf writes the family as a MetricFamily behind its length.
func (f *family) writeProtobuf(p *page) {
	head := appendString([]byte{tagFamilyName}, f.Name)
	head = append(head, tagFamilyHelp)
	head = appendString(head, f.Help)
	tag := byte(tagMetricGauge)
	if f.Type == Counter {
		head = append(head, tagFamilyType, typeCounter)
		tag = tagMetricCounter
	} else {
		head = append(head, tagFamilyType, typeGauge)
	}
	size := len(head)
	for i := range f.columns {
		size += f.columns[i].protobufSize()
	}
	p.buf = binary.AppendUvarint(p.buf, uint64(size))
	p.buf = append(p.buf, head...)
	for i := range f.columns {
		f.columns[i].writeProtobuf(p, tag)
		if p.err != nil {
			return
		}
	}
}

// protobufSize is how many bytes writeProtobuf will write.
func (c *column) protobufSize() int {
	c.rows.encodeProtobuf()
	fixed := len(c.extra.appendProtobuf(nil)) + valueSize
	offset := c.rows.offset
	size := 0
	for i, value := range c.values {
		if !math.IsNaN(value) {
			size += stringSize(offset[i+1] - offset[i] + fixed)
		}
	}
	return size
}

// writeProtobuf writes a Metric per sample, whose value has the given tag.
func (c *column) writeProtobuf(p *page, tag byte) {
	tail := append(c.extra.appendProtobuf(nil), tag, doubleSize, tagValue)
	proto, offset := c.rows.proto, c.rows.offset
	buf := p.buf
	for i, value := range c.values {
		if math.IsNaN(value) {
			continue
		}
		if len(buf) >= pageFull {
			p.buf = buf
			p.flush()
			if p.err != nil {
				return
			}
			buf = p.buf
		}
		row := proto[offset[i]:offset[i+1]]
		buf = append(buf, tagFamilyMetric)
		buf = binary.AppendUvarint(buf, uint64(len(row)+len(tail)+8))
		buf = append(buf, row...)
		buf = append(buf, tail...)
		buf = binary.LittleEndian.AppendUint64(buf, math.Float64bits(value))
	}
	p.buf = buf
}
