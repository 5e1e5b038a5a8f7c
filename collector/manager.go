package collector

import (
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	versioncollector "github.com/prometheus/client_golang/prometheus/collectors/version"

	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// own makes the families that count the exporter's own doings, which live in a
// client_golang registry. It keeps a Doc of each.
type own struct {
	scope      string
	labels     []string // of every family; their values are set by register
	docs       []Doc
	collectors []prometheus.Collector
}

// doc notes a family; labels are beside those of every family.
func (o *own) doc(name, kind, help, source string, labels []string) {
	d := Doc{Scope: o.scope, Name: name, Type: kind, Help: help, Source: source}
	for _, label := range slices.Concat(o.labels, labels) {
		d.Labels = append(d.Labels, Label{Name: label})
	}
	o.docs = append(o.docs, d)
}

func (o *own) gauge(name, help, source string, labels ...string) *prometheus.GaugeVec {
	o.doc(name, "gauge", help, source, labels)
	vec := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels)
	o.collectors = append(o.collectors, vec)
	return vec
}

func (o *own) counter(name, help, source string, labels ...string) *prometheus.CounterVec {
	o.doc(name, "counter", help, source, labels)
	vec := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	o.collectors = append(o.collectors, vec)
	return vec
}

func (o *own) histogram(name, help, source string, labels ...string) *prometheus.HistogramVec {
	o.doc(name, "histogram", help, source, labels)
	vec := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: name, Help: help,
		Buckets:                         []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60},
		NativeHistogramBucketFactor:     1.1,
		NativeHistogramMaxBucketNumber:  100,
		NativeHistogramMinResetDuration: time.Hour,
	}, labels)
	o.collectors = append(o.collectors, vec)
	return vec
}

// known notes the values that the last family's last label can have.
func (o *own) known(values ...string) {
	labels := o.docs[len(o.docs)-1].Labels
	labels[len(labels)-1].Values = values
}

// The results that logins are counted by.
const (
	loginSuccess = "success"
	loginFailure = "failure"
)

// managerMetrics are the metrics of one Enterprise Manager. Each has its own, so
// that those of one that was removed vanish as a whole, whatever is still in
// flight.
type managerMetrics struct {
	own
	up          *prometheus.GaugeVec // without labels: a gauge that is absent until it is set
	lastSuccess *prometheus.GaugeVec
	duration    *prometheus.GaugeVec
	polls       *prometheus.CounterVec
	duplicates  *prometheus.CounterVec
	api         *APIObserver
}

// newManagerMetrics makes the metrics of a manager, not registered yet.
func newManagerMetrics() *managerMetrics {
	m := &managerMetrics{own: own{scope: scopeManager, labels: []string{"manager"}}}
	m.up = m.gauge("qem_up",
		"Whether the last poll could log in to the Enterprise Manager and read its server list: 1 if so, else 0. Present from the start, for every configured one.",
		"the poll")
	m.lastSuccess = m.gauge("qem_poll_last_success_timestamp_seconds",
		"When the last poll ended that read the server list, in Unix seconds. Absent until one has.",
		"the poll")
	m.duration = m.gauge("qem_poll_last_duration_seconds",
		"How long the last poll took, in seconds. Absent until the first has ended.",
		"the poll")
	m.polls = m.counter("qem_polls_total",
		"Polls of the Enterprise Manager, by result. Partial: some server, task or table could not be read. Never absent.",
		"the poll", "result")
	results := []string{string(fleet.Success), string(fleet.Partial), string(fleet.Failure)}
	m.known(results...)
	m.duplicates = m.counter("qem_exporter_duplicates_dropped_total",
		"Servers, tasks, tables and samples that were dropped because the API named them twice. Never absent.",
		"the poll")
	m.api = newAPIObserver(&m.own)

	m.up.WithLabelValues().Set(0)
	m.duplicates.WithLabelValues()
	for _, result := range results {
		m.polls.WithLabelValues(result)
	}
	return m
}

// register makes the metrics visible as those of the named manager.
func (m *managerMetrics) register(name string, r prometheus.Registerer) {
	r = prometheus.WrapRegistererWith(prometheus.Labels{"manager": name}, r)
	for _, c := range m.collectors {
		r.MustRegister(c)
	}
}

