package poll

import (
	"cmp"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
	"github.com/qem-exporter/qem_exporter/internal/poll/alarm"
	"github.com/qem-exporter/qem_exporter/internal/poll/answer"
	"github.com/qem-exporter/qem_exporter/internal/poll/choose"
	"github.com/qem-exporter/qem_exporter/internal/poll/gate"
	"github.com/qem-exporter/qem_exporter/internal/poll/tell"
)

// roster is the server list, and thereby who is watched. While it cannot be read, those known
// last stay watched, for as long as it may be served.
type roster struct {
	*engine
	reading  *reading
	list     []aem.ServerInfo  // as read last
	twice    int               // servers that it names twice
	known    map[string]*watch // by name; what is remembered of them outlives the list
	order    []*watch          // those watched, in the API's order
	watched  atomic.Pointer[[]*watch]
	done     int // so many of them have been swept, or need not be
	complete bool
	moving   *alarm.Alarm // other tables are to be chosen than before
	aging    *alarm.Alarm // the list may be too old
	hurried  time.Time    // it was asked for out of turn
	warnings []string
	told     string // why it cannot be read, as told last
	past     *fleet.Past

	published atomic.Pointer[fleet.Roster]
}

// notYet is what is told of a list before it was first asked for.
const notYet = "not read yet"

func newRoster(e *engine) *roster {
	r := &roster{engine: e, known: map[string]*watch{}, told: notYet}
	r.reading = e.reading(r, readRoster, e.gate.Queue(), "", "")
	r.watched.Store(new([]*watch))
	r.moving = e.alarm(r.choose)
	r.aging = e.alarm(func() { r.reading.end(nil, errTooOld) })
	return r
}

// asks implements owner: the list may always be asked for.
func (r *roster) asks(*reading) error { return nil }

// ended implements owner: the list was read, or not.
func (r *roster) ended(reading *reading, _ any, how answer.Fault) {
	reading.at(time.Now().Add(max(r.options.StateInterval-reading.took, reading.took)))
	result := fleet.Failure
	if how == answer.Good {
		r.list, _ = reading.value.([]aem.ServerInfo)
		r.aging.When(reading.expires(0))
		if result = fleet.Success; reading.err != nil {
			result = fleet.Partial
		}
	}
	back := r.away != nil && how != answer.Away
	if r.away = nil; how == answer.Away {
		r.goAway(reading.err)
	}
	r.tellReadable()
	switch {
	case how == answer.Good:
		r.follow()
	case reading.err == errTooOld:
		r.withdraw()
	}
	if back {
		for _, w := range r.order {
			w.resume(answer.Away)
		}
	}
	if reading.err != errTooOld {
		r.options.Publisher.Polled(result)
	}
	r.swept()
	r.publish()
}

// goAway: nobody can be asked for anything. What waits has come due in vain.
func (r *roster) goAway(err error) {
	r.away = err
	for _, w := range r.order {
		for _, reading := range w.order {
			reading.miss(err)
		}
	}
}

// failed: a call of a watch has failed in a way that the roster can tell more of.
func (r *roster) failed(how answer.Fault, err error) {
	if how == answer.Away && errors.Is(err, aem.ErrLogin) && r.away == nil {
		r.goAway(err) // no call can succeed
	}
	if time.Since(r.hurried) > r.options.StateInterval/5 {
		r.hurried = time.Now()
		r.reading.now(gate.Outlines)
	}
}

// tellReadable tells once that the list cannot be read, and that it can be again.
func (r *roster) tellReadable() {
	c := fleet.Event{Kind: fleet.ManagerReadable, From: strings.TrimPrefix(r.told, notYet)}
	if r.reading.failed() {
		c.To, c.Message = r.reading.problem.Reason, r.reading.problem.Message
	}
	if c.To == r.told || r.told != "" && r.reading.err == errTooOld {
		return
	}
	r.told = c.To
	r.Tell(c)
}

// follow brings the watches in line with the list.
func (r *roster) follow() {
	var changes []fleet.Event
	first := r.order == nil && r.past == nil
	chosen := make(map[string]*aem.ServerInfo, len(r.list))
	order := make([]*watch, 0, len(r.list))
	r.twice = 0
	for i := range r.list {
		info := &r.list[i]
		switch {
		case chosen[info.Name] != nil:
			r.twice++
			continue
		case !r.options.Server(info.Name):
			continue
		}
		chosen[info.Name] = info
		w := r.known[info.Name]
		if w == nil {
			w = r.newWatch(info)
			r.known[info.Name] = w
			if !first {
				changes = append(changes, fleet.Event{Kind: fleet.ServerAppeared, Server: info.Name, To: string(info.State),
					Message: info.Message})
			}
		}
		order = append(order, w)
	}
	for name, w := range r.known {
		if chosen[name] == nil {
			w.leave()
			delete(r.known, name)
			changes = append(changes, fleet.Event{Kind: fleet.ServerVanished, Server: name})
		}
	}
	r.Tell(changes...)
	if r.past = nil; !slices.Equal(r.order, order) || r.order == nil {
		r.order, r.done = order, 0
		r.watched.Store(&order)
		r.spread()
	}
	for _, w := range order {
		w.follow(chosen[w.name])
	}
	r.swept()
}

