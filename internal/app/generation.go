package app

import (
	"context"
	"log/slog"
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

// all are the units; there are none in no generation.
func (g *generation) all() []*unit {
	if g == nil {
		return nil
	}
	return g.units
}

// unit finds the manager of that name; nil when there is none.
func (g *generation) unit(name string) *unit {
	for _, u := range g.all() {
		if u.manager.Name == name {
			return u
		}
	}
	return nil
}

// change counts what a swap did.
type change struct{ added, changed, removed int }

// swap puts a generation in force: what is new runs before what is gone ends. A manager that is
// reached in another way keeps its series until its new poller has seen everything once; one whose
// settings alone have changed keeps its poller, its session and what was read.
func (a *App) swap(next *generation) change {
	current := a.running.Load()
	var c change
	var end []*unit
	for _, u := range next.units {
		before := current.unit(u.manager.Name)
		switch {
		case before == u:
		case before == nil:
			c.added++
			u.begin(a.life, u.newSamples())
		case before.polling == u.polling:
			c.changed++
			u.samples.Configure(u.samplesOptions())
			u.poller.Update(u.pollOptions())
		default:
			c.changed++
			u.begin(a.life, before.samples.Succeed(u.samplesOptions()))
			end = append(end, before)
		}
	}
	a.running.Store(next)
	for _, u := range current.all() {
		if next.unit(u.manager.Name) == nil {
			c.removed++
			u.samples.Close()
			end = append(end, u)
		}
	}
	endUnits(context.Background(), end)
	return c
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

func (a *App) status() web.Status {
	running := a.running.Load()
	s := web.Status{
		Version: a.options.Version, Started: a.begun, Shard: a.options.Shard, TotalShards: a.options.TotalShards,
		Warnings: running.config.Warnings(), Links: web.Links(running.config.Links()),
	}
	if f := a.reloadFailure.Load(); f != nil {
		s.ReloadFailed, s.ReloadFailedAt = f.err.Error(), f.at
	}
	for _, u := range running.units {
		s.Managers = append(s.Managers, u.status())
	}
	return s
}

func (a *App) redacted() []byte { return []byte(a.running.Load().config.Redacted()) }
