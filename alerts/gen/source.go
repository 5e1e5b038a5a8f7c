package main

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// source is the source file, which explains its parts.
type source struct {
	Subjects   map[string]*subject
	Macros     map[string]string
	Commands   map[string]string
	Thresholds []struct{ Name, Value, Meaning string }
	Groups     []struct {
		Name  string
		Rules []*rule
	}
}

// subject is what an alert can be about.
type subject struct {
	Labels                       []string
	Named, Dashboard, Tail, Hold string
	Console, Call, Log           string
}

// rule is a recording rule, or an alert, of the source.
type rule struct {
	Record, Alert, About, Why, Severity, Expr, For, Keep, Title, Text string

	Dashboard string // if not that of its subject
	Plus      string // a label besides those of its subject
	Ticket    *bool  // false: no warning for tasks whose priority is ticket
	Join      *bool  // false: not joined with the task's route
	Hold      string // whether the condition is kept while it cannot be read
	Kept      string // while what; by default, while its subject cannot be read
	KeptOn    string `yaml:"kept_on"`

	Call, Act, Wait string // for its runbook: what to ask the API, what to do there, when to wait

	subject *subject
}

// read decodes a source and writes its macros and shorthands out.
func read(text []byte) (*source, error) {
	s := &source{Macros: map[string]string{"normal": strings.Join(fleet.NormalStops(), "|")}}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(s); err != nil {
		return nil, err
	}
	var texts []*string
	for _, about := range s.Subjects {
		texts = append(texts, &about.Dashboard, &about.Tail)
	}
	for _, g := range s.Groups {
		for _, r := range g.Rules {
			texts = append(texts, &r.Expr, &r.Kept, &r.Text)
		}
	}
	for _, r := range s.alerts() {
		if r.subject = s.Subjects[r.About]; r.subject == nil {
			return nil, fmt.Errorf("%s is about %q, which is no subject", r.Alert, r.About)
		}
	}
	var wrong error
	for _, text := range texts {
		written, err := s.written(strings.TrimSpace(*text))
		wrong = errors.Join(wrong, err)
		*text = s.spelled(written)
	}
	return s, wrong
}

// alerts are the alerting ones of the rules.
func (s *source) alerts() []*rule {
	var all []*rule
	for _, g := range s.Groups {
		for _, r := range g.Rules {
			if r.Alert != "" {
				all = append(all, r)
			}
		}
	}
	return all
}

var (
	call      = regexp.MustCompile(`<<(\w+)((?: "[^"]*")*)>>`)
	argument  = regexp.MustCompile(`"([^"]*)"`)
	parameter = regexp.MustCompile(`%[1-9]`)
)

// written puts macros in the place of their calls.
func (s *source) written(text string) (string, error) {
	var wrong error
	text = call.ReplaceAllStringFunc(text, func(called string) string {
		m := call.FindStringSubmatch(called)
		macro, known := s.Macros[m[1]]
		for i, a := range argument.FindAllStringSubmatch(m[2], -1) {
			macro = strings.ReplaceAll(macro, "%"+strconv.Itoa(i+1), a[1])
		}
		if !known || parameter.MatchString(macro) {
			wrong = errors.Join(wrong, fmt.Errorf("%s: there is no such macro, or it wants more", called))
			return called
		}
		macro, err := s.written(macro)
		wrong = errors.Join(wrong, err)
		return macro
	})
	return text, wrong
}

var shorthand = regexp.MustCompile(`\b(by|on) ([MST])((?:\+\w+)*)\b`)

// spelled writes out the shorthands of labels.
func (s *source) spelled(expr string) string {
	of := map[string]string{"M": "manager", "S": "server", "T": "task"}
	return shorthand.ReplaceAllStringFunc(expr, func(short string) string {
		m := shorthand.FindStringSubmatch(short)
		labels := strings.Join(s.Subjects[of[m[2]]].Labels, ", ") + strings.ReplaceAll(m[3], "+", ", ")
		return m[1] + " (" + labels + ")"
	})
}
