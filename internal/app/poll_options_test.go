package app

import (
	"testing"
	"time"

	"github.com/qem-exporter/qem_exporter/internal/config"
	"github.com/qem-exporter/qem_exporter/internal/poll"
)

func TestPollOptionsOfOptionalCollectors(t *testing.T) {
	optionsOf := func(collectors string) poll.Options {
		t.Helper()
		cfg, err := config.Parse("test.yml", []byte(`enterprise_managers:
  - url: https://qem.example.com
    auth: {type: api_token, token: x}
`+collectors), func(string) string { return "" })
		if err != nil {
			t.Fatal(err)
		}
		u := &unit{manager: cfg.Managers()[0], factory: &factory{}, polling: &polling{}}
		return u.pollOptions()
	}

	off := optionsOf("")
	if off.Endpoints || off.EndpointTests.Interval != 0 || off.ACLs != 0 || off.RetentionBarriers != 0 {
		t.Errorf("by default the collectors are %v, %+v, %v, %v; all must be off", off.Endpoints, off.EndpointTests,
			off.ACLs, off.RetentionBarriers)
	}
	plain := optionsOf("    collectors: {endpoints: true, endpoint_tests: true, acls: true, retention_barriers: true}\n")
	if !plain.Endpoints || plain.EndpointTests.Interval != 15*time.Minute || plain.EndpointTests.Timeout != time.Minute ||
		plain.ACLs != time.Hour || plain.RetentionBarriers != 10*time.Minute {
		t.Errorf("switched on they are %v, %+v, %v, %v", plain.Endpoints, plain.EndpointTests, plain.ACLs,
			plain.RetentionBarriers)
	}
	own := optionsOf(`    collectors:
      endpoint_tests: {interval: 5m, include: ["a.*"], exclude: [ab], timeout: 10s}
      acls: {interval: 2h}
      retention_barriers: {interval: 3m}
`)
	tests := own.EndpointTests
	if own.Endpoints || tests.Interval != 5*time.Minute || tests.Timeout != 10*time.Second || own.ACLs != 2*time.Hour ||
		own.RetentionBarriers != 3*time.Minute {
		t.Errorf("got %v, %+v, %v, %v", own.Endpoints, tests, own.ACLs, own.RetentionBarriers)
	}
	if len(tests.Filter.Include) != 1 || !tests.Filter.Include[0].MatchString("abc") || len(tests.Filter.Exclude) != 1 ||
		tests.Filter.Exclude[0].MatchString("abc") {
		t.Errorf("filter %+v", tests.Filter)
	}
}
