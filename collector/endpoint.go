package collector

import "github.com/qem-exporter/qem_exporter/internal/fleet"

// endpointFamilies is the table of an endpoint's families, of the collector endpoints.
func endpointFamilies() []family[fleet.Endpoint] {
	return []family[fleet.Endpoint]{
		{
			gauge("qem_endpoint_info",
				"Endpoint of a Replicate server, described by labels; always 1. The type is empty when the API does not give it. Absent unless the collector endpoints is on and could list the endpoints in the last poll."),
			source{endpointList, "{name,role,type}"},
			describe(func(*fleet.Endpoint) bool { return true },
				description[fleet.Endpoint]{"type", func(e *fleet.Endpoint) string { return e.Type }}),
		},
		{
			gauge("qem_endpoint_licensed",
				"Whether the server's license allows the endpoint: 1 if so, else 0. Absent when the API does not say, and whenever qem_endpoint_info is."),
			source{endpointList, "is_licensed"},
			one(func(e *fleet.Endpoint) float64 { return e.Licensed.Float() }),
		},
	}
}

// endpointTestFamilies is the table of an endpoint's last test, of the collector
// endpoint_tests.
func endpointTestFamilies() []family[fleet.EndpointTest] {
	return []family[fleet.EndpointTest]{
		{
			gauge("qem_endpoint_test_success",
				"Whether the last test of the endpoint could connect: 1 if so, 0 if not or not in time. Absent unless the collector endpoint_tests is on, before the first test has ended, and when the last test could not be made, as without the role Operator on the endpoint."),
			source{endpointTest, "status"},
			one(func(t *fleet.EndpointTest) float64 { return t.Success.Float() }),
		},
		{
			gauge("qem_endpoint_test_duration_seconds",
				"How long the last test of the endpoint took, in seconds. Absent whenever there is no last test, as for qem_endpoint_test_success."),
			source{endpointTest, ""},
			one(func(t *fleet.EndpointTest) float64 { return t.Duration }),
		},
		{
			gauge("qem_endpoint_test_timestamp_seconds",
				"When the last test of the endpoint ended, in Unix seconds. Absent whenever there is no last test, as for qem_endpoint_test_success."),
			source{endpointTest, ""},
			one(func(t *fleet.EndpointTest) float64 { return t.Ended }),
		},
	}
}
