package poll

import (
	"log/slog"
	"slices"
	"time"

	"github.com/qem-exporter/qem_exporter/internal/fleet"
	"github.com/qem-exporter/qem_exporter/internal/poll/answer"
	"github.com/qem-exporter/qem_exporter/internal/poll/tell"
)

// refusalPause is how long an account is not asked again for what it may not have, and after
// how long at the latest a call is made again that failed.
const refusalPause = 10 * time.Minute

// refusals counts how often one method was refused on one server. Roles are given by
// object, so one refusal says little; some of them and no permission say enough.
type refusals struct {
	count   int
	granted bool
	last    error
	until   time.Time
}

// settled is why there is no point in asking on; nil when there may be.
func (r *refusals) settled() error {
	if r == nil || r.granted || r.count < patience || time.Now().After(r.until) {
		return nil
	}
	return r.last
}

// note takes note of how a call ended.
func (r *refusals) note(err error, how answer.Fault) {
	switch {
	case how == answer.Good:
		*r = refusals{granted: true}
	case how == answer.Refused && err != r.last: // not one that was told from memory
		if time.Now().After(r.until) {
			*r = refusals{granted: r.granted, until: time.Now().Add(refusalPause)}
		}
		r.count++
		r.last = err
	}
}

// endExtra: a reading of an optional collector has ended. That a collector cannot read all that
// it wants of a server is told once, and when it can again; that the account lacks a role, once
// for all servers.
func (w *watch) endExtra(r *reading, how answer.Fault) {
	if w.refusals[r.kind] == nil {
		w.refusals[r.kind] = &refusals{}
	}
	w.refusals[r.kind].note(r.err, how)
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
