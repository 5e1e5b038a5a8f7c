package exposition

import (
	"bytes"
	"io"
	"sync"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"google.golang.org/protobuf/encoding/protodelim"
)

// form is what a body may look like before it is compressed. Neither the versions
// of OpenMetrics before 2 nor the escaping that a client asks for make a
// difference: all names are legal everywhere.
type form = expfmt.FormatType

// write renders the samples family by family.
func (s *Snapshot) write(w io.Writer, f form) error {
	switch f {
	case expfmt.TypeProtoText:
		return s.writeReadable(w, expfmt.FmtProtoText)
	case expfmt.TypeProtoCompact:
		return s.writeReadable(w, expfmt.FmtProtoCompact)
	}
	p := newPage(w)
	defer p.release()
	for i := range s.sections {
		switch fam := &s.sections[i]; f {
		case expfmt.TypeOpenMetrics:
			fam.writeText(p, fam.metrics)
		case expfmt.TypeProtoDelim:
			fam.writeProtobuf(p)
		default:
			fam.writeText(p, fam.text)
		}
		if p.err != nil {
			return p.err
		}
	}
	p.flush()
	return p.err
}

// writeWhole renders the samples as the end of an answer.
func (s *Snapshot) writeWhole(w io.Writer, f form) error {
	err := s.write(w, f)
	if err == nil && f == expfmt.TypeOpenMetrics {
		_, err = io.WriteString(w, "# EOF\n")
	}
	return err
}

// writeReadable writes one of the two readable forms of protobuf. They are for
// looking at a few families by hand, so they take the long way.
func (s *Snapshot) writeReadable(w io.Writer, format expfmt.Format) error {
	var binary bytes.Buffer
	err := s.write(&binary, expfmt.TypeProtoDelim)
	encoder := expfmt.NewEncoder(w, format)
	for err == nil && binary.Len() > 0 {
		var message dto.MetricFamily
		if err = (protodelim.UnmarshalOptions{MaxSize: -1}).UnmarshalFrom(&binary, &message); err == nil {
			err = encoder.Encode(&message)
		}
	}
	return err
}

const (
	pageSize = 64 << 10
	pageFull = pageSize - 4<<10 // room for what is appended between two looks
)

// page gathers what is rendered until it is worth a write.
type page struct {
	buf []byte
	w   io.Writer
	err error // of the first write that failed; nothing is written after it
}

var pages = sync.Pool{New: func() any { return &page{buf: make([]byte, 0, pageSize)} }}

func newPage(w io.Writer) *page {
	p := pages.Get().(*page)
	p.buf, p.w, p.err = p.buf[:0], w, nil
	return p
}

// release gives the page back, unless an uncommonly long line has made it large.
func (p *page) release() {
	p.w = nil
	if cap(p.buf) <= 2*pageSize {
		pages.Put(p)
	}
}

// room is the buffer with room for what is appended next. After an error nothing more is written.
func (p *page) room(buf []byte) []byte {
	if len(buf) < pageFull {
		return buf
	}
	p.buf = buf
	p.flush()
	return p.buf
}

func (p *page) flush() {
	if p.err == nil && len(p.buf) > 0 {
		_, p.err = p.w.Write(p.buf)
	}
	p.buf = p.buf[:0]
}
