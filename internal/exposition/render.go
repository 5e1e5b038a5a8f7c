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
type form uint8

const (
	formText form = iota
	formOpenMetrics
	formProtobuf
	formProtobufText
	formProtobufCompact
	formCount
)

// formOf returns the form that a negotiated format names.
func formOf(format expfmt.Format) form {
	switch format.FormatType() {
	case expfmt.TypeOpenMetrics:
		return formOpenMetrics
	case expfmt.TypeProtoDelim:
		return formProtobuf
	case expfmt.TypeProtoText:
		return formProtobufText
	case expfmt.TypeProtoCompact:
		return formProtobufCompact
	default:
		return formText
	}
}

// write renders the samples family by family. A nil Snapshot has none.
func (s *Snapshot) write(w io.Writer, f form) error {
	if s == nil {
		s = &Snapshot{}
	}
	p := newPage(w)
	defer p.release()
	for i := range s.sections {
		switch fam := &s.sections[i]; f {
		case formText:
			fam.writeText(p, fam.text)
		case formOpenMetrics:
			fam.writeText(p, fam.metrics)
		case formProtobuf:
			fam.writeProtobuf(p)
		case formProtobufText:
			fam.writeReadable(p, expfmt.FmtProtoText)
		case formProtobufCompact:
			fam.writeReadable(p, expfmt.FmtProtoCompact)
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
	if err == nil && f == formOpenMetrics {
		_, err = io.WriteString(w, "# EOF\n")
	}
	return err
}

// writeReadable writes one of the two readable forms of protobuf. They are for
// looking at a few families by hand, so they take the long way.
func (s *section) writeReadable(p *page, format expfmt.Format) {
	if !s.has() {
		return
	}
	var binary bytes.Buffer
	inner := newPage(&binary)
	defer inner.release()
	s.writeProtobuf(inner)
	inner.flush()
	var message dto.MetricFamily
	err := protodelim.UnmarshalOptions{MaxSize: -1}.UnmarshalFrom(&binary, &message)
	if err == nil {
		p.flush()
		err = expfmt.NewEncoder(p.w, format).Encode(&message)
	}
	if p.err == nil {
		p.err = err
	}
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

// room makes room for what is appended next, and tells whether that can still be written.
func (p *page) room() bool {
	if len(p.buf) >= pageFull {
		p.flush()
	}
	return p.err == nil
}

func (p *page) flush() {
	if p.err == nil && len(p.buf) > 0 {
		_, p.err = p.w.Write(p.buf)
	}
	p.buf = p.buf[:0]
}
