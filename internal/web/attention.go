package web

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// severity says how much something needs attention.
type severity string

// The severities, in the JSON as on the page.
const (
	fine     severity = "ok"
	warning  severity = "warning"
	critical severity = "critical"
)

// level orders severities.
func (s severity) level() int {
	switch s {
	case critical:
		return 2
	case warning:
		return 1
	}
	return 0
}

// count is 1 for what needs attention.
func (s severity) count() int { return min(1, s.level()) }

// worst is the higher of two.
func worst(a, b severity) severity {
	if b.level() > a.level() {
		return b
	}
	return a
}

// licenseWarningDays is how long before its end a licence needs attention.
const licenseWarningDays = 30

func managerSeverity(state string) severity {
	switch state {
	case stateDown, stateExpired:
		return critical
	case statePartial:
		return warning
	}
	return fine
}

// attendServer tells how much a server needs attention, and why.
func attendServer(s *fleet.Server) (severity, []string) {
	level, reasons := fine, []string{}
	add := func(l severity, reason string) {
		level = worst(level, l)
		reasons = append(reasons, reason)
	}
	switch {
	case s.State == fleet.ServerError:
		add(critical, cmp.Or(s.Message, "in error"))
	case s.State == fleet.ServerNotMonitored:
		add(fine, "its tasks are not read")
	case s.Up == fleet.No:
		add(critical, "its details and task list could not be read")
	}
	days := number(s.License.DaysToExpiration)
	switch {
	case s.License.State != "" && s.License.State != "valid":
		add(critical, "licence: "+spaced(s.License.State))
	case !days.IsZero() && s.License.State != "" && days < licenseWarningDays:
		add(warning, "licence ends in "+count(int(days), "day"))
	}
	return level, reasons
}

// attention is how much a task needs attention, and why.
type attention struct {
	severity severity
	rank     int     // orders tasks of one severity: the worst kind of trouble has the highest
	late     bool    // the total latency is above the objective
	excess   float64 // total latency as a multiple of the objective; 0 when either is absent
	reasons  []string
}

func (a *attention) add(s severity, rank int, reason string) {
	a.severity, a.rank = worst(a.severity, s), max(a.rank, rank)
	a.reasons = append(a.reasons, reason)
}

func attendTask(t *fleet.Task) attention {
	a := attention{severity: fine}
	a.state(t)
	if latency := totalLatency(t); latency >= 0 && t.LatencyObjective > 0 {
		a.excess = latency / t.LatencyObjective
		if a.late = a.excess > 1; a.late {
			a.add(warning, 5, fmt.Sprintf("%s behind, objective %s", seconds(latency), seconds(t.LatencyObjective)))
		}
	}
	if !t.Up {
		a.add(warning, 3, "its details could not be read")
	}
	if t.TableStates != nil && t.TableStates.Error > 0 {
		a.add(warning, 2, count(t.TableStates.Error, "table")+" in error")
	}
	return a
}

// state judges the state and the reason of a stop.
func (a *attention) state(t *fleet.Task) {
	switch t.State {
	case fleet.TaskError:
		a.add(critical, 9, because("in error", t))
	case fleet.TaskRecovering:
		a.add(warning, 7, because("recovering", t))
	case fleet.TaskStopped:
		switch t.StopReason {
		case "recoverable_error", "fatal_error", "stopped_low_memory", "stopped_low_disk_space", "express_license_limits_reached":
			a.add(critical, 8, because("stopped", t))
		}
	}
}

// because tells the reason of the stop and the task's message, or else the state.
func because(state string, t *fleet.Task) string {
	var words []string
	if reason := strings.TrimPrefix(t.StopReason, "stopped_"); reason != "" && reason != "none" && reason != "normal" {
		words = append(words, spaced(reason))
	}
	if t.Message != "" {
		words = append(words, t.Message)
	}
	return cmp.Or(strings.Join(words, ": "), state)
}

// totalLatency is absent while the task processes no changes.
func totalLatency(t *fleet.Task) float64 {
	if t.Details == nil {
		return fleet.Absent()
	}
	return t.Details.TotalLatency
}

// spaced turns an enum's value into words.
func spaced(s string) string { return strings.ReplaceAll(s, "_", " ") }
