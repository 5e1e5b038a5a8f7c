package wire

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// ByteOrderMark may stand before a document.
const ByteOrderMark = "\xef\xbb\xbf"

// maxRoom is how much room the decoder may offer: what it offers is as large as what it
// holds already, which is one token without an end, or blanks in between.
const maxRoom = 4 << 20

// A source hands a body on to the JSON decoder, without what may stand before it, and
// remembers what the decoder forgets.
type source struct {
	in     *bufio.Reader
	first  byte  // of the document; 0: there is none
	before int64 // bytes before that
	offset int64 // bytes read, with these
	err    error // of the reader, other than io.EOF
}

// open begins with what r has.
func (s *source) open(r io.Reader) {
	if s.in == nil {
		s.in = bufio.NewReaderSize(nil, 64)
	}
	s.in.Reset(r)
	if head := s.peek(len(ByteOrderMark)); string(head) == ByteOrderMark {
		s.pass(len(head))
	}
	for {
		head := s.peek(1)
		if len(head) == 0 {
			return
		}
		if !isBlank(head[0]) {
			s.first = head[0]
			return
		}
		s.pass(1)
	}
}

func (s *source) peek(n int) []byte {
	head, err := s.in.Peek(n)
	s.note(err)
	return head
}

func (s *source) pass(n int) {
	_, _ = s.in.Discard(n)
	s.before += int64(n)
	s.offset = s.before
}

func (s *source) note(err error) {
	if s.err == nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
}

// Read implements io.Reader.
func (s *source) Read(p []byte) (int, error) {
	if len(p) > maxRoom {
		s.note(fmt.Errorf("a text, a number or blanks of more than %d MiB: %w", maxRoom>>20, ErrTooLarge))
	}
	if s.err != nil && s.in.Buffered() == 0 {
		return 0, s.err
	}
	n, err := s.in.Read(p)
	s.offset += int64(n)
	s.note(err)
	return n, err
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }
