package config

import (
	"regexp"
	"time"

	promconfig "github.com/prometheus/common/config"
)

// The structs below are the configuration file. Their tags are its form: key is
// the key's name, default its default as it would stand in the file, one the words
// that it may be, least and most its range, as what kind of text it is, list a list for
// whoever wrote none, and example and shown what config.example.yml says where there is no default. The
// comment of a field is what the documentation says of the key; what follows
// "Default:" there is a default in words. Reading, checking, comparing, showing, the
// environment variables, docs/configuration.md, docs/config.schema.json and
// config.example.yml all come from here.

type file struct {
	// What each Enterprise Manager below has unless it says otherwise.
	Defaults Settings `key:"defaults"`
	// The Enterprise Managers, at least one. Each is polled on its own; none holds up another.
	Managers []Manager `key:"enterprise_managers" required:"true" list:"- url: https://qem.example.com/attunityenterprisemanager"` //nolint:lll // a tag is one line
	// Where the status page leads to for a task. Both may be left out.
	Links Links `key:"links"`
}

// Links are addresses of what stands beside the exporter; "" is none.
type Links struct {
	// The base of the Grafana that has the shipped dashboards.
	Grafana string `key:"grafana" as:"address" example:"https://grafana.example.com"`
	// The folder that has the runbooks.
	Runbooks string `key:"runbooks" as:"address" example:"https://example.com/runbooks"`
}

// Settings are the keys that may stand in defaults as well as in a manager's entry.
type Settings struct {
	// How often the server list and every server's task list are read: the state of everything, one call per
	// server. Default: 15s, or poll_interval where that is shorter.
	StateInterval time.Duration `key:"state_interval" default:"15s" least:"100ms"`
	// How often the details of servers, tasks and tables are read, each server on its own.
	PollInterval time.Duration `key:"poll_interval" default:"60s" least:"1s"`
	// One API call, its retries apart.
	RequestTimeout time.Duration `key:"request_timeout" default:"10s"`
	// A reading older than this is no longer served; at least poll_interval, and never less than twice a reading's own
	// interval. Default: 3 x the longer of the reading's own interval and its last sweep, at least 3 x poll_interval.
	MaxAge time.Duration `key:"max_age" example:"3m"`
	// Calls in flight to one Enterprise Manager. With 1, a call that hangs costs everybody its time-out.
	MaxConcurrentRequests int `key:"max_concurrent_requests" default:"16" least:"1"`
	// Calls to one Enterprise Manager; 0: no limit.
	MaxRequestsPerSecond float64 `key:"max_requests_per_second" default:"0"`
	// A larger body is an error (too_large). Bodies beyond 4 MiB are read one at a time in the process.
	MaxResponseBytes Size `key:"max_response_bytes" default:"64MiB"`
	// Of idempotent calls, after time-outs, connection faults and 502/503/504; jittered back-off.
	Retries int `key:"retries" default:"2" least:"0" most:"10"`
}

// Manager is one Enterprise Manager and how it is to be polled.
type Manager struct {
	// The manager label, unique. Default: the URL's host, with its port unless that is the scheme's own.
	Name string `key:"name" shown:"prod"`
	// https://host[:port][/path], without user, query and fragment; the path may be left out.
	URL string `key:"url" as:"address" required:"true" shown:"https://qem.example.com/attunityenterprisemanager"`
	Settings

	// How to log in: a user name and exactly one of password and password_file, or exactly one of token and
	// token_file. The Viewer role is enough.
	Auth Auth `key:"auth" env:"-"`
	// As in Prometheus.
	TLS TLS `key:"tls_config" env:"-"`
	Proxy
	// Enterprise Manager is known to offer HTTP/2 and break it.
	HTTP2 bool `key:"http2" default:"false"`
	// Headers sent with every call, for gateways, as in Prometheus.
	HTTPHeaders map[string]Header `key:"http_headers" entry:"X-Gateway-Key"`

	// Which servers: regular expressions on their names, anchored at both ends; exclude wins.
	Servers Filter `key:"servers"`
	// Which tasks, in the same way.
	Tasks Tasks `key:"tasks"`
	// Table statuses: one more call for each task.
	Tables Tables `key:"tables"`
	// What costs more, or needs more than the Viewer role: off unless switched on with true, or with keys of their own.
	Collectors Collectors `key:"collectors"`
	// What is expected of tasks: for each expectation the first entry that matches and has it. The conditions of an
	// entry are all to hold. Tags of the task itself go before: latency_objective=5m, full_load_objective=12h,
	// expected=running, priority=ticket.
	Objectives []Objective `key:"objectives" default:"[]" list:"[{latency: 15m}]"`
	// What a server has in all, because the API gives no totals; the first entry that matches.
	ServerLimits []ServerLimit `key:"server_limits" default:"[]" list:"[{memory: 64GiB}]"`

	variables map[string]string // by key path; nil when it comes from a file
}

