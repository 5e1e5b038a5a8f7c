package collector

import (
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// counts is what is counted of one Enterprise Manager, whoever polls it. Each has metrics of its own,
// so that those of one that was closed vanish as a whole, whatever is still in flight.
type counts struct {
	name       string
	polls      map[fleet.Result]*atomic.Uint64
	duplicates atomic.Uint64
	limit      *bounds

	requests, errors, retries, logins *prometheus.CounterVec
	duration                          *prometheus.HistogramVec
}

// The results that logins are counted by.
const (
	loginSuccess = "success"
	loginFailure = "failure"
)

// callFamilies is the table of the calls of the API. They are counted in a registry, since the last is a
// histogram.
func callFamilies() []family[counts] {
	const client = "the API client"
	c := entity[counts]{}
	logins := c.loose("result", nil)
	logins.known = []string{loginSuccess, loginFailure}
	return []family[counts]{
		counter("qem_api_requests_total", c.loose("operation,code", nil),
			"HTTP requests to the API, by its method and the HTTP status, or error when there was none. Absent until there "+
				"was one.", client),
		counter("qem_api_errors_total", c.loose("operation,error", nil),
			"HTTP requests to the API that ended in an error, by its method and the API's error code, or timeout, "+
				"connection, tls, decode, too_large, wrong_object, value (a number or date that cannot be read) or "+
				"http_<status>. Absent until there was one.", client),
		counter("qem_api_retries_total", c.loose("operation", nil),
			"Retries of HTTP requests to the API, by its method. Absent until there was one.", client),
		counter("qem_api_logins_total", logins, "Logins to the Enterprise Manager, by result. Never absent.", client),
		gauge("qem_api_request_duration_seconds", c.loose("operation", nil),
			"How long HTTP requests to the API took, by its method, in seconds. Absent until there was one.", client),
	}
}

func newCounts(name string, errors []string) *counts {
	c := &counts{
		name: name, limit: &bounds{errors: errors, unknown: make(map[string][]string)},
		polls: map[fleet.Result]*atomic.Uint64{fleet.Success: {}, fleet.Partial: {}, fleet.Failure: {}},
	}
	families := callFamilies()
	for i, vec := range []**prometheus.CounterVec{&c.requests, &c.errors, &c.retries, &c.logins} {
		f := families[i]
		*vec = prometheus.NewCounterVec(prometheus.CounterOpts{Name: f.Name, Help: f.Help}, f.Labels)
	}
	f := families[len(families)-1]
	c.duration = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: f.Name, Help: f.Help,
		Buckets:                         []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60},
		NativeHistogramBucketFactor:     1.1,
		NativeHistogramMaxBucketNumber:  100,
		NativeHistogramMinResetDuration: time.Hour,
	}, f.Labels)
	c.logins.WithLabelValues(loginSuccess)
	c.logins.WithLabelValues(loginFailure)
	return c
}

func (c *counts) collectors() []prometheus.Collector {
	return []prometheus.Collector{c.requests, c.errors, c.retries, c.logins, c.duration}
}

// register makes the counts visible as those of the Enterprise Manager.
func (c *counts) register(r prometheus.Registerer) {
	prometheus.WrapRegistererWith(prometheus.Labels{"manager": c.name}, r).MustRegister(c.collectors()...)
}

// unregister undoes register.
func (c *counts) unregister(r prometheus.Registerer) {
	r = prometheus.WrapRegistererWith(prometheus.Labels{"manager": c.name}, r)
	for _, vec := range c.collectors() {
		r.Unregister(vec)
	}
}

// Polled counts a reading of the server list, or a sweep of a server's details.
func (c *counts) Polled(r fleet.Result) {
	if n := c.polls[r]; n != nil {
		n.Add(1)
	}
}

// Request counts one HTTP request for an API method and how long it took; the
// status is 0 when there was no answer.
func (c *counts) Request(operation string, status int, elapsed time.Duration) {
	code := "error"
	if status != 0 {
		code = c.limit.text("qem_api_requests_total", nil, strconv.Itoa(status))
	}
	c.requests.WithLabelValues(operation, code).Inc()
	c.duration.WithLabelValues(operation).Observe(elapsed.Seconds())
}

// Failed counts one HTTP request, or one value of an answer, that ended in an error.
func (c *counts) Failed(operation, reason string) {
	c.errors.WithLabelValues(operation, c.limit.text("qem_api_errors_total", nil, reason)).Inc()
}

// Retry counts one retry of an HTTP request.
func (c *counts) Retry(operation string) { c.retries.WithLabelValues(operation).Inc() }

// Login counts one login.
func (c *counts) Login(ok bool) {
	result := loginSuccess
	if !ok {
		result = loginFailure
	}
	c.logins.WithLabelValues(result).Inc()
}
