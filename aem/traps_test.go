package aem

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/qem-exporter/qem_exporter/aem/internal/wire"
)

// A trap is a body, and what is made of it.
type trap struct{ where, method, body, want string }

// traps reads testdata/traps. Each section has a head, "== methods body shows fields", and
// lines "input | input => fields ! error": the inputs take the place of § in the body, and of
// the fields (all, if the head shows none) those that are there are to be as said.
func traps(t testing.TB) (all []trap, shows map[string][]string) {
	t.Helper()
	files, err := filepath.Glob("testdata/traps/*.txt")
	must(t, err)
	shows = map[string][]string{}
	odd := strings.NewReplacer("<BOM>", byteOrderMark, "<FF>", "\xff", "␣", " ", "⏎", "\r\n")
	for _, file := range files {
		text, err := os.ReadFile(file)
		must(t, err)
		var head string
		for line := range strings.Lines(string(text)) {
			line = strings.TrimSuffix(line, "\n")
			inputs, want, isCase := strings.Cut(line, "=>")
			if name, ok := strings.CutPrefix(line, "== "); ok {
				head = name
			}
			if !isCase {
				continue
			}
			at := strings.IndexAny(head, "{§")
			body, fields, _ := strings.Cut(head[at:], " shows ")
			for input := range strings.SplitSeq(inputs, " | ") {
				for method := range strings.FieldsSeq(head[:at]) {
					all = append(all, trap{head, method, odd.Replace(strings.ReplaceAll(body, "§", strings.TrimSpace(input))),
						strings.TrimSpace(want)})
				}
			}
			shows[head] = strings.Fields(fields)
		}
	}
	return all, shows
}

func anyOf[T any](decode func(io.Reader) (T, error)) func(io.Reader) (any, error) {
	return func(r io.Reader) (any, error) { return decode(r) }
}

var trapped = map[string]func(io.Reader) (any, error){
	"GetServerList": anyOf(decodeServerList), "GetServerDetails": anyOf(decodeServerDetails),
	"GetTaskList": anyOf(decodeTaskList), "GetTaskDetails": anyOf(decodeTaskDetails),
	"GetTableList": anyOf(decodeTableList), "GetTableStatuses": anyOf(tables),
	"GetEndpointList": anyOf(decodeEndpointList), "TestEndpoint": anyOf(decodeEndpointTest),
	"RunTask": anyOf(decodeTaskResult), "GetServer": anyOf(decodeServerDefinition),
	"GetTableSelection": anyOf(decodeSelection), "GetChangeDataRetentionBarrier": anyOf(decodeBarrier),
	"GetAcl": anyOf(decodeACL),
	"error": func(r io.Reader) (any, error) {
		if fault, found := wire.ReadError(r); found {
			return nil, fault
		}
		return nil, nil
	},
}

func TestTraps(t *testing.T) {
	all, shows := traps(t)
	for _, c := range all {
		got, err := trapped[c.method](strings.NewReader(c.body))
		var lines []string
		for line := range strings.SplitSeq(shown(got), "\n") {
			seen := len(shows[c.where]) == 0
			for _, field := range shows[c.where] {
				seen = seen || strings.HasPrefix(line, field)
			}
			if seen {
				lines = append(lines, line)
			}
		}
		text := strings.Join(lines, "; ")
		if err != nil {
			text = strings.TrimSpace(text + " ! " + err.Error())
		}
		if text != c.want {
			t.Errorf("%s of %s\ngot  %s\nwant %s", c.method, c.body, text, c.want)
		}
	}
	if len(all) < 500 {
		t.Errorf("there are only %d traps", len(all))
	}
}

// fixture is the text of a file in testdata.
func fixture(tb testing.TB, name string) string {
	tb.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err != nil {
		tb.Fatal(err)
	}
	return string(body)
}

// Answers as servers send them, and some that they might: the .NET client's names, and tables
// of which each has what the one before has not, and must not show it. Beside each stands
// what is in it.
func TestFixtures(t *testing.T) {
	files, err := filepath.Glob("testdata/*.result")
	must(t, err)
	if len(files) < 20 {
		t.Errorf("there are only %d fixtures", len(files))
	}
	for _, file := range files {
		want, err := os.ReadFile(file)
		must(t, err)
		name := strings.TrimSuffix(filepath.Base(file), ".result")
		for prefix, method := range map[string]string{"server_list": "GetServerList", "server_details": "GetServerDetails",
			"task_list": "GetTaskList", "task_details": "GetTaskDetails", "table_statuses": "GetTableStatuses"} {
			if strings.HasPrefix(name, prefix) {
				got, err := trapped[method](strings.NewReader(fixture(t, name)))
				must(t, err)
				sameResult(t, name, got, strings.TrimSuffix(string(want), "\n"))
			}
		}
	}
	for _, code := range []string{CodeServerLicenseExpired, "AEM_SERVER_NOT_MONITORED", "AEM_SERVER_NOT_CONNECTED",
		CodeInvalidSessionID, CodeUnauthorizedRequest} {
		got, ok := wire.ReadError(strings.NewReader(fixture(t, "error_"+strings.ToLower(code))))
		if !ok || got.Code != code || got.Message == "" {
			t.Errorf("%s: got %#v, %v", code, got, ok)
		}
	}
}

// brokenReader ends in an error after its text; once only, to be mean.
type brokenReader struct {
	text io.Reader
	err  error
}

func (b *brokenReader) Read(p []byte) (int, error) {
	n, err := b.text.Read(p)
	if err == io.EOF {
		err, b.err = b.err, nil
	}
	return n, err
}

func TestErrorsOfTheReaderComeThrough(t *testing.T) {
	reset := errors.New("connection reset")
	for _, body := range []string{"", "{", `{"n`, `{"name":"x","serverList":[`} {
		for _, broken := range []error{reset, io.ErrUnexpectedEOF, os.ErrDeadlineExceeded} {
			for _, method := range []string{"GetServerList", "GetServerDetails", "RunTask"} {
				if _, err := trapped[method](&brokenReader{strings.NewReader(body), broken}); !errors.Is(err, broken) {
					t.Errorf("%s of %q, then %v: got %v", method, body, broken, err)
				}
			}
		}
	}
	whole := iotest.DataErrReader(strings.NewReader(`{"name":"x"}`))
	if _, err := decodeServerDetails(whole); err != nil {
		t.Errorf("end of file together with data: %v", err)
	}
}

func TestDeepNesting(t *testing.T) {
	for _, deep := range []string{
		strings.Repeat("[", 200_000), strings.Repeat(`{"a":`, 200_000), `{"name":` + strings.Repeat("[", 200_000),
	} {
		if _, err := decodeServerDetails(strings.NewReader(deep)); err == nil {
			t.Errorf("%.20s: no error", deep)
		}
	}
	bearable := `{"foo":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `,"name":"x"}`
	if _, err := decodeServerDetails(strings.NewReader(bearable)); err != nil {
		t.Error(err)
	}
}
