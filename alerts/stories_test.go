package alerts_test

import (
	"bytes"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
)

const (
	storiesFile = "tests/stories.yml"
	storyTable  = "tests/README.md"
)

// story is something that happens, and which alerts fire when. Every story is played on an Enterprise
// Manager of its own, many of them in one run of promtool.
type story struct {
	Kind, Story string
	World       string            // minutes, unless "long" (days by 10 minutes) or "alone" (nobody else is there)
	Set         map[string]string // what is other than in a healthy world
	Cut         map[string]string // from when to when (steps) no samples with such a label value
	Only, Also  []string          // variations
	At          map[string]string // when: which alerts fire
	Check       map[string]string // when: an expression that gives something

	healthy string
}

// steps are how often a world is looked at.
var steps = map[string]time.Duration{"": time.Minute, "long": 10 * time.Minute, "alone": time.Minute}

// seldom is how often the rules have to be evaluated, at least.
const seldom = 2 * time.Minute

// length is how many steps a story has.
func (s story) length() int {
	last := time.Duration(0)
	for at := range s.At {
		last = max(last, after(at))
	}
	return int(last/steps[s.World]) + 2
}

func stories(t *testing.T) []story {
	t.Helper()
	var file struct {
		Healthy string
		Stories []story
	}
	read(t, storiesFile, &file)
	for i := range file.Stories {
		file.Stories[i].healthy = file.Healthy
	}
	return file.Stories
}

func (s story) variations() []string {
	if s.Only != nil {
		return s.Only
	}
	if s.World == "long" {
		return []string{"pair"}
	}
	return append([]string{"holes"}, s.Also...)
}

// played is a story in a variation.
type played struct {
	story
	number    int
	variation string
}

func (p played) manager() string { return fmt.Sprintf("%02d-%s", p.number, p.variation) }

func (p played) instances() []string {
	if p.variation == "alone" {
		return []string{"a"}
	}
	return []string{"a", "b"}
}

// labels gives the samples of an instance their labels, as the exporter and Prometheus do.
func (p played) labels(family, instance, given string) string {
	labels := []string{`job="qem"`, fmt.Sprintf("instance=%q", p.manager()+instance)}
	if p.variation != "alone" { // what the Operator adds
		labels = append(labels, `namespace="monitoring"`, `pod="qem-0"`, `service="qem"`, `container="qem"`, `endpoint="metrics"`)
	}
	if !ofExporter.MatchString(family) {
		labels = append(labels, fmt.Sprintf("manager=%q", p.manager()))
	}
	if ofServer.MatchString(family) && !strings.Contains(given, "server=") {
		labels = append(labels, `server="repl"`)
	}
	if ofTask.MatchString(family) && !strings.Contains(given, "task=") {
		labels = append(labels, `task="orders"`)
	}
	if given != "" {
		labels = append(labels, given)
	}
	return family + "{" + strings.Join(labels, ", ") + "}"
}

var keyForm = regexp.MustCompile(`^(\w+)(?:\{(.*)\})?(?:@(\w+))?$`)

