package aem

import (
	"net/url"
	"strings"
	"testing"
)

func TestNamesOnTheWire(t *testing.T) {
	for name, want := range map[string]string{
		"plain-1.2_3~":    "plain-1.2_3~",
		" Business Task ": "%20Business%20Task%20",
		"a/b":             "a%2Fb",
		"100%":            "100%25",
		"%2F":             "%252F",
		"a+b&c=d;e":       "a%2Bb%26c%3Dd%3Be",
		"#1?":             "%231%3F",
		`"q" 'q' \`:       "%22q%22%20%27q%27%20%5C",
		"zürich 東京":       "z%C3%BCrich%20%E6%9D%B1%E4%BA%AC",
		"bad\xff\n":       "bad%FF%0A",
		"...":             "...",
		"../x":            "..%2Fx",
		"http://h:1/":     "http%3A%2F%2Fh%3A1%2F",
	} {
		client, requests := answering(t, answer(200, `{"tablelist":[]}`))
		must(t, noResult(client.Tables.List(t.Context(), TaskRef{name, name}, TableFilter{Table: name})))
		if sent := "GET /servers/" + want + "/tasks/" + want + "/tables?table=" + want; (*requests)[0] != sent {
			t.Errorf("%q: sent %q, want %q", name, *requests, sent)
		}
	}
}

func FuzzNames(f *testing.F) {
	for _, name := range []string{"a", "...", "a/b", "%", "\xff", " "} {
		f.Add(name)
	}
	root, _ := url.Parse("https://h/p/api/v1")
	f.Fuzz(func(t *testing.T, name string) {
		if dots(name) {
			return
		}
		u := (&call{path: []string{"servers", name}, query: query{{"schema", name}}}).url(root)
		raw := u.RequestURI()
		segments := strings.Split(strings.SplitN(raw, "?", 2)[0], "/")
		back, err := url.PathUnescape(segments[len(segments)-1])
		if err != nil || back != name || len(segments) != 6 || segments[5] == "." || segments[5] == ".." {
			t.Errorf("%q became %q", name, raw)
		}
		if q, err := url.ParseQuery(strings.SplitN(raw, "?", 2)[1]); err != nil || q.Get("schema") != name {
			t.Errorf("%q became %q", name, raw)
		}
	})
}
