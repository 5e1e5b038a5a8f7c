package poll

import (
	"log/slog"
	"maps"
	"slices"
)

// updateOptional keeps what the optional collectors found, and logs what has changed.
func (m *memory) updateOptional(r *round, logger *slog.Logger) {
	findings := map[findingKey]*finding{}
	servers := make(map[string]*server, len(r.servers))
	for _, s := range r.servers {
		if s.end() == gone {
			continue
		}
		servers[s.info.Name] = s
		for e := range s.errands {
			switch {
			case e.found != nil:
				findings[s.keyOf(e)] = e.found
			case e.last != nil && !e.asked:
				findings[s.keyOf(e)] = e.last // due, and still to be asked
			}
		}
	}
	for key, kept := range m.findings {
		if s := servers[key.server]; s != nil && findings[key] == nil && s.unlisted(key) {
			findings[key] = kept
		}
	}
	m.findings = findings
	r.tests.forget(func(name string) bool { return servers[name] != nil && servers[name].watched() })
	for _, c := range []optionalCollector{collectEndpoints, collectTests, collectACLs, collectBarriers} {
		m.updateRefused(c, servers, logger)
	}
}

// unlisted reports whether this poll cannot tell if what a finding is about is still
// there.
func (s *server) unlisted(key findingKey) bool {
	if key.operation == opEndpointACL {
		return !s.extras.endpointsRead
	}
	return !s.listed
}

// updateRefused logs once that the account lacks the role that a collector needs, be
// it on one server or on many, and once that it no longer does.
func (m *memory) updateRefused(c optionalCollector, servers map[string]*server, logger *slog.Logger) {
	before := m.refused[c]
	now := map[string]error{}
	for name, s := range servers {
		refused, known := s.refusedTo(c)
		if !known {
			refused = before[name]
		}
		if refused != nil {
			now[name] = refused
		}
	}
	m.refused[c] = now
	switch {
	case len(now) > 0 && len(before) == 0:
		names := slices.Sorted(maps.Keys(now))
		err := now[names[0]]
		logger.Warn("account may not read what a collector needs", slog.String("collector", string(c)), slog.String("needs", c.needs()),
			slog.Int("servers", len(names)), slog.String("names", some(names)), slog.String("reason", reason(err)), slog.Any("err", err))
	case len(now) == 0 && len(before) > 0:
		logger.Info("account may read what a collector needs", slog.String("collector", string(c)))
	}
}

// refusedTo returns why a collector was refused something of the server; nothing is
// known when it has asked for nothing.
func (s *server) refusedTo(c optionalCollector) (refused error, known bool) {
	for e := range s.errands {
		if e.collector != c || e.found == nil || e.found.failed != nil {
			continue
		}
		known = true
		refused = firstOf(refused, e.found.refused)
	}
	if c == collectTests && s.extras.endpointsRead {
		return firstOf(refused, s.round.tests.refused(s.info.Name)), true
	}
	return refused, known
}

// tellExtras logs when the server ceases to answer the optional collectors, and when
// it does again.
func (s *server) tellExtras(before bool, logger *slog.Logger) bool {
	now := s.extras.givenUp.Load() && s.end() == none
	switch {
	case now && !before:
		logger.Warn("server does not answer the optional collectors, giving them up for this poll")
	case before && !now:
		logger.Info("server answers the optional collectors again")
	}
	return now
}

// tellOptional returns the collectors that cannot read all that they want of a
// server, and logs a line when one begins to or ceases.
func (s *server) tellOptional(before map[optionalCollector]bool, logger *slog.Logger) map[optionalCollector]bool {
	now := map[optionalCollector]bool{}
	for _, c := range []optionalCollector{collectEndpoints, collectTests, collectACLs, collectBarriers} {
		failed, err, known := s.failuresOf(c)
		logger := logger.With(slog.String("collector", string(c)))
		switch {
		case failed > 0:
			now[c] = true
			if !before[c] {
				logger.Warn("collector cannot read everything", slog.Int("calls", failed), slog.String("reason", reason(err)), slog.Any("err", err))
			}
		case !before[c]:
		case known:
			logger.Info("collector can read everything again")
		default:
			now[c] = true // nothing has changed
		}
	}
	return now
}

// failuresOf counts the calls of a collector that failed; nothing is known when it has
// asked for nothing or was not heard to the end.
func (s *server) failuresOf(c optionalCollector) (failed int, err error, known bool) {
	lost := false
	for e := range s.errands {
		switch {
		case e.collector != c:
		case failing(e.err):
			failed, err = failed+1, firstOf(err, e.err)
		case e.found != nil:
			known = true
		case e.queued && !e.asked:
			lost = true
		}
	}
	if c == collectTests && s.extras.endpointsRead {
		n, testErr, made := s.round.tests.outcome(s.info.Name)
		failed, err, known = failed+n, firstOf(err, testErr), made
	}
	return failed, err, known && !lost
}
