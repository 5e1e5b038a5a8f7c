package poll

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// Poller polls one Enterprise Manager.
type Poller struct {
	engine engine
	roster *roster
	wedge  watchdog
}

// New makes a poller. It calls nothing yet.
func New(client *aem.Client, options Options) *Poller {
	o := options.complete()
	p := &Poller{}
	p.engine = engine{
		client: client, options: o, logger: o.Logger.With(slog.String("manager", o.Manager)),
		gate:   newGate(o.Concurrency, o.RequestsPerSecond, o.RequestTimeout/5),
		agenda: newAgenda(), tables: newSelection(o.Tables.Limit), flights: map[*flight]struct{}{}, lacking: map[string]int{},
	}
	p.roster = newRoster(&p.engine)
	p.engine.owner = p.roster
	p.wedge.init(&p.engine)
	p.roster.publish()
	return p
}

// Run polls until ctx ends, and returns when all calls have ended.
func (p *Poller) Run(ctx context.Context) { p.run(ctx, false) }

// Once reads everything once. What View returns then is what was seen; an error tells that ctx
// ended before everything was read.
func (p *Poller) Once(ctx context.Context) error {
	p.run(ctx, true)
	return ctx.Err()
}

func (p *Poller) run(ctx context.Context, once bool) {
	e := &p.engine
	ctx, end := context.WithCancel(ctx)
	defer end()
	e.mu.Lock()
	e.life, e.once = ctx, once
	p.roster.reading.now(outlines)
	p.wedge.watch()
	e.mu.Unlock()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			p.stop()
			return
		case <-timer.C:
		case <-e.agenda.wake:
		}
		e.mu.Lock()
		wait := e.agenda.ring(time.Now())
		if once && e.busy == 0 {
			end()
		}
		e.mu.Unlock()
		timer.Reset(wait)
	}
}

// stopGrace is how long Run waits for calls that do not heed their context.
const stopGrace = 5 * time.Second

// stop ends all calls.
func (p *Poller) stop() {
	e := &p.engine
	e.mu.Lock()
	for _, w := range p.roster.order {
		if e.once && w.publishing.index > 0 {
			w.publish()
		}
	}
	for r := range p.roster.all {
		r.stop()
	}
	e.life = nil
	e.mu.Unlock()
	ended := make(chan struct{})
	go func() {
		e.calls.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(stopGrace):
		e.logger.Warn("calls do not end although they were given up")
	}
}

// View is what is known now. It waits for nothing.
func (p *Poller) View() *fleet.Manager {
	m := &fleet.Manager{Roster: p.roster.published.Load()}
	order := p.roster.watched.Load()
	if order == nil {
		return m
	}
	for _, w := range *order {
		if s := w.published.Load(); s != nil {
			m.Servers = append(m.Servers, s)
		}
	}
	return m
}

// Update changes the options while it polls. What was read stays, and what is remembered; the
// name, the shard, the logger, the journal and the publisher stay as they are.
func (p *Poller) Update(options Options) {
	e := &p.engine
	e.mu.Lock()
	defer e.mu.Unlock()
	old := e.options
	o := options.complete()
	o.Manager, o.Shard, o.TotalShards = old.Manager, old.Shard, old.TotalShards
	o.Logger, o.Journal, o.Publisher = old.Logger, old.Journal, old.Publisher
	e.options = o
	e.gate.resize(o.Concurrency, o.RequestsPerSecond, o.RequestTimeout/5)
	if o.Tables.Limit != old.Tables.Limit {
		e.tables = newSelection(o.Tables.Limit)
	}
	p.roster.apply(old)
}

// Wedged says why nothing moves any more; "" when it does.
func (p *Poller) Wedged() string {
	if why := p.wedge.why.Load(); why != nil {
		return *why
	}
	return ""
}

// watchdog looks for a poller that stands still: one whose calls do not end. Waiting for the
// gate, the rate or a back-off is not standing still.
type watchdog struct {
	*engine
	alarm alarm
	why   atomic.Pointer[string] // nil: it moves
	since time.Time
}

func (d *watchdog) init(e *engine) {
	d.engine = e
	d.alarm.ring = d.look
}

func (d *watchdog) watch() { d.agenda.set(&d.alarm, time.Now().Add(d.limit()/8)) }

// limit is how long no call may end.
func (d *watchdog) limit() time.Duration {
	return 3*d.options.PollInterval + d.options.RequestTimeout
}

// look gives up calls that hold up everything, and lets the rest move on.
func (d *watchdog) look() {
	d.watch()
	stuck := d.gate.stuck(d.limit())
	if len(stuck) == 0 {
		if d.landed.After(d.since) {
			d.why.Store(nil)
		}
		return
	}
	names := make([]string, 0, len(stuck))
	for _, s := range stuck {
		names = append(names, s.what)
	}
	why := fmt.Sprintf("no call to %s has ended for %s: %s", d.options.Manager, d.limit(), some(names))
	d.why.Store(&why)
	d.since = time.Now()
	d.logger.Error("polling stands still, giving up the calls under way", slog.Int("calls", len(stuck)),
		slog.String("names", some(names)))
	for f := range d.flights {
		f.abandon()
	}
	for _, s := range stuck {
		d.gate.release(s)
	}
}

// abandon ends a flight that may never land.
func (f *flight) abandon() {
	r := f.reading
	f.cancel()
	r.leave()
	r.end(nil, errStuck)
}
