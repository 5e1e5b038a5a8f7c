package choose

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// Objective is what is expected of the tasks that it matches; what is zero, it does not say.
// The expressions are anchored; nil matches everything. All of them must match.
type Objective struct {
	Server, Task, Tag *regexp.Regexp
	Latency, FullLoad time.Duration
	Running           *bool
	Priority          string // fleet.PriorityPage, ...
}

func (o *Objective) match(server, task string, tags []string) bool {
	return fits(o.Server, server) && fits(o.Task, task) && (o.Tag == nil || slices.ContainsFunc(tags, o.Tag.MatchString))
}

func fits(re *regexp.Regexp, name string) bool { return re == nil || re.MatchString(name) }

// Expected is what is expected of a task: what its own tags say, or else the first objective that
// matches and says it. The complaints tell of tags that cannot be read.
func Expected(objectives []Objective, server, task string, tags []string) (e fleet.Expectation, complaints []string) {
	first, complaints := ofTags(tags)
	for i := range objectives {
		if o := &objectives[i]; o.match(server, task, tags) {
			first.Latency, first.FullLoad = cmp.Or(first.Latency, o.Latency), cmp.Or(first.FullLoad, o.FullLoad)
			first.Running, first.Priority = cmp.Or(first.Running, o.Running), cmp.Or(first.Priority, o.Priority)
		}
	}
	if first.Latency > 0 {
		e.Latency = fleet.Num(first.Latency.Seconds())
	}
	if first.FullLoad > 0 {
		e.FullLoad = fleet.Num(first.FullLoad.Seconds())
	}
	e.Running = first.Running != nil && *first.Running
	e.Priority = cmp.Or(first.Priority, fleet.PriorityPage)
	return e, complaints
}

// ofTags is what the tags of a task say, as an objective.
func ofTags(tags []string) (o Objective, complaints []string) {
	for _, key := range []string{"latency_objective", "full_load_objective", "expected", "priority"} {
		if value, tagged := valueOf(tags, key); tagged {
			if err := o.set(key, value); err != nil {
				complaints = append(complaints, fmt.Sprintf("tag %s=%s: %v", key, value, err))
			}
		}
	}
	if n := len(tags); n > fleet.MaxTags {
		complaints = append(complaints, fmt.Sprintf("only the first %d of its %d tags have series", fleet.MaxTags, n))
	}
	return o, complaints
}

// set takes over what one tag says.
func (o *Objective) set(key, value string) (err error) {
	priorities := []string{fleet.PriorityPage, fleet.PriorityTicket, fleet.PriorityNone}
	switch {
	case key == "latency_objective":
		o.Latency, err = span(value)
	case key == "full_load_objective":
		o.FullLoad, err = span(value)
	case key == "expected" && value == "running":
		o.Running = new(true)
	case key == "expected":
		err = fmt.Errorf("%q is not running", value)
	case slices.Contains(priorities, value):
		o.Priority = value
	default:
		err = fmt.Errorf("%q is not %s", value, strings.Join(priorities, ", "))
	}
	return err
}

// valueOf is the value of the tag key=value; of several, the first by text.
func valueOf(tags []string, key string) (value string, found bool) {
	for _, tag := range tags {
		k, v, ok := strings.Cut(tag, "=")
		if v = strings.TrimSpace(v); ok && strings.TrimSpace(k) == key && (!found || v < value) {
			value, found = v, true
		}
	}
	return value, found
}

// span accepts the durations of Prometheus (1d12h) and of Go (1.5h).
func span(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil {
		var ofPrometheus model.Duration
		ofPrometheus, err = model.ParseDuration(text)
		d = time.Duration(ofPrometheus)
	}
	switch {
	case err != nil:
		return 0, err
	case d <= 0:
		return 0, fmt.Errorf("%s is not above 0", d)
	}
	return d, nil
}

// ServerLimit is what the servers have that it matches.
type ServerLimit struct {
	Server       *regexp.Regexp // anchored; nil matches any name
	Memory, Disk int64          // bytes; 0 is not known
}

// Limits are those of a server: the first that matches.
func Limits(list []ServerLimit, server string) (memory, disk fleet.Number) {
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
		break
	}
	return memory, disk
}
