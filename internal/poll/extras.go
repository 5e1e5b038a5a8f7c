package poll

import (
	"log/slog"
	"slices"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// refusalPause is how long an account is not asked again for what it may not have, and after
// how long at the latest a call is made again that failed.
const refusalPause = 10 * time.Minute

// collectorOf names the optional collector that makes a call as the configuration does, and the
// role that the account must have for it.
func collectorOf(c *call) (name, needs string) {
	switch c {
	case readEndpoints:
		return "endpoints", "Viewer on all endpoints"
	case testEndpoint:
		return "endpoint_tests", "Operator on the endpoints that are tested"
	case readBarrier:
		return "retention_barriers", "Operator on tasks"
	}
	return "acls", "Operator on servers, tasks and endpoints"
}

// extras is a server's part in the optional collectors.
type extras struct {
	known     map[extraKey]*extra
	order     []*extra
	endpoints []fleet.Endpoint
	listed    []fleet.Endpoint // likewise, but kept while they cannot be read: nothing is tested anew for that
	refusals  map[*call]*refusals
	told      map[string]bool // the collectors of which it was told that they cannot read everything
	stale     bool            // something is to be published
}

type extraKey struct {
	call   *call
	object string
}

// extra is one reading of an optional collector, with what it has found.
type extra struct {
	*reading
	wanted bool
	acl    *fleet.ACL
	test   *fleet.EndpointTest
}

// refusals counts how often one method was refused on one server. Roles are given by
// object, so one refusal says little; some of them and no permission say enough.
type refusals struct {
	count   int
	granted bool
	last    error
	until   time.Time
}

// wantExtras brings the optional readings in line with what there is to read.
func (w *watch) wantExtras() {
	x, o := &w.extras, w.options
	compose := w.info.Product == aem.Compose
	for _, one := range x.known {
		one.wanted = false
	}
	x.order = x.order[:0]
	if !w.readable() {
		w.dropExtras()
		return
	}
	if o.ACLs > 0 {
		w.want(readServerACL, "")
		w.want(readTasksACL, "")
	}
	if !compose && (o.Endpoints || o.EndpointTests.Interval > 0 || o.ACLs > 0) {
		w.want(readEndpoints, "")
	}
	if o.ACLs > 0 && !compose {
		w.want(readEndpointsACL, "")
	}
	for i := range x.listed {
		name := x.listed[i].Name
		if o.ACLs > 0 {
			w.want(readEndpointACL, name)
		}
		if o.EndpointTests.Interval > 0 && !w.once && o.EndpointTests.Filter.match(name) {
			w.want(testEndpoint, name)
		}
	}
	for _, t := range w.tasks {
		if o.ACLs > 0 {
			w.want(readTaskACL, t.info.Name)
		}
		if w.hasBarrier(t) {
			w.want(readBarrier, t.info.Name)
		}
	}
	w.dropExtras()
}

// hasBarrier reports whether the task may have a retention barrier that is to be read: only one
// that stores changes has.
func (w *watch) hasBarrier(t *task) bool {
	return w.options.RetentionBarriers > 0 && t.read != nil && t.read.Details.StoreChangesEnabled == fleet.Yes
}

// dropExtras ends the readings that are not wanted.
func (w *watch) dropExtras() {
	for key, one := range w.extras.known {
		if !one.wanted {
			one.stop()
			delete(w.extras.known, key)
			w.extras.stale = true
			if t := w.known[key.object]; t != nil && key.call == readBarrier {
				t.barrier, t.stale = nil, true
			}
		}
	}
}

// want begins a reading, if it has not begun.
func (w *watch) want(c *call, object string) {
	x := &w.extras
	key := extraKey{c, object}
	one := x.known[key]
	if one == nil {
		one = &extra{}
		one.reading = w.reading(c, object, func(value any, how fault) { w.takeExtra(one, value, how) })
		bars := one.barred
		one.barred = func() error {
			if err := bars(); err != nil {
				return err
			}
			return x.refusals[c].settled()
		}
		x.known[key] = one
	}
	if one.wanted { // an endpoint in two roles
		return
	}
	one.wanted = true
	x.order = append(x.order, one)
	one.start(c.class)
}

// settled is why there is no point in asking on; nil when there may be.
func (r *refusals) settled() error {
	if r == nil || r.granted || r.count < patience || time.Now().After(r.until) {
		return nil
	}
	return r.last
}

// takeExtra takes over what an optional reading has found, and says when it is due again.
func (w *watch) takeExtra(one *extra, value any, how fault) {
	x := &w.extras
	x.stale = true
	x.note(one, how)
	switch c := one.call; c {
	case readEndpoints:
		w.takeEndpoints(value)
	case testEndpoint:
		before := one.test
		one.test, _ = value.(*fleet.EndpointTest)
		w.tellTest(before, one.test)
	case readBarrier:
		if t := w.known[one.object]; t != nil {
			t.barrier, _ = value.(*fleet.RetentionBarrier)
			t.stale = true
		}
	default:
		one.acl, _ = value.(*fleet.ACL)
	}
	interval := w.options.interval(one.call)
	switch {
	case how == refused:
		interval = max(interval, refusalPause)
	case how != good:
		interval = max(min(interval, refusalPause), w.options.PollInterval)
	}
	phase := float64(newHash().text(one.String()).sum()>>11) / (1 << 53)
	one.at(phased(interval, phase, time.Now().Add(interval/2)))
	w.tellExtras(one, how)
}

// note counts refusals.
func (x *extras) note(one *extra, how fault) {
	r := x.refusals[one.call]
	if r == nil {
		r = &refusals{}
		x.refusals[one.call] = r
	}
	switch {
	case how == good:
		*r = refusals{granted: true}
	case how == refused && one.err != r.last: // not one that was told from memory
		if time.Now().After(r.until) {
			*r = refusals{granted: r.granted, until: time.Now().Add(refusalPause)}
		}
		r.count++
		r.last = one.err
	}
}

func (w *watch) takeEndpoints(value any) {
	x := &w.extras
	list, read := value.([]aem.Endpoint)
	if x.endpoints = nil; !read {
		return
	}
	for i := range list {
		e := convertEndpoint(&list[i])
		if !slices.ContainsFunc(x.endpoints, func(o fleet.Endpoint) bool { return o.Name == e.Name && o.Role == e.Role }) {
			x.endpoints = append(x.endpoints, e)
		}
	}
	if x.listed = x.endpoints; !w.outline.failed() {
		w.wantExtras()
	}
}

// tellTest tells a test that went otherwise than the last one.
func (w *watch) tellTest(before, now *fleet.EndpointTest) {
	if before == nil || now == nil || before.Success == now.Success {
		return
	}
	names := map[fleet.Flag]string{fleet.Yes: testSucceeded, fleet.No: "failure", fleet.Unknown: "unknown"}
	w.tell(fleet.Event{Kind: fleet.EndpointTestChanged, Server: w.name, Endpoint: now.Endpoint,
		From: names[before.Success], To: names[now.Success], Message: now.Reason})
}

// tellExtras tells once when a collector cannot read all that it wants of a server, and when it
// can again; that the account lacks a role, once for all servers.
func (w *watch) tellExtras(one *extra, how fault) {
	x := &w.extras
	name, needs := collectorOf(one.call)
	_, ours := one.err.(*unread)
	fails := func(o *extra) bool {
		other, _ := collectorOf(o.call)
		return other == name && o.failed()
	}
	switch {
	case ours || how == away || how == vanished:
	case one.failed() && !x.told[name]:
		x.told[name] = true
		if w.lacking[name]++; w.lacking[name] == 1 || how != refused {
			w.logger.Warn("collector cannot read everything", slog.String("collector", name), slog.String("server", w.name),
				slog.String("needs", needs), slog.String("reason", reasonOf(one.err)), slog.Any("err", one.err))
		}
	case x.told[name] && !slices.ContainsFunc(x.order, fails):
		delete(x.told, name)
		if w.lacking[name]--; w.lacking[name] == 0 {
			w.logger.Info("collector can read everything again", slog.String("collector", name), slog.String("server", w.name))
		}
	}
}

// addExtras puts what was found into a server; what is unchanged stays the same slice.
func (w *watch) addExtras(s *fleet.Server) {
	x := &w.extras
	if !x.stale && w.value != nil {
		s.Endpoints, s.EndpointTests, s.ACLs = w.value.Endpoints, w.value.EndpointTests, w.value.ACLs
		return
	}
	x.stale = false
	if w.options.Endpoints {
		s.Endpoints = x.endpoints
	}
	for _, one := range x.order {
		if one.acl != nil {
			s.ACLs = append(s.ACLs, *one.acl)
		}
		if one.test != nil {
			s.EndpointTests = append(s.EndpointTests, *one.test)
		}
	}
}
