package fleet

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// Severity says how much something needs attention. What is not known is not fine.
type Severity string

// The severities, in the JSON as on the page.
const (
	Fine     Severity = "ok"
	NotKnown Severity = "unknown"
	Warning  Severity = "warning"
	Critical Severity = "critical"
)

var severities = []Severity{Fine, NotKnown, Warning, Critical}

// Level orders severities: 0 is fine.
func (s Severity) Level() int { return max(0, slices.Index(severities, s)) }

// Attention is how much something needs attention, and why.
type Attention struct {
	Severity Severity
	Rank     int // orders those of one severity: the worst kind of trouble has the highest
	Reasons  []string
	Alert    string // that tells of what has that rank, and whose runbook helps; "" when none does
}

func (a *Attention) add(s Severity, rank int, alert, reason string) {
	if s.Level() > a.Severity.Level() {
		a.Severity = s
	}
	if rank > a.Rank {
		a.Rank, a.Alert = rank, alert
	}
	a.Reasons = append(a.Reasons, reason)
}

// NormalStops are the reasons for which a task stops without anything being wrong. Every
// other one is abnormal, also one that nobody knows yet. Rules and dashboards have them too.
func NormalStops() []string {
	return []string{"none", "normal", "full_load_only_finished", "stopped_after_full_load",
		"stopped_after_cached_events", "stopped_after_ddl_apply"}
}

// AbnormalStop tells whether a task that stopped for the reason did not stop in good order.
func AbnormalStop(reason string) bool {
	return reason != "" && !slices.Contains(NormalStops(), reason)
}

// LicenseWarning is how long before its end a licence needs attention.
const LicenseWarning = 30 * 24 * time.Hour

// Latency is how far the task's changes are behind, in seconds; absent while it processes none.
func (t *Task) Latency() Number {
	if t.Details == nil {
		return Number{}
	}
	return t.Details.TotalLatency
}

// Lateness is the task's latency as a multiple of its objective; absent without either.
func (t *Task) Lateness() Number { return ratio(t.Latency(), t.Expected.Latency) }

// Late tells whether the task is further behind than its objective; Unknown without either.
func (t *Task) Late() Flag { return above(t.Lateness(), 1) }

// loadOverdue tells whether a full load under way has taken longer than its objective.
func (t *Task) loadOverdue(now time.Time) Flag {
	return above(ratio(t.loading(now), t.Expected.FullLoad), 1)
}

// loading is for how many seconds a full load, or a Compose task's loading, has been under way.
func (t *Task) loading(now time.Time) Number {
	if t.Details == nil || t.State != TaskRunning {
		return Number{}
	}
	start, end, completed := t.Details.FullLoad.Start, t.Details.FullLoad.End, t.Details.FullLoad.Completed
	if t.Compose != nil {
		start, end, completed = t.Compose.LoadingStart, t.Compose.LoadingEnd, t.Compose.LoadingCompleted
	}
	began, ok := start.Get()
	if !ok || completed == Yes || end.Or(0) >= began {
		return Number{}
	}
	return Num(Unix(now).Float() - began)
}

func ratio(of, to Number) Number {
	v, ok := of.Get()
	if divisor := to.Or(0); ok && divisor > 0 {
		return Num(v / divisor)
	}
	return Number{}
}

func above(n Number, limit float64) Flag {
	v, ok := n.Get()
	if !ok {
		return Unknown
	}
	return FlagOf(v > limit)
}

// Attention judges a task. The priority that is expected of it bounds the severity, as it does
// for alerts: a ticket is a warning at most, and nobody is told of PriorityNone.
func (t *Task) Attention(now time.Time) Attention {
	a := Attention{Severity: Fine}
	t.judgeState(&a)
	if t.Late() == Yes {
		a.add(Warning, 5, "QemTaskTargetLatencyHigh", fmt.Sprintf("%s behind, objective %s", Span(t.Latency()),
			Span(t.Expected.Latency)))
	}
	if t.loadOverdue(now) == Yes {
		a.add(Warning, 4, "QemTaskFullLoadLate", fmt.Sprintf("loading for %s, objective %s", Span(t.loading(now)),
			Span(t.Expected.FullLoad)))
	}
	switch {
	case t.Problem != nil && t.Up != No:
		a.add(Warning, 3, "QemTaskNotRead", "its tables could not be read: "+t.Problem.Message)
	case t.Problem != nil:
		a.add(Warning, 3, "QemTaskNotRead", "its details could not be read: "+t.Problem.Message)
	case t.Up == No:
		a.add(Warning, 3, "QemTaskNotRead", "its details could not be read")
	case t.Up == Unknown:
		a.add(NotKnown, 1, "", "its details have not been read yet")
	}
	if t.TableStates != nil && t.TableStates.Error > 0 {
		a.add(Warning, 2, "QemTaskTablesInError", plural(t.TableStates.Error, "table")+" in error")
	}
	switch t.Expected.Priority {
	case PriorityNone:
		a.Severity = Fine
	case PriorityTicket:
		a.Severity = severities[min(a.Severity.Level(), Warning.Level())]
	}
	return a
}

