package collector

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

const onServer = `manager="prod",`

func TestSamplesOfOptionalCollectors(t *testing.T) {
	noACL := absent[fleet.ACL]()
	noACL.Scope, noACL.Object = fleet.ScopeTask, "t"
	silent := absent[fleet.ACL]()
	silent.Scope, silent.Explicit = fleet.ScopeEndpoints, true
	silent.Admin = fleet.Principals{Users: 2, Groups: 0}
	tests := []struct {
		name   string
		family string
		change func(s *fleet.Server)
		want   map[string]string
	}{
		{"off", "qem_endpoint", func(*fleet.Server) {}, nil},
		{"off", "qem_acl", func(*fleet.Server) {}, nil},
		{"an endpoint that tells little", "qem_endpoint", func(s *fleet.Server) { s.Endpoints = []fleet.Endpoint{{Name: " e"}} }, map[string]string{
			`qem_endpoint_info{endpoint=" e",` + onServer + `role="",server="s",type=""}`: "1"}},
		{"one endpoint in two roles", "qem_endpoint_licensed", func(s *fleet.Server) {
			s.Endpoints = []fleet.Endpoint{{Name: "e", Role: "source", Licensed: fleet.No}, {Name: "e", Role: "target", Licensed: fleet.Yes}}
		}, map[string]string{
			`qem_endpoint_licensed{endpoint="e",` + onServer + `role="source",server="s"}`: "0",
			`qem_endpoint_licensed{endpoint="e",` + onServer + `role="target",server="s"}`: "1"}},
		{"a test without a verdict", "qem_endpoint_test", func(s *fleet.Server) {
			s.EndpointTests = []fleet.EndpointTest{{Endpoint: "e", Duration: 0.5, Ended: 12}}
		}, map[string]string{
			`qem_endpoint_test_duration_seconds{endpoint="e",` + onServer + `server="s"}`:  "0.5",
			`qem_endpoint_test_timestamp_seconds{endpoint="e",` + onServer + `server="s"}`: "12"}},
		{"all is inherited", "qem_acl", func(s *fleet.Server) { s.ACLs = []fleet.ACL{noACL} }, map[string]string{
			`qem_acl_explicit{` + onServer + `object="t",scope="task",server="s"}`: "0"}},
		{"nobody is a measurement, nothing is not", "qem_acl", func(s *fleet.Server) { s.ACLs = []fleet.ACL{silent} }, map[string]string{
			`qem_acl_explicit{` + onServer + `object="",scope="endpoints",server="s"}`:                             "1",
			`qem_acl_principals{kind="user",` + onServer + `object="",role="admin",scope="endpoints",server="s"}`:  "2",
			`qem_acl_principals{kind="group",` + onServer + `object="",role="admin",scope="endpoints",server="s"}`: "0"}},
		{"a barrier of nobody", "qem_task_retention", func(s *fleet.Server) {
			s.Tasks[0].RetentionBarrier = &fleet.RetentionBarrier{Time: 3}
		}, map[string]string{`qem_task_retention_barrier_timestamp_seconds` + onTask + `,application=""}`: "3"}},
		{"a Compose task has no barrier", "qem_task_retention", func(s *fleet.Server) {
			s.Tasks[0].Product, s.Tasks[0].RetentionBarrier = fleet.Compose, &fleet.RetentionBarrier{Time: 3}
		}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := aServer("s", aTask("t"))
			test.change(&s)
			got := having(samplesOf(t, aPoll(s)), test.family)
			if want := canonical(test.want); len(got)+len(want) > 0 && !maps.Equal(canonical(got), want) {
				t.Errorf("-want +got:\n%s", cmp.Diff(want, canonical(got)))
			}
		})
	}
}

// canonical sorts the labels of samples.
func canonical(samples map[string]string) map[string]string {
	sorted := make(map[string]string, len(samples))
	for name, value := range samples {
		family, labels, _ := strings.Cut(strings.TrimSuffix(name, "}"), "{")
		list := strings.Split(labels, ",")
		slices.Sort(list)
		sorted[family+"{"+strings.Join(list, ",")+"}"] = value
	}
	return sorted
}

// An ACL, an endpoint, a test and a task of one name are four things; one that comes
// twice is one, and what is gone leaves nothing behind.
func TestOptionalEntitiesAreKeptApart(t *testing.T) {
	full := aServer("s", aTask("x"))
	full.Endpoints = []fleet.Endpoint{{Name: "x", Role: "source", Type: "first"}, {Name: "x", Role: "source", Type: "second"}, {Name: "y", Role: "source"}}
	full.EndpointTests = []fleet.EndpointTest{{Endpoint: "x", Success: fleet.Yes}, {Endpoint: "x", Success: fleet.No}}
	acl := absent[fleet.ACL]()
	acl.Scope, acl.Object = fleet.ScopeTask, "x"
	other := acl
	other.Scope = fleet.ScopeEndpoint
	full.ACLs = []fleet.ACL{acl, other, acl}

	c, registry := newTestCollector(t)
	c.AddManager("prod", time.Hour)
	c.Publish(aPoll(full))
	samples := byName(textOf(t, c.Current()))
	for part, want := range map[string]int{"qem_endpoint_info": 2, `type="first"`: 1, "qem_endpoint_test_success": 1, "qem_acl_explicit": 2, "qem_task_up": 1} {
		if got := having(samples, part); len(got) != want {
			t.Errorf("%d samples with %s, want %d: %v", len(got), part, want, got)
		}
	}
	if got := gathered(t, registry)[`qem_exporter_duplicates_dropped_total{manager="prod"}`]; got != "3" {
		t.Errorf("%s duplicates were counted, want 3", got)
	}

	less := full
	less.Endpoints, less.EndpointTests, less.ACLs = full.Endpoints[2:], nil, nil
	c.Publish(aPoll(less))
	samples = byName(textOf(t, c.Current()))
	if n := len(having(samples, "qem_endpoint_info")); n != 1 || len(having(samples, "qem_endpoint_test")) != 0 || len(having(samples, "qem_acl")) != 0 {
		t.Errorf("what is gone is still served: %v", samples)
	}
	server := c.manager("prod").labels.children[key{1: "s"}]
	if len(server.groups) != 1 || len(server.groups["endpoints"].children) != 1 {
		t.Errorf("label texts of what is gone are kept: %d groups", len(server.groups))
	}
}
