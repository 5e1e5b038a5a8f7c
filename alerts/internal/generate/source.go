// Package generate makes the rules file of its source: it writes out what every alert has
// (the joins, priorities, held conditions, links) and what the house knows (which stops are
// normal). Change alerts/source.yml, not what is made of it.
package generate

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/template"

	"go.yaml.in/yaml/v3"

	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// Source is the source file.
type Source struct {
	Thresholds yaml.Node
	Groups     []struct {
		Name  string
		Rules []Rule
	}
}

// Rule is a recording rule, or an alert, of the source.
type Rule struct {
	Record, Alert, About, Why, Severity, Expr, For, Keep, Title, Text string

	Plus   string // a label besides those of what it is about
	Ticket *bool  // false: no warning for tasks whose priority is ticket
	Join   *bool  // false: not joined with the task's route
	Hold   string // whether the condition is kept while it cannot be read
	Kept   string // while what; by default, while the task or server cannot be read
	KeptOn string `yaml:"kept_on"`

	Call, Act, Wait string // for its runbook: what to ask the API, what to do there, when to wait
}

// Threshold is a number that an operator may change.
type Threshold struct{ Name, Value, Meaning string }

// Read expands the macros of a source and decodes it.
func Read(text []byte) (*Source, error) {
	tmpl, err := template.New("source.yml").Delims("<<", ">>").Funcs(macros).Parse(withoutComments(string(text)))
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := tmpl.Execute(&b, nil); err != nil {
		return nil, err
	}
	s := new(Source)
	decoder := yaml.NewDecoder(&b)
	decoder.KnownFields(true)
	if err := decoder.Decode(s); err != nil {
		return nil, fmt.Errorf("source.yml with its macros: %w", err)
	}
	return s, nil
}

// withoutComments drops the lines that are comments: they explain the macros.
func withoutComments(text string) string {
	return regexp.MustCompile(`(?m)^ *#.*\n`).ReplaceAllString(text, "")
}

