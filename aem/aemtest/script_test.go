package aemtest

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var secret = regexp.MustCompile(`\{S:[0-9a-f-]{36}\}`)

// script is the conversation in a file of testdata/calls.
type script struct {
	*testing.T
	s     *Simulator
	clock *testClock
	who   map[string]*caller
	c     *caller
}

// TestCalls holds the conversations of testdata/calls, in which the answers are indented. A line
// "world SHAPE" begins with a new requestWorld, "as ROLE" lets somebody of the role speak, who sees
// but the names that follow, "at TIME" sets the clock, and another line is a request, in whose body ⏎ is a
// new line. -update writes
// the answers anew.
func TestCalls(t *testing.T) {
	files, err := filepath.Glob("testdata/calls/*.txt")
	ok(t, err)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			want, err := os.ReadFile(file)
			ok(t, err)
			var got bytes.Buffer
			script := &script{T: t}
			for line := range strings.Lines(string(want)) {
				if line[0] != '\t' {
					got.WriteString(line)
					got.WriteString(script.run(strings.TrimSpace(line)))
				}
			}
			if *update {
				ok(t, os.WriteFile(file, got.Bytes(), 0o644))
			} else if diff := cmp.Diff(string(want), got.String()); diff != "" {
				t.Errorf("%s, -file +now:\n%s", file, diff)
			}
		})
	}
}

// run runs a line, and returns the answer if it is a request.
func (x *script) run(line string) string {
	word, rest, _ := strings.Cut(line, " ")
	switch word {
	case "", "#":
	case "world":
		shape := slices.Index([]string{"realworld", "guide", "legacy"}, rest)
		x.s, x.clock = world(x, Options{Shape: Shape(shape), ExpiredStatus: 500})
		addEndpoints(x, x.s)
		x.who = map[string]*caller{}
		x.as("admin")
	case "as":
		x.as(rest)
	case "at":
		since, err := time.ParseDuration(rest)
		ok(x, err)
		x.clock.set(since)
	default:
		path, body, _ := strings.Cut(rest, " ")
		status, _, out := x.c.send(word, path, strings.ReplaceAll(body, "⏎", "\n"))
		if bytes.HasPrefix(out, []byte("<!DOCTYPE")) {
			out = []byte("a page of the web server")
		}
		text := strings.Replace(string(secret.ReplaceAll(out, []byte("{S:a GUID}"))), "\ufeff", "<BOM>", 1)
		text = strings.ReplaceAll(strings.TrimSpace(text), "\r\n", "\n")
		return fmt.Sprintf("\t%s\n", strings.ReplaceAll(strings.TrimSpace(fmt.Sprint(status, " ", text)), "\n", "\n\t"))
	}
	return ""
}

func (x *script) as(who string) {
	if x.c = x.who[who]; x.c != nil {
		return
	}
	word, names, limited := strings.Cut(who, " ")
	role := roleOf(word)
	if limited {
		u := user(role)
		u.Name, u.Servers, u.Tasks, u.Endpoints = who, strings.Fields(names), strings.Fields(names), strings.Fields(names)
		x.s.SetUsers(append(slices.Clone(x.s.auth.users), u)...)
		x.c = newCaller(x, x.s).mustLogin(who, u.Password)
	} else {
		x.c = as(x, x.s, role)
	}
	x.who[who] = x.c
}