// unregister undoes register.
func (m *managerMetrics) unregister(name string, r prometheus.Registerer) {
	r = prometheus.WrapRegistererWith(prometheus.Labels{"manager": name}, r)
	for _, c := range m.collectors {
		r.Unregister(c)
	}
}

// polled counts a poll.
func (m *managerMetrics) polled(poll *fleet.Manager) {
	m.polls.WithLabelValues(string(poll.Result)).Inc()
	m.duration.WithLabelValues().Set(poll.Duration.Seconds())
	if poll.Result == fleet.Failure {
		m.up.WithLabelValues().Set(0)
		return
	}
	m.up.WithLabelValues().Set(1)
	m.lastSuccess.WithLabelValues().Set(unixSeconds(poll.Ended))
}

func unixSeconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

// APIObserver counts what a client does with the API of one Enterprise Manager. It
// is what aem.WithObserver takes, and safe for concurrent use.
type APIObserver struct {
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	errors   *prometheus.CounterVec
	retries  *prometheus.CounterVec
	logins   *prometheus.CounterVec
}

func newAPIObserver(m *own) *APIObserver {
	o := &APIObserver{
		requests: m.counter("qem_api_requests_total",
			"HTTP requests to the API, by its method and the HTTP status, or error when there was none. Absent until there was one.",
			"the API client", "operation", "code"),
		duration: m.histogram("qem_api_request_duration_seconds",
			"How long HTTP requests to the API took, by its method, in seconds. Absent until there was one.",
			"the API client", "operation"),
		errors: m.counter("qem_api_errors_total",
			"HTTP requests to the API that ended in an error, by its method and the API's error code, or timeout, connection, tls, decode, too_large or http_<status>. Absent until there was one.",
			"the API client", "operation", "error"),
		retries: m.counter("qem_api_retries_total",
			"Retries of HTTP requests to the API, by its method. Absent until there was one.",
			"the API client", "operation"),
		logins: m.counter("qem_api_logins_total",
			"Logins to the Enterprise Manager, by result. Never absent.",
			"the API client", "result"),
	}
	m.known(loginSuccess, loginFailure)
	o.logins.WithLabelValues(loginSuccess)
	o.logins.WithLabelValues(loginFailure)
	return o
}

// Request counts one HTTP request for an API method and how long it took; the
// status is 0 when there was no answer.
func (o *APIObserver) Request(operation string, status int, elapsed time.Duration) {
	code := "error"
	if status != 0 {
		code = strconv.Itoa(status)
	}
	o.requests.WithLabelValues(operation, code).Inc()
	o.duration.WithLabelValues(operation).Observe(elapsed.Seconds())
}

// Failed counts one HTTP request that ended in an error.
func (o *APIObserver) Failed(operation, reason string) {
	o.errors.WithLabelValues(operation, reason).Inc()
}

// Retry counts one retry of an HTTP request.
func (o *APIObserver) Retry(operation string) { o.retries.WithLabelValues(operation).Inc() }

// Login counts one login.
func (o *APIObserver) Login(ok bool) {
	result := loginSuccess
	if !ok {
		result = loginFailure
	}
	o.logins.WithLabelValues(result).Inc()
}

// exporterMetrics are those of the exporter itself.
type exporterMetrics struct {
	own
	reloadOK   *prometheus.GaugeVec
	reloadTime *prometheus.GaugeVec
}

func newExporterMetrics() *exporterMetrics {
	m := &exporterMetrics{own: own{scope: scopeExporter}}
	m.doc("qem_exporter_build_info", "gauge", "What the exporter was built from and for, as labels; always 1. Never absent.", "the build",
		[]string{"branch", "goarch", "goos", "goversion", "revision", "tags", "version"})
	m.collectors = append(m.collectors, versioncollector.NewCollector("qem_exporter"))
	m.reloadOK = m.gauge("qem_exporter_config_last_reload_successful",
		"Whether the configuration could be loaded the last time: 1 if so, else 0. Absent until it was loaded.",
		"the configuration")
	m.reloadTime = m.gauge("qem_exporter_config_last_reload_success_timestamp_seconds",
		"When the configuration was last loaded successfully, in Unix seconds. Absent until it was.",
		"the configuration")
	return m
}