// spread gives every server its phase: in the order of their hashes, evenly.
func (r *roster) spread() {
	hash := func(w *watch) uint64 { return choose.HashOf(w.name).Sum() }
	sorted := slices.Clone(r.order)
	slices.SortFunc(sorted, func(a, b *watch) int { return cmp.Compare(hash(a), hash(b)) })
	for i, w := range sorted {
		w.phase = float64(i) / float64(len(sorted))
	}
}

// withdraw lets nothing be served any more, as nobody knows whether it is still there.
func (r *roster) withdraw() {
	r.past = &fleet.Past{Seen: r.reading.last, Servers: len(r.order)}
	for _, w := range r.order {
		w.leave()
	}
	r.order = nil
	r.watched.Store(new([]*watch))
}

// swept: perhaps the first sweep of all servers has ended.
func (r *roster) swept() {
	for r.done < len(r.order) && (r.order[r.done].sweep.ended || r.order[r.done].info.State == aem.ServerNotMonitored) {
		r.done++
	}
	if r.complete || !r.reading.tried || r.done < len(r.order) {
		return
	}
	r.complete = true
	r.gate.Reserve(len(r.flights)) // the tables are still to be read
	r.warn()
	r.publish()
}

// choose lets all publish the tables that are chosen now.
func (r *roster) choose() {
	for _, w := range r.order {
		for _, reading := range w.order {
			if tables, ok := reading.value.(*answer.Tables); ok && tables.MayLose() {
				w.known[reading.object].stale = true
				w.soon(time.Second)
			}
		}
	}
}

// apply puts other options in force.
func (r *roster) apply(old *Options) {
	o, now := r.options, time.Now()
	if o.Tables.Limit != old.Tables.Limit {
		r.tables = answer.NewSelection(o.Tables.Limit)
		for _, w := range r.order {
			for _, reading := range w.order {
				if tables, ok := reading.value.(*answer.Tables); ok {
					r.tables.Replace(nil, tables)
				}
			}
		}
	}
	if r.order != nil {
		r.follow()
	}
	r.reading.due.Hasten(now.Add(o.StateInterval))
	if r.aging.Set {
		r.aging.When(r.reading.expires(0))
	}
	for _, w := range r.order {
		w.apply(old)
	}
	r.warn()
	r.publish()
}

// stop ends all readings, for good.
func (r *roster) stop() {
	r.moving.Drop()
	r.aging.Drop()
	r.reading.halt()
	for _, w := range r.order {
		if w.once != nil && w.publishing.Set {
			w.publish()
		}
		w.halt()
		for _, reading := range w.order {
			reading.halt()
		}
	}
}

func (r *roster) publish() {
	out := &fleet.Roster{
		Name: r.options.Manager, List: r.reading.fleet(), Up: r.reading.tried && !r.reading.failed(),
		Complete: r.complete, Warnings: r.warnings, Duplicates: r.twice, Past: r.past,
	}
	if r.order != nil {
		out.Listed, out.Polled = fleet.Count(len(r.list)-r.twice), fleet.Count(len(r.order))
	}
	r.published.Store(out)
	r.options.Publisher.Roster(out)
}

// warn looks for what is legal and yet a likely slip, and tells it once.
func (r *roster) warn() {
	var servers, tasks, tags []string
	for i := range r.list {
		servers = append(servers, r.list[i].Name)
	}
	for _, w := range r.order {
		for i := range w.list {
			tasks, tags = append(tasks, w.list[i].Name), append(tags, w.list[i].Tags...)
		}
	}
	warnings := r.options.Slips(servers, tasks, tags)
	if len(servers) == 0 && !r.reading.failed() {
		warnings = append(warnings, "the server list is empty: the account may see no server, or there is none")
	}
	for _, warning := range warnings {
		if !slices.Contains(r.warnings, warning) {
			r.Logger.Warn("likely a slip", slog.String("warning", tell.Words(warning)))
		}
	}
	r.warnings = warnings
}
