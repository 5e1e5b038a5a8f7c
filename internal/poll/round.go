package poll

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// round is one poll under way.
type round struct {
	*Poller
	ctx       context.Context
	cancel    context.CancelFunc
	started   time.Time
	schedule  *schedule
	selection *selection
	requests  atomic.Int64
	outage    breaker // calls in a row, of any server, that could not connect

	servers    []*server
	duplicates int
	listErr    error // of the server list; with aem.ErrPartial there is a list

	mu     sync.Mutex
	broken error // what ended the poll early: no login, no Enterprise Manager
}

func newRound(ctx context.Context, p *Poller) *round {
	r := &round{
		Poller:    p,
		started:   time.Now(),
		schedule:  newSchedule(p.pool, 0),
		selection: newSelection(p.options.Tables.Limit),
		outage:    breaker{symptom: aem.ErrConnection, patience: max(p.options.Concurrency, 10)},
	}
	r.ctx, r.cancel = context.WithCancel(ctx)
	return r
}

// read makes all calls of the poll and returns when the last has ended.
func (r *round) read() {
	stop := context.AfterFunc(r.ctx, r.schedule.closeAll)
	defer stop()
	defer r.schedule.end()
	list := r.list()
	if r.failed() {
		return
	}
	seen := make(map[string]bool, len(list))
	for _, info := range list {
		if seen[info.Name] {
			r.duplicates++
			continue
		}
		seen[info.Name] = true
		if r.chosen(info.Name) {
			r.servers = append(r.servers, newServer(r, info))
		}
	}
	for _, s := range r.servers {
		s.begin()
	}
	r.schedule.wait()
	for _, s := range r.servers {
		s.cancel()
	}
}

// list reads the server list. It is scheduled as all calls are, as endpoint tests may
// be under way.
func (r *round) list() (list []aem.ServerInfo) {
	r.listErr = &aem.Error{Operation: "GetServerList", Kind: aem.KindCanceled, Message: "the poll ended before the call"}
	ctx := aem.WithAttemptTrace(r.ctx, func(string, time.Time, error) { r.requests.Add(1) })
	r.schedule.add(r.schedule.queue(), outline, func() { list, r.listErr = r.client.Servers.List(ctx) })
	r.schedule.wait()
	return list
}

func (r *round) chosen(server string) bool {
	return r.options.Servers.match(server) &&
		inShard(r.options.Manager, server, r.options.Shard, r.options.TotalShards)
}

// failed reports whether the server list could not be read.
func (r *round) failed() bool {
	return r.listErr != nil && !errors.Is(r.listErr, aem.ErrPartial)
}

// judge looks at the outcome of one call for what concerns the whole poll.
func (r *round) judge(subject string, started time.Time, err error) {
	if errors.Is(err, aem.ErrLogin) {
		r.abandon(err)
		return
	}
	if !r.outage.note(subject, started, err) || r.ctx.Err() != nil {
		return
	}
	// So many calls in a row could not connect: either they have that in common, or
	// Enterprise Manager has gone, and then all the others would only take time.
	asked := time.Now()
	_, err = r.client.Servers.List(r.ctx)
	r.outage.note("", asked, err)
	if errors.Is(err, aem.ErrConnection) || errors.Is(err, aem.ErrLogin) {
		r.abandon(err)
	}
}

// abandon gives up the rest of the poll.
func (r *round) abandon(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.broken == nil && r.ctx.Err() == nil {
		r.broken = err
		r.cancel() // which closes the schedule
	}
}

// snapshot is what the poll saw; every call must have ended.
func (r *round) snapshot() *fleet.Manager {
	m := &fleet.Manager{Name: r.options.Manager, Started: r.started, Result: fleet.Success, Duplicates: r.duplicates}
	r.selection.settle()
	if r.listErr != nil {
		tell(m, problem("", "", "GetServerList", r.listErr))
	}
	if r.broken != nil {
		tell(m, brokenOff(r.broken))
	} else if r.listErr == nil && r.ctx.Err() != nil {
		tell(m, cutShort(r.ctx.Err()))
	}
	if !r.failed() {
		m.Servers = make([]fleet.Server, 0, len(r.servers))
	}
	for _, s := range r.servers {
		if s.end() != gone {
			m.Servers = append(m.Servers, s.snapshot(m))
		}
	}
	switch {
	case r.failed():
		m.Result = fleet.Failure
	case m.ProblemCount > 0:
		m.Result = fleet.Partial
	}
	m.Ended = time.Now()
	m.Duration = m.Ended.Sub(m.Started)
	return m
}