// series are all series of a story: those of a healthy world, on both servers, then its own in place of them.
func (p played) series() map[string][]string {
	all := map[string][]string{}
	length := p.length()
	put := func(key, values string) {
		m := keyForm.FindStringSubmatch(key)
		instances := p.instances()
		if m[3] != "" {
			instances = []string{m[3]}
		}
		for _, i := range instances {
			name := p.labels(m[1], i, m[2])
			if values == "never" {
				delete(all, name)
				continue
			}
			steps := expand(values, length)
			if i == "b" { // it looks a step later
				steps = append([]string{steps[0]}, steps[:length-1]...)
			}
			all[name] = steps
		}
	}
	world := p.healthy
	if p.World == "long" {
		world = strings.Replace(world, "qem_poll_interval_seconds 60", "qem_poll_interval_seconds 3600", 1)
	}
	for line := range strings.Lines(world) {
		key, values, _ := strings.Cut(strings.TrimSpace(line), " ")
		put(key, values)
		family, given, _ := strings.Cut(strings.TrimSuffix(key, "}"), "{")
		if family == "qem_server_up" || family == "qem_server_state" {
			put(family+"{"+strings.Trim(given+`,server="other"`, ",")+"}", values)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(p.Set)) {
		put(key, p.Set[key])
	}
	for name, steps := range all {
		p.disturb(name, steps)
	}
	return all
}

var (
	ofExporter = regexp.MustCompile(`^(up$|qem_exporter_)`)
	ofServer   = regexp.MustCompile(`^qem_(server|task|compose|endpoint)_`)
	ofTask     = regexp.MustCompile(`^qem_(task|compose)_`)
	upFlag     = regexp.MustCompile(`^qem_(server|task)_up\{`)
	// What an exporter has that reads nothing.
	unread = regexp.MustCompile(`^(up|qem_exporter_\w+|qem_manager_info|qem_\w+_interval_seconds)\{`)
)

// disturb takes samples away: those the story cuts, and those of the variation.
func (p played) disturb(name string, steps []string) {
	for value, span := range p.Cut {
		from, to, _ := strings.Cut(span, "-")
		first, _ := strconv.Atoi(from)
		last := len(steps)
		if to != "" {
			last, _ = strconv.Atoi(to)
		}
		exporter := strings.Contains(name, fmt.Sprintf("instance=%q", p.manager()+value)) // a dead one
		if exporter && strings.HasPrefix(name, "up{") {
			fill(steps[first:last], "0")
		} else if exporter || strings.Contains(name, fmt.Sprintf("=%q", value)) {
			gap(steps, first, last)
		}
	}
	if p.variation == "holes" && ofServer.MatchString(name) {
		for i := 8; i < len(steps); i += 9 {
			switch said := upFlag.MatchString(name); {
			case !said:
				gap(steps, i, i+1)
			case i%2 == 1 && steps[i] == "1": // every other time what could not be read says so
				steps[i] = "0"
			}
		}
	}
	if p.variation == "lame" && strings.Contains(name, fmt.Sprintf("instance=%q", p.manager()+"b")) {
		switch {
		case strings.HasPrefix(name, "qem_up{"):
			fill(steps, "0")
		case !unread.MatchString(name):
			fill(steps, "_")
		}
	}
}

func fill(steps []string, value string) {
	for i := range steps {
		steps[i] = value
	}
}

// gap makes a series stale, and then absent.
func gap(steps []string, first, last int) {
	for i := first; i < last; i++ {
		if steps[i] = "_"; i == first {
			steps[i] = "stale"
		}
	}
}

var valueForm = regexp.MustCompile(`^(-?[0-9.e]+)(?:([+-][0-9.e]+))?(?:x(\d+))?$`)

// expand gives a value for each step; the last one, or its growth, goes on.
func expand(values string, length int) []string {
	var steps []string
	step := 0.0
	for part := range strings.FieldsSeq(values) {
		m := valueForm.FindStringSubmatch(part)
		if m == nil {
			token, times, _ := strings.Cut(part, "x")
			n, _ := strconv.Atoi(times)
			steps = append(steps, slices.Repeat([]string{token}, max(n, 1))...)
			step = 0
			continue
		}
		value, _ := strconv.ParseFloat(m[1], 64)
		step, _ = strconv.ParseFloat(m[2], 64)
		n, _ := strconv.Atoi(m[3])
		for i := range n + 1 {
			steps = append(steps, number(value+float64(i)*step))
		}
	}
	for len(steps) < length {
		last, err := strconv.ParseFloat(steps[len(steps)-1], 64)
		if err != nil {
			steps = append(steps, "_")
			continue
		}
		steps = append(steps, number(last+step))
	}
	return steps[:length]
}

func number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

func after(duration string) time.Duration {
	d, _ := model.ParseDuration(duration)
	return time.Duration(d)
}

// storyRows is the table of what was played, once all of it came as expected.
func storyRows(all []story) string {
	var b bytes.Buffer
	b.WriteString(`# Stories

What happens, which alerts fire at which time, and what came: made of [stories.yml](stories.yml) by
go test -tags e2e ./alerts -run TestStories -update. An alert is named with the first letter of its severity; nothing
else fires at that time but QemWatchdog. Each story is played with a pair of exporters that have the labels of the
Prometheus Operator, of which the second looks a minute later, and where every ninth poll is missing (holes); some with
a pair without holes, a pair of which one reads nothing (lame), or a lone exporter. The rules are evaluated every
minute, and in a unit test every 2 minutes.

| | kind | story | expected | got | played |
|---|---|---|---|---|---|
`)
	for i, s := range all {
		var expected []string
		for _, at := range slices.SortedFunc(maps.Keys(s.At), func(a, b string) int {
			return int(after(a) - after(b))
		}) {
			fires := s.At[at]
			if fires == "" {
				fires = "nothing"
			}
			expected = append(expected, at+": "+fires)
		}
		fmt.Fprintf(&b, "| %d | %s | %s | %s | as expected | %s |\n", i+1, s.Kind, s.Story, strings.Join(expected, "; "),
			strings.Join(s.variations(), ", "))
	}
	return b.String()
}
