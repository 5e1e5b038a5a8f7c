package wire

import (
	"fmt"
	"io"
)

// A source hands a body on to the JSON decoder and remembers what the decoder
// forgets: where the body stopped, and whether it ended or broke.
type source struct {
	r      io.Reader
	head   []byte // read while looking for a byte order mark, still to be handed on
	mark   int64  // length of the byte order mark
	offset int64  // bytes read, with the mark
	first  byte   // the first byte that is not blank; 0 before there is one
	err    error  // of r, other than io.EOF
	ended  bool
}

// ByteOrderMark may stand before a document.
const ByteOrderMark = "\xef\xbb\xbf"

// maxEmptyReads is how often a reader may give nothing before it counts as broken.
const maxEmptyReads = 100

// skipByteOrderMark is called once, before Read.
func (s *source) skipByteOrderMark() {
	head := make([]byte, len(ByteOrderMark))
	n := 0
	for n < len(head) && s.err == nil && !s.ended {
		n += s.fill(head[n:])
	}
	if string(head[:n]) == ByteOrderMark {
		s.mark = int64(n)
		return
	}
	s.head = head[:n]
	s.note(s.head)
}

// maxRoom is how much room the decoder may offer: what it offers is as large as what it
// holds already, which is one token without an end, or blanks before one.
const maxRoom = 4 << 20

// Read implements io.Reader.
func (s *source) Read(p []byte) (int, error) {
	if len(p) > maxRoom && s.err == nil {
		s.err = fmt.Errorf("a text, a number or blanks of more than %d MiB: %w", maxRoom>>20, ErrTooLarge)
	}
	if len(s.head) > 0 {
		n := copy(p, s.head)
		s.head = s.head[n:]
		return n, nil
	}
	n := s.fill(p)
	s.note(p[:n])
	switch {
	case n > 0 || len(p) == 0:
		return n, nil
	case s.err != nil:
		return 0, s.err
	}
	return 0, io.EOF
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// fill reads something into p. It gives nothing only when r ended or broke.
func (s *source) fill(p []byte) int {
	for range maxEmptyReads {
		if s.err != nil || s.ended || len(p) == 0 {
			return 0
		}
		n, err := s.r.Read(p)
		s.offset += int64(n)
		if err == io.EOF {
			s.ended = true
		} else {
			s.err = err
		}
		if n > 0 {
			return n
		}
	}
	s.err = io.ErrNoProgress
	return 0
}

// note looks for the first byte that is not blank.
func (s *source) note(p []byte) {
	if s.first != 0 {
		return
	}
	for _, c := range p {
		if !isBlank(c) {
			s.first = c
			return
		}
	}
}
