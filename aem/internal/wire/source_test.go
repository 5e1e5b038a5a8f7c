package wire

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// A body may hold any number of blanks; what is handed on holds few in a row, and
// everything else.
func TestLongRunsOfBlanks(t *testing.T) {
	for _, blanks := range []int{0, 1, maxBlanks / 2, maxBlanks, maxBlanks + 1, 10 * maxBlanks} {
		body := strings.Repeat(" ", blanks) + `{"name":` + strings.Repeat("\t\n", blanks) + `"a  b"` +
			strings.Repeat("\r", blanks) + "}"
		for name, r := range map[string]io.Reader{
			"whole":    strings.NewReader(body),
			"bytes":    iotest.OneByteReader(strings.NewReader(body)),
			"half":     iotest.HalfReader(strings.NewReader(body)),
			"with EOF": iotest.DataErrReader(strings.NewReader(body)),
		} {
			s := &source{r: r}
			s.skipByteOrderMark()
			got, err := io.ReadAll(s)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Join(strings.Fields(string(got)), " ") != strings.Join(strings.Fields(body), " ") ||
				len(got) > len(`{"name":"a  b"}`)+6*(maxBlanks+len(ByteOrderMark)) {
				t.Errorf("%s, %d blanks: %d of %d bytes", name, blanks, len(got), len(body))
			}
		}
	}
}

// One text of a whole body would be held several times over.
func TestEndlessText(t *testing.T) {
	for size, fits := range map[int]bool{4 << 20: true, 32 << 20: false} {
		r := &io.LimitedReader{R: strings.NewReader(`{"error_message":"` + strings.Repeat("x", size) + `"}`), N: 1 << 30}
		s := NewScanner(r)
		s.Document(false, func([]byte) bool { return false })
		if err := s.Result(); errors.Is(err, ErrTooLarge) == fits || 1<<30-r.N > 20<<20 {
			t.Errorf("%d MiB: %v after %d bytes", size>>20, err, 1<<30-r.N)
		}
	}
}
