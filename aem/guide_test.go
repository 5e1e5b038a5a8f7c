package aem

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
)

// A guideExample is an example of the API guide, from a file of testdata/guide: what its
// head says, by the word before the colon, the body of the request, the answer, and the
// values that a reader of the guide finds in it. Head lines:
//
//	section, method, .NET, Python, role: what the guide says of the method
//	guide: the request as the guide prints it
//	sent:  the request of this package, where that is another one
//	why:   it is another one, or what contradicts something else in the guide
//	mended: what was done to make JSON of what the guide prints
type guideExample struct {
	name, operation      string
	head                 map[string]string
	verb, uri            string
	body, answer, result string
	call                 func(context.Context, *Client) (any, error)
}

// changes reports whether the method says nothing but that it has done something.
func (e guideExample) changes() bool { return e.verb != http.MethodGet && e.answer == "" }

func guideExamples(t testing.TB) []guideExample {
	t.Helper()
	files, err := filepath.Glob("testdata/guide/*.txt")
	must(t, err)
	var all []guideExample
	for _, file := range files {
		text, err := os.ReadFile(file)
		must(t, err)
		e := guideExample{name: strings.TrimSuffix(filepath.Base(file), ".txt"), head: map[string]string{}}
		e.operation, _, _ = strings.Cut(e.name, "-")
		parts := strings.Split("-- head --\n"+string(text), "-- ")
		for i, to := range map[string]*string{"body": &e.body, "answer": &e.answer, "result": &e.result} {
			at := slices.IndexFunc(parts, func(p string) bool { return strings.HasPrefix(p, i+" --\n") })
			if at >= 0 {
				*to = strings.TrimSuffix(strings.TrimPrefix(parts[at], i+" --\n"), "\n")
			}
		}
		for line := range strings.Lines(parts[1]) {
			if word, rest, ok := strings.Cut(strings.TrimSpace(line), ": "); ok {
				e.head[word] = rest
			}
		}
		e.verb, e.uri, _ = strings.Cut(e.head["guide"], " ")
		if sent := e.head["sent"]; sent != "" {
			e.verb, e.uri, _ = strings.Cut(sent, " ")
			if sent == e.head["guide"] || e.head["why"] == "" {
				t.Errorf("%s does not say why something else is sent", file)
			}
		}
		e.call = func(ctx context.Context, c *Client) (any, error) {
			return guideCalls(ctx, c, strings.NewReader(e.body))[e.name]()
		}
		all = append(all, e)
	}
	return all
}

// guideCallsInASession are all but Login and Logout.
func guideCallsInASession(t *testing.T) []guideExample {
	return slices.DeleteFunc(guideExamples(t), func(e guideExample) bool { return strings.HasPrefix(e.name, "Log") })
}

// shown has a line for each value that is there: its name in Go, and the value as people
// write it.
func shown(v any) string {
	var lines []string
	var show func(name string, v reflect.Value)
	show = func(name string, v reflect.Value) {
		if v.IsZero() {
			return
		}
		text := ""
		switch value := v.Interface().(type) {
		case Password:
			text, _ = value.reveal()
		case time.Time:
			text = value.Format(time.RFC3339Nano)
		case fmt.Stringer:
			text = value.String()
		default:
			switch v.Kind() {
			case reflect.Pointer:
				show(name, v.Elem())
				return
			case reflect.Struct:
				for i := range v.NumField() {
					if field := v.Type().Field(i); field.IsExported() {
						show(strings.TrimPrefix(name+"."+field.Name, "."), v.Field(i))
					}
				}
				return
			case reflect.Slice:
				for i := range v.Len() {
					show(fmt.Sprintf("%s[%d]", name, i), v.Index(i))
				}
				return
			}
			text = fmt.Sprint(value)
			if v.Kind() == reflect.String && name != "" {
				text = fmt.Sprintf("%q", v.String())
			}
		}
		lines = append(lines, strings.TrimSpace(name+" "+text))
	}
	if v != nil {
		show("", reflect.ValueOf(v))
	}
	return strings.Join(lines, "\n")
}

// sameResult compares a result with what a file says of it.
func sameResult(t *testing.T, what string, got any, want string) {
	t.Helper()
	if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(shown(got), "\n")); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// strict is an Enterprise Manager that takes no other request than the example's, byte by
// byte, but for the order of headers, of members and the blanks in JSON.
func strict(t *testing.T, e, login guideExample) roundTrip {
	return func(r *http.Request) (*http.Response, error) {
		token := login.head["session"]
		want, permit, good := e, http.CanonicalHeaderKey(sessionHeader)+": "+token, answer(200, e.answer)
		switch {
		case isLogin(r):
			want, permit = login, "Authorization: "+login.head["authorization"]
			good.Header.Set(sessionHeader, token)
		case strings.HasSuffix(r.URL.Path, "/logout") && e.operation != "Logout":
			return good, nil
		}
		if why := want.unlike(t, r, permit); why != "" {
			t.Error(why)
			return answer(400, ""), nil
		}
		return good, nil
	}
}

// unlike says what is different in a request as it goes over the wire, which permit is a
// header of.
func (e guideExample) unlike(t *testing.T, r *http.Request, permit string) string {
	head, body := onTheWire(t, r)
	isJSON := strings.HasPrefix(e.body, "{") || strings.HasPrefix(e.body, "[")
	want := []string{e.verb + " " + e.uri + " HTTP/1.1", "Host: computer.network.net", "User-Agent: test/1",
		"Accept: application/json", permit}
	if e.verb != http.MethodGet {
		want = append(want, fmt.Sprint("Content-Length: ", len(body)))
	}
	switch {
	case isJSON:
		want = append(want, "Content-Type: application/json")
		body, e.body = canonical(t, body), canonical(t, e.body)
	case e.body != "":
		want = append(want, "Content-Type: text/plain; charset=utf-8")
	}
	got := strings.Split(head, "\r\n")
	slices.Sort(got)
	slices.Sort(want)
	return cmp.Diff(append(want, e.body), append(got, body))
}

func canonical(t *testing.T, text string) string {
	t.Helper()
	value := jsontext.Value(text)
	if err := value.Canonicalize(); err != nil {
		t.Errorf("%v in %s", err, text)
	}
	return string(value)
}

// onTheWire is a request as it goes over the wire in HTTP/1.1.
func onTheWire(t *testing.T, r *http.Request) (head, body string) {
	t.Helper()
	var text strings.Builder
	if err := r.Write(&text); err != nil {
		t.Error(err)
	}
	head, body, _ = strings.Cut(text.String(), "\r\n\r\n")
	return head, body
}

func readAll(r io.ReadCloser, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(r)
	return string(text), errors.Join(err, r.Close())
}

// Every example of the guide is sent as the guide has it, and its answer understood.
func TestExamplesOfTheGuide(t *testing.T) {
	all := guideExamples(t)
	login := all[slices.IndexFunc(all, func(e guideExample) bool { return e.name == "Login" })]
	for _, e := range all {
		inBubble(t, e.name, func(t *testing.T) {
			var seen tally
			client, err := New("https://computer.network.net", ActiveDirectory("\ta@\ta", "", "qa"), WithObserver(&seen),
				WithTransport(strict(t, e, login)), WithUserAgent("test/1"))
			must(t, err)
			defer client.Close(t.Context())
			got, err := e.call(t.Context(), client)
			if err != nil || seen.requests[e.operation] != 1 {
				t.Errorf("%v, told of %v", err, seen.requests)
			}
			sameResult(t, e.name, got, e.result)
		})
	}
}