// AuthType says what Enterprise Manager is shown at login.
type AuthType string

// The types of authentication.
const (
	ActiveDirectory AuthType = "active_directory" // user name and password
	APIToken        AuthType = "api_token"        // personal access token (OpenID Connect)
	JWT             AuthType = "jwt"              // JSON web token
)

// Auth is how to log in. Exactly one of Password, PasswordFile, Token and
// TokenFile is set, as Type asks for.
type Auth struct {
	// How to log in: user name and password, personal access token (OpenID Connect), or JSON web token.
	Type AuthType `key:"type" env:"AUTH_TYPE" one:"active_directory api_token jwt" default:"active_directory"`
	// For active_directory, required: user, DOMAIN\user or user@domain.
	Username string `key:"username" as:"variables" shown:"svc_prometheus"`
	// For active_directory: with username user it makes DOMAIN\user.
	Domain string `key:"domain" as:"variables" example:"ACME"`
	// For active_directory; Enterprise Manager takes none with a colon. Better in a file or a variable.
	Password Secret `key:"password" shown:"change-me"`
	// For active_directory: file that holds the password, read again when it changes.
	PasswordFile string `key:"password_file" as:"secret file" example:"password"`
	// For api_token and jwt.
	Token Secret `key:"token" example:"${QEM_TOKEN}"`
	// For api_token and jwt: file that holds the token, read again when it changes.
	TokenFile string `key:"token_file" as:"secret file" example:"token"`
}

// TLS is how the Enterprise Manager is to be trusted; file names are resolved.
type TLS struct {
	// Certificates (PEM) that the server's is verified with. Default: the system's.
	CAFile string `key:"ca_file" as:"certificate file" example:"ca.pem"`
	// Client certificate (PEM), together with key_file.
	CertFile string `key:"cert_file" as:"certificate file" example:"client.pem"`
	// The client certificate's key (PEM).
	KeyFile string `key:"key_file" as:"file" example:"client.key"`
	// The name that the server's certificate must have. Default: the URL's host.
	ServerName string `key:"server_name" example:"qem"`
	// Do not verify the server's certificate.
	InsecureSkipVerify bool `key:"insecure_skip_verify" default:"false"`
	// The lowest TLS version to accept.
	MinVersion string `key:"min_version" one:"TLS10 TLS11 TLS12 TLS13" default:"TLS12"`
}

// Proxy is the way to the Enterprise Manager. ProxyURL may hold a password, which
// Manager's own methods hide.
type Proxy struct {
	// HTTP or SOCKS5 proxy; may hold user and password. Default: none.
	ProxyURL promconfig.URL `key:"proxy_url" example:"http://proxy.example.com:3128"`
	// Comma-separated hosts, domains and networks to reach without proxy_url.
	NoProxy string `key:"no_proxy" example:"localhost,10.0.0.0/8"`
	// Take the proxy from HTTPS_PROXY, HTTP_PROXY and NO_PROXY instead.
	ProxyFromEnvironment bool `key:"proxy_from_environment" default:"false"`
}

// Header is the values of one HTTP header, in this order.
type Header struct {
	// Values that anybody may see.
	Values []string `key:"values" example:"[\"prometheus\"]" list:"[\"nightly\"]"`
	// Values that are hidden.
	Secrets []Secret `key:"secrets" example:"[\"${GATEWAY_KEY}\"]" list:"[\"nightly\"]"`
	// Files that hold one value each, read again when they change.
	Files []string `key:"files" as:"secret file" example:"[\"gateway-key\"]" list:"[\"nightly\"]"`
}

