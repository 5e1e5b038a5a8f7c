package aem

import (
	"encoding/json"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// seed adds the fixtures whose name matches, whole and cut, and a few odd bodies.
func seed(f *testing.F, pattern string) {
	f.Helper()
	names, err := filepath.Glob(filepath.Join("testdata", pattern+".json"))
	if err != nil || len(names) == 0 {
		f.Fatal(names, err)
	}
	for _, name := range names {
		body := fixture(f, strings.TrimSuffix(filepath.Base(name), ".json"))
		f.Add(body)
		f.Add(body[:len(body)*2/3])
		f.Add(strings.NewReplacer("{", "[", "}", "]", ":", ",").Replace(body))
		f.Add(strings.ReplaceAll(body, ": ", `: -1, "name": `))
	}
	f.Add(fixture(f, "error_invalid_session_id"))
	f.Add("\xef\xbb\xbf null")
	f.Add(`[{"name":"\ud800","state":1e400,"message":"NONE"}]`)
}

// fuzzBodies proves that a body gives the same result however it arrives, and that
// what was understood of it is the same when it is saved and read again.
func fuzzBodies[T any](f *testing.F, decode func(io.Reader) (T, error)) {
	f.Fuzz(func(t *testing.T, body string) {
		got, err := decode(strings.NewReader(body))
		again, errAgain := decode(iotest.OneByteReader(strings.NewReader(body)))
		if diff := cmp.Diff(got, again, exact); diff != "" || errorText(err) != errorText(errAgain) {
			t.Fatalf("byte by byte it is another: %v, %v\n%s", err, errAgain, diff)
		}
		if !usable(err) {
			return
		}
		text, err := json.Marshal(got)
		must(t, err)
		var saved T
		err = json.Unmarshal(text, &saved)
		if diff := cmp.Diff(got, saved, exact, cmpopts.EquateEmpty()); diff != "" || err != nil {
			t.Fatalf("saved, as %s, it is another: %v\n%s", text, err, diff)
		}
	})
}

func FuzzServerList(f *testing.F) {
	seed(f, "server_list*")
	fuzzBodies(f, decodeServerList)
}

func FuzzServerDetails(f *testing.F) {
	seed(f, "server_details*")
	fuzzBodies(f, decodeServerDetails)
}

func FuzzTaskList(f *testing.F) {
	seed(f, "task_list*")
	fuzzBodies(f, decodeTaskList)
}

func FuzzTaskDetails(f *testing.F) {
	seed(f, "task_details*")
	fuzzBodies(f, decodeTaskDetails)
}

func FuzzTableStatuses(f *testing.F) {
	seed(f, "table_statuses*")
	f.Add(tableStatusesBody(3))
	fuzzBodies(f, tables)
}

func FuzzError(f *testing.F) {
	seed(f, "error_*")
	f.Fuzz(func(t *testing.T, body string) {
		fault, found := decodeError(strings.NewReader(body))
		again, foundAgain := decodeError(iotest.OneByteReader(strings.NewReader(body)))
		if fault != again || found != foundAgain {
			t.Fatalf("byte by byte it is another: %v, %v", fault, again)
		}
		if found != (fault.Code != "") || !utf8.ValidString(fault.Code+fault.Message) {
			t.Fatalf("got %#v, %v", fault, found)
		}
	})
}
