package poll

import (
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
	"github.com/qem-exporter/qem_exporter/internal/poll/answer"
	"github.com/qem-exporter/qem_exporter/internal/poll/gate"
	"github.com/qem-exporter/qem_exporter/internal/poll/tell"
	"github.com/qem-exporter/qem_exporter/internal/poll/trust"
)

// judge looks at the end of a reading for what it means for more than itself.
func (w *watch) judge(r *reading, how answer.Fault) {
	least, most := w.options.StateInterval, w.options.PollInterval
	if r.ours() && r.err != errStuck || r.kind.class > gate.Statuses || w.away != nil {
		return
	}
	switch how {
	case answer.Late:
		if w.struggle.Strike(r.object, answer.Reason(r.err), least, most) {
			for _, other := range w.order {
				if other.kind.class == gate.Details || other.kind.class == gate.Statuses {
					other.miss(errSlow)
				}
			}
		}
	case answer.Vanished:
		if r.object != "" {
			w.outline.now(gate.Outlines)
		}
	case answer.Away:
	default:
		w.struggle.Answered()
	}
	if how == answer.Away || w.rosterTells(r) {
		w.roster.failed(how, r.err)
	}
	if r == w.outline && w.struggle.On && w.struggle.Listed(how == answer.Late, least, most) {
		w.resume(answer.Late)
	}
}

// rosterTells reports whether the server list is about to tell what a reading has just met: that
// the server has gone, or has another state.
func (w *watch) rosterTells(r *reading) bool {
	return r.failed() && r.object == "" && time.Since(r.problem.Since) < w.options.StateInterval/3 &&
		(answer.FaultOf(r.err) == answer.Vanished || errors.Is(r.err, aem.ErrServerNotMonitored) ||
			errors.Is(r.err, aem.ErrServerNotConnected))
}

// endExtra: a reading of an optional collector has ended. That a collector cannot read all that
// it wants of a server is told once, and when it can again; that the account lacks a role, once
// for all servers.
func (w *watch) endExtra(r *reading, how answer.Fault) {
	if w.refusals[r.kind] == nil {
		w.refusals[r.kind] = &trust.Refusals{}
	}
	switch how {
	case answer.Good:
		w.refusals[r.kind].Granted()
	case answer.Refused:
		w.refusals[r.kind].Refused(r.err)
	}
	name := r.kind.collector
	logger := w.Logger.With(slog.String("collector", name), slog.String("server", w.name))
	fails := func(other *reading) bool { return other.kind.collector == name && other.failed() }
	switch {
	case r.ours() || how == answer.Away || how == answer.Vanished:
	case r.failed() && !w.lacks[name]:
		w.lacks[name] = true
		if w.lacking[name]++; w.lacking[name] == 1 || how != answer.Refused {
			logger.Warn("collector cannot read everything", slog.String("needs", r.kind.needs),
				slog.String("reason", answer.Reason(r.err)), slog.Any("err", r.err))
		}
	case w.lacks[name] && !slices.ContainsFunc(w.order, fails):
		delete(w.lacks, name)
		if w.lacking[name]--; w.lacking[name] == 0 {
			logger.Info("collector can read everything again")
		}
	}
}

// tellTest tells a test that went otherwise than the last one.
func (w *watch) tellTest(then, now any) {
	before, _ := then.(*fleet.EndpointTest)
	after, _ := now.(*fleet.EndpointTest)
	if before == nil || after == nil || before.Success == after.Success {
		return
	}
	w.Tell(fleet.Event{Kind: fleet.EndpointTestChanged, Server: w.name, Endpoint: after.Endpoint,
		From: tell.TestResult[before.Success], To: tell.TestResult[after.Success], Message: after.Reason})
}
