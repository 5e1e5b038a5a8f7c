package app

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/qem-exporter/qem_exporter/internal/config"
	"github.com/qem-exporter/qem_exporter/internal/web"
)

// retireTimeout bounds the logout of the Enterprise Managers that a reload or a
// stop ends, so that one that does not answer leaves time for the rest.
const retireTimeout = 5 * time.Second

// generation is one configuration in force with what polls for it. It is never
// changed, so that pages read it without a lock; a reload makes the next one.
type generation struct {
	config *config.Config
	units  []*unit // in the configuration's order
}

// unit finds the manager of that name; nil when there is none.
func (g *generation) unit(name string) *unit {
	if g == nil {
		return nil
	}
	for _, u := range g.units {
		if u.manager.Name == name {
			return u
		}
	}
	return nil
}

// without lists the units of g that are not among those of o.
func (g *generation) without(o *generation) []*unit {
	var units []*unit
	if g == nil {
		return nil
	}
	for _, u := range g.units {
		if o == nil || !slices.Contains(o.units, u) {
			units = append(units, u)
		}
	}
	return units
}

// build makes the generation of a configuration out of the units that stay and
// new ones. Nothing is started, and nothing of the current one is touched.
func (a *App) build(cfg *config.Config, current *generation) (*generation, error) {
	next := &generation{config: cfg}
	for _, m := range cfg.Managers() {
		u := current.unit(m.Name)
		if u == nil || !u.manager.Equal(m) {
			var err error
			if u, err = a.units.newUnit(m); err != nil {
				return nil, err
			}
		}
		next.units = append(next.units, u)
	}
	return next, nil
}

// change counts what a swap did.
type change struct{ added, changed, removed int }

// swap puts a generation in force: what is new runs before what is gone ends. A
// changed manager keeps its series until its new poller has published, and its
// old poller publishes no more from here on.
func (a *App) swap(next *generation) change {
	current := a.running.Load()
	begin, end := next.without(current), current.without(next)
	var c change
	for _, u := range begin {
		if current.unit(u.manager.Name) == nil {
			c.added++
		}
		a.collector.AddManager(u.manager.Name, maxAge(u.manager))
	}
	c.changed = len(begin) - c.added
	c.removed = len(end) - c.changed

	for _, u := range end {
		u.retire()
	}
	a.running.Store(next)
	for _, u := range begin {
		u.start(a.life)
	}
	for _, u := range end {
		if next.unit(u.manager.Name) == nil {
			a.collector.RemoveManager(u.manager.Name)
		}
	}
	endUnits(context.Background(), end)
	return c
}

// stopPollers ends every poller and session.
func (a *App) stopPollers(ctx context.Context) error {
	endUnits(ctx, a.running.Load().units)
	return nil
}

// endUnits stops units side by side. An Enterprise Manager that cannot be logged
// out of ends the session by itself after five minutes: worth a word, no error.
func endUnits(ctx context.Context, units []*unit) {
	ctx, cancel := context.WithTimeout(ctx, retireTimeout)
	defer cancel()
	var ending sync.WaitGroup
	for _, u := range units {
		ending.Go(func() {
			if err := u.stop(ctx); err != nil {
				u.logger.Warn("cannot end the session properly", slog.Any("err", err))
			}
		})
	}
	ending.Wait()
}

// status is what the status page shows.
func (a *App) status() web.Status {
	s := web.Status{Version: a.options.Version, Started: a.begun, Shard: a.options.Shard, TotalShards: a.options.TotalShards}
	for _, u := range a.running.Load().units {
		s.Managers = append(s.Managers, web.Manager{
			Name:         u.manager.Name,
			URL:          u.manager.URL,
			PollInterval: u.manager.PollInterval,
			MaxAge:       maxAge(u.manager),
			Last:         a.collector.Fleet(u.manager.Name),
			LastSuccess:  u.succeeded(),
		})
	}
	return s
}

// redacted is the running configuration without its secrets.
func (a *App) redacted() []byte { return []byte(a.running.Load().config.Redacted()) }

// maxAge is what the configuration says, or three polls.
func maxAge(m config.Manager) time.Duration {
	if m.MaxAge > 0 {
		return m.MaxAge
	}
	return 3 * m.PollInterval
}