// Limits are the thresholds, in their order.
func (s *Source) Limits() ([]Threshold, error) {
	var all []Threshold
	for i := 0; i < len(s.Thresholds.Content); i += 2 {
		t := Threshold{Name: "qem:threshold:" + s.Thresholds.Content[i].Value}
		if err := s.Thresholds.Content[i+1].Decode(&t); err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	return all, nil
}

// macros are what the expressions of the source are written with. One of several lines is
// indented by the YAML library only where its first line is; thus they are one line each.
var macros = template.FuncMap{
	"license": func() string { return strconv.Quote(fmt.Sprint(int(fleet.LicenseWarning.Hours() / 24))) },
	"normal":  func() string { return strings.Join(fleet.NormalStops(), "|") },
	"th":      threshold,
	"state":   func(s string) string { return fmt.Sprintf(`max by T (task:qem_task_state:max{state=%q})`, s) },
	"server":  func(s string) string { return fmt.Sprintf(`max by S (server:qem_server_state:max{state=%q})`, s) },
	"read": func(metric, key string) string {
		return fmt.Sprintf(`(max by %[2]s (%[1]s) or max by %[2]s (last_over_time(%[1]s[15m])))`, metric, key)
	},
	// Current, or as it was last recorded while there is a hole or nothing can be read.
	"held": func(record, metric, key, plus string) string {
		unread := map[string]string{"S": "server:qem_server_unread:info", "T": "task:qem_task_unread:info"}[key]
		return fmt.Sprintf(`max by %[3]s%[4]s (%[2]s) or max by %[3]s%[4]s (%[1]s)`+
			` and on %[3]s (group by %[3]s (last_over_time(%[2]s[15m])) or %[5]s) unless on %[3]s %[2]s`, record, metric,
			key, plus, unread)
	},
	// A range must be a number: the one that fits the poll interval.
	"still": func(metric, key string) string {
		window := func(w string) string {
			return fmt.Sprintf(`max by %[2]s (changes(%[1]s[%[3]s])) == 0 and on %[2]s %[1]s offset %[3]s`, metric, key, w)
		}
		return fmt.Sprintf(`(%s unless on M manager:qem_poll_interval_seconds:max > 60`+
			` or %s unless on M manager:qem_poll_interval_seconds:max > 300 or %s)`, window("5m"), window("15m"), window("3h"))
	},
	"late": func(ratio, factor string) string {
		side := "and"
		if strings.HasPrefix(ratio, "<") {
			side = "unless" // also where the source's part is not known
		}
		if factor != "" {
			factor = " * " + threshold(factor)
		}
		return `max by T (task:qem_task_total_latency_seconds:max)` +
			` > on T max by T (task:qem_task_latency_objective_seconds:max)` + factor +
			` ` + side + ` on T max by T (task:qem_task_source_latency:ratio15m) >= 0.5` +
			` unless on T max by T (task:qem_task_state:max{state="stopped"}) == 1`
	},
	"behind": func(where string) string {
		return strconv.Quote(`Task {{ $labels.task }} on server {{ $labels.server }} ({{ $labels.manager }})` +
			` is {{ $value | humanizeDuration }} behind, ` +
			where + `{{ with printf "max(task:qem_task_latency_objective_seconds:max{manager=%q,server=%q,task=%q})"` +
			` $labels.manager $labels.server $labels.task | query }};` +
			` its objective is {{ . | first | value | humanizeDuration }}{{ end }}.`)
	},
	"completed": func() string {
		return `last_over_time({__name__=~"qem_task_full_load_completed|qem_compose_task_loading_completed"}[15m])`
	},
	"loading":  loading,
	"progress": progress,
	"failing": func(side string) string {
		of := func(state string) string {
			return fmt.Sprintf(`count by (manager, team, %[1]s) (%[2]s`+
				`max by T+team+%[1]s (task:qem_task_route:info{priority="page", %[1]s!=""}))`, side, state)
		}
		failing := of(fmt.Sprintf(`(max by T (task:qem_task_state:max{state=~"recovering|error"}) == 1)`+
			` * on T group_left (team, %s) `, side))
		return fmt.Sprintf(`%[1]s >= %[2]s and on (manager, team, %[3]s) %[1]s / %[4]s >= 0.5`, failing,
			threshold("endpoint_tasks"), side, of(""))
	},
}

// With two copies of the rules there are two series of a threshold: scalar would be NaN.
func threshold(name string) string { return "scalar(max(qem:threshold:" + name + "))" }

// loading is how many tables of a task are to be loaded, as its counters or its table statuses say.
func loading() string {
	var parts []string
	for _, family := range []string{"qem_task_full_load_tables", "qem_task_tables", "qem_compose_task_tables"} {
		parts = append(parts,
			fmt.Sprintf(`max by T (sum without (state) (last_over_time(%s{state=~"loading|queued"}[15m]))) > 0`, family))
	}
	return "(" + strings.Join(parts, " or on T ") + ")"
}

// progress is a task of which anything moved.
func progress() string {
	var parts []string
	for _, family := range []string{
		"qem_task_full_load_completed_records", "qem_task_full_load_tables", "qem_task_tables",
		"qem_compose_task_tables", "qem_compose_task_completed_commands",
	} {
		parts = append(parts, fmt.Sprintf(`changes(%s[20m]) > 0`, family))
	}
	return "(" + strings.Join(parts, " or on T ") + ")"
}

var shorthand = regexp.MustCompile(`\b(by|on) ([MST])((?:\+\w+)*)\b`)

// about are the labels of what an alert can be about.
var about = map[string][]string{
	"M": {"manager"}, "S": {"manager", "server"}, "T": {"manager", "server", "task"},
}

// spelled writes out the shorthands of an expression.
func spelled(expr string) string {
	return shorthand.ReplaceAllStringFunc(expr, func(s string) string {
		m := shorthand.FindStringSubmatch(s)
		labels := slices.Concat(about[m[2]], strings.FieldsFunc(m[3], func(r rune) bool { return r == '+' }))
		return m[1] + " (" + strings.Join(labels, ", ") + ")"
	})
}
