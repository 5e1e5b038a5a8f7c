package aem

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// A body may hold any number of blanks; what is handed on holds few in a row, and
// everything else.
func TestLongRunsOfBlanks(t *testing.T) {
	for _, blanks := range []int{0, 1, maxBlanks / 2, maxBlanks, maxBlanks + 1, 10 * maxBlanks} {
		body := strings.Repeat(" ", blanks) + `{"name":` + strings.Repeat("\t\n", blanks) + `"a  b"` + strings.Repeat("\r", blanks) + "}"
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
			if strings.Join(strings.Fields(string(got)), " ") != strings.Join(strings.Fields(body), " ") || len(got) > len(`{"name":"a  b"}`)+6*(maxBlanks+len(byteOrderMark)) {
				t.Errorf("%s, %d blanks: %d of %d bytes", name, blanks, len(got), len(body))
			}
		}
	}
}

func TestTooManyElements(t *testing.T) {
	elements := func(element string, n int) string { return strings.TrimSuffix(strings.Repeat(element+",", n), ",") }
	servers := func(n int) error {
		_, err := decodeServerList(strings.NewReader(`{"serverList":[` + elements(`{"name":"s"}`, n) + `]}`))
		return err
	}
	tables := func(n int) error {
		return decodeTableStatuses(strings.NewReader(`{"table_details":[`+elements(`{"table_on_source":"t"}`, n)+`]}`), func(*TableStatus) error { return nil })
	}
	for name, test := range map[string]struct {
		decode func(int) error
		most   int
	}{"servers": {servers, maxHeld}, "tables": {tables, maxPassed}} {
		if err := test.decode(test.most); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		err := test.decode(test.most + 1)
		if !errors.Is(err, errTooLarge) || !strings.Contains(err.Error(), fmt.Sprint(test.most)) {
			t.Errorf("%s: one more than %d: %v", name, test.most, err)
		}
	}
}
