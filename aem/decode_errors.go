package aem

import (
	"fmt"
	"io"
)

// apiFault is an error that the API tells in a body: a non-empty error_code.
type apiFault struct{ Code, Message string }

func (f apiFault) Error() string {
	if f.Message == "" {
		return f.Code
	}
	return f.Code + ": " + f.Message
}

// decodeFault says that a body is not what the API documents. Detail names JSON
// kinds and offsets, never the body's own text.
type decodeFault struct{ Detail string }

func (f decodeFault) Error() string { return f.Detail }

// partialFault says that a list is usable although some elements were not.
type partialFault struct{ Skipped int }

func (f partialFault) Error() string {
	if f.Skipped == 1 {
		return "1 element of the list made no sense and was skipped"
	}
	return fmt.Sprintf("%d elements of the list made no sense and were skipped", f.Skipped)
}

// decodeError reads the body of an answer that is not a success. It returns false
// when the body has no error code.
func decodeError(r io.Reader) (apiFault, bool) {
	s := newScanner(r)
	s.document(false, func([]byte) bool { return false })
	return s.apiFault()
}
