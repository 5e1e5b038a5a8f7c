package poll

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// An expectation is read from a task's own tag, or else from the first objective that
// matches and has it.
type expectation struct {
	tag       string
	fromTag   func(value string, e *fleet.Expectation) error
	objective func(o *Objective, e *fleet.Expectation) bool // false: it says nothing of it
}

var expectations = []expectation{
	{"latency_objective", func(v string, e *fleet.Expectation) error { return seconds(v, &e.Latency) },
		func(o *Objective, e *fleet.Expectation) bool { return given(o.Latency, &e.Latency) }},
	{"full_load_objective", func(v string, e *fleet.Expectation) error { return seconds(v, &e.FullLoad) },
		func(o *Objective, e *fleet.Expectation) bool { return given(o.FullLoad, &e.FullLoad) }},
	{"expected", func(v string, e *fleet.Expectation) error {
		e.Running = v == "running"
		return oneOf(v, "running")
	}, func(o *Objective, e *fleet.Expectation) bool {
		e.Running = o.Running != nil && *o.Running
		return o.Running != nil
	}},
	{"priority", func(v string, e *fleet.Expectation) error {
		e.Priority = v
		return oneOf(v, fleet.PriorityPage, fleet.PriorityTicket, fleet.PriorityNone)
	}, func(o *Objective, e *fleet.Expectation) bool {
		e.Priority = o.Priority
		return o.Priority != ""
	}},
}

// expected is what is expected of a task. The complaints tell of tags that cannot be read,
// for which the objectives apply instead.
func expected(objectives []Objective, server, task string, tags []string) (e fleet.Expectation, complaints []string) {
	var matching []*Objective
	for i := range objectives {
		if objectives[i].match(server, task, tags) {
			matching = append(matching, &objectives[i])
		}
	}
	for _, x := range expectations {
		if value, tagged := tagValue(tags, x.tag); tagged {
			var own fleet.Expectation
			err := x.fromTag(value, &own)
			if err == nil {
				_ = x.fromTag(value, &e)
				continue
			}
			complaints = append(complaints, fmt.Sprintf("tag %s=%s: %v", x.tag, value, err))
		}
		for _, o := range matching {
			if x.objective(o, &e) {
				break
			}
		}
	}
	if n := len(tags); n > fleet.MaxTags {
		complaints = append(complaints, fmt.Sprintf("only the first %d of its %d tags have series", fleet.MaxTags, n))
	}
	if e.Priority == "" {
		e.Priority = fleet.PriorityPage
	}
	return e, complaints
}

func (o *Objective) match(server, task string, tags []string) bool {
	return fits(o.Server, server) && fits(o.Task, task) && (o.Tag == nil || slices.ContainsFunc(tags, o.Tag.MatchString))
}

func fits(re *regexp.Regexp, name string) bool { return re == nil || re.MatchString(name) }

// tagValue is the value of the tag key=value; of several, the first by text.
func tagValue(tags []string, key string) (value string, found bool) {
	for _, tag := range tags {
		k, v, ok := strings.Cut(tag, "=")
		if v = strings.TrimSpace(v); ok && strings.TrimSpace(k) == key && (!found || v < value) {
			value, found = v, true
		}
	}
	return value, found
}

// given takes an objective over, if there is one.
func given(d time.Duration, to *fleet.Number) bool {
	if d > 0 {
		*to = fleet.Num(d.Seconds())
	}
	return d > 0
}

// seconds accepts the durations of Prometheus (1d12h) and of Go (1.5h).
func seconds(text string, to *fleet.Number) error {
	d, err := time.ParseDuration(text)
	if err != nil {
		prom, promErr := model.ParseDuration(text)
		d, err = time.Duration(prom), promErr
	}
	switch {
	case err != nil:
		return err
	case d <= 0:
		return fmt.Errorf("%s is not above 0", d)
	}
	*to = fleet.Num(d.Seconds())
	return nil
}

func oneOf(value string, allowed ...string) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	return fmt.Errorf("%q is not %s", value, strings.Join(allowed, ", "))
}

// limits are a server's.
func limits(list []ServerLimit, server string) (memory, disk fleet.Number) {
	for _, l := range list {
		if !fits(l.Server, server) {
			continue
		}
		if l.Memory > 0 {
			memory = fleet.Num(float64(l.Memory))
		}
		if l.Disk > 0 {
			disk = fleet.Num(float64(l.Disk))
		}
		return memory, disk
	}
	return memory, disk
}
