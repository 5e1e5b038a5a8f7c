package poll

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/prometheus/common/model"
)

// objectiveTag is the key of the tag that carries a task's own latency objective.
const objectiveTag = "latency_objective"

// Objective is a latency objective for the tasks that it matches.
type Objective struct {
	Server, Task *regexp.Regexp // anchored; nil matches any name
	Objective    time.Duration
}

func (o Objective) match(server, task string) bool {
	return (o.Server == nil || o.Server.MatchString(server)) && (o.Task == nil || o.Task.MatchString(task))
}

// latencyObjective returns a task's objective: that of its tag, else of the first
// objective that matches, else none. The error tells of a tag that is no duration;
// such a tag counts as none.
func latencyObjective(objectives []Objective, server, task string, tags []string) (time.Duration, bool, error) {
	tagged, err := taggedObjective(tags)
	if tagged > 0 {
		return tagged, true, err
	}
	for _, o := range objectives {
		if o.match(server, task) {
			return o.Objective, true, err
		}
	}
	return 0, false, err
}

// taggedObjective returns the first good objective among the tags, or 0.
func taggedObjective(tags []string) (time.Duration, error) {
	var bad error
	for _, tag := range tags {
		key, value, found := strings.Cut(tag, "=")
		if !found || strings.TrimSpace(key) != objectiveTag {
			continue
		}
		d, err := parseObjective(strings.TrimSpace(value))
		if err == nil {
			return d, bad
		}
		bad = fmt.Errorf("tag %q: %w", tag, err)
	}
	return 0, bad
}

// parseObjective accepts the durations of Prometheus (1d12h) and of Go (1.5h).
func parseObjective(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil {
		prom, promErr := model.ParseDuration(text)
		d, err = time.Duration(prom), promErr
	}
	switch {
	case err != nil:
		return 0, err
	case d <= 0:
		return 0, fmt.Errorf("%s is not above 0", d)
	}
	return d, nil
}
