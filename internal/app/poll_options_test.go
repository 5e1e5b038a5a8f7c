package app

import (
	"testing"
	"time"

	"github.com/qem-exporter/qem_exporter/internal/config"
)

func TestPollOptionsOfOptionalCollectors(t *testing.T) {
	type asked struct {
		endpoints                     bool
		tests, timeout, acls, barrier time.Duration
	}
	for collectors, want := range map[string]asked{
		"{}": {},
		"{endpoints: true, endpoint_tests: true, acls: true, retention_barriers: true}": {true, 15 * time.Minute, time.Minute,
			time.Hour, 10 * time.Minute},
		`{endpoint_tests: {interval: 5m, timeout: 10s, include: [a.*]}, acls: {interval: 2h},
			retention_barriers: {interval: 3m}}`: {false, 5 * time.Minute, 10 * time.Second, 2 * time.Hour, 3 * time.Minute},
	} {
		cfg, err := config.Parse("test.yml", []byte("enterprise_managers: [{url: 'https://qem.example.com', "+
			"auth: {type: api_token, token: x}, collectors: "+collectors+"}]"), nil)
		if err != nil {
			t.Fatal(err)
		}
		u := &unit{manager: cfg.Managers()[0], factory: &factory{}, polling: &polling{}}
		o := u.pollOptions()
		got := asked{o.Endpoints, o.EndpointTests.Interval, o.EndpointTests.Timeout, o.ACLs, o.RetentionBarriers}
		if got != want {
			t.Errorf("%s: asked is %+v, want %+v", collectors, got, want)
		}
		if f := o.EndpointTests.Filter.Include; want.timeout == 10*time.Second && !f[0].MatchString("abc") {
			t.Errorf("%s: the filter is %v", collectors, f)
		}
	}
}
