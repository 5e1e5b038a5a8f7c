package main

import (
	"cmp"
	_ "embed"
	"fmt"
	"regexp"
	"strings"
	"text/template"
)

// end is that of every runbook: where to look, what to paste, when to wait.
//
//go:embed runbook.md
var end string

// runbook is the page of an alert with its end made anew.
func (s *source) runbook(page string, r *rule) (string, error) {
	made, err := template.New("runbook.md").Funcs(template.FuncMap{"command": s.command}).Parse(end)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	page, _, _ = strings.Cut(page, "[All runbooks]")
	page, _, _ = strings.Cut(page, "## Where\n")
	b.WriteString(page)
	err = made.Execute(&b, map[string]string{
		"Console": r.subject.Console, "Log": r.subject.Log, "Call": cmp.Or(r.Call, r.subject.Call), "Act": r.Act,
		"Wait": r.Wait,
	})
	return b.String(), err
}

// command is what qemctl has for a call, "" if nothing.
func (s *source) command(call string) string {
	for end, command := range s.Commands {
		if strings.HasSuffix(call, end) {
			return command
		}
	}
	return ""
}

// index is the index of the runbooks with the tables of alerts and thresholds.
func (s *source) index(page string) string {
	alerts := "| alert | severity | labels | summary |\n|---|---|---|---|\n"
	for _, r := range s.alerts() {
		labels := r.labels()
		if r.joined() {
			labels += ", team, source, target"
		}
		for _, t := range r.told() {
			alerts += fmt.Sprintf("| [%s](%[1]s.md) | %s | %s | %s |\n", r.Alert, t.severity, labels, r.Title)
		}
	}
	limits := "| threshold | value | meaning |\n|---|---|---|\n"
	for _, t := range s.Thresholds {
		limits += fmt.Sprintf("| `%s` | %s | %s |\n", threshold+t.Name, t.Value, t.Meaning)
	}
	for _, table := range []string{alerts, limits} {
		first, _, _ := strings.Cut(table[2:], " ")
		page = regexp.MustCompile(`(?m)^\| `+first+` \|.*\n(?:\|.*\n)+`).ReplaceAllLiteralString(page, table)
	}
	return page
}