// Filter chooses names. The expressions are anchored at both ends; no Include is
// all, and Exclude wins.
type Filter struct {
	// Regular expressions, anchored at both ends.
	Include []*regexp.Regexp `key:"include" default:"[\".*\"]" list:"[\"prod-.*\"]"`
	// As include; exclude wins.
	Exclude []*regexp.Regexp `key:"exclude" default:"[]" list:"[\"prod-.*\"]"`
}

// Tasks chooses tasks.
type Tasks struct {
	Filter
	// When given, only tasks that bear one of these tags.
	Tags []string `key:"tags" default:"[]" list:"[\"nightly\"]"`
}

// Tables says what is asked about tables.
type Tables struct {
	// off: no table statuses; summary: counted per task; errors: and series for tables in the error state or with data
	// errors; all: and series for every table that the filters leave.
	Mode string `key:"mode" one:"off summary errors all" default:"summary"`
	// On "schema.table".
	Filter
	// How often table statuses are read, 0s: with all other details; besides, at once when a task changed.
	// Default: 5 x poll_interval.
	Interval time.Duration `key:"interval" least:"0s" example:"5m"`
	// Tables with series of their own, per manager; a stable choice, and what it leaves out is counted.
	Limit int `key:"limit" default:"20000" least:"1"`
}

// Collectors are the optional ones. What is off is zero.
type Collectors struct {
	// Endpoints and whether they are licensed.
	Endpoints bool `key:"endpoints" default:"false"`
	// Test connections of endpoints.
	EndpointTests EndpointTests `key:"endpoint_tests"`
	// Access control lists, counted; names of people never become labels.
	ACLs ACLs `key:"acls"`
	// Retention barriers of tasks.
	RetentionBarriers RetentionBarriers `key:"retention_barriers"`
}

// Switch makes a mapping one that may be true or false as well: true, and a
// mapping, switch it on.
type Switch struct{}

// EndpointTests is the collector that tests endpoints.
type EndpointTests struct {
	Switch
	// How often.
	Interval time.Duration `key:"interval" default:"15m"`
	// On endpoint names.
	Filter
	// Of one test.
	Timeout time.Duration `key:"timeout" default:"60s"`
}

// ACLs is the collector that counts access control lists.
type ACLs struct {
	Switch
	// How often.
	Interval time.Duration `key:"interval" default:"1h"`
}

// RetentionBarriers is the collector that reads retention barriers.
type RetentionBarriers struct {
	Switch
	// How often.
	Interval time.Duration `key:"interval" default:"10m"`
}

// Objective is what is expected of the tasks that it matches. What is zero or nil, it
// does not say; it says at least one thing.
type Objective struct {
	// On the server's name, anchored at both ends. Default: any.
	Server *regexp.Regexp `key:"server" example:"prod-.*"`
	// On the task's name, anchored at both ends. Default: any.
	Task *regexp.Regexp `key:"task" example:"crm_.*"`
	// On the task's tags, anchored at both ends: one of them is to match. Default: any, and none.
	Tag *regexp.Regexp `key:"tag" example:"gold"`
	// The total latency that the task should keep below.
	Latency time.Duration `key:"latency" example:"5m"`
	// The time that a full load should take at most.
	FullLoad time.Duration `key:"full_load" example:"12h"`
	// Whether the task runs always, so that it needs attention when it is stopped, whoever stopped it.
	Running *bool `key:"running" example:"true"`
	// Who is told when the task needs attention. Default: page, where no entry says.
	Priority string `key:"priority" one:"page ticket none" example:"page"`
}

// ServerLimit is what the servers that it matches have in all; 0 is not known.
type ServerLimit struct {
	// On the server's name, anchored at both ends. Default: any.
	Server *regexp.Regexp `key:"server" example:".*"`
	// The memory of the machine.
	Memory Size `key:"memory" example:"64GiB"`
	// The disk that Replicate writes to.
	Disk Size `key:"disk" example:"500GiB"`
}

// Size is a number of bytes.
type Size int64
