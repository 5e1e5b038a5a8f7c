package aem

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// fixture is the text of a file in testdata.
func fixture(tb testing.TB, name string) string {
	tb.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err != nil {
		tb.Fatal(err)
	}
	return string(body)
}

func sameAs(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got, exact); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// An asker decodes the answer of one method, and tells how many elements it had.
type asker struct {
	method string
	list   string // name of the list, "" for details
	decode func(io.Reader) (int, error)
}

func askers() []asker {
	return []asker{
		{"GetServerList", "serverList", func(r io.Reader) (int, error) { l, err := decodeServerList(r); return len(l), err }},
		{"GetTaskList", "taskList", func(r io.Reader) (int, error) { l, err := decodeTaskList(r); return len(l), err }},
		{"GetTableStatuses", "table_details", func(r io.Reader) (int, error) { l, err := tables(r); return len(l), err }},
		{"GetTableList", "tablelist", func(r io.Reader) (int, error) { l, err := decodeTableList(r); return len(l), err }},
		{"GetEndpointList", "endpointList", func(r io.Reader) (int, error) {
			l, err := decodeEndpointList(r)
			return len(l),
				err
		}},
		{"GetServerDetails", "", func(r io.Reader) (int, error) {
			d, err := decodeServerDetails(r)
			if (d == nil) != (err != nil) {
				return 0, fmt.Errorf("details %v beside error %w", d, err)
			}
			return 1, err
		}},
		{"GetTaskDetails", "", func(r io.Reader) (int, error) {
			d, err := decodeTaskDetails(r)
			if (d == nil) != (err != nil) {
				return 0, fmt.Errorf("details %v beside error %w", d, err)
			}
			return 1, err
		}},
	}
}

func TestBodiesThatAreNoAnswer(t *testing.T) {
	const html = "an HTML page instead of JSON: is there a proxy in between, or is the URL path wrong?"
	tests := map[string]struct{ body, detail string }{
		"empty":             {"", "empty body"},
		"blanks":            {" \r\n\t ", "empty body"},
		"byte order mark":   {"\xef\xbb\xbf", "empty body"},
		"null":              {"null", "null"},
		"string":            {`"secret"`, "unexpected string at the top level"},
		"number":            {`42`, "unexpected number at the top level"},
		"true":              {`true`, "unexpected boolean at the top level"},
		"false":             {` false `, "unexpected boolean at the top level"},
		"HTML":              {"<!DOCTYPE html><html></html>", html},
		"HTML after blanks": {"\xef\xbb\xbf\r\n <html>", html},
		"text":              {"Service Unavailable", "syntax error at byte 0"},
		"syntax":            {`{"a": 1,, }`, "syntax error at byte 8"},
		"syntax after mark": {"\xef\xbb\xbf" + `{"a": 1,, }`, "syntax error at byte 11"},
		"cut off":           {`{"name": "x`, "cut off after 11 bytes"},
		"broken null":       {`nul`, "cut off after 3 bytes"},
	}
	for _, ask := range askers() {
		for name, test := range tests {
			t.Run(ask.method+"/"+name, func(t *testing.T) {
				_, err := ask.decode(strings.NewReader(test.body))
				var fault decodeFault
				if !errors.As(err, &fault) || fault.Detail != test.detail {
					t.Fatalf("got %#v, want detail %q", err, test.detail)
				}
			})
		}
		if ask.list == "" {
			continue
		}
		t.Run(ask.method+"/list", func(t *testing.T) {
			_, err := ask.decode(strings.NewReader(`[{"name":"x"}]`))
			if want := "unexpected list at the top level"; err == nil || err.Error() != want {
				t.Fatalf("got %v, want %q", err, want)
			}
		})
	}
}

