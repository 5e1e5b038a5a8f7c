package config

import (
	"math"
	"time"

	promconfig "github.com/prometheus/common/config"
	"go.yaml.in/yaml/v3"
)

// defaultManager is what a manager has where neither it nor the defaults say
// otherwise.
func defaultManager() Manager {
	return Manager{
		PollInterval:          time.Minute,
		RequestTimeout:        10 * time.Second,
		MaxConcurrentRequests: 16,
		MaxResponseBytes:      64 << 20,
		Retries:               2,
		Auth:                  Auth{Type: ActiveDirectory},
		TLS:                   promconfig.TLSConfig{MinVersion: promconfig.TLSVersions["TLS12"]},
		Tables:                Tables{Mode: TablesSummary, Limit: 20000},
		Collectors: Collectors{
			EndpointTests:     EndpointTests{Interval: 15 * time.Minute, Timeout: time.Minute},
			ACLs:              Periodic{Interval: time.Hour},
			RetentionBarriers: Periodic{Interval: 10 * time.Minute},
		},
	}
}

// maxAgePolls is the default of max_age, in poll intervals.
const maxAgePolls = 3

// settings are the keys that both the defaults and every manager have.
func settings(m *Manager) []field {
	const positive = time.Millisecond
	return []field{
		{name: "poll_interval", codec: duration(&m.PollInterval, positive), doc: "start of one poll to the start of the next; polls never overlap"},
		{name: "request_timeout", codec: duration(&m.RequestTimeout, positive), doc: "one API call, its retries apart"},
		{name: "max_age", codec: maxAge(&m.MaxAge), doc: "a snapshot older than this is no longer served; at least poll_interval", byDefault: "3 x poll_interval"},
		{name: "max_concurrent_requests", codec: integer(&m.MaxConcurrentRequests, between{1, math.MaxInt}), doc: "in flight to one Enterprise Manager"},
		{name: "max_requests_per_second", codec: rate(&m.MaxRequestsPerSecond), doc: "to one Enterprise Manager; 0: no limit"},
		{name: "max_response_bytes", codec: size(&m.MaxResponseBytes), doc: "a larger body is an error (too_large), not a memory problem"},
		{name: "retries", codec: integer(&m.Retries, between{0, 10}), doc: "of idempotent calls, after time-outs, connection faults and 502/503/504; jittered back-off"},
	}
}

// maxAge is a duration whose absence (0) means a multiple of the poll interval.
func maxAge(p *time.Duration) codec {
	c := duration(p, time.Millisecond)
	encode := c.encode
	c.encode = func() *yaml.Node {
		if *p == 0 {
			return nil
		}
		return encode()
	}
	return c
}

// checkAges refuses a snapshot that would be stale before the next poll.
func (d *decoder) checkAges(m *Manager, path string) {
	interval, age := join(path, "poll_interval"), join(path, "max_age")
	if m.MaxAge == 0 || m.MaxAge >= m.PollInterval || d.failed(interval) || d.failed(age) {
		return
	}
	where := age
	if !d.has(age) {
		where = interval
	}
	d.fail(where, "max_age (%s) must be at least poll_interval (%s), or every snapshot would be too old before the next poll",
		formatDuration(m.MaxAge), formatDuration(m.PollInterval))
}
