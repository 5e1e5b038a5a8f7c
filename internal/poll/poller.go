package poll

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
	"github.com/qem-exporter/qem_exporter/internal/poll/alarm"
	"github.com/qem-exporter/qem_exporter/internal/poll/answer"
	"github.com/qem-exporter/qem_exporter/internal/poll/gate"
	"github.com/qem-exporter/qem_exporter/internal/poll/tell"
)

// Poller polls one Enterprise Manager.
type Poller struct {
	engine engine
	roster *roster

	// A poller stands still whose calls do not end. Waiting for the gate, the rate or a back-off is not
	// standing still.
	watchdog *alarm.Alarm
	looks    atomic.Pointer[time.Time] // the watchdog will have looked again by then; nil: it does not look
}

// New makes a poller. It calls nothing yet.
func New(client *aem.Client, options Options) *Poller {
	o := options.complete()
	p := &Poller{}
	p.engine = engine{
		client: client, options: o,
		Teller: tell.Teller{Logger: o.Logger.With(slog.String("manager", o.Manager)), Journal: o.Journal},
		gate:   gate.New(o.Concurrency, o.RequestsPerSecond, o.RequestTimeout/5),
		tables: answer.NewSelection(o.Tables.Limit), lacking: map[string]int{},
		flights: map[*flight]struct{}{}, idle: make(chan *flight),
	}
	p.roster = newRoster(&p.engine)
	p.watchdog = p.engine.alarm(p.look)
	p.roster.publish()
	return p
}

// Run polls until ctx ends, and returns when all calls have ended.
func (p *Poller) Run(ctx context.Context) { p.run(ctx, nil) }

// Once reads everything once. What View returns then is what was seen; an error tells that ctx
// ended before everything was read.
func (p *Poller) Once(ctx context.Context) error {
	once, end := context.WithCancel(ctx)
	p.run(once, end)
	return ctx.Err()
}

func (p *Poller) run(ctx context.Context, once func()) {
	e := &p.engine
	ctx, end := context.WithCancel(ctx)
	defer end()
	e.mu.Lock()
	e.life, e.once = ctx, once
	p.roster.reading.now(gate.Outlines)
	p.watch()
	e.mu.Unlock()
	<-ctx.Done()
	p.stop()
}

// stopGrace is how long Run waits for calls that do not heed their context.
const stopGrace = 5 * time.Second

// stop ends all calls.
func (p *Poller) stop() {
	e := &p.engine
	e.mu.Lock()
	p.watchdog.Drop()
	p.looks.Store(nil)
	p.roster.stop()
	e.life = nil
	e.mu.Unlock()
	ended := make(chan struct{})
	go func() {
		e.pilots.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(stopGrace):
		e.Logger.Warn("calls do not end although they were given up")
	}
}

// View is what is known now. It waits for nothing.
func (p *Poller) View() *fleet.Manager {
	m := &fleet.Manager{Roster: p.roster.published.Load()}
	for _, w := range *p.roster.watched.Load() {
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
	e.gate.Resize(o.Concurrency, o.RequestsPerSecond, o.RequestTimeout/5)
	p.roster.apply(old)
}

// Wedged says why nothing moves any more; "" when it does.
func (p *Poller) Wedged() string {
	if why := p.engine.wedged.Load(); why != nil {
		return *why
	}
	if at := p.looks.Load(); at != nil && time.Since(*at) > 0 {
		return "polling stands still: what it has seen is not taken over"
	}
	return ""
}

// limit is how long no call may end.
func (p *Poller) limit() time.Duration {
	return 3*p.engine.options.PollInterval + p.engine.options.RequestTimeout
}

// watch lets the watchdog look again.
func (p *Poller) watch() {
	now, limit := time.Now(), p.limit()
	p.watchdog.When(now.Add(limit / 8))
	p.looks.Store(new(now.Add(limit)))
}

// look gives up calls that hold up everything, and lets the rest move on.
func (p *Poller) look() {
	p.watch()
	e := &p.engine
	stuck := e.gate.Stuck(p.limit())
	if len(stuck) == 0 {
		return
	}
	var calls []string
	for _, turn := range stuck {
		calls = append(calls, turn.What)
	}
	e.wedged.Store(new(fmt.Sprintf("no call to %s has ended for %s: %s", e.options.Manager, p.limit(), tell.Some(calls))))
	e.Logger.Error("polling stands still, giving up the calls under way", slog.Int("calls", len(stuck)),
		slog.String("names", tell.Some(calls)))
	for f := range e.flights {
		f.halt()
		f.end(nil, errStuck)
	}
	for _, turn := range stuck {
		turn.Release()
	}
	e.rest()
}