func (t *Task) judgeState(a *Attention) {
	switch t.State {
	case TaskRunning:
	case TaskError:
		a.add(Critical, 9, "QemTaskError", t.because("in error"))
	case TaskRecovering:
		a.add(Warning, 7, "QemTaskRecovering", t.because("recovering"))
	case TaskStopped:
		switch {
		case AbnormalStop(t.StopReason):
			a.add(Critical, 8, "QemTaskStoppedAbnormally", t.because("stopped"))
		case t.Expected.Running:
			a.add(Critical, 8, "QemTaskNotRunning", t.because("stopped, though it is expected to run"))
		}
	case "":
		a.add(NotKnown, 1, "", "its state is not known")
	default: // one that nobody knows yet
		a.add(Warning, 6, "QemTaskStateUnknown", t.because("in the state "+Words(t.State)))
	}
}

// because tells the reason of the stop and the task's message, or else the state.
func (t *Task) because(state string) string {
	var words []string
	if AbnormalStop(t.StopReason) {
		words = append(words, Words(strings.TrimPrefix(t.StopReason, "stopped_")))
	}
	if t.Message != "" {
		words = append(words, t.Message)
	}
	return cmp.Or(strings.Join(words, ": "), state)
}

// Attention judges a server, its tasks apart.
func (s *Server) Attention(now time.Time) Attention {
	a := Attention{Severity: Fine}
	switch {
	case s.State == ServerError:
		a.add(Critical, 9, "QemServerError", cmp.Or(s.Message, "in error"))
	case s.State == ServerNotMonitored:
		a.add(Fine, 0, "QemServerNotMonitored", "not monitored: its tasks are not read")
	case s.Unreadable != "":
		a.add(Critical, 8, "QemServerNotRead", "it cannot be read: "+Words(strings.ToLower(s.Unreadable)))
	case s.Up == No:
		a.add(Critical, 8, "QemServerNotRead", "its details and task list could not be read")
	case s.Up == Unknown:
		a.add(NotKnown, 1, "", "it has not been read yet")
	case s.State != ServerMonitored && s.State != "":
		a.add(Warning, 6, "QemServerStateUnknown", "in the state "+Words(s.State))
	}
	if s.Interval > 0 && s.Sweep.Took > s.Interval {
		a.add(Warning, 4, "QemServerPollSlow", fmt.Sprintf("reading it took %s, longer than its interval of %s",
			Span(Num(s.Sweep.Took.Seconds())), Span(Num(s.Interval.Seconds()))))
	}
	if s.Struggling {
		a.add(Warning, 3, "QemServerNotRead", "it does not answer well and is asked less")
	}
	if s.Details != nil {
		if severity, reason := s.Details.License.Judge(now); severity != Fine {
			a.add(severity, 7, s.Details.License.alert(now), reason)
		}
		if total, ok := s.Details.TaskSummary.Total.Get(); ok && total > s.TasksListed.Or(total) {
			a.add(Warning, 5, "QemServerTasksMissing",
				fmt.Sprintf("%.0f tasks, of which the list has %.0f", total, s.TasksListed.Float()))
		}
	}
	return a
}

// Ends is when the licence ends: by its date, and by the days that remain only where there is no
// date and they are above 0 (the API counts 0 and less for a licence without end); the zero time
// for one without end.
func (l *License) Ends(now time.Time) time.Time {
	if t := l.Expires.Time(); !t.IsZero() {
		return t
	}
	if left := l.Remaining.Or(0); left > 0 {
		return now.Add(time.Duration(min(left, 1e9) * float64(time.Second)))
	}
	return time.Time{}
}

// Judge says how much a licence needs attention, and why. A date that has passed goes before
// whatever the state says.
func (l *License) Judge(now time.Time) (Severity, string) {
	ends := l.Ends(now)
	switch left := ends.Sub(now); {
	case !ends.IsZero() && left <= 0:
		return Critical, "licence expired " + Span(Num((-left).Seconds())) + " ago"
	case l.State != "" && l.State != LicenseValid:
		return Critical, "licence: " + Words(l.State)
	case ends.IsZero() || left >= LicenseWarning:
		return Fine, ""
	default:
		return Warning, "licence ends in " + Span(Num(left.Seconds()))
	}
}

// alert is the one that tells of what is wrong with a licence.
func (l *License) alert(now time.Time) string {
	ends := l.Ends(now)
	switch {
	case !ends.IsZero() && !ends.After(now) || l.State == LicenseExpired:
		return "QemServerLicenseExpired"
	case l.State != "" && l.State != LicenseValid:
		return "QemServerLicenseInvalid"
	}
	return "QemServerLicenseExpiring"
}

// Words turns an enum's value into words.
func Words(s string) string { return strings.ReplaceAll(s, "_", " ") }

// plural counts things in words.
func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// Span writes seconds as people say them, in the two largest units: 30 h is "1 d 6 h".
func Span(n Number) string {
	v, ok := n.Get()
	if !ok {
		return "unknown"
	}
	if v < 0 {
		return "-" + Span(Num(-v))
	}
	switch {
	case v == 0:
		return "0 s"
	case v < 0.001:
		return "under 1 ms"
	case v < 0.9995:
		return fmt.Sprintf("%.0f ms", v*1000)
	case v < 10:
		return fmt.Sprintf("%.3g s", math.Round(v*10)/10)
	}
	left := int64(min(v+0.5, 1e12))
	units := []struct {
		seconds int64
		name    string
	}{{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}}
	for i, u := range units {
		if left < u.seconds {
			continue
		}
		text := fmt.Sprintf("%d %s", left/u.seconds, u.name)
		if i+1 < len(units) {
			if rest := left % u.seconds / units[i+1].seconds; rest > 0 {
				text += fmt.Sprintf(" %d %s", rest, units[i+1].name)
			}
		}
		return text
	}
	return "0 s"
}
