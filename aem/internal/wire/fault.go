package wire

import (
	"errors"
	"fmt"
	"io"
)

// ErrTooLarge is part of the error of a list with too many elements.
var ErrTooLarge = errors.New("more than the limit")

// APIFault is an error that the API tells in a body: a non-empty error_code.
type APIFault struct{ Code, Message string }

func (f APIFault) Error() string {
	if f.Message == "" {
		return f.Code
	}
	return f.Code + ": " + f.Message
}

// DecodeFault says that a body is not what the API documents. Detail names JSON
// kinds and offsets, never the body's own text.
type DecodeFault struct{ Detail string }

func (f DecodeFault) Error() string { return f.Detail }

// PartialFault says that a list is usable although some elements were not.
type PartialFault struct{ Skipped int }

func (f PartialFault) Error() string {
	if f.Skipped == 1 {
		return "1 element of the list made no sense and was skipped"
	}
	return fmt.Sprintf("%d elements of the list made no sense and were skipped", f.Skipped)
}

// ReadError reads the body of an answer that is not a success. It returns false
// when the body has no error code.
func ReadError(r io.Reader) (APIFault, bool) {
	s := NewScanner(r)
	s.Document(false, func([]byte) bool { return false })
	return s.APIFault()
}

// ReadNothing reads the body of an answer that has nothing to say: none, or JSON.
func ReadNothing(r io.Reader) error {
	s := NewScanner(r)
	switch kind := s.dec.PeekKind(); kind {
	case '{':
		s.Document(false, func([]byte) bool { return false })
	default:
		s.skip()
	}
	if s.in.first == 0 && s.in.err == nil {
		return nil
	}
	return s.Result()
}