func TestDetailsWithoutAnyKnownMember(t *testing.T) {
	for _, ask := range askers() {
		if ask.list != "" {
			continue
		}
		for _, body := range []string{
			`{}`, `{"foo":1}`, `{"message":"An error has occurred."}`, `{"error_message":"x","error_code":null}`,
			`{"server_details":{}}`, `{"server_details":null}`, `{"server_details":"x"}`, `{"serverDetails":[]}`,
			`{"task":{}}`, `{"cdc_latency":"x"}`, `{"license":7,"name":null}`, `{"task":null}`, `{"Task":7}`,
		} {
			_, err := ask.decode(strings.NewReader(body))
			if !errors.Is(err, decodeFault{Detail: "no known member"}) {
				t.Errorf("%s of %s: got %v", ask.method, body, err)
			}
		}
		if _, err := ask.decode(strings.NewReader(`{"name":"just a name"}`)); err != nil {
			t.Errorf("%s of a name: %v", ask.method, err)
		}
	}
	if _, err := decodeTaskDetails(strings.NewReader(`[]`)); !errors.Is(err, decodeFault{Detail: "no known member"}) {
		t.Errorf("GetTaskDetails of an empty list: got %v", err)
	}
}

func TestListEnvelope(t *testing.T) {
	const element = `{"name":"x","table_on_source":"x","table":"x"}`
	for _, ask := range askers() {
		if ask.list == "" {
			continue
		}
		snake := map[string]string{"serverList": "server_list", "taskList": "task_list", "table_details": "TableDetails",
			"tablelist": "tableList", "endpointList": "endpoint_list"}[ask.list]
		tests := []struct {
			name, body string
			n          int
			err        string
		}{
			{"T-02 as documented", `{"` + ask.list + `":[` + element + `]}`, 1, ""},
			{"T-02 other style", `{"` + snake + `":[` + element + `,` + element + `]}`, 2, ""},
			{"T-02 capitals", `{"` + strings.ToUpper(ask.list) + `":[` + element + `]}`, 1, ""},
			{"T-02 escaped", `{"\u00` + fmt.Sprintf("%02x", ask.list[0]) + ask.list[1:] + `":[` + element + `]}`, 1, ""},
			{"T-02 missing list", `{}`, 0, ""},
			{"T-02 missing list, with its type", `{"$type":"x"}`, 0, ""},
			{"something else instead", `{"status":"maintenance","until":{"hour":5}}`, 0, "no " + ask.list},
			{"T-02 null list", `{"` + ask.list + `":null}`, 0, ""},
			{"T-02 empty list", `{"` + ask.list + `":[]}`, 0, ""},
			{"members around it", `{"a":[{"b":[]}],"` + ask.list + `":[` + element + `],"c":{"d":null}}`, 1, ""},
			{"string", `{"` + ask.list + `":"x"}`, 0, ask.list + ": string instead of a list"},
			{"number", `{"` + ask.list + `":1}`, 0, ask.list + ": number instead of a list"},
			{"boolean", `{"` + ask.list + `":true}`, 0, ask.list + ": boolean instead of a list"},
			{"object", `{"` + ask.list + `":{"name":"x"}}`, 0, ask.list + ": object instead of a list"},
			{"T-22 trailing document", `{"` + ask.list + `":[` + element + `]}{"error_code":"INVALID_SESSION_ID"}`, 1, ""},
			{"trailing rubbish", `{"` + ask.list + `":[` + element + `]} <html>`, 1, ""},
			{"byte order mark", "\xef\xbb\xbf" + `{"` + ask.list + `":[` + element + `]}`, 1, ""},
			{"duplicate list", `{"` + ask.list + `":[` + element + `],"` + ask.list + `":[` + element + `]}`, 2, ""},
		}
		for _, test := range tests {
			t.Run(ask.method+"/"+test.name, func(t *testing.T) {
				n, err := ask.decode(strings.NewReader(test.body))
				if text := errorText(err); n != test.n || text != test.err {
					t.Fatalf("got %d elements and %q, want %d and %q", n, text, test.n, test.err)
				}
			})
		}
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestNonsenseInAListCostsOnlyThatElement(t *testing.T) {
	for _, ask := range askers() {
		if ask.list == "" {
			continue
		}
		key := "name"
		switch ask.list {
		case "table_details":
			key = "table_on_source"
		case "tablelist":
			key = "table"
		}
		bad := []string{
			`null`, `"x"`, `1`, `false`, `[]`, `[{"` + key + `":"x"}]`, `{}`, `{"state":"RUNNING"}`,
			`{"` + key + `":""}`, `{"` + key + `":null}`, `{"` + key + `":{}}`, `{"` + key + `":["x"]}`,
		}
		good := `{"` + key + `":"first"},` + strings.Join(bad, ",") + `,{"` + key + `":12}`
		n, err := ask.decode(strings.NewReader(`{"` + ask.list + `":[` + good + `]}`))
		var partial partialFault
		if n != 2 || !errors.As(err, &partial) || partial.Skipped != len(bad) {
			t.Errorf("%s: got %d elements and %v, want 2 and %d skipped", ask.method, n, err, len(bad))
		}
	}
}

func TestErrorCodeInAGoodAnswer(t *testing.T) {
	// T-22, T-75: an error may come with status 200, and beside other members.
	fault := apiFault{Code: "INVALID_SESSION_ID", Message: "Session expired or invalid"}
	const members = `"error_code":"INVALID_SESSION_ID","error_message":"Session expired or invalid"`
	elements := map[string]string{
		"serverList": `"serverList":[{"name":"x"},7]`, "taskList": `"taskList":[{"name":"x"}]`,
		"table_details": `"table_details":[{"table_on_source":"x"}]`,
		"tablelist":     `"tablelist":[{"table":"x"}]`, "endpointList": `"endpointList":[{"name":"x"}]`,
		"": `"name":"x","state":"RUNNING"`,
	}
	for _, ask := range askers() {
		for name, body := range map[string]string{
			"alone":         `{` + members + `}`,
			"before":        `{` + members + `,` + elements[ask.list] + `}`,
			"behind":        `{` + elements[ask.list] + `,` + members + `}`,
			"PascalCase":    `{"ErrorCode":"INVALID_SESSION_ID","ErrorMessage":"Session expired or invalid"}`,
			"cut off":       `{` + members + `,"foo":`,
			"message first": `{"error_message":"Session expired or invalid","x":[1],"error_code":" INVALID_SESSION_ID "}`,
		} {
			if _, err := ask.decode(strings.NewReader(body)); !errors.Is(err, fault) {
				t.Errorf("%s, %s: got %v", ask.method, name, err)
			}
		}
		for name, member := range map[string]string{
			"null": `"error_code":null`, "empty": `"error_code":""`, "blank": `"error_code":" "`,
			"zero": `"error_code":0`, "object": `"error_code":{"a":"b"}`, "message only": `"error_message":"oops"`,
			"nested": `"foo":{"error_code":"X"}`,
		} {
			_, err := ask.decode(strings.NewReader(`{` + member + `,` + strings.Replace(elements[ask.list], ",7", "", 1) + `}`))
			if err != nil {
				t.Errorf("%s, %s code: got %v", ask.method, name, err)
			}
		}
	}
	if list, err := decodeServerList(strings.NewReader(`{"serverList":[{"name":"x"}],` + members + `}`)); list != nil ||
		err == nil {
		t.Errorf("a list beside an error: got %v, %v", list, err)
	}
}

func TestDecodeError(t *testing.T) {
	tests := map[string]struct {
		body string
		want apiFault
		ok   bool
	}{
		"fixture": {fixture(t, "error_aem_server_not_connected"),
			apiFault{Code: "AEM_SERVER_NOT_CONNECTED",
				Message: "The requested server \"repl-dr-01\" cannot be reached at this time.\r\nMessage: Unable to connect to " +
					"the remote server"}, true},
		"without text": {`{"error_code":"X"}`, apiFault{Code: "X", Message: ""}, true},
		"extra member": {`{"a":{"error_code":"Y"},"error_code":"X","error_message":null}`, apiFault{Code: "X", Message: ""},
			true},
		"cut off":    {`{"error_code":"X","error_message":"long te`, apiFault{Code: "X", Message: ""}, true},
		"no code":    {`{"error_message":"x"}`, apiFault{}, false},
		"empty code": {`{"error_code":"","error_message":"x"}`, apiFault{}, false},
		"HTML":       {`<html><body>502 Bad Gateway</body></html>`, apiFault{}, false},
		"empty":      {``, apiFault{}, false},
		"null":       {`null`, apiFault{}, false},
		"list":       {`[{"error_code":"X"}]`, apiFault{}, false},
		"string":     {`"error_code"`, apiFault{}, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, ok := decodeError(strings.NewReader(test.body))
			if got != test.want || ok != test.ok {
				t.Errorf("got %#v, %v", got, ok)
			}
		})
	}
	for _, name := range []string{"AEM_SERVER_LICENSE_EXPIRED", "AEM_SERVER_NOT_MONITORED", "INVALID_SESSION_ID",
		"UNAUTHORIZED_REQUEST"} {
		got, ok := decodeError(strings.NewReader(fixture(t, "error_"+strings.ToLower(name))))
		if !ok || got.Code != name || got.Message == "" {
			t.Errorf("%s: got %#v, %v", name, got, ok)
		}
	}
}

func TestFaultsInWords(t *testing.T) {
	for want, fault := range map[string]error{
		"X: no such task": apiFault{Code: "X", Message: "no such task"},
		"X":               apiFault{Code: "X"},
		"null":            decodeFault{Detail: "null"},
		"1 element of the list made no sense and was skipped":   partialFault{Skipped: 1},
		"3 elements of the list made no sense and were skipped": partialFault{Skipped: 3},
	} {
		if got := fault.Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
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

type resetError struct{}

func (*resetError) Error() string { return "connection reset" }

func TestErrorsOfTheReaderComeThrough(t *testing.T) {
	for _, ask := range askers() {
		for _, cut := range []int{0, 1, 3, 20} {
			body := (`{"` + ask.list + `":[{"name":"x","table_on_source":"x"}],"a":1}`)[:cut]
			for _, broken := range []error{&resetError{}, io.ErrUnexpectedEOF, os.ErrDeadlineExceeded} {
				_, err := ask.decode(&brokenReader{strings.NewReader(body), broken})
				if !errors.Is(err, broken) {
					t.Errorf("%s cut at %d by %v: got %v", ask.method, cut, broken, err)
				}
			}
			_, err := ask.decode(&brokenReader{strings.NewReader(body), &resetError{}})
			var reset *resetError
			if !errors.As(err, &reset) {
				t.Errorf("%s cut at %d: got %v", ask.method, cut, err)
			}
		}
		if _, err := ask.decode(iotest.DataErrReader(strings.NewReader(`{"name":"x","` + ask.list + `":null}`))); err != nil {
			t.Errorf("%s: end of file together with data: %v", ask.method, err)
		}
		if _, err := ask.decode(idleReader{}); !errors.Is(err, io.ErrNoProgress) {
			t.Errorf("%s of a reader that never gives anything: %v", ask.method, err)
		}
	}
}

type idleReader struct{}

func (idleReader) Read([]byte) (int, error) { return 0, nil }

func TestDeepNesting(t *testing.T) {
	for _, ask := range askers() {
		for _, deep := range []string{
			strings.Repeat("[", 200_000), strings.Repeat(`{"a":`, 200_000), `{"name":` + strings.Repeat("[", 200_000),
		} {
			if _, err := ask.decode(strings.NewReader(deep)); err == nil {
				t.Errorf("%s: no error", ask.method)
			}
		}
		bearable := `{"foo":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `,"name":"x","` + ask.list + `":null}`
		if _, err := ask.decode(strings.NewReader(bearable)); err != nil {
			t.Errorf("%s: %v", ask.method, err)
		}
	}
}
