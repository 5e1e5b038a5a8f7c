package aem

import (
	"bytes"
	"encoding/json"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/qem-exporter/qem_exporter/aem/internal/wire"
)

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// seed adds the fixtures, whole and cut, the guide's answers, and the whole bodies of traps.
func seed(f *testing.F) {
	f.Helper()
	names, err := filepath.Glob("testdata/*.json")
	must(f, err)
	for _, name := range names {
		body := fixture(f, strings.TrimSuffix(filepath.Base(name), ".json"))
		f.Add(body)
		f.Add(body[:len(body)*2/3])
		f.Add(strings.NewReplacer("{", "[", "}", "]", ":", ",").Replace(body))
		f.Add(strings.ReplaceAll(body, ": ", `: -1, "name": `))
	}
	for _, e := range guideExamples(f) {
		f.Add(e.answer)
	}
	all, _ := traps(f)
	for _, c := range all {
		if strings.HasSuffix(c.where, "§") {
			f.Add(c.body)
		}
	}
	f.Add(tableStatusesBody(3))
}

// Whatever comes, each reading makes the same of it however it arrives, and what was
// understood of it is the same when it is saved and read again.
func FuzzAnswers(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, body string) {
		sameHowever(t, body, decodeServerList)
		sameHowever(t, body, decodeServerDetails)
		sameHowever(t, body, decodeTaskList)
		sameHowever(t, body, decodeTaskDetails)
		sameHowever(t, body, tables)
		sameHowever(t, body, decodeTaskResult)
		sameHowever(t, body, decodeTableList)
		sameHowever(t, body, decodeEndpointList)
		sameHowever(t, body, decodeEndpointTest)
		sameHowever(t, body, decodeSelection)
		sameHowever(t, body, decodeBarrier)
		if d, err := decodeServerDefinition(strings.NewReader(body)); (err == nil) == (d == nil) || d != nil && d.Name == "" {
			t.Fatalf("%+v, %v", d, err)
		}
		acl, err := decodeACL(strings.NewReader(body))
		if err == nil && acl.Validate() == nil { // so it may be put back
			sent, _ := aclTable.Marshal(acl, wire.RealWorld)
			again, err := decodeACL(bytes.NewReader(sent))
			if diff := cmp.Diff(acl, again, acls); diff != "" || err != nil {
				t.Fatalf("put back, as %s, it is another: %v\n%s", sent, err, diff)
			}
		}
	})
}

func sameHowever[T any](t *testing.T, body string, decode func(io.Reader) (T, error)) {
	t.Helper()
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
}

func FuzzError(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, body string) {
		fault, found := wire.ReadError(strings.NewReader(body))
		again, foundAgain := wire.ReadError(iotest.OneByteReader(strings.NewReader(body)))
		if fault != again || found != foundAgain {
			t.Fatalf("byte by byte it is another: %v, %v", fault, again)
		}
		if found != (fault.Code != "") || !utf8.ValidString(fault.Code+fault.Message) {
			t.Fatalf("got %#v, %v", fault, found)
		}
	})
}
