package wire

import (
	"errors"
	"io"
	"strings"
	"testing"
)

// One text of a whole body, or blanks before one, would be held several times over.
func TestEndlessText(t *testing.T) {
	for size, fits := range map[int]bool{4 << 20: true, 32 << 20: false} {
		for _, body := range []string{`{"error_message":"` + strings.Repeat("x", size) + `"}`, "{" + strings.Repeat(" ", size) + "}"} {
			r := &io.LimitedReader{R: strings.NewReader(body), N: 1 << 30}
			s := NewScanner(r)
			s.Document(false, func([]byte) bool { return false })
			if err := s.Result(); errors.Is(err, ErrTooLarge) == fits || 1<<30-r.N > 20<<20 {
				t.Errorf("%d MiB: %v after %d bytes", size>>20, err, 1<<30-r.N)
			}
		}
	}
}
